package adapter_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/postern-chat/postern/verify"
	"github.com/postern-chat/postern/verify/adapter"
	"github.com/postern-chat/postern/verify/verifytest"
)

var (
	ours    = verify.Secret("a secret that the sender also has")
	guessed = verify.Secret("a secret that somebody has guessed")
	keys    = verify.HookKeys{Secrets: []verify.Secret{ours}}
	origin  = adapter.Origin{Name: "idp", Host: "shop", Issuer: "https://acct.site.test"}
	tokens  = adapter.Tokens{"Bearer the agreed value", "Bearer the one before"}
)

type object = map[string]any

func encode(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		return nil
	}
	return b
}

// hooked is a delivery signed as Standard Webhooks says.
func hooked(s verify.Secret, body []byte, id string, at time.Time) verify.Delivery {
	d := verify.Delivery{Method: "POST", Header: http.Header{}, Body: body, At: at}
	verify.SignHook(d.Header, s, id, at, body)
	return d
}

// shown is a delivery beside which a token stands.
func shown(token string, body []byte, at time.Time) verify.Delivery {
	return verify.Delivery{Method: "POST", Header: http.Header{"Authorization": {token}}, Body: body, At: at}
}

// dress puts the words of a bound event into a body.
func dress(o object, handle string) object {
	o = maps.Clone(o)
	maps.Copy(o, object{"handle": handle, "chg": verify.TokenHash("c"), "witness": verify.TokenHash("w"), "auth_time": 1, "sub": "u-vic", "kind": verify.LoginConfirmed})
	return o
}

// with is a copy of o with one key set.
func with(o object, key string, v any) object {
	o = maps.Clone(o)
	o[key] = v
	return o
}

// signed is the suite's case of a source that signs its bodies; login makes the body of a login.
func signed(s verify.Source, login func(sub string) object, others map[string]object) verifytest.HintsCase {
	c := verifytest.HintsCase{
		Source: s, Signed: true, Age: verify.HookTolerance, Ahead: verify.HookTolerance,
		Login: func(sub, id string, at time.Time) verify.Delivery { return hooked(ours, encode(login(sub)), id, at) },
		Forge: func(sub, id string, at time.Time) verify.Delivery { return hooked(guessed, encode(login(sub)), id, at) },
		Dressed: func(sub, handle string, at time.Time) verify.Delivery {
			return hooked(ours, encode(dress(login(sub), handle)), "ev_d", at)
		},
		Others: map[string]func(time.Time) verify.Delivery{},
	}
	for name, o := range others {
		c.Others[name] = func(at time.Time) verify.Delivery { return hooked(ours, encode(o), "ev_o", at) }
	}
	return c
}

func keycloakLogin(sub string) object {
	return object{
		"id": "5b1c", "time": 1795312800000, "type": "LOGIN", "realmName": "shop", "clientId": "postern", "userId": sub,
		"ipAddress": "192.0.2.1", "error": nil, "details": object{"auth_method": "openid-connect", "username": "vic"},
	}
}

func TestKeycloak(t *testing.T) {
	login := keycloakLogin("u-vic")
	verifytest.Hints(t, signed(&adapter.Keycloak{Origin: origin, Keys: keys, Client: "postern"}, keycloakLogin, map[string]object{
		"REFRESH_TOKEN":            with(login, "type", "REFRESH_TOKEN"),
		"CODE_TO_TOKEN":            with(login, "type", "CODE_TO_TOKEN"),
		"LOGIN_ERROR":              with(login, "type", "LOGIN_ERROR"),
		"LOGIN with an error":      with(login, "error", "user_not_found"),
		"B18 LOGIN elsewhere":      with(login, "clientId", "another"),
		"LOGIN without a client":   with(login, "clientId", nil),
		"login in small letters":   with(login, "type", "login"),
		"LOGIN with type as list":  with(login, "type", []string{"LOGIN"}),
		"our own login.confirmed":  with(login, "type", verify.LoginConfirmed),
		"our own kill":             with(login, "type", verify.SubjectKill),
		"an administrator's event": {"operationType": "ACTION", "resourceType": "USER"},
	}))
	t.Run("no client configured", func(t *testing.T) {
		k := &adapter.Keycloak{Origin: origin, Keys: keys}
		events, err := k.Parse(t.Context(), hooked(ours, encode(with(login, "clientId", "")), "ev_1", verifytest.Noon()))
		if err != nil || events[0].Kind != verify.LoginOther {
			t.Errorf("Parse = %+v, %v", events, err)
		}
	})
}

