package site

import (
	"context"
	"database/sql"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/postern-chat/postern/verify"
	"github.com/postern-chat/postern/verify/receipt"
)

// burned is the table of receipts that were carried out, inside one transaction.
type burned struct {
	t  *sql.Tx
	at int64
}

// Find implements receipt.Burned.
func (b burned) Find(ctx context.Context, commit string) (chg string, answer []byte, found bool, err error) {
	err = b.t.QueryRowContext(ctx, "SELECT chg, answer FROM burned WHERE commit_hash = $1", commit).Scan(&chg, &answer)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil, false, nil
	}
	return chg, answer, err == nil, err
}

// Insert implements receipt.Burned.
func (b burned) Insert(ctx context.Context, commit, chg string, answer []byte) (bool, error) {
	res, err := b.t.ExecContext(ctx, "INSERT INTO burned (commit_hash, chg, answer, at) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
		commit, chg, string(answer), b.at)
	if err != nil {
		return false, err
	}
	n, err := res.RowsAffected()
	return n == 1, err
}

// deliver is the endpoint that the gateway posts to. A change is believed for its receipt and for nothing else; a
// notice for its signature; types that are not known are answered 204.
func (s *Site) deliver(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, receipt.MaxMessage))
	if err != nil || r.Header.Get("Content-Encoding") != "" {
		answer(w, http.StatusBadRequest, map[string]string{"code": string(verify.JSONInvalid)})
		return
	}
	if q, ok := asksFacts(body); ok {
		s.facts(w, r, q, body)
		return
	}
	m, err := receipt.ParseMessage(body)
	if err != nil {
		s.refuse(w, r, err)
		return
	}
	switch m.Type {
	case "change.apply":
		text, p, err := s.apply(r.Context(), m)
		if err != nil {
			s.refuse(w, r, err)
			return
		}
		answer(w, http.StatusOK, json.RawMessage(text))
		_ = http.NewResponseController(w).Flush() // the answer first: looking at the gateway's log may take a while
		s.watch(r.Context(), p)
	case "change.announce":
		until, err := s.announce(r.Context(), m)
		if err != nil {
			s.refuse(w, r, err)
			return
		}
		answer(w, http.StatusOK, map[string]int64{"not_before": until.Unix()})
	case "change.settle":
		s.settle(w, r, m)
	case "owner.notice":
		s.notice(w, r, m, body)
	default:
		w.WriteHeader(http.StatusNoContent)
	}
}

// apply carries a change out, once, in one transaction: look whether it was done, check the receipt, burn its
// commitment, change the account. A refusal rolls everything back.
func (s *Site) apply(ctx context.Context, m receipt.Message) (text []byte, p receipt.Proven, err error) {
	keys, err := s.gatewayKeys(ctx)
	if err != nil {
		return nil, p, err
	}
	now := s.Now()
	err = s.tx(ctx, func(t *sql.Tx) error {
		table := burned{t, now.UnixMilli()}
		var done bool
		if text, done, err = receipt.Lookup(ctx, table, m); done || err != nil {
			return err
		}
		var owner Customer
		if p, err = s.checker(ctx, t, keys, &owner).CheckPending(ctx, waiting{t: t}, m, now); err != nil {
			return err
		}
		if b := p.Change.Base; b != verify.AnyBase && b != version(owner.Version) {
			return verify.Refuse(verify.ChangeBase)
		}
		said, err := result(ctx, t, owner, p.Change)
		if err != nil {
			return err
		}
		text, err = receipt.Once(ctx, table, p, said, func() error {
			number := receiptNumber(m.Receipt)
			if err := carryOut(ctx, t, owner, p.Change, number, now.UnixMilli()); err != nil {
				return err
			}
			return note(ctx, t, owner.ID, now, title(p.Change.Kind)+", as you approved at support", "Receipt "+number)
		})
		return err
	})
	return text, p, err
}

// checker is what the shop knows by itself; it finds the owner on the way.
func (s *Site) checker(ctx context.Context, t *sql.Tx, keys verify.KeySet, owner *Customer) receipt.Checker {
	return receipt.Checker{
		Gateway: s.Gateway, Audience: s.Audience, Keys: keys, OwnKey: s.OwnKey, Minimum: s.minimum, Cooled: s.cooled, IDPs: s.IDPs,
		Linked: func(_, sub string) (err error) { *owner, err = customerBy(ctx, t, "id", sub); return err },
	}
}

// receiptNumber is the id of a receipt whose signature was checked.
func receiptNumber(jws string) string {
	parts := strings.Split(jws, ".")
	if len(parts) != 3 {
		return ""
	}
	text, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return ""
	}
	o, err := verify.ReadObject(text, verify.MaxJWT)
	if err != nil {
		return ""
	}
	id, _ := o.String("jti") // "" if it has none
	return id
}

