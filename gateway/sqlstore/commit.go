package sqlstore

import (
	"context"
	"hash/fnv"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/postern-chat/postern/gateway"
)

// maxBatch is how many appends one transaction takes.
const maxBatch = 1000

// lanesOf is how many committers run: SQLite has one writer; PostgreSQL gets two to four, by the conversation's hash. More
// than half of the processors make batches smaller, and each message dearer.
func lanesOf(e Engine) int {
	if e == SQLite {
		return 1
	}
	return min(4, max(2, runtime.GOMAXPROCS(0)/2))
}

// item is one caller's append and where its outcome goes.
type item struct {
	ctx context.Context
	in  gateway.Append
	to  gateway.Committed

	unsure bool // a try was cut, and may have stored it all the same
}

// lane is one committer: it stores everything that queued while its last transaction ran. No timer. What became of a
// batch is told while the next one is committed.
type lane struct {
	items chan *item
	told  chan []outcome
	done  chan struct{} // closed when all is told

	leaving sync.RWMutex // held by whoever puts an item in
	closed  bool
}

func (s *Store) startLanes() {
	for range lanesOf(s.d.engine) {
		l := &lane{items: make(chan *item, maxBatch), told: make(chan []outcome, 1), done: make(chan struct{})}
		s.lanes = append(s.lanes, l)
		go s.runLane(l)
		go l.tell()
	}
}

func (s *Store) stopLanes() {
	s.stop.Do(func() {
		for _, l := range s.lanes {
			l.leaving.Lock()
			l.closed = true
			l.leaving.Unlock()
			close(l.items)
		}
		for _, l := range s.lanes {
			<-l.done
		}
	})
}

// waiter is a caller of Append who waits.
type waiter chan gateway.Stored

// Committed implements gateway.Committed.
func (w waiter) Committed(out []gateway.Stored) { w <- out[0] }

// Append implements gateway.EventStore. Once a batch has taken the append, its outcome is waited for, whatever
// becomes of ctx: an answer is never "perhaps".
func (s *Store) Append(ctx context.Context, a gateway.Append) (gateway.Appended, error) {
	w := make(waiter, 1)
	if err := s.Submit(ctx, a, w); err != nil {
		return gateway.Appended{}, err
	}
	out := <-w
	return out.Appended, out.Err
}

// Submit implements gateway.EventStore.
func (s *Store) Submit(ctx context.Context, a gateway.Append, to gateway.Committed) error {
	if err := ctx.Err(); err != nil {
		return failure("append", err)
	}
	l := s.laneOf(a)
	l.leaving.RLock()
	defer l.leaving.RUnlock()
	if l.closed {
		return gateway.Unavailable("database", nil)
	}
	select {
	case l.items <- &item{ctx: ctx, in: a, to: to}:
		return nil
	case <-ctx.Done():
		return failure("append", ctx.Err())
	}
}

func (s *Store) laneOf(a gateway.Append) *lane {
	key := string(a.Conversation)
	if key == "" {
		key = a.Topic
	}
	h := fnv.New32a()
	_, _ = h.Write([]byte(key)) // never fails
	return s.lanes[h.Sum32()%uint32(len(s.lanes))]
}

func (s *Store) runLane(l *lane) {
	defer close(l.told)
	for it := range l.items {
		runtime.Gosched() // whoever is about to send is let in first: a fuller batch costs less for each
		s.counted(l, l.take(it))
	}
}

// tell hands on what became of the batches, in their order; each receiver gets all of a batch that is his at once.
func (l *lane) tell() {
	defer close(l.done)
	for batch := range l.told {
		of := map[gateway.Committed][]gateway.Stored{}
		var order []gateway.Committed
		for _, o := range batch {
			if of[o.it.to] == nil {
				order = append(order, o.it.to)
			}
			of[o.it.to] = append(of[o.it.to], o.Stored)
		}
		for _, to := range order {
			to.Committed(of[to])
		}
	}
}

// counted commits a batch and tells how long it took.
func (s *Store) counted(l *lane, batch []*item) {
	began, n := time.Now(), len(batch)
	s.commit(l, batch)
	s.commits.Add(1)
	if s.o.OnCommit != nil {
		s.o.OnCommit(n, time.Since(began))
	}
}

// take gives the first item and all that queued behind it.
func (l *lane) take(first *item) []*item {
	batch := []*item{first}
	for len(batch) < maxBatch {
		select {
		case it, open := <-l.items:
			if !open {
				return batch
			}
			batch = append(batch, it)
		default:
			return batch
		}
	}
	return batch
}

// commit stores a batch; if it fails as a whole, each item alone.
func (s *Store) commit(l *lane, batch []*item) {
	batch = slices.DeleteFunc(batch, func(it *item) bool {
		err := it.ctx.Err()
		if err != nil {
			l.told <- []outcome{failed(it, err)}
		}
		return err != nil
	})
	batch = s.commitPlain(l, batch)
	alone := batch
	if len(batch) > 1 {
		told, later, err := s.commitOnce(batch)
		if err == nil {
			l.told <- told
			alone = later
		}
	}
	for _, it := range alone {
		l.told <- s.commitAlone(it)
	}
}

func (s *Store) commitAlone(it *item) []outcome {
	for n := 1; ; n++ {
		told, _, err := s.commitOnce([]*item{it})
		if err == nil {
			return told
		}
		if n == tries || !passing(err) {
			return []outcome{failed(it, err)}
		}
	}
}

// commitOnce runs one transaction and gives what became of its items; those that need locks of their own (a claim by
// first reply, files, in a batch of several), and what came behind them in their conversations, are left for later.
func (s *Store) commitOnce(items []*item) (told []outcome, later []*item, err error) {
	told, later, err = s.commitBatch(items, false)
	if s.d.engine == SQLite && (unique(err) || gateway.CodeOf(err) == "not_found") { // memory was wrong: look at everything
		return s.commitBatch(items, true)
	}
	return told, later, err
}

func (s *Store) commitBatch(items []*item, careful bool) (told []outcome, later []*item, err error) {
	ctx := context.Background() // many callers' work: no single one's end may undo it
	now := items[0].in.At
	for _, it := range items {
		if it.in.At.After(now) {
			now = it.in.At
		}
	}
	x, end, err := s.beginBatch(ctx, now)
	if err != nil {
		return nil, nil, err
	}
	defer end()
	b := newBatch(x, len(items) == 1, careful)
	if err := b.run(items); err != nil {
		if !b.sent {
			err = unsent{err}
		}
		return nil, nil, err
	}
	s.talks.forget(&b.touched)
	s.talks.put(b.rows, b.learned())
	if b.askedEpoch && !b.touched.rights {
		s.talks.putEpoch(b.epoch)
	}
	return b.outcomes(), b.alone, nil
}
