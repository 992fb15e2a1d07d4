package sqlstore

import (
	"cmp"
	"encoding/json"
	"slices"
	"time"

	"github.com/postern-chat/postern/gateway"
)

// batch is the transaction of one group commit.
type batch struct {
	*tx
	rows    map[gateway.ID]*gateway.Conversation // locked
	dirty   []gateway.ID                         // rows to save
	whole   map[gateway.ID]bool                  // whether a dirty row changed in more than what a message moves
	seen    map[string]*answer                   // topic and client id → what this batch stores under it
	answers []*answer
	alone   []*item
	single  bool // one item only: it may take further locks, and fail by itself
}

// answer is what an item will be told after the commit.
type answer struct {
	it    *item
	first *pending      // stored here, or
	event gateway.Event // stored before
	more  []*pending
	same  *answer // the same message, given twice to this batch
	err   error
}

func (b *batch) run(items []*item) error {
	items = slices.Clone(items)
	slices.SortStableFunc(items, func(p, q *item) int {
		return cmp.Or(cmp.Compare(p.in.Conversation, q.in.Conversation), cmp.Compare(p.in.Topic, q.in.Topic))
	})
	if err := b.lockRows(items); err != nil {
		return err
	}
	for _, it := range items {
		if err := b.item(it); err != nil {
			return err
		}
	}
	for _, id := range b.dirty {
		save := b.saveSpoke
		if b.whole[id] {
			save = b.save
		}
		if err := save(b.rows[id]); err != nil {
			return err
		}
	}
	return b.flush()
}

// lockRows locks every conversation of the batch in order; a missing one stays nil. Topics without a
// conversation are locked by their counters, before anybody looks for their client ids.
func (b *batch) lockRows(items []*item) error {
	for _, it := range items {
		id := it.in.Conversation
		if _, known := b.rows[id]; known || id == "" {
			continue
		}
		c, err := b.lock(id)
		switch {
		case gateway.CodeOf(err) == "not_found":
			b.rows[id] = nil
		case err != nil:
			return err
		default:
			b.rows[id] = &c
		}
	}
	for _, it := range items {
		if it.in.Conversation == "" && it.in.ClientID != "" && b.s.d.lock != "" {
			if _, err := b.Exec(qLockTopic+b.s.d.lock, it.in.Topic); err != nil {
				return err
			}
		}
	}
	return nil
}

const qLockTopic = `SELECT seq FROM topics WHERE topic = $1`

// item decides about one append. An error here fails the batch; refusals stand in the item's answer.
func (b *batch) item(it *item) error {
	a := &answer{it: it}
	c := b.rows[it.in.Conversation]
	if a.err = reachable(it.in, c); a.err != nil {
		b.answers = append(b.answers, a)
		return nil
	}
	found, err := b.before(a)
	if err != nil || found {
		return err
	}
	refusal, claims, err := b.refusal(it.in, c)
	if err != nil {
		return err
	}
	if it.in.Judged && refusal == nil {
		more, err := b.saidMore(it.in)
		if err != nil {
			return err
		}
		if more {
			refusal = gateway.SaidMoreConflict()
		}
	}
	switch a.err = refusal; {
	case refusal != nil:
	case (claims || len(filesOf(it.in)) > 0) && !b.single:
		b.alone = append(b.alone, it)
		return nil
	default:
		if err := b.store(a, c, claims); err != nil {
			return err
		}
	}
	b.answers = append(b.answers, a)
	return nil
}

// reachable refuses a conversation that is not there, or not this visitor's.
func reachable(in gateway.Append, c *gateway.Conversation) error {
	if in.Conversation != "" && c == nil || in.MustVisitor != "" && (c == nil || c.Visitor != in.MustVisitor) {
		return gateway.NotFound()
	}
	return nil
}

// before finds the event that was stored under the same client id.
func (b *batch) before(a *answer) (found bool, err error) {
	in := a.it.in
	if in.ClientID == "" {
		return false, nil
	}
	if first := b.seen[in.Topic+"\n"+in.ClientID]; first != nil {
		a.same = first
	} else {
		a.event, err = scanEvent(b.row(qEventClient, in.Topic, in.ClientID))
		if gateway.CodeOf(err) == "not_found" {
			return false, nil
		}
		if err != nil {
			return false, err
		}
		if a.event.Actor != in.Actor { // somebody else's id is no repetition
			a.event, a.err = gateway.Event{}, gateway.Conflict()
		}
	}
	if a.same != nil && a.same.it.in.Actor != in.Actor {
		a.same, a.err = nil, gateway.Conflict()
	}
	b.answers = append(b.answers, a)
	return true, nil
}

