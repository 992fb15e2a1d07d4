package web

import (
	"testing"

	"github.com/postern-chat/postern/gateway"
)

// Somebody opens a topic in the moment in which an event is stored and not handed out yet. He is sent what is missing;
// the event must reach those who watch already all the same, and him once.
func TestReplayTakesNothingFromOthers(t *testing.T) {
	log := &eventLog{events: map[string][]gateway.Event{}}
	h := NewHub(log, &faultyBus{}, func(doing string, err error) { t.Error(doing, err) })
	appendOne := func() {
		if _, err := log.Append(t.Context(), gateway.Append{Topic: "cv_1"}); err != nil {
			t.Fatal(err)
		}
	}
	early, late := &seen{}, &seen{}
	appendOne()
	if _, _, err := h.watch(t.Context(), "cv_1", 0, early); err != nil {
		t.Fatal(err)
	}
	appendOne() // in the log, and on its way
	if _, _, err := h.watch(t.Context(), "cv_1", 0, late); err != nil {
		t.Fatal(err)
	}
	appendOne()
	if err := h.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	early.want(t, 3)
	late.want(t, 3)
}
