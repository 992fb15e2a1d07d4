package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/postern-chat/postern/gateway/bench"
)

// peer is one connection to a server of others, in its own protocol. Only one goroutine reads it.
type peer interface {
	// join subscribes to a room and waits until that is done.
	join(room string) error
	// send gives a text to a room; the answer comes with next.
	send(room, text string) error
	// next gives what comes: answered, or texts of others, or neither.
	next() (answered int, texts [][]byte, err error)
	close()
}

const (
	subscribers = 3   // of each room, the sender among them; each over a socket of its own
	bodySize    = 128 // bytes
)

// chatter is a closed loop with one message of each room in flight, the same as 'postern bench' makes.
type chatter struct {
	plan
	dial      func(ctx context.Context, address string) (peer, error)
	servers   []*child // senders at the first, watchers at the last
	peers     []peer
	ack, seen bench.Times
	on        atomic.Bool // measuring
	stopped   atomic.Bool
	acks      atomic.Int64
	came      atomic.Int64
	failed    chan error
	readers   sync.WaitGroup
}

func (c *chatter) run(ctx context.Context) (bench.Figures, error) {
	c.failed = make(chan error, 1)
	defer func() {
		c.stopped.Store(true)
		for _, p := range c.peers {
			p.close()
		}
		c.readers.Wait()
	}()
	if err := c.open(ctx); err != nil {
		return nil, err
	}
	if err := c.wait(ctx, c.warm); err != nil {
		return nil, err
	}
	acks, came, used, begun := c.acks.Load(), c.came.Load(), cpu(c.servers), time.Now()
	c.on.Store(true)
	if err := c.wait(ctx, c.last); err != nil {
		return nil, err
	}
	c.on.Store(false)
	s, n := time.Since(begun).Seconds(), float64(c.acks.Load()-acks)
	if n == 0 {
		return nil, errors.New("nothing was answered")
	}
	a, d := c.ack.Quantiles(), c.seen.Quantiles()
	return bench.Figures{
		"rate": n / s, "deliveries": float64(c.came.Load()-came) / s, "cpu": float64((cpu(c.servers) - used).Microseconds()) / n,
		"ack_p50": a.P50, "ack_p99": a.P99, "ack_p999": a.P999, "p50": d.P50, "p99": d.P99, "p999": d.P999,
	}, nil
}

func (c *chatter) wait(ctx context.Context, d time.Duration) error {
	select {
	case err := <-c.failed:
		return err
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

// open connects watchers, then senders, and lets the senders begin.
func (c *chatter) open(ctx context.Context) error {
	var rooms []string
	for i := range c.chats {
		rooms = append(rooms, fmt.Sprint("room", i))
	}
	for range subscribers - 1 {
		for _, room := range rooms {
			if err := c.add(ctx, c.servers[len(c.servers)-1], room, ""); err != nil {
				return err
			}
		}
	}
	for _, room := range rooms {
		if err := c.add(ctx, c.servers[0], room, room); err != nil {
			return err
		}
	}
	return nil
}

// add connects a peer; it sends to a room, or only watches.
func (c *chatter) add(ctx context.Context, s *child, room, sendsTo string) error {
	p, err := c.dial(ctx, s.address)
	if err != nil {
		return err
	}
	c.peers = append(c.peers, p)
	if err := p.join(room); err != nil {
		return err
	}
	c.readers.Go(func() {
		if err := c.serve(p, sendsTo); err != nil && !c.stopped.Load() {
			select {
			case c.failed <- err:
			default:
			}
		}
	})
	return nil
}

// serve reads, and sends the next message as soon as the last is answered.
func (c *chatter) serve(p peer, room string) error {
	pad, begun := strings.Repeat("x", bodySize-len("m1234567890123456789 ")), time.Time{}
	say := func() error {
		begun = time.Now()
		return p.send(room, "m"+strconv.FormatInt(begun.UnixNano(), 10)+" "+pad)
	}
	if room != "" {
		if err := say(); err != nil {
			return err
		}
	}
	for {
		answered, texts, err := p.next()
		if err != nil {
			return err
		}
		now := time.Now()
		for _, text := range texts {
			c.delivered(text, now)
		}
		if answered == 0 || room == "" || begun.IsZero() {
			continue
		}
		c.acks.Add(1)
		if c.on.Load() {
			c.ack.Add(now.Sub(begun))
		}
		if err := say(); err != nil {
			return err
		}
	}
}

// delivered takes a text's own time.
func (c *chatter) delivered(text []byte, now time.Time) {
	c.came.Add(1)
	head, _, _ := bytes.Cut(bytes.TrimPrefix(text, []byte("m")), []byte(" "))
	ns, err := strconv.ParseInt(string(head), 10, 64)
	if err == nil && c.on.Load() {
		c.seen.Add(now.Sub(time.Unix(0, ns)))
	}
}
