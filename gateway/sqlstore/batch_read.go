package sqlstore

import (
	"slices"

	"github.com/postern-chat/postern/gateway"
)

// read takes the locks and reads what the items are decided by, in one round: after it a message needs no read of its
// own.
func (b *batch) read(items []*item) error {
	if err := b.begins(); err != nil {
		return err
	}
	var heads []rowHead
	steps := b.lockRows(items, &heads)
	for _, of := range []func([]*item) []step{b.lockTopics, b.readBefore, b.readHeld, b.readSaid, b.readEpoch} {
		steps = append(steps, of(items)...)
	}
	if err := b.round(steps...); err != nil {
		return err
	}
	return b.fillRows(heads)
}

// begins opens the transaction on SQLite, where it then is alone with the database: if that stands as the last batch has
// left it, what is remembered from then needs no reading.
func (b *batch) begins() error {
	l, ok := b.line.(*liteLine)
	if !ok {
		return nil
	}
	if err := b.round(); err != nil {
		return err
	}
	same := l.untouched()
	if !same {
		b.s.talks.doubt()
	}
	b.trusts = same && !b.careful
	return nil
}

// recall takes a row from memory, if the database cannot say anything else.
func (b *batch) recall(id gateway.ID) bool {
	if !b.trusts {
		return false
	}
	m, ok := b.s.talks.sure(id)
	if ok {
		b.rows[id], b.recalled[id] = &m.row, &m
	}
	return ok
}

// isNew reports whether a client id is taken for new without a look. If it is not, its unique key says so, and the batch
// runs again, careful.
func (b *batch) isNew(in gateway.Append) bool {
	m := b.recalled[in.Conversation]
	return m != nil && in.Topic == string(in.Conversation) && !m.has(in.ClientID)
}

// lockRows locks every conversation of the batch in order; a missing one stays nil.
func (b *batch) lockRows(items []*item, heads *[]rowHead) (steps []step) {
	var ids []gateway.ID
	for _, it := range items {
		id := it.in.Conversation
		if _, known := b.rows[id]; !known && id != "" && !b.recall(id) {
			b.rows[id], ids = nil, append(ids, id)
		}
	}
	forParts(ids, func(part []gateway.ID) {
		steps = append(steps, step{query: b.s.texts.lock.of[len(part)], args: anys(part), take: func(r scanner) error {
			var h rowHead
			err := r.Scan(&h.id, &h.version, &h.status, &h.assignee)
			*heads = append(*heads, h)
			return err
		}})
	})
	return steps
}

// fillRows remembers locked rows, or reads those that are not as they were remembered.
func (b *batch) fillRows(heads []rowHead) error {
	var steps []step
	for _, h := range heads {
		if c, ok := b.s.talks.get(h); ok {
			b.rows[h.id] = &c
			continue
		}
		steps = append(steps, step{query: qLockConversation, args: []any{string(h.id)}, take: func(r scanner) error {
			c, err := scanConversation(r)
			b.rows[c.ID] = &c
			return err
		}})
	}
	if len(steps) == 0 {
		return nil
	}
	return b.round(steps...)
}

func anys[T ~string](in []T) []any {
	out := make([]any, len(in))
	for i, v := range in {
		out[i] = string(v)
	}
	return out
}

const qLockTopic = `SELECT seq FROM topics WHERE topic = $1`

// lockTopics locks topics without a conversation by their counters, before anybody looks for their client ids.
func (b *batch) lockTopics(items []*item) (steps []step) {
	for _, it := range items {
		if it.in.Conversation == "" && it.in.ClientID != "" && b.s.d.lock != "" {
			steps = append(steps, step{query: qLockTopic + b.s.d.lock, args: []any{it.in.Topic}, take: func(scanner) error { return nil }})
		}
	}
	return steps
}

