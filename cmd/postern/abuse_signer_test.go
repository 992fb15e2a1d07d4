package main

import (
	"bytes"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/postern-chat/postern/verify"
)

// startSigned is a fixture whose gateway has its signer behind a socket.
func startSigned(t *testing.T, engine string) *fixture {
	t.Helper()
	return startFixture(t, engine, options{config: signedConfig(t)})
}

// signedConfig puts a signer behind a socket, at which nobody is yet, into the deploy file.
func signedConfig(t *testing.T) func(*Config) {
	t.Helper()
	dir, err := os.MkdirTemp("", "sg") // a socket's path has at most 107 bytes
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return func(c *Config) {
		if c.SigningKeyFile != "" { // that of a fixture without a signer
			if err := os.Remove(c.SigningKeyFile); err != nil {
				t.Error(err)
			}
		}
		c.Signer, c.SigningKeyFile = "unix:"+filepath.Join(dir, "s"), ""
	}
}

func (f *fixture) socket() string { return strings.TrimPrefix(f.config.Signer, "unix:") }

// trustSigner lets the hosts pin what the gateway publishes.
func (f *fixture) trustSigner(t *testing.T) {
	t.Helper()
	for end := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) { // a gateway asks a signer that was away again after 2 s
		if f.site.keys = f.published(t); len(f.site.keys) > 0 {
			break
		}
		if time.Now().After(end) {
			t.Fatal("the gateway publishes no key")
		}
	}
	f.club.keys = f.site.keys
}

func (f *fixture) published(t *testing.T) verify.KeySet {
	t.Helper()
	res, err := http.Get(f.url + "/.well-known/postern.json")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	set, err := verify.ParseKeySet(text)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// holdsNoKey asserts that the gateway's process has no signing key: not in its folder, not in its configuration.
func (f *fixture) holdsNoKey(t *testing.T) {
	t.Helper()
	if f.key.Public != nil || f.config.SigningKeyFile != "" {
		t.Error("the gateway has a signing key")
	}
	err := filepath.WalkDir(f.config.Data, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(path) == ".sock" {
			return err
		}
		b, err := os.ReadFile(path)
		if bytes.Contains(b, []byte("PRIVATE KEY")) {
			t.Errorf("%s holds a private key", path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// abuseSigner: the signer's process.
func abuseSigner() map[string]func(r *row) {
	return map[string]func(r *row){"L08": signerDown}
}

func signerDown(r *row) {
	if !strings.Contains(r.log.String(), "the key that signs receipts is in this process") {
		r.Error("a gateway that has the key itself does not say so")
	}
	r.alone(options{clock: true, config: signedConfig(r.T)})
	k := r.talk("ag1")
	change, address := k.offer(r.T)
	k.vic.ok("change.finish", k.finish(r.T, k.b, change, r.confirm(address)))
	r.until(func() string {
		if slices.ContainsFunc(r.leaves(), func(l verify.Leaf) bool { return string(l.Reason) == r.says("signer.unavailable") }) {
			return ""
		}
		return "no leaf speaks of the signer"
	})
	r.stays(change, verify.Proven)
	r.holdsNoKey(r.T)
	if keys := r.published(r.T); len(keys) != 0 {
		r.Errorf("without a signer %d keys are published", len(keys))
	}
	r.clock.set(r.T, 61*time.Second)
	r.reaches(change, verify.Expired)
	r.logged(change, "signer.unavailable", 1)
	if slices.ContainsFunc(r.leaves(), func(l verify.Leaf) bool { return l.To == verify.Released }) {
		r.Error("a receipt was minted without a signer")
	}
	c := signerConfig(r.T, r.url)
	c.Socket = r.socket()
	signerAt(r.T, c, r.clock.now, os.Getuid())
	r.stays(change, verify.Expired)
	r.untouched()
	r.until(func() string { // the signer is back: the next change goes through
		if len(r.published(r.T)) == 1 {
			return ""
		}
		return "the gateway does not see the signer's key"
	})
	r.trustSigner(r.T)
	r.honest(r.talk("ag1"))
	r.given()
}
