package main

import (
	"encoding/json"
	"sync"
	"testing"

	"github.com/postern-chat/postern/gateway"
)

// A visitor can say only of a guide card that was really sent that its page was opened or done, and once each, also
// from two tabs at the same time. Nobody but an agent sends such a card.
func TestGuideFollowed(t *testing.T) {
	s := newRealShop(t)
	k := s.node.talk(t)
	said := func(c *client, id string, args map[string]any) string {
		args["conversation"], args["client_id"] = k.cv, id
		seq := c.ok("message.send", args)["seq"]
		events, err := s.node.Service.Store.EventsBefore(t.Context(), k.cv, uint64(seq.(float64))+1, 1)
		var m gateway.Message
		if err != nil || len(events) != 1 || json.Unmarshal(events[0].Payload, &m) != nil {
			t.Fatal(events, err)
		}
		return string(m.ID)
	}
	plain := said(k.mia, "a1", map[string]any{"text": "Hello"})
	own := said(k.vic, "v1", map[string]any{"text": "Hello", "guide": "email.change"})
	card := said(k.mia, "a2", map[string]any{"guide": "email.change"})
	for _, id := range []string{plain, own, "ms_01ARZ3NDEKTSV4RRFFQ69G5FAV", "ms_!", k.cv, ""} {
		k.vic.refused("not_found", "guide.follow", map[string]any{"conversation": k.cv, "message": id})
	}
	k.mia.refused("forbidden", "guide.follow", map[string]any{"conversation": k.cv, "message": card})
	stranger := s.node.dial(t, nil)
	newBrowser(t).hello(t, stranger, nil)
	stranger.refused("not_found", "guide.follow", map[string]any{"conversation": k.cv, "message": card})

	tab := s.node.dial(t, nil)
	k.b.hello(t, tab, nil)
	var tabs sync.WaitGroup
	for _, c := range []*client{k.vic, tab} {
		tabs.Go(func() {
			for _, done := range []bool{false, true} {
				if f := c.do("guide.follow", map[string]any{"conversation": k.cv, "message": card, "done": done}); f["error"] != nil {
					t.Errorf("done %v: %v", done, f["error"])
				}
			}
		})
	}
	tabs.Wait()
	events, err := s.node.Service.Store.EventsBefore(t.Context(), k.cv, 0, 100)
	if err != nil {
		t.Fatal(err)
	}
	count := map[string]int{}
	for _, e := range events {
		count[string(e.Kind)]++
	}
	if count["guide.opened"] != 1 || count["guide.done"] != 1 {
		t.Errorf("steps: %v, want one each", count)
	}
}
