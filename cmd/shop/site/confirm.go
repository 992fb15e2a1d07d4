package site

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/postern-chat/postern/verify"
)

// confirmation is a login made for one challenge: by whom, when, and what the page shows since.
type confirmation struct {
	id       string
	handle   string
	customer string
	authTime int64 // unix seconds
	view     verify.View
}

// confirmLogin is the first half of the page: whoever is signed in already gives the password again, for a session
// that was open before proves nothing about this change.
type confirmLogin struct{ Handle, Email string }

// confirmPage is the second half. Its words are the shop's own; of what came with the request only values are shown.
type confirmPage struct {
	ID            string
	Account       string
	Change        described
	Desk, Browser string
	Started, Ends time.Time
}

func (s *Site) confirmRoutes(m *http.ServeMux) {
	m.HandleFunc("GET /support-verify", s.confirm)
	m.HandleFunc("POST /support-verify/login", s.posting(s.confirmSignIn))
	m.HandleFunc("POST /support-verify", s.posting(s.confirmPress))
}

// confirm asks for the login, or shows the change to who has just logged in for it.
func (s *Site) confirm(w http.ResponseWriter, r *http.Request) {
	handle := r.URL.Query().Get("h")
	v, err := s.lookUp(r.Context(), handle)
	if err != nil {
		s.confirmEnded(w, r, err)
		return
	}
	visit := visitOf(r)
	c, err := s.confirmation(r.Context(), "session = $1 AND handle = $2 AND choice = ''", visit.session, handle)
	if errors.Is(err, sql.ErrNoRows) || err == nil && c.view.Commit != v.Commit {
		s.show(w, r, http.StatusOK, "confirm-login", page{Title: "Log in to see the request", Data: confirmLogin{handle, visit.customer.Email}})
		return
	}
	if err != nil {
		s.fail(w, r, err)
		return
	}
	words, err := describe(r.Context(), s.db, visit.customer, c.view.Change)
	if err != nil {
		s.Log.WarnContext(r.Context(), "shop: asked to confirm what the shop does not know", "kind", c.view.Change.Kind)
		s.confirmEnded(w, r, errGone)
		return
	}
	talk := c.view.Conversation
	s.show(w, r, http.StatusOK, "confirm", page{Title: "Is this you?", Leads: true, Data: confirmPage{
		ID: c.id, Account: visit.customer.Email, Change: words, Desk: deskName(talk.Mailbox), Browser: talk.Browser,
		Started: time.Unix(talk.Started, 0), Ends: time.Unix(c.view.Expires, 0),
	}})
}

// confirmSignIn checks the password and binds this new login to the challenge as it is now.
func (s *Site) confirmSignIn(w http.ResponseWriter, r *http.Request) {
	handle, email := r.PostForm.Get("h"), r.PostForm.Get("email")
	v, err := s.lookUp(r.Context(), handle)
	if err != nil {
		s.confirmEnded(w, r, err)
		return
	}
	c, problem := s.checkPassword(r, email, r.PostForm.Get("password"))
	if problem != "" {
		s.show(w, r, http.StatusUnprocessableEntity, "confirm-login", page{Title: "Log in to see the request", Error: problem, Data: confirmLogin{handle, email}})
		return
	}
	visit, err := s.signIn(w, r, c)
	if err == nil {
		err = s.bind(r.Context(), visit, handle, v)
	}
	if err != nil {
		s.fail(w, r, err)
		return
	}
	http.Redirect(w, r, "/support-verify?h="+url.QueryEscape(handle), http.StatusSeeOther)
}

func (s *Site) bind(ctx context.Context, v visit, handle string, view verify.View) error {
	id, err := s.token("ev_", 16)
	if err != nil {
		return err
	}
	text, err := json.Marshal(view)
	if err != nil {
		return err
	}
	return s.tx(ctx, func(t *sql.Tx) error {
		// A challenge lives for ten minutes; a day later nobody asks for its row.
		if _, err := t.ExecContext(ctx, "DELETE FROM confirmations WHERE auth_time < $1", v.loginAt.AddDate(0, 0, -1).Unix()); err != nil {
			return err
		}
		_, err := t.ExecContext(ctx, `
			INSERT INTO confirmations (id, session, handle, customer, auth_time, view) VALUES ($1, $2, $3, $4, $5, $6)`,
			id, v.session, handle, v.customer.ID, v.loginAt.Unix(), string(text))
		if err != nil {
			return err
		}
		return note(ctx, t, v.customer.ID, s.Now(), "You logged in to see a request from support", "")
	})
}

