package sqlstore

import (
	"database/sql"
	"fmt"
	"testing"
	"time"

	"github.com/postern-chat/postern/gateway"
	"github.com/postern-chat/postern/gateway/gatewaytest/server"
)

// openBeside opens a store on PostgreSQL, and the same database for who kills its connections.
func openBeside(t *testing.T) (source string, s *Store, other *sql.DB) {
	t.Helper()
	source = server.NewDatabase(t)
	s = open(t, PostgreSQL, source)
	other, err := sql.Open("pgx", source)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = other.Close() })
	return source, s, other
}

// killConnections ends every connection to the database but the one that it asks by, and says how many.
func killConnections(t *testing.T, other *sql.DB) (killed int, err error) {
	t.Helper()
	const qKill = `SELECT COUNT(pg_terminate_backend(pid)) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()`
	err = other.QueryRowContext(t.Context(), qKill).Scan(&killed)
	return killed, err
}

// The connections that a pool holds may all have died; a message sent then is stored once, and nobody is told otherwise.
func TestBatchOnDeadConnections(t *testing.T) {
	_, s, other := openBeside(t)
	now := time.UnixMilli(1_800_000_000_000)
	send := func(n int) (gateway.Appended, error) {
		return s.Append(t.Context(), gateway.Append{
			Topic: "mb_1", ClientID: fmt.Sprint(n), ID: gateway.ID(fmt.Sprint("ev_", n)), Actor: gateway.System(), At: now,
			Payload: gateway.MessageCreated{Message: gateway.Message{ID: "ms_1", Text: "padding"}},
		})
	}
	for n := range 20 {
		if n%5 == 4 {
			killed, err := killConnections(t, other)
			if err != nil {
				t.Fatal(err)
			}
			if killed == 0 {
				t.Fatal("no connection was there to die")
			}
		}
		got, err := send(n)
		if err != nil || got.Event.Seq != uint64(n+1) {
			t.Fatalf("message %d: number %d, %v", n, got.Event.Seq, err)
		}
	}
}
