package gateway

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

// HowLegacy is an identity that the site signed in the old form: an HMAC over an e-mail address that never ends. It
// names no account, so it bounds and proves nothing.
const HowLegacy = "legacy"

// IdentifyLegacy takes an e-mail address with its HMAC-SHA256 in hex, as chats before us asked for (product.md P113).
// Whoever has seen the pair once can show it for ever; so it is only shown, as what it is, and never takes the place of
// what a session token or a proof has said of this browser. The same pair again changes nothing.
//
// Errors: forbidden for staff; unauthenticated identify.invalid for everything that is wrong, also if the host takes none.
func (s *Service) IdentifyLegacy(ctx context.Context, c Caller, email, mac string) (Identity, error) {
	if c.Staff() || c.Visitor.ID == "" {
		return Identity{}, Forbidden()
	}
	mb, err := s.Store.Mailbox(ctx, c.Mailbox)
	if err != nil {
		return Identity{}, err
	}
	if !legacySigned(s.Legacy[mb.Host], email, mac) {
		return Identity{}, IdentifyInvalid()
	}
	now, err := s.Store.Now(ctx)
	if err != nil {
		return Identity{}, err
	}
	id := Identity{How: HowLegacy, Host: mb.Host, Email: strings.ToLower(email), At: now}
	v, err := s.Store.Visitor(ctx, c.Visitor.ID)
	if err != nil {
		return Identity{}, err
	}
	if old := v.Identity; old.Subject != "" || old.How == HowLegacy && old.Host == id.Host && old.Email == id.Email {
		return old, nil
	}
	events, err := s.Store.SetIdentity(ctx, c.Visitor.ID, id, "", now)
	if err != nil {
		return Identity{}, err
	}
	if len(events) == 0 { // nobody watches, or a session token came first
		if v, err = s.Store.Visitor(ctx, c.Visitor.ID); err != nil {
			return Identity{}, err
		}
		return v.Identity, nil
	}
	s.publish(ctx, events...)
	return id, nil
}

// legacySigned reports whether mac is that of the address, character for character as it was given. Without a secret
// nothing is.
func legacySigned(secret []byte, email, mac string) bool {
	got, err := hex.DecodeString(mac)
	if len(secret) == 0 || err != nil || !strings.Contains(email, "@") || CheckText("email", email, 320) != nil {
		return false
	}
	m := hmac.New(sha256.New, secret)
	m.Write([]byte(email))
	return hmac.Equal(got, m.Sum(nil))
}
