package verify_test

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"fmt"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/postern-chat/postern/verify"
)

func TestKeySet(t *testing.T) {
	s, err := verify.NewLocalSigner(goldenKey(t, 7), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	b, err := verify.KeySet{s.Key()}.Publish()
	if err != nil {
		t.Fatal(err)
	}
	set, err := verify.ParseKeySet(b)
	if err != nil || len(set) != 1 || set[0].ID != s.Key().ID || set[0].Alg != "ES256" {
		t.Fatalf("published %s, read back %+v, %v", b, set, err)
	}
	if strings.Contains(string(b), `"d"`) {
		t.Error("a private member was published")
	}
	entry := strings.TrimSuffix(strings.TrimPrefix(string(b), `{"keys":[`), `]}`)
	keys := func(e ...string) string { return `{"keys":[` + strings.Join(e, ",") + `]}` }
	rsaKey := func(bits int, alg string) string {
		k, err := rsa.GenerateKey(rand.Reader, bits)
		if err != nil {
			t.Fatal(err)
		}
		return fmt.Sprintf(`{"kty":"RSA","kid":"r","alg":"%s","n":"%s","e":"AQAB"}`, alg, base64.RawURLEncoding.EncodeToString(k.N.Bytes()))
	}
	for _, c := range []struct {
		name, set string
		ok        bool
	}{
		{"one key", keys(entry), true},
		{"members it does not know", keys(strings.Replace(entry, `"kty"`, `"x5c":["a"],"kty"`, 1)), true},
		{"the same kid twice", keys(entry, entry), false},
		{"a symmetric key", keys(`{"kty":"oct","kid":"o","k":"AAAA"}`), false},
		{"for encryption", keys(strings.Replace(entry, `"use":"sig"`, `"use":"enc"`, 1)), false},
		{"a point off the curve", keys(`{"kty":"EC","crv":"P-256","kid":"e","x":"` + verify.TokenHash("a") + `","y":"` + verify.TokenHash("b") + `"}`), false},
		{"EC with an RSA algorithm", keys(strings.Replace(entry, "ES256", "RS256", 1)), false},
		{"RSA 2048", keys(rsaKey(2048, "PS256")), true},
		{"RSA 1024", keys(rsaKey(1024, "RS256")), false},
		{"RSA with HS256", keys(rsaKey(2048, "HS256")), false},
		{"no kid", keys(strings.Replace(entry, `"kid"`, `"kidd"`, 1)), false},
		{"a duplicate member", keys(strings.Replace(entry, `"kty"`, `"kty":"oct","kty"`, 1)), false},
		{"51 keys", keys(strings.Split(strings.Repeat(entry+"|", 50)+entry, "|")...), false},
		{"over 256 KiB", keys(strings.Replace(entry, `"kty"`, `"x":"`+strings.Repeat("a", 256<<10)+`","kty"`, 1)), false},
		{"not a set", `[]`, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := verify.ParseKeySet([]byte(c.set)); (err == nil) != c.ok {
				t.Errorf("ParseKeySet = %v, want ok = %v", err, c.ok)
			}
		})
	}
}

// The door opens for each algorithm of the list, and for none with a key of another one.
func TestDoorAlgorithms(t *testing.T) {
	r, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	pub, priv, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	e := goldenKey(t, 3)
	now := time.Unix(1795312800, 0)
	set := verify.KeySet{
		{ID: "RS256", Alg: "RS256", Public: &r.PublicKey},
		{ID: "PS256", Alg: "PS256", Public: &r.PublicKey},
		{ID: "ES256", Alg: "ES256", Public: &e.PublicKey},
		{ID: "EdDSA", Alg: "EdDSA", Public: pub},
	}
	private := map[string]any{"RS256": r, "PS256": r, "ES256": e, "EdDSA": priv}
	make := func(alg, kid string, claims jwt.MapClaims) string {
		tok := jwt.NewWithClaims(jwt.GetSigningMethod(alg), claims)
		tok.Header["kid"] = kid
		s, err := tok.SignedString(private[alg])
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	d := verify.Door{Keys: set, Typ: "JWT", TypOptional: true}
	good := jwt.MapClaims{"sub": "u", "exp": now.Unix() + 60}
	for alg := range private {
		if o, err := d.Open(make(alg, alg, good), now); err != nil || !o.Has("sub") {
			t.Errorf("%s: %v", alg, err)
		}
		for kid := range private {
			if kid == alg {
				continue
			}
			if _, err := d.Open(make(alg, kid, good), now); err == nil {
				t.Errorf("%s was taken under the key of %s", alg, kid)
			}
		}
		for name, v := range map[string]any{"exp": 1.5, "iat": "1", "auth_time": now.AddDate(11, 0, 0).Unix(), "nbf": new(big.Int).Lsh(big.NewInt(1), 70)} {
			if _, err := d.Open(make(alg, alg, jwt.MapClaims{"sub": "u", name: v}), now); err == nil {
				t.Errorf("%s: %s = %v was taken", alg, name, v)
			}
		}
	}
}
