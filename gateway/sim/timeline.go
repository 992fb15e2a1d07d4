package sim

import "time"

// What happens at a desk.
const (
	comes   = iota // a chat
	accepts        // an agent, the chat that rings
	rung           // a ring's time is over
	over           // a chat's longest wait is
	ends           // a chat
	returns        // an agent says "I am back"
)

// event is something that will happen. version tells whether it is still meant: a chat that moved on is another.
type event struct {
	at      time.Duration
	order   int // of two at the same time the older one first
	kind    int
	who     int
	version int64
}

func (e event) before(f event) bool { return e.at < f.at || e.at == f.at && e.order < f.order }

// timeline is a clock that jumps from event to event: a binary heap.
type timeline struct {
	now  time.Duration
	made int
	heap []event
}

func (l *timeline) left() bool { return len(l.heap) > 0 }

func (l *timeline) after(d time.Duration, e event) {
	l.made++
	e.at, e.order = l.now+d, l.made
	h := append(l.heap, e)
	i := len(h) - 1
	for i > 0 && e.before(h[(i-1)/2]) {
		h[i] = h[(i-1)/2]
		i = (i - 1) / 2
	}
	h[i] = e
	l.heap = h
}

// next takes the earliest event out; the clock stands at it.
func (l *timeline) next() event {
	h := l.heap
	first, last := h[0], h[len(h)-1]
	h = h[:len(h)-1]
	i := 0
	for {
		c := 2*i + 1
		if c >= len(h) {
			break
		}
		if c+1 < len(h) && h[c+1].before(h[c]) {
			c++
		}
		if !h[c].before(last) {
			break
		}
		h[i] = h[c]
		i = c
	}
	if len(h) > 0 {
		h[i] = last
	}
	l.heap, l.now = h, first.at
	return first
}
