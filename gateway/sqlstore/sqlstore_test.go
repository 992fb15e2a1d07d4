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
