package sqlstore

import (
	"crypto/rand"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/postern-chat/postern/gateway"
	"github.com/postern-chat/postern/gateway/gatewaytest"
	"github.com/postern-chat/postern/gateway/gatewaytest/server"
)

// places are new databases of both engines.
func places() map[string]func(testing.TB) Options {
	opt := func(e Engine, source string) Options {
		return Options{Engine: e, DataSource: source, Rand: rand.Reader, Now: time.Now}
	}
	return map[string]func(testing.TB) Options{
		"SQLite":     func(t testing.TB) Options { return opt(SQLite, filepath.Join(t.TempDir(), "a ?#%.db")) },
		"PostgreSQL": func(t testing.TB) Options { return opt(PostgreSQL, server.NewDatabase(t)) },
	}
}

// whole is all that a copy holds, in an order of its own.
func whole(t *testing.T, o Options) (version int64, columns map[string][]string, rows map[string][][]any) {
	t.Helper()
	columns, rows = map[string][]string{}, map[string][][]any{}
	err := ReadMoment(t.Context(), o, func(m Moment) error {
		version = m.Version()
		for _, table := range m.Tables() {
			err := m.Rows(t.Context(), table, func(c []string) error { columns[table] = c; return nil }, func(row []any) error {
				rows[table] = append(rows[table], slices.Clone(row))
				return nil
			})
			if err != nil {
				return err
			}
			slices.SortFunc(rows[table], func(a, b []any) int { return slices.Compare([]byte(said(a)), []byte(said(b))) })
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return version, columns, rows
}

func said(row []any) (out string) {
	for _, v := range row {
		out += fmt.Sprintf("%T %v|", v, v)
	}
	return out
}

func put(t *testing.T, columns map[string][]string, rows map[string][][]any) func(*Filling) error {
	return func(f *Filling) error {
		for _, table := range f.Tables() {
			left := rows[table]
			n, err := f.Insert(t.Context(), table, columns[table], func() (row []any, err error) {
				if len(left) > 0 {
					row, left = left[0], left[1:]
				}
				return row, nil
			})
			if err != nil || int(n) != len(rows[table]) {
				return fmt.Errorf("%s: %d rows of %d: %w", table, n, len(rows[table]), err)
			}
		}
		return nil
	}
}

// furnished is a database with something in it: conversations, files, jobs, a session.
func furnished(t *testing.T, o Options) {
	t.Helper()
	s, err := Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	w := gatewaytest.NewWorld(t, s)
	mia := w.NewAgent("mia", 3)
	for i := range 4 {
		c := w.Start(fmt.Sprintf("hello 'you' %d \u00e9\u4e16\"", i))
		for n := range 20 {
			if _, err := s.Append(t.Context(), w.Message(c, fmt.Sprintf("m%d", n), "text")); err != nil {
				t.Fatal(err)
			}
		}
	}
	err = errors.Join(
		s.Enqueue(t.Context(), gateway.Job{ID: "a:1", Kind: "mail", Due: w.Now()}),
		s.SaveSession(t.Context(), "hash", mia, "", w.Now().Add(time.Hour), w.Now()),
		s.Close(),
	)
	if err != nil {
		t.Fatal(err)
	}
}

// What is copied from either database into either is the same, row by row and type by type, and works as a store;
// what opens something once is not in it.
func TestCopy(t *testing.T) {
	for from, source := range places() {
		o := source(t)
		furnished(t, o)
		version, columns, rows := whole(t, o)
		if len(rows["events"]) < 84 || len(rows["jobs"]) == 0 || columns["sessions"] != nil || columns["goose_db_version"] != nil {
			t.Fatalf("%d events, %d jobs, sessions %v", len(rows["events"]), len(rows["jobs"]), columns["sessions"])
		}
		for to, target := range places() {
			t.Run(from+" to "+to, func(t *testing.T) {
				o := target(t)
				if err := Fill(t.Context(), o, version, put(t, columns, rows)); err != nil {
					t.Fatal(err)
				}
				again, _, got := whole(t, o)
				if again != version || len(got) != len(rows) {
					t.Errorf("version %d and %d tables, want %d and %d", again, len(got), version, len(rows))
				}
				for table, want := range rows {
					if a, b := fmt.Sprint(got[table]), fmt.Sprint(want); a != b {
						t.Errorf("%s:\n%s\nwant\n%s", table, a, b)
					}
					for i := range want {
						if said(got[table][i]) != said(want[i]) {
							t.Fatalf("%s: %s, want %s", table, said(got[table][i]), said(want[i]))
						}
					}
				}
				st, err := Open(t.Context(), o)
				if err != nil {
					t.Fatal(err)
				}
				if _, found, err := st.LeaseJob(t.Context(), "me", time.Minute, time.Now().AddDate(10, 0, 0)); err != nil || !found {
					t.Errorf("the job: %v, %v", found, err)
				}
				if err := st.Close(); err != nil {
					t.Error(err)
				}
				if err := Fill(t.Context(), o, version, put(t, columns, rows)); gateway.CodeOf(err) != "conflict" {
					t.Errorf("a second time: %v, want conflict", err)
				}
			})
		}
	}
}

// A copy of an older schema is brought to the newest one; one of a newer schema, and one that breaks off, leave the
// place empty.
func TestFillOldAndBroken(t *testing.T) {
	for name, place := range places() {
		t.Run(name, func(t *testing.T) {
			o := place(t)
			_, newest, err := Schema(t.Context(), o)
			if err != nil {
				t.Fatal(err)
			}
			empty := func(when string) {
				t.Helper()
				if have, _, err := Schema(t.Context(), o); err != nil || have != 0 {
					t.Fatalf("%s: the schema is at %d, %v", when, have, err)
				}
			}
			none := func(*Filling) error { t.Error("rows of a newer schema are taken"); return nil }
			if err := Fill(t.Context(), o, newest+1, none); gateway.CodeOf(err) != "invalid" {
				t.Errorf("a newer schema: %v, want invalid", err)
			}
			empty("after a newer one")
			broken := errors.New("broken off")
			err = Fill(t.Context(), o, newest, func(f *Filling) error {
				row := []any{"p", "x", int64(1)}
				_, err := f.Insert(t.Context(), "settings", []string{"name", "value", "version"}, func() ([]any, error) {
					defer func() { row = nil }()
					return row, nil
				})
				return errors.Join(err, broken)
			})
			if !errors.Is(err, broken) {
				t.Errorf("broken off: %v", err)
			}
			empty("after one that broke off")
			err = Fill(t.Context(), o, newest, func(f *Filling) error {
				_, err := f.Insert(t.Context(), "settings", []string{"name", `value") --`}, func() ([]any, error) { return nil, nil })
				return err
			})
			if gateway.CodeOf(err) != "invalid" {
				t.Errorf("an unknown column: %v, want invalid", err)
			}
			empty("after an unknown column")
			if err := Fill(t.Context(), o, 3, func(f *Filling) error {
				row := []any{"p", "x", int64(1)}
				_, err := f.Insert(t.Context(), "settings", []string{"name", "value", "version"}, func() ([]any, error) {
					defer func() { row = nil }()
					return row, nil
				})
				return err
			}); err != nil {
				t.Fatal(err)
			}
			if have, _, err := Schema(t.Context(), o); err != nil || have != newest {
				t.Errorf("the schema is at %d, want %d (%v)", have, newest, err)
			}
			st, err := Open(t.Context(), o)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = st.Close() }()
			if got, err := st.Setting(t.Context(), "p"); err != nil || got != "x" {
				t.Errorf("the setting is %q, %v", got, err)
			}
			if err := Clear(t.Context(), o); err != nil {
				t.Fatal(err)
			}
			empty("after Clear")
		})
	}
}

// Nobody sees half of what goes on meanwhile: what is written after a moment began is not in it.
func TestMomentStands(t *testing.T) {
	for name, place := range places() {
		t.Run(name, func(t *testing.T) {
			o := place(t)
			furnished(t, o)
			st, err := Open(t.Context(), o)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = st.Close() }()
			count := func(m Moment) (n int) {
				err := m.Rows(t.Context(), "settings", func([]string) error { return nil }, func([]any) error { n++; return nil })
				if err != nil {
					t.Fatal(err)
				}
				return n
			}
			err = ReadMoment(t.Context(), o, func(m Moment) error {
				before := count(m)
				if err := st.KeepSetting(t.Context(), "late", "1"); err != nil {
					return err
				}
				if n := count(m); n != before {
					t.Errorf("%d settings, then %d", before, n)
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
		})
	}
}
