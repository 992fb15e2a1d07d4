package main

import (
	"bytes"
	"cmp"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"database/sql"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	shopsite "github.com/postern-chat/postern/cmd/shop/site"
	"github.com/postern-chat/postern/verify"
	"github.com/postern-chat/postern/verify/receipt"
)

const audience = "https://acct.site.test"

// hostSite is a host: the demo shop's own backend and database with the accounts u-vic and u-mal, and beside it the
// backend without a library. What the owner presses on its confirm page is said here, so that it can be bent.
type hostSite struct {
	*httptest.Server
	secret, other verify.Secret // of the sources shop and other
	own           []byte
	sessions      *ecdsa.PrivateKey // signs session tokens; the gateway has the public half
	gate          *node
	now           func() time.Time
	audience      string
	issuer        string // "" = the gateway's URL
	idps          []receipt.IDP
	keys          verify.KeySet // of the gateway, as this host pins them; nil = its present one

	shop    *shopsite.Site
	backend http.Handler // of the shop
	db      *sql.DB      // the shop's database, behind its back
	opened  sync.Once    // tells the shop whose receipts it takes

	mu     sync.Mutex
	bodies [][]byte // every delivery, as it came
	meets  func(w http.ResponseWriter, m receipt.Message) bool
}

func newSite(t *testing.T) *hostSite { return newSiteAt(t) }

// newSiteAt is a host that takes ID tokens of these providers too.
func newSiteAt(t *testing.T, idps ...receipt.IDP) *hostSite {
	t.Helper()
	h := &hostSite{
		idps:   idps,
		secret: make([]byte, 32), other: make([]byte, 32), own: []byte("the host's own key, unknown to us"), now: time.Now, audience: audience,
	}
	for _, s := range []verify.Secret{h.secret, h.other} {
		if _, err := rand.Read(s); err != nil {
			t.Fatal(err)
		}
	}
	var err error
	if h.sessions, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		t.Fatal(err)
	}
	h.open(t)
	mux := http.NewServeMux()
	mux.HandleFunc("/postern", func(w http.ResponseWriter, r *http.Request) { h.deliver(w, r, h.backend.ServeHTTP) })
	mux.HandleFunc("/witness", func(w http.ResponseWriter, r *http.Request) { h.deliver(w, r, h.witnessed) })
	h.Server = httptest.NewServer(mux)
	t.Cleanup(h.Close)
	return h
}

// open opens the shop with its two customers.
func (h *hostSite) open(t *testing.T) {
	t.Helper()
	dir := t.TempDir()
	var err error
	h.shop, err = shopsite.Open(t.Context(), shopsite.Config{
		Data: dir, URL: "https://shop.test", Gateway: "https://unknown.test", Audience: "https://set.later.test", EventSecret: h.secret, OwnKey: h.own,
		GatewayKeys:  func(context.Context) (verify.KeySet, error) { return h.pinned(), nil },
		IDPs:         h.idps,
		Now:          func() time.Time { return h.now() },
		PasswordCost: 4,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = h.shop.Close() })
	h.backend = h.shop.Handler()
	h.db = openSQL(t, "sqlite", "file:"+filepath.Join(dir, "shop.db")+"?_txlock=immediate&_pragma=busy_timeout(10000)&_pragma=foreign_keys(1)")
	for _, c := range []shopsite.Customer{
		{ID: "u-vic", Name: "Harriet Quill", Email: "harriet.quill@example-mail.com", Address: "1742 Maple Hollow Drive Apt 5B, +14155552671, card …8213, born 14 Mar 1983"},
		{ID: "u-mal", Name: "Mallory", Email: "mal@evil.test", Address: "1 Side Street"},
	} {
		if _, _, err := h.shop.Add(t.Context(), c, "a password of theirs"); err != nil {
			t.Fatal(err)
		}
		h.exec(t, `INSERT INTO plans (customer, plan, renews_at, off_at, receipt) VALUES ($1, 'plus', 1900000000000, 0, '')`, c.ID)
	}
	h.exec(t, `INSERT INTO orders (number, customer, placed_at, state, address) VALUES ('112-8834921-5567', 'u-vic', 1, 'packing', 'x')`)
}

// pinned is what the backend knows of the gateway.
func (h *hostSite) pinned() verify.KeySet {
	if h.keys != nil {
		return h.keys
	}
	return verify.KeySet{h.gate.key}
}

