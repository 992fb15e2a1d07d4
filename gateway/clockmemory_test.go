package gateway

import (
	"slices"
	"testing"
	"time"
)

// What is known of a conversation holds for its head alone; one without a promise is known to have none.
func TestClockMemory(t *testing.T) {
	m := NewClockMemory()
	at := func(seqs ...uint64) (list []Conversation) {
		for i, s := range seqs {
			list = append(list, Conversation{ID: ID("cv_" + string(rune('a'+i))), Seq: s})
		}
		return list
	}
	first := at(3, 4, 0)
	known, unknown := m.split(first)
	if len(known) != 0 || len(unknown) != 3 {
		t.Fatalf("of nothing: %v %v", known, unknown)
	}
	facts := map[ID]ClockFacts{"cv_a": {Promise: Promise{Targets: Targets{First: 15}}, Said: []Said{{At: noon, Visitor: true}}, LookAt: noon.Add(time.Hour)}}
	m.keep(first, unknown, facts)
	known, unknown = m.split(at(3, 4, 0))
	if len(known) != 1 || known["cv_a"].Promise.First != 15 || !slices.Equal(unknown, []ID{"cv_c"}) {
		t.Errorf("the same heads: %v %v", known, unknown)
	}
	known, unknown = m.split(at(4, 5, 1))
	if len(known) != 0 || len(unknown) != 3 {
		t.Errorf("newer heads: %v %v", known, unknown)
	}
	var none *ClockMemory
	none.keep(first, unknown, facts)
	if known, unknown := none.split(first); len(known) != 0 || len(unknown) != 3 {
		t.Errorf("without a memory: %v %v", known, unknown)
	}
}
