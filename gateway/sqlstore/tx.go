package sqlstore

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"slices"
	"time"

	"github.com/postern-chat/postern/gateway"
)

// tx is one transaction of one verb. Events wait in it until the row locks are held: their topics' counters come
// last in the lock order, sorted.
type tx struct {
	runner
	verb    *sql.Tx // of a verb; a batch has a line
	line    line
	begun   bool // on the line
	over    bool // committed there
	s       *Store
	ctx     context.Context
	now     time.Time
	pending []*pending

	unprepared []string  // queries to prepare once the connection is free
	own        *liteLine // the verb's connection, on SQLite
	same       bool      // nobody had written since the last batch when it began
	touched    touched
}

// pending is an event on its way into its topic.
type pending struct {
	event    gateway.Event
	clientID string
}

// tries is how often a transaction that lost a race of locks is run again.
const tries = 4

// change runs fn in one writing transaction and gives its events, numbered, after the commit.
func (s *Store) change(ctx context.Context, doing string, now time.Time, fn func(x *tx) error) ([]gateway.Event, error) {
	for n := 1; ; n++ {
		events, err := s.changeOnce(ctx, now, fn)
		if err == nil || n == tries || !passing(err) {
			return events, failure(doing, err)
		}
	}
}

func (s *Store) changeOnce(ctx context.Context, now time.Time, fn func(x *tx) error) ([]gateway.Event, error) {
	x, end, err := s.begin(ctx, now)
	if err != nil {
		return nil, err
	}
	defer end()
	if err := fn(x); err != nil {
		return nil, err
	}
	if err := x.flush(); err != nil {
		return nil, err
	}
	if err := x.verb.Commit(); err != nil {
		return nil, err
	}
	x.settle()
	if len(x.pending) > 0 { // others are seldom, or have changed nothing
		s.commits.Add(1)
	}
	return x.events(), nil
}

// begin opens a writing transaction; end rolls back what is not committed and frees the connection.
func (s *Store) begin(ctx context.Context, now time.Time) (x *tx, end func(), err error) {
	x = &tx{s: s, ctx: ctx, now: now}
	if s.d.engine == SQLite {
		x.verb, x.own, err = s.beginAlone(ctx)
	} else {
		x.verb, err = s.write.BeginTx(ctx, nil)
	}
	if err != nil {
		return nil, nil, err
	}
	x.runner = x.verb
	x.same = x.own != nil && x.own.untouched()
	return x, func() {
		_ = x.verb.Rollback() // after a commit it does nothing
		if x.own != nil {
			_ = x.own.conn.Close() // gives it back
		}
		s.prepare(ctx, x.unprepared)
	}, nil
}

func (x *tx) events() []gateway.Event {
	if len(x.pending) == 0 {
		return nil
	}
	out := make([]gateway.Event, len(x.pending))
	for i, p := range x.pending {
		out[i] = p.event
	}
	return out
}

// statement gives the prepared form of a query, or nil: then it is prepared once this transaction is over.
func (x *tx) statement(query string) *sql.Stmt {
	x.touched.note(query)
	if x.s.d.engine != SQLite || x.verb == nil {
		return nil // pgx keeps prepared statements by itself, so does a line
	}
	x.s.mu.Lock()
	defer x.s.mu.Unlock()
	st := x.s.stmts[query]
	if st == nil {
		x.unprepared = append(x.unprepared, query)
		return nil
	}
	return x.verb.StmtContext(x.ctx, st)
}

// must is exec for a statement that changes exactly one row.
func (x *tx) must(query string, args ...any) error {
	n, err := x.exec(query, args...)
	if err == nil && n != 1 {
		err = gateway.NotFound()
	}
	return err
}

// row is a query for one row.
func (x *tx) row(query string, args ...any) *sql.Row {
	if st := x.statement(query); st != nil {
		return st.QueryRowContext(x.ctx, args...)
	}
	return x.QueryRowContext(x.ctx, query, args...)
}

// scanner is a row or a list of rows.
type scanner interface{ Scan(dest ...any) error }

// emit puts an event of the transaction's time into a topic; flush sets its number.
func (x *tx) emit(topic string, by gateway.Actor, p gateway.Payload) error {
	_, err := x.emitWith(topic, by, p, "")
	return err
}

