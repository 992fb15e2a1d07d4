package main

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/postern-chat/postern/verify"
	"github.com/postern-chat/postern/verify/receipt"
)

const audience = "https://acct.site.test"

// hostSite is a host: the accounts u-vic and u-mal, a confirm page, and a backend that checks every receipt itself.
type hostSite struct {
	*httptest.Server
	secret, other verify.Secret // of the sources shop and other
	own           []byte
	gate          *node
	now           func() time.Time
	audience      string
	issuer        string // "" = the gateway's URL

	mu       sync.Mutex
	accounts map[string]map[string]string // subject → field → value
	applied  []verify.Change
	burned   map[string][2]string // commit → chg, answer
	notices  []string             // kind and subject of each owner.notice
	bodies   [][]byte             // every delivery, as it came
	meets    func(w http.ResponseWriter, m receipt.Message) bool
}

func newSite(t *testing.T) *hostSite {
	t.Helper()
	h := &hostSite{
		secret: make([]byte, 32), other: make([]byte, 32), own: []byte("the host's own key, unknown to us"), now: time.Now, audience: audience,
		burned: map[string][2]string{}, accounts: map[string]map[string]string{
			"u-vic": {"email": "harriet.quill@example-mail.com", "plan": "plus", "renewal": "on", "address": "1742 Maple Hollow Drive Apt 5B"},
			"u-mal": {"email": "mal@evil.test", "plan": "basic", "renewal": "on", "address": "1 Side Street"},
		},
	}
	for _, s := range []verify.Secret{h.secret, h.other} {
		if _, err := rand.Read(s); err != nil {
			t.Fatal(err)
		}
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/postern", func(w http.ResponseWriter, r *http.Request) { h.deliver(w, r, h.checked) })
	mux.HandleFunc("/witness", func(w http.ResponseWriter, r *http.Request) { h.deliver(w, r, h.witnessed) })
	h.Server = httptest.NewServer(mux)
	t.Cleanup(h.Close)
	return h
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
	secret := func(s verify.Secret) string { return "whsec_" + base64.StdEncoding.EncodeToString(s) }
	c.PolicyFile = file("policy.toml", policyText)
	c.Hosts = []HostConfig{{
		Name: "shop", Audience: h.audience, Site: "https://shop.test/", VerifyURL: h.URL + "/support-verify",
		DeliveryURL: h.URL + "/postern", RecoveryURL: "https://shop.test/forgot", Allow: []string{"127.0.0.1/32"},
	}}
	c.Sources = []SourceConfig{
		{Name: "shop", Adapter: "webhook", Host: "shop", SecretsFile: file("secrets", secret(h.secret))},
		{Name: "other", Adapter: "webhook", Host: "shop", SecretsFile: file("secrets.other", secret(h.other))},
	}
	return c
}

// Find and Insert are the burn table of the host's one transaction: mu is held.
func (h *hostSite) Find(_ context.Context, commit string) (chg string, answer []byte, found bool, err error) {
	row, ok := h.burned[commit]
	return row[0], []byte(row[1]), ok, nil
}

func (h *hostSite) Insert(_ context.Context, commit, chg string, answer []byte) (bool, error) {
	if _, ok := h.burned[commit]; ok {
		return false, nil
	}
	h.burned[commit] = [2]string{chg, string(answer)}
	return true, nil
}

// deliver takes a delivery of the gateway, or of whoever says that he is one.
func (h *hostSite) deliver(w http.ResponseWriter, r *http.Request, profile func(context.Context, []byte, receipt.Message) ([]byte, error)) {
	raw, err := io.ReadAll(io.LimitReader(r.Body, receipt.MaxMessage))
	if err != nil {
		http.Error(w, "", http.StatusBadRequest)
		return
	}
	m, err := receipt.ParseMessage(raw)
	if err != nil {
		refuseDelivery(w, err)
		return
	}
	h.mu.Lock()
	h.bodies = append(h.bodies, raw)
	meets := h.meets
	h.mu.Unlock()
	if meets != nil && meets(w, m) {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	switch m.Type {
	case "change.apply":
		answer, err := profile(r.Context(), raw, m)
		if err != nil {
			refuseDelivery(w, err)
			return
		}
		_, _ = w.Write(answer)
	case "change.settle":
		if row, ok := h.burned[m.Commit]; ok {
			_, _ = w.Write([]byte(row[1]))
			return
		}
		_, _ = w.Write([]byte(`{"result":"unknown"}`))
	case "owner.notice":
		if _, err := verify.CheckHook(r.Header, []verify.Secret{h.secret, h.other}, time.Now(), raw); err == nil {
			h.notices = append(h.notices, m.Notice+" "+m.Sub)
		}
		w.WriteHeader(http.StatusNoContent)
	default:
		w.WriteHeader(http.StatusNoContent)
	}
}

func refuseDelivery(w http.ResponseWriter, err error) {
	status := http.StatusForbidden
	if verify.ReasonOf(err) == verify.ReceiptAlreadyUsed {
		status = http.StatusConflict
	}
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]string{"code": string(verify.ReasonOf(err))})
}

