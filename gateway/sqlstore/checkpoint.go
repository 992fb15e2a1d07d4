package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"time"
)

const (
	// checkEvery is how often what the log holds is brought into SQLite's database while it is written to, and calmEvery
	// how often it is looked whether it is.
	checkEvery = 20 * time.Millisecond
	calmEvery  = 250 * time.Millisecond
	// anewFrom is how many pages of 4 KiB the log has when it shall start anew, and leftOver how many may be left to copy
	// while the writer waits.
	anewFrom = 512
	leftOver = 512
	// share bounds how much of the time the writer is held: one part of so many.
	share = 20
	// stillAfter is after how long without a commit the pages that were kept are given back.
	stillAfter = 2 * time.Second
)

// checkpointer copies the log into SQLite's database beside the writer. Otherwise the commit that fills the log does
// it, and everybody waits for thousands of pages and their sync. Its passive form waits for nobody and nobody waits for
// it, but under load there is always a commit that it has not copied, so the log would never start anew: when it is long,
// the few pages that are left are copied between two commits, on the writer's own connection, and the next commit begins
// at the log's beginning. A reader that still needs the log keeps it growing, until a later turn.
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

// run takes a turn whenever there were commits since the last one, and rests the longer the more a turn has held up.
func (c *checkpointer) run(ctx context.Context, commits func() uint64) {
	timer := time.NewTimer(checkEvery)
	defer timer.Stop()
	var still time.Duration
	for seen := uint64(0); ; {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		pause := calmEvery
		if n := commits(); n != seen {
			seen, still = n, 0
			pause = max(checkEvery, share*c.turn(ctx))
		} else if still < stillAfter {
			if still += calmEvery; still >= stillAfter {
				c.giveBack(ctx)
			}
		}
		timer.Reset(pause)
	}
}

// turn copies what it can beside the writer, and what is left of a long log between two commits. It says how long the
// writer was held. What fails here is done by the writer, once the log is far longer.
func (c *checkpointer) turn(ctx context.Context) (held time.Duration) {
	pages, left := 0, 0
	for range 3 { // each copies what was written during the one before
		var err error
		if pages, left, err = checkpoint(c.db); err != nil || pages < anewFrom {
			return 0
		}
		if left <= leftOver {
			break
		}
	}
	if left > leftOver {
		return 0 // a reader needs what is there
	}
	w, err := c.write.Conn(ctx)
	if err != nil {
		return 0
	}
	began := time.Now()
	_, _, _ = checkpoint(w)
	_ = w.Close() // gives it back
	return time.Since(began)
}

// querier is a pool or one connection of it.
type querier interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

const qCheckpoint = `PRAGMA wal_checkpoint(PASSIVE)`

// checkpoint copies what nobody holds up. It says how many pages the log has and how many of them are left. Nobody's end
// cuts it: the driver throws a connection away that was interrupted, and with the writer's go its prepared statements.
func checkpoint(q querier) (pages, left int, err error) {
	var busy, copied int
	if err := q.QueryRowContext(context.Background(), qCheckpoint).Scan(&busy, &pages, &copied); err != nil {
		return 0, 0, err
	}
	return pages, pages - copied, nil
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
