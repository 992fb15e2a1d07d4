package sqlstore

import (
	"cmp"
	"encoding/json"
	"math"
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
	before  map[clientKey]gateway.Event          // what stands in the database under the items' client ids
	seen    map[clientKey]*answer                // what this batch stores under them
	held    map[clientKey]gateway.Held           // what was held under those of judged items
	said    map[string]uint64                    // topic → newest message of an agent, of those that judged items ask for
	epoch   int64                                // of rights, if an item was judged by remembered ones
	answers []*answer
	alone   []*item
	later   map[gateway.ID]bool // conversations of alone: what comes behind must wait with it
	single  bool                // one item only: it may take further locks, and fail by itself
	sent    bool                // the commit is on its way: after an error nobody knows

	careful    bool                   // nothing is taken from memory without a look
	trusts     bool                   // what is remembered is what stands in the database
	recalled   map[gateway.ID]*memory // rows that were not read
	unheld     map[gateway.ID]*bool   // whether nothing was ever held, of conversations that judged items ask for
	askedEpoch bool                   // epoch was read
}

// clientKey names a message as its sender does.
type clientKey struct{ topic, client string }

func newBatch(x *tx, single, careful bool) *batch {
	return &batch{
		tx: x, single: single, careful: careful,
		rows: map[gateway.ID]*gateway.Conversation{}, whole: map[gateway.ID]bool{}, later: map[gateway.ID]bool{},
		before: map[clientKey]gateway.Event{}, seen: map[clientKey]*answer{}, held: map[clientKey]gateway.Held{},
		said: map[string]uint64{}, recalled: map[gateway.ID]*memory{}, unheld: map[gateway.ID]*bool{},
	}
}

// answer is what an item will be told after the commit.
type answer struct {
	it    *item
	first *pending      // stored here, or
	event gateway.Event // stored before
	more  []*pending
	held  *gateway.Held // kept back before
	same  *answer       // the same message, given twice to this batch
	err   error
}

func (b *batch) run(items []*item) error {
	items = slices.Clone(items)
	slices.SortStableFunc(items, func(p, q *item) int {
		return cmp.Or(cmp.Compare(p.in.Conversation, q.in.Conversation), cmp.Compare(p.in.Topic, q.in.Topic))
	})
	if err := b.read(items); err != nil {
		return err
	}
	for _, it := range items {
		if err := b.item(it); err != nil {
			return err
		}
	}
	var spoke []*gateway.Conversation
	for _, id := range b.dirty {
		if !b.whole[id] {
			spoke = append(spoke, b.rows[id])
		} else if err := b.save(b.rows[id]); err != nil {
			return err
		}
	}
	fresh, err := b.number(b.spoken(spoke)...)
	if err != nil {
		return err
	}
	return b.commit(b.insertions(fresh))
}

// commit runs the last steps and makes everything durable. Nothing may be asked of them: on the way to a server the
// commit is behind them before their answers are here.
func (b *batch) commit(last []step) error {
	if b.s.o.CommitDelay > 0 {
		time.Sleep(b.s.o.CommitDelay)
	}
	b.sent = true
	err := b.round(append(last, step{query: "COMMIT"})...)
	b.over = err == nil
	if l, ok := b.line.(*liteLine); ok && b.over {
		l.leave()
	}
	return err
}

// item decides about one append. An error here fails the batch; refusals stand in the item's answer.
func (b *batch) item(it *item) error {
	a := &answer{it: it}
	c := b.rows[it.in.Conversation]
	if b.later[it.in.Conversation] && c != nil {
		b.alone = append(b.alone, it)
		return nil
	}
	if a.err = reachable(it.in, c); a.err != nil || b.repeats(a) {
		b.answers = append(b.answers, a)
		return nil
	}
	if a.err = b.stale(it.in, c); a.err != nil {
		b.answers = append(b.answers, a)
		return nil
	}
	refusal, claims, err := b.refusal(it.in, c)
	if err != nil {
		return err
	}
	switch a.err = refusal; {
	case refusal != nil:
	case (claims || len(filesOf(it.in)) > 0) && !b.single:
		b.alone, b.later[it.in.Conversation] = append(b.alone, it), true
		return nil
	default:
		if err := b.store(a, c, claims); err != nil {
			return err
		}
	}
	b.answers = append(b.answers, a)
	return nil
}