func (h *hostSite) exec(t *testing.T, query string, args ...any) {
	t.Helper()
	if _, err := h.db.Exec(query, args...); err != nil {
		t.Fatal(err)
	}
}

// meet lets f answer deliveries before the backend sees them; nil = no longer.
func (h *hostSite) meet(f func(w http.ResponseWriter, m receipt.Message) bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.meets = f
}

// renew gives both customers a plan that renews, whatever was applied before.
func (h *hostSite) renew(t *testing.T) {
	t.Helper()
	h.exec(t, `UPDATE plans SET plan = 'plus', off_at = 0, receipt = ''`)
}

const policyText = `
[[kind]]
name = "renewal.cancel"
host = "shop"
tier = "plain"
title = {en = "Cancel the renewal of your plan"}
field = [{name = "plan", as = "enum", values = ["basic", "plus"], label = {en = "Plan"}}]
[[kind]]
name = "name.change"
host = "shop"
tier = "plain"
title = {en = "Change your display name"}
field = [{name = "name", as = "text", max = 8192, label = {en = "New name"}}]
[[kind]]
name = "account.read"
host = "shop"
tier = "read"
title = {en = "Show account details to support"}
field = [{name = "fields", as = "set", values = ["orders", "plan", "status"], label = {en = "What support will see"}}]
[[kind]]
name = "email.change"
host = "shop"
tier = "sensitive"
title = {en = "Change your login e-mail"}
field = [{name = "email", as = "email", label = {en = "New e-mail"}}]
`

// config writes the deploy files of this host over c.
func (h *hostSite) config(t *testing.T, c Config) Config {
	t.Helper()
	dir := t.TempDir()
	file := func(name, text string) string {
		p := filepath.Join(dir, name)
		if err := os.WriteFile(p, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return p
	}
	public, err := publicPEM(h.sessions)
	if err != nil {
		t.Fatal(err)
	}
	secret := func(s verify.Secret) string { return "whsec_" + base64.StdEncoding.EncodeToString(s) }
	c.PolicyFile = file("policy.toml", policyText)
	c.Hosts = []HostConfig{{
		Name: "shop", Audience: h.audience, Site: "https://shop.test/", VerifyURL: h.URL + "/support-verify",
		DeliveryURL: h.URL + "/postern", RecoveryURL: "https://shop.test/forgot", Allow: []string{"127.0.0.1/32"},
		SessionKeyFile: file("session.pub.pem", string(public)),
	}}
	c.Sources = []SourceConfig{
		{Name: "shop", Adapter: "webhook", Host: "shop", SecretsFile: file("secrets", secret(h.secret))},
		{Name: "other", Adapter: "webhook", Host: "shop", SecretsFile: file("secrets.other", secret(h.other))},
	}
	return c
}

// deliver takes a delivery of the gateway, or of whoever says that he is one.
func (h *hostSite) deliver(w http.ResponseWriter, r *http.Request, profile http.HandlerFunc) {
	h.opened.Do(func() { h.shop.Gateway, h.shop.Audience = cmp.Or(h.issuer, h.gate.url), h.audience })
	raw, err := io.ReadAll(io.LimitReader(r.Body, receipt.MaxMessage))
	if err != nil {
		http.Error(w, "", http.StatusBadRequest)
		return
	}
	h.mu.Lock()
	h.bodies = append(h.bodies, raw)
	meets := h.meets
	h.mu.Unlock()
	if m, err := receipt.ParseMessage(raw); err == nil && meets != nil && meets(w, m) {
		return
	}
	r.Body, r.URL.Path = io.NopCloser(bytes.NewReader(raw)), "/postern"
	profile(w, r.WithContext(context.WithoutCancel(r.Context()))) // it finishes what it has begun, also when the gateway has died
}

// witnessed is the backend without a library, as proof-gate.md §3.6 prints it: the own witness alone.
func (h *hostSite) witnessed(w http.ResponseWriter, r *http.Request) {
	raw, err := io.ReadAll(r.Body)
	if err != nil {
		refuseDelivery(w, err)
		return
	}
	answer, err := h.believed(r.Context(), raw)
	if err != nil {
		refuseDelivery(w, err)
		return
	}
	_, _ = w.Write(answer)
}

func (h *hostSite) believed(ctx context.Context, raw []byte) ([]byte, error) {
	m, err := receipt.ParseMessage(raw)
	if err != nil {
		return nil, err
	}
	var more struct {
		Evidence *verify.Evidence `json:"evidence"`
	}
	if err := json.Unmarshal(raw, &more); err != nil {
		return nil, err
	}
	chg, err := m.Change.Digest()
	if err != nil {
		return nil, err
	}
	if !h.witness(m, more.Evidence, chg) {
		return nil, verify.Refuse(verify.EvidenceWitness)
	}
	return h.once(ctx, m, chg)
}

func (h *hostSite) witness(m receipt.Message, e *verify.Evidence, chg string) bool {
	return e != nil && h.now().Unix()-e.AuthTime <= 790 &&
		verify.Equal(e.Witness, verify.Witness(h.own, m.Commit, chg, m.Sub, e.AuthTime))
}

func refuseDelivery(w http.ResponseWriter, err error) {
	status := http.StatusForbidden
	switch verify.ReasonOf(err).Code() {
	case "conflict":
		status = http.StatusConflict
	case "invalid":
		status = http.StatusBadRequest
	case "internal":
		status = http.StatusInternalServerError
	}
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]string{"code": string(verify.ReasonOf(err))})
}

