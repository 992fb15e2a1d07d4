package verify_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/postern-chat/postern/verify"
)

// What the strict reader accepts, the standard reader understands in the same way.
func FuzzReadObject(f *testing.F) {
	for _, s := range []string{`{}`, `{"a":1,"A":2}`, `{"a":{"b":[{"c":1,"c":2}]}}`, `{"a":"\ud800"}`, `{"ſ":1,"s":2}`, `[1]`, `{"a":1}{}`, `{"a":1e999}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		o, err := verify.ReadObject(b, 1<<16)
		if err != nil {
			return
		}
		var m map[string]any
		d := json.NewDecoder(bytes.NewReader(b))
		d.UseNumber() // numbers too large for a float are read as text
		if d.Decode(&m) != nil || len(m) != len(o) {
			t.Errorf("accepted %q, which reads as %v", b, m)
		}
	})
}

// The front door never panics and never lets anything in that the pinned key did not sign.
func FuzzDoor(f *testing.F) {
	f.Add("a.b.c")
	f.Add("eyJhbGciOiJub25lIn0.e30.")
	f.Add("eyJhbGciOiJFUzI1NiIsInR5cCI6IkpXVCIsImtpZCI6ImsifQ.e30.AAAA")
	f.Fuzz(func(t *testing.T, raw string) {
		key := goldenKey(t, 7)
		d := verify.Door{Keys: verify.KeySet{{ID: "k", Alg: "ES256", Public: &key.PublicKey}}, Typ: "JWT", TypOptional: true}
		if o, err := d.Open(raw, time.Unix(1795312800, 0)); err == nil {
			t.Errorf("let in %q: %v", raw, o)
		}
	})
}

// Whatever the transmitter signs, an event is of one of three kinds, and only a kill or a login names an account.
func FuzzOpenSET(f *testing.F) {
	f.Add([]byte(setBody(revoked, vicID)))
	f.Add([]byte(setBody(begun+","+shown, vicID, `"exp":1`)))
	f.Add([]byte(setBody(shown, `"sub_id":{"format":"opaque"}`)))
	f.Fuzz(func(t *testing.T, b []byte) {
		keys := verify.KeySet{{ID: "k", Alg: "ES256", Public: &goldenKey(t, 7).PublicKey}}
		e, err := verify.OpenSET(signES256(t, setHead, string(b)), keys, time.Unix(1795312800, 0))
		if err != nil {
			return
		}
		if o, err := verify.ReadObject(b, verify.MaxJWT); err != nil || o.Has("exp") {
			t.Errorf("%q was let in, %v", b, err)
		}
		about := e.Kind == verify.SubjectKill || e.Kind == verify.LoginSeen
		if !about && e.Kind != verify.LoginOther || about != (e.Subject != "" && e.SubjectIssuer != "") || e.ID == "" || e.Issuer == "" {
			t.Errorf("%q is taken for %+v", b, e)
		}
	})
}

// Whatever a provider's key set looks like, what is taken from it can be used as it says and nothing else can.
func FuzzParseProviderKeys(f *testing.F) {
	f.Add([]byte(`{"keys":[{"kty":"EC","crv":"P-256","kid":"a","x":"AA","y":"AA"},{"kty":"oct","k":"AA"}]}`))
	f.Add([]byte(`{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"a","use":"sig","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		set, err := verify.ParseProviderKeys(b)
		if (err == nil) != (len(set) > 0) || len(set) > verify.MaxKeys || len(b) > verify.MaxKeySet && err == nil {
			t.Fatalf("%d keys, %v", len(set), err)
		}
		for _, k := range set {
			if found, ok := set.Find(k.ID); !ok || found.Alg != k.Alg || strings.HasPrefix(k.Alg, "HS") {
				t.Errorf("took %+v", k)
			}
		}
	})
}

// A change that validates has one canonical form that reads back to itself.
func FuzzParseChange(f *testing.F) {
	f.Add([]byte(`{"v":"1","kind":"email.change","base":"*","fields":{"email":"new@xn--bcher-kva.example"}}`))
	f.Add([]byte(`{"v":"1","kind":"a.b","base":"*","fields":{"é":"<&>\u2028"}}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := verify.ParseChange(b)
		if err != nil {
			return
		}
		text, err := c.Canonical()
		if err != nil {
			return
		}
		again, err := verify.ParseChange(text)
		if err != nil {
			t.Fatalf("canonical %q does not read: %v", text, err)
		}
		x, _ := c.Digest()
		if y, _ := again.Digest(); x != y {
			t.Errorf("%q has two digests", b)
		}
	})
}

// Match is total: whatever comes, it answers, and only a full match is Matched.
func FuzzMatch(f *testing.F) {
	f.Add("login.confirmed", "h", "c", "u-vic", int64(1795312810), "w", int64(1795312820))
	f.Fuzz(func(t *testing.T, kind, handle, chg, sub string, auth int64, witness string, now int64) {
		ch := verify.Challenge{ID: "cl", Change: "ch", Host: "shop", Kind: "renewal.cancel", Chg: "c", T0: 1795312800, Handle: verify.TokenHash("h"), Subject: "u-vic"}
		e := verify.LoginEvent{Host: "shop", Kind: kind, Handle: handle, Chg: chg, Subject: sub, AuthTime: auth, Witness: witness}
		v := verify.Match(ch, e, shopPolicy(), time.Unix(now%(1<<40), 0))
		if v.To == verify.Matched && (kind != verify.LoginConfirmed || handle != "h" || chg != "c" || sub != "u-vic" || auth < 1795312798 || auth > now%(1<<40)+5) {
			t.Errorf("matched %+v", e)
		}
	})
}
