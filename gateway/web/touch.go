package web

import (
	"context"
	"encoding/json"
	"sync"
	"time"

	"github.com/postern-chat/postern/gateway"
)

// How long changes of a row are gathered before consoles get it once, and how many rows they get at once. Nobody reads
// 200 rows a second, and a console's queue takes maxQueueFrames.
const (
	touchEvery = 100 * time.Millisecond
	touchFew   = 20
	touchShare = 20 // of those that wait one in so many: two seconds for all
	touchMost  = maxQueueFrames / 4
)

// toucher sends rows that changed, once for all changes of a tenth of a second or, where many rows change, of some
// seconds, to the consoles of the mailbox on this node, and tells the other nodes of those that this node changed. It
// reads what nobody gave it.
type toucher struct {
	hub   *Hub
	store gateway.ConversationStore
	tell  func(ctx context.Context, hints ...gateway.Hint) error // the other nodes

	mu      sync.Mutex
	pending map[gateway.ID]*touch
	order   []gateway.ID // of pending, first come first
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
		t.pending[cv], t.order = p, append(t.order, cv)
	} else if row == nil || p.row == nil {
		row = nil // somebody knows only that it changed: it must be read
	}
	p.row = row
	p.mailboxes[mailbox] = p.mailboxes[mailbox] || tell
	t.mu.Unlock()
	t.again()
}

func (t *toucher) again() {
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

// flush sends the rows whose turn it is.
func (t *toucher) flush(ctx context.Context) {
	ids, touches := t.take()
	var notes []gateway.Hint
	rows := map[string][][]byte{}
	for i, id := range ids {
		notes = append(notes, t.notes(id, touches[i])...)
		t.show(ctx, id, touches[i], rows)
	}
	for name, frames := range rows {
		t.hub.localAll(name, frames)
	}
	if len(notes) == 0 {
		return
	}
	if err := t.tell(ctx, notes...); err != nil && ctx.Err() == nil {
		t.hub.fail("tell of touched conversations", err)
	}
}

// take gives those who have waited longest; if others are left, there is a next time.
func (t *toucher) take() (ids []gateway.ID, touches []*touch) {
	t.mu.Lock()
	defer t.mu.Unlock()
	n := min(len(t.order), min(max(touchFew, len(t.order)/touchShare), touchMost))
	ids, t.order = t.order[:n:n], t.order[n:]
	for _, id := range ids {
		touches = append(touches, t.pending[id])
		delete(t.pending, id)
	}
	if len(t.order) > 0 {
		t.again()
	} else {
		t.order = nil
	}
	return ids, touches
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

// show adds a row to what goes to whoever watches one of its mailboxes here.
func (t *toucher) show(ctx context.Context, id gateway.ID, p *touch, rows map[string][][]byte) {
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
		if gateway.CodeOf(err) == "not_found" { // it was deleted
			return
		}
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
		rows[name] = append(rows[name], frame)
	}
}
