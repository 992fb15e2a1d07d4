package gateway

import (
	"context"
	"sync"
)

// Emitted is a stored event on its way to this node's sockets.
type Emitted struct {
	Hint
	// By is who posted it from this node, to be answered with Sent in the event's place; nil = nobody.
	By   Poster
	Sent Sent
}

// Poster is told what became of a message that it posted.
type Poster interface {
	// Posted comes exactly once: the message is stored or held, or err says why not. It must not block.
	Posted(sent Sent, err error)
}

func hintOf(e Event) Hint { return Hint{Topic: e.Topic, Seq: e.Seq, Event: e.Frame()} }

// emit hands events to this node's sockets and puts them into the outbox. Whoever is to be answered is.
func (s *Service) emit(out []Emitted) {
	if s.Emit != nil {
		s.Emit(out)
	} else {
		for _, e := range out {
			if e.By != nil {
				e.By.Posted(e.Sent, nil)
			}
		}
	}
	hints := make([]Hint, len(out))
	for i, e := range out {
		hints[i] = e.Hint
	}
	s.send(hints)
}

// maxOutbox is how many hints wait for the bus; what goes over it is lost, and found by number.
const maxOutbox = 10_000

// Outbox sends hints to the other nodes in pipelines: what gathered while the last one ran. It has a goroutine only
// while there is something to send, so nobody waits for a bus that hangs. Make it with NewOutbox.
type Outbox struct {
	mu      sync.Mutex
	hints   []Hint
	running bool
	lost    int
}

// NewOutbox makes an empty one.
func NewOutbox() *Outbox { return new(Outbox) }

func (s *Service) send(hints []Hint) {
	o := s.Outbox
	if o == nil {
		s.tell(hints)
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	n := min(len(hints), maxOutbox-len(o.hints))
	o.lost += len(hints) - n
	o.hints = append(o.hints, hints[:n]...)
	if !o.running && n > 0 {
		o.running = true
		go s.drain()
	}
}

func (s *Service) drain() {
	o := s.Outbox
	for {
		o.mu.Lock()
		hints, lost := o.hints, o.lost
		o.hints, o.lost, o.running = nil, 0, len(hints) > 0
		o.mu.Unlock()
		if lost > 0 {
			s.Log.Warn("publish", "lost", lost)
		}
		if len(hints) == 0 {
			return
		}
		s.tell(hints)
	}
}

func (s *Service) tell(hints []Hint) {
	if err := s.Bus.Publish(context.Background(), hints...); err != nil {
		s.Log.Warn("publish", "hints", len(hints), "code", CodeOf(err))
	}
}
