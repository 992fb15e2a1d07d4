package redis

import (
	"context"
	"sync"
	"time"

	"github.com/postern-chat/postern/gateway"
)

const (
	most      = 4 << 20 // bytes that wait to be sent; a Redis that stands still must not fill the memory
	batch     = 512     // messages of one pipeline
	probeWait = 200 * time.Millisecond
)

// message is one encoded hint on its way.
type message struct {
	channel string
	payload []byte
}

// sender sends what callers left here, so that nobody waits for Redis. While Redis does not answer it refuses, but for
// one batch now and then that finds out whether it is back.
type sender struct {
	send func(ctx context.Context, list []message) error
	now  func() time.Time
	wake chan struct{}

	mu     sync.Mutex
	queue  []message
	bytes  int
	failed time.Time // of the last batch; zero = it went through
}

// put leaves messages to be sent. Errors: unavailable when Redis does not answer or does not keep up.
func (s *sender) put(list []message, size int) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.bytes+size > most && s.bytes > 0 || !s.failed.IsZero() && (s.bytes > 0 || s.now().Sub(s.failed) < probeWait) {
		return gateway.Unavailable("bus", nil)
	}
	s.queue = append(s.queue, list...)
	s.bytes += size
	select {
	case s.wake <- struct{}{}:
	default:
	}
	return nil
}

// take gives what waits, at most one batch.
func (s *sender) take() []message {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := s.queue[:min(batch, len(s.queue))]
	if s.queue = s.queue[len(list):]; len(s.queue) == 0 {
		s.queue = nil
	}
	return list
}

// done counts a batch as gone. What waits behind one that failed is dropped: the database's numbers find it sooner than
// a queue in front of a Redis that is silent.
func (s *sender) done(list []message, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, m := range list {
		s.bytes -= len(m.payload)
	}
	s.failed = time.Time{}
	if err != nil {
		s.failed, s.queue, s.bytes = s.now(), nil, 0
	}
}

// down reports whether the last batch failed.
func (s *sender) down() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return !s.failed.IsZero()
}

func (s *sender) run(ctx context.Context) {
	for {
		list := s.take()
		if len(list) == 0 {
			select {
			case <-ctx.Done():
				return
			case <-s.wake:
			}
			continue
		}
		s.done(list, within(ctx, func(ctx context.Context) error { return s.send(ctx, list) }))
	}
}

// pipeline sends a batch in one go; in a cluster to the masters of the shared channels.
func (b *Bus) pipeline(ctx context.Context, list []message) error {
	p := b.client.Pipeline()
	for _, m := range list {
		if b.place.kind == cluster {
			p.SPublish(ctx, m.channel, m.payload)
		} else {
			p.Publish(ctx, m.channel, m.payload)
		}
	}
	_, err := p.Exec(ctx)
	return err
}
