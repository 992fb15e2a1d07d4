package adapter

import (
	"context"
	"encoding/json"
	"net/http"

	"github.com/postern-chat/postern/verify"
)

// maxChallenge is how long the answer to Okta's one-time question may be as a JSON string, in bytes.
const maxChallenge = 256

// Okta takes the calls of an Okta event hook, which shows an Authorization value that was agreed on. Before the first
// one Okta asks by GET whether the address is ours.
type Okta struct {
	Origin
	Tokens Tokens
}

var _ verify.Source = (*Okta)(nil)

// Greets says that the issuer asks by GET once.
func (k *Okta) Greets() bool { return true }

// Parse implements verify.Source. A login is user.session.start with outcome SUCCESS of a user, at most 10 min old;
// user.authentication.sso, which is sent on failure too, and all else are not. The one-time GET has no events.
//
// Errors: event.signature, json.invalid, json.duplicate, event.encoding, event.too_large, event.type.
func (k *Okta) Parse(_ context.Context, d verify.Delivery) ([]verify.LoginEvent, error) {
	if d.Method == http.MethodGet {
		_, err := challenge(d.Header)
		return nil, err
	}
	if err := plain(d, maxBody); err != nil {
		return nil, err
	}
	if err := k.Tokens.check(d.Header); err != nil {
		return nil, err
	}
	o, err := verify.ReadObject(d.Body, maxBody)
	if err != nil {
		return nil, err
	}
	var list []json.RawMessage
	if err := json.Unmarshal(inner(o, "data")["events"], &list); err != nil || len(list) == 0 || len(list) > maxBatchSize {
		return nil, verify.Refuse(verify.JSONInvalid)
	}
	events := make([]verify.LoginEvent, 0, len(list))
	for _, raw := range list {
		e, err := k.entry(raw, d)
		if err != nil {
			return nil, err
		}
		events = append(events, e)
	}
	return events, nil
}

func (k *Okta) entry(raw []byte, d verify.Delivery) (verify.LoginEvent, error) {
	o, err := verify.ReadObject(raw, maxBody)
	if err != nil {
		return verify.LoginEvent{}, err
	}
	id, actor := text(o, "uuid"), inner(o, "actor")
	if text(o, "eventType") != "user.session.start" || text(inner(o, "outcome"), "result") != "SUCCESS" || text(actor, "type") != "User" {
		return k.event(id, "", false, raw), nil
	}
	sub, err := subject(actor, "id")
	if err != nil || id == "" {
		return verify.LoginEvent{}, verify.RefuseField(verify.JSONInvalid, "uuid")
	}
	ok, err := fresh(text(o, "published"), d.At)
	return k.event(id, sub, ok, raw), err
}

// challenge is the value that Okta wants to read again, as a JSON string: escaped, so that no browser takes it for a
// page. Errors: event.type.
func challenge(h http.Header) ([]byte, error) {
	v := h.Values("X-Okta-Verification-Challenge")
	if len(v) != 1 || v[0] == "" {
		return nil, verify.Refuse(verify.EventType)
	}
	text, err := json.Marshal(v[0])
	if err != nil || len(text) > maxChallenge {
		return nil, verify.Refuse(verify.EventType)
	}
	return text, nil
}

// Answer implements verify.Source. Every answer of the gateway is nosniff.
func (k *Okta) Answer(d verify.Delivery, _ []verify.Verdict, err error) verify.Reply {
	if d.Method != http.MethodGet || err != nil {
		return answer(err)
	}
	text, err := challenge(d.Header)
	if err != nil {
		return answer(err)
	}
	body := append([]byte(`{"verification":`), text...)
	return verify.Reply{Status: http.StatusOK, ContentType: "application/json", Body: append(body, '}')}
}
