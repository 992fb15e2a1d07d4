package site

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/postern-chat/postern/verify"
)

const (
	sessionLife = 14 * 24 * time.Hour
	formLife    = 12 * time.Hour
)

// visit is who sends a request: a browser, and the customer who logged in there.
type visit struct {
	browser  string // value of the form cookie
	session  string // hash of the session token; "" = nobody is signed in
	customer Customer
	loginAt  time.Time
}

type visitKey struct{}

func visitOf(r *http.Request) visit {
	v, _ := r.Context().Value(visitKey{}).(visit)
	return v
}

// cookieName is the cookie's name; with https the prefix binds it to this host and to encrypted connections.
func (s *Site) cookieName(name string) string {
	if s.secure() {
		return "__Host-" + name
	}
	return name
}

func (s *Site) secure() bool { return strings.HasPrefix(s.URL, "https:") }

func (s *Site) setCookie(w http.ResponseWriter, name, value string, life time.Duration) {
	http.SetCookie(w, &http.Cookie{
		Name: s.cookieName(name), Value: value, Path: "/", MaxAge: int(life / time.Second),
		Secure: s.secure(), HttpOnly: true, SameSite: http.SameSiteLaxMode,
	})
}

func (s *Site) cookie(r *http.Request, name string) string {
	c, err := r.Cookie(s.cookieName(name))
	if err != nil || len(c.Value) > 128 {
		return ""
	}
	return c.Value
}

// visiting finds out who is there, and gives a new browser its form cookie.
func (s *Site) visiting(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		v := visit{browser: s.cookie(r, "shop_form")}
		if v.browser == "" {
			b, err := s.token("", 24)
			if err != nil {
				s.fail(w, r, err)
				return
			}
			v.browser = b
			s.setCookie(w, "shop_form", b, formLife)
		}
		if err := s.load(r.Context(), &v, s.cookie(r, "shop_session")); err != nil {
			s.fail(w, r, err)
			return
		}
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), visitKey{}, v)))
	})
}

func (s *Site) load(ctx context.Context, v *visit, token string) error {
	if token == "" {
		return nil
	}
	hash := verify.TokenHash(token)
	var customer string
	var login int64
	err := s.db.QueryRowContext(ctx, "SELECT customer, login_at FROM sessions WHERE token = $1 AND ends_at > $2", hash, s.Now().UnixMilli()).
		Scan(&customer, &login)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	c, err := customerBy(ctx, s.db, "id", customer)
	if err != nil {
		return err
	}
	v.session, v.customer, v.loginAt = hash, c, time.Unix(login, 0)
	return nil
}

// signIn starts a session in place of an earlier one of this browser. It returns the visit as it is from now on.
func (s *Site) signIn(w http.ResponseWriter, r *http.Request, c Customer) (visit, error) {
	token, err := s.token("", 32)
	if err != nil {
		return visit{}, err
	}
	v, now := visitOf(r), s.Now()
	old := v.session
	v.session, v.customer, v.loginAt = verify.TokenHash(token), c, time.Unix(now.Unix(), 0)
	err = s.tx(r.Context(), func(t *sql.Tx) error {
		if _, err := t.ExecContext(r.Context(), "DELETE FROM sessions WHERE token = $1 OR ends_at <= $2", old, now.UnixMilli()); err != nil {
			return err
		}
		_, err := t.ExecContext(r.Context(), "INSERT INTO sessions (token, customer, login_at, ends_at) VALUES ($1, $2, $3, $4)",
			v.session, c.ID, now.Unix(), now.Add(sessionLife).UnixMilli())
		return err
	})
	if err == nil {
		s.setCookie(w, "shop_session", token, sessionLife)
	}
	return v, err
}

// formToken belongs to this browser and this login: a form of another site, or of before the login, has another.
func (s *Site) formToken(v visit) string {
	m := hmac.New(sha256.New, s.csrf)
	m.Write([]byte(v.browser + "\n" + v.session))
	return base64.RawURLEncoding.EncodeToString(m.Sum(nil))
}

// posting lets a form through only from our own page: by its token, and by what the browser says of its origin.
func (s *Site) posting(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, 64<<10)
		err := r.ParseForm()
		if err != nil || s.foreign(r) || !verify.Equal(r.PostForm.Get("csrf"), s.formToken(visitOf(r))) {
			s.show(w, r, http.StatusForbidden, "sorry", page{Title: "Please try again", Data: "This form was open for too long, or did not come from our own page. Nothing was changed. Go back, reload the page and send it again."})
			return
		}
		next(w, r)
	}
}

// foreign reports whether the browser says that a form came from somewhere else. A page without referrer sends the
// origin "null"; then only Sec-Fetch-Site tells that it was ours.
func (s *Site) foreign(r *http.Request) bool {
	switch r.Header.Get("Origin") {
	case "", s.URL:
		return false
	case "null":
		return r.Header.Get("Sec-Fetch-Site") != "same-origin"
	}
	return true
}

// signedIn sends everybody else to the sign-in page, and back after it.
func (s *Site) signedIn(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if visitOf(r).session == "" {
			http.Redirect(w, r, "/signin?next="+r.URL.EscapedPath(), http.StatusSeeOther)
			return
		}
		next(w, r)
	}
}
