package webhook_test

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/postern-chat/postern/verify"
	"github.com/postern-chat/postern/verify/verifytest"
	"github.com/postern-chat/postern/verify/webhook"
)

var (
	current = verify.Secret("current secret of thirty-two byte")
	older   = verify.Secret("the older secret, still accepted.")
	retired = verify.Secret("the retired one, not accepted now")
)

func source() *webhook.Source {
	return &webhook.Source{Name: "shop", Host: "shop", Issuer: "https://acct.site.test", Keys: verify.HookKeys{Secrets: []verify.Secret{current, older}}}
}

func deliver(s verify.Secret, body, id string, at time.Time) verify.Delivery {
	d := verify.Delivery{Method: "POST", Header: http.Header{}, Body: []byte(body), At: at}
	verify.SignHook(d.Header, s, id, at, d.Body)
	return d
}

func text(e verify.LoginEvent) string {
	b, _ := json.Marshal(map[string]any{"type": e.Kind, "handle": e.Handle, "chg": e.Chg, "sub": e.Subject, "auth_time": e.AuthTime, "witness": e.Witness})
	return string(b)
}

func TestSource(t *testing.T) {
	verifytest.Source(t, verifytest.SourceCase{
		Source: source(),
		Sign: func(e verify.LoginEvent, id string, at time.Time) verify.Delivery {
			return deliver(current, text(e), id, at)
		},
		Forge: func(e verify.LoginEvent, id string, at time.Time) verify.Delivery {
			return deliver(retired, text(e), id, at)
		},
	})
}

// ed25519Of makes a key that is the same in each run.
func ed25519Of(seed string) ed25519.PrivateKey {
	sum := sha256.Sum256([]byte(seed))
	return ed25519.NewKeyFromSeed(sum[:])
}

func public(k ed25519.PrivateKey) ed25519.PublicKey { return k.Public().(ed25519.PublicKey) }

func signedSource() *webhook.Source {
	s := source()
	s.Keys = verify.HookKeys{Public: []ed25519.PublicKey{public(ed25519Of("current")), public(ed25519Of("older"))}}
	return s
}

func deliverWith(k ed25519.PrivateKey, body, id string, at time.Time) verify.Delivery {
	d := verify.Delivery{Method: "POST", Header: http.Header{}, Body: []byte(body), At: at}
	verify.SignHookWith(d.Header, k, id, at, d.Body)
	return d
}

func TestSourceWithPublicKey(t *testing.T) {
	verifytest.Source(t, verifytest.SourceCase{
		Source: signedSource(),
		Sign: func(e verify.LoginEvent, id string, at time.Time) verify.Delivery {
			return deliverWith(ed25519Of("current"), text(e), id, at)
		},
		Forge: func(e verify.LoginEvent, id string, at time.Time) verify.Delivery {
			return deliverWith(ed25519Of("retired"), text(e), id, at)
		},
	})
}

// A source has one form. Whoever knows its public key cannot use it as a secret, and a source with both believes nothing.
func TestOneFormPerSource(t *testing.T) {
	const body = `{"type":"login.confirmed","handle":"h","chg":"c","sub":"u-vic","auth_time":1795312850}`
	at, key := verifytest.Noon(), ed25519Of("current")
	both := signedSource()
	both.Keys.Secrets = []verify.Secret{current}
	relabelled := func(d verify.Delivery, from, to string) verify.Delivery {
		d.Header.Set("webhook-signature", strings.Replace(d.Header.Get("webhook-signature"), from, to, 1))
		return d
	}
	for _, c := range []struct {
		name   string
		source *webhook.Source
		d      verify.Delivery
		want   verify.Reason
	}{
		{"a public key's signature", signedSource(), deliverWith(key, body, "ev_1", at), ""},
		{"the older of two public keys", signedSource(), deliverWith(ed25519Of("older"), body, "ev_1", at), ""},
		{"the public key as a secret", signedSource(), deliver(verify.Secret(public(key)), body, "ev_1", at), verify.EventSignature},
		{"the same, called v1a", signedSource(), relabelled(deliver(verify.Secret(public(key)), body, "ev_1", at), "v1,", "v1a,"), verify.EventSignature},
		{"a secret's signature", signedSource(), deliver(current, body, "ev_1", at), verify.EventSignature},
		{"v1a at a source with secrets", source(), deliverWith(key, body, "ev_1", at), verify.EventSignature},
		{"v1a called v1", signedSource(), relabelled(deliverWith(key, body, "ev_1", at), "v1a,", "v1,"), verify.EventSignature},
		{"both forms: the secret", both, deliver(current, body, "ev_1", at), verify.EventSignature},
		{"both forms: the key", both, deliverWith(key, body, "ev_1", at), verify.EventSignature},
		{"no keys at all", &webhook.Source{Name: "shop"}, deliver(nil, body, "ev_1", at), verify.EventSignature},
		{"a public key that is none", &webhook.Source{Name: "shop", Keys: verify.HookKeys{Public: []ed25519.PublicKey{nil}}}, deliverWith(key, body, "ev_1", at), verify.EventSignature},
	} {
		t.Run(c.name, func(t *testing.T) {
			events, err := c.source.Parse(t.Context(), c.d)
			if verify.ReasonOf(err) != c.want || (c.want == "") != (len(events) == 1) {
				t.Errorf("Parse = %v, %v; want reason %q", events, err, c.want)
			}
		})
	}
}

