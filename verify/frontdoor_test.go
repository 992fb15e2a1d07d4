package verify_test

import (
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/postern-chat/postern/verify"
)

// signES256 signs any header and any payload, also such as no library would make.
func signES256(t *testing.T, header, payload string) string {
	t.Helper()
	enc := base64.RawURLEncoding.EncodeToString
	text := enc([]byte(header)) + "." + enc([]byte(payload))
	sig, err := jwt.SigningMethodES256.Sign(text, goldenKey(t, 7))
	if err != nil {
		t.Fatal(err)
	}
	return text + "." + enc(sig)
}

// Each way to be refused at the door of ID tokens, signed by the right key wherever that can be.
func TestIDTokenDoor(t *testing.T) {
	now := time.Unix(1795312800, 0)
	door := verify.IDTokenDoor(verify.KeySet{{ID: "k", Alg: "ES256", Public: &goldenKey(t, 7).PublicKey}})
	const head, body = `{"alg":"ES256","kid":"k"}`, `{"sub":"u","iat":1795312800}`
	good := signES256(t, head, body)
	cut := strings.Split(good, ".")
	for _, c := range []struct {
		name, raw string
		ok        bool
	}{
		{"no typ", good, true},
		{"typ JWT", signES256(t, `{"alg":"ES256","kid":"k","typ":"JWT"}`, body), true},
		{"x5t is ignored", signES256(t, `{"alg":"ES256","kid":"k","x5t":"abc"}`, body), true},
		{"typ jwt in small letters", signES256(t, `{"alg":"ES256","kid":"k","typ":"jwt"}`, body), false},
		{"typ of an access token", signES256(t, `{"alg":"ES256","kid":"k","typ":"at+jwt"}`, body), false},
		{"typ of a receipt", signES256(t, `{"alg":"ES256","kid":"k","typ":"postern-receipt+jwt"}`, body), false},
		{"typ of a security event", signES256(t, `{"alg":"ES256","kid":"k","typ":"secevent+jwt"}`, body), false},
		{"typ that is no string", signES256(t, `{"alg":"ES256","kid":"k","typ":["JWT"]}`, body), false},
		{"crit", signES256(t, `{"alg":"ES256","kid":"k","crit":["exp"]}`, body), false},
		{"b64 false", signES256(t, `{"alg":"ES256","kid":"k","b64":false}`, body), false},
		{"a key in the header", signES256(t, `{"alg":"ES256","kid":"k","jwk":{}}`, body), false},
		{"an address of keys", signES256(t, `{"alg":"ES256","kid":"k","jku":"https://x.test/"}`, body), false},
		{"an address of a certificate", signES256(t, `{"alg":"ES256","kid":"k","x5u":"https://x.test/"}`, body), false},
		{"compressed", signES256(t, `{"alg":"ES256","kid":"k","zip":"DEF"}`, body), false},
		{"none", signES256(t, `{"alg":"none","kid":"k"}`, body), false},
		{"HS256 with a public key", signES256(t, `{"alg":"HS256","kid":"k"}`, body), false},
		{"an algorithm that the kid is not pinned to", signES256(t, `{"alg":"RS256","kid":"k"}`, body), false},
		{"another kid", signES256(t, `{"alg":"ES256","kid":"K"}`, body), false},
		{"an empty kid", signES256(t, `{"alg":"ES256","kid":""}`, body), false},
		{"no kid", signES256(t, `{"alg":"ES256"}`, body), false},
		{"no alg", signES256(t, `{"kid":"k"}`, body), false},
		{"kid that is no string", signES256(t, `{"alg":"ES256","kid":1}`, body), false},
		{"alg that is no string", signES256(t, `{"alg":1,"kid":"k"}`, body), false},
		{"alg twice", signES256(t, `{"alg":"none","alg":"ES256","kid":"k"}`, body), false},
		{"alg in another case beside", signES256(t, `{"ALG":"none","alg":"ES256","kid":"k"}`, body), false},
		{"a header that is a list", signES256(t, `["ES256"]`, body), false},
		{"a header over 4 KiB", signES256(t, `{"alg":"ES256","kid":"k","x5t":"`+strings.Repeat("a", 4<<10)+`"}`, body), false},
		{"a claim twice", signES256(t, head, `{"sub":"u","sub":"v"}`), false},
		{"a claim in another case beside", signES256(t, head, `{"sub":"u","SUB":"v"}`), false},
		{"a claim twice inside", signES256(t, head, `{"sub":"u","a":[{"b":{"c":1,"c":2}}]}`), false},
		{"claims that are a list", signES256(t, head, `["u"]`), false},
		{"something after the claims", signES256(t, head, body+"{}"), false},
		{"a time that is a fraction", signES256(t, head, `{"auth_time":1795312800.5}`), false},
		{"a time with an exponent", signES256(t, head, `{"auth_time":1e9}`), false},
		{"a time as text", signES256(t, head, `{"iat":"1795312800"}`), false},
		{"a time below 0", signES256(t, head, `{"auth_time":-1}`), false},
		{"a time in 11 years", signES256(t, head, `{"exp":2142468000}`), false},
		{"null as a time", signES256(t, head, `{"nbf":null}`), false},
		{"another signature", cut[0] + "." + cut[1] + "." + strings.Split(signES256(t, head, `{"sub":"v"}`), ".")[2], false},
		{"no signature", cut[0] + "." + cut[1] + ".", false},
		{"two parts", cut[0] + "." + cut[1], false},
		{"four parts", good + "." + cut[2], false},
		{"five parts, as encrypted ones have", good + ".a.b", false},
		{"padding", good + "=", false},
		{"spare bits", good[:len(good)-1] + "9", false},
		{"a line break", cut[0] + ".\n" + cut[1] + "." + cut[2], false},
		{"a blank", " " + good, false},
		{"over 16 KiB", signES256(t, head, `{"sub":"`+strings.Repeat("u", 16<<10)+`"}`), false},
		{"nothing", "", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			if o, err := door.Open(c.raw, now); (err == nil) != c.ok || c.ok != o.Has("sub") {
				t.Errorf("Open = %v, %v, want ok = %v", o, err, c.ok)
			}
		})
	}
}

