package conformance_test

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/postern-chat/postern/verify"
	"github.com/postern-chat/postern/verify/conformance"
	"github.com/postern-chat/postern/verify/receipt"
)

const audience = "https://acct.site.test"

// host is a backend with its accounts in memory. It can be made to leave checks out.
type host struct {
	checker receipt.Checker
	witness bool          // it has no library: its own witness alone
	leaves  verify.Reason // out: the check that refuses with this
	forgets bool          // that a commitment is used
	own     []byte
	server  *httptest.Server

	mu       sync.Mutex
	accounts map[string]account
	burned   map[string][2]string
}

type account struct {
	Email   string
	Version int
}

// stage starts a tool and a host that trusts it.
func stage(t *testing.T, withPage bool) (*host, *conformance.Tool, conformance.Options) {
	t.Helper()
	var tool *conformance.Tool
	gate := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { tool.Handler().ServeHTTP(w, r) }))
	t.Cleanup(gate.Close)
	tool, err := conformance.NewTool(gate.URL, rand.Reader, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	h := &host{own: []byte("the host's own key, unknown to us"), accounts: map[string]account{"u-vic": {}, "u-mal": {}}, burned: map[string][2]string{}}
	relying, keys := tool.Provider()
	h.checker = receipt.Checker{
		Gateway: gate.URL, Audience: audience, Keys: tool.Keys(), OwnKey: h.own, IDPs: []receipt.IDP{{Relying: relying, Keys: keys}},
		Minimum: func(kind string) verify.Level { return map[string]verify.Level{"email.change": verify.A3}[kind] },
		Linked: func(_, sub string) error {
			if _, ok := h.accounts[sub]; !ok {
				return errors.New("no such account")
			}
			return nil
		},
	}
	h.server = httptest.NewServer(h)
	t.Cleanup(h.server.Close)
	secret := verify.Secret("a secret of at least twenty-four bytes")
	o := conformance.Options{
		Profile: conformance.Backend, URL: h.server.URL, Audience: audience, Subject: "u-vic", Other: "u-mal",
		Kind: "email.change", Field: "email", Value: "v{n}@conformance.test", State: h.state, Secret: secret,
	}
	if withPage {
		o.Confirm = page(gate.URL, h.own, secret)
	}
	return h, tool, o
}

// page is the host's confirm page, pressed by the test user.
func page(gate string, own []byte, secret verify.Secret) func(context.Context, string, string) error {
	return func(_ context.Context, handle, choice string) error {
		res, err := http.Get(gate + "/v1/challenge/" + handle)
		if err != nil {
			return err
		}
		defer func() { _ = res.Body.Close() }()
		var v verify.View
		if err := json.NewDecoder(res.Body).Decode(&v); err != nil {
			return err
		}
		chg, err := v.Change.Digest()
		if err != nil {
			return err
		}
		at, event := time.Now().Unix(), map[string]any{"type": "login.denied", "handle": handle, "chg": chg, "sub": "u-vic"}
		event["auth_time"] = at
		if choice == "approve" {
			event["type"], event["witness"] = "login.confirmed", verify.Witness(own, v.Commit, chg, "u-vic", at)
		}
		return tell(gate, secret, event)
	}
}

func (h *host) state(context.Context) ([]byte, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	var out []byte
	for _, name := range slices.Sorted(maps.Keys(h.accounts)) {
		out = fmt.Appendf(out, "%s %v\n", name, h.accounts[name])
	}
	return out, nil
}

func (h *host) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, receipt.MaxMessage))
	if err != nil {
		w.WriteHeader(http.StatusRequestEntityTooLarge)
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	status, answer := h.take(body)
	w.WriteHeader(status)
	if answer != "" {
		_, _ = io.WriteString(w, answer)
	}
}

func (h *host) take(body []byte) (int, string) {
	m, err := receipt.ParseMessage(body)
	if err != nil {
		return refuse(err)
	}
	switch m.Type {
	case "change.settle":
		if b, ok := h.burned[m.Commit]; ok {
			return http.StatusOK, b[1]
		}
		return http.StatusOK, `{"result":"unknown"}`
	case "change.apply":
	default:
		return http.StatusNoContent, ""
	}
	chg, err := m.Change.Digest()
	if err != nil {
		return refuse(err)
	}
	sub, why := h.check(m, body, chg)
	if why != nil && (h.leaves == "" || verify.ReasonOf(why) != h.leaves) {
		return refuse(why)
	}
	if b, ok := h.burned[m.Commit]; ok && !h.forgets {
		if b[0] != chg && h.leaves != verify.ReceiptAlreadyUsed {
			return refuse(verify.Refuse(verify.ReceiptAlreadyUsed))
		}
		if b[0] == chg {
			return http.StatusOK, b[1]
		}
	}
	a := h.accounts[sub]
	if (len(m.Change.Fields) != 1 || m.Change.Fields["email"] == "") && h.leaves != verify.ChangeSchema {
		return refuse(verify.Refuse(verify.ChangeSchema))
	}
	a.Email, a.Version = fmt.Sprint(m.Change.Fields), a.Version+1
	h.accounts[sub] = a
	answer := fmt.Sprintf(`{"result":"applied","version":"%d"}`, a.Version)
	h.burned[m.Commit] = [2]string{chg, answer}
	return http.StatusOK, answer
}

// check gives the account, and what is wrong.
func (h *host) check(m receipt.Message, body []byte, chg string) (string, error) {
	if !h.witness {
		if b, ok := h.burned[m.Commit]; ok && b[0] == chg && !h.forgets { // as receipt.Lookup
			return m.Sub, nil
		} else if ok && b[0] != chg {
			return m.Sub, verify.Refuse(verify.ReceiptAlreadyUsed)
		}
		p, err := h.checker.Check(m, time.Now())
		if p.Sub == "" {
			p.Sub = m.Sub
		}
		return p.Sub, err
	}
	var more struct {
		Evidence verify.Evidence `json:"evidence"`
	}
	if err := json.Unmarshal(body, &more); err != nil {
		return "", err
	}
	if time.Now().Unix()-more.Evidence.AuthTime > 790 || !verify.Equal(more.Evidence.Witness, verify.Witness(h.own, m.Commit, chg, m.Sub, more.Evidence.AuthTime)) {
		return m.Sub, verify.Refuse(verify.EvidenceWitness)
	}
	return m.Sub, nil
}

func refuse(err error) (int, string) {
	status := map[string]int{"conflict": http.StatusConflict, "invalid": http.StatusBadRequest}[verify.ReasonOf(err).Code()]
	if status == 0 {
		status = http.StatusForbidden
	}
	return status, fmt.Sprintf(`{"code":%q}`, verify.ReasonOf(err))
}