func TestAbuseDeliveries(t *testing.T) {
	const honest = `{"type":"login.confirmed","handle":"h","chg":"c","sub":"u-vic","auth_time":1795312850,"witness":"w"}`
	at := verifytest.Noon()
	for _, c := range []struct {
		name string
		d    verify.Delivery
		want verify.Reason
	}{
		{"honest", deliver(current, honest, "ev_1", at), ""},
		{"the older of two secrets", deliver(older, honest, "ev_1", at), ""},
		{"B14 the retired secret", deliver(retired, honest, "ev_1", at), verify.EventSignature},
		{"B12 re-serialised", with(deliver(current, honest, "ev_1", at), func(d *verify.Delivery) { d.Body = []byte(strings.Replace(honest, `,"chg"`, `, "chg"`, 1)) }), verify.EventSignature},
		{"B13 121 s old", with(deliver(current, honest, "ev_1", at), func(d *verify.Delivery) { d.At = at.Add(121 * time.Second) }), verify.EventLate},
		{"B13 120 s old counts", with(deliver(current, honest, "ev_1", at), func(d *verify.Delivery) { d.At = at.Add(120 * time.Second) }), ""},
		{"B15 two subjects", deliver(current, `{"type":"login.confirmed","handle":"h","sub":"u-mal","sub":"u-vic"}`, "ev_1", at), verify.JSONDuplicate},
		{"B15 two subjects by case", deliver(current, `{"type":"login.confirmed","handle":"h","sub":"u-mal","Sub":"u-vic"}`, "ev_1", at), verify.JSONDuplicate},
		{"the wrong case alone", deliver(current, `{"type":"login.confirmed","handle":"h","Sub":"u-vic"}`, "ev_1", at), verify.JSONInvalid},
		{"an unknown key", deliver(current, `{"type":"login.confirmed","admin":true}`, "ev_1", at), verify.JSONInvalid},
		{"an unknown type", deliver(current, `{"type":"login.approved"}`, "ev_1", at), verify.EventType},
		{"auth_time as text", deliver(current, `{"type":"login.confirmed","auth_time":"1"}`, "ev_1", at), verify.JSONInvalid},
		{"auth_time with a fraction", deliver(current, `{"type":"login.confirmed","auth_time":1.5}`, "ev_1", at), verify.JSONInvalid},
		{"B25 65 KiB", deliver(current, `{"type":"`+strings.Repeat("x", 65<<10)+`"}`, "ev_1", at), verify.EventTooLarge},
		{"B25 gzip", with(deliver(current, honest, "ev_1", at), func(d *verify.Delivery) { d.Header.Set("Content-Encoding", "gzip") }), verify.EventEncoding},
		{"no signature", with(deliver(current, honest, "ev_1", at), func(d *verify.Delivery) { d.Header.Del("webhook-signature") }), verify.EventSignature},
		{"another id", with(deliver(current, honest, "ev_1", at), func(d *verify.Delivery) { d.Header.Set("webhook-id", "ev_2") }), verify.EventSignature},
		{"two ids", with(deliver(current, honest, "ev_1", at), func(d *verify.Delivery) { d.Header.Add("webhook-id", "ev_1") }), verify.EventSignature},
		{"the dot moved between id and timestamp", with(deliver(current, honest, "ev_1", at), func(d *verify.Delivery) {
			d.Header.Set("webhook-id", "ev_1."+d.Header.Get("webhook-timestamp")[:1])
			d.Header.Set("webhook-timestamp", d.Header.Get("webhook-timestamp")[1:])
		}), verify.EventSignature},
	} {
		t.Run(c.name, func(t *testing.T) {
			events, err := source().Parse(t.Context(), c.d)
			if verify.ReasonOf(err) != c.want || (c.want == "") != (len(events) == 1) {
				t.Errorf("Parse = %v, %v; want reason %q", events, err, c.want)
			}
		})
	}
	t.Run("B24 a secret of another source", func(t *testing.T) {
		other := &webhook.Source{Name: "other", Host: "other", Keys: verify.HookKeys{Secrets: []verify.Secret{retired}}}
		if _, err := other.Parse(t.Context(), deliver(current, honest, "ev_1", at)); verify.ReasonOf(err) != verify.EventSignature {
			t.Errorf("Parse = %v", err)
		}
	})
}