// burned is the host's burn table, inside its one transaction.
type burned struct{ *sql.Tx }

func (b burned) Find(ctx context.Context, commit string) (chg string, answer []byte, found bool, err error) {
	err = b.QueryRowContext(ctx, `SELECT chg, answer FROM burned WHERE commit_hash = $1`, commit).Scan(&chg, &answer)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil, false, nil
	}
	return chg, answer, err == nil, err
}

func (b burned) Insert(ctx context.Context, commit, chg string, answer []byte) (bool, error) {
	res, err := b.ExecContext(ctx, `INSERT INTO burned (commit_hash, chg, answer, at) VALUES ($1, $2, $3, 0) ON CONFLICT DO NOTHING`, commit, chg, string(answer))
	if err != nil {
		return false, err
	}
	n, err := res.RowsAffected()
	return n == 1, err
}

// once is the host's transaction: what fails leaves no burn.
func (h *hostSite) once(ctx context.Context, m receipt.Message, chg string) ([]byte, error) {
	tx, err := h.db.BeginTx(ctx, nil)
	if err != nil {
		return nil, err
	}
	defer func() { _ = tx.Rollback() }() // after a commit it does nothing
	p := receipt.Proven{Commit: m.Commit, Chg: chg, Change: m.Change}
	answer, err := receipt.Once(ctx, burned{tx}, p, []byte(`{"result":"applied","version":"2"}`), func() error { return apply(ctx, tx, m.Sub, m.Change) })
	if err != nil {
		return nil, err
	}
	return answer, tx.Commit()
}

// apply carries a change out; what it does not know it does not do.
func apply(ctx context.Context, tx *sql.Tx, sub string, c verify.Change) error {
	query, field := "", ""
	switch c.Kind {
	case "email.change":
		query, field = `UPDATE customers SET email = $2, version = version + 1 WHERE id = $1`, "email"
	case "name.change":
		query, field = `UPDATE customers SET name = $2, version = version + 1 WHERE id = $1`, "name"
	}
	value, ok := c.Fields[field]
	if !ok || len(c.Fields) != 1 {
		return verify.Refuse(verify.ChangeSchema)
	}
	_, err := tx.ExecContext(ctx, query, sub, value)
	return err
}

// session is a session token for the mailbox "support" that names the only possible subject.
func (h *hostSite) session(t *testing.T, sub string) string {
	t.Helper()
	return h.sessionOf(t, sub, nil)
}

// sessionOf is one that says more of the account.
func (h *hostSite) sessionOf(t *testing.T, sub string, more map[string]any) string {
	t.Helper()
	now := h.now().Unix()
	claims := map[string]any{"iss": h.audience, "aud": "support", "sub": sub, "iat": now, "exp": now + 300, "jti": rand.Text()}
	maps.Copy(claims, more)
	return sign(t, h.sessions, "postern-session+jwt", claims)
}

