package redis

import (
	"context"
	"sync"
	"time"
)

// askEvery is how long the difference to Redis' clock is believed.
const askEvery = time.Minute

// serverClock gives Redis' time. Nodes compare beats with each other, so no node's own clock may decide: one that is
// a minute ahead would take everybody else for gone.
type serverClock struct {
	now func() time.Time
	ask func(ctx context.Context) (time.Time, error)

	mu    sync.Mutex
	asked int64 // own wall time of the last answer, unix ms; 0 = never
	ahead int64 // Redis' minus own, ms
}

// millis is Redis' time in unix ms; while Redis does not answer, by the difference known last.
func (c *serverClock) millis(ctx context.Context) int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	own := c.now().UnixMilli()
	if age := own - c.asked; c.asked != 0 && age >= 0 && age < askEvery.Milliseconds() {
		return own + c.ahead
	}
	if t, err := c.ask(ctx); err == nil {
		own = c.now().UnixMilli()
		c.asked, c.ahead = own, t.UnixMilli()-own
	}
	return own + c.ahead
}