// A backend's late answer is read as strictly as a login.
func TestResults(t *testing.T) {
	at := verifytest.Noon()
	for _, c := range []struct {
		name, body string
		want       verify.Reason
		answer     verify.Answer
	}{
		{"applied", `{"type":"change.result","challenge":"cl","commit":"c","result":"applied","version":"2"}`, "", verify.Answer{Result: "applied", Version: "2"}},
		{"refused", `{"type":"change.result","challenge":"cl","commit":"c","result":"refused","code":"receipt.level"}`, "", verify.Answer{Result: "refused", Reason: verify.ReceiptLevel}},
		{"refused for a reason of its own", `{"type":"change.result","challenge":"cl","commit":"c","result":"refused","code":"because"}`, "", verify.Answer{Result: "refused", Reason: verify.BackendRefused}},
		{"pending", `{"type":"change.result","challenge":"cl","commit":"c","result":"pending"}`, verify.EventType, verify.Answer{}},
		{"applied with a code", `{"type":"change.result","challenge":"cl","commit":"c","result":"applied","code":"receipt.level"}`, verify.EventType, verify.Answer{}},
		{"no commit", `{"type":"change.result","challenge":"cl","result":"applied"}`, verify.JSONInvalid, verify.Answer{}},
		{"a subject beside", `{"type":"change.result","challenge":"cl","commit":"c","result":"applied","sub":"u-vic"}`, verify.JSONInvalid, verify.Answer{}},
		{"a handle beside", `{"type":"change.result","challenge":"cl","commit":"c","result":"applied","handle":"h"}`, verify.JSONInvalid, verify.Answer{}},
		{"a login with a result", `{"type":"login.confirmed","handle":"h","chg":"c","sub":"u","result":"applied"}`, verify.JSONInvalid, verify.Answer{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			events, err := source().Parse(t.Context(), deliver(current, c.body, "ev_1", at))
			if verify.ReasonOf(err) != c.want || (err == nil) != (len(events) == 1) {
				t.Fatalf("Parse = %v, %v; want reason %q", events, err, c.want)
			}
			if err != nil {
				return
			}
			want := verify.Result{Challenge: "cl", Commit: "c", Answer: c.answer}
			if e := events[0]; e.Kind != verify.ChangeResult || e.Result != want || e.Handle != "" || e.Subject != "" || e.Host != "shop" {
				t.Errorf("event = %+v", e)
			}
		})
	}
}

func with(d verify.Delivery, f func(*verify.Delivery)) verify.Delivery {
	f(&d)
	return d
}

func TestAnswers(t *testing.T) {
	back := "https://site.test/plan"
	for _, c := range []struct {
		name   string
		v      verify.Verdict
		err    error
		status int
		body   string
	}{
		{"a match", verify.Verdict{To: verify.Matched, Level: verify.A3, Return: back + "#postern=t"}, nil, 200, `{"return":"https://site.test/plan#postern=t"}`},
		{"a no", verify.Verdict{To: verify.Denied, Level: verify.E0, Return: back}, nil, 200, `{"return":"https://site.test/plan"}`},
		{"a hint", verify.Verdict{Level: verify.E0}, nil, 200, `{}`},
		{"B22 another chg", verify.Verdict{To: verify.Failed, Reason: verify.EventChangeMismatch, Return: back}, nil, 403, `{"code":"proof_refused","reason":"event.change_mismatch","return":"https://site.test/plan"}`},
		{"B23 another subject", verify.Verdict{To: verify.Failed, Reason: verify.ProofSubject, Return: back}, nil, 403, `{"code":"subject_mismatch","reason":"proof.subject","return":"https://site.test/plan"}`},
		{"a dead handle", verify.Verdict{Level: verify.E0, Reason: verify.HandleExpired}, nil, 410, `{"code":"proof_expired","reason":"handle.expired"}`},
		{"same id, other body", verify.Verdict{}, verify.Refuse(verify.EventReplay), 409, `{"code":"conflict","reason":"event.replay"}`},
		{"forged", verify.Verdict{}, verify.Refuse(verify.EventSignature), 401, `{"code":"event_rejected","reason":"event.signature"}`},
		{"too large", verify.Verdict{}, verify.Refuse(verify.EventTooLarge), 413, `{"code":"too_large","reason":"event.too_large"}`},
		{"encoded", verify.Verdict{}, verify.Refuse(verify.EventEncoding), 415, `{"code":"unsupported","reason":"event.encoding"}`},
		{"duplicate key", verify.Verdict{}, verify.Refuse(verify.JSONDuplicate), 400, `{"code":"invalid","reason":"json.duplicate"}`},
		{"clock jump", verify.Verdict{}, verify.Refuse(verify.ClockJump), 403, `{"code":"proof_refused","reason":"clock.jump"}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := source().Answer(verify.Delivery{}, []verify.Verdict{c.v}, c.err)
			if r.Status != c.status || !bytes.Equal(r.Body, []byte(c.body)) {
				t.Errorf("Answer = %d %s, want %d %s", r.Status, r.Body, c.status, c.body)
			}
		})
	}
}
