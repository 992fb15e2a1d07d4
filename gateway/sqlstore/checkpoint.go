package sqlstore

import (
	"context"
	"database/sql"
	"time"
)

// checkEvery is how often what the log holds is brought into SQLite's database while messages come.
const checkEvery = 250 * time.Millisecond

// checkpointer copies the log into SQLite's database beside the writer. Otherwise the commit that fills the log does
// it, and everybody waits; this one's passive form waits for nobody and nobody waits for it. Only what is
// left is the writer's, when the log has grown to its bound: it starts anew from there.
// Source: sqlite.org/wal.html, "Checkpointing".
type checkpointer struct {
	db   *sql.DB
	stop context.CancelFunc
	done chan struct{}
}

func (s *Store) startCheckpoints() error {
	if s.d.engine != SQLite {
		return nil
	}
	db, err := sql.Open("sqlite", sqliteSource(s.o.DataSource, false))
	if err != nil {
		return err
	}
	db.SetMaxOpenConns(1)
	ctx, stop := context.WithCancel(context.Background())
	c := &checkpointer{db: db, stop: stop, done: make(chan struct{})}
	s.check = c
	go func() {
		defer close(c.done)
		c.run(ctx, s.commits.Load)
	}()
	return nil
}

// run looks in steps of checkEvery whether there were commits.
func (c *checkpointer) run(ctx context.Context, commits func() uint64) {
	tick := time.NewTicker(checkEvery)
	defer tick.Stop()
	for seen := commits(); ; {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if n := commits(); n != seen {
			seen = n
			_, _ = c.db.ExecContext(ctx, "PRAGMA wal_checkpoint(PASSIVE)") // what fails here is done by the writer
		}
	}
}

func (c *checkpointer) close() error {
	if c == nil {
		return nil
	}
	c.stop()
	<-c.done
	return c.db.Close()
}
