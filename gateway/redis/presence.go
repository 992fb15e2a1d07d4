package redis

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"time"

	"github.com/postern-chat/postern/gateway"
	"github.com/redis/go-redis/v9"
)

// shortLimit is how long one of those who ask may wait while Redis is known not to answer: a person's command may stand
// behind it. The others are refused at once.
const shortLimit = 50 * time.Millisecond

// health remembers whether Redis answered last time.
type health struct {
	now func() time.Time

	mu     sync.Mutex
	failed time.Time // of the last question; zero = it was answered
}

// limit is how long a question may take now; false = not at all.
func (h *health) limit(down bool) (time.Duration, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.failed.IsZero() {
		if down {
			return shortLimit, true
		}
		return answerLimit, true
	}
	if h.now().Sub(h.failed) < askAgain {
		return 0, false
	}
	h.failed = h.now() // the next ones wait for this one's answer no longer than a second
	return shortLimit, true
}

func (h *health) say(err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch {
	case err == nil:
		h.failed = time.Time{}
	case !errors.Is(err, context.Canceled): // who went away says nothing of Redis
		h.failed = h.now()
	}
}

// question asks Redis about presence. Errors: unavailable.
func (b *Bus) question(ctx context.Context, do func(ctx context.Context) error) error {
	limit, may := b.health.limit(b.sender.down())
	if !may {
		return gateway.Unavailable("bus", nil)
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	err := do(ctx)
	b.health.say(err)
	if err != nil {
		return gateway.Unavailable("bus", err)
	}
	return nil
}

// Beat keeps member in set for ttl. Errors: unavailable.
func (b *Bus) Beat(ctx context.Context, set, member string, ttl time.Duration) error {
	return b.question(ctx, func(ctx context.Context) error {
		now := b.clock.millis(ctx)
		p := b.client.Pipeline()
		p.ZAdd(ctx, prefix+set, redis.Z{Score: float64(now + ttl.Milliseconds()), Member: member})
		p.ZRemRangeByScore(ctx, prefix+set, "-inf", strconv.FormatInt(now, 10))
		p.Expire(ctx, prefix+set, time.Hour)
		_, err := p.Exec(ctx)
		return err
	})
}

// Drop takes member out of set at once. Errors: unavailable.
func (b *Bus) Drop(ctx context.Context, set, member string) error {
	return b.question(ctx, func(ctx context.Context) error { return b.client.ZRem(ctx, prefix+set, member).Err() })
}

// Members gives who beat within their ttl. Errors: unavailable.
func (b *Bus) Members(ctx context.Context, set string) (out []string, err error) {
	err = b.question(ctx, func(ctx context.Context) error {
		start := "(" + strconv.FormatInt(b.clock.millis(ctx), 10)
		out, err = b.client.ZRangeArgs(ctx, redis.ZRangeArgs{Key: prefix + set, Start: start, Stop: "+inf", ByScore: true}).Result()
		return err
	})
	return out, err
}