// stale refuses what was judged by something that holds no more: the caller reads it anew.
func (b *batch) stale(in gateway.Append, c *gateway.Conversation) error {
	if in.By != nil && (in.By.Epoch != b.epoch || c == nil || !in.By.Holds(*c)) {
		return gateway.RightsConflict()
	}
	if in.Judged && b.said[in.Topic] > in.Said {
		return gateway.SaidMoreConflict()
	}
	return nil
}

// reachable refuses a conversation that is not there, or not this visitor's.
func reachable(in gateway.Append, c *gateway.Conversation) error {
	if c != nil && !c.DeletedAt.IsZero() {
		return gateway.NotFound()
	}
	if in.Conversation != "" && c == nil || in.MustVisitor != "" && (c == nil || c.Visitor != in.MustVisitor) {
		return gateway.NotFound()
	}
	return nil
}

// repeats finds what was stored or held under the same client id.
func (b *batch) repeats(a *answer) bool {
	in := a.it.in
	if in.ClientID == "" {
		return false
	}
	first, stored := b.seen[keyOf(in)], false
	if first != nil {
		a.same = first
	} else if a.event, stored = b.before[keyOf(in)]; !stored {
		return b.wasHeld(a)
	}
	if stored && a.event.Actor != in.Actor || first != nil && first.it.in.Actor != in.Actor {
		a.event, a.same, a.err = gateway.Event{}, nil, gateway.Conflict() // somebody else's id is no repetition
	}
	return true
}

func (b *batch) wasHeld(a *answer) bool {
	h, known := b.held[keyOf(a.it.in)]
	switch {
	case !known:
	case h.Author != a.it.in.Actor:
		a.err = gateway.Conflict()
	default:
		a.held = &h
	}
	return known
}

// reopenWithin is how long after its end the visitor's words reopen a ticket.
const reopenWithin = 30 * 24 * time.Hour

// refusal says why the row does not take the append, or that it makes its agent the assignee.
func (b *batch) refusal(in gateway.Append, c *gateway.Conversation) (refusal error, claims bool, err error) {
	if c == nil {
		return nil, false, nil
	}
	if in.Counts && c.Status.Ended() {
		if open, err := b.mayReopen(in, *c); err != nil || !open {
			return gateway.ConversationClosed(), false, err
		}
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

// mayReopen reports whether an append takes an ended conversation up again: one that goes on in another one does not.
func (b *batch) mayReopen(in gateway.Append, c gateway.Conversation) (bool, error) {
	if !reopens(in, c) {
		return false, nil
	}
	into, err := goesOn(b.asker(), c.ID)
	return into == "", err
}

// store queues the item's events and notes the message in its row.
func (b *batch) store(a *answer, c *gateway.Conversation, claims bool) error {
	in := a.it.in
	if err := b.attach(in.Conversation, filesOf(in)); err != nil {
		return err
	}
	if err := b.enqueueAll(in.Jobs); err != nil {
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
	if in.Counts && c != nil && c.Snoozed() && in.Actor.Role == gateway.RoleVisitor {
		if err := b.woken(c, in.Actor, "visitor"); err != nil {
			return err
		}
		b.mark(c.ID, true)
	}
	if len(in.Hear) > 0 {
		if err := b.mentioned(in.Conversation, in.Hear, in.Actor); err != nil {
			return err
		}
	}
	if in.Mail != nil {
		if err := b.outbox(*in.Mail); err != nil {
			return err
		}
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
		b.seen[keyOf(in)] = a
	}
	if in.Judged {
		b.said[in.Topic] = math.MaxUint64 // its number is not known yet, but it is newer than what any other was judged with
	}
	if in.Counts && c != nil {
		b.counted(c, in)
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
	if err := x.lookAt(c.ID, x.now); err != nil {
		return err
	}
	return x.tell(*c, by, gateway.ConversationReopened{})
}

func (b *batch) counted(c *gateway.Conversation, in gateway.Append) {
	was, holding := c.Status, holds(in)
	spoke(c, in.Actor.Role, textOf(in), in.At)
	if holding {
		owes(c, in.At)
	}
	b.mark(c.ID, c.Status != was || holding)
}

func textOf(in gateway.Append) string {
	if m, ok := in.Payload.(gateway.MessageCreated); ok {
		return m.Text
	}
	return ""
}

// holds reports whether a message only asks for patience.
func holds(in gateway.Append) bool {
	m, ok := in.Payload.(gateway.MessageCreated)
	return ok && m.Holding && in.Actor.Role != gateway.RoleVisitor
}

func (b *batch) mark(id gateway.ID, whole bool) {
	if _, known := b.whole[id]; !known {
		b.dirty = append(b.dirty, id)
	}
	b.whole[id] = b.whole[id] || whole
}