// settle answers whether a change was carried out, to a gateway that has lost our answer.
func (s *Site) settle(w http.ResponseWriter, r *http.Request, m receipt.Message) {
	var text []byte
	err := s.tx(r.Context(), func(t *sql.Tx) (err error) {
		_, text, _, err = burned{t: t}.Find(r.Context(), m.Commit)
		return err
	})
	switch {
	case err != nil:
		s.refuse(w, r, err)
	case text == nil:
		answer(w, http.StatusOK, map[string]string{"result": verify.ResultUnknown})
	default:
		answer(w, http.StatusOK, json.RawMessage(text))
	}
}

// notice tells the owner of an account what happened at support. It changes nothing, but it is read by people, so
// it must be signed; the same notice again is kept once.
func (s *Site) notice(w http.ResponseWriter, r *http.Request, m receipt.Message, body []byte) {
	id, err := verify.CheckHook(r.Header, []verify.Secret{s.EventSecret}, s.Now(), body)
	if err != nil {
		s.refuse(w, r, err)
		return
	}
	what := map[string]string{
		"disowned": "Support has stopped a request that you said was not yours", "applied": "A change was made through support",
		"cooling": "A change through support is waiting",
	}[m.Notice]
	switch {
	case m.Notice == "claimed":
		err = s.warn(r.Context(), m.Claimed)
	case m.Notice == "transcript" && s.ours(m.Link):
		err = s.linked(r.Context(), m, id)
	case what != "":
		_, err = s.db.ExecContext(r.Context(), `
			INSERT INTO log (customer, at, what, detail, once) SELECT id, $2, $3, '', $4 FROM customers WHERE id = $1
			ON CONFLICT DO NOTHING`, m.Sub, s.Now().UnixMilli(), what, id)
	}
	if err != nil {
		s.refuse(w, r, err)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// ours reports whether an address is a page of the gateway that the shop knows, and of no other.
func (s *Site) ours(address string) bool {
	return strings.HasPrefix(address, strings.TrimRight(s.Gateway, "/")+"/")
}

// linked hands the owner the link to an old conversation, in the security log and by one mail to the address that the
// account has here: the gateway knows none. What was written is in neither.
func (s *Site) linked(ctx context.Context, m receipt.Message, id string) error {
	c, err := customerBy(ctx, s.db, "id", m.Sub)
	if errors.Is(err, errNoCustomer) {
		return nil
	}
	if err != nil {
		return err
	}
	const what = "You can read a conversation with support again for 7 days"
	res, err := s.db.ExecContext(ctx, "INSERT INTO log (customer, at, what, detail, once) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING",
		c.ID, s.Now().UnixMilli(), what, m.Link, id)
	if err != nil {
		return err
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 { // the same notice again
		return err
	}
	return s.mail(c, "Your conversation with support", what+", after you log in: "+m.Link+"\r\n")
}

// warn tells the owner of the account with this e-mail that somebody typed it at support, once in 24 hours. Whoever
// has no account here gets nothing, and the gateway the same answer.
func (s *Site) warn(ctx context.Context, email string) error {
	const what = "Somebody wrote to support and gave your e-mail"
	now := s.Now()
	_, err := s.db.ExecContext(ctx, `
		INSERT INTO log (customer, at, what, detail) SELECT id, $2, $3, '' FROM customers WHERE email = $1
		AND NOT EXISTS (SELECT 1 FROM log WHERE customer = customers.id AND what = $3 AND at > $4)`,
		strings.ToLower(email), now.UnixMilli(), what, now.Add(-24*time.Hour).UnixMilli())
	return err
}

// refuse answers with the reason code. What is not a refusal of the gate is our own fault: 500, so that the gateway
// asks again.
func (s *Site) refuse(w http.ResponseWriter, r *http.Request, err error) {
	var e *verify.Error
	if !errors.As(err, &e) {
		s.Log.ErrorContext(r.Context(), "shop: delivery failed", "err", err)
		answer(w, http.StatusInternalServerError, map[string]string{"code": "internal"})
		return
	}
	s.Log.InfoContext(r.Context(), "shop: delivery refused", "reason", e.Reason())
	status := http.StatusForbidden
	switch e.Code() {
	case "invalid":
		status = http.StatusBadRequest
	case "event_rejected":
		status = http.StatusUnauthorized
	case "conflict":
		status = http.StatusConflict
	}
	answer(w, status, map[string]string{"code": e.Reason()})
}

func answer(w http.ResponseWriter, status int, v any) {
	text, err := json.Marshal(v)
	if err != nil {
		status, text = http.StatusInternalServerError, []byte("{}")
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(text) // who has gone away asks again
}
