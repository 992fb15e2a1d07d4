package main

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/postern-chat/postern/verify"
)

// Every copy of the checkpoint: the file, the address, the mail, and what is served, with tiles by which anyone can
// see that the log only grows.
func TestCheckpointCopies(t *testing.T) {
	posted := make(chan string, 100)
	elsewhere := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		posted <- string(b)
	}))
	defer elsewhere.Close()
	r := newRow(t, startFixture(t, "SQLite", options{config: func(c *Config) {
		c.CheckpointURL, c.CheckpointMail = elsewhere.URL+"/copy", "auditor@outside.test"
	}}))
	first, err := verify.OpenCheckpoint([]byte(<-posted), r.logKey.Verifier())
	if err != nil || first.Origin != r.URL.Host+"/log" {
		t.Fatal(first, err)
	}
	var letter []byte
	r.until(func() string {
		for _, name := range r.spooled() {
			if letter, err = os.ReadFile(name); err == nil && strings.Contains(string(letter), "auditor@outside.test") {
				return ""
			}
		}
		return fmt.Sprint("no mail: ", r.spooled(), err)
	})
	_, text, _ := strings.Cut(strings.ReplaceAll(string(letter), "\r\n", "\n"), "\n\n")
	if k, err := verify.OpenCheckpoint([]byte(text), r.logKey.Verifier()); err != nil || k != first {
		t.Errorf("mailed: %+v, %v in %s", k, err, letter)
	}

	r.honest(r.talk("ag1"))
	before, err := r.store.ledger.Head(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	r.site.renew(t)
	r.honest(r.talkIn(newBrowser(t), "ag2", "Please stop it"))
	now, err := r.store.ledger.Head(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	fetch := func(path string) ([]byte, error) {
		status, _, b := r.call("", "GET", "/log/"+path, "")
		if status != http.StatusOK {
			return nil, fmt.Errorf("%s: %d", path, status)
		}
		return b, nil
	}
	if err := verify.Consistent(before, now, fetch); err != nil {
		t.Errorf("the log grew: %v", err)
	}
	other := before
	other.Root[7] ^= 1
	if err := verify.Consistent(other, now, fetch); err != verify.ErrInconsistent {
		t.Errorf("another history: %v", err)
	}
	served, err := fetch("checkpoint")
	if err != nil {
		t.Fatal(err)
	}
	if k, err := verify.OpenCheckpoint(served, r.logKey.Verifier()); err != nil || k.Size > now.Size {
		t.Errorf("served: %+v, %v", k, err)
	}
	entries, err := fetch(verify.TilePath("entries", 0, int(now.Size)))
	leaves, err2 := r.store.ledger.Leaves(t.Context(), 0, int(now.Size))
	want, err3 := verify.PackEntries(leaves)
	if err != nil || err2 != nil || err3 != nil || string(entries) != string(want) {
		t.Errorf("entries: %d bytes, %v %v %v", len(entries), err, err2, err3)
	}
	r.holdsNoFact("the log", entries)
	for _, path := range []string{"tile/0/001", "tile/entries/000", "tile/0/000.p/0", "tile/8/000", "tile/0/x000/000", "tile/../checkpoint", "tile/0/-01", verify.TilePath("0", 0, int(now.Size)+1)} {
		if _, err := fetch(path); err == nil {
			t.Errorf("%s is served", path)
		}
	}
}

// spooled are the mails that the fixture has written.
func (f *fixture) spooled() (names []string) {
	_ = filepath.WalkDir(filepath.Join(f.config.Data, "spool"), func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			names = append(names, path)
		}
		return nil
	})
	return names
}

func TestCheckpointKeys(t *testing.T) {
	_, _, err := Load([]string{"--checkpoint-url", "http://archive.example/x", "--checkpoint-mail", "Nobody <nobody>"}, nil, io.Discard)
	mustSay(t, err, "checkpoint_url: must be https", "checkpoint_mail: must be an address")
	if _, _, err := Load([]string{"--checkpoint-url", "https://archive.example/x", "--checkpoint-mail", "auditor@example.com"}, nil, io.Discard); err != nil {
		t.Error(err)
	}
}