func (s *Site) confirmation(ctx context.Context, where string, args ...any) (c confirmation, err error) {
	var view string
	err = s.db.QueryRowContext(ctx, "SELECT id, handle, customer, auth_time, view FROM confirmations WHERE "+where, args...).
		Scan(&c.id, &c.handle, &c.customer, &c.authTime, &view)
	if err != nil {
		return c, err
	}
	return c, json.Unmarshal([]byte(view), &c.view)
}

// pick keeps the press. A yes may still become a no, never the other way round; the same press again is let
// through, and the gateway answers it as before.
const pick = `
	UPDATE confirmations SET choice = $3
	WHERE id = $1 AND session = $2 AND (choice IN ('', $3) OR choice = 'login.confirmed')
	RETURNING id`

// confirmPress takes Approve, Deny or Not me from the login that the page was shown to.
func (s *Site) confirmPress(w http.ResponseWriter, r *http.Request) {
	kind := map[string]string{"approve": verify.LoginConfirmed, "disown": verify.LoginDisowned}[r.PostForm.Get("choice")]
	if kind == "" {
		kind = verify.LoginDenied
	}
	var id string
	err := s.db.QueryRowContext(r.Context(), pick, r.PostForm.Get("id"), visitOf(r).session, kind).Scan(&id)
	if errors.Is(err, sql.ErrNoRows) {
		s.confirmEnded(w, r, errGone)
		return
	}
	c, err2 := s.confirmation(r.Context(), "id = $1", id)
	if err = errors.Join(err, err2); err != nil {
		s.fail(w, r, err)
		return
	}
	e, err := s.event(c, kind)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	// Who presses twice cuts the first request off: the event goes out all the same.
	back, code, err := s.tell(context.WithoutCancel(r.Context()), id+strings.ReplaceAll(kind, ".", "_"), e)
	if err != nil {
		s.confirmEnded(w, r, err)
		return
	}
	s.confirmDone(w, r, c, kind, back, code)
}

// event says what was pressed. chg is computed from what the page showed; the witness, made with a key that only
// this shop has, says that its own page got the approval.
func (s *Site) event(c confirmation, kind string) (loginEvent, error) {
	chg, err := c.view.Change.Digest()
	e := loginEvent{Type: kind, Handle: c.handle, Chg: chg, Sub: c.customer, AuthTime: c.authTime}
	if kind == verify.LoginConfirmed {
		e.Witness = verify.Witness(s.OwnKey, c.view.Commit, chg, c.customer, c.authTime)
	}
	return e, err
}

func (s *Site) confirmDone(w http.ResponseWriter, r *http.Request, c confirmation, kind, back, code string) {
	what := map[string]string{
		verify.LoginConfirmed: "You approved a change that support asked for",
		verify.LoginDenied:    "You denied a change that support asked for",
		verify.LoginDisowned:  "You said that a request at support was not yours",
	}[kind]
	if code != "" {
		what = "A change that support asked for was not accepted"
	}
	if err := note(r.Context(), s.db, c.customer, s.Now(), what, title(c.view.Change.Kind)); err != nil {
		s.fail(w, r, err)
		return
	}
	// The gateway names the page where the conversation is: one of the shop, or of the gateway, where who comes from a
	// mail of support is. One that is neither is never followed.
	if u, err := url.Parse(back); err != nil || u.Scheme+"://"+u.Host != s.URL && !s.ours(back) {
		s.confirmEnded(w, r, errGone)
		return
	}
	http.Redirect(w, r, back, http.StatusSeeOther)
}

// ended is what a person reads who cannot confirm anything any more.
type ended struct {
	Text  string
	Retry bool
}

func (s *Site) confirmEnded(w http.ResponseWriter, r *http.Request, err error) {
	switch {
	case errors.Is(err, errGone):
		s.show(w, r, http.StatusGone, "confirm-ended", page{Title: "This request is over", Data: ended{Text: "It was answered already, or its ten minutes have passed. Nothing was changed by opening this page. If you still want the change, go back to your conversation and press “Log in to confirm” again."}})
	case errors.Is(err, errUnreachable):
		s.Log.WarnContext(r.Context(), "shop: gateway", "err", err)
		s.show(w, r, http.StatusBadGateway, "confirm-ended", page{Title: "Support cannot be reached", Data: ended{Text: "Our support desk does not answer at the moment. Nothing was changed. Please try again in a minute.", Retry: r.Method == http.MethodGet}})
	default:
		s.fail(w, r, err)
	}
}

func deskName(slug string) string {
	for _, d := range Desks() {
		if d.Slug == slug {
			return d.Name
		}
	}
	return slug
}