func cognitoLogin(sub string) object {
	return object{
		"version": "1", "triggerSource": "PostAuthentication_Authentication", "region": "eu-west-1", "userPoolId": "eu-west-1_x", "userName": "vic",
		"callerContext": object{"clientId": "app"}, "request": object{"userAttributes": object{"sub": sub, "email_verified": "true"}, "newDeviceUsed": false}, "response": object{},
	}
}

func TestCognito(t *testing.T) {
	login := cognitoLogin("u-vic")
	verifytest.Hints(t, signed(&adapter.Cognito{Origin: origin, Keys: keys}, cognitoLogin, map[string]object{
		"a refreshed token":     with(login, "triggerSource", "TokenGeneration_RefreshTokens"),
		"before authentication": with(login, "triggerSource", "PreAuthentication_Authentication"),
		"a sign-up":             with(login, "triggerSource", "PostConfirmation_ConfirmSignUp"),
		"no trigger":            {"request": login["request"]},
	}))
}

func supabaseLogin(sub string) object {
	return object{"user_id": sub, "claims": object{"sub": sub, "role": "authenticated", "aal": "aal1"}, "authentication_method": "password"}
}

func TestSupabase(t *testing.T) {
	login := supabaseLogin("u-vic")
	s := &adapter.Supabase{Origin: origin, Keys: keys}
	verifytest.Hints(t, signed(s, supabaseLogin, map[string]object{
		"B19 token_refresh": with(login, "authentication_method", "token_refresh"),
		"no method":         with(login, "authentication_method", nil),
	}))
	const claims = `{"sub":"u-vic", "role":"authenticated","n":9007199254740993,"html":"<b>","z":{"b":1,"a":2}}`
	at := verifytest.Noon()
	for _, c := range []struct {
		name, body string
		secret     verify.Secret
		err        error
		status     int
		want       string
	}{
		{"a login", `{"user_id":"u-vic","authentication_method":"password","claims":` + claims + `}`, ours, nil, 200, `{"claims":` + claims + `}`},
		{"B19 a refresh", `{"user_id":"u-vic","authentication_method":"token_refresh","claims":` + claims + `}`, ours, nil, 200, `{"claims":` + claims + `}`},
		{"the gate is not there", `{"claims":` + claims + `}`, ours, verify.Refuse(verify.GuardUnavailable), 200, `{"claims":` + claims + `}`},
		{"the gate refuses the form", `{"claims":` + claims + `,"a":1,"A":2}`, ours, verify.Refuse(verify.JSONDuplicate), 200, `{"claims":` + claims + `}`},
		{"no claims", `{"user_id":"u-vic"}`, ours, nil, 400, ``},
		{"forged", `{"claims":` + claims + `}`, guessed, verify.Refuse(verify.EventSignature), 401, ``},
		{"forged, and nobody said so", `{"claims":` + claims + `}`, guessed, nil, 401, ``},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := s.Answer(hooked(c.secret, []byte(c.body), "ev_1", at), nil, c.err)
			if r.Status != c.status || string(r.Body) != c.want {
				t.Errorf("Answer = %d %s, want %d %s", r.Status, r.Body, c.status, c.want)
			}
		})
	}
}