// reopenWithin is how long after its end the visitor's words reopen a ticket.
const reopenWithin = 30 * 24 * time.Hour

// refusal says why the row does not take the append, or that it makes its agent the assignee.
func (b *batch) refusal(in gateway.Append, c *gateway.Conversation) (refusal error, claims bool, err error) {
	if c == nil {
		return nil, false, nil
	}
	if in.Counts && c.Status.Ended() && !reopens(in, *c) {
		return gateway.ConversationClosed(), false, nil
	}
	if in.MustAgent == "" || c.Assignee == in.MustAgent {
		return nil, false, nil
	}
	if c.Assignee == "" {
		return nil, true, nil
	}
	name, err := b.agentName(c.Assignee)
	return gateway.NotAssignee(c.Assignee, name), false, err
}

func reopens(in gateway.Append, c gateway.Conversation) bool {
	return c.Number > 0 && in.Actor.Role == gateway.RoleVisitor && in.At.Sub(c.ClosedAt) <= reopenWithin
}

// store queues the item's events and notes the message in its row.
func (b *batch) store(a *answer, c *gateway.Conversation, claims bool) error {
	in := a.it.in
	if err := b.attach(in.Conversation, filesOf(in)); err != nil {
		return err
	}
	mark := len(b.pending)
	if claims {
		if err := b.claim(c, in.MustAgent, in.Actor, "reply"); err != nil {
			return err
		}
	}
	if in.Counts && c != nil && c.Status.Ended() {
		if err := b.reopen(c, in.Actor); err != nil {
			return err
		}
		b.mark(c.ID, true)
	}
	a.more = slices.Clone(b.pending[mark:])
	raw, err := json.Marshal(in.Payload)
	if err != nil {
		return err
	}
	a.first = b.queue(gateway.Event{
		ID: in.ID, Kind: in.Payload.Kind(), Topic: in.Topic, At: at(ms(in.At)), Actor: in.Actor, Payload: raw,
	}, in.ClientID)
	if in.ClientID != "" {
		b.seen[in.Topic+"\n"+in.ClientID] = a
	}
	if in.Counts && c != nil {
		b.counted(c, in)
	}
	if in.Mail != nil {
		return b.outbox(*in.Mail)
	}
	return nil
}

func filesOf(in gateway.Append) []gateway.FileRef {
	if m, ok := in.Payload.(gateway.MessageCreated); ok {
		return m.Files
	}
	return nil
}

// reopen takes a closed ticket up again.
func (x *tx) reopen(c *gateway.Conversation, by gateway.Actor) error {
	c.Status, c.Outcome, c.Reason, c.ClosedAt = gateway.Open, "", "", time.Time{}
	return x.tell(*c, by, gateway.ConversationReopened{})
}

func (b *batch) counted(c *gateway.Conversation, in gateway.Append) {
	text := ""
	if m, ok := in.Payload.(gateway.MessageCreated); ok {
		text = m.Text
	}
	spoke(c, in.Actor.Role, text, in.At)
	b.mark(c.ID, false)
}

func (b *batch) mark(id gateway.ID, whole bool) {
	if _, known := b.whole[id]; !known {
		b.dirty = append(b.dirty, id)
	}
	b.whole[id] = b.whole[id] || whole
}

// reply answers every item, after the commit.
func (b *batch) reply() {
	for _, a := range b.answers {
		r := result{err: a.err}
		if c := b.rows[a.it.in.Conversation]; c != nil && a.err == nil {
			r.Mailbox = c.Mailbox
		}
		switch {
		case a.err != nil:
		case a.same != nil:
			r.Event = a.same.first.event
		case a.first != nil:
			r.Event = a.first.event
			for _, p := range a.more {
				r.More = append(r.More, p.event)
			}
		default:
			r.Event = a.event
		}
		a.it.done <- r
	}
}
