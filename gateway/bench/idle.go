package bench

import (
	"context"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// Crowd is many visitors, each with one conversation, who say nothing.
type Crowd struct {
	URL, Origin string
	Chats       []Chat
	Tell        func(string) // nil = quiet

	sockets             []*socket
	cut, again, doubled atomic.Int64
	leaving             atomic.Bool
	readers             sync.WaitGroup
}

// arriving is how many connect at once, perAddress how many come from one loopback address: a pair of addresses has
// some 28,000 ports, and those just closed are not free yet.
const arriving, perAddress = 32, 5000

// from is the loopback address of the nth connection; other systems than Linux have only one.
func from(n int) net.Addr {
	return loopback(byte(2 + n/perAddress))
}

// connect opens sockets, some at once, and calls serve for each, which must return at once.
// Errors: the first connection that failed.
func connect(ctx context.Context, sockets []*socket, tell func(string), serve func(*socket)) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var next, open atomic.Int64
	var work sync.WaitGroup
	for range arriving {
		work.Go(func() {
			for i := next.Add(1) - 1; i < int64(len(sockets)) && ctx.Err() == nil; i = next.Add(1) - 1 {
				s := sockets[i]
				if err := within(ctx, time.Minute, s.dial); err != nil {
					cancel(fmt.Errorf("connection %d: %w", i, err))
					return
				}
				serve(s)
				if n := open.Add(1); tell != nil && n%1000 == 0 {
					tell(fmt.Sprintf("%d connected", n))
				}
			}
		})
	}
	work.Wait()
	return context.Cause(ctx)
}

// Arrive connects all of them; they answer pings until they leave. Errors: the first connection that failed.
func (c *Crowd) Arrive(ctx context.Context) error {
	for i, chat := range c.Chats {
		c.sockets = append(c.sockets, &socket{
			url: c.URL, origin: c.Origin, who: chat.Visitor, from: from(i), buffer: quiet, again: &c.again, doubled: &c.doubled,
			topics: map[string]uint64{chat.Conversation: chat.Seen},
		})
	}
	return connect(ctx, c.sockets, c.Tell, func(s *socket) {
		c.readers.Go(func() {
			if _ = s.read(); !c.leaving.Load() {
				c.cut.Add(1)
			}
		})
	})
}

// Cut says how many were cut off before they left.
func (c *Crowd) Cut() int64 { return c.cut.Load() }

// Leave closes all, and returns once nobody reads any more.
func (c *Crowd) Leave() {
	c.leaving.Store(true)
	for _, s := range c.sockets {
		s.close()
	}
	c.readers.Wait()
}
