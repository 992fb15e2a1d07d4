package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
)

// oldAPI is an internal API that believes whoever reaches it.
type oldAPI struct {
	*httptest.Server
	mu       sync.Mutex
	accounts map[string]string // subject → e-mail
	requests []string          // method, path, headers and body of each
	status   int               // to answer with; 0 = as asked
}

func newOldAPI(t *testing.T) *oldAPI {
	a := &oldAPI{accounts: map[string]string{"u-vic": "vic@example.com", "u-mal": "mal@example.com"}}
	mux := http.NewServeMux()
	mux.HandleFunc("PATCH /accounts/{sub}", func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		var in struct{ Email, By string }
		if err == nil {
			err = json.Unmarshal(body, &in)
		}
		a.mu.Lock()
		defer a.mu.Unlock()
		a.requests = append(a.requests, fmt.Sprintf("%s %s %v %s", r.Method, r.RequestURI, r.Header, body))
		switch _, ok := a.accounts[r.PathValue("sub")]; {
		case a.status != 0:
			w.WriteHeader(a.status)
		case !ok || err != nil:
			w.WriteHeader(http.StatusNotFound)
		default:
			a.accounts[r.PathValue("sub")] = in.Email
		}
	})
	a.Server = httptest.NewServer(mux)
	t.Cleanup(a.Close)
	return a
}

func (a *oldAPI) state(context.Context) ([]byte, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return json.Marshal(a.accounts)
}

func (a *oldAPI) answers(status int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.status = status
}

func (a *oldAPI) came() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return append([]string(nil), a.requests...)
}

// enforce puts an enforcer before the API; the rule is that of the manual.
func (a *oldAPI) enforce(t *testing.T, c EnforcerConfig, own []byte, now func() time.Time) string {
	t.Helper()
	dir := t.TempDir()
	file := func(name, text string) string {
		p := filepath.Join(dir, name)
		if err := os.WriteFile(p, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return p
	}
	c.Data, c.Upstream, c.Audience = filepath.Join(dir, "data"), a.URL, audience
	c.Allow, c.GatewayAllow = []string{"127.0.0.1/32"}, []string{"127.0.0.1/32", "::1/128"}
	c.OwnKeyFile, c.TokenFile = file("own", base64.RawURLEncoding.EncodeToString(own)), file("token", "the API's own token")
	c.Rules = []EnforcerRule{{Kind: "email.change", Method: "PATCH", Path: "/accounts/{sub}", Body: `{"email": "{email}", "by": "support"}`, Minimum: "A3"}}
	e, j, err := newEnforcer(c, now, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = j.Close() })
	s := httptest.NewUnstartedServer(e)
	s.Config = enforcerServer(e)
	s.Start()
	t.Cleanup(s.Close)
	return s.URL
}

// An enforcer before an old API withstands every scenario, as a backend that checks receipts itself.
func TestEnforcerConformance(t *testing.T) {
	_, tool, o := stageShop(t)
	relying, _ := tool.Provider()
	gate := strings.TrimSuffix(relying.Issuer, "/idp")
	api := newOldAPI(t)
	url := api.enforce(t, EnforcerConfig{Gateway: gate, Providers: []SignerProvider{
		{Issuer: relying.Issuer, Client: relying.Client, Strong: relying.Strong, Allow: []string{"127.0.0.1/32"}},
	}}, []byte(sampleOwnKey), time.Now)
	o.URL, o.State, o.Secret = url+"/postern", api.state, nil
	r, err := tool.Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if !r.OK() {
		t.Error(r.Text())
	}
	for _, got := range api.came() {
		if !regexp.MustCompile(`^PATCH /accounts/[a-z-]+ map\[.*\] \{"by":"support","email":"v\d+@conformance.test"\}$`).MatchString(got) ||
			!strings.Contains(got, "Authorization:[Bearer the API's own token]") || strings.Contains(got, "Webhook") {
			t.Errorf("it sent %s", got)
		}
	}
}

// abuseEnforcer: the API behind an enforcer.
func abuseEnforcer() map[string]func(r *row) {
	return map[string]func(r *row){"R17": pastTheEnforcer, "R18": bentDelivery}
}

// guarding puts an enforcer, which trusts this row's gateway, before an old API.
func (r *row) guarding(api *oldAPI) string {
	return api.enforce(r.T, EnforcerConfig{Gateway: r.url}, r.site.own, r.clock.now)
}

