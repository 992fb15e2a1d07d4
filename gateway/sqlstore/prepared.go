package sqlstore

import (
	"context"
	"database/sql"
)

// maxPrepared bounds the kept reads: lists with conditions and IN (…) come in many lengths.
const maxPrepared = 256

// reader gives the prepared form of a read on SQLite, which otherwise parses each query anew: two thirds of
// a small read's cost. Nil means that it runs as text; pgx keeps prepared statements by itself.
func (s *Store) reader(ctx context.Context, query string) *sql.Stmt {
	if s.d.engine != SQLite {
		return nil
	}
	s.mu.Lock()
	st, full := s.reads[query], len(s.reads) >= maxPrepared
	s.mu.Unlock()
	if st != nil || full {
		return st
	}
	st, err := s.read.PrepareContext(ctx, query)
	if err != nil {
		return nil // the query itself will say why
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if first := s.reads[query]; first != nil {
		_ = st.Close() // somebody was faster
		return first
	}
	s.reads[query] = st
	return st
}

// Watch calls fn with each query that runs outside of a transaction, until it is called with another: so that it can be
// shown what costs none. It may be called at any time.
func (s *Store) Watch(fn func(query string)) { s.watch.Store(&fn) }

func (s *Store) watched(query string) {
	if fn := s.watch.Load(); fn != nil {
		(*fn)(query)
	}
}

func (s *Store) query(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	s.watched(query)
	if st := s.reader(ctx, query); st != nil {
		return st.QueryContext(ctx, args...)
	}
	return s.read.QueryContext(ctx, query, args...)
}

func (s *Store) queryRow(ctx context.Context, query string, args ...any) *sql.Row {
	s.watched(query)
	if st := s.reader(ctx, query); st != nil {
		return st.QueryRowContext(ctx, args...)
	}
	return s.read.QueryRowContext(ctx, query, args...)
}