// readBefore finds what was stored under the items' client ids.
func (b *batch) readBefore(items []*item) (steps []step) {
	var keys []clientKey
	for _, it := range items {
		if it.in.ClientID != "" && !b.isNew(it.in) {
			keys = append(keys, keyOf(it.in))
		}
	}
	forParts(keys, func(part []clientKey) {
		steps = append(steps, step{query: b.s.texts.client.of[len(part)], args: pairs(part), take: func(r scanner) error {
			var client string
			e, err := scanEvent(wider{r, []any{&client}})
			b.before[clientKey{e.Topic, client}] = e
			return err
		}})
	})
	return steps
}

// readHeld finds what was held under the client ids of judged items: harmless words under the id of held ones are no
// second message.
func (b *batch) readHeld(items []*item) (steps []step) {
	var keys []clientKey
	for _, it := range items {
		if m := b.recalled[it.in.Conversation]; it.in.Judged && it.in.ClientID != "" && (m == nil || m.unheld == nil || !*m.unheld) {
			keys = append(keys, keyOf(it.in))
		}
	}
	steps = b.readUnheld(keys)
	forParts(keys, func(part []clientKey) {
		steps = append(steps, step{query: b.s.texts.held.of[len(part)], args: pairs(part), take: func(r scanner) error {
			h, err := scanHeld(r)
			b.held[clientKey{string(h.Conversation), h.Message.ClientID}] = h
			return err
		}})
	})
	return steps
}

const qHeldAny = `SELECT conversation FROM held WHERE conversation = $1 LIMIT 1`

// readUnheld finds out, where it can be remembered, in which of these conversations nothing was ever held.
func (b *batch) readUnheld(keys []clientKey) (steps []step) {
	if b.s.d.engine != SQLite {
		return nil
	}
	for _, k := range keys {
		id := gateway.ID(k.topic)
		if m := b.recalled[id]; b.unheld[id] != nil || m != nil && m.unheld != nil {
			continue
		}
		none := true
		b.unheld[id] = &none
		steps = append(steps, step{query: qHeldAny, args: []any{k.topic}, take: func(scanner) error {
			none = false
			return nil
		}})
	}
	return steps
}

func pairs(keys []clientKey) []any {
	args := make([]any, 0, 2*len(keys))
	for _, k := range keys {
		args = append(args, k.topic, k.client)
	}
	return args
}

func keyOf(in gateway.Append) clientKey { return clientKey{in.Topic, in.ClientID} }

// readSaid finds the agents' messages that came after those that the leak guard has read for the judged items.
func (b *batch) readSaid(items []*item) (steps []step) {
	since := map[string]uint64{}
	var topics []string
	for _, it := range items {
		if m := b.recalled[it.in.Conversation]; !it.in.Judged || m != nil && m.said != nil && *m.said <= it.in.Said {
			continue
		}
		if s, known := since[it.in.Topic]; !known {
			topics = append(topics, it.in.Topic)
			since[it.in.Topic] = it.in.Said
		} else {
			since[it.in.Topic] = min(s, it.in.Said)
		}
	}
	forParts(topics, func(part []string) {
		args := make([]any, 0, 2*len(part))
		for _, t := range part {
			args = append(args, t, int64(since[t]))
		}
		steps = append(steps, step{query: b.s.texts.said.of[len(part)], args: args, take: func(r scanner) error {
			var t string
			var seq uint64
			err := r.Scan(&t, &seq)
			b.said[t] = seq
			return err
		}})
	})
	return steps
}

// readEpoch reads how often rights have changed, if an item was let in by rights that were remembered.
func (b *batch) readEpoch(items []*item) []step {
	if !slices.ContainsFunc(items, func(it *item) bool { return it.in.By != nil }) {
		return nil
	}
	if n, ok := b.s.talks.sureEpoch(); ok && b.trusts {
		b.epoch = n
		return nil
	}
	b.epoch, b.askedEpoch = 0, true // there is no row until somebody has lost a right
	return []step{{query: qEpoch, take: func(r scanner) (err error) {
		b.epoch, err = scanEpoch(r)
		return err
	}}}
}
