package main

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/sha256"
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
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/postern-chat/postern/verify"
	"github.com/postern-chat/postern/verify/receipt"
)

const audience = "https://acct.site.test"

// hostSite is a host: one account u-vic, a confirm page, and a backend that checks every receipt itself.
type hostSite struct {
	*httptest.Server
	secret verify.Secret
	own    []byte
	gate   *node

	mu      sync.Mutex
	applied []verify.Change
	burned  map[string][2]string // commit → chg, answer
}

func newSite(t *testing.T) *hostSite {
	t.Helper()
	h := &hostSite{secret: make([]byte, 32), own: []byte("the host's own key, unknown to us"), burned: map[string][2]string{}}
	if _, err := rand.Read(h.secret); err != nil {
		t.Fatal(err)
	}
	h.Server = httptest.NewServer(http.HandlerFunc(h.deliver))
	t.Cleanup(h.Close)
	return h
}

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
	c.PolicyFile = file("policy.toml", `
[[kind]]
name = "renewal.cancel"
host = "shop"
tier = "plain"
title = {en = "Cancel the renewal of your plan"}
field = [{name = "plan", as = "enum", values = ["basic", "plus"], label = {en = "Plan"}}]
`)
	c.Hosts = []HostConfig{{
		Name: "shop", Audience: audience, Site: "https://shop.test/", VerifyURL: h.URL + "/support-verify",
		DeliveryURL: h.URL + "/postern", RecoveryURL: "https://shop.test/forgot", Allow: []string{"127.0.0.1/32"},
	}}
	c.Sources = []SourceConfig{{
		Name: "shop", Adapter: "webhook", Host: "shop",
		SecretsFile: file("secrets", "whsec_"+base64.StdEncoding.EncodeToString(h.secret)),
	}}
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

func (h *hostSite) deliver(w http.ResponseWriter, r *http.Request) {
	raw, err := io.ReadAll(io.LimitReader(r.Body, receipt.MaxMessage))
	if err != nil {
		http.Error(w, "", http.StatusBadRequest)
		return
	}
	m, err := receipt.ParseMessage(raw)
	if err != nil || m.Type != "change.apply" {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	answer, err := h.apply(r.Context(), m)
	if err != nil {
		w.WriteHeader(http.StatusForbidden)
		_ = json.NewEncoder(w).Encode(map[string]string{"code": string(verify.ReasonOf(err))})
		return
	}
	_, _ = w.Write(answer)
}

func (h *hostSite) apply(ctx context.Context, m receipt.Message) ([]byte, error) {
	if answer, found, err := receipt.Lookup(ctx, h, m); found || err != nil {
		return answer, err
	}
	c := receipt.Checker{
		Gateway: h.gate.url, Audience: audience, Keys: verify.KeySet{h.gate.key}, OwnKey: h.own,
		Minimum: func(string) verify.Level { return verify.A3 },
		Linked: func(_, sub string) error {
			if sub != "u-vic" {
				return errors.New("no such account")
			}
			return nil
		},
	}
	p, err := c.Check(m, time.Now())
	if err != nil {
		return nil, err
	}
	return receipt.Once(ctx, h, p, []byte(`{"result":"applied","version":"2"}`), func() error {
		h.applied = append(h.applied, p.Change)
		return nil
	})
}

func (h *hostSite) changes() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.applied)
}

// press is the owner's choice on the host's own page after a fresh login; it gives status and answer.
func (h *hostSite) press(t *testing.T, address, typ string, bend func(e map[string]any)) (int, map[string]any) {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	handle := u.Query().Get("h")
	res, err := http.Get(h.gate.url + "/v1/challenge/" + handle)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	var view verify.View
	if res.StatusCode == http.StatusOK {
		if err := json.NewDecoder(res.Body).Decode(&view); err != nil {
			t.Fatal(err)
		}
	}
	chg, err := view.Change.Digest()
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now().Unix()
	e := map[string]any{"type": typ, "handle": handle, "chg": chg, "sub": "u-vic", "auth_time": now}
	if bend != nil {
		bend(e)
	}
	if typ == verify.LoginConfirmed {
		at, _ := e["auth_time"].(int64)
		e["witness"] = verify.Witness(h.own, view.Commit, e["chg"].(string), e["sub"].(string), at)
	}
	body, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	return h.post(t, h.secret, body)
}

