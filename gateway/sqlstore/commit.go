package sqlstore

import (
	"context"
	"hash/fnv"
	"slices"
	"time"

	"github.com/postern-chat/postern/gateway"
)

// maxBatch is how many appends one transaction takes.
const maxBatch = 1000

// lanesOf is how many committers run: SQLite has one writer; PostgreSQL gets one per hash of the conversation.
const lanesOf = 4

// item is one caller's append and where its answer goes.
type item struct {
	ctx  context.Context
	in   gateway.Append
	done chan result
}

type result struct {
	gateway.Appended
	err error
}

// lane is one committer: it stores everything that queued while its last transaction ran. No timer.
type lane struct {
	items chan *item
	stop  chan struct{}
	done  chan struct{}
}

func (s *Store) startLanes() {
	n := lanesOf
	if s.d.engine == SQLite {
		n = 1
	}
	for range n {
		l := &lane{items: make(chan *item, maxBatch), stop: make(chan struct{}), done: make(chan struct{})}
		s.lanes = append(s.lanes, l)
		go s.runLane(l)
	}
}

func (s *Store) stopLanes() {
	s.stop.Do(func() {
		for _, l := range s.lanes {
			close(l.stop)
			<-l.done
		}
	})
}

// Append implements gateway.EventStore. Once a batch has taken the append, its outcome is waited for, whatever
// becomes of ctx: an answer is never "perhaps".
func (s *Store) Append(ctx context.Context, a gateway.Append) (gateway.Appended, error) {
	if err := ctx.Err(); err != nil {
		return gateway.Appended{}, failure("append", err)
	}
	it := &item{ctx: ctx, in: a, done: make(chan result, 1)}
	l := s.laneOf(a)
	select {
	case l.items <- it:
	case <-ctx.Done():
		return gateway.Appended{}, failure("append", ctx.Err())
	case <-l.done:
		return gateway.Appended{}, gateway.Unavailable("database", nil)
	}
	select {
	case r := <-it.done:
		return r.Appended, r.err
	case <-l.done:
	}
	select { // the last batch may have answered
	case r := <-it.done:
		return r.Appended, r.err
	default:
		return gateway.Appended{}, gateway.Unavailable("database", nil)
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
	defer close(l.done)
	for {
		select {
		case it := <-l.items:
			s.commit(l.take(it))
		case <-l.stop:
			for {
				select {
				case it := <-l.items:
					s.commit(l.take(it))
				default:
					return
				}
			}
		}
	}
}

// take gives the first item and all that queued behind it.
func (l *lane) take(first *item) []*item {
	batch := []*item{first}
	for len(batch) < maxBatch {
		select {
		case it := <-l.items:
			batch = append(batch, it)
		default:
			return batch
		}
	}
	return batch
}

// commit stores a batch; if it fails as a whole, each item alone.
func (s *Store) commit(batch []*item) {
	batch = slices.DeleteFunc(batch, func(it *item) bool {
		err := it.ctx.Err()
		if err != nil {
			it.done <- result{err: failure("append", err)}
		}
		return err != nil
	})
	together, alone := batch, []*item(nil)
	if len(batch) > 1 {
		var err error
		if alone, err = s.commitOnce(together); err != nil {
			alone = together
		}
	} else {
		alone = batch
	}
	for _, it := range alone {
		s.commitAlone(it)
	}
}

func (s *Store) commitAlone(it *item) {
	for n := 1; ; n++ {
		_, err := s.commitOnce([]*item{it})
		if err == nil {
			return
		}
		if n == tries || !passing(err) {
			it.done <- result{err: failure("append", err)}
			return
		}
	}
}

// commitOnce runs one transaction and answers its items; those that need locks of their own (a claim by first
// reply, files, in a batch of several) come back unanswered.
func (s *Store) commitOnce(items []*item) (alone []*item, err error) {
	ctx := context.Background() // many callers' work: no single one's end may undo it
	now := items[0].in.At
	for _, it := range items {
		if it.in.At.After(now) {
			now = it.in.At
		}
	}
	x, end, err := s.begin(ctx, now)
	if err != nil {
		return nil, err
	}
	defer end()
	b := &batch{
		tx: x, rows: map[gateway.ID]*gateway.Conversation{}, seen: map[string]*answer{}, whole: map[gateway.ID]bool{},
		single: len(items) == 1,
	}
	if err := b.run(items); err != nil {
		return nil, err
	}
	if s.o.CommitDelay > 0 {
		time.Sleep(s.o.CommitDelay)
	}
	if err := x.Commit(); err != nil {
		return nil, err
	}
	b.reply()
	return b.alone, nil
}
