package bench

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Chat is one conversation with its visitor.
type Chat struct {
	Conversation string
	Visitor      Person
	Seen         uint64 // number of the last event that everybody has seen
}

// Load says what is sent. The zero value of Rate is a closed loop.
type Load struct {
	URLs     []string // of the nodes: visitors use the first, agents the last
	Origin   string
	Chats    []Chat
	Agents   []Person      // each watches every conversation, over as many sockets as that takes
	Topics   int           // conversations that one socket of an agent watches; at most 64
	Inflight int           // messages of one conversation under way at once; closed loop
	Rate     float64       // messages a second over all conversations; open loop
	ByAgent  bool          // agents write, visitors read
	Body     int           // bytes of a message
	Warm     time.Duration // not measured
	Last     time.Duration // measured
	Tell     func(string)  // a line of progress each second; nil = quiet
	CPU      func() time.Duration
}

// Result is what a load came to. Times of the open loop count from the planned moment of the send, also of those that
// could be sent only later: coordinated omission is corrected.
type Result struct {
	Seconds    float64   `json:"seconds"`
	Messages   int       `json:"messages"`
	Rate       float64   `json:"messages_per_s"`
	Deliveries float64   `json:"deliveries_per_s"`   // to screens other than the sender's own
	Ack        Quantiles `json:"ack"`                // from the send to its durable acknowledgement
	Seen       Quantiles `json:"seen"`               // from the send to each other screen
	CPU        float64   `json:"cpu_us_per_message"` // of the gateways; 0 = not measured
	Own        float64   `json:"load_cpu_us_per_message"`
	Refused    int64     `json:"refused"`
	Resumes    int64     `json:"resumes"`
	Doubled    int64     `json:"doubled"` // events that came twice
	Lost       int64     `json:"lost"`    // deliveries that had not come 10 s after the end
}

const (
	// MaxTopics is how many conversations one socket may watch (PROTOCOL.md).
	MaxTopics = 64
	patience  = 10 * time.Second // for what is due at the end
)

// run is one load under way.
type run struct {
	Load
	ctx       context.Context
	writers   []*writer
	sockets   []*socket
	ack, seen Times
	from, to  atomic.Int64 // what is planned between them is measured; unix ns
	acks      atomic.Int64 // all, from the beginning
	due, came atomic.Int64 // deliveries, from the beginning
	refused   atomic.Int64
	again     atomic.Int64
	doubled   atomic.Int64
	failed    chan error
	stopped   atomic.Bool
	pad       string
}

// writer sends the messages of one conversation over one socket. A message's number names its writer: number modulo
// their count.
type writer struct {
	*socket
	chat Chat
	at   uint64        // place among the writers
	room chan struct{} // one token per message that may be under way

	mu   sync.Mutex
	sent [window]sending
}

// window is how many of a writer's newest messages are remembered.
const window = 1 << 10

type sending struct {
	n  uint64
	at time.Time // when it was to be sent
}

// note remembers when message n, of all writers' count, was to be sent.
func (w *writer) note(n uint64, at time.Time, all uint64) {
	w.mu.Lock()
	w.sent[n/all%window] = sending{n, at}
	w.mu.Unlock()
}

// Run opens all sockets, sends for Warm and Last, and closes them.
// Errors: the first connection that failed for good, or a message that was refused with another code than too_many.
func (l Load) Run(ctx context.Context) (Result, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	r := &run{Load: l, ctx: ctx, failed: make(chan error, 1), pad: strings.Repeat("x", max(0, l.Body-12))}
	r.from.Store(math.MaxInt64)
	r.to.Store(math.MaxInt64)
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
	if err == nil {
		res.Lost = r.settle(&work)
	}
	cancel()
	work.Wait()
	res.Ack, res.Seen = r.ack.Quantiles(), r.seen.Quantiles()
	res.Resumes, res.Refused, res.Doubled = r.again.Load(), r.refused.Load(), r.doubled.Load()
	return res, err
}

func (r *run) fail(err error) {
	select {
	case r.failed <- err:
	default:
	}
}

// when gives the moment when a message was to be sent.
func (r *run) when(n uint64) (w *writer, at time.Time, ok bool) {
	w = r.writers[n%uint64(len(r.writers))]
	w.mu.Lock()
	defer w.mu.Unlock()
	s := w.sent[n/uint64(len(r.writers))%window]
	return w, s.at, s.n == n
}

// socket is one more of the run's; its topics are the conversations'.
func (r *run) socket(url string, who Person, chats []Chat) *socket {
	s := &socket{
		url: url, origin: r.Origin, who: who, buffer: lively, take: r.took, again: &r.again, doubled: &r.doubled, topics: map[string]uint64{},
	}
	for _, c := range chats {
		s.topics[c.Conversation] = c.Seen
	}
	r.sockets = append(r.sockets, s)
	return s
}