// auth0Entry is one event of a log stream.
func auth0Entry(kind, sub, id string, at time.Time) object {
	return object{"log_id": id, "data": object{
		"date": at.UTC().Format("2006-01-02T15:04:05.000Z"), "type": kind, "client_id": "c", "client_name": "Shop", "user_id": sub, "log_id": id,
	}}
}

// batch is JSON lines.
func batch(entries ...object) []byte {
	var b []byte
	for _, e := range entries {
		b = append(append(b, encode(e)...), '\n')
	}
	return b
}

func TestAuth0(t *testing.T) {
	other := func(kind string) func(time.Time) verify.Delivery {
		return func(at time.Time) verify.Delivery {
			return shown(tokens[0], batch(auth0Entry(kind, "u-vic", "o", at)), at)
		}
	}
	verifytest.Hints(t, verifytest.HintsCase{
		Source: &adapter.Auth0{Origin: origin, Tokens: tokens}, Age: verify.EventAge, Ahead: verify.EventAhead, Gentle: true,
		Login: func(sub, id string, at time.Time) verify.Delivery {
			return shown(tokens[0], batch(auth0Entry("s", sub, id, at)), at)
		},
		Forge: func(sub, id string, at time.Time) verify.Delivery {
			return shown("Bearer a guessed value", batch(auth0Entry("s", sub, id, at)), at)
		},
		Dressed: func(sub, handle string, at time.Time) verify.Delivery {
			e := dress(auth0Entry("s", sub, "d", at), handle)
			e["data"] = dress(e["data"].(object), handle)
			return shown(tokens[1], batch(e), at)
		},
		Others: map[string]func(time.Time) verify.Delivery{
			"ssa": other("ssa"), "seacft": other("seacft"), "sertft": other("sertft"), "a failed login": other("fp"), "S": other("S"),
			"our own word": other(verify.LoginConfirmed), "our own kill": other(verify.SubjectKill), "no type": other(""),
		},
	})
}

// B16: all or nothing is authentic, and what is authentic moves nothing.
func TestAuth0Batch(t *testing.T) {
	at := verifytest.Noon()
	a := &adapter.Auth0{Origin: origin, Tokens: tokens}
	var entries []object
	for i := range 500 {
		entries = append(entries, auth0Entry([]string{"s", "ssa", "sapi"}[i%3], fmt.Sprint("u-", i), fmt.Sprint("log", i), at))
	}
	entries[250] = object{"type": verify.LoginConfirmed, "handle": "h", "chg": "c", "sub": "u-vic", "auth_time": at.Unix()}
	list := encode(entries)
	for _, c := range []struct {
		name  string
		token string
		body  []byte
		want  verify.Reason
		n     int
	}{
		{"lines with the token", tokens[0], batch(entries...), "", 500},
		{"a list with the token", tokens[1], list, "", 500},
		{"one object", tokens[0], encode(entries[0]), "", 1},
		{"lines without the token", "", batch(entries...), verify.EventSignature, 0},
		{"a list with part of the token", tokens[0][:10], list, verify.EventSignature, 0},
		{"a line that is no object", tokens[0], append(batch(entries[:3]...), "true\n"...), verify.JSONInvalid, 0},
		{"a line with a key twice", tokens[0], append(batch(entries[:3]...), `{"data":{"type":"ssa","type":"s"}}`...), verify.JSONDuplicate, 0},
		{"a login without a date", tokens[0], batch(object{"log_id": "l", "data": object{"type": "s", "user_id": "u"}}), verify.JSONInvalid, 0},
		{"a login of nobody", tokens[0], batch(object{"log_id": "l", "data": object{"type": "s"}}), verify.JSONInvalid, 0},
		{"a login without an id", tokens[0], batch(object{"data": object{"type": "s", "user_id": "u"}}), verify.JSONInvalid, 0},
		{"nothing", tokens[0], []byte("\n \n"), verify.JSONInvalid, 0},
		{"1001 events", tokens[0], []byte(strings.Repeat("{}\n", 1001)), verify.JSONInvalid, 0},
		{"over 512 KiB", tokens[0], make([]byte, 512<<10+1), verify.EventTooLarge, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			events, err := a.Parse(t.Context(), shown(c.token, c.body, at))
			if verify.ReasonOf(err) != c.want || len(events) != c.n {
				t.Fatalf("Parse = %d events, %v; want %d and %q", len(events), err, c.n, c.want)
			}
			for _, e := range events {
				if e.Handle != "" || e.Chg != "" || e.Kind != verify.LoginSeen && e.Kind != verify.LoginOther {
					t.Errorf("event %+v rises above E0", e)
				}
			}
		})
	}
	if r := (&adapter.Auth0{Origin: origin}).Tokens; len(r) != 0 {
		t.Fatal("a fresh source has tokens")
	}
	if _, err := (&adapter.Auth0{Origin: origin}).Parse(t.Context(), shown("", list, at)); verify.ReasonOf(err) != verify.EventSignature {
		t.Errorf("a source without tokens: %v", err)
	}
}

