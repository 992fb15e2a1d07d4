package verify

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// MaxJWT is the size limit of every token, in bytes.
const MaxJWT = 16 << 10

// Door is the one way in for tokens: receipts, ID tokens, session tokens, security events. It is stricter
// than the JWT library, which ignores typ and crit and lets the last duplicate win. Source: proof-gate.md
// §3.13, §4.
type Door struct {
	Keys        KeySet
	Typ         string // exact
	TypOptional bool   // typ may be absent (ID tokens)
	X5T         bool   // an x5t in the header is ignored instead of refused (ID tokens, security events)
}

// IDTokenDoor is the door for ID tokens of a provider with these keys: typ JWT or none, x5t ignored.
func IDTokenDoor(keys KeySet) Door { return Door{Keys: keys, Typ: "JWT", TypOptional: true, X5T: true} }

// SETDoor is the door for security event tokens of a transmitter with these keys: typ secevent+jwt, x5t ignored.
func SETDoor(keys KeySet) Door { return Door{Keys: keys, Typ: "secevent+jwt", X5T: true} }

// Open checks form, header and signature and returns the claims, read strictly. Claims that are times
// (iat, exp, nbf, auth_time) are integers in 0 … now + 10 years if present. Issuer, audience and lifetime
// are the caller's business. Every refusal is an error; none tells which check failed to the sender.
func (d Door) Open(raw string, now time.Time) (Object, error) {
	text, err := parts(raw)
	if err != nil {
		return nil, err
	}
	key, err := d.header(text[0])
	if err != nil {
		return nil, err
	}
	claims, err := ReadObject(text[1], MaxJWT)
	if err != nil {
		return nil, err
	}
	if err := times(claims, now); err != nil {
		return nil, err
	}
	p := jwt.NewParser(jwt.WithValidMethods([]string{key.Alg}), jwt.WithStrictDecoding(), jwt.WithJSONNumber(), jwt.WithoutClaimsValidation())
	if _, err := p.Parse(raw, func(*jwt.Token) (any, error) { return key.Public, nil }); err != nil {
		return nil, errDoorKey
	}
	return claims, nil
}

// KeyID is the kid that a token names, so that a set which lacks it can be fetched anew. Form and header are
// checked as Open does; nothing of the token may be believed yet.
func (d Door) KeyID(raw string) (string, error) {
	text, err := parts(raw)
	if err != nil {
		return "", err
	}
	h, err := d.members(text[0])
	if err != nil {
		return "", err
	}
	return h.String("kid")
}

// parts takes a compact token apart: at most 16 KiB, three parts of strict base64url, none empty.
func parts(raw string) (text [3][]byte, err error) {
	if len(raw) > MaxJWT || strings.Count(raw, ".") != 2 {
		return text, refuseToken()
	}
	for i, p := range strings.Split(raw, ".") {
		b, ok := unb64(p)
		switch {
		case ok && len(b) == 0 && i == 2: // alg none
			return text, errDoorKey
		case !ok || len(b) == 0:
			return text, refuseToken()
		}
		text[i] = b
	}
	return text, nil
}

// members allows alg, typ, kid and nothing else: no crit, jwk, jku, x5u, b64, zip.
func (d Door) members(b []byte) (Object, error) {
	h, err := ReadObject(b, 4<<10)
	if err != nil {
		return nil, err
	}
	allowed := []string{"alg", "typ", "kid"}
	if d.X5T {
		allowed = append(allowed, "x5t")
	}
	if h.Only(allowed...) != nil || !d.typ(h) {
		return nil, refuseToken()
	}
	return h, nil
}

// header finds the key: the one under exactly this kid, if alg is the one pinned to it.
func (d Door) header(b []byte) (Key, error) {
	h, err := d.members(b)
	if err != nil {
		return Key{}, err
	}
	kid, err := h.String("kid")
	if err != nil {
		return Key{}, err
	}
	alg, err := h.String("alg")
	if err != nil {
		return Key{}, err
	}
	key, ok := d.Keys.Find(kid)
	if !ok || key.Alg != alg || !key.usable() {
		return Key{}, errDoorKey
	}
	return key, nil
}

func (d Door) typ(h Object) bool {
	if !h.Has("typ") {
		return d.TypOptional
	}
	typ, err := h.String("typ")
	return err == nil && typ == d.Typ
}

func times(o Object, now time.Time) error {
	limit := now.AddDate(10, 0, 0).Unix()
	for _, name := range []string{"iat", "exp", "nbf", "auth_time"} {
		if !o.Has(name) {
			continue
		}
		if t, err := o.Int(name); err != nil || t < 0 || t > limit {
			return refuseToken()
		}
	}
	return nil
}

// usable reports whether algorithm and key belong together.
func (k Key) usable() bool {
	switch pub := k.Public.(type) {
	case *rsa.PublicKey:
		return slices.Contains([]string{"RS256", "PS256"}, k.Alg) && pub.N.BitLen() >= 2048
	case *ecdsa.PublicKey:
		return k.Alg == "ES256" && pub.Curve.Params().BitSize == 256
	case ed25519.PublicKey:
		return k.Alg == "EdDSA" && len(pub) == ed25519.PublicKeySize
	}
	return false
}

// errDoorKey refuses a token for its key: unknown, of another algorithm, or the signature is not the key's.
var errDoorKey = errors.New("verify: the front door refuses the token's key or signature")

// KeyRefused reports whether the front door refused a token for its key and not for its form. A sender of security
// events may know that (RFC 8935 §2.4); nobody else is told.
func KeyRefused(err error) bool { return errors.Is(err, errDoorKey) }

func refuseToken() error { return errors.New("verify: the front door refuses the token") }
