package sqlstore

import (
	"crypto/rand"
	"path/filepath"
	"testing"
	"time"

	"github.com/postern-chat/postern/gateway"
	"github.com/postern-chat/postern/gateway/gatewaytest"
	"github.com/postern-chat/postern/gateway/gatewaytest/server"
)

func TestMain(m *testing.M) { server.Main(m) }

func open(t testing.TB, e Engine, source string) *Store {
	t.Helper()
	s, err := Open(t.Context(), Options{Engine: e, DataSource: source, Rand: rand.Reader, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func openSQLite(t testing.TB) *Store {
	return open(t, SQLite, filepath.Join(t.TempDir(), "a ?#%.db"))
}

func openPostgres(t testing.TB) *Store { return open(t, PostgreSQL, server.NewDatabase(t)) }

func TestStoreSQLite(t *testing.T) {
	gatewaytest.Store(t, func(t *testing.T) gateway.Store { return openSQLite(t) })
}

func TestStorePostgres(t *testing.T) {
	gatewaytest.Store(t, func(t *testing.T) gateway.Store { return openPostgres(t) })
}

// What is preloaded is there as if it had been written: in order, without gaps, under client ids of its own, and the
// next message follows it.
func TestPreload(t *testing.T) {
	for name, open := range map[string]func(testing.TB) *Store{"sqlite": openSQLite, "postgres": openPostgres} {
		t.Run(name, func(t *testing.T) {
			s := open(t)
			now := time.UnixMilli(1_800_000_000_000)
			m := gateway.Append{Topic: "mb_1", ID: "ev_1", Actor: gateway.System(), At: now, Payload: gateway.MessageCreated{Message: gateway.Message{ID: "ms_1", Text: "padding"}}}
			if err := s.Preload(t.Context(), m, 3); err == nil {
				t.Error("a topic that is not there is preloaded")
			}
			if _, err := s.Append(t.Context(), m); err != nil {
				t.Fatal(err)
			}
			if err := s.Preload(t.Context(), m, 77); err != nil {
				t.Fatal(err)
			}
			m.ID = "ev_2"
			last, err := s.Append(t.Context(), m)
			if err != nil || last.Event.Seq != 79 {
				t.Fatalf("the next message is %d, %v", last.Event.Seq, err)
			}
			all, err := s.Events(t.Context(), "mb_1", 0, 200)
			if err != nil || len(all) != 79 {
				t.Fatalf("%d events, %v", len(all), err)
			}
			for i, e := range all {
				if e.Seq != uint64(i+1) || string(e.Payload) != string(all[0].Payload) {
					t.Fatalf("event %d: %+v", i, e)
				}
			}
		})
	}
}
