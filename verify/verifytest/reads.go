package verifytest

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/postern-chat/postern/verify"
)

// windows is what the memory ledger keeps of windows on account data.
type windows struct {
	open  map[string]verify.Window        // by conversation
	looks map[string]map[string]time.Time // agent → change → first look
	spent map[string]time.Time
	freed map[string]time.Time
}

func newReads() windows {
	return windows{
		open: map[string]verify.Window{}, looks: map[string]map[string]time.Time{},
		spent: map[string]time.Time{}, freed: map[string]time.Time{},
	}
}

// ReadWindow implements verify.Ledger.
func (m *Memory) ReadWindow(ctx context.Context, r verify.Reading) (verify.Window, error) {
	if err := ctx.Err(); err != nil {
		return verify.Window{}, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	cv := m.talks[r.Conversation]
	w, ok := m.reads.open[r.Conversation]
	switch {
	case !ok || !cv.Open || cv.Frozen || cv.Assignee == "" || cv.Assignee != r.By.ID || w.Until <= r.At.UnixMilli():
		return verify.Window{}, verify.Refuse(verify.ContextLocked)
	case m.behind(r.At):
		return verify.Window{}, verify.Refuse(verify.ClockJump)
	case m.spends(r, w):
		return verify.Window{}, m.refuseRead(r)
	}
	if m.reads.looks[r.By.ID] == nil {
		m.reads.looks[r.By.ID] = map[string]time.Time{}
	}
	if _, again := m.reads.looks[r.By.ID][w.Change]; !again {
		m.reads.looks[r.By.ID][w.Change] = r.At
	}
	return w, m.append(r.Leaf(w), r.At)
}

// spends reports whether this look would be one too many.
func (m *Memory) spends(r verify.Reading, w verify.Window) bool {
	if _, spent := m.reads.spent[r.By.ID]; spent {
		return true
	}
	if _, again := m.reads.looks[r.By.ID][w.Change]; again {
		return false
	}
	since, n := r.Since, 0
	if f := m.reads.freed[r.By.ID]; f.After(since) {
		since = f
	}
	for _, at := range m.reads.looks[r.By.ID] {
		if at.After(since) {
			n++
		}
	}
	return n >= r.Max
}

func (m *Memory) refuseRead(r verify.Reading) error {
	if _, known := m.reads.spent[r.By.ID]; !known {
		m.reads.spent[r.By.ID] = r.At
		m.events = append(m.events, "budget.spent "+r.By.ID)
		if err := m.append(r.Refusal(), r.At); err != nil {
			return err
		}
	}
	return verify.Refuse(verify.ReadBudget)
}

// FreeReads implements verify.Ledger.
func (m *Memory) FreeReads(ctx context.Context, f verify.Freeing) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, spent := m.reads.spent[f.Agent]; !spent {
		return verify.Refuse(verify.NotFound)
	}
	delete(m.reads.spent, f.Agent)
	m.reads.freed[f.Agent] = f.At
	return m.append(f.Leaf(), f.At)
}

// SpentReads implements verify.Ledger.
func (m *Memory) SpentReads(context.Context) ([]verify.Spent, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []verify.Spent
	for agent, at := range m.reads.spent {
		out = append(out, verify.Spent{Agent: agent, At: at})
	}
	slices.SortFunc(out, func(a, b verify.Spent) int {
		return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Agent, b.Agent))
	})
	return out, nil
}

// ShutWindows implements verify.Ledger.
func (m *Memory) ShutWindows(_ context.Context, now time.Time) ([]string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []string
	for id, w := range m.reads.open {
		if w.Until <= now.UnixMilli() {
			delete(m.reads.open, id)
			out = append(out, id)
		}
	}
	slices.Sort(out)
	return out, nil
}
