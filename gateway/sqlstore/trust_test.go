package sqlstore

import (
	"context"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/postern-chat/postern/gateway"
)

// trusts reports whether the next batch would take what is remembered for what stands in the database.
func trusts(t *testing.T, s *Store) bool {
	t.Helper()
	x, end, err := s.beginBatch(t.Context(), time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	defer end()
	b := newBatch(x, true, false)
	if err := b.begins(); err != nil {
		t.Fatal(err)
	}
	return b.trusts
}

// What is remembered is believed unread only as long as nobody else has written: no verb, no other process.
func TestMemoryIsTrustedUntilSomebodyWrites(t *testing.T) {
	source := filepath.Join(t.TempDir(), "trust.db")
	s, other := open(t, SQLite, source), open(t, SQLite, source)
	k := newTalk(t, s)
	n := 0
	send := func(s *Store) error {
		n++
		_, err := s.Append(t.Context(), k.Message(k.row, string(rune('a'+n)), "words"))
		return err
	}
	for _, c := range []struct {
		name string
		do   func() error
		want bool
	}{
		{"its own batch", func() error { return nil }, true},
		{"reading", func() error { _, err := s.Conversation(t.Context(), k.cv); return err }, true},
		{"a copied log", func() error { _, err := checkpoint(other.check.db); return err }, true},
		{"a log that starts anew", func() error {
			left, err := checkpoint(s.check.db)
			if err == nil && left > 0 {
				t.Error("something is left to copy")
			}
			if err == nil {
				err = send(s)
			}
			return err
		}, true},
		{"a verb", func() error {
			_, err := s.SetSetting(t.Context(), "a", "1", gateway.System(), k.Now())
			return err
		}, true},
		{"a statement of nobody's", func() error {
			_, err := s.write.ExecContext(t.Context(), "UPDATE numbers SET value = value")
			return err
		}, false},
		{"another process's message", func() error { return send(other) }, false},
		{"another process's verb", func() error {
			_, err := other.SetSetting(t.Context(), "a", "2", gateway.System(), k.Now())
			return err
		}, false},
		{"a new connection", func() error {
			s.write.SetMaxIdleConns(0)
			_, err := s.write.ExecContext(context.Background(), "SELECT 1")
			s.write.SetMaxIdleConns(1)
			return err
		}, false},
	} {
		if err := send(s); err != nil {
			t.Fatal(err)
		}
		if !trusts(t, s) {
			t.Fatalf("%s: nothing is trusted before", c.name)
		}
		if err := c.do(); err != nil {
			t.Fatal(c.name, err)
		}
		if got := trusts(t, s); got != c.want {
			t.Errorf("%s: trusted %v, want %v", c.name, got, c.want)
		}
	}
	k.events(s)
}

// A verb ends the trust in the rows that it saves, and in the epoch if it may have raised it; not in others.
func TestVerbsSayWhatTheyTouch(t *testing.T) {
	s := openSQLite(t)
	k := newTalk(t, s)
	other := k.Start("words")
	sure := func() (row, beside, epoch bool) {
		for _, in := range []gateway.Append{k.Message(k.row, string(k.ID("")), "words"), k.Message(other, string(k.ID("")), "words")} {
			_, err := s.Append(t.Context(), in)
			k.must(err)
		}
		k.answer(s, string(k.ID("")))
		return k.sure(s, other.ID)
	}
	for _, c := range []struct {
		name       string
		do         func() error
		row, epoch bool
	}{
		{"nothing", func() error { return nil }, true, true},
		{"a job is looked for", func() error {
			_, _, err := s.LeaseJob(t.Context(), "me", time.Minute, k.Now())
			return err
		}, true, true},
		{"handed to a colleague and back", func() error {
			k.must(k.assign(s))
			_, err := s.Assign(t.Context(), gateway.Assignment{Conversation: k.cv, By: gateway.System(), ToAgent: k.ada}, k.Now())
			return err
		}, false, true},
		{"a new password", func() error { return s.SetPassword(t.Context(), k.bob, "hash", k.Now()) }, true, false},
		{"what was typed", func() error {
			_, err := s.SetEmail(t.Context(), k.cv, "anna@example.com", k.Now())
			return err
		}, false, true},
		{"refused", func() error {
			if _, err := s.Claim(t.Context(), k.cv, k.bob, "hand", k.Now()); gateway.CodeOf(err) != "already_claimed" {
				t.Errorf("%v", err)
			}
			return nil
		}, true, true},
	} {
		if row, beside, epoch := sure(); !row || !beside || !epoch {
			t.Fatalf("%s: not sure before: %v %v %v", c.name, row, beside, epoch)
		}
		if err := c.do(); err != nil {
			t.Fatal(c.name, err)
		}
		if !trusts(t, s) {
			t.Errorf("%s: it is not known who has written", c.name)
		}
		if row, beside, epoch := k.sure(s, other.ID); row != c.row || !beside || epoch != c.epoch {
			t.Errorf("%s: row %v, the one beside %v, epoch %v", c.name, row, beside, epoch)
		}
	}
}

func (k *talk) sure(s *Store, other gateway.ID) (row, beside, epoch bool) {
	_, row = s.talks.sure(k.cv)
	_, beside = s.talks.sure(other)
	_, epoch = s.talks.sureEpoch()
	return row, beside, epoch
}

// Every query of the package that writes a conversation's row or a number is seen to do so.
func TestWritesAreSeen(t *testing.T) {
	seen := 0
	pattern := regexp.MustCompile(`(?i)\b(?:UPDATE|INTO|DELETE\s+FROM)\s+"?(conversations|numbers)\b`)
	for where, text := range queries(t) {
		for _, m := range pattern.FindAllStringSubmatch(text, -1) {
			if seen++; !writes(text, m[1]) && !strings.HasPrefix(where, "migration") {
				t.Errorf("%s: nobody sees what is written to %s by %q", where, m[1], text)
			}
		}
	}
	if seen < 6 {
		t.Fatalf("only %d found: the search is broken", seen)
	}
}
