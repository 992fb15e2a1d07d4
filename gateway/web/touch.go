package web

import (
	"context"
	"encoding/json"
	"sync"
	"time"

	"github.com/postern-chat/postern/gateway"
)

const (
	touchEvery = 100 * time.Millisecond // how long changes of a row are gathered before consoles get it once
	touchRow   = 5 * time.Millisecond   // longer for each row of the last time: nobody reads 200 rows a second
	touchMost  = 2 * time.Second
)

// toucher sends rows that changed, once for all changes of a tenth of a second or, where many rows change, of up to two
// seconds, to the consoles of the mailbox on this node, and tells the other nodes of those that this node changed. It
// reads what nobody gave it.
type toucher struct {
	hub   *Hub
	store gateway.ConversationStore
	tell  func(ctx context.Context, hints ...gateway.Hint) error // the other nodes

	mu      sync.Mutex
	pending map[gateway.ID]*touch
	wake    chan struct{}
}

// touch is a row to be sent.
type touch struct {
	mailboxes map[string]bool // → whether the other nodes have to be told
	row       *gateway.Conversation
}

func newToucher(hub *Hub, store gateway.ConversationStore, tell func(context.Context, ...gateway.Hint) error) *toucher {
	t := &toucher{hub: hub, store: store, tell: tell, pending: map[gateway.ID]*touch{}, wake: make(chan struct{}, 1)}
	hub.touch = func(mailbox string, cv gateway.ID) { t.add(mailbox, cv, nil, false) }
	return t
}

// touched is for what this node changed itself.
func (t *toucher) touched(mailbox, cv gateway.ID, row *gateway.Conversation) {
	t.add(string(mailbox), cv, row, true)
}

func (t *toucher) add(mailbox string, cv gateway.ID, row *gateway.Conversation, tell bool) {
	t.mu.Lock()
	p := t.pending[cv]
	if p == nil {
		p = &touch{mailboxes: map[string]bool{}}
		t.pending[cv] = p
	} else if row == nil || p.row == nil {
		row = nil // somebody knows only that it changed: it must be read
	}
	p.row = row
	p.mailboxes[mailbox] = p.mailboxes[mailbox] || tell
	t.mu.Unlock()
	select {
	case t.wake <- struct{}{}:
	default:
	}
}

// run works until ctx ends.
func (t *toucher) run(ctx context.Context) {
	var free time.Time // when consoles have had time for the last rows
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.wake:
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(max(touchEvery, time.Until(free))):
		}
		began := time.Now()
		free = began.Add(min(touchMost, time.Duration(t.flush(ctx))*touchRow))
	}
}

// flush sends what is pending and gives how many rows that were.
func (t *toucher) flush(ctx context.Context) int {
	t.mu.Lock()
	pending := t.pending
	t.pending = map[gateway.ID]*touch{}
	t.mu.Unlock()
	var notes []gateway.Hint
	for id, p := range pending {
		notes = append(notes, t.notes(id, p)...)
		t.show(ctx, id, p)
	}
	if len(notes) == 0 {
		return len(pending)
	}
	if err := t.tell(ctx, notes...); err != nil && ctx.Err() == nil {
		t.hub.fail("tell of touched conversations", err)
	}
	return len(pending)
}

// notes are what the other nodes are told.
func (t *toucher) notes(id gateway.ID, p *touch) (out []gateway.Hint) {
	note, err := json.Marshal(touchNote{id, t.hub.node})
	if err != nil {
		t.hub.fail("encode a note", err)
		return nil
	}
	for name, tell := range p.mailboxes {
		if tell {
			out = append(out, gateway.Hint{Topic: name, Note: note})
		}
	}
	return out
}

// show sends a row to whoever watches one of its mailboxes here.
func (t *toucher) show(ctx context.Context, id gateway.ID, p *touch) {
	var names []string
	for name := range p.mailboxes {
		if t.hub.watched(name) {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return
	}
	if p.row == nil {
		cv, err := t.store.Conversation(ctx, id)
		if err != nil {
			t.hub.fail("read a touched conversation", err)
			return
		}
		p.row = &cv
	}
	frame, err := signal("conversation.touched", map[string]any{"conversation": staffView(*p.row)})
	if err != nil {
		t.hub.fail("encode a row", err)
		return
	}
	for _, name := range names {
		t.hub.local(name, frame)
	}
}
