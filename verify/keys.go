package verify

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"errors"
	"math/big"
)

// JWK is a P-256 public key as the browser exports it (RFC 7517).
type JWK struct {
	Kty string `json:"kty"`
	Crv string `json:"crv"`
	X   string `json:"x"`
	Y   string `json:"y"`
}

// NewJWK is the wire form of a P-256 key.
func NewJWK(k *ecdsa.PublicKey) (JWK, error) {
	p, err := k.ECDH()
	if err != nil || k.Curve != elliptic.P256() {
		return JWK{}, errors.New("verify: not a P-256 key")
	}
	b := p.Bytes() // 0x04 ‖ x ‖ y
	return JWK{Kty: "EC", Crv: "P-256", X: b64(b[1:33]), Y: b64(b[33:])}, nil
}

// Thumbprint is the RFC 7638 thumbprint, b64url: jkt.
func (k JWK) Thumbprint() string {
	b, err := canonical(map[string]string{"crv": k.Crv, "kty": k.Kty, "x": k.X, "y": k.Y})
	if err != nil {
		return ""
	}
	return hash("", b)
}

// Public is the key, checked to be a point on the curve. Errors: key.required.
func (k JWK) Public() (*ecdsa.PublicKey, error) {
	x, okX := unb64(k.X)
	y, okY := unb64(k.Y)
	if k.Kty != "EC" || k.Crv != "P-256" || !okX || !okY || len(x) != 32 || len(y) != 32 {
		return nil, Refuse(KeyRequired)
	}
	pub, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), append(append([]byte{4}, x...), y...))
	if err != nil {
		return nil, RefuseCause(KeyRequired, err)
	}
	return pub, nil
}

// Verify reports whether sig (ES256, raw r‖s, b64url) is the key's signature over message.
func (k JWK) Verify(message []byte, sig string) bool {
	pub, err := k.Public()
	b, ok := unb64(sig)
	if err != nil || !ok || len(b) != 64 {
		return false
	}
	sum := sha256.Sum256(message)
	return ecdsa.Verify(pub, sum[:], new(big.Int).SetBytes(b[:32]), new(big.Int).SetBytes(b[32:]))
}

// Key is one public key of a set, pinned to one algorithm.
type Key struct {
	ID     string
	Alg    string // RS256, PS256, ES256 or EdDSA
	Public crypto.PublicKey
}
