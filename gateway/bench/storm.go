package bench

import (
	"bytes"
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// Storm is many visitors who are cut off in the middle of a message and all come back at once, while agents have
// written to each of them meanwhile.
type Storm struct {
	URL, Origin string
	Chats       []Chat
	Agent       Person       // writes to each, and watches
	Tell        func(string) // nil = quiet
}

// StormResult is how they came back. A visitor has resumed when he is greeted, has what he missed, and has the answer
// to the message that he sent again.
type StormResult struct {
	Clients int     `json:"clients"`
	Resumed int     `json:"resumed"`
	Seconds float64 `json:"seconds"` // from the first dial until the last had resumed
	Doubled int64   `json:"doubled"` // messages that somebody saw twice
	Missing int64   `json:"missing"` // messages of theirs that the agent never saw
}

// storming is a storm under way.
type storming struct {
	Storm
	ctx       context.Context
	clients   []*returning
	agents    []*socket
	wrote     atomic.Int64   // messages of the agent that are stored
	seen      []atomic.Int64 // by the agent, per conversation
	doubled   atomic.Int64
	again     atomic.Int64
	failed    chan error
	returning sync.WaitGroup
}

// returning is one visitor.
type returning struct {
	*socket
	n             int
	cv            string
	missed, acked atomic.Int64
	once          sync.Once
	done          chan struct{}
}

const returnWithin = time.Minute

// Run plays it. Errors: a connection that failed before the storm, or an agent's.
func (st Storm) Run(ctx context.Context) (StormResult, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	s := &storming{Storm: st, ctx: ctx, seen: make([]atomic.Int64, len(st.Chats)), failed: make(chan error, 1)}
	defer s.close()
	if err := s.gather(); err != nil {
		return StormResult{}, err
	}
	s.tell("all are cut off")
	for _, c := range s.clients {
		_ = c.write(c.words()) // perhaps it is stored, perhaps not
		c.now().Close()
	}
	if err := s.writeToAll(); err != nil {
		return StormResult{}, err
	}
	s.tell("all come back")
	return s.back(), nil
}

func (s *storming) tell(line string) {
	if s.Tell != nil {
		s.Tell(line)
	}
}

// gather connects the agent's screens and the visitors.
func (s *storming) gather() error {
	for at := 0; at < len(s.Chats); at += MaxTopics {
		a := &socket{url: s.URL, origin: s.Origin, who: s.Agent, buffer: lively, take: s.onAgent, again: &s.again, doubled: &s.doubled, topics: map[string]uint64{}}
		for _, c := range s.Chats[at:min(at+MaxTopics, len(s.Chats))] {
			a.topics[c.Conversation] = c.Seen
		}
		s.agents = append(s.agents, a)
	}
	if err := connect(s.ctx, s.agents, nil, s.runAgent); err != nil {
		return err
	}
	var sockets []*socket
	for i, chat := range s.Chats {
		c := &returning{n: i, cv: chat.Conversation, done: make(chan struct{})}
		c.socket = &socket{
			url: s.URL, origin: s.Origin, who: chat.Visitor, from: from(i), buffer: quiet, take: c.took, again: &s.again, doubled: &s.doubled,
			topics: map[string]uint64{chat.Conversation: chat.Seen},
		}
		s.clients, sockets = append(s.clients, c), append(sockets, c.socket)
	}
	return connect(s.ctx, sockets, s.Tell, func(c *socket) { go func() { _ = c.read() }() }) // ends when it is cut off
}

func (s *storming) runAgent(a *socket) {
	go func() {
		if err := a.run(s.ctx); err != nil && s.ctx.Err() == nil {
			select {
			case s.failed <- err:
			default:
			}
		}
	}()
}

// words is the message that a visitor sends twice, under one client id.
func (c *returning) words() []byte {
	return fmt.Appendf(nil, `{"cmd":"message.send","id":"r","args":{"conversation":%q,"client_id":"v%d","text":"v%d again"}}`, c.cv, c.n+1, c.n+1)
}

// took counts what the visitor missed, and the answer to what he sent again.
func (c *returning) took(_ *socket, raw []byte) {
	switch {
	case bytes.HasPrefix(raw, []byte(`{"re":"r"`)) && bytes.Contains(raw, []byte(`"ok"`)):
		c.acked.Add(1)
	case is(raw, "message.created") && number(raw, `"text":"m`) == uint64(c.n+1):
		c.missed.Add(1)
	}
	if c.acked.Load() > 0 && c.missed.Load() > 0 {
		c.once.Do(func() { close(c.done) })
	}
}

func (s *storming) onAgent(_ *socket, raw []byte) {
	switch {
	case bytes.HasPrefix(raw, []byte(`{"re":"a`)) && bytes.Contains(raw, []byte(`"ok"`)):
		s.wrote.Add(1)
	case is(raw, "message.created"):
		if n := number(raw, `"text":"v`); n > 0 && n <= uint64(len(s.seen)) {
			s.seen[n-1].Add(1)
		}
	}
}

// writeToAll lets the agent write one message to each, and waits until all are stored.
func (s *storming) writeToAll() error {
	for i, c := range s.Chats {
		frame := fmt.Appendf(nil, `{"cmd":"message.send","id":"a%d","args":{"conversation":%q,"client_id":"a%d","text":"m%d while you were away"}}`, i+1, c.Conversation, i+1, i+1)
		if err := s.agents[i/MaxTopics].write(frame); err != nil {
			return err
		}
	}
	for end := time.Now().Add(returnWithin); s.wrote.Load() < int64(len(s.Chats)); time.Sleep(5 * time.Millisecond) {
		select {
		case err := <-s.failed:
			return err
		case <-s.ctx.Done():
			return s.ctx.Err()
		default:
		}
		if time.Now().After(end) {
			return fmt.Errorf("the agent wrote %d of %d messages", s.wrote.Load(), len(s.Chats))
		}
	}
	return nil
}

// back lets everybody return at once.
func (s *storming) back() StormResult {
	ctx, cancel := context.WithTimeout(s.ctx, returnWithin)
	defer cancel()
	begun := time.Now()
	var resumed atomic.Int64
	for _, c := range s.clients {
		s.returning.Go(func() {
			if c.comeBack(ctx) {
				resumed.Add(1)
			}
		})
	}
	s.returning.Wait()
	r := StormResult{Clients: len(s.clients), Resumed: int(resumed.Load()), Seconds: time.Since(begun).Seconds()}
	for end := time.Now().Add(patience); s.unseen() > 0 && time.Now().Before(end); {
		time.Sleep(5 * time.Millisecond)
	}
	r.Missing = s.unseen()
	for i := range s.seen {
		r.Doubled += max(0, s.seen[i].Load()-1) + max(0, s.clients[i].missed.Load()-1)
	}
	r.Doubled += s.doubled.Load()
	return r
}

func (s *storming) unseen() (n int64) {
	for i := range s.seen {
		if s.seen[i].Load() == 0 {
			n++
		}
	}
	return n
}

// comeBack dials until it is let in, sends its message again, and reads until it has what it missed.
func (c *returning) comeBack(ctx context.Context) bool {
	for ctx.Err() == nil {
		if within(ctx, returnWithin, c.dial) == nil {
			if c.write(c.words()) == nil {
				go func() { _ = c.read() }() // ends with the socket
				break
			}
		}
		select {
		case <-ctx.Done():
		case <-time.After(50 * time.Millisecond):
		}
	}
	select {
	case <-c.done:
		return true
	case <-ctx.Done():
		return false
	}
}

func (s *storming) close() {
	for _, a := range s.agents {
		a.close()
	}
	for _, c := range s.clients {
		c.close()
	}
}
