package main

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/postern-chat/postern/verify"
)

// senders are the samples of deploy/LOGIN-EVENTS.md and how each runs.
func senders() map[string][]string {
	return map[string][]string{
		"send.go": {"go", "run", "main.go", "send.go"}, "send.mjs": {"node", "main.mjs"}, "send.php": {"php", "main.php"}, "send.py": {"python3", "main.py"},
	}
}

// A host that sends its login events with a sample of ours is believed; with another secret it is not.
func TestLoginEventSamples(t *testing.T) {
	h := newSite(t)
	n := startNode(t, h.config(t, alone(t)))
	h.gate = n
	other := make(verify.Secret, 32)
	if _, err := rand.Read(other); err != nil {
		t.Fatal(err)
	}
	var k talk
	for i, name := range slices.Sorted(maps.Keys(senders())) {
		if i%2 == 0 { // a conversation has three challenges in ten minutes, an agent three seats
			k = n.talk(t)
		}
		command := senders()[name]
		t.Run(name, func(t *testing.T) {
			send := sample(t, name, command, n.url+"/v1/events/shop")
			change, address := k.offer(t)
			event := h.event(t, address, verify.LoginConfirmed, nil)
			if got := send(other, event); got != `401 {"code":"event_rejected","reason":"event.signature"}` {
				t.Errorf("with another secret: %s", got)
			}
			if row, err := n.store.ledger.Change(t.Context(), change); err != nil || row.State != verify.Challenged {
				t.Errorf("the change is %s, %v; want challenged", row.State, err)
			}
			if got := send(h.secret, event); !strings.HasPrefix(got, `200 {"return":"https://shop.test/plan`) || !strings.Contains(got, "#postern=") {
				t.Errorf("with the secret: %s", got)
			}
			if row, err := n.store.ledger.Change(t.Context(), change); err != nil || row.State != verify.Matched {
				t.Errorf("the change is %s, %v; want matched", row.State, err)
			}
		})
	}
}

// sample puts a sample beside its driver and gives what runs them: it answers with status and body.
func sample(t *testing.T, name string, command []string, url string) func(verify.Secret, []byte) string {
	t.Helper()
	dir := t.TempDir()
	for _, from := range []string{filepath.Join("..", "..", "deploy", "login-events", name), filepath.Join("testdata", "login-events", "main"+filepath.Ext(name))} {
		b, err := os.ReadFile(from)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, filepath.Base(from)), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return func(s verify.Secret, event []byte) string {
		t.Helper()
		c := exec.CommandContext(t.Context(), command[0], command[1:]...)
		c.Dir, c.Stdin = dir, bytes.NewReader(event)
		c.Env = append(os.Environ(), "EVENTS_URL="+url, "EVENTS_SECRET=whsec_"+base64.StdEncoding.EncodeToString(s))
		var stderr bytes.Buffer
		c.Stderr = &stderr
		out, err := c.Output()
		if err != nil {
			t.Fatalf("%s: %v\n%s", command, err, stderr.String())
		}
		return string(out)
	}
}

// The manual prints the samples that run, and none is long.
func TestLoginEventsManual(t *testing.T) {
	manual := deployFile(t, "LOGIN-EVENTS.md")
	for name := range senders() {
		text := deployFile(t, filepath.Join("login-events", name))
		if n := strings.Count(text, "\n"); n > 30 {
			t.Errorf("%s has %d lines, want 30 at most", name, n)
		}
		if !strings.Contains(manual, "\n"+strings.TrimPrefix(text, "//go:build ignore\n\n")+"```\n") {
			t.Errorf("LOGIN-EVENTS.md does not print %s as it is", name)
		}
	}
	for adapter := range forms() {
		if adapter != verify.AdapterOIDC && !strings.Contains(manual, `adapter = "`+adapter+`"`) {
			t.Errorf("LOGIN-EVENTS.md does not say how to configure %s", adapter)
		}
	}
}