func (h *hostSite) post(t *testing.T, secret verify.Secret, body []byte) (int, map[string]any) {
	t.Helper()
	req, err := http.NewRequest("POST", h.gate.url+"/v1/events/shop", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	verify.SignHook(req.Header, secret, fmt.Sprintf("ev_%d", time.Now().UnixNano()), time.Now(), body)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	out := map[string]any{}
	_ = json.NewDecoder(res.Body).Decode(&out) // an empty answer is one too
	return res.StatusCode, out
}

// talk is a conversation in which mia may offer a change to vic.
type talk struct {
	n        *node
	vic, mia *client
	b        browser
	cv       string
}

func (n *node) talk(t *testing.T) talk {
	t.Helper()
	mia := n.agent(t, 0)
	mia.ok("availability.set", map[string]any{"value": "available"})
	vic, b := n.dial(t, nil), newBrowser(t)
	b.hello(t, vic, nil)
	cv := vic.ok("conversation.start", map[string]any{"command_id": "s", "client_id": "m", "text": "Please stop my renewal"})["conversation"].(map[string]any)["id"].(string)
	mia.ok("conversation.claim", map[string]any{"conversation": cv})
	mia.ok("resume", map[string]any{"topic": cv, "seq": 0})
	mia.ok("resume", map[string]any{"topic": cv + "/staff", "seq": 0})
	return talk{n: n, vic: vic, mia: mia, b: b, cv: cv}
}

// offer drafts, offers and opens a change; it gives the change and the host's address.
func (k talk) offer(t *testing.T) (change, address string) {
	t.Helper()
	draft := k.mia.ok("change.draft", map[string]any{"conversation": k.cv, "kind": "renewal.cancel", "fields": map[string]string{"plan": "plus"}})
	change = draft["change"].(map[string]any)["id"].(string)
	k.mia.ok("change.offer", map[string]any{"change": change})
	k.vic.event("change.offered", k.cv)
	return change, k.vic.ok("change.open", map[string]any{"change": change, "page": "https://shop.test/plan?x=1"})["url"].(string)
}

// finish signs the return with the browser's key as the widget does.
func (k talk) finish(t *testing.T, b browser, change, returned string) map[string]any {
	t.Helper()
	opened := map[string]string{}
	for _, f := range k.vic.frames { // what the widget was told when it opened this change, and nothing else
		ok, _ := f["ok"].(map[string]any)
		if c, _ := ok["change"].(map[string]any); ok["url"] != nil && c["id"] == change {
			for _, name := range []string{"challenge", "chg", "commit"} {
				opened[name], _ = c[name].(string)
			}
		}
	}
	_, tok, _ := strings.Cut(returned, "#postern=")
	msg, err := verify.FinishMessage(opened["challenge"], opened["chg"], opened["commit"], verify.TokenHash(tok))
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(msg)
	r, s, err := ecdsa.Sign(rand.Reader, b.key, sum[:])
	if err != nil {
		t.Fatal(err)
	}
	sig := make([]byte, 64)
	r.FillBytes(sig[:32])
	s.FillBytes(sig[32:])
	return map[string]any{"conversation": k.cv, "change": change, "finish": tok, "sig": base64.RawURLEncoding.EncodeToString(sig)}
}

// The honest way: offered, opened, confirmed after a fresh login at the host, finished by the same browser,
// applied once by a backend that checks the receipt itself. Then every wrong way, each refused, with nothing
// applied: by whom a change is asked for never matters.
func TestWalkGate(t *testing.T) {
	for name, base := range map[string]func(*testing.T) Config{"SQLite": alone, "PostgreSQL": shared} {
		t.Run(name, func(t *testing.T) {
			h := newSite(t)
			n := startNode(t, h.config(t, base(t)))
			h.gate = n
			k := n.talk(t)

			change, address := k.offer(t)
			status, answer := h.press(t, address, verify.LoginConfirmed, nil)
			if status != http.StatusOK || !strings.HasPrefix(answer["return"].(string), "https://shop.test/plan#postern=") && !strings.HasPrefix(answer["return"].(string), "https://shop.test/plan?x=1#postern=") {
				t.Fatalf("confirmed: %d %v", status, answer)
			}
			args := k.finish(t, k.b, change, answer["return"].(string))
			k.mia.refused("forbidden", "change.finish", args) // no agent's session can
			k.vic.ok("change.finish", args)
			k.vic.event("change.applied", k.cv)
			if h.changes() != 1 {
				t.Fatalf("applied %d times, want once", h.changes())
			}
			k.vic.refused("proof_used", "change.finish", args)

			h.refusals(t, k)
			if h.changes() != 1 {
				t.Errorf("after the attacks %d changes are applied, want 1", h.changes())
			}
		})
	}
}

// refusals tries what must not work; rows of the abuse catalogue are named.
func (h *hostSite) refusals(t *testing.T, k talk) {
	t.Helper()
	change, address := k.offer(t)
	forged := []byte(`{"type":"login.confirmed","handle":"x","chg":"y","sub":"u-vic","auth_time":1}`)
	if status, answer := h.post(t, make([]byte, 32), forged); status != http.StatusUnauthorized || answer["reason"] != "event.signature" {
		t.Errorf("B12 forged: %d %v", status, answer)
	}
	duplicate := []byte(`{"type":"login.confirmed","sub":"u-mal","sub":"u-vic"}`)
	if status, answer := h.post(t, h.secret, duplicate); status != http.StatusBadRequest || answer["reason"] != "json.duplicate" {
		t.Errorf("B15 duplicate key: %d %v", status, answer)
	}
	if status, _ := h.post(t, h.secret, []byte(`{"type":"login.confirmed","sub":"u-vic","auth_time":1}`)); status != http.StatusOK {
		t.Errorf("B20 a login without a handle: %d, want 200 and no effect", status)
	}
	if row, err := k.n.store.ledger.Change(t.Context(), change); err != nil || row.State != verify.Challenged {
		t.Errorf("after unauthentic input the change is %s, %v; want challenged", row.State, err)
	}
	status, answer := h.press(t, address, verify.LoginConfirmed, func(e map[string]any) { e["auth_time"] = time.Now().Add(-time.Hour).Unix() })
	if status != http.StatusForbidden || answer["reason"] != "proof.stale" {
		t.Errorf("an old login: %d %v", status, answer)
	}
	k.mia.event("change.failed", "")

	stolen, address := k.offer(t)
	_, answer = h.press(t, address, verify.LoginConfirmed, nil)
	args := k.finish(t, newBrowser(t), stolen, answer["return"].(string))
	k.vic.refused("proof_refused", "change.finish", args) // D05: signed by another key
	k.mia.refused("forbidden", "change.draft", map[string]any{"conversation": k.cv, "kind": "recovery.password", "fields": map[string]string{}})
}
