package bench

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// Crowd is many visitors, each with one conversation, who say nothing.
type Crowd struct {
	URL, Origin string
	Chats       []Chat
	Tell        func(string) // nil = quiet
	sockets     []*socket
	cut         atomic.Int64
	again       atomic.Int64
}

// arriving is how many of a crowd connect at once.
const arriving = 64

// Arrive connects all of them. Errors: the first connection that failed.
func (c *Crowd) Arrive(ctx context.Context) error {
	next, failed := make(chan Chat), make(chan error, arriving)
	var mu sync.Mutex
	var work sync.WaitGroup
	for range arriving {
		work.Go(func() {
			for chat := range next {
				s := &socket{url: c.URL, origin: c.Origin, who: chat.Visitor, again: &c.again, topics: map[string]uint64{chat.Conversation: 0}, take: func([]byte) {}}
				if err := within(ctx, time.Minute, s.dial); err != nil {
					failed <- err
					return
				}
				mu.Lock()
				c.sockets = append(c.sockets, s)
				mu.Unlock()
			}
		})
	}
	err := c.feed(ctx, next, failed)
	close(next)
	work.Wait()
	return err
}

func (c *Crowd) feed(ctx context.Context, next chan<- Chat, failed <-chan error) error {
	for i, chat := range c.Chats {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case err := <-failed:
			return fmt.Errorf("connection %d: %w", i, err)
		case next <- chat:
		}
		if c.Tell != nil && i%1000 == 999 {
			c.Tell(fmt.Sprintf("%d connected", i+1))
		}
	}
	return nil
}

// Stay reads pings and whatever comes for d, and says how many were cut off meanwhile.
func (c *Crowd) Stay(ctx context.Context, d time.Duration) int64 {
	ctx, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	var work sync.WaitGroup
	for _, s := range c.sockets {
		work.Go(func() {
			if s.read(ctx); ctx.Err() == nil {
				c.cut.Add(1)
			}
		})
	}
	work.Wait()
	return c.cut.Load()
}

// Return cuts everybody off at once, and lets them all come back at once: it gives the time until the last one was
// greeted. Errors: the first that could not come back within a minute.
func (c *Crowd) Return(ctx context.Context) (time.Duration, error) {
	for _, s := range c.sockets {
		_ = s.ws.CloseNow()
	}
	begun, failed := time.Now(), make(chan error, len(c.sockets))
	var work sync.WaitGroup
	for _, s := range c.sockets {
		work.Go(func() {
			if err := within(ctx, time.Minute, s.dial); err != nil {
				failed <- err
			}
		})
	}
	work.Wait()
	select {
	case err := <-failed:
		return 0, err
	default:
		return time.Since(begun), nil
	}
}

// Leave closes all.
func (c *Crowd) Leave() {
	for _, s := range c.sockets {
		s.close()
	}
}