// wire sends a request as it stands and gives status and code of the answer.
func (r *row) wire(base, text string) (int, string) {
	r.Helper()
	c, err := net.Dial("tcp", strings.TrimPrefix(base, "http://"))
	if err != nil {
		r.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	_ = c.SetDeadline(time.Now().Add(patience))
	if _, err := io.WriteString(c, text); err != nil {
		r.Fatal(err)
	}
	res, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		r.Fatal(err)
	}
	var out struct{ Code string }
	_ = json.NewDecoder(res.Body).Decode(&out) // the server's own 400 has no JSON
	return res.StatusCode, out.Code
}

func pastTheEnforcer(r *row) {
	api := newOldAPI(r.T)
	base := r.guarding(api)
	head := "Host: acct\r\nContent-Type: application/json\r\nContent-Length: 22\r\nConnection: close\r\n"
	body := "\r\n" + `{"email":"x@evil.com"}`
	for _, extra := range []string{
		"", "Authorization: Bearer the API's own token\r\n", "X-Forwarded-For: 127.0.0.1\r\n", "X-Postern: 1\r\n", "X-HTTP-Method-Override: PATCH\r\n",
		"X-Original-URL: /accounts/u-vic\r\n", "Webhook-Signature: v1,AAAA\r\n", "X-Receipt: valid\r\n", "Idempotency-Key: x\r\n", "Cookie: session=admin\r\n",
	} {
		for _, line := range []string{"PATCH /accounts/u-vic HTTP/1.1\r\n", "POST /accounts/u-vic HTTP/1.1\r\n", "GET /accounts/u-vic HTTP/1.1\r\n", "OPTIONS /postern HTTP/1.1\r\n", "PATCH /postern HTTP/1.1\r\n"} {
			if status, code := r.wire(base, line+head+extra+body); status != http.StatusForbidden || code != "role" {
				r.Errorf("%s with %q: %d %s, want 403", strings.TrimSpace(line), extra, status, code)
			}
		}
	}
	m := r.rogue().message()
	delete(m, "receipt")
	raw, err := json.Marshal(m)
	if err != nil {
		r.Fatal(err)
	}
	if status, code := r.wire(base, delivery("/postern", "", raw)); status != http.StatusForbidden || code != "receipt.sig" {
		r.Errorf("a delivery without a receipt: %d %s", status, code)
	}
	if got := api.came(); len(got) != 0 {
		r.Errorf("the API was reached: %q", got)
	}
}

func delivery(path, extra string, body []byte) string {
	return fmt.Sprintf("POST %s HTTP/1.1\r\nHost: acct\r\nConnection: close\r\nContent-Length: %d\r\n%s\r\n%s", path, len(body), extra, body)
}

func bentDelivery(r *row) {
	api := newOldAPI(r.T)
	base := r.guarding(api)
	g := r.rogue() // which has an honest witness: everything here is refused for its form alone
	m := g.message()
	raw, err := json.Marshal(m)
	if err != nil {
		r.Fatal(err)
	}
	for _, path := range []string{
		"/postern/../accounts/u-vic", "/accounts/../postern", "//postern", "/./postern", "/postern/", "/%70ostern", "/postern%2f..%2faccounts", "/postern;x=1", "/postern?x=1", "http://acct/postern",
	} {
		if status, _ := r.wire(base, delivery(path, "", raw)); status != http.StatusBadRequest {
			r.Errorf("POST %s: %d, want 400", path, status)
		}
	}
	for _, extra := range []string{
		"X-HTTP-Method-Override: DELETE\r\n", "X-Method-Override: DELETE\r\n", "X-HTTP-Method: DELETE\r\n", "X-Original-URL: /accounts/u-mal\r\n", "X-Rewrite-URL: /x\r\n",
		"Content-Encoding: gzip\r\n", "Transfer-Encoding: chunked\r\n", "Content-Length: 1\r\n", "Transfer-Encoding: gzip, chunked\r\n",
	} {
		if status, _ := r.wire(base, delivery("/postern", extra, raw)); status != http.StatusBadRequest && status != http.StatusNotImplemented {
			r.Errorf("with %q: %d, want 400", extra, status)
		}
	}
	chunked := fmt.Sprintf("POST /postern HTTP/1.1\r\nHost: acct\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n", len(raw), raw)
	if status, _ := r.wire(base, chunked); status != http.StatusBadRequest {
		r.Errorf("chunked: %d, want 400", status)
	}
	for name, bad := range map[string][]byte{
		"one more member":      bytes.Replace(raw, []byte(`"type":`), []byte(`"role":"owner","type":`), 1),
		"a member twice":       bytes.Replace(raw, []byte(`"type":`), []byte(`"type":"change.settle","type":`), 1),
		"one more field":       bytes.Replace(raw, []byte(`"fields":{`), []byte(`"fields":{"role":"owner",`), 1),
		"beside the fields":    bytes.Replace(raw, []byte(`"fields":{`), []byte(`"method":"DELETE","fields":{`), 1),
		"two documents in one": append(append([]byte(nil), raw...), raw...),
	} {
		status, code := r.wire(base, delivery("/postern", "", bad))
		if status != http.StatusBadRequest {
			r.Errorf("%s: %d %s, want 400", name, status, code)
		}
	}
	if got := api.came(); len(got) != 0 {
		r.Fatalf("the API was reached: %q", got)
	}
	if status, code := r.wire(base, delivery("/postern", "X-Evil: 1\r\n", raw)); status != http.StatusOK {
		r.Fatalf("as it should be: %d %s", status, code)
	}
	want := fmt.Sprintf(`{"by":"support","email":%q}`, g.change.Fields["email"])
	if got := api.came(); len(got) != 1 || !strings.HasPrefix(got[0], "PATCH /accounts/u-vic ") || !strings.HasSuffix(got[0], want) || strings.Contains(got[0], "Evil") {
		r.Errorf("forwarded %q, want %s and nothing of the delivery's own", got, want)
	}
}