func oktaEntry(kind, result, sub, id string, at time.Time) object {
	return object{
		"uuid": id, "published": at.UTC().Format(time.RFC3339), "eventType": kind, "severity": "INFO", "outcome": object{"result": result},
		"actor": object{"id": sub, "type": "User", "alternateId": "vic@site.test"}, "target": []object{},
	}
}

func oktaCall(entries ...object) []byte {
	return encode(object{"eventType": "com.okta.event_hook", "eventTypeVersion": "1.0", "eventId": "e", "data": object{"events": entries}})
}

func TestOkta(t *testing.T) {
	other := func(kind, result string) func(time.Time) verify.Delivery {
		return func(at time.Time) verify.Delivery {
			return shown(tokens[0], oktaCall(oktaEntry(kind, result, "u-vic", "o", at)), at)
		}
	}
	k := &adapter.Okta{Origin: origin, Tokens: tokens}
	verifytest.Hints(t, verifytest.HintsCase{
		Source: k, Age: verify.EventAge, Ahead: verify.EventAhead, Gentle: true,
		Login: func(sub, id string, at time.Time) verify.Delivery {
			return shown(tokens[0], oktaCall(oktaEntry("user.session.start", "SUCCESS", sub, id, at)), at)
		},
		Forge: func(sub, id string, at time.Time) verify.Delivery {
			return shown("", oktaCall(oktaEntry("user.session.start", "SUCCESS", sub, id, at)), at)
		},
		Dressed: func(sub, handle string, at time.Time) verify.Delivery {
			return shown(tokens[0], oktaCall(dress(oktaEntry("user.session.start", "SUCCESS", sub, "d", at), handle)), at)
		},
		Others: map[string]func(time.Time) verify.Delivery{
			"sso": other("user.authentication.sso", "SUCCESS"), "a failed login": other("user.session.start", "FAILURE"),
			"no result": other("user.session.start", ""), "the end of a session": other("user.session.end", "SUCCESS"),
			"our own word": other(verify.LoginConfirmed, "SUCCESS"),
			"a machine": func(at time.Time) verify.Delivery {
				e := oktaEntry("user.session.start", "SUCCESS", "u-vic", "o", at)
				e["actor"] = object{"id": "u-vic", "type": "PublicClientApp"}
				return shown(tokens[0], oktaCall(e), at)
			},
		},
	})
	for name, body := range map[string]string{"no events": `{"data":{"events":[]}}`, "no data": `{}`, "events that are no list": `{"data":{"events":{}}}`, "an event that is none": `{"data":{"events":[1]}}`} {
		if _, err := k.Parse(t.Context(), shown(tokens[0], []byte(body), verifytest.Noon())); verify.ReasonOf(err) != verify.JSONInvalid {
			t.Errorf("%s: Parse = %v", name, err)
		}
	}
}