// changes is how many changes were ever applied: each counts its account's version up by one.
func (h *hostSite) changes(t testing.TB) (n int) {
	t.Helper()
	if err := h.db.QueryRow(`SELECT SUM(version) - COUNT(*) FROM customers`).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// told reports whether the customer's log has a notice of the gateway that says so.
func (h *hostSite) told(t *testing.T, sub, words string) bool {
	t.Helper()
	n := 0
	err := h.db.QueryRow(`SELECT COUNT(*) FROM log WHERE customer = $1 AND what LIKE $2 AND once IS NOT NULL`, sub, "%"+words+"%").Scan(&n)
	if err != nil {
		t.Fatal(err)
	}
	return n > 0
}

// dump is the backend's database: every row of every table in the order of its key, but for sessions and the log,
// which holds logins and notices. Equal dumps are byte-identical databases (proof-gate.md §8).
func (h *hostSite) dump(t *testing.T) string {
	t.Helper()
	if h == nil { // a gateway without this host
		return ""
	}
	var out strings.Builder
	for _, table := range h.rows(t, `SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT IN ('sessions', 'log') AND name NOT LIKE 'sqlite%' ORDER BY name`) {
		name := table[0].(string)
		for _, row := range h.rows(t, "SELECT * FROM "+name+" ORDER BY 1, 2") {
			line, err := json.Marshal(row)
			if err != nil {
				t.Fatal(err)
			}
			out.WriteString(name + " " + string(line) + "\n")
		}
	}
	return out.String()
}

// rows gives the rows of a query as they are stored.
func (h *hostSite) rows(t *testing.T, query string) (all [][]any) {
	t.Helper()
	rows, err := h.db.Query(query)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	names, err := rows.Columns()
	for err == nil && rows.Next() {
		values, to := make([]any, len(names)), make([]any, len(names))
		for i := range values {
			to[i] = &values[i]
		}
		err = rows.Scan(to...)
		all = append(all, values)
	}
	if err := errors.Join(err, rows.Err()); err != nil {
		t.Fatal(err)
	}
	return all
}

// view is what the host's page may know of a handle; status 410 for a dead one.
func (h *hostSite) view(t *testing.T, address string) (handle string, view verify.View, status int) {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	handle = u.Query().Get("h")
	res, err := http.Get(h.gate.url + "/v1/challenge/" + handle)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode == http.StatusOK {
		if err := json.NewDecoder(res.Body).Decode(&view); err != nil {
			t.Fatal(err)
		}
	}
	return handle, view, res.StatusCode
}

// event is what the host would post for the owner's choice after a fresh login.
func (h *hostSite) event(t *testing.T, address, typ string, bend func(e map[string]any)) []byte {
	t.Helper()
	handle, view, _ := h.view(t, address)
	chg, err := view.Change.Digest()
	if err != nil {
		t.Fatal(err)
	}
	e := map[string]any{"type": typ, "handle": handle, "chg": chg, "sub": "u-vic", "auth_time": h.now().Unix()}
	if bend != nil {
		bend(e)
	}
	if typ == verify.LoginConfirmed && e["witness"] == nil {
		at, _ := e["auth_time"].(int64)
		e["witness"] = verify.Witness(h.own, view.Commit, e["chg"].(string), e["sub"].(string), at)
	}
	body, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	return body
}

// press is the owner's choice on the host's own page after a fresh login; it gives status and answer.
func (h *hostSite) press(t *testing.T, address, typ string, bend func(e map[string]any)) (int, map[string]any) {
	t.Helper()
	return h.post(t, h.secret, h.event(t, address, typ, bend))
}

func (h *hostSite) post(t *testing.T, secret verify.Secret, body []byte) (int, map[string]any) {
	t.Helper()
	status, raw := h.hook(t, "shop", body, func(r *http.Request) { verify.SignHook(r.Header, secret, hookID(), h.now(), body) })
	out := map[string]any{}
	_ = json.Unmarshal(raw, &out) // an empty answer is one too
	return status, out
}

// hookID is fresh each time.
func hookID() string { return "ev_" + rand.Text() }

// hook posts to a source of login events; sign puts the headers on.
func (h *hostSite) hook(t *testing.T, source string, body []byte, sign func(*http.Request)) (int, []byte) {
	t.Helper()
	req, err := http.NewRequest("POST", h.gate.url+"/v1/events/"+source, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	sign(req)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, raw
}

// send delivers a body to the backend as a gateway would; it gives status and code.
func (h *hostSite) send(t *testing.T, path string, body []byte) (int, string, []byte) {
	t.Helper()
	req, err := http.NewRequest("POST", h.URL+path, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	verify.SignHook(req.Header, h.secret, "dl_"+strconv.FormatInt(time.Now().UnixNano(), 10), time.Now(), body)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(fmt.Errorf("deliver: %w", err))
	}
	defer func() { _ = res.Body.Close() }()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	var out struct {
		Code string `json:"code"`
	}
	_ = json.Unmarshal(raw, &out)
	return res.StatusCode, out.Code, raw
}
