package verify_test

import (
	"strings"
	"testing"
	"time"

	"github.com/postern-chat/postern/verify"
)

const (
	setHead = `{"alg":"ES256","kid":"k","typ":"secevent+jwt"}`
	revoked = `"https://schemas.openid.net/secevent/caep/event-type/session-revoked":{}`
	begun   = `"https://schemas.openid.net/secevent/caep/event-type/session-established":{}`
	shown   = `"https://schemas.openid.net/secevent/caep/event-type/session-presented":{}`
	vicID   = `"sub_id":{"format":"iss_sub","iss":"https://idp.site.test","sub":"u-vic"}`
)

func setBody(events string, more ...string) string {
	all := append([]string{`"iss":"https://idp.site.test"`, `"aud":"https://chat.site.test"`, `"jti":"set_1"`, `"iat":1795312800`, `"events":{` + events + `}`}, more...)
	return "{" + strings.Join(all, ",") + "}"
}

// What a security event says, once it is in.
func TestOpenSET(t *testing.T) {
	now := time.Unix(1795312800, 0)
	keys := verify.KeySet{{ID: "k", Alg: "ES256", Public: &goldenKey(t, 7).PublicKey}}
	type event struct{ kind, sub string }
	for _, c := range []struct {
		name, body string
		want       event
	}{
		{"session-revoked", setBody(revoked, vicID), event{verify.SubjectKill, "u-vic"}},
		{"credential-change", setBody(strings.Replace(revoked, "session-revoked", "credential-change", 1), vicID), event{verify.SubjectKill, "u-vic"}},
		{"account-disabled", setBody(`"https://schemas.openid.net/secevent/risc/event-type/account-disabled":{"reason":"hijacking"}`, vicID), event{verify.SubjectKill, "u-vic"}},
		{"credential-compromise", setBody(`"https://schemas.openid.net/secevent/risc/event-type/credential-compromise":{}`, vicID), event{verify.SubjectKill, "u-vic"}},
		{"session-established", setBody(begun, vicID), event{verify.LoginSeen, "u-vic"}},
		{"session-presented", setBody(shown, vicID), event{verify.LoginOther, ""}},
		{"two events: the graver", setBody(begun+","+revoked+","+shown, vicID), event{verify.SubjectKill, "u-vic"}},
		{"the stream's verification", setBody(`"https://schemas.openid.net/secevent/ssf/event-type/verification":{"state":"x"}`, `"sub_id":{"format":"opaque","id":"stream"}`), event{verify.LoginOther, ""}},
		{"a CAEP name under RISC", setBody(strings.Replace(revoked, "caep", "risc", 1), vicID), event{verify.LoginOther, ""}},
		{"a kill in capitals", setBody(strings.Replace(revoked, "session-revoked", "Session-Revoked", 1), vicID), event{verify.LoginOther, ""}},
		{"a kill without a subject", setBody(revoked), event{}},
		{"a kill of a complex subject", setBody(revoked, `"sub_id":{"format":"complex","user":{"format":"iss_sub","iss":"i","sub":"s"}}`), event{}},
		{"a kill of an e-mail address", setBody(revoked, `"sub_id":{"format":"email","email":"vic@site.test"}`), event{}},
		{"a subject in the old place", setBody(revoked, `"sub":"u-vic"`), event{}},
		{"a sub_id with more in it", setBody(revoked, strings.Replace(vicID, `"sub"`, `"tenant":"t","sub"`, 1)), event{}},
		{"a sub_id without a sub", setBody(revoked, `"sub_id":{"format":"iss_sub","iss":"i"}`), event{}},
		{"a sub_id with an empty sub", setBody(revoked, `"sub_id":{"format":"iss_sub","iss":"i","sub":""}`), event{}},
		{"a sub_id without iss", setBody(revoked, `"sub_id":{"format":"iss_sub","sub":"u-vic"}`), event{}},
		{"a sub over 255 bytes", setBody(revoked, `"sub_id":{"format":"iss_sub","iss":"i","sub":"`+strings.Repeat("u", 256)+`"}`), event{}},
		{"B05 exp", setBody(revoked, vicID, `"exp":1795312900`), event{}},
		{"no events", setBody("", vicID), event{}},
		{"events that are a list", strings.Replace(setBody(revoked, vicID), "{"+revoked+"}", "[]", 1), event{}},
		{"an event that is no object", setBody(strings.Replace(revoked, "{}", "true", 1), vicID), event{}},
		{"no jti", strings.Replace(setBody(revoked, vicID), `"jti":"set_1",`, "", 1), event{}},
		{"an empty jti", strings.Replace(setBody(revoked, vicID), `set_1`, "", 1), event{}},
		{"a jti of two lines", strings.Replace(setBody(revoked, vicID), `set_1`, `set\n1`, 1), event{}},
		{"no iat", strings.Replace(setBody(revoked, vicID), `"iat":1795312800,`, "", 1), event{}},
		{"no aud", strings.Replace(setBody(revoked, vicID), `"aud":"https://chat.site.test",`, "", 1), event{}},
		{"aud that is a number", strings.Replace(setBody(revoked, vicID), `"https://chat.site.test"`, "1", 1), event{}},
		{"no iss", strings.Replace(setBody(revoked, vicID), `"iss":"https://idp.site.test",`, "", 1), event{}},
		{"a claim twice", setBody(revoked, vicID, `"jti":"set_2"`), event{}},
		{"an event twice", setBody(revoked+","+revoked, vicID), event{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			e, err := verify.OpenSET(signES256(t, setHead, c.body), keys, now)
			got := event{e.Kind, e.Subject}
			if c.want.kind == "" {
				if err == nil || verify.KeyRefused(err) {
					t.Errorf("OpenSET = %+v, %v; want it refused for its form", e, err)
				}
				return
			}
			if err != nil || got != c.want || e.ID != "set_1" || e.Issuer != "https://idp.site.test" || e.Iat != now.Unix() || len(e.Audience) != 1 {
				t.Errorf("OpenSET = %+v, %v; want %v", e, err, c.want)
			}
		})
	}
}