// open connects everybody: each visitor, and the agents' watching sockets. Whoever writes is the visitor, or the
// first agent's socket of that conversation.
func (r *run) open() error {
	first, last := r.URLs[0], r.URLs[len(r.URLs)-1]
	for n, a := range r.Agents {
		step := min(max(1, r.Topics), MaxTopics)
		for at := 0; at < len(r.Chats); at += step {
			some := r.Chats[at:min(at+step, len(r.Chats))]
			s := r.socket(last, a, some)
			for _, c := range some {
				if r.ByAgent && n == 0 {
					r.writers = append(r.writers, r.writer(s, c))
				}
			}
		}
	}
	for i, c := range r.Chats {
		s := r.socket(first, c.Visitor, r.Chats[i:i+1])
		if !r.ByAgent {
			r.writers = append(r.writers, r.writer(s, c))
		}
	}
	if len(r.writers) != len(r.Chats) {
		return errors.New("bench: somebody has to write in each conversation")
	}
	return connect(r.ctx, r.sockets, r.Tell, func(s *socket) {
		go func() {
			if err := s.run(r.ctx); err != nil && !r.stopped.Load() {
				r.fail(err)
			}
		}()
	})
}

func (r *run) writer(s *socket, c Chat) *writer {
	n := max(1, r.Inflight)
	if r.Rate > 0 {
		n = window / 2
	}
	return &writer{socket: s, chat: c, at: uint64(len(r.writers)), room: make(chan struct{}, n)}
}

// measured says whether a message that was planned for this moment counts.
func (r *run) measured(at time.Time) bool {
	ns := at.UnixNano()
	return ns >= r.from.Load() && ns < r.to.Load()
}

// took is every frame that comes: an acknowledgement, or somebody's words. The sender's own words are no delivery.
func (r *run) took(s *socket, raw []byte) {
	now := time.Now()
	switch {
	case bytes.HasPrefix(raw, []byte(`{"re":"`)):
		r.answered(raw, now)
	case is(raw, "message.created"):
		w, at, ok := r.when(number(raw, `"text":"m`))
		if !ok || w.socket == s {
			return
		}
		r.came.Add(1)
		if r.measured(at) {
			r.seen.Add(now.Sub(at))
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
		r.due.Add(-int64(len(r.Agents)))
		if !bytes.Contains(raw, []byte(`"too_many"`)) {
			r.fail(fmt.Errorf("message %d: %s", n, raw))
		}
		return
	}
	r.acks.Add(1)
	if r.measured(at) {
		r.ack.Add(now.Sub(at))
	}
}

// send writes one message of a conversation. It is due on the screen of everybody else: of the visitor's words, each
// agent's; of an agent's words, the visitor's and the other agents'.
func (r *run) send(w *writer, n uint64, at time.Time) {
	w.note(n, at, uint64(len(r.writers)))
	r.due.Add(int64(len(r.Agents)))
	// The head makes the client id that of this run: another one on the same database began where this one ends.
	frame := fmt.Appendf(nil, `{"cmd":"message.send","id":"%d","args":{"conversation":%q,"client_id":"b%d.%d","text":"m%d %s"}}`,
		n, w.chat.Conversation, w.chat.Seen, n, n, r.pad)
	if err := w.write(frame); err != nil && !r.stopped.Load() && r.ctx.Err() == nil {
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

// plan sends at a fixed rate, whatever the answers do; what it could not send in time is sent late, and counts from
// when it was to be sent.
func (r *run) plan() {
	begun, gap, all := time.Now(), time.Duration(float64(time.Second)/r.Rate), uint64(len(r.writers))
	for n := uint64(0); ; n++ {
		at := begun.Add(time.Duration(n) * gap)
		nap(time.Until(at))
		if at.UnixNano() >= r.to.Load() {
			return
		}
		w := r.writers[n%all]
		select {
		case w.room <- struct{}{}:
			r.send(w, n+all, at)
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
	begun, acks, came, cpu, own := time.Now(), r.acks.Load(), r.came.Load(), r.cpu(), ownTime()
	r.from.Store(begun.UnixNano())
	err := r.wait("measuring", r.Last)
	ended := time.Now()
	r.to.Store(ended.UnixNano())
	s, n := ended.Sub(begun).Seconds(), int(r.acks.Load()-acks)
	res := Result{Seconds: s, Messages: n, Rate: float64(n) / s, Deliveries: float64(r.came.Load()-came) / s}
	if n > 0 {
		res.CPU = float64((r.cpu() - cpu).Microseconds()) / float64(n)
		res.Own = float64((ownTime() - own).Microseconds()) / float64(n)
	}
	return res, err
}

func (r *run) cpu() time.Duration {
	if r.CPU == nil {
		return 0
	}
	return r.CPU()
}

// ownTime is the processor time of the load itself; 0 where the system does not tell.
func ownTime() time.Duration {
	d, _ := ProcessTime(os.Getpid())
	return d
}

func (r *run) wait(what string, d time.Duration) error {
	end, tick := time.After(d), time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case err := <-r.failed:
			return err
		case <-r.ctx.Done():
			return r.ctx.Err()
		case <-end:
			return nil
		case <-tick.C:
			if r.Tell != nil {
				r.Tell(fmt.Sprintf("%s: %d acknowledged, %d delivered", what, r.acks.Load(), r.came.Load()))
			}
		}
	}
}

// settle waits until all that was planned is sent and all that is due has come, and says how much has not.
func (r *run) settle(senders *sync.WaitGroup) int64 {
	sent := make(chan struct{})
	go func() {
		senders.Wait()
		close(sent)
	}()
	end := time.Now().Add(patience)
	select {
	case <-sent:
	case <-time.After(patience):
	}
	for r.came.Load() < r.due.Load() && time.Now().Before(end) {
		time.Sleep(5 * time.Millisecond)
	}
	return max(0, r.due.Load()-r.came.Load())
}

func (r *run) close() {
	r.stopped.Store(true)
	for _, s := range r.sockets {
		s.close()
	}
}
