package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/postern-chat/postern/verify"
	"github.com/postern-chat/postern/verify/conformance"
)

const sampleOwnKey = "the host's own key, 32 bytes long"

// sampleHost is a sample backend as a process, and the tool that it trusts.
type sampleHost struct {
	*testing.T
	tool  *conformance.Tool
	gate  string // the tool's URL
	url   string // of deliveries
	store string
	err   *bytes.Buffer // what it writes to stderr; read it when it has ended
	stop  func()
}

// samples are the sample backends: what builds each (nil = nothing) and what runs it. FOLDER is its folder, OUT a
// temporary one, CONFIG and LISTEN what the process gets.
func samples() map[string]struct{ build, run []string } {
	return map[string]struct{ build, run []string }{
		"go":     {[]string{"go", "build", "-o", "OUT/backend", "."}, []string{"OUT/backend", "CONFIG"}},
		"java":   {[]string{"javac", "-Werror", "-Xlint:all", "-d", "OUT", "Json.java", "Receipt.java", "Refused.java", "Server.java"}, []string{"java", "-XX:TieredStopAtLevel=1", "-cp", "OUT", "Server", "CONFIG"}},
		"node":   {nil, []string{"node", "FOLDER/server.mjs", "CONFIG"}},
		"php":    {nil, []string{"php", "-S", "LISTEN", "FOLDER/server.php"}},
		"python": {nil, []string{"/usr/bin/python3", "FOLDER/server.py", "CONFIG"}}, // Debian's, which has python3-cryptography
	}
}

// startSample builds and starts one sample on a free loopback port.
func startSample(t *testing.T, name string) *sampleHost {
	t.Helper()
	out, folder := t.TempDir(), filepath.Join("..", "..", "deploy", "samples", name)
	folder, err := filepath.Abs(folder)
	if err != nil {
		t.Fatal(err)
	}
	h := &sampleHost{T: t, store: filepath.Join(out, "store.json"), err: &bytes.Buffer{}}
	gate := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { h.tool.Handler().ServeHTTP(w, r) }))
	t.Cleanup(gate.Close)
	h.gate = gate.URL
	if h.tool, err = conformance.NewTool(gate.URL, rand.Reader, time.Now); err != nil {
		t.Fatal(err)
	}
	listen := freeAddress(t)
	h.url = "http://" + listen + "/postern"
	config := h.configure(out, listen)
	words := strings.NewReplacer("OUT", out, "FOLDER", folder, "CONFIG", config, "LISTEN", listen)
	if build := samples()[name].build; build != nil {
		c := exec.CommandContext(t.Context(), build[0], replaceAll(words, build[1:])...)
		c.Dir = folder
		if text, err := c.CombinedOutput(); err != nil {
			t.Fatalf("%v: %v\n%s", build, err, text)
		}
	}
	run := replaceAll(words, samples()[name].run)
	h.run(run, append(os.Environ(), "POSTERN_SAMPLE="+config, "PHP_CLI_SERVER_WORKERS=4", "PYTHONDONTWRITEBYTECODE=1"))
	return h
}

func replaceAll(r *strings.Replacer, words []string) (out []string) {
	for _, w := range words {
		out = append(out, r.Replace(w))
	}
	return out
}

// configure writes the sample's configuration and its two accounts.
func (h *sampleHost) configure(dir, listen string) string {
	h.Helper()
	relying, _ := h.tool.Provider()
	write := func(path string, v any) string {
		text, err := json.Marshal(v)
		if err != nil {
			h.Fatal(err)
		}
		if err := os.WriteFile(path, text, 0o600); err != nil {
			h.Fatal(err)
		}
		return path
	}
	account := func(name string) map[string]any {
		return map[string]any{"email": name + "@example.com", "name": name, "version": 1}
	}
	write(h.store, map[string]any{"accounts": map[string]any{"u-vic": account("vic"), "u-mal": account("mal")}, "burned": map[string]any{}})
	return write(filepath.Join(dir, "config.json"), map[string]any{
		"listen": listen, "data": dir, "gateway": h.gate, "gateway_keys": h.gate + "/.well-known/postern.json", "audience": audience,
		"own_key": base64.RawURLEncoding.EncodeToString([]byte(sampleOwnKey)),
		"provider": map[string]any{
			"issuer": relying.Issuer, "client": relying.Client, "strong": relying.Strong, "keys": relying.Issuer + "/keys",
		},
		"minimum": map[string]string{"email.change": "A3", "name.change": "A2"},
	})
}

