package adapter

import (
	"context"

	"github.com/postern-chat/postern/verify"
)

// Cognito takes the events of a Lambda trigger of an Amazon Cognito user pool, which posts what it was called with,
// signed as Standard Webhooks says.
type Cognito struct {
	Origin
	Keys verify.HookKeys
}

var _ verify.Source = (*Cognito)(nil)

// Parse implements verify.Source. A login is triggerSource PostAuthentication_Authentication.
//
// Errors: event.signature, event.late, json.invalid, json.duplicate, event.encoding, event.too_large, event.type.
func (c *Cognito) Parse(_ context.Context, d verify.Delivery) ([]verify.LoginEvent, error) {
	id, o, err := hooked(d, c.Keys)
	if err != nil {
		return nil, err
	}
	if text(o, "triggerSource") != "PostAuthentication_Authentication" {
		return []verify.LoginEvent{c.event(id, "", false, d.Body)}, nil
	}
	sub, err := subject(inner(inner(o, "request"), "userAttributes"), "sub")
	if err != nil {
		return nil, err
	}
	return []verify.LoginEvent{c.event(id, sub, true, d.Body)}, nil
}

// Answer implements verify.Source.
func (c *Cognito) Answer(_ verify.Delivery, _ []verify.Verdict, err error) verify.Reply {
	return answer(err)
}
