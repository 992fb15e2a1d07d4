package gateway

import (
	"context"
	"strings"
	"time"

	"github.com/postern-chat/postern/verify"
)

// Claims of a session token (proof-gate.md §3.13).
const (
	sessionTyp  = "postern-session+jwt"
	sessionLife = 300 // seconds, at most
	sessionSkew = 5   // seconds that a host's clock may be ahead
)

// IdentifyInvalid says that a session token is none: which check failed is not told.
func IdentifyInvalid() *Error { return &Error{Is: "unauthenticated", Why: "identify.invalid"} }

// Identify takes a session token that the host of the visitor's mailbox signed. From then on its subject is
// the only one whose login can prove a change in this browser's conversations; it is no proof itself.
//
// Errors: forbidden for staff; unauthenticated identify.invalid for everything that is wrong with the token, a
// second use too; then nothing has changed.
func (s *Service) Identify(ctx context.Context, c Caller, raw string) (Identity, error) {
	if c.Staff() || c.Visitor.ID == "" {
		return Identity{}, Forbidden()
	}
	mb, err := s.Store.Mailbox(ctx, c.Mailbox)
	if err != nil {
		return Identity{}, err
	}
	now, err := s.Store.Now(ctx)
	if err != nil {
		return Identity{}, err
	}
	id, jti, err := s.session(mb, raw, now)
	if err != nil {
		return Identity{}, err
	}
	events, err := s.Store.SetIdentity(ctx, c.Visitor.ID, id, jti, now)
	if err != nil {
		return Identity{}, err
	}
	s.publish(ctx, events...)
	return id, nil
}

// session reads a token for a mailbox. Its key and issuer are those of the mailbox's host entry, its audience
// is the mailbox's slug.
func (s *Service) session(mb Mailbox, raw string, now time.Time) (Identity, string, error) {
	p, _ := s.Policy() // hosts are known also while changes are off
	host, ok := p.Host(mb.Host)
	key, has := s.Sessions[mb.Host]
	if !ok || !has || mb.Host == "" {
		return Identity{}, "", IdentifyInvalid()
	}
	claims, err := verify.Door{Keys: verify.KeySet{key}, Typ: sessionTyp}.Open(raw, now)
	if err != nil {
		return Identity{}, "", IdentifyInvalid()
	}
	id := Identity{How: "signed", Host: mb.Host, At: now}
	if claims.Only("iss", "aud", "sub", "iat", "exp", "jti", "ver", "name", "email", "class", "status") != nil || !young(claims, now) || s.stale(claims) {
		return Identity{}, "", IdentifyInvalid()
	}
	var iss, aud, jti string
	for _, f := range []struct {
		name   string
		to     *string
		max    int
		needed bool
	}{
		{"iss", &iss, 500, true},
		{"aud", &aud, 40, true},
		{"sub", &id.Subject, 256, true},
		{"jti", &jti, 256, true},
		{"ver", &id.Version, verify.MaxBase, false},
		{"name", &id.Name, 4 * MaxName, false},
		{"email", &id.Email, 320, false},
		{"class", &id.Class, 64, false},
		{"status", &id.Status, 64, false},
	} {
		if !text(claims, f.name, f.to, f.max, f.needed) {
			return Identity{}, "", IdentifyInvalid()
		}
	}
	if iss != host.Audience || aud != mb.Slug {
		return Identity{}, "", IdentifyInvalid()
	}
	id.Email = strings.ToLower(id.Email)
	return id, jti, nil
}

// text reads one claim that must be a string; an empty one counts as missing.
func text(o verify.Object, name string, to *string, max int, needed bool) bool {
	if !o.Has(name) {
		return !needed
	}
	v, err := o.String(name)
	if err != nil || v == "" && needed || v != "" && CheckText(name, v, max) != nil {
		return false
	}
	*to = v
	return true
}

// stale reports whether the token is of before a restore: then nobody knows any more whether it was used.
func (s *Service) stale(o verify.Object) bool {
	iat, err := o.Int("iat")
	return err != nil || !s.RestoredAt.IsZero() && iat <= s.RestoredAt.Unix()
}

// young reports whether the token lives now, and never longer than five minutes.
func young(o verify.Object, now time.Time) bool {
	iat, err := o.Int("iat")
	if err != nil {
		return false
	}
	exp, err := o.Int("exp")
	at := now.Unix()
	return err == nil && iat <= at+sessionSkew && at < exp && exp > iat && exp-iat <= sessionLife
}