// run starts the process and waits until it answers.
func (h *sampleHost) run(command, env []string) {
	h.Helper()
	ctx, cancel := context.WithCancel(h.T.Context())
	c := exec.CommandContext(ctx, command[0], command[1:]...)
	c.Env, c.Stderr = env, h.err
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // a server's own children end with it
	c.Cancel = func() error { return syscall.Kill(-c.Process.Pid, syscall.SIGKILL) }
	if err := c.Start(); err != nil {
		cancel()
		h.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- c.Wait() }()
	stopped := false
	h.stop = func() {
		if !stopped {
			stopped = true
			cancel()
			<-ended
		}
	}
	h.Cleanup(h.stop)
	for end := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		res, err := http.Post(h.url, "application/json", strings.NewReader(`{"type":"ping"}`))
		if err == nil {
			_ = res.Body.Close()
			return
		}
		select {
		case err := <-ended:
			ended <- err
			h.Fatalf("it ended: %v\n%s", err, h.err)
		default:
		}
		if time.Now().After(end) {
			h.Fatalf("it does not answer: %v", err)
		}
	}
}

// options are the options of a run against this sample.
func (h *sampleHost) options() conformance.Options {
	return conformance.Options{
		Profile: conformance.Backend, URL: h.url, Audience: audience, Subject: "u-vic", Other: "u-mal",
		Kind: "email.change", Field: "email", Value: "v{n}@conformance.test", State: h.accounts,
		Client: &http.Client{Timeout: patience},
	}
}

func (h *sampleHost) accounts(context.Context) ([]byte, error) {
	text, err := os.ReadFile(h.store)
	if err != nil {
		return nil, err
	}
	var s struct {
		Accounts map[string]any `json:"accounts"`
	}
	if err := json.Unmarshal(text, &s); err != nil {
		return nil, err
	}
	if len(s.Accounts) != 2 {
		return nil, errors.New("the store has no accounts")
	}
	return json.Marshal(s.Accounts)
}

// confirmAt is the page of a host with this own key, pressed by u-vic. It asks the gateway at gate and tells it.
func confirmAt(gate string, own []byte, sign func(h http.Header, body []byte)) func(context.Context, string, string) error {
	return func(ctx context.Context, handle, choice string) error {
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
		event := map[string]any{"type": "login.denied", "handle": handle, "chg": chg, "sub": "u-vic", "auth_time": v.T0 + 1}
		if choice == "approve" {
			event["type"], event["witness"] = "login.confirmed", verify.Witness(own, v.Commit, chg, "u-vic", v.T0+1)
		}
		body, err := json.Marshal(event)
		if err != nil {
			return err
		}
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, gate+"/v1/events/host", bytes.NewReader(body))
		if err != nil {
			return err
		}
		sign(req.Header, body)
		told, err := http.DefaultClient.Do(req)
		if err != nil {
			return err
		}
		if err := told.Body.Close(); err != nil || told.StatusCode != http.StatusOK {
			return fmt.Errorf("the event was answered %d, %w", told.StatusCode, err)
		}
		return nil
	}
}

func unsigned(http.Header, []byte) {}

// The five sample backends withstand every scenario, with ID tokens and with witnesses as evidence.
func TestSampleBackends(t *testing.T) {
	for name := range samples() {
		t.Run(name, func(t *testing.T) {
			h := startSample(t, name)
			for evidence, confirm := range map[string]func(context.Context, string, string) error{
				"id_token": nil, "witness": confirmAt(h.gate, []byte(sampleOwnKey), unsigned),
			} {
				o := h.options()
				o.Confirm = confirm
				r, err := h.tool.Run(t.Context(), o)
				if err != nil {
					t.Fatal(err)
				}
				if !r.OK() {
					t.Errorf("%s: %s", evidence, r.Text())
				}
			}
			h.stop()
			if !strings.Contains(h.err.String(), "alarm: the gateway's log was") {
				t.Errorf("a log that became shorter raised no alarm: %s", h.err)
			}
		})
	}
}