var hostApplied = []byte(`{"result":"applied","version":"2"}`)

// checked is the backend with the library: steps 1 to 10 of proof-gate.md §3.9. mu is held.
func (h *hostSite) checked(ctx context.Context, _ []byte, m receipt.Message) ([]byte, error) {
	if answer, found, err := receipt.Lookup(ctx, h, m); found || err != nil {
		return answer, err
	}
	c := receipt.Checker{
		Gateway: cmp.Or(h.issuer, h.gate.url), Audience: h.audience, Keys: verify.KeySet{h.gate.key}, OwnKey: h.own,
		Minimum: func(string) verify.Level { return verify.A3 },
		Linked: func(_, sub string) error {
			if h.accounts[sub] == nil {
				return errors.New("no such account")
			}
			return nil
		},
	}
	p, err := c.Check(m, h.now())
	if err != nil {
		return nil, err
	}
	return h.once(ctx, p, p.Sub)
}

// witnessed is the backend without a library, as proof-gate.md §3.6 prints it: the own witness alone. mu is held.
func (h *hostSite) witnessed(ctx context.Context, raw []byte, m receipt.Message) ([]byte, error) {
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
	e := more.Evidence
	if e == nil || h.now().Unix()-e.AuthTime > 790 || !verify.Equal(e.Witness, verify.Witness(h.own, m.Commit, chg, m.Sub, e.AuthTime)) {
		return nil, verify.Refuse(verify.EvidenceWitness)
	}
	return h.once(ctx, receipt.Proven{Commit: m.Commit, Chg: chg, Change: m.Change}, m.Sub)
}

// once is the host's transaction: what fails leaves no burn. mu is held.
func (h *hostSite) once(ctx context.Context, p receipt.Proven, sub string) ([]byte, error) {
	answer, err := receipt.Once(ctx, h, p, hostApplied, func() error {
		err := h.apply(sub, p.Change)
		if err != nil {
			delete(h.burned, p.Commit)
		}
		return err
	})
	return answer, err
}

// apply carries a change out; what it does not know it does not do. mu is held.
func (h *hostSite) apply(sub string, c verify.Change) error {
	for f := range c.Fields {
		if !slices.Contains(map[string][]string{"renewal.cancel": {"plan"}, "name.change": {"name"}, "email.change": {"email"}}[c.Kind], f) {
			return verify.Refuse(verify.ChangeSchema)
		}
	}
	a := h.accounts[sub]
	switch c.Kind {
	case "renewal.cancel":
		a["renewal"] = "off"
	case "name.change":
		a["name"] = c.Fields["name"]
	case "email.change":
		a["email"] = c.Fields["email"]
	default:
		return verify.Refuse(verify.ChangeSchema)
	}
	h.applied = append(h.applied, c)
	return nil
}

func (h *hostSite) changes() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.applied)
}

// dump is everything that the host knows of its accounts, in one canonical text.
func (h *hostSite) dump(t *testing.T) string {
	t.Helper()
	h.mu.Lock()
	defer h.mu.Unlock()
	b, err := json.Marshal(map[string]any{"accounts": h.accounts, "applied": h.applied, "burned": h.burned})
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
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
