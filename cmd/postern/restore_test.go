package main

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/postern-chat/postern/gateway"
	"github.com/postern-chat/postern/gateway/sqlstore"
	"github.com/postern-chat/postern/verify"
)

// backedUp is a backup of a small installation: a mailbox, an API key, a mail in the spool.
func backedUp(t *testing.T, flags ...string) (c Config, dir string) {
	t.Helper()
	c = alone(t)
	st, err := openStorage(t.Context(), c, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	_, _, err = st.gateway.SaveMailbox(t.Context(), gateway.Mailbox{ID: "mb_1", Slug: "support", Name: "Support"}, gateway.System(), time.Now())
	if err := errors.Join(err, st.gateway.Close()); err != nil {
		t.Fatal(err)
	}
	files := map[string]string{"spool/a.eml": "Subject: hi\r\n\r\nhi", "secret": strings.Repeat("s", 40), "signing-key.pem": "a key", "checkpoint": "a checkpoint"}
	for name, text := range files {
		path := filepath.Join(c.Data, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte(text), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	dir = filepath.Join(t.TempDir(), "backup")
	say(t, exitOK, nil, append([]string{"backup", dir, "--data", c.Data}, flags...)...)
	return c, dir
}

func (m Manifest) write(t *testing.T, dir string) {
	t.Helper()
	b, err := json.Marshal(m)
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, manifestName), b, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// What is not what was backed up is refused, and then nothing is at the new place.
func TestRestoreRefuses(t *testing.T) {
	flip := func(t *testing.T, name string) {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		b[len(b)/2] ^= 1
		if err := os.WriteFile(name, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		name, says string
		spoil      func(t *testing.T, dir string, m *Manifest)
	}{
		{"a table is damaged", "tables/mailboxes.jsonl.gz is not what was backed up", func(t *testing.T, dir string, _ *Manifest) {
			flip(t, filepath.Join(dir, "tables", "mailboxes.jsonl.gz"))
		}},
		{"a mail is damaged", "spool/a.eml is not what was backed up", func(t *testing.T, dir string, _ *Manifest) {
			flip(t, filepath.Join(dir, "spool", "a.eml"))
		}},
		{"a file is gone", "no such file", func(t *testing.T, dir string, _ *Manifest) {
			if err := os.Remove(filepath.Join(dir, "tables", "events.jsonl.gz")); err != nil {
				t.Fatal(err)
			}
		}},
		{"a table is not listed", "events: is missing in the backup", func(_ *testing.T, _ string, m *Manifest) {
			for i, f := range m.Files {
				if f.table() == "events" {
					m.Files = append(m.Files[:i], m.Files[i+1:]...)
					break
				}
			}
		}},
		{"a row too few is claimed", "the manifest says 7", func(_ *testing.T, _ string, m *Manifest) {
			for i, f := range m.Files {
				if f.table() == "mailboxes" {
					m.Files[i].Rows = 7
				}
			}
		}},
		{"a newer schema", "schema", func(_ *testing.T, _ string, m *Manifest) { m.Schema += 1000 }},
		{"another format", "format", func(_ *testing.T, _ string, m *Manifest) { m.Format = "postern.backup.v2" }},
		{"another log", "the log of changes has", func(_ *testing.T, _ string, m *Manifest) { m.Log.Size++ }},
		{"a name that leaves the folder", `the manifest names "../x"`, func(_ *testing.T, _ string, m *Manifest) { m.Files[0].Name = "../x" }},
		{"a name that lands elsewhere", `the manifest names "spool/../../x"`, func(_ *testing.T, _ string, m *Manifest) {
			m.Files[0].Name = "spool/../../x"
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, dir := backedUp(t)
			root, m, err := openBackup(dir)
			if err != nil {
				t.Fatal(err)
			}
			_ = root.Close()
			c.spoil(t, dir, &m)
			m.write(t, dir)
			data := filepath.Join(t.TempDir(), "data")
			if out := say(t, exitFailed, nil, "restore", dir, "--data", data); !strings.Contains(out, c.says) {
				t.Errorf("%q is not in %s", c.says, out)
			}
			if left, err := os.ReadDir(data); err == nil && len(left) > 0 {
				t.Errorf("%v is left", left)
			}
		})
	}
}

// Only an empty place is filled. What lies there stays as it is.
func TestRestoreOverNothing(t *testing.T) {
	_, dir := backedUp(t, "--with-keys")
	for name, text := range map[string]string{"postern.db": "mine", "spool/mine.eml": "mine", "secret": "another secret", "signing-key.pem": "another key"} {
		data := t.TempDir()
		path := filepath.Join(data, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte(text), 0o600)); err != nil {
			t.Fatal(err)
		}
		say(t, exitFailed, nil, "restore", dir, "--data", data)
		b, err := os.ReadFile(path)
		if err != nil || string(b) != text {
			t.Errorf("%s is %q now, %v", name, b, err)
		}
	}
	if out := say(t, exitUsage, nil, "restore"); !strings.Contains(out, "usage") {
		t.Error(out)
	}
	say(t, exitUsage, nil, "backup")
	say(t, exitFailed, nil, "backup", filepath.Join(t.TempDir(), "b"), "--data", t.TempDir()) // nothing to back up
	say(t, exitFailed, nil, "backup", "check", t.TempDir())
	if out := say(t, exitOK, nil, "backup", "check", dir); !strings.Contains(out, "SECRET KEYS") {
		t.Error(out)
	}
}

// Everything that lay on the disk is there again: mails, and keys if they were asked for.
func TestRestoreFiles(t *testing.T) {
	for _, keys := range []bool{false, true} {
		var flags []string
		if keys {
			flags = []string{"--with-keys"}
		}
		from, dir := backedUp(t, flags...)
		data := filepath.Join(t.TempDir(), "data")
		say(t, exitOK, nil, "restore", dir, "--data", data)
		for name, want := range map[string]bool{"spool/a.eml": true, "secret": keys, "signing-key.pem": keys} {
			was, err := os.ReadFile(filepath.Join(from.Data, name))
			if err != nil {
				t.Fatal(err)
			}
			is, err := os.ReadFile(filepath.Join(data, name))
			if want != (err == nil && string(is) == string(was)) {
				t.Errorf("keys %v: %s is %q, %v", keys, name, is, err)
			}
		}
		for _, name := range []string{"restoring", "postern.db-wal"} {
			if _, err := os.Stat(filepath.Join(data, name)); err == nil {
				t.Errorf("%s is left", name)
			}
		}
		info, err := os.Stat(filepath.Join(dir, manifestName))
		if err != nil || info.Mode().Perm()&0o077 != 0 {
			t.Errorf("others may read the backup: %v, %v", info.Mode(), err)
		}
	}
}

// A restore that was killed between the rows and its end leaves the mark, and the next start ends what was open:
// the API keys, and what was asked or agreed to but not in force at the backup's moment.
func TestRestoreKilled(t *testing.T) {
	c := alone(t)
	taken := time.Now()
	at := func(d time.Duration) int64 { return taken.Add(d).UnixMilli() }
	st, err := openStorage(t.Context(), c, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	_, _, err = st.gateway.SaveMailbox(t.Context(), gateway.Mailbox{ID: "mb_1", Slug: "support", Name: "Support"}, gateway.System(), taken)
	if err == nil {
		err = st.gateway.SaveAPIKey(t.Context(), gateway.APIKey{ID: "ak_1", Name: "shop", Mailbox: "mb_1", Scopes: gateway.Scopes(), CreatedAt: taken}, "hash")
	}
	if err != nil {
		t.Fatal(err)
	}
	for name, v := range map[string]any{
		"kinds.off": map[string]gateway.KindSwitch{
			"asked":  {OffBy: "ag_1", OffAt: at(-time.Hour), AskedBy: "ag_1", AskedAt: at(-time.Minute)},
			"agreed": {OffBy: "ag_1", OffAt: at(-time.Hour), AskedBy: "ag_1", AskedAt: at(-time.Minute), AgreeBy: "ag_2", OnAt: at(time.Second)},
			"on":     {OffBy: "ag_1", OffAt: at(-time.Hour), AskedBy: "ag_1", AskedAt: at(-time.Minute), AgreeBy: "ag_2", OnAt: at(-time.Second)},
		},
		"policy.book": gateway.PolicyBook{Hash: "h", Wait: &gateway.PolicyWait{Hash: "w", Ask: gateway.KindSwitch{AskedBy: "ag_1", AskedAt: at(-time.Minute), OnAt: at(time.Second)}}},
		gateway.RestoredSetting: gateway.RestoredMark{
			TakenAt: taken.UnixMilli(), Root: "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
		},
	} {
		text, err := json.Marshal(v)
		if err == nil {
			err = st.gateway.KeepSetting(t.Context(), name, string(text))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	s := &gateway.Service{Store: st.gateway, Guard: &verify.Guard{Ledger: st.ledger}, Now: time.Now}
	ends, err := s.EndRestored(t.Context())
	if err != nil || ends != (gateway.RestoredEnds{Keys: 1, Requests: 3}) {
		t.Errorf("ended %+v, %v", ends, err)
	}
	var kinds map[string]gateway.KindSwitch
	var book gateway.PolicyBook
	for name, to := range map[string]any{"kinds.off": &kinds, "policy.book": &book} {
		text, err := st.gateway.Setting(t.Context(), name)
		if err == nil {
			err = json.Unmarshal([]byte(text), to)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	later := taken.AddDate(1, 0, 0)
	for kind, off := range map[string]bool{"asked": true, "agreed": true, "on": false} {
		if kinds[kind].Off(later) != off {
			t.Errorf("%s: %+v", kind, kinds[kind])
		}
	}
	if book.Wait == nil || book.Wait.Ask != (gateway.KindSwitch{}) {
		t.Errorf("the policy that waits: %+v", book.Wait)
	}
	if again, err := s.EndRestored(t.Context()); err != nil || again != (gateway.RestoredEnds{}) || s.RestoredAt.IsZero() {
		t.Errorf("once more: %+v, %v, %v", again, err, s.RestoredAt)
	}
	if err := st.gateway.Close(); err != nil {
		t.Error(err)
	}
}

// The mark is in the database before anything else can see its rows, whatever an older mark said.
func TestRestoreMark(t *testing.T) {
	from, first := backedUp(t)
	data := filepath.Join(t.TempDir(), "data")
	say(t, exitOK, nil, "restore", first, "--data", data)
	second := filepath.Join(t.TempDir(), "backup") // of a database that was restored once
	say(t, exitOK, nil, "backup", second, "--data", data)
	root, m, err := openBackup(second)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = root.Close() }()
	r := restoring{root: root, manifest: m, progress: &progressLines{out: io.Discard, now: time.Now, every: time.Hour}}
	from.Data = t.TempDir()
	db := from.database()
	if err := sqlstore.Fill(t.Context(), db, m.Schema, func(f *sqlstore.Filling) error { return r.fill(t.Context(), f) }); err != nil {
		t.Fatal(err)
	}
	st, err := openStorage(t.Context(), from, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = st.gateway.Close() }()
	text, err := st.gateway.Setting(t.Context(), gateway.RestoredSetting)
	var mark gateway.RestoredMark
	if err := errors.Join(err, json.Unmarshal([]byte(text), &mark)); err != nil {
		t.Fatal(err)
	}
	if mark.EndedAt != 0 || mark.TakenAt != m.TakenAt.UnixMilli() {
		t.Errorf("the mark is %+v", mark)
	}
}

// A session token that was signed before the restore may have been used: its use was not in the backup.
func TestSessionTokenOfBeforeTheRestore(t *testing.T) {
	r := newRow(t, startFixture(t, "SQLite", options{}))
	r.given()
	r.alone(options{})
	b := newBrowser(t)
	mark, err := json.Marshal(gateway.RestoredMark{EndedAt: r.clock.now().UnixMilli()})
	if err != nil {
		t.Fatal(err)
	}
	if err := r.store.gateway.KeepSetting(t.Context(), gateway.RestoredSetting, string(mark)); err != nil {
		t.Fatal(err)
	}
	old := r.site.session(t, "u-vic")
	r.stop()
	r.start(t, options{})
	vic := r.visit(b)
	if f := vic.do("identify", map[string]any{"token": old}); f["error"] == nil {
		t.Error("a token of before the restore is taken")
	}
	r.clock.set(t, 2*time.Second)
	vic.ok("identify", map[string]any{"token": r.site.session(t, "u-vic")})
}
