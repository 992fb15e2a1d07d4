package adapter_test

import (
	"testing"
	"time"

	"github.com/postern-chat/postern/verify"
	"github.com/postern-chat/postern/verify/adapter"
	"github.com/postern-chat/postern/verify/verifytest"
)

// No authentic body, whatever is in it, binds itself to a change or ends one.
func FuzzBodies(f *testing.F) {
	at := verifytest.Noon()
	for _, b := range [][]byte{
		encode(keycloakLogin("u-vic")), encode(cognitoLogin("u-vic")), encode(supabaseLogin("u-vic")),
		batch(auth0Entry("s", "u-vic", "l", at)), oktaCall(oktaEntry("user.session.start", "SUCCESS", "u-vic", "o", at)),
		encode(dress(keycloakLogin("u-vic"), "h")),
	} {
		f.Add(b)
	}
	sources := []verify.Source{
		&adapter.Keycloak{Origin: origin, Keys: keys, Client: "postern"}, &adapter.Cognito{Origin: origin, Keys: keys}, &adapter.Supabase{Origin: origin, Keys: keys},
		&adapter.Auth0{Origin: origin, Tokens: tokens}, &adapter.Okta{Origin: origin, Tokens: tokens},
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		d := hooked(ours, b, "ev_1", at.Add(time.Second))
		d.Header.Set("Authorization", tokens[0])
		for _, s := range sources {
			events, err := s.Parse(t.Context(), d)
			if err != nil && len(events) > 0 {
				t.Errorf("%T: refused and believed %q", s, b)
			}
			for _, e := range events {
				if e.Kind != verify.LoginSeen && e.Kind != verify.LoginOther || e.Handle != "" || e.Chg != "" || e.Witness != "" || e.Kind == verify.LoginSeen && e.Subject == "" {
					t.Errorf("%T: %q is taken for %+v", s, b, e)
				}
			}
			if r := s.Answer(d, nil, err); r.Status < 200 || r.Status > 599 {
				t.Errorf("%T: answer %d", s, r.Status)
			}
		}
	})
}
