package sqlstore

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pressly/goose/v3"

	"github.com/postern-chat/postern/gateway"
)

//go:embed migration/*.sql
var migrations embed.FS

// Options says where the database is and what the store measures and numbers with.
type Options struct {
	Engine     Engine
	DataSource string           // path of the SQLite file, or URL of the PostgreSQL database
	Rand       io.Reader        // for event ids
	Now        func() time.Time // the clock that decides on SQLite; PostgreSQL asks its own
	// Hooks names the endpoints that are told of an event, by kind; each gets a job in the event's transaction.
	Hooks map[gateway.Kind][]string
	// CommitDelay holds every batch of appends open that long before it commits: tests use it to pile up callers.
	CommitDelay time.Duration
	// OnCommit is told of every batch of appends and how long it took; nil = nobody counts.
	OnCommit func(appends int, took time.Duration)
}

// Store implements gateway.Store. Make it with Open.
type Store struct {
	o       Options
	d       dialect
	write   *sql.DB
	read    *sql.DB
	lanes   []*lane
	stop    sync.Once // of the lanes
	texts   statements
	talks   *remembered
	lite    liteKept // of the connection that writes, on SQLite
	check   *checkpointer
	commits atomic.Uint64 // of batches and verbs
	watch   atomic.Pointer[func(query string)]

	mu    sync.Mutex           // rand, high, prepared
	high  int64                // latest time given out, unix ms
	asked time.Time            // by the process's clock: when the database's was read last
	told  int64                // what it said, unix ms
	stmts map[string]*sql.Stmt // of the writer
	reads map[string]*sql.Stmt // of the readers
}

var _ gateway.Store = (*Store)(nil)

// Open connects, brings the schema up to date and starts the committers. Errors: invalid, unavailable, internal;
// unsupported when a newer version has brought the schema further than this one knows.
func Open(ctx context.Context, o Options) (*Store, error) {
	d, err := dialectOf(o.Engine)
	if err != nil {
		return nil, err
	}
	if o.Rand == nil || o.Now == nil {
		return nil, gateway.Invalid("options")
	}
	s := &Store{
		o: o, d: d, stmts: map[string]*sql.Stmt{}, reads: map[string]*sql.Stmt{}, texts: newStatements(d), talks: newRemembered(),
	}
	if s.write, s.read, err = d.open(o.DataSource); err != nil {
		return nil, failure("open the database", err)
	}
	if err := s.migrate(ctx); err != nil {
		return nil, errors.Join(failure("migrate", err), s.closePools())
	}
	if err := s.startCheckpoints(); err != nil {
		return nil, errors.Join(failure("open the database", err), s.closePools())
	}
	s.startLanes()
	return s, nil
}

func (s *Store) migrate(ctx context.Context) error {
	p, err := provider(s.d, s.write)
	if err != nil {
		return err
	}
	if _, err = p.Up(ctx); err != nil {
		return err
	}
	is, known, err := p.GetVersions(ctx)
	if err == nil && is > known {
		e := gateway.Unsupported("schema")
		e.Err = fmt.Errorf("the database has schema %d and this version knows %d: run the version that ran last, or restore a copy of before", is, known)
		err = e
	}
	return err
}

// provider runs the migrations on a database.
func provider(d dialect, db *sql.DB) (*goose.Provider, error) {
	files, err := fs.Sub(migrations, "migration")
	if err != nil {
		return nil, err
	}
	dialect, opts, err := d.goose()
	if err != nil {
		return nil, err
	}
	return goose.NewProvider(dialect, db, files, opts...)
}

// Close ends the committers after what is queued, then the pools.
func (s *Store) Close() error {
	s.stopLanes()
	return errors.Join(s.check.close(), s.closePools())
}

func (s *Store) closePools() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var err error
	for _, kept := range []map[string]*sql.Stmt{s.stmts, s.reads} {
		for _, st := range kept {
			err = errors.Join(err, st.Close())
		}
		clear(kept)
	}
	return errors.Join(err, s.lite.close(), closeBoth(s.write, s.read))
}

// backStep is how far a clock may step back before its answers are refused, ms: what time servers correct daily.
const backStep = 5000

// readingLasts is how long Moment counts on from a reading of the database's clock.
const readingLasts = time.Second

// Moment implements gateway.Store: on PostgreSQL it asks once a second. Errors: as Now.
func (s *Store) Moment(ctx context.Context) (time.Time, error) {
	now := s.o.Now()
	s.mu.Lock()
	told, since := s.told, now.Sub(s.asked)
	s.mu.Unlock()
	if s.d.engine == SQLite || told == 0 || since < 0 || since >= readingLasts {
		t, err := s.Now(ctx)
		if err != nil {
			return t, err
		}
		s.mu.Lock()
		s.told, s.asked = t.UnixMilli(), now
		s.mu.Unlock()
		return t, nil
	}
	return s.given(told + since.Milliseconds())
}

// Now is the clock that decides. Errors: unavailable when it stepped back more than five seconds, or the database is down.
func (s *Store) Now(ctx context.Context) (time.Time, error) {
	if s.d.engine != SQLite {
		s.watched(qPostgresClock)
	}
	ms, ok, err := s.d.clock(ctx, s.read)
	if err != nil {
		return time.Time{}, failure("read the clock", err)
	}
	if !ok {
		if err := ctx.Err(); err != nil {
			return time.Time{}, failure("read the clock", err)
		}
		ms = s.o.Now().UnixMilli()
	}
	return s.given(ms)
}

// given hands a time out unless it is behind those before.
func (s *Store) given(ms int64) (time.Time, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if ms < s.high-backStep {
		return time.Time{}, gateway.Unavailable("clock", nil)
	}
	s.high = max(s.high, ms)
	return at(ms), nil
}

// newID makes an event's id.
func (s *Store) newID(prefix string, now time.Time) (gateway.ID, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return gateway.NewID(prefix, now, s.o.Rand)
}

// prepare keeps prepared forms of queries that a transaction ran unprepared. What fails here fails where it is used.
func (s *Store) prepare(ctx context.Context, queries []string) {
	for _, query := range queries {
		s.mu.Lock()
		known := s.stmts[query] != nil
		s.mu.Unlock()
		if known {
			continue
		}
		st, err := s.write.PrepareContext(ctx, query)
		if err != nil {
			return
		}
		s.mu.Lock()
		if s.stmts[query] == nil {
			s.stmts[query] = st
		} else {
			_ = st.Close()
		}
		s.mu.Unlock()
	}
}

// ms and at turn times into columns and back; the zero time is 0.
func ms(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

func at(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}
