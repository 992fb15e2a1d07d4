package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/postern-chat/postern/gateway"
	"github.com/postern-chat/postern/gateway/gatewaytest/server"
	"github.com/postern-chat/postern/verify"
)

// runBinary runs the real binary and gives what it printed.
func runBinary(t *testing.T, want int, env []string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), binary(t), args...)
	cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME")}, env...)
	out, err := cmd.CombinedOutput()
	if code := cmd.ProcessState.ExitCode(); code != want {
		t.Fatalf("postern %s: exit %d, want %d (%v)\n%s", strings.Join(args, " "), code, want, err, out)
	}
	return string(out)
}

// writing writes in all streams until end is called.
func (f *fixture) writing(t *testing.T, streams []*stream) (written func() int64, end func()) {
	t.Helper()
	var all atomic.Int64
	var wg sync.WaitGroup
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	const enough = 1 << 40
	for _, s := range streams {
		wg.Go(func() {
			if err := s.write(ctx, t, f, &all, enough, false); err != nil {
				t.Error(err)
			}
		})
	}
	return all.Load, func() { all.Add(enough); wg.Wait(); cancel() }
}

func waitUntil(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(6 * patience); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal(what)
		}
	}
}

// newPlace is a new place of a database: the flags and variables for it.
func newPlace(t *testing.T, p *process, engine string) (args, env []string) {
	t.Helper()
	args = append(slices.Clone(p.args[1:]), "--data", filepath.Join(t.TempDir(), "data"))
	if engine == "PostgreSQL" {
		env = []string{"POSTERN_DATABASE_URL=" + server.NewDatabase(t)}
	}
	return args, env
}

// A backup is taken by the real program while a real gateway stores messages, and restored into a new database of
// either kind. Up to the backup's point everything is there, without a gap, and nothing after it; the log of changes
// verifies. What was open is not open again: the change under way, the API key, the agents' sessions.
func TestBackupUnderLoad(t *testing.T) {
	for _, engine := range []string{"SQLite", "PostgreSQL"} {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			f, list := processes(t, engine, nil, 1)
			r := newRow(t, f)
			r.given()
			k := r.talk("ag1")
			r.honest(k)
			live, _ := k.offer(t)
			runBinary(t, exitOK, list[0].env, append([]string{"apikey", "add", "shop", "--mailbox", "support"}, list[0].args[1:]...)...)
			streams := []*stream{}
			for range 4 {
				s := &stream{b: newBrowser(t), acked: map[string]int{}}
				streams = append(streams, s)
				if err := s.begin(t, f); err != nil {
					t.Fatal(err)
				}
			}
			f.write(t, streams, 60, nil)
			before := []map[string]int{}
			for _, s := range streams {
				before = append(before, maps.Clone(s.acked))
			}
			written, end := f.writing(t, streams)
			waitUntil(t, "nobody writes", func() bool { return written() >= 40 })
			dir := filepath.Join(t.TempDir(), "backup")
			out := runBinary(t, exitOK, list[0].env, append([]string{"backup", dir}, list[0].args[1:]...)...)
			at := written()
			waitUntil(t, "nobody writes any more", func() bool { return written() >= at+40 })
			end()
			if !strings.Contains(out, "events: ") || !strings.Contains(out, "log of changes: ") {
				t.Errorf("the backup says %s", out)
			}
			secrets(t, f, dir)
			runBinary(t, exitFailed, list[0].env, append([]string{"backup", dir}, list[0].args[1:]...)...) // overwrites nothing
			for _, to := range []string{"SQLite", "PostgreSQL"} {
				t.Run("to "+to, func(t *testing.T) {
					args, env := newPlace(t, list[0], to)
					out := runBinary(t, exitOK, env, append([]string{"restore", dir}, args...)...)
					for _, want := range []string{"1 changes under way", "1 API keys"} {
						if !strings.Contains(out, want) {
							t.Errorf("%q is not in %s", want, out)
						}
					}
					restoredWell(t, args, env, streams, before, live)
					if out := runBinary(t, exitOK, env, append([]string{"audit", "verify"}, args...)...); !strings.Contains(out, "ok: ") {
						t.Error(out)
					}
					runBinary(t, exitFailed, env, append([]string{"restore", dir}, args...)...) // nothing is empty any more
					goesOn(t, f, list[0], args, env, streams[0])
				})
			}
		})
	}
}