// The sender may know whether his key or his form was wrong (RFC 8935 §2.4).
func TestKeyRefused(t *testing.T) {
	keys := verify.KeySet{{ID: "k", Alg: "ES256", Public: &goldenKey(t, 7).PublicKey}}
	body := setBody(revoked, vicID)
	good := signES256(t, setHead, body)
	cut := strings.Split(good, ".")
	head := func(h string) string { return signES256(t, h, body) }
	for _, c := range []struct {
		name, raw string
		key       bool
	}{
		{"B01 an unknown key", head(strings.Replace(setHead, `"k"`, `"other"`, 1)), true},
		{"B01 the known kid, another key", strings.Join([]string{cut[0], cut[1], strings.Split(signES256(t, setHead, `{}`), ".")[2]}, "."), true},
		{"B06 none", cut[0] + "." + cut[1] + ".", true},
		{"B06 called none", head(strings.Replace(setHead, "ES256", "none", 1)), true},
		{"B06 HS256", head(strings.Replace(setHead, "ES256", "HS256", 1)), true},
		{"B06 another algorithm", head(strings.Replace(setHead, "ES256", "RS256", 1)), true},
		{"B04 no typ", head(`{"alg":"ES256","kid":"k"}`), false},
		{"B04 typ JWT", head(strings.Replace(setHead, "secevent+jwt", "JWT", 1)), false},
		{"B04 typ as a media type", head(strings.Replace(setHead, "secevent+jwt", "application/secevent+jwt", 1)), false},
		{"B07 jwk", head(strings.Replace(setHead, "}", `,"jwk":{}}`, 1)), false},
		{"B07 jku", head(strings.Replace(setHead, "}", `,"jku":"https://x.test/"}`, 1)), false},
		{"B07 crit", head(strings.Replace(setHead, "}", `,"crit":["exp"]}`, 1)), false},
		{"B07 b64", head(strings.Replace(setHead, "}", `,"b64":false}`, 1)), false},
		{"two parts", "a.b", false},
		{"no kid", head(`{"alg":"ES256","typ":"secevent+jwt"}`), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := verify.OpenSET(c.raw, keys, time.Unix(1795312800, 0)); err == nil || verify.KeyRefused(err) != c.key {
				t.Errorf("OpenSET = %v, key refused %v; want %v", err, verify.KeyRefused(err), c.key)
			}
		})
	}
	if _, err := verify.OpenSET(head(strings.Replace(setHead, "}", `,"x5t":"a"}`, 1)), keys, time.Unix(1795312800, 0)); err != nil {
		t.Errorf("x5t: %v, want it ignored", err)
	}
}
