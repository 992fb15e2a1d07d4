package site

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/postern-chat/postern/verify"
	"github.com/postern-chat/postern/verify/receipt"
)

// cooling is how long a change waits here before it is applied, whatever the gateway says.
const cooling = 24 * time.Hour

// cooled is the shop's own minimum for a change that waits and that its owner can cancel.
func (s *Site) cooled(kind string) verify.Level {
	if title(kind) == "" {
		return ""
	}
	return verify.A2
}

// waiting is the table of announced changes, inside one transaction.
type waiting struct {
	t      *sql.Tx
	cancel string // hash of the token in the owner's link
	// Of the delivery that is announced.
	challenge, title string
}

// Pending implements receipt.Cooling.
func (w waiting) Pending(ctx context.Context, commit string) (p receipt.Pending, found bool, err error) {
	var at, until, off int64
	err = w.t.QueryRowContext(ctx, "SELECT chg, sub, sub_iss, level, at, not_before, cancelled_at FROM pending WHERE commit_hash = $1", commit).
		Scan(&p.Chg, &p.Sub, &p.SubIss, &p.Level, &at, &until, &off)
	if errors.Is(err, sql.ErrNoRows) {
		return p, false, nil
	}
	p.At, p.NotBefore, p.Cancelled = time.UnixMilli(at), time.UnixMilli(until), off > 0
	return p, err == nil, err
}

// Announce implements receipt.Cooling.
func (w waiting) Announce(ctx context.Context, commit string, p receipt.Pending) error {
	_, err := w.t.ExecContext(ctx, `
		INSERT INTO pending (commit_hash, chg, sub, sub_iss, level, at, not_before, cancelled_at, cancel, challenge, title)
		VALUES ($1, $2, $3, $4, $5, $6, $7, 0, $8, $9, $10)`, commit, p.Chg, p.Sub, p.SubIss, string(p.Level), p.At.UnixMilli(), p.NotBefore.UnixMilli(), w.cancel, w.challenge, w.title)
	return err
}

// announce takes a change that has to wait: it keeps it, and mails the owner at the address that the account has
// now, with a link that cancels. Nothing of the account is changed.
func (s *Site) announce(ctx context.Context, m receipt.Message) (until time.Time, err error) {
	keys, err := s.gatewayKeys(ctx)
	if err != nil {
		return until, err
	}
	token, err := s.token("", 32)
	if err != nil {
		return until, err
	}
	now := s.Now()
	err = s.tx(ctx, func(t *sql.Tx) error {
		var owner Customer
		checker := s.checker(ctx, t, keys, &owner)
		words := title(m.Change.Kind)
		table := waiting{t: t, cancel: verify.TokenHash(token), challenge: m.Challenge, title: words}
		p, fresh, err := checker.Announce(ctx, table, burned{t, now.UnixMilli()}, m, cooling, now)
		until = p.NotBefore
		if err != nil || !fresh {
			return err
		}
		if err := note(ctx, t, owner.ID, now, words+": asked for at support, waits until "+until.UTC().Format("2 January 2006, 15:04 MST"), ""); err != nil {
			return err
		}
		return s.sendCancel(owner, words, token, until)
	})
	return until, err
}

// sendCancel mails a link whose token stands behind the #, as sendReset does. Inside the transaction: a change whose
// mail cannot be left is not taken.
func (s *Site) sendCancel(owner Customer, words, token string, until time.Time) error {
	folder := filepath.Join(s.Data, "mail")
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	now := s.Now()
	text := fmt.Sprintf("From: Quillmoor Tea <noreply@quillmoor.example>\r\nTo: <%s>\r\nSubject: %s\r\nDate: %s\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"+
		"Somebody who was signed in to your account, probably you, asked our support for this:\r\n\r\n%s\r\n\r\nIt will be done after %s. If it was not you, cancel it:\r\n\r\n%s/cancel#%s\r\n\r\nNo sign-in is needed to cancel.\r\n",
		owner.Email, words, now.Format(time.RFC1123Z), words, until.UTC().Format("2 January 2006, 15:04 MST"), s.URL, token)
	return os.WriteFile(filepath.Join(folder, fmt.Sprintf("%d.eml", now.UnixNano())), []byte(text), 0o600)
}

func (s *Site) cancelRoutes(m *http.ServeMux) {
	m.HandleFunc("GET /cancel", func(w http.ResponseWriter, r *http.Request) {
		s.show(w, r, http.StatusOK, "cancel", page{Title: "Cancel a change"})
	})
	m.HandleFunc("POST /cancel", s.posting(s.cancel))
}

// cancel ends a change that waits, for good, and tells the gateway. Whoever has the link needs no sign-in. What the
// gateway makes of it does not matter: the receipt for this change is refused from now on.
func (s *Site) cancel(w http.ResponseWriter, r *http.Request) {
	ctx, now, hash := r.Context(), s.Now(), verify.TokenHash(r.PostForm.Get("t"))
	var commit, challenge, customer, words string
	err := s.tx(ctx, func(t *sql.Tx) error {
		err := t.QueryRowContext(ctx, `
			UPDATE pending SET cancelled_at = $2 WHERE cancel = $1 AND cancelled_at = 0
			AND commit_hash NOT IN (SELECT commit_hash FROM burned) RETURNING commit_hash, challenge, sub, title`, hash, now.UnixMilli()).
			Scan(&commit, &challenge, &customer, &words)
		if err != nil {
			return err
		}
		return note(ctx, t, customer, now, words+": you cancelled it", "")
	})
	switch {
	case errors.Is(err, sql.ErrNoRows):
		s.show(w, r, http.StatusGone, "cancel", page{Title: "Cancel a change", Error: "This change was cancelled already, or it is done."})
		return
	case err != nil:
		s.fail(w, r, err)
		return
	}
	if err := s.sendCancelled(ctx, commit, challenge); err != nil {
		s.Log.WarnContext(ctx, "shop: the gateway was not told of a cancelled change", "err", err)
	}
	s.show(w, r, http.StatusOK, "cancel", page{Title: "Cancel a change", Notice: words + ": cancelled. Nothing was changed."})
}

// sendCancelled tells the gateway, so that support reads it too.
func (s *Site) sendCancelled(ctx context.Context, commit, challenge string) error {
	body, err := json.Marshal(map[string]string{
		"type": verify.ChangeResult, "challenge": challenge, "commit": commit, "result": verify.ResultRefused, "code": string(verify.OwnerCancelled),
	})
	if err != nil {
		return err
	}
	id, err := s.token("ev_", 16)
	if err != nil {
		return err
	}
	h := http.Header{"Content-Type": {"application/json"}}
	verify.SignHook(h, s.EventSecret, id, s.Now(), body)
	status, _, err := s.call(ctx, http.MethodPost, "/v1/events/"+url.PathEscape(s.Source), h, body)
	if err == nil && status != http.StatusOK {
		err = fmt.Errorf("shop: answered %d", status)
	}
	return err
}
