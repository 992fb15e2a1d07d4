package gateway

import "sync"

// maxClockMemory is how many conversations' facts are remembered, some 30 bytes for each message.
const maxClockMemory = 5000

// ClockMemory spares reading every message of a list's conversations for their clocks. What was read at a head of the
// conversation's topic holds as long as that is its head: a promise never changes. Make it with NewClockMemory; nil
// remembers nothing.
type ClockMemory struct {
	mu sync.Mutex
	of map[ID]clockFactsAt
}

type clockFactsAt struct {
	seq   uint64
	facts ClockFacts
	none  bool // nothing was promised
}

// NewClockMemory makes an empty one.
func NewClockMemory() *ClockMemory { return &ClockMemory{of: map[ID]clockFactsAt{}} }

// split gives what is known of the conversations, and which are to be read.
func (m *ClockMemory) split(list []Conversation) (known map[ID]ClockFacts, unknown []ID) {
	known = map[ID]ClockFacts{}
	if m != nil {
		m.mu.Lock()
		defer m.mu.Unlock()
	}
	for _, cv := range list {
		if m != nil && cv.Seq > 0 {
			if k, ok := m.of[cv.ID]; ok && k.seq == cv.Seq {
				if !k.none {
					known[cv.ID] = k.facts
				}
				continue
			}
		}
		unknown = append(unknown, cv.ID)
	}
	return known, unknown
}

// keep remembers what was read after the heads in list were.
func (m *ClockMemory) keep(list []Conversation, read []ID, facts map[ID]ClockFacts) {
	if m == nil {
		return
	}
	seq := map[ID]uint64{}
	for _, cv := range list {
		seq[cv.ID] = cv.Seq
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, id := range read {
		if seq[id] > 0 {
			f, ok := facts[id]
			put(m.of, id, clockFactsAt{seq[id], f, !ok}, maxClockMemory)
		}
	}
}
