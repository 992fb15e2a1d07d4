package redis

import (
	"context"
	"errors"
	"sync"
	"time"
)

// askEvery is how long the difference to Redis' clock is believed.
const askEvery = time.Minute

// askAgain is how long nobody asks after an answer that failed: callers wait in a row here, and each would wait for
// the connection's whole timeout.
const askAgain = time.Second

// serverClock gives Redis' time. Nodes compare beats with each other, so no node's own clock may decide: one that is
// a minute ahead would take everybody else for gone.
type serverClock struct {
	now func() time.Time
	ask func(ctx context.Context) (time.Time, error)

	mu     sync.Mutex
	asked  int64 // own wall time of the last answer, unix ms; 0 = never
	failed int64 // own wall time of the last failure, unix ms; 0 = none since that answer
	ahead  int64 // Redis' minus own, ms
}

// millis is Redis' time in unix ms; while Redis does not answer, by the difference known last.
func (c *serverClock) millis(ctx context.Context) int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	own := c.now().UnixMilli()
	if age := own - c.asked; c.asked != 0 && age >= 0 && age < askEvery.Milliseconds() {
		return own + c.ahead
	}
	if age := own - c.failed; c.failed != 0 && age >= 0 && age < askAgain.Milliseconds() {
		return own + c.ahead
	}
	t, err := c.ask(ctx)
	own = c.now().UnixMilli()
	if err != nil {
		if !errors.Is(err, context.Canceled) { // who went away says nothing of Redis
			c.failed = own
		}
		return own + c.ahead
	}
	c.asked, c.failed, c.ahead = own, 0, t.UnixMilli()-own
	return own + c.ahead
}

// forget makes the next one who asks ask Redis.
func (c *serverClock) forget() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.asked = 0
}
