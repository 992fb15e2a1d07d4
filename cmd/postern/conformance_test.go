package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/postern-chat/postern/verify"
	"github.com/postern-chat/postern/verify/conformance"
	"github.com/postern-chat/postern/verify/receipt"
)

// stageShop is the shop's backend, trusting a rogue gateway for the run, and the options of a run against it.
func stageShop(t *testing.T) (*hostSite, *conformance.Tool, conformance.Options) {
	t.Helper()
	var tool *conformance.Tool
	gate := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { tool.Handler().ServeHTTP(w, r) }))
	t.Cleanup(gate.Close)
	tool, err := conformance.NewTool(gate.URL, rand.Reader, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	relying, keys := tool.Provider()
	h := newSiteAt(t, receipt.IDP{Relying: relying, Keys: keys})
	h.gate, h.issuer, h.keys = &node{url: gate.URL}, gate.URL, tool.Keys()
	o := conformance.Options{
		Profile: conformance.Backend, URL: h.URL + "/postern", Audience: h.audience, Subject: "u-vic", Other: "u-mal",
		Kind: "email.change", Field: "email", Value: "v{n}@conformance.test", Secret: h.secret, Client: &http.Client{Timeout: patience},
		State: func(context.Context) ([]byte, error) { return []byte(h.accounts(t)), nil },
	}
	return h, tool, o
}

// accounts are the shop's accounts alone: an applied change is in them, a commitment that was burned is not.
func (h *hostSite) accounts(t *testing.T) string {
	t.Helper()
	var out strings.Builder
	for line := range strings.Lines(h.dump(t)) {
		if !strings.HasPrefix(line, "burned ") {
			out.WriteString(line)
		}
	}
	return out.String()
}

// The shop withstands a gateway that holds its own signing key: with ID tokens, with witnesses, and with the
// backend of proof-gate.md §3.6 that trusts its witness alone.
func TestConformanceShop(t *testing.T) {
	tried := map[string]bool{}
	for _, c := range []struct{ name, path, profile string }{
		{"ID tokens", "/postern", conformance.Backend}, {"witnesses", "/postern", conformance.Backend}, {"its own witness alone", "/witness", conformance.Witness},
	} {
		t.Run(c.name, func(t *testing.T) {
			h, tool, o := stageShop(t)
			o.URL, o.Profile = h.URL+c.path, c.profile
			if c.name != "ID tokens" {
				o.Confirm = confirmAt(h.issuer, h.own, func(head http.Header, body []byte) { verify.SignHook(head, h.secret, "ev_1", time.Now(), body) })
			}
			if c.path == "/witness" {
				h.settles()
			}
			r, err := tool.Run(t.Context(), o)
			if err != nil {
				t.Fatal(err)
			}
			if !r.OK() {
				t.Error(r.Text())
			}
			for _, x := range r.Results {
				tried[x.Name] = tried[x.Name] || x.Status >= 400
			}
		})
	}
	refused := 0
	for _, yes := range tried {
		if yes {
			refused++
		}
	}
	if refused < 70 {
		t.Errorf("%d different attacks were refused, want at least 70", refused)
	}
}

// settles answers for the backend without a library what §3.6 answers before it looks at a witness.
func (h *hostSite) settles() {
	h.meet(func(w http.ResponseWriter, m receipt.Message) bool {
		if m.Type == "change.apply" {
			return false
		}
		if m.Type != "change.settle" {
			w.WriteHeader(http.StatusNoContent)
			return true
		}
		answer := []byte(`{"result":"unknown"}`)
		if tx, err := h.db.Begin(); err == nil {
			if _, stored, found, err := (burned{tx}).Find(context.Background(), m.Commit); found && err == nil {
				answer = stored
			}
			_ = tx.Rollback()
		}
		_, _ = w.Write(answer)
		return true
	})
}

// shopProcess is cmd/shop as a process that has the gateway at gate.
func shopProcess(t *testing.T, gate string) (url, dir, secretFile string) {
	t.Helper()
	dir = t.TempDir()
	secret := make([]byte, 32)
	if _, err := rand.Read(secret); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"secret": "whsec_" + base64.StdEncoding.EncodeToString(secret), "password": "a password of theirs"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", filepath.Join(dir, "shop"), "../shop").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	listen := freeAddress(t)
	h := &sampleHost{T: t, url: "http://" + listen + "/postern", err: &bytes.Buffer{}}
	secretFile = filepath.Join(dir, "secret")
	h.run([]string{
		filepath.Join(dir, "shop"), "--listen", listen, "--data", dir, "--url", "http://" + listen, "--gateway", gate,
		"--audience", audience, "--secret-file", secretFile, "--seed-password-file", filepath.Join(dir, "password"),
	}, os.Environ())
	return "http://" + listen, dir, secretFile
}

// The command, at the demo shop as a process, by its real confirm page and with the scripts of deploy/conformance.
func TestConformanceCommand(t *testing.T) {
	listen := freeAddress(t)
	shop, data, secret := shopProcess(t, "http://"+listen)
	for name, v := range map[string]string{"SHOP_URL": shop, "SHOP_DATA": data, "SHOP_EMAIL": "robin@example.com", "SHOP_PASSWORD": "a password of theirs"} {
		t.Setenv(name, v)
	}
	scripts, err := filepath.Abs(filepath.Join("..", "..", "deploy", "conformance"))
	if err != nil {
		t.Fatal(err)
	}
	report := filepath.Join(t.TempDir(), "report.json")
	args := []string{
		"conformance", "--listen", listen, "--url", shop + "/postern", "--audience", audience, "--subject", "cu_robin", "--other", "cu_sasha",
		"--kind", "name.change", "--field", "name", "--value", "Robin {n}", "--confirm", filepath.Join(scripts, "confirm.py"),
		"--state", filepath.Join(scripts, "state.py"), "--return", shop + "/account", "--secret-file", secret, "--report", report,
	}
	var out, problem bytes.Buffer
	if code := dispatch(t.Context(), args, nil, &out, &problem); code != exitOK {
		t.Fatalf("exit %d\n%s\n%s", code, out.String(), problem.String())
	}
	text, err := os.ReadFile(report)
	if err != nil {
		t.Fatal(err)
	}
	var filed struct {
		OK      bool
		Results []conformance.Result
	}
	if err := json.Unmarshal(text, &filed); err != nil || !filed.OK || len(filed.Results) < 50 || !strings.Contains(out.String(), "PASSED: ") {
		t.Errorf("filed %s, %v\n%s", text, err, out.String())
	}
}

// A wrong call says what is missing and tries nothing; a backend that does not answer fails every row.
func TestConformanceCommandRefuses(t *testing.T) {
	var out, problem bytes.Buffer
	if code := dispatch(t.Context(), []string{"conformance", "--profile", "witness"}, nil, &out, &problem); code != exitUsage {
		t.Errorf("without options: exit %d", code)
	}
	for _, word := range []string{"url:", "audience:", "subject:", "other:", "state:", "confirm:"} {
		if !strings.Contains(problem.String(), word) {
			t.Errorf("it does not say that %s is missing: %s", word, problem.String())
		}
	}
	out.Reset()
	code := dispatch(t.Context(), []string{
		"conformance", "--listen", freeAddress(t), "--url", "http://" + freeAddress(t) + "/postern", "--audience", audience, "--subject", "a", "--other", "b", "--state", "true",
	}, nil, &out, &problem)
	if code != exitFailed || !strings.Contains(out.String(), "\nFAILED: ") || strings.Contains(out.String(), "\nok ") {
		t.Errorf("nobody there: exit %d\n%s", code, out.String())
	}
}
