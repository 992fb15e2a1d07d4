package verify

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"errors"
	"io"
)

// Signer makes receipts. Only Guard calls it. The key may be in this process (LocalSigner) or in another
// one behind a socket, which sees the claims and can refuse.
type Signer interface {
	// Sign returns the compact JWS of the claims. Errors: signer.unavailable.
	Sign(ctx context.Context, c Claims) (string, error)
}

// LocalSigner signs with a P-256 key in this process (ES256, RFC 7518 §3.4).
type LocalSigner struct {
	kid string
	key *ecdsa.PrivateKey
	rnd io.Reader
}

// NewLocalSigner takes the gateway's key. Its kid is the RFC 7638 thumbprint. rnd feeds the signatures.
func NewLocalSigner(key *ecdsa.PrivateKey, rnd io.Reader) (*LocalSigner, error) {
	if key == nil || key.Curve != elliptic.P256() || rnd == nil {
		return nil, errors.New("verify: a signer needs a P-256 key and randomness")
	}
	jwk, err := NewJWK(&key.PublicKey)
	if err != nil {
		return nil, err
	}
	return &LocalSigner{kid: jwk.Thumbprint(), key: key, rnd: rnd}, nil
}

// Key is the public half, for the gateway's key set.
func (s *LocalSigner) Key() Key { return Key{ID: s.kid, Alg: "ES256", Public: &s.key.PublicKey} }

// Sign returns the compact JWS of the claims.
func (s *LocalSigner) Sign(_ context.Context, c Claims) (string, error) {
	text, err := c.signingInput(s.kid)
	if err != nil {
		return "", RefuseCause(SignerUnavailable, err)
	}
	sum := sha256.Sum256([]byte(text))
	r, t, err := ecdsa.Sign(s.rnd, s.key, sum[:])
	if err != nil {
		return "", RefuseCause(SignerUnavailable, err)
	}
	sig := make([]byte, 64)
	r.FillBytes(sig[:32])
	t.FillBytes(sig[32:])
	return text + "." + b64(sig), nil
}
