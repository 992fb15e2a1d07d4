package bench

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Chat is one conversation with its visitor.
type Chat struct {
	Conversation string
	Visitor      Person
}

// Load says what is sent. The zero value of Rate is a closed loop.
type Load struct {
	URLs     []string // of the nodes: visitors use the first, agents the last
	Origin   string
	Chats    []Chat
	Agents   []Person      // each watches every conversation, over as many sockets as that takes
	Inflight int           // messages of one conversation under way at once; closed loop
	Rate     float64       // messages a second over all conversations; open loop
	ByAgent  bool          // agents write, visitors read
	Body     int           // bytes of a message
	Warm     time.Duration // not measured
	Last     time.Duration // measured
	Tell     func(string)  // a line of progress each second; nil = quiet
	CPU      func() time.Duration
}

// Result is what a load came to. Times of the open loop count from the planned moment of the send.
type Result struct {
	Seconds    float64   `json:"seconds"`
	Messages   int       `json:"messages"`
	Rate       float64   `json:"messages_per_s"`
	Deliveries float64   `json:"deliveries_per_s"`
	Ack        Quantiles `json:"ack"`
	Seen       Quantiles `json:"seen"`
	CPU        float64   `json:"cpu_us_per_message"` // of the gateways; 0 = not measured
	Refused    int64     `json:"refused"`
	Resumes    int64     `json:"resumes"`
	Lost       int64     `json:"lost"` // deliveries that had not come 10 s after the end
}

const maxTopics = 50 // that one socket watches; the gateway allows 64

// run is one load under way.
type run struct {
	Load
	ctx       context.Context
	writers   []*writer
	readers   []*socket
	ack, seen Times
	asked     atomic.Int64 // acknowledged messages, since the last reset
	due, came atomic.Int64 // deliveries, from the beginning
	refused   atomic.Int64
	again     atomic.Int64
	each      int64 // deliveries of one message
	failed    chan error
	stopped   atomic.Bool
	pad       string
}

// writer sends the messages of one conversation over one socket. A message's number names its writer: number modulo
// their count.
type writer struct {
	*socket
	cv   string
	at   uint64        // place among the writers
	room chan struct{} // one token per message that may be under way

	mu   sync.Mutex
	sent [window]sending
}

// window is how many of a writer's newest messages are remembered.
const window = 1 << 12

type sending struct {
	n  uint64
	at time.Time // when it was to be sent
}

func (w *writer) note(n uint64, at time.Time) {
	w.mu.Lock()
	w.sent[n%window] = sending{n, at}
	w.mu.Unlock()
}

// Run opens all sockets, sends for Warm and Last, and closes them.
// Errors: the first connection that failed for good, or a message that was refused with another code than too_many.
func (l Load) Run(ctx context.Context) (Result, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	r := &run{Load: l, ctx: ctx, failed: make(chan error, 1), pad: strings.Repeat("x", max(0, l.Body-12))}
	defer r.close()
	if err := r.open(); err != nil {
		return Result{}, err
	}
	var work sync.WaitGroup
	if l.Rate > 0 {
		work.Go(r.plan)
	} else {
		for _, w := range r.writers {
			work.Go(func() { r.fill(w) })
		}
	}
	res, err := r.measure()
	r.stopped.Store(true)
	cancelled := r.settle()
	cancel()
	work.Wait()
	res.Lost, res.Resumes, res.Refused = cancelled, r.again.Load(), r.refused.Load()
	return res, err
}

func (r *run) fail(err error) {
	select {
	case r.failed <- err:
	default:
	}
}

func (r *run) start(s *socket) error {
	if err := within(r.ctx, 30*time.Second, s.dial); err != nil {
		return err
	}
	go func() {
		if err := s.run(r.ctx); err != nil && !r.stopped.Load() {
			r.fail(err)
		}
	}()
	return nil
}

// when gives the moment when a message was to be sent.
func (r *run) when(n uint64) (w *writer, at time.Time, ok bool) {
	w = r.writers[n%uint64(len(r.writers))]
	w.mu.Lock()
	defer w.mu.Unlock()
	s := w.sent[n%window]
	return w, s.at, s.n == n
}

// open connects everybody: each visitor, and the agents' watching sockets. Whoever writes is the visitor, or the
// first agent's socket of that conversation.
func (r *run) open() error {
	first, last := r.URLs[0], r.URLs[len(r.URLs)-1]
	for n, a := range r.Agents {
		for at := 0; at < len(r.Chats); at += maxTopics {
			some := r.Chats[at:min(at+maxTopics, len(r.Chats))]
			s := &socket{url: last, origin: r.Origin, who: a, again: &r.again, topics: map[string]uint64{}}
			for _, c := range some {
				s.topics[c.Conversation] = 0
				if r.ByAgent && n == 0 {
					r.writers = append(r.writers, r.writer(s, c.Conversation))
				}
			}
			s.take = r.took
			r.readers = append(r.readers, s)
			if err := r.start(s); err != nil {
				return err
			}
		}
	}
	for _, c := range r.Chats {
		s := &socket{url: first, origin: r.Origin, who: c.Visitor, again: &r.again, topics: map[string]uint64{c.Conversation: 0}, take: r.took}
		r.readers = append(r.readers, s)
		if !r.ByAgent {
			r.writers = append(r.writers, r.writer(s, c.Conversation))
		}
		if err := r.start(s); err != nil {
			return err
		}
	}
	r.each = int64(len(r.Agents)) // each screen but the writer's own: his answer stands for the event
	if len(r.writers) != len(r.Chats) {
		return errors.New("bench: somebody has to write in each conversation")
	}
	return nil
}

