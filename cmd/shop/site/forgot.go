package site

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/postern-chat/postern/verify"
	"golang.org/x/crypto/bcrypt"
)

// resetLife is how long a link from a mail sets a new password, once.
const resetLife = 30 * time.Minute

func (s *Site) forgotRoutes(m *http.ServeMux) {
	m.HandleFunc("GET /forgot", func(w http.ResponseWriter, r *http.Request) {
		s.show(w, r, http.StatusOK, "forgot", page{Title: "Forgot your password?"})
	})
	m.HandleFunc("POST /forgot", s.posting(s.forgot))
	m.HandleFunc("GET /reset", func(w http.ResponseWriter, r *http.Request) {
		s.show(w, r, http.StatusOK, "reset", page{Title: "Choose a new password"})
	})
	m.HandleFunc("POST /reset", s.posting(s.reset))
}

// forgot writes the mail, if there is such an account. The answer is the same in every case.
func (s *Site) forgot(w http.ResponseWriter, r *http.Request) {
	c, err := customerBy(r.Context(), s.db, "email", strings.ToLower(strings.TrimSpace(r.PostForm.Get("email"))))
	if err == nil && s.limit.take("forgot "+c.ID, 3) {
		err = s.sendReset(r.Context(), c)
	}
	if err != nil && !errors.Is(err, errNoCustomer) {
		s.fail(w, r, err)
		return
	}
	s.show(w, r, http.StatusOK, "forgot", page{Title: "Forgot your password?", Notice: "If an account has this e-mail, a letter with a link is on its way. The link works once, for 30 minutes."})
}

// sendReset mails a link whose token stands behind the #: browsers send that part to nobody, so no log, no referrer
// and no widget on the way has it. static/reset.js puts it into the form.
//
// This sample has no mail server: see mail.
func (s *Site) sendReset(ctx context.Context, c Customer) error {
	token, err := s.token("", 32)
	if err != nil {
		return err
	}
	now := s.Now()
	if _, err := s.db.ExecContext(ctx, "DELETE FROM resets WHERE ends_at <= $1", now.UnixMilli()); err != nil {
		return err
	}
	_, err = s.db.ExecContext(ctx, "INSERT INTO resets (token, customer, ends_at) VALUES ($1, $2, $3)", verify.TokenHash(token), c.ID, now.Add(resetLife).UnixMilli())
	if err != nil {
		return err
	}
	return s.mail(c, "Choose a new password", fmt.Sprintf("Somebody, probably you, wants a new password for this account:\r\n\r\n%s/reset#%s\r\n\r\n"+
		"The link works once, for 30 minutes. If it was not you, do nothing.\r\n", s.URL, token))
}

// mail leaves a mail to the address that the account has in the folder mail/ of the shop's data.
func (s *Site) mail(c Customer, subject, body string) error {
	now, folder := s.Now(), filepath.Join(s.Data, "mail")
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	text := fmt.Sprintf("From: Quillmoor Tea <noreply@quillmoor.example>\r\nTo: <%s>\r\nSubject: %s\r\nDate: %s\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n%s",
		c.Email, subject, now.Format(time.RFC1123Z), body)
	return os.WriteFile(filepath.Join(folder, fmt.Sprintf("%d.eml", now.UnixNano())), []byte(text), 0o600)
}

// reset sets the password that a mailed link asked for, and ends every session of the account.
func (s *Site) reset(w http.ResponseWriter, r *http.Request) {
	token, password := r.PostForm.Get("t"), r.PostForm.Get("password")
	if len(password) < minPassword || len(password) > maxPassword {
		s.show(w, r, http.StatusUnprocessableEntity, "reset", page{Title: "Choose a new password", Error: "Please choose a password of 10 to 72 characters.", Data: token})
		return
	}
	hash, err := bcrypt.GenerateFromPassword([]byte(password), s.PasswordCost)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	ctx := r.Context()
	err = s.tx(ctx, func(t *sql.Tx) error {
		var customer string
		err := t.QueryRowContext(ctx, "DELETE FROM resets WHERE token = $1 AND ends_at > $2 RETURNING customer", verify.TokenHash(token), s.Now().UnixMilli()).Scan(&customer)
		if err != nil {
			return err
		}
		if _, err := t.ExecContext(ctx, "DELETE FROM sessions WHERE customer = $1", customer); err != nil {
			return err
		}
		if err := change(ctx, t, customer, "password", string(hash)); err != nil {
			return err
		}
		return note(ctx, t, customer, s.Now(), "Your password was set by a mailed link", "")
	})
	switch {
	case errors.Is(err, sql.ErrNoRows):
		s.show(w, r, http.StatusGone, "forgot", page{Title: "Forgot your password?", Error: "This link was used already, or its 30 minutes have passed. Please ask for a new one."})
	case err != nil:
		s.fail(w, r, err)
	default:
		http.Redirect(w, r, "/signin", http.StatusSeeOther)
	}
}
