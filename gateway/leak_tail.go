package gateway

import "sync"

// maxTails is how many conversations a node remembers the last agent messages of.
const maxTails = 16_384

// LeakTails remembers the ends of the last agent messages, so that most messages are judged without a read. It may
// be behind: an append that was judged with less than what the database has is refused (Append.Said), and then the
// tail is read anew.
type LeakTails struct {
	mu sync.Mutex
	of map[ID]leakTailOf
}

// NewLeakTails makes an empty memory. A nil one remembers nothing: each message costs a read.
func NewLeakTails() *LeakTails { return &LeakTails{of: map[ID]leakTailOf{}} }

type leakTailOf struct {
	texts []string // oldest first, at most LeakWindow, each cut to its end
	said  uint64   // number of the newest
}

func (l *LeakTails) get(cv ID) (leakTailOf, bool) {
	if l == nil {
		return leakTailOf{}, false
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	t, ok := l.of[cv]
	return t, ok
}

func (l *LeakTails) forget(cv ID) {
	if l == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.of, cv)
}

func (l *LeakTails) put(cv ID, t leakTailOf) {
	if l == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	put(l.of, cv, t, maxTails) // full: what is needed again is read again
}

// add gives the tail with one more message.
func (t leakTailOf) add(text string, said uint64) leakTailOf {
	end := text[leakCut(text, max(0, len(text)-leakTail)):]
	texts := append(append([]string(nil), t.texts...), end)
	return leakTailOf{texts: texts[max(0, len(texts)-LeakWindow):], said: said}
}
