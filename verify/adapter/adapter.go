// Package adapter takes login events as login providers send them, one file each: Keycloak, Auth0, Okta, Cognito,
// Supabase. All are hints (E0): none of them brings the result of a login back to the browser that asked, some report
// logins that roll back, and none can carry a commitment (proof-gate.md §3.8).
//
// Each file says how a delivery is authentic and which events are interactive logins; every other kind is
// event.not_login. What never happens here: a handle, a digest or a choice is read from a body, so no body can bind
// itself to a change. A further provider is one more file that passes verifytest.Hints.
package adapter

import (
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"net/http"
	"time"

	"github.com/postern-chat/postern/verify"
)

// maxBody is the size limit of one event, in bytes.
const maxBody = 64 << 10

// Origin says where events come from.
type Origin struct {
	Name   string // as in the path /v1/events/{name}
	Host   string // host entry whose accounts they are about
	Issuer string // the host's audience
}

// event is one event of a body; login = an interactive login. The webhook's or provider's id makes it unique.
func (o Origin) event(id, sub string, login bool, raw []byte) verify.LoginEvent {
	kind := verify.LoginOther
	if login {
		kind = verify.LoginSeen
	}
	return verify.LoginEvent{
		Source: o.Name, Host: o.Host, Issuer: o.Issuer, ID: id, Subject: sub, Kind: kind, Body: verify.TokenHash(string(raw)),
	}
}

// plain refuses what no sender of ours sends. Errors: event.type, event.encoding, event.too_large.
func plain(d verify.Delivery, limit int) error {
	switch {
	case d.Method != http.MethodPost:
		return verify.Refuse(verify.EventType)
	case len(d.Header.Values("Content-Encoding")) > 0:
		return verify.Refuse(verify.EventEncoding)
	case len(d.Body) > limit:
		return verify.Refuse(verify.EventTooLarge)
	}
	return nil
}

// hooked checks a delivery that is signed as Standard Webhooks says and reads its body.
// Errors: those of plain and verify.HookKeys.Check, json.invalid, json.duplicate.
func hooked(d verify.Delivery, keys verify.HookKeys) (id string, o verify.Object, err error) {
	if err := plain(d, maxBody); err != nil {
		return "", nil, err
	}
	if id, err = keys.Check(d.Header, d.At, d.Body); err != nil {
		return "", nil, err
	}
	o, err = verify.ReadObject(d.Body, maxBody)
	return id, o, err
}

// Tokens are the Authorization values that a sender may show, newest first, at most two. None = nobody is believed.
type Tokens []string

// check compares in constant time, whichever fits. Errors: event.signature.
func (t Tokens) check(h http.Header) error {
	got := h.Values("Authorization")
	if len(got) != 1 {
		return verify.Refuse(verify.EventSignature)
	}
	a, found := sha256.Sum256([]byte(got[0])), 0
	for _, want := range t {
		b := sha256.Sum256([]byte(want))
		found |= subtle.ConstantTimeCompare(a[:], b[:])
	}
	if found == 0 {
		return verify.Refuse(verify.EventSignature)
	}
	return nil
}

// text is the string under key, "" if there is none.
func text(o verify.Object, key string) string {
	s, _ := o.String(key) // "" then
	return s
}

// inner is the object under key; an empty one if there is none.
func inner(o verify.Object, key string) verify.Object {
	in, err := verify.ReadObject(o[key], maxBody)
	if err != nil {
		return verify.Object{}
	}
	return in
}

// subject refuses a login that names nobody. Errors: json.invalid.
func subject(o verify.Object, key string) (string, error) {
	sub, err := o.String(key)
	if err != nil || sub == "" || len(sub) > 255 {
		return "", verify.RefuseField(verify.JSONInvalid, key)
	}
	return sub, nil
}

// fresh reports whether an event made at made (RFC 3339) is neither late nor from the future. It guards senders whose
// signature has no time of its own. Errors: json.invalid.
func fresh(made string, now time.Time) (bool, error) {
	at, err := time.Parse(time.RFC3339, made)
	if err != nil {
		return false, verify.RefuseCause(verify.JSONInvalid, err)
	}
	return !at.Before(now.Add(-verify.EventAge)) && !at.After(now.Add(verify.EventAhead)), nil
}

// answer is 200 for whatever was authentic, else the status of the refusal, without a word about an account.
func answer(err error) verify.Reply {
	if err == nil {
		return verify.Reply{Status: http.StatusOK, ContentType: "application/json", Body: []byte("{}")}
	}
	var e *verify.Error
	if !errors.As(err, &e) {
		return verify.Reply{Status: http.StatusInternalServerError}
	}
	return verify.Reply{Status: status(e.Code())}
}

// status is the HTTP status of a code, as far as these sources can answer it (architecture.md §6).
func status(code string) int {
	switch code {
	case "invalid":
		return http.StatusBadRequest
	case "event_rejected":
		return http.StatusUnauthorized
	case "too_large":
		return http.StatusRequestEntityTooLarge
	case "unsupported":
		return http.StatusUnsupportedMediaType
	}
	return http.StatusServiceUnavailable // the gate's own: the sender may try again
}
