package bench

import (
	"context"
	"encoding/json"
	"sync"

	"github.com/postern-chat/postern/gateway"
)

// Unstored is a store that numbers messages and forgets them: what a gateway would do if it promised nothing. It exists
// to be compared with, and has no way into a gateway but the load's own.
type Unstored struct {
	gateway.Store

	mu     sync.Mutex
	topics map[string]*unstoredTopic
}

type unstoredTopic struct {
	seq     uint64
	mailbox gateway.ID
}

// Append implements gateway.EventStore, without refusals: the load is well-behaved. Errors: those of the first read of
// a topic.
func (u *Unstored) Append(ctx context.Context, a gateway.Append) (gateway.Appended, error) {
	raw, err := json.Marshal(a.Payload)
	if err != nil {
		return gateway.Appended{}, gateway.Internal("encode", err)
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	t := u.topics[a.Topic]
	if t == nil {
		if t, err = u.first(ctx, a); err != nil {
			return gateway.Appended{}, err
		}
		if u.topics == nil {
			u.topics = map[string]*unstoredTopic{}
		}
		u.topics[a.Topic] = t
	}
	t.seq++
	return gateway.Appended{Mailbox: t.mailbox, Event: gateway.Event{
		ID: a.ID, Kind: a.Payload.Kind(), Topic: a.Topic, Seq: t.seq, At: a.At, Actor: a.Actor, Payload: raw,
	}}, nil
}

func (u *Unstored) first(ctx context.Context, a gateway.Append) (*unstoredTopic, error) {
	heads, err := u.Heads(ctx, []string{a.Topic})
	if err != nil {
		return nil, err
	}
	t := &unstoredTopic{seq: heads[a.Topic]}
	if a.Conversation != "" {
		c, err := u.Conversation(ctx, a.Conversation)
		if err != nil {
			return nil, err
		}
		t.mailbox = c.Mailbox
	}
	return t, nil
}
