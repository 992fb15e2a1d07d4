package web

import (
	"context"
	"sync"
	"time"

	"github.com/postern-chat/postern/gateway"
)

// touchEvery is how long changes of a row are gathered before consoles get it once.
const touchEvery = 100 * time.Millisecond

// toucher reads rows that changed, once for all changes of a tenth of a second, and sends them to the
// consoles of the mailbox on this node.
type toucher struct {
	hub   *Hub
	store gateway.ConversationStore

	mu      sync.Mutex
	pending map[gateway.ID]map[string]bool // conversation → mailbox topics
	wake    chan struct{}
}

func newToucher(hub *Hub, store gateway.ConversationStore) *toucher {
	t := &toucher{hub: hub, store: store, pending: map[gateway.ID]map[string]bool{}, wake: make(chan struct{}, 1)}
	hub.touch = t.add
	return t
}

func (t *toucher) add(mailbox string, cv gateway.ID) {
	t.mu.Lock()
	if t.pending[cv] == nil {
		t.pending[cv] = map[string]bool{}
	}
	t.pending[cv][mailbox] = true
	t.mu.Unlock()
	select {
	case t.wake <- struct{}{}:
	default:
	}
}

// run works until ctx ends.
func (t *toucher) run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.wake:
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(touchEvery):
		}
		t.flush(ctx)
	}
}

func (t *toucher) flush(ctx context.Context) {
	t.mu.Lock()
	pending := t.pending
	t.pending = map[gateway.ID]map[string]bool{}
	t.mu.Unlock()
	for id, topics := range pending {
		cv, err := t.store.Conversation(ctx, id)
		if err != nil {
			t.hub.fail("read a touched conversation", err)
			continue
		}
		frame, err := signal("conversation.touched", map[string]any{"conversation": staffView(cv)})
		if err != nil {
			t.hub.fail("encode a row", err)
			continue
		}
		for name := range topics {
			t.hub.local(name, frame)
		}
	}
}