// restoredWell is the checker: it compares what each client was told with what is in the new database.
func restoredWell(t *testing.T, args, env []string, streams []*stream, before []map[string]int, live string) {
	t.Helper()
	c, _, err := Load(args, env, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	st, err := openStorage(t.Context(), c, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = st.gateway.Close() }()
	later := 0
	for i, s := range streams {
		there := messagesOf(t, st.gateway, s.cv)
		heads, err := st.gateway.Heads(t.Context(), []string{s.cv})
		if err != nil {
			t.Fatal(err)
		}
		point := int(heads[s.cv])
		for id, seq := range s.acked {
			switch {
			case seq <= point && there[seq] != "message "+id:
				t.Errorf("%s was acknowledged as %d and is stored as %q", id, seq, there[seq])
			case seq > point:
				later++
				if before[i][id] != 0 {
					t.Errorf("%s was acknowledged before the backup began and is not in it", id)
				}
			}
		}
		known := map[string]bool{"first": true}
		for id := range s.acked {
			known["message "+id] = true
		}
		known[fmt.Sprintf("message m%d", s.next)] = true // on its way at the end
		for seq, text := range there {
			if !known[text] || seq > point {
				t.Errorf("%d %q was never sent, or is after the point %d", seq, text, point)
			}
		}
	}
	if later == 0 {
		t.Error("nothing was written after the backup's point: the test shows nothing")
	}
	row, err := st.ledger.Change(t.Context(), live)
	if err != nil || row.State != verify.Revoked || row.Reason != verify.LogRestored {
		t.Errorf("the change under way is %s (%s), %v", row.State, row.Reason, err)
	}
	keys, err := st.gateway.APIKeys(t.Context())
	if err != nil || len(keys) != 1 || keys[0].EndedAt.IsZero() {
		t.Errorf("the API keys: %v, %v", keys, err)
	}
}

// messagesOf reads a conversation's texts by number; its numbers must have no gap.
func messagesOf(t *testing.T, st gateway.Store, cv string) map[int]string {
	t.Helper()
	there, want := map[int]string{}, uint64(1)
	for {
		events, err := st.Events(t.Context(), cv, want-1, 500)
		if err != nil {
			t.Fatal(err)
		}
		if len(events) == 0 {
			return there
		}
		for _, e := range events {
			if e.Seq != want {
				t.Fatalf("%s: seq %d, want %d", cv, e.Seq, want)
			}
			want++
			var m struct{ Text string }
			if e.Kind == "message.created" {
				if err := json.Unmarshal(e.Payload, &m); err != nil {
					t.Fatal(err)
				}
				there[int(e.Seq)] = m.Text
			}
		}
	}
}

// secrets are nowhere in a backup that was made without --with-keys, and neither are sessions.
func secrets(t *testing.T, f *fixture, dir string) {
	t.Helper()
	root, m, err := openBackup(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = root.Close() }()
	var canaries [][]byte
	for _, name := range []string{f.config.SecretFile, f.config.SigningKeyFile} {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		canaries = append(canaries, bytes.TrimSpace(b))
	}
	for _, file := range m.Files {
		b, err := root.ReadFile(filepath.FromSlash(file.Name))
		if err != nil {
			t.Fatal(err)
		}
		if file.table() != "" {
			b = unzipped(t, b)
		}
		for _, c := range canaries {
			if bytes.Contains(b, c) {
				t.Errorf("%s holds a secret", file.Name)
			}
		}
		if slices.Contains([]string{"sessions", "slips", "passkey_challenges"}, file.table()) || strings.HasPrefix(file.Name, "keys/") {
			t.Errorf("the backup has %s", file.Name)
		}
	}
}

// goesOn starts a gateway on what was restored: the visitor comes back with the same key and writes on, the agents
// must sign in again.
func goesOn(t *testing.T, f *fixture, old *process, args, env []string, s *stream) {
	t.Helper()
	address := freeAddress(t)
	p := &process{url: "http://" + address, log: &output{}, env: env, args: append(append([]string{"serve"}, args...), "--listen", address)}
	p.start(t)
	defer p.kill(t)
	g := f.on(p)
	c, err := g.tab(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.ws.CloseNow() }()
	if _, err := c.do(t.Context(), "hello", s.b.greet(t, c.nonce, nil)); err != nil {
		t.Fatal(err)
	}
	if _, err := c.do(t.Context(), "message.send", map[string]any{"conversation": s.cv, "client_id": "after", "text": "after"}); err != nil {
		t.Error(err)
	}
	for from, want := range map[string]int{old.url: http.StatusOK, p.url: http.StatusUnauthorized} {
		req, err := http.NewRequestWithContext(t.Context(), "GET", from+"/v1/me", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Cookie", f.staff["ag1"].cookie)
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		if res.StatusCode != want {
			t.Errorf("an old session at %s: %d, want %d", from, res.StatusCode, want)
		}
	}
}

func unzipped(t *testing.T, b []byte) []byte {
	t.Helper()
	z, err := gzip.NewReader(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	out, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return out
}
