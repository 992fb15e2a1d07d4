// Package webhook is the default source of login events: the host's own page posts the visitor's choice,
// signed as Standard Webhooks says: with a shared secret or an Ed25519 key (proof-gate.md §3.6, §3.8).
//
// It believes a delivery only with a right signature, inside ±120 s, and reads the body strictly. It never
// looks at a change: whether an event counts is decided by verify.Match. Replays are remembered by
// verify.Guard in the ledger, so the answer to a repetition is the same bytes on every node.
package webhook

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/postern-chat/postern/verify"
)

// MaxBody is the size limit of a delivery, in bytes.
const MaxBody = 64 << 10

// Source reads deliveries to /v1/events/{Name}. Keys are not shared between sources.
type Source struct {
	Name   string // as in the path
	Host   string // host entry that it speaks for
	Issuer string // the host's audience
	Keys   verify.HookKeys
}

// Parse implements verify.Source.
//
// Errors: event.encoding, event.too_large, event.signature, event.late, json.duplicate, json.invalid,
// event.type.
func (s *Source) Parse(_ context.Context, d verify.Delivery) ([]verify.LoginEvent, error) {
	if len(d.Header.Values("Content-Encoding")) > 0 {
		return nil, verify.Refuse(verify.EventEncoding)
	}
	if len(d.Body) > MaxBody {
		return nil, verify.Refuse(verify.EventTooLarge)
	}
	id, err := s.Keys.Check(d.Header, d.At, d.Body)
	if err != nil {
		return nil, err
	}
	e, err := parse(d.Body)
	if err != nil {
		return nil, err
	}
	e.Source, e.Host, e.Issuer = s.Name, s.Host, s.Issuer
	e.ID, e.Body = id, verify.TokenHash(string(d.Body))
	return []verify.LoginEvent{e}, nil
}

func parse(body []byte) (verify.LoginEvent, error) {
	var e verify.LoginEvent
	o, err := verify.ReadObject(body, MaxBody)
	if err != nil {
		return e, err
	}
	if kind, err := o.String("type"); err == nil && kind == verify.ChangeResult {
		return result(o)
	}
	if err := o.Only("type", "handle", "chg", "sub", "auth_time", "witness"); err != nil {
		return e, err
	}
	for key, to := range map[string]*string{"type": &e.Kind, "handle": &e.Handle, "chg": &e.Chg, "sub": &e.Subject, "witness": &e.Witness} {
		if !o.Has(key) {
			continue
		}
		if *to, err = o.String(key); err != nil {
			return e, err
		}
	}
	if o.Has("auth_time") {
		if e.AuthTime, err = o.Int("auth_time"); err != nil {
			return e, err
		}
	}
	switch e.Kind {
	case verify.LoginConfirmed, verify.LoginDenied, verify.LoginDisowned:
		return e, nil
	}
	return e, verify.Refuse(verify.EventType)
}

// result reads what a backend says later of a change that it took with 202. A code that the gate does not know is
// kept as backend.refused.
func result(o verify.Object) (e verify.LoginEvent, err error) {
	if err := o.Only("type", "challenge", "commit", "result", "version", "code", "facts"); err != nil {
		return e, err
	}
	e.Kind = verify.ChangeResult
	var code string
	a := &e.Result.Answer
	for key, to := range map[string]*string{"challenge": &e.Result.Challenge, "commit": &e.Result.Commit, "result": &a.Result, "version": &a.Version, "code": &code} {
		if !o.Has(key) && (key == "version" || key == "code") {
			continue
		}
		if *to, err = o.String(key); err != nil || len(*to) > 255 {
			return e, verify.RefuseField(verify.JSONInvalid, key)
		}
	}
	switch {
	case a.Result == verify.ResultApplied && code == "":
		a.Facts = verify.FactsOf(o)
		return e, nil
	case a.Result == verify.ResultRefused && a.Version == "":
		if a.Reason = verify.Reason(code); code == "" || a.Reason.Code() == "internal" {
			a.Reason = verify.BackendRefused
		}
		return e, nil
	}
	return e, verify.Refuse(verify.EventType)
}

// body is what the sender reads. A known handle gets return even when refused, then without a token.
// After a match at a host that cannot redirect, code is what its page shows the visitor to type.
type body struct {
	Code   string `json:"code,omitempty"`
	Reason string `json:"reason,omitempty"`
	Return string `json:"return,omitempty"`
}

// Answer implements verify.Source.
func (s *Source) Answer(_ verify.Delivery, verdicts []verify.Verdict, err error) verify.Reply {
	if err != nil {
		return refused(err)
	}
	if len(verdicts) != 1 || verdicts[0].Level == verify.E0 && verdicts[0].To == "" && verdicts[0].Reason == "" {
		return reply(200, body{})
	}
	v := verdicts[0]
	if v.Reason == "" {
		return reply(200, body{Code: v.Code, Return: v.Return})
	}
	return reply(status(v.Reason.Code()), body{Code: v.Reason.Code(), Reason: string(v.Reason), Return: v.Return})
}

func refused(err error) verify.Reply {
	var e *verify.Error
	if !errors.As(err, &e) {
		return reply(500, body{Code: "internal"})
	}
	return reply(status(e.Code()), body{Code: e.Code(), Reason: e.Reason()})
}

func reply(code int, b body) verify.Reply {
	text, err := json.Marshal(b)
	if err != nil {
		return verify.Reply{Status: 500}
	}
	return verify.Reply{Status: code, ContentType: "application/json", Body: text}
}

// status is the HTTP status of a code, as far as this source can answer it (architecture.md §6).
func status(code string) int {
	switch code {
	case "invalid":
		return 400
	case "unauthenticated", "event_rejected":
		return 401
	case "forbidden", "proof_required", "proof_refused", "subject_mismatch":
		return 403
	case "not_found":
		return 404
	case "conflict", "proof_used":
		return 409
	case "proof_expired":
		return 410
	case "too_large":
		return 413
	case "unsupported":
		return 415
	case "too_many":
		return 429
	case "unavailable":
		return 503
	}
	return 500
}
