package sqlstore

import (
	"hash/fnv"
	"slices"
	"sync"

	"github.com/postern-chat/postern/gateway"
)

// maxRemembered is how many conversations' rows a store remembers, about 1 KiB each.
const maxRemembered = 16_384

// remembered are rows of conversations as the last batch left them. Whoever changes a row counts its version up, so
// one that was locked with the remembered version is the remembered one: the batch spares reading all of it.
type remembered struct {
	mu  sync.Mutex
	of  map[gateway.ID]memory
	age uint64 // counted up when somebody else may have changed rows

	epoch    int64 // of rights
	epochAge uint64
}

// memory is what is known of one conversation.
type memory struct {
	row    gateway.Conversation
	age    uint64                // of the memory when the row was the database's
	recent [recentClients]uint32 // the client ids that were stored last, hashed
	next   int                   // where the next one goes

	said   *uint64 // no message of an agent stands after this number; nil = not known
	unheld *bool   // whether nothing was ever held; nil = not known
}

// news are what a batch has learned of a conversation beside its row.
type news struct {
	clients []string // that stand in its topic now
	said    *uint64
	unheld  *bool
}

// recentClients is how many client ids of a conversation are remembered: what a client sends again after a reconnect.
// One that is not among them is found by its unique key.
const recentClients = 16

func newRemembered() *remembered { return &remembered{of: map[gateway.ID]memory{}, age: 1} }

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
	m, ok := r.of[h.id]
	c := m.row
	return c, ok && c.Version == h.version && c.Status == h.status && c.Assignee == h.assignee
}

// memory gives what is known of a conversation; it may be behind the database.
func (r *remembered) memory(id gateway.ID) (memory, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	m, ok := r.of[id]
	return m, ok
}

// has reports whether this client id is, or may be, among those that were stored last.
func (m *memory) has(client string) bool { return slices.Contains(m.recent[:], clientHash(client)) }

func clientHash(client string) uint32 {
	h := fnv.New32a()
	_, _ = h.Write([]byte(client)) // never fails
	return h.Sum32()
}

// add remembers a client id in the place of the oldest.
func (m *memory) add(client string) {
	m.recent[m.next] = clientHash(client)
	m.next = (m.next + 1) % recentClients
}

// put keeps the rows of a batch that was committed, and what it has learned beside them.
func (r *remembered) put(rows map[gateway.ID]*gateway.Conversation, learned map[gateway.ID]*news) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for id, c := range rows {
		if c == nil {
			continue
		}
		m, known := r.of[id]
		if !known {
			r.room()
		}
		if m.age != r.age {
			m.said, m.unheld = nil, nil
		}
		m.row, m.age = *c, r.age
		if n := learned[id]; n != nil {
			m.learn(n)
		}
		r.of[id] = m
	}
}

func (m *memory) learn(n *news) {
	for _, client := range n.clients {
		m.add(client)
	}
	if n.said != nil {
		m.said = n.said
	}
	if n.unheld != nil {
		m.unheld = n.unheld
	}
}

// doubt says that any row may have been changed by somebody else.
func (r *remembered) doubt() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.age++
}

// sure gives what is known of a conversation whose row cannot have been changed since.
func (r *remembered) sure(id gateway.ID) (memory, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	m, ok := r.of[id]
	return m, ok && m.age == r.age
}

// putEpoch keeps the epoch of rights that a batch has read.
func (r *remembered) putEpoch(n int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.epoch, r.epochAge = n, r.age
}

// sureEpoch gives the epoch of rights, if it cannot have been raised since.
func (r *remembered) sureEpoch() (int64, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.epoch, r.epochAge == r.age
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
