package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/postern-chat/postern/gateway"
)

// stream is one visitor who writes without pause.
type stream struct {
	b     browser
	cv    string
	next  int            // number of the message to send next; it may have been stored already
	acked map[string]int // client id → seq
}

// A gateway is killed again and again in the middle of a stream of messages. What it has acknowledged is there
// after each restart, once, and the numbers have no gap.
func TestKillStream(t *testing.T) {
	for _, engine := range []string{"SQLite", "PostgreSQL"} {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			f, list := processes(t, engine, nil, 1)
			mia, err := f.tab(t.Context(), f.staff["ag1"].cookie)
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range []struct {
				cmd  string
				args any
			}{{"hello", map[string]any{"as": "agent", "topics": map[string]int{}}}, {"availability.set", map[string]any{"value": "available"}}} {
				if _, err := mia.do(t.Context(), c.cmd, c.args); err != nil {
					t.Fatal(err)
				}
			}
			streams := []*stream{}
			for range 4 {
				s := &stream{b: newBrowser(t), acked: map[string]int{}}
				streams = append(streams, s)
				if err := s.begin(t, f); err != nil {
					t.Fatal(err)
				}
			}
			for range 3 {
				f.write(t, streams, 150, func() { list[0].kill(t) })
				list[0].start(t)
			}
			f.write(t, streams, 40, nil)
			for _, s := range streams {
				s.check(t, f)
			}
		})
	}
}

func (s *stream) begin(t *testing.T, f *fixture) error {
	c, err := f.tab(t.Context(), "")
	if err != nil {
		return err
	}
	defer func() { _ = c.ws.CloseNow() }()
	if _, err := c.do(t.Context(), "hello", s.b.greet(t, c.nonce, nil)); err != nil {
		return err
	}
	ok, err := c.do(t.Context(), "conversation.start", map[string]any{"command_id": "s", "client_id": "first", "text": "first"})
	if err != nil {
		return err
	}
	s.cv, _ = ok["conversation"].(map[string]any)["id"].(string)
	return nil
}

// write lets all visitors write until they have n acknowledgements more, or, with a stop, until it cuts them off.
func (f *fixture) write(t *testing.T, streams []*stream, n int64, stop func()) {
	t.Helper()
	var all atomic.Int64
	var wg sync.WaitGroup
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	for _, s := range streams {
		wg.Go(func() {
			if err := s.write(ctx, t, f, &all, n, stop != nil); err != nil && (stop == nil || errors.Is(err, errRefused)) {
				t.Error(err)
			}
		})
	}
	if stop != nil {
		for all.Load() < n && ctx.Err() == nil {
			time.Sleep(time.Millisecond)
		}
		stop()
	}
	wg.Wait()
	if all.Load() < n {
		t.Fatalf("%d acknowledgements, want at least %d", all.Load(), n)
	}
}

func (s *stream) write(ctx context.Context, t *testing.T, f *fixture, all *atomic.Int64, n int64, forever bool) error {
	c, err := f.tab(ctx, "")
	if err != nil {
		return err
	}
	defer func() { _ = c.ws.CloseNow() }()
	if _, err := c.do(ctx, "hello", s.b.greet(t, c.nonce, nil)); err != nil {
		return err
	}
	for forever || all.Load() < n {
		id := fmt.Sprintf("m%d", s.next)
		ok, err := c.do(ctx, "message.send", map[string]any{"conversation": s.cv, "client_id": id, "text": "message " + id})
		if err != nil && strings.Contains(err.Error(), "too_many") {
			time.Sleep(20 * time.Millisecond)
			continue
		}
		if err != nil {
			return err
		}
		seq, _ := ok["seq"].(float64)
		s.acked[id] = int(seq)
		s.next++
		all.Add(1)
	}
	return nil
}

// check reads the whole history.
func (s *stream) check(t *testing.T, f *fixture) {
	t.Helper()
	seen, want := map[string]int{}, uint64(1)
	for after := uint64(0); ; {
		events, err := f.Service.Store.Events(t.Context(), s.cv, after, 500)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range events {
			if e.Seq != want {
				t.Fatalf("seq %d, want %d", e.Seq, want)
			}
			want++
			after = e.Seq
			if e.Kind != gateway.Kind("message.created") {
				continue
			}
			for id := range s.acked {
				if strings.Contains(string(e.Payload), `"message `+id+`"`) && strings.Contains(string(e.Payload), `"text"`) {
					if seen[id] != 0 {
						t.Errorf("%s is there twice: %d and %d", id, seen[id], e.Seq)
					}
					seen[id] = int(e.Seq)
				}
			}
		}
		if len(events) == 0 {
			break
		}
	}
	for id, seq := range s.acked {
		if seen[id] != seq {
			t.Errorf("%s was acknowledged as %d and is stored as %d", id, seq, seen[id])
		}
	}
	t.Logf("%d messages, all there once", len(s.acked))
}
