package verify

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"math/big"
)

// Limits of a published key set. Source: proof-gate.md §3.13.
const (
	MaxKeySet = 256 << 10 // bytes
	MaxKeys   = 50
)

// KeySet is a list of public keys with distinct ids.
type KeySet []Key

// Find returns the key with exactly this id.
func (s KeySet) Find(kid string) (Key, bool) {
	for _, k := range s {
		if k.ID == kid && kid != "" {
			return k, true
		}
	}
	return Key{}, false
}

// Publish is the set as JWKS (RFC 7517 §5). Only P-256 keys can be published: the gateway has no others.
func (s KeySet) Publish() ([]byte, error) {
	for _, k := range s {
		if _, ok := k.Public.(*ecdsa.PublicKey); !ok {
			return nil, errors.New("verify: only P-256 keys are published")
		}
	}
	return s.encode()
}

// encode is the set as JWKS; ParseKeySet reads it back, each key with its pinned algorithm.
func (s KeySet) encode() ([]byte, error) {
	type entry struct {
		Kty string `json:"kty"`
		Crv string `json:"crv,omitempty"`
		X   string `json:"x,omitempty"`
		Y   string `json:"y,omitempty"`
		N   string `json:"n,omitempty"`
		E   string `json:"e,omitempty"`
		Kid string `json:"kid"`
		Alg string `json:"alg"`
		Use string `json:"use"`
	}
	out := struct {
		Keys []entry `json:"keys"`
	}{Keys: []entry{}}
	for _, k := range s {
		e := entry{Kid: k.ID, Alg: k.Alg, Use: "sig"}
		switch pub := k.Public.(type) {
		case *ecdsa.PublicKey:
			j, err := NewJWK(pub)
			if err != nil {
				return nil, err
			}
			e.Kty, e.Crv, e.X, e.Y = j.Kty, j.Crv, j.X, j.Y
		case *rsa.PublicKey:
			e.Kty, e.N, e.E = "RSA", b64(pub.N.Bytes()), b64(big.NewInt(int64(pub.E)).Bytes())
		case ed25519.PublicKey:
			e.Kty, e.Crv, e.X = "OKP", "Ed25519", b64(pub)
		default:
			return nil, errors.New("verify: a key of an unknown kind")
		}
		out.Keys = append(out.Keys, e)
	}
	return json.Marshal(out)
}

// ParseKeySet reads a JWKS. It refuses the whole set if it is too large, has a duplicate kid, a symmetric
// key, RSA under 2048 bits or a use other than sig; members that it does not know are ignored.
func ParseKeySet(raw []byte) (KeySet, error) {
	o, err := ReadObject(raw, MaxKeySet)
	if err != nil {
		return nil, err
	}
	var list []json.RawMessage
	if err := json.Unmarshal(o["keys"], &list); err != nil || len(list) > MaxKeys {
		return nil, errors.New("verify: not a key set, or too many keys")
	}
	var set KeySet
	for _, raw := range list {
		k, err := parseKey(raw)
		if err != nil {
			return nil, err
		}
		if _, twice := set.Find(k.ID); twice {
			return nil, errors.New("verify: a kid appears twice")
		}
		set = append(set, k)
	}
	return set, nil
}

// ParseProviderKeys reads the JWKS of an OpenID provider. As ParseKeySet it refuses the whole set if it is too
// large, has a duplicate kid, a symmetric key or RSA under 2048 bits. What providers rightly publish beside their
// signing keys is left out instead: keys for encryption, of a curve or an algorithm that no token may use, or
// without a kid. A set without a usable key is refused.
func ParseProviderKeys(raw []byte) (KeySet, error) {
	o, err := ReadObject(raw, MaxKeySet)
	if err != nil {
		return nil, err
	}
	var list []json.RawMessage
	if err := json.Unmarshal(o["keys"], &list); err != nil || len(list) > MaxKeys {
		return nil, errors.New("verify: not a key set, or too many keys")
	}
	var set KeySet
	seen := map[string]bool{}
	for _, raw := range list {
		o, err := ReadObject(raw, MaxKeySet)
		if err != nil {
			return nil, err
		}
		if err := o.poison(seen); err != nil {
			return nil, err
		}
		if k, err := parseKey(raw); err == nil {
			set = append(set, k)
		}
	}
	if len(set) == 0 {
		return nil, errors.New("verify: a key set without a usable key")
	}
	return set, nil
}

// poison finds what makes a whole set unbelievable, whatever the key is for. seen are the kids so far.
func (o Object) poison(seen map[string]bool) error {
	kid, _ := o.String("kid") // "" if there is none
	if kid != "" && seen[kid] {
		return errors.New("verify: a kid appears twice")
	}
	seen[kid] = true
	switch kty, _ := o.String("kty"); kty {
	case "oct":
		return errors.New("verify: a symmetric key was published")
	case "RSA":
		if n, ok := o.bytes("n"); !ok || new(big.Int).SetBytes(n).BitLen() < 2048 {
			return errors.New("verify: an RSA key under 2048 bits")
		}
	}
	return nil
}

func parseKey(raw json.RawMessage) (Key, error) {
	o, err := ReadObject(raw, MaxKeySet)
	if err != nil {
		return Key{}, err
	}
	kid, err := o.String("kid")
	if err != nil || kid == "" || len(kid) > 256 {
		return Key{}, errors.New("verify: a key without a proper kid")
	}
	if use, err := o.String("use"); o.Has("use") && (err != nil || use != "sig") {
		return Key{}, errors.New("verify: a key is not for signatures")
	}
	k := Key{ID: kid}
	kty, _ := o.String("kty")
	switch kty {
	case "EC":
		k.Alg, k.Public, err = o.ec()
	case "RSA":
		k.Alg, k.Public, err = o.rsa()
	case "OKP":
		k.Alg, k.Public, err = o.okp()
	default:
		err = errors.New("verify: a key type that no token may use")
	}
	if err != nil {
		return Key{}, err
	}
	if alg, e := o.String("alg"); o.Has("alg") {
		if e != nil {
			return Key{}, e
		}
		k.Alg = alg
	}
	if !k.usable() {
		return Key{}, errors.New("verify: a key that does not fit its algorithm")
	}
	return k, nil
}

func (o Object) ec() (string, any, error) {
	var j JWK
	j.Kty = "EC"
	j.Crv, _ = o.String("crv")
	j.X, _ = o.String("x")
	j.Y, _ = o.String("y")
	pub, err := j.Public()
	return "ES256", pub, err
}

func (o Object) rsa() (string, any, error) {
	n, okN := o.bytes("n")
	e, okE := o.bytes("e")
	if !okN || !okE || len(e) > 4 || len(n) > 1024 {
		return "", nil, errors.New("verify: not an RSA key")
	}
	exp := int(new(big.Int).SetBytes(e).Int64())
	if exp < 3 || exp%2 == 0 {
		return "", nil, errors.New("verify: not an RSA exponent")
	}
	return "RS256", &rsa.PublicKey{N: new(big.Int).SetBytes(n), E: exp}, nil
}

func (o Object) okp() (string, any, error) {
	crv, _ := o.String("crv")
	x, ok := o.bytes("x")
	if crv != "Ed25519" || !ok || len(x) != ed25519.PublicKeySize {
		return "", nil, errors.New("verify: not an Ed25519 key")
	}
	return "EdDSA", ed25519.PublicKey(x), nil
}

func (o Object) bytes(key string) ([]byte, bool) {
	s, err := o.String(key)
	if err != nil {
		return nil, false
	}
	return unb64(s)
}
