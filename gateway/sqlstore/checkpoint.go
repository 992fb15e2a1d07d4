package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"time"
)

const (
	// checkEvery is how often what the log holds is brought into SQLite's database while it is written to.
	checkEvery = 250 * time.Millisecond
	// stillAfter is after how long without a commit the pages that were kept are given back.
	stillAfter = 2 * time.Second
)

// checkpointer copies the log into SQLite's database beside the writer. Otherwise the commit that fills the log does
// it, and everybody waits; this one's passive form waits for nobody and nobody waits for it. Only what is
// left is the writer's, when the log has grown to its bound: it starts anew from there. At rest it lets every connection
// give back the pages that it keeps.
// Source: sqlite.org/wal.html, "Checkpointing".
type checkpointer struct {
	db          *sql.DB
	write, read *sql.DB
	stop        context.CancelFunc
	done        chan struct{}
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
	c := &checkpointer{db: db, write: s.write, read: s.read, stop: stop, done: make(chan struct{})}
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
	var still time.Duration
	for seen := commits(); ; {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if n := commits(); n != seen {
			seen, still = n, 0
			_, _ = checkpoint(c.db) // what fails here is done by the writer
		} else if still < stillAfter {
			if still += checkEvery; still >= stillAfter {
				c.giveBack(ctx)
			}
		}
	}
}

const qCheckpoint = `PRAGMA wal_checkpoint(PASSIVE)`

// checkpoint copies what nobody holds up, and says how many pages of the log are left. Nobody's end cuts it: the driver
// throws a connection away that was interrupted.
func checkpoint(db *sql.DB) (left int, err error) {
	var busy, pages, copied int
	err = db.QueryRow(qCheckpoint).Scan(&busy, &pages, &copied)
	return pages - copied, err
}

const (
	qShrink     = `PRAGMA shrink_memory`
	shrinkWaits = 20 * time.Millisecond
)

// giveBack frees the pages that idle connections keep: a gateway at rest is not to hold what a storm has needed.
func (c *checkpointer) giveBack(ctx context.Context) {
	for _, db := range []*sql.DB{c.db, c.write, c.read} {
		if st := db.Stats(); st.InUse == 0 {
			_ = shrink(ctx, db, st.OpenConnections) // it may be tried again after the next commits
		}
	}
}

// shrink takes so many connections of a pool, all at once so that each is another, and lets each free its pages.
func shrink(ctx context.Context, db *sql.DB, n int) (err error) {
	ctx, stop := context.WithTimeout(ctx, shrinkWaits) // while one is waited for, nobody has the others
	defer stop()
	var taken []*sql.Conn
	defer func() {
		for _, c := range taken {
			err = errors.Join(err, c.Close())
		}
	}()
	for range n {
		c, err := db.Conn(ctx)
		if err != nil {
			return err
		}
		taken = append(taken, c)
	}
	for _, c := range taken {
		if _, err := c.ExecContext(context.WithoutCancel(ctx), qShrink); err != nil { // as checkpoint
			return err
		}
	}
	return nil
}

func (c *checkpointer) close() error {
	if c == nil {
		return nil
	}
	c.stop()
	<-c.done
	return c.db.Close()
}
