package redis

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/postern-chat/postern/gateway"
)

// Redis answers nothing at all: whoever has something to send leaves it and goes, and what waits is bounded. When the
// answer's time is over the rest is dropped, one batch in a while finds out, and the first that goes through opens again.
func TestSenderNeverWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var silent atomic.Bool
		var sent atomic.Int64
		silent.Store(true)
		s := &sender{now: time.Now, wake: make(chan struct{}, 1), send: func(ctx context.Context, list []message) error {
			if silent.Load() {
				<-ctx.Done()
				return ctx.Err()
			}
			sent.Add(int64(len(list)))
			return nil
		}}
		waits := func() int { s.mu.Lock(); defer s.mu.Unlock(); return s.bytes }
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		go s.run(ctx)
		began, kept := time.Now(), 0
		m := message{"c", make([]byte, 8<<10)}
		for s.put([]message{m}, len(m.payload)) == nil {
			kept++
		}
		if kept != most/len(m.payload) || time.Since(began) != 0 {
			t.Errorf("kept %d messages in %v, want %d at once", kept, time.Since(began), most/len(m.payload))
		}
		time.Sleep(answerLimit + time.Millisecond)
		synctest.Wait()
		if err := s.put([]message{m}, 1); gateway.CodeOf(err) != "unavailable" || !s.down() {
			t.Errorf("after a failure: %v", err)
		}
		time.Sleep(probeWait)
		if err := s.put([]message{m}, len(m.payload)); err != nil {
			t.Errorf("the probe: %v", err)
		}
		if err := s.put([]message{m}, len(m.payload)); err == nil {
			t.Error("a second probe at once")
		}
		time.Sleep(answerLimit + probeWait)
		silent.Store(false)
		if err := s.put([]message{m}, len(m.payload)); err != nil {
			t.Errorf("the next probe: %v", err)
		}
		synctest.Wait()
		if s.down() || sent.Load() != 1 || waits() != 0 {
			t.Errorf("down %v, %d sent, %d bytes wait", s.down(), sent.Load(), waits())
		}
		for range 3 * batch {
			if err := s.put([]message{{"c", []byte("x")}}, 1); err != nil {
				t.Fatal(err)
			}
		}
		synctest.Wait()
		if sent.Load() != 1+3*batch || waits() != 0 {
			t.Errorf("%d sent, %d bytes wait", sent.Load(), waits())
		}
	})
}

// Who asks waits for a whole answer once; then nobody for a second, and after that one at a time, shortly.
func TestHealth(t *testing.T) {
	at := time.UnixMilli(1_000_000)
	h := &health{now: func() time.Time { return at }}
	look := func(when string, down bool, want time.Duration, may bool) {
		t.Helper()
		if got, ok := h.limit(down); got != want || ok != may {
			t.Errorf("%s: %v, %v; want %v, %v", when, got, ok, want, may)
		}
	}
	look("healthy", false, answerLimit, true)
	look("the sender knows better", true, shortLimit, true)
	h.say(context.Canceled)
	look("somebody went away", false, answerLimit, true)
	h.say(errors.New("down"))
	look("just failed", false, 0, false)
	at = at.Add(askAgain)
	look("a second later", false, shortLimit, true)
	look("behind that one", false, 0, false)
	h.say(nil)
	look("it answered", false, answerLimit, true)
}
