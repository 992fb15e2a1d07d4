package site

import (
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// sessionType is the typ of a session token (proof-gate.md §3.13).
const sessionType = "postern-session+jwt"

// tokenLife is how long a session token can be handed in; it is made when the panel opens and used at once.
const tokenLife = 2 * time.Minute

// sessionToken says to one mailbox of the gateway who is signed in here. It names the only account that a later
// proof may be about; it proves nothing by itself. Each token can be used once.
func (s *Site) sessionToken(ctx context.Context, c Customer, mailbox string) (string, error) {
	id, err := s.token("st_", 16)
	if err != nil {
		return "", err
	}
	now := s.Now()
	claims := jwt.MapClaims{
		"iss": s.Audience, "aud": mailbox, "sub": c.ID, "email": c.Email, "name": c.Name, "jti": id, "ver": version(c.Version),
		"iat": now.Unix(), "exp": now.Add(tokenLife).Unix(),
	}
	p, ok, err := planOf(ctx, s.db, c.ID)
	if err != nil {
		return "", err
	}
	if ok { // for the mailbox's rules and promises
		claims["class"], claims["status"] = p.Name, p.status()
	}
	t := jwt.NewWithClaims(jwt.SigningMethodES256, claims)
	t.Header = map[string]any{"alg": "ES256", "typ": sessionType, "kid": s.Host}
	return t.SignedString(s.SessionKey)
}

// supportToken gives the page's own script a fresh session token. Only a request of our own pages gets one:
// other sites cannot send the header without asking first, and nobody answers that question.
func (s *Site) supportToken(w http.ResponseWriter, r *http.Request) {
	v, box := visitOf(r), r.URL.Query().Get("mailbox")
	known := slices.ContainsFunc(Desks(), func(d Desk) bool { return d.Slug == box }) || box == s.Mailbox
	switch {
	case r.Header.Get("X-Shop") != "1" || r.Header.Get("Origin") != "" && r.Header.Get("Origin") != s.URL || !known:
		answer(w, http.StatusForbidden, map[string]string{"code": "forbidden"})
		return
	case v.session == "" || s.SessionKey == nil:
		w.WriteHeader(http.StatusNoContent)
		return
	case !s.limit.take("token "+v.session, 120):
		answer(w, http.StatusTooManyRequests, map[string]string{"code": "too_many"})
		return
	}
	token, err := s.sessionToken(r.Context(), v.customer, box)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	answer(w, http.StatusOK, map[string]string{"token": token})
}
