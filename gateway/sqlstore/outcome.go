package sqlstore

import "github.com/postern-chat/postern/gateway"

// outcome is what became of an item.
type outcome struct {
	it *item
	gateway.Stored
}

func failed(it *item, err error) outcome {
	return outcome{it, gateway.Stored{Append: it.in, Err: failure("append", err)}}
}

// outcomes are what became of the items, after the commit.
func (b *batch) outcomes() []outcome {
	out := make([]outcome, len(b.answers))
	for i, a := range b.answers {
		out[i] = outcome{a.it, gateway.Stored{Append: a.it.in, Err: a.err}}
		r := &out[i].Stored
		if a.err != nil {
			continue
		}
		if c := b.rows[a.it.in.Conversation]; c != nil {
			r.Mailbox, r.Row = c.Mailbox, *c
		}
		switch {
		case a.held != nil:
			r.Held = a.held
		case a.same != nil:
			r.Event, r.Again = a.same.first.event, true
		case a.first != nil:
			r.Event = a.first.event
			for _, p := range a.more {
				r.More = append(r.More, p.event)
			}
		default:
			r.Event, r.Again = a.event, !(a.it.unsure && a.event.ID == a.it.in.ID)
		}
	}
	return out
}

// learned is what the batch has found or stored in its conversations' own topics.
func (b *batch) learned() map[gateway.ID]*news {
	out := map[gateway.ID]*news{}
	for _, a := range b.answers {
		in := a.it.in
		if in.Topic != string(in.Conversation) {
			continue
		}
		n := out[in.Conversation]
		if n == nil {
			n = &news{unheld: b.unheld[in.Conversation]}
			out[in.Conversation] = n
		}
		if a.err == nil && in.ClientID != "" {
			n.clients = append(n.clients, in.ClientID)
		}
		if a.first != nil && in.Actor.Role != gateway.RoleVisitor { // whether they are words is all one: it is a bound
			n.said = &a.first.event.Seq
		}
	}
	return out
}