// The kid is read before anything can be believed, from a header that is as strict as that of Open.
func TestKeyID(t *testing.T) {
	door := verify.IDTokenDoor(nil)
	for _, c := range []struct{ name, header, want string }{
		{"a kid", `{"alg":"ES256","kid":"new"}`, "new"},
		{"no kid", `{"alg":"ES256"}`, ""},
		{"a key in the header", `{"alg":"ES256","kid":"new","jwk":{}}`, ""},
		{"a header that is no object", `"new"`, ""},
	} {
		if kid, err := door.KeyID(signES256(t, c.header, `{}`)); kid != c.want || (err == nil) != (c.want != "") {
			t.Errorf("%s: KeyID = %q, %v", c.name, kid, err)
		}
	}
	if _, err := door.KeyID("a.b"); err == nil {
		t.Error("two parts had a kid")
	}
	// A purpose without x5t refuses it.
	strict := verify.Door{Keys: verify.KeySet{{ID: "k", Alg: "ES256", Public: &goldenKey(t, 7).PublicKey}}, Typ: "JWT", TypOptional: true}
	if _, err := strict.Open(signES256(t, `{"alg":"ES256","kid":"k","x5t":"a"}`, `{}`), time.Unix(1795312800, 0)); err == nil {
		t.Error("x5t was taken where it is not ignored")
	}
	// A key in a set that does not fit its algorithm opens nothing.
	for _, k := range []verify.Key{
		{ID: "k", Alg: "ES256", Public: "no key"},
		{ID: "k", Alg: "RS256", Public: &goldenKey(t, 7).PublicKey},
	} {
		if _, err := verify.IDTokenDoor(verify.KeySet{k}).Open(signES256(t, `{"alg":"`+k.Alg+`","kid":"k"}`, `{}`), time.Unix(1795312800, 0)); err == nil {
			t.Errorf("opened with %+v", k)
		}
	}
}