// What nobody knows the end of is never sent again, also by an enforcer that starts anew.
func TestEnforcerOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "burned.jsonl")
	j, err := openJournal(path)
	if err != nil {
		t.Fatal(err)
	}
	if fresh, _, _, err := j.Burn("c1", "x"); !fresh || err != nil {
		t.Fatal(fresh, err)
	}
	if _, err := openJournal(path); err == nil {
		t.Error("a second process takes the journal")
	}
	if err := j.Answered("c1", []byte(`{"result":"applied"}`)); err != nil {
		t.Fatal(err)
	}
	if fresh, _, _, err := j.Burn("c2", "y"); !fresh || err != nil {
		t.Fatal(fresh, err)
	}
	if _, err := j.file.WriteString(`{"commit":"c3","chg`); err != nil { // the power fails here
		t.Fatal(err)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	if j, err = openJournal(path); err != nil {
		t.Fatal(err)
	}
	if fresh, chg, answer, err := j.Burn("c1", "x"); fresh || chg != "x" || string(answer) != `{"result":"applied"}` || err != nil {
		t.Errorf("c1: %v %s %s %v", fresh, chg, answer, err)
	}
	if fresh, _, answer, err := j.Burn("c2", "y"); fresh || answer != nil || err != nil {
		t.Errorf("c2 is sent again, or has an answer: %v %s %v", fresh, answer, err)
	}
	if fresh, _, _, err := j.Burn("c3", "z"); !fresh || err != nil {
		t.Errorf("c3, which was never acted upon: %v %v", fresh, err)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte("{\"commit\":\"c1\",\n{}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := openJournal(path); err == nil {
		t.Error("a damaged journal is taken")
	}
}

// An API that breaks is asked once; what it says clearly is kept.
func TestEnforcerAnswers(t *testing.T) {
	f := startFixture(t, "SQLite", options{})
	r := newRow(t, f)
	api := newOldAPI(t)
	base := r.guarding(api)
	for _, c := range []struct {
		api, want int
		code      string
	}{{500, 503, "backend.unavailable"}, {404, 403, "backend.refused"}, {302, 403, "backend.refused"}, {200, 200, ""}} {
		api.answers(c.api)
		before := len(api.came())
		raw, err := json.Marshal(r.rogue().message())
		if err != nil {
			t.Fatal(err)
		}
		for range 3 {
			if status, code := r.wire(base, delivery("/postern", "", raw)); status != c.want || code != c.code {
				t.Errorf("the API answers %d: %d %s, want %d %s", c.api, status, code, c.want, c.code)
			}
			api.answers(0)
		}
		if got := len(api.came()) - before; got != 1 {
			t.Errorf("the API answered %d and was asked %d times, want once", c.api, got)
		}
	}
}
