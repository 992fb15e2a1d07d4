package sqlstore

import (
	"sync"

	"github.com/postern-chat/postern/gateway"
)

// maxRemembered is how many conversations' rows a store remembers, about 1 KiB each.
const maxRemembered = 16_384

// remembered are rows of conversations as the last batch left them. Whoever changes a row counts its version up, so
// one that was locked with the remembered version is the remembered one: the batch spares reading all of it.
type remembered struct {
	mu sync.Mutex
	of map[gateway.ID]gateway.Conversation
}

func newRemembered() *remembered { return &remembered{of: map[gateway.ID]gateway.Conversation{}} }

// head is what a lock reads of a row.
type rowHead struct {
	id       gateway.ID
	version  int64
	status   gateway.Status
	assignee gateway.ID
}

func (r *remembered) get(h rowHead) (gateway.Conversation, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	c, ok := r.of[h.id]
	return c, ok && c.Version == h.version && c.Status == h.status && c.Assignee == h.assignee
}

// put keeps the rows of a batch that was committed.
func (r *remembered) put(rows map[gateway.ID]*gateway.Conversation) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for id, c := range rows {
		if c == nil {
			continue
		}
		if _, known := r.of[id]; !known {
			r.room()
		}
		r.of[id] = *c
	}
}

// room forgets any one row when there are too many; what is needed again is read again. mu is held.
func (r *remembered) room() {
	if len(r.of) < maxRemembered {
		return
	}
	for id := range r.of {
		delete(r.of, id)
		return
	}
}
