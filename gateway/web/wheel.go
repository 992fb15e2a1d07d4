package web

import (
	"sync"
	"time"
)

const (
	wheelTick  = 250 * time.Millisecond
	wheelSlots = 256 // one turn is 64 s
)

// wheel is the one timer of all connections: 10,000 alarms cost one goroutine and no allocation.
type wheel struct {
	mu    sync.Mutex
	slots [wheelSlots]alarm // heads of rings
	now   int
	due   []func()

	quit, done chan struct{}
}

// alarm stands in at most one ring. Its zero value is off.
type alarm struct {
	next, prev *alarm
	turns      int
	ring       func()
}

func newWheel() *wheel {
	w := &wheel{quit: make(chan struct{}), done: make(chan struct{})}
	for i := range w.slots {
		s := &w.slots[i]
		s.next, s.prev = s, s
	}
	go w.run()
	return w
}

func (w *wheel) run() {
	defer close(w.done)
	t := time.NewTicker(wheelTick)
	defer t.Stop()
	for {
		select {
		case <-t.C:
			w.tick()
		case <-w.quit:
			return
		}
	}
}

func (w *wheel) stop() {
	close(w.quit)
	<-w.done
}

// set lets the alarm ring after d, rounded up to a tick; d ≤ 0 turns it off.
func (w *wheel) set(a *alarm, d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	a.leave()
	if d <= 0 {
		return
	}
	ticks := int((d + wheelTick - 1) / wheelTick)
	a.turns = (ticks - 1) / wheelSlots
	head := &w.slots[(w.now+ticks)%wheelSlots]
	a.next, a.prev = head, head.prev
	a.prev.next, head.prev = a, a
}

// leave takes the alarm out of its ring. The wheel is locked.
func (a *alarm) leave() {
	if a.next == nil {
		return
	}
	a.prev.next, a.next.prev = a.next, a.prev
	a.next, a.prev = nil, nil
}

// tick rings what is due, outside of the lock.
func (w *wheel) tick() {
	w.mu.Lock()
	w.now = (w.now + 1) % wheelSlots
	head := &w.slots[w.now]
	due := w.due[:0]
	for a := head.next; a != head; {
		next := a.next
		if a.turns == 0 {
			a.leave()
			due = append(due, a.ring)
		} else {
			a.turns--
		}
		a = next
	}
	w.mu.Unlock()
	for _, ring := range due {
		ring()
	}
	clear(due)
	w.due = due[:0]
}