func (r *run) writer(s *socket, cv string) *writer {
	n := max(1, r.Inflight)
	if r.Rate > 0 {
		n = window / 2
	}
	return &writer{socket: s, cv: cv, at: uint64(len(r.writers)), room: make(chan struct{}, n)}
}

// took is every frame that comes: an acknowledgement, or somebody's words.
func (r *run) took(raw []byte) {
	now := time.Now()
	switch {
	case bytes.HasPrefix(raw, []byte(`{"re":"`)):
		r.answered(raw, now)
	case is(raw, "message.created"):
		if _, at, ok := r.when(number(raw, `"text":"m`)); ok {
			r.seen.Add(now.Sub(at))
			r.came.Add(1)
		}
	}
}

func (r *run) answered(raw []byte, now time.Time) {
	n := number(raw, `{"re":"`)
	w, at, ok := r.when(n)
	if !ok {
		return
	}
	<-w.room
	if bytes.Contains(raw, []byte(`"error"`)) {
		r.refused.Add(1)
		r.due.Add(-r.each)
		if !bytes.Contains(raw, []byte(`"too_many"`)) {
			r.fail(fmt.Errorf("message %d: %s", n, raw))
		}
		return
	}
	r.ack.Add(now.Sub(at))
	r.asked.Add(1)
}

// send writes one message of a conversation.
func (r *run) send(w *writer, n uint64, at time.Time) {
	w.note(n, at)
	r.due.Add(r.each)
	frame := fmt.Appendf(nil, `{"cmd":"message.send","id":"%d","args":{"conversation":%q,"client_id":"b%d","text":"m%d %s"}}`, n, w.cv, n, n, r.pad)
	if err := w.write(r.ctx, frame); err != nil && !r.stopped.Load() && r.ctx.Err() == nil {
		r.fail(err)
	}
}

// fill keeps Inflight messages of one conversation under way.
func (r *run) fill(w *writer) {
	for all, n := uint64(len(r.writers)), w.at; ; {
		n += all
		select {
		case <-r.ctx.Done():
			return
		case w.room <- struct{}{}:
		}
		if r.stopped.Load() {
			return
		}
		r.send(w, n, time.Now())
	}
}

// plan sends at a fixed rate, whatever the answers do.
func (r *run) plan() {
	begun, gap := time.Now(), time.Duration(float64(time.Second)/r.Rate)
	for n := uint64(len(r.writers)); !r.stopped.Load(); n++ {
		at := begun.Add(time.Duration(n-uint64(len(r.writers))) * gap)
		if d := time.Until(at); d > 0 {
			select {
			case <-r.ctx.Done():
				return
			case <-time.After(d):
			}
		}
		w := r.writers[n%uint64(len(r.writers))]
		select {
		case w.room <- struct{}{}:
			r.send(w, n, at)
		case <-r.ctx.Done():
			return
		}
	}
}

// measure waits out Warm, then measures for Last.
func (r *run) measure() (Result, error) {
	if err := r.wait("warming up", r.Warm); err != nil {
		return Result{}, err
	}
	r.ack.Reset()
	r.seen.Reset()
	r.asked.Store(0)
	begun, came, cpu := time.Now(), r.came.Load(), r.cpu()
	err := r.wait("measuring", r.Last)
	s, n := time.Since(begun).Seconds(), int(r.asked.Load())
	res := Result{Seconds: s, Messages: n, Rate: float64(n) / s, Deliveries: float64(r.came.Load()-came) / s, Ack: r.ack.Quantiles(), Seen: r.seen.Quantiles()}
	if n > 0 {
		res.CPU = float64((r.cpu() - cpu).Microseconds()) / float64(n)
	}
	return res, err
}

func (r *run) cpu() time.Duration {
	if r.CPU == nil {
		return 0
	}
	return r.CPU()
}

func (r *run) wait(what string, d time.Duration) error {
	end := time.After(d)
	for tick := time.NewTicker(time.Second); ; {
		select {
		case err := <-r.failed:
			tick.Stop()
			return err
		case <-r.ctx.Done():
			tick.Stop()
			return r.ctx.Err()
		case <-end:
			tick.Stop()
			return nil
		case <-tick.C:
			if r.Tell != nil {
				r.Tell(fmt.Sprintf("%s: %d acknowledged, %d seen", what, r.asked.Load(), r.came.Load()))
			}
		}
	}
}

// settle waits until all that is due has come, at most 10 s, and says how much has not.
func (r *run) settle() int64 {
	for end := time.Now().Add(10 * time.Second); r.came.Load() < r.due.Load() && time.Now().Before(end); {
		time.Sleep(5 * time.Millisecond)
	}
	return max(0, r.due.Load()-r.came.Load())
}

func (r *run) close() {
	r.stopped.Store(true)
	for _, s := range r.readers {
		s.close()
	}
}