// B17: the one-time question is answered as JSON, never as a page, and never at length.
func TestOktaHandshake(t *testing.T) {
	k := &adapter.Okta{Origin: origin, Tokens: tokens}
	for _, c := range []struct {
		name   string
		values []string
		status int
		body   string
	}{
		{"Okta's", []string{"TV3Jc9ew2hlN5Lv-3T5Qq1mE"}, 200, `{"verification":"TV3Jc9ew2hlN5Lv-3T5Qq1mE"}`},
		{"HTML", []string{`<script>alert("x")</script>`}, 200, `{"verification":"\u003cscript\u003ealert(\"x\")\u003c/script\u003e"}`},
		{"254 bytes and two quotes", []string{strings.Repeat("a", 254)}, 200, `{"verification":"` + strings.Repeat("a", 254) + `"}`},
		{"255 bytes", []string{strings.Repeat("a", 255)}, 400, ``},
		{"50 that become 300", []string{strings.Repeat("<", 50)}, 400, ``},
		{"huge", []string{strings.Repeat("a", 8<<10)}, 400, ``},
		{"two", []string{"a", "b"}, 400, ``},
		{"empty", []string{""}, 400, ``},
		{"none", nil, 400, ``},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := verify.Delivery{Method: "GET", Header: http.Header{"X-Okta-Verification-Challenge": c.values}}
			events, err := k.Parse(t.Context(), d)
			r := k.Answer(d, nil, err)
			if len(events) != 0 || r.Status != c.status || string(r.Body) != c.body || r.Status == 200 && r.ContentType != "application/json" {
				t.Errorf("Answer = %d %s %s, %v, %v", r.Status, r.ContentType, r.Body, events, err)
			}
		})
	}
}

// What no sender of ours sends is refused before its body is looked at.
func TestPlain(t *testing.T) {
	at := verifytest.Noon()
	body := encode(keycloakLogin("u-vic"))
	bend := func(f func(d *verify.Delivery)) verify.Delivery {
		d := hooked(ours, body, "ev_1", at)
		d.Header.Set("Authorization", tokens[0])
		f(&d)
		return d
	}
	for name, s := range map[string]verify.Source{
		"keycloak": &adapter.Keycloak{Origin: origin, Keys: keys, Client: "postern"}, "cognito": &adapter.Cognito{Origin: origin, Keys: keys},
		"supabase": &adapter.Supabase{Origin: origin, Keys: keys}, "auth0": &adapter.Auth0{Origin: origin, Tokens: tokens}, "okta": &adapter.Okta{Origin: origin, Tokens: tokens},
	} {
		for _, c := range []struct {
			name   string
			d      verify.Delivery
			want   verify.Reason
			status int
		}{
			{"gzip", bend(func(d *verify.Delivery) { d.Header.Set("Content-Encoding", "gzip") }), verify.EventEncoding, 415},
			{"PUT", bend(func(d *verify.Delivery) { d.Method = "PUT" }), verify.EventType, 400},
			{"over 512 KiB", bend(func(d *verify.Delivery) { d.Body = make([]byte, 512<<10+1) }), verify.EventTooLarge, 413},
			{"two tokens, no signature", bend(func(d *verify.Delivery) {
				d.Header = http.Header{"Authorization": tokens}
			}), verify.EventSignature, 401},
		} {
			events, err := s.Parse(t.Context(), c.d)
			if len(events) != 0 || verify.ReasonOf(err) != c.want {
				t.Errorf("%s, %s: Parse = %v, %v; want %s", name, c.name, events, err, c.want)
			}
			if r := s.Answer(c.d, nil, err); r.Status != c.status && name != "supabase" || len(r.Body) != 0 {
				t.Errorf("%s, %s: Answer = %d %s, want %d", name, c.name, r.Status, r.Body, c.status)
			}
		}
		if r := s.Answer(bend(func(d *verify.Delivery) { d.Header = http.Header{} }), nil, verify.Refuse(verify.ClockJump)); r.Status != 503 {
			t.Errorf("%s: a clock that jumped: %d", name, r.Status)
		}
	}
}
