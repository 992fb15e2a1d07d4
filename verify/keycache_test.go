package verify_test

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/postern-chat/postern/verify"
)

func TestKeyCache(t *testing.T) {
	now := time.Unix(1795312800, 0)
	set := verify.KeySet{{ID: "a", Alg: "ES256", Public: &goldenKey(t, 3).PublicKey}}
	took := func(header string) verify.KeyCache { return verify.KeyCache{}.Took(set, header, now) }
	for _, c := range []struct {
		name  string
		cache verify.KeyCache
		kid   string
		after time.Duration
		want  verify.KeyNeed
	}{
		{"nothing fetched yet", verify.KeyCache{}, "a", 0, verify.KeyFetch},
		{"just fetched", took(""), "a", 0, verify.KeyHere},
		{"10 min less 1 ms", took(""), "a", 10*time.Minute - time.Millisecond, verify.KeyHere},
		{"10 min", took(""), "a", 10 * time.Minute, verify.KeyFetch},
		{"max-age of a day is 10 min", took("public, max-age=86400"), "a", 10 * time.Minute, verify.KeyFetch},
		{"max-age of 2 min, before", took("max-age=120"), "a", 119 * time.Second, verify.KeyHere},
		{"max-age of 2 min, after", took("Max-Age=120"), "a", 120 * time.Second, verify.KeyFetch},
		{"max-age in quotes", took(`max-age="120"`), "a", 120 * time.Second, verify.KeyFetch},
		{"max-age 0 is 1 min, before", took("max-age=0"), "a", 59 * time.Second, verify.KeyHere},
		{"max-age 0 is 1 min, after", took("max-age=0"), "a", time.Minute, verify.KeyFetch},
		{"max-age that is no number", took("max-age=soon"), "a", time.Minute, verify.KeyFetch},
		{"max-age below 0", took("max-age=-1"), "a", time.Minute, verify.KeyFetch},
		{"no-store", took("no-store, max-age=600"), "a", time.Minute, verify.KeyFetch},
		{"no-cache", took("no-cache"), "a", time.Minute, verify.KeyFetch},
		{"another directive", took("must-revalidate"), "a", 9 * time.Minute, verify.KeyHere},
		{"unknown kid, just asked", took(""), "b", 0, verify.KeyUnknown},
		{"unknown kid after 29 s", took(""), "b", 29 * time.Second, verify.KeyUnknown},
		{"unknown kid after 30 s", took(""), "b", 30 * time.Second, verify.KeyFetch},
		{"no kid", took(""), "", 0, verify.KeyUnknown},
		{"removed is dead", took("").Took(verify.KeySet{{ID: "b"}}, "", now), "a", 0, verify.KeyUnknown},
		{"a failed fetch keeps the old set", took("").Failed(now.Add(time.Minute)), "a", 2 * time.Minute, verify.KeyHere},
		{"a failed fetch gives no grace", took("").Failed(now.Add(9 * time.Minute)), "a", 10 * time.Minute, verify.KeyFetch},
		{"a failed fetch counts as asked", took("").Failed(now.Add(time.Minute)), "b", 80 * time.Second, verify.KeyUnknown},
		{"the clock went back", took(""), "a", -6 * time.Second, verify.KeyFetch},
	} {
		t.Run(c.name, func(t *testing.T) {
			if k, need := c.cache.Look(c.kid, now.Add(c.after)); need != c.want || (need == verify.KeyHere) != (k.ID == "a") {
				t.Errorf("Look = %q, %d, want %d", k.ID, need, c.want)
			}
		})
	}
}

func TestParseProviderKeys(t *testing.T) {
	b, err := verify.KeySet{{ID: "k", Alg: "ES256", Public: &goldenKey(t, 7).PublicKey}}.Publish()
	if err != nil {
		t.Fatal(err)
	}
	entry := strings.TrimSuffix(strings.TrimPrefix(string(b), `{"keys":[`), `]}`)
	second := strings.Replace(entry, `"kid":"k"`, `"kid":"l"`, 1)
	keys := func(e ...string) string { return `{"keys":[` + strings.Join(e, ",") + `]}` }
	rsaKey := func(bits int, rest string) string {
		k, err := rsa.GenerateKey(rand.Reader, bits)
		if err != nil {
			t.Fatal(err)
		}
		return fmt.Sprintf(`{"kty":"RSA","kid":"r","n":"%s","e":"AQAB"%s}`, base64.RawURLEncoding.EncodeToString(k.N.Bytes()), rest)
	}
	for _, c := range []struct {
		name, set string
		want      int // usable keys; 0 = refused
	}{
		{"two keys", keys(entry, second), 2},
		{"RSA without alg is RS256", keys(rsaKey(2048, "")), 1},
		{"a key for encryption beside", keys(entry, rsaKey(2048, `,"use":"enc","alg":"RSA-OAEP"`)), 1},
		{"a key without kid beside", keys(entry, strings.Replace(entry, `"kid":"k",`, "", 1)), 1},
		{"keys without kid are not twins", keys(entry, `{"kty":"EC"}`, `{"kty":"EC"}`), 1},
		{"a curve that no token may use", keys(entry, `{"kty":"EC","crv":"P-384","kid":"x","x":"AA","y":"AA"}`), 1},
		{"RS512 beside", keys(entry, rsaKey(2048, `,"alg":"RS512"`)), 1},
		{"only keys for encryption", keys(strings.Replace(entry, `"use":"sig"`, `"use":"enc"`, 1)), 0},
		{"none", keys(), 0},
		{"the same kid twice", keys(entry, entry), 0},
		{"the same kid twice, one for encryption", keys(entry, strings.Replace(entry, `"use":"sig"`, `"use":"enc"`, 1)), 0},
		{"a symmetric key", keys(entry, `{"kty":"oct","kid":"o","k":"AAAA"}`), 0},
		{"a symmetric key for encryption", keys(entry, `{"kty":"oct","kid":"o","k":"AAAA","use":"enc"}`), 0},
		{"RSA 1024 beside", keys(entry, rsaKey(1024, "")), 0},
		{"RSA without a modulus", keys(entry, `{"kty":"RSA","kid":"r","e":"AQAB"}`), 0},
		{"a duplicate member", keys(entry, strings.Replace(second, `"kty"`, `"kty":"oct","kty"`, 1)), 0},
		{"a member in another case", keys(entry, strings.Replace(second, `"kty"`, `"KTY":"oct","kty"`, 1)), 0},
		{"an entry that is no object", keys(entry, `"x"`), 0},
		{"51 keys", keys(strings.Split(strings.Repeat(`{"kty":"EC"}|`, 50)+entry, "|")...), 0},
		{"50 keys", keys(strings.Split(strings.Repeat(`{"kty":"EC"}|`, 49)+entry, "|")...), 1},
		{"over 256 KiB", keys(strings.Replace(entry, `"kty"`, `"x5c":["`+strings.Repeat("a", 256<<10)+`"],"kty"`, 1)), 0},
		{"not a set", `[]`, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			set, err := verify.ParseProviderKeys([]byte(c.set))
			if (err == nil) != (c.want > 0) || len(set) != c.want {
				t.Errorf("ParseProviderKeys = %d keys, %v, want %d", len(set), err, c.want)
			}
		})
	}
}
