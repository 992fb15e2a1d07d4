package sqlstore

import (
	"database/sql"
	"fmt"
	"testing"
	"time"

	"github.com/postern-chat/postern/gateway"
	"github.com/postern-chat/postern/gateway/gatewaytest/server"
)

// The connections that a pool holds may all have died; a message sent then is stored once, and nobody is told otherwise.
func TestBatchOnDeadConnections(t *testing.T) {
	source := server.NewDatabase(t)
	s := open(t, PostgreSQL, source)
	other, err := sql.Open("pgx", source)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = other.Close() }()
	now := time.UnixMilli(1_800_000_000_000)
	send := func(n int) (gateway.Appended, error) {
		return s.Append(t.Context(), gateway.Append{
			Topic: "mb_1", ClientID: fmt.Sprint(n), ID: gateway.ID(fmt.Sprint("ev_", n)), Actor: gateway.System(), At: now,
			Payload: gateway.MessageCreated{Message: gateway.Message{ID: "ms_1", Text: "padding"}},
		})
	}
	for n := range 20 {
		if n%5 == 4 {
			const qKill = `SELECT COUNT(pg_terminate_backend(pid)) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()`
			var killed int
			if err := other.QueryRowContext(t.Context(), qKill).Scan(&killed); err != nil {
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
