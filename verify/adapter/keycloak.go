package adapter

import (
	"context"

	"github.com/postern-chat/postern/verify"
)

// Keycloak takes the events of a Keycloak realm from a listener that posts each one after the transaction's commit
// (enlistAfterCompletion; before it a login may still roll back), signed as Standard Webhooks says.
type Keycloak struct {
	Origin
	Keys   verify.HookKeys
	Client string // our client id: logins at other clients are no hint
}

var _ verify.Source = (*Keycloak)(nil)

// Parse implements verify.Source. A login is type LOGIN at our client without an error; REFRESH_TOKEN, CODE_TO_TOKEN
// and all else are not.
//
// Errors: event.signature, event.late, json.invalid, json.duplicate, event.encoding, event.too_large, event.type.
func (k *Keycloak) Parse(_ context.Context, d verify.Delivery) ([]verify.LoginEvent, error) {
	id, o, err := hooked(d, k.Keys)
	if err != nil {
		return nil, err
	}
	none := !o.Has("error") || string(o["error"]) == "null"
	if text(o, "type") != "LOGIN" || !none || k.Client == "" || text(o, "clientId") != k.Client {
		return []verify.LoginEvent{k.event(id, "", false, d.Body)}, nil
	}
	sub, err := subject(o, "userId")
	if err != nil {
		return nil, err
	}
	return []verify.LoginEvent{k.event(id, sub, true, d.Body)}, nil
}

// Answer implements verify.Source.
func (k *Keycloak) Answer(_ verify.Delivery, _ []verify.Verdict, err error) verify.Reply {
	return answer(err)
}
