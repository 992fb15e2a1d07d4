package site

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/postern-chat/postern/verify/receipt"
)

// watchTime is how long looking at the gateway's log may take.
const watchTime = 3 * time.Second

// watch is step 11: the shop remembers where the gateway's log stood, and alarms when a later receipt names a shorter
// log or another one. The change stands, it was proved by itself; but somebody must look at the gateway.
func (s *Site) watch(ctx context.Context, p receipt.Proven) {
	if p.Log.Size == 0 {
		return // answered before
	}
	ctx, cancel := context.WithTimeout(ctx, watchTime)
	defer cancel()
	seen, err := s.seen(ctx)
	if err != nil {
		s.Log.ErrorContext(ctx, "shop: read what was seen of the log", "err", err)
		return
	}
	next, err := seen.Next(p, func(path string) ([]byte, error) {
		status, b, err := s.call(ctx, http.MethodGet, "/log/"+path, nil, nil)
		if err == nil && status != http.StatusOK {
			err = fmt.Errorf("shop: the gateway's log answers %d", status)
		}
		return b, err
	})
	switch {
	case errors.Is(err, receipt.ErrLogShrank) || errors.Is(err, receipt.ErrLogOther):
		s.Log.ErrorContext(ctx, "shop: ALARM", "err", err, "remembered", seen.Size, "named", p.Log.Size, "challenge", p.Challenge)
		_, err = s.db.ExecContext(ctx, "UPDATE log_seen SET alarm = $1 WHERE one = 1", err.Error())
	case err != nil: // it could not be looked at: the old place is held against the next receipt
	default:
		_, err = s.db.ExecContext(ctx, `INSERT INTO log_seen (one, size, root, at, alarm) VALUES (1, $1, $2, $3, '')
			ON CONFLICT (one) DO UPDATE SET size = $1, root = $2, at = $3 WHERE log_seen.size <= $1`, next.Size, next.Root, next.At)
	}
	if err != nil {
		s.Log.WarnContext(ctx, "shop: remember the gateway's log", "err", err)
	}
}

func (s *Site) seen(ctx context.Context) (r receipt.Seen, err error) {
	err = s.db.QueryRowContext(ctx, "SELECT size, root, at FROM log_seen WHERE one = 1").Scan(&r.Size, &r.Root, &r.At)
	if errors.Is(err, sql.ErrNoRows) {
		return r, nil
	}
	return r, err
}

// LogAlarm is what was found wrong with the gateway's log, "" if nothing was.
func (s *Site) LogAlarm(ctx context.Context) (what string, err error) {
	err = s.db.QueryRowContext(ctx, "SELECT alarm FROM log_seen WHERE one = 1").Scan(&what)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	return what, err
}
