package web

import (
	"context"
	"encoding/json"

	"github.com/postern-chat/postern/gateway"
	"github.com/postern-chat/postern/verify"
)

// identify takes the host's session token from the page, or an address with its HMAC (product.md P113).
func (k *socket) identify(ctx context.Context, c gateway.Caller, raw json.RawMessage) (any, error) {
	var in struct {
		Token string `json:"token"`
		Email string `json:"email"` // with Hash: the old form
		Hash  string `json:"hash"`
	}
	if err := args(raw, &in); err != nil {
		return nil, err
	}
	if len(in.Token) > verify.MaxJWT {
		return nil, gateway.TooLarge("token", verify.MaxJWT)
	}
	if !k.s.limits.start("identify " + k.ip) {
		return nil, gateway.TooMany(5000)
	}
	var id gateway.Identity
	var err error
	if in.Token == "" && in.Hash != "" {
		id, err = k.s.svc.IdentifyLegacy(ctx, c, in.Email, in.Hash)
	} else {
		id, err = k.s.svc.Identify(ctx, c, in.Token)
	}
	if err != nil {
		return nil, err
	}
	c.Visitor.Identity = id
	k.mu.Lock()
	k.caller = c
	k.mu.Unlock()
	return map[string]any{"identity": id}, nil
}
