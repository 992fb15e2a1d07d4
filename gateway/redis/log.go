package redis

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

// logEvery is how often the library is heard: while Redis is away it says the same at every try.
const logEvery = 10 * time.Second

// LogTo sends what the Redis library says to log, for the whole process: it has one place for that, and would write to
// the standard error itself. Of the lines of ten seconds one is written, with the number of those left out.
func LogTo(log *slog.Logger, now func() time.Time) { redis.SetLogger(&library{log: log, now: now}) }

type library struct {
	log *slog.Logger
	now func() time.Time

	mu   sync.Mutex
	last time.Time
	left int
}

// Printf takes one line of the library's.
func (l *library) Printf(_ context.Context, format string, v ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	if age := now.Sub(l.last); !l.last.IsZero() && age >= 0 && age < logEvery {
		l.left++
		return
	}
	l.log.Warn("redis", "says", strings.TrimSpace(fmt.Sprintf(format, v...)), "left_out", l.left)
	l.last, l.left = now, 0
}
