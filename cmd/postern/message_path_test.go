package main

import (
	"fmt"
	"maps"
	"net/http"
	"sync"
	"testing"

	"github.com/postern-chat/postern/gateway"
	"github.com/postern-chat/postern/gateway/sqlstore"
	"github.com/postern-chat/postern/gateway/token"
)

// onEachStore runs a test on one node with SQLite, and on one with PostgreSQL and Redis.
func onEachStore(t *testing.T, run func(t *testing.T, n *node)) {
	for name, config := range map[string]func(*testing.T) Config{"SQLite": alone, "PostgreSQL": shared} {
		t.Run(name, func(t *testing.T) {
			c := config(t)
			c.Limits.Commands = 1_000_000
			run(t, startNode(t, c))
		})
	}
}

// A chat message costs no read but those of its batch (performance.md F10), whoever writes it. What the node reads in
// the background goes with time, not with messages, and comes far below them.
func TestMessagesReadNothing(t *testing.T) {
	onEachStore(t, func(t *testing.T, n *node) {
		k := n.talk(t)
		const messages = 400
		say := func(c *client, who string, i int) {
			c.ok("message.send", map[string]any{"conversation": k.cv, "client_id": fmt.Sprint(who, i), "text": "a harmless word or two"})
		}
		say(k.mia, "a", -1) // reads what lets her in, once
		say(k.vic, "v", -1)
		var mu sync.Mutex
		reads := map[string]int{}
		st := n.store.gateway.(*sqlstore.Store)
		st.Watch(func(query string) {
			mu.Lock()
			reads[query]++
			mu.Unlock()
		})
		for i := range messages {
			say(k.mia, "a", i)
			say(k.vic, "v", i)
		}
		mu.Lock()
		defer mu.Unlock()
		for query, times := range maps.All(reads) {
			if times >= messages/2 {
				t.Errorf("read %d times for %d messages of each side: %s", times, messages, query)
			}
		}
	})
}

// What lets an agent in is remembered, but never longer than it holds: after each way to lose it his next message is
// refused, on a node that no hint has told, and nothing is stored.
func TestRememberedRightsEnd(t *testing.T) {
	onEachStore(t, func(t *testing.T, n *node) {
		k := n.talk(t)
		st, now := n.store.gateway, n.Service.Now()
		said := 0
		say := func(c *client) map[string]any {
			said++
			return c.do("message.send", map[string]any{"conversation": k.cv, "client_id": fmt.Sprint("r", said), "text": "one more word"})
		}
		code := func(f map[string]any) any { e, _ := f["error"].(map[string]any); return e["code"] }
		head := func() uint64 {
			cv, err := st.Conversation(t.Context(), gateway.ID(k.cv))
			if err != nil {
				t.Fatal(err)
			}
			return cv.Seq
		}
		cookie, _ := n.signIn(t, n.agents[0].Email, password)
		two := n.dial(t, http.Header{"Cookie": {cookie.Name + "=" + cookie.Value}})
		two.ok("hello", map[string]any{"as": "agent", "topics": map[string]int{}})
		for _, c := range []*client{k.mia, two} {
			if f := say(c); f["error"] != nil {
				t.Fatal(f)
			}
		}
		before := head()
		if err := st.EndSession(t.Context(), token.Hash(cookie.Value)); err != nil {
			t.Fatal(err)
		}
		if f := say(two); code(f) != "unauthenticated" {
			t.Errorf("signed out: %v", f)
		}
		if head() != before {
			t.Error("a signed-out agent's words were stored")
		}
		if f := say(k.mia); f["error"] != nil {
			t.Errorf("the other session ended too: %v", f)
		}
		gone, err := st.Agent(t.Context(), n.agents[0].ID)
		if err != nil {
			t.Fatal(err)
		}
		gone.DisabledAt, before = now, head()
		if _, _, err := st.SaveAgent(t.Context(), gone, gateway.System(), now); err != nil {
			t.Fatal(err)
		}
		if f := say(k.mia); code(f) != "unauthenticated" {
			t.Errorf("disabled: %v", f)
		}
		if head() != before {
			t.Error("a disabled agent's words were stored")
		}
	})
}

// Messages of one socket that are sent without waiting for answers are stored in their order, each once, and each
// answer stands in its event's place.
func TestMessagesUnderWay(t *testing.T) {
	onEachStore(t, func(t *testing.T, n *node) {
		k := n.talk(t)
		const messages = 200
		for i := range messages {
			k.vic.push("message.send", map[string]any{"conversation": k.cv, "client_id": fmt.Sprint("p", i), "text": fmt.Sprint(i)})
		}
		k.vic.ok("conversation.close", map[string]any{"conversation": k.cv}) // waits for all of them
		next, answers := 0, 0
		for _, f := range k.vic.frames {
			if ok, _ := f["ok"].(map[string]any); ok["event"] != nil {
				answers++
			}
			data, _ := f["data"].(map[string]any)
			if f["ev"] == "message.created" && data["text"] == fmt.Sprint(next) {
				next++
			}
		}
		if next != messages || answers != messages {
			t.Errorf("%d messages in order and %d answers with their event, want %d", next, answers, messages)
		}
		gapless(t, k.vic, k.cv)
	})
}
