package adapter

import (
	"context"
	"encoding/json"
	"net/http"

	"github.com/postern-chat/postern/verify"
)

// Supabase takes the calls of Supabase Auth's custom access token hook, which signs as Standard Webhooks says and
// makes its user wait for the answer: the claims, unchanged.
type Supabase struct {
	Origin
	Keys verify.HookKeys
}

var _ verify.Source = (*Supabase)(nil)

// Parse implements verify.Source. A login has an authentication_method other than token_refresh.
//
// Errors: event.signature, event.late, json.invalid, json.duplicate, event.encoding, event.too_large, event.type.
func (s *Supabase) Parse(_ context.Context, d verify.Delivery) ([]verify.LoginEvent, error) {
	id, o, err := hooked(d, s.Keys)
	if err != nil {
		return nil, err
	}
	if how := text(o, "authentication_method"); how == "" || how == "token_refresh" {
		return []verify.LoginEvent{s.event(id, "", false, d.Body)}, nil
	}
	sub, err := subject(o, "user_id")
	if err != nil {
		return nil, err
	}
	return []verify.LoginEvent{s.event(id, sub, true, d.Body)}, nil
}

// Answer implements verify.Source. Whoever signed the delivery gets his claims back byte for byte, whatever the gate
// says about the event: nobody's login at the host may fail because of us. Nobody else gets anything.
func (s *Supabase) Answer(d verify.Delivery, _ []verify.Verdict, err error) verify.Reply {
	if _, e := s.Keys.Check(d.Header, d.At, d.Body); e != nil || plain(d, maxBody) != nil {
		if err == nil {
			err = e
		}
		return answer(err)
	}
	var in struct {
		Claims json.RawMessage `json:"claims"` // only handed back: no strictness is needed
	}
	if json.Unmarshal(d.Body, &in) != nil || len(in.Claims) == 0 {
		return answer(verify.Refuse(verify.JSONInvalid))
	}
	body := append([]byte(`{"claims":`), in.Claims...)
	return verify.Reply{Status: http.StatusOK, ContentType: "application/json", Body: append(body, '}')}
}
