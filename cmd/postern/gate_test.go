package main

import (
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/postern-chat/postern/verify"
)

// talk is a conversation in which mia may offer a change to vic.
type talk struct {
	n        *node
	vic, mia *client
	b        browser
	cv       string
	by       string // who of the fixture's staff has claimed it
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
	return map[string]any{"conversation": k.cv, "change": change, "finish": tok, "sig": base64.RawURLEncoding.EncodeToString(sig), "chg": opened["chg"]}
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
			if h.changes(t) != 1 {
				t.Fatalf("applied %d times, want once", h.changes(t))
			}
			k.vic.refused("proof_used", "change.finish", args)

			h.refusals(t, k)
			if h.changes(t) != 1 {
				t.Errorf("after the attacks %d changes are applied, want 1", h.changes(t))
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