func (x *tx) emitWith(topic string, by gateway.Actor, p gateway.Payload, clientID string) (*pending, error) {
	raw, err := json.Marshal(p)
	if err != nil {
		return nil, err
	}
	id, err := x.s.newID(gateway.PrefixEvent, x.now)
	if err != nil {
		return nil, err
	}
	return x.queue(gateway.Event{
		ID: id, Kind: p.Kind(), Topic: topic, At: at(ms(x.now)), Actor: by, Payload: raw,
	}, clientID), nil
}

func (x *tx) queue(e gateway.Event, clientID string) *pending {
	p := &pending{event: e, clientID: clientID}
	x.pending = append(x.pending, p)
	return p
}

// emitAbout puts an event of a conversation into another topic, its mailbox's or an agent's, where the
// payload says which conversation it is about.
func (x *tx) emitAbout(topic string, cv gateway.ID, by gateway.Actor, p gateway.Payload) error {
	return x.emit(topic, by, about{Payload: p, conversation: cv})
}

// about is a payload with the conversation's id among its fields.
type about struct {
	gateway.Payload
	conversation gateway.ID
}

// MarshalJSON writes the payload's object with "conversation" first.
func (a about) MarshalJSON() ([]byte, error) {
	body, err := json.Marshal(a.Payload)
	if err != nil {
		return nil, err
	}
	id, err := json.Marshal(a.conversation)
	if err != nil {
		return nil, err
	}
	out := append([]byte(`{"conversation":`), id...)
	if len(body) > 2 {
		out = append(out, ',')
	}
	return append(out, body[1:]...), nil
}

// flush numbers and stores the pending events.
func (x *tx) flush() error {
	fresh, err := x.number()
	if err != nil {
		return err
	}
	return x.round(x.insertions(fresh)...)
}

// number runs the steps and gives the pending events their places: topics in order, so that no two transactions wait in
// a circle.
func (x *tx) number(first ...step) (fresh []*pending, err error) {
	fresh = slices.DeleteFunc(slices.Clone(x.pending), func(p *pending) bool { return p.event.Seq > 0 })
	slices.SortStableFunc(fresh, func(a, b *pending) int { return cmp.Compare(a.event.Topic, b.event.Topic) })
	var topics []topicEvents
	for _, p := range fresh {
		if n := len(topics); n == 0 || topics[n-1].topic != p.event.Topic {
			topics = append(topics, topicEvents{topic: p.event.Topic})
		}
		t := &topics[len(topics)-1]
		t.events = append(t.events, p)
	}
	return fresh, x.round(append(first, x.bumps(topics)...)...)
}

// topicEvents are the new events of one topic.
type topicEvents struct {
	topic  string
	events []*pending
}

// bumps count the topics on and note what the counters then say.
func (x *tx) bumps(topics []topicEvents) (steps []step) {
	forParts(topics, func(part []topicEvents) {
		args, of := make([]any, 0, 2*len(part)), make(map[string][]*pending, len(part))
		for _, t := range part {
			args, of[t.topic] = append(args, t.topic, int64(len(t.events))), t.events
		}
		steps = append(steps, step{query: x.s.texts.bump.of[len(part)], args: args, take: func(r scanner) error {
			var topic string
			var head int64
			if err := r.Scan(&topic, &head); err != nil {
				return err
			}
			first := head - int64(len(of[topic])) + 1
			for i, p := range of[topic] {
				p.event.Seq = uint64(first + int64(i))
			}
			return nil
		}})
	})
	return steps
}

// insertions store numbered events, with the jobs of those that endpoints are told of.
func (x *tx) insertions(events []*pending) (steps []step) {
	steps = x.hooked(events)
	forParts(events, func(part []*pending) {
		args := make([]any, 0, 9*len(part))
		for _, p := range part {
			e := &p.event
			args = append(args, e.Topic, int64(e.Seq), string(e.ID), string(e.Kind), ms(e.At),
				string(e.Actor.Role), string(e.Actor.ID), p.clientID, string(e.Payload))
		}
		steps = append(steps, step{query: x.s.texts.event.of[len(part)], args: args})
	})
	return steps
}
