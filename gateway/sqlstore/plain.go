package sqlstore

import (
	"cmp"
	"encoding/json"
	"slices"

	"github.com/postern-chat/postern/gateway"
)

// plainTalk is one conversation's share of a batch, if it is plain: messages that the row lets in, as far as it is
// remembered, and that do nothing but stand in it. Almost all messages are. What is remembered decides only that they
// are tried together; the database decides whether they are stored.
type plainTalk struct {
	known    memory
	other    bool // something is not plain: the general way takes all of them
	items    []*item
	payloads []string
	epoch    *int64          // of rights, if an item was let in by remembered ones
	judged   *gateway.Append // the one that the leak guard has read
	visitors int64           // how many are the visitor's
	words    string          // the first ones of those
	first    uint64          // number of the first, once stored; 0 = not stored
}

// plainTalks are the conversations of a batch that are plain, in lock order.
func (s *Store) plainTalks(items []*item) (plain []*plainTalk) {
	of := map[gateway.ID]*plainTalk{}
	for _, it := range items {
		t, seen := of[it.in.Conversation]
		if !seen {
			t = &plainTalk{}
			t.known, seen = s.talks.memory(it.in.Conversation)
			t.other = !seen
			of[it.in.Conversation] = t
		}
		t.add(it)
	}
	for _, t := range of {
		if !t.other {
			plain = append(plain, t)
		}
	}
	slices.SortFunc(plain, func(p, q *plainTalk) int { return cmp.Compare(p.known.row.ID, q.known.row.ID) })
	return plain
}

func (t *plainTalk) add(it *item) {
	in := &it.in
	if t.other = t.other || !t.lets(in); t.other {
		return
	}
	raw, err := json.Marshal(in.Payload)
	if err != nil {
		t.other = true // the general way says so
		return
	}
	t.known.add(in.ClientID)
	t.items, t.payloads = append(t.items, it), append(t.payloads, string(raw))
	if in.By != nil {
		t.epoch = &in.By.Epoch
	}
	if in.Judged {
		t.judged = in
	}
	if in.Actor.Role != gateway.RoleVisitor {
		return
	}
	if t.visitors++; t.visitors == 1 {
		t.words = cut(textOf(*in), 160)
	}
}

// lets reports whether a message is plain beside those before it.
func (t *plainTalk) lets(in *gateway.Append) bool {
	c := &t.known.row
	switch {
	case in.Topic != string(c.ID), in.ClientID == "", !in.Counts, in.Mail != nil, len(in.Jobs) > 0, len(filesOf(*in)) > 0, holds(*in):
		return false // it has no name, or does more
	case c.Number > 0, c.Status.Ended(), t.known.has(in.ClientID):
		return false // a ticket's status moves; what was sent before is found
	case in.MustVisitor != "" && in.MustVisitor != c.Visitor, in.MustAgent != "" && in.MustAgent != c.Assignee:
		return false
	case in.Judged && t.judged != nil: // the second has to be judged with the first
		return false
	}
	return in.By == nil || in.By.Holds(*c) && (t.epoch == nil || *t.epoch == in.By.Epoch)
}

// last is the message that the row will say was the latest.
func (t *plainTalk) last() *gateway.Append { return &t.items[len(t.items)-1].in }

// left is the row with all messages noted.
func (t *plainTalk) left(c gateway.Conversation) gateway.Conversation {
	for _, it := range t.items {
		spoke(&c, it.in.Actor.Role, textOf(it.in), it.in.At)
	}
	c.Version++
	return c
}

// outcomes are what became of the stored ones.
func (t *plainTalk) outcomes() []outcome {
	out, c := make([]outcome, len(t.items)), t.known.row
	for i, it := range t.items {
		in := it.in
		out[i] = outcome{it, gateway.Stored{Append: in, Appended: gateway.Appended{
			Event: gateway.Event{
				ID: in.ID, Kind: in.Payload.Kind(), Topic: in.Topic, Seq: t.first + uint64(i), At: at(ms(in.At)), Actor: in.Actor,
				Payload: json.RawMessage(t.payloads[i]),
			},
			Mailbox: c.Mailbox, Row: c,
		}}}
	}
	return out
}

// maxPlain is how many conversations go in one round: the server's plan is made for few, and with a hundred the general way
// is twice as fast.
const maxPlain = 24

// commitPlain stores what is plain of a batch, where the database has a shorter way for it, and gives what is left for the
// general way: all else, what the database did not take, and everything if the way was cut.
func (s *Store) commitPlain(l *lane, batch []*item) (rest []*item) {
	if s.d.engine != PostgreSQL {
		return batch
	}
	talks := s.plainTalks(batch)
	if len(talks) == 0 || len(talks) > maxPlain {
		return batch
	}
	if err := s.storePlain(talks); err != nil {
		for _, it := range batch {
			it.unsure = it.unsure || !refusedBy(err)
		}
		return batch
	}
	var told []outcome
	rows, learned := map[gateway.ID]*gateway.Conversation{}, map[gateway.ID]*news{}
	stored := map[*item]bool{}
	for _, t := range talks {
		if t.first == 0 {
			continue
		}
		told = append(told, t.outcomes()...)
		n := &news{}
		rows[t.known.row.ID], learned[t.known.row.ID] = &t.known.row, n
		for _, it := range t.items {
			stored[it] = true
			n.clients = append(n.clients, it.in.ClientID)
		}
	}
	s.talks.put(rows, learned)
	if len(told) > 0 {
		l.told <- told
	}
	return slices.DeleteFunc(slices.Clone(batch), func(it *item) bool { return stored[it] })
}
