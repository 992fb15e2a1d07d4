package main

import (
	"net/url"
	"testing"
	"time"

	"github.com/postern-chat/postern/gateway"
)

// An agent's network dies without a word, right after he has answered a ping: nobody closes the connection. Within 15 s
// his ring is withdrawn and the chat rings at a colleague, and he is not taken for one who let it ring (product.md P34).
func TestLostNetwork(t *testing.T) {
	for _, engine := range []string{"SQLite", "PostgreSQL"} {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			r := newRow(t, startFixture(t, engine, options{}))
			r.given()
			box := r.box
			box.Ring = time.Minute // the ring itself is not over by then
			if _, _, err := r.Service.Store.SaveMailbox(t.Context(), box, gateway.System(), time.Now()); err != nil {
				t.Fatal(err)
			}
			at, err := url.Parse(r.url)
			if err != nil {
				t.Fatal(err)
			}
			line := newRelay(t, "127.0.0.1:"+at.Port())
			far := *r.node
			far.origin, far.url = r.url, "http://"+line.addr
			mia := far.agentAs(t, r.staff["ag1"].cookie)
			mia.ok("availability.set", map[string]any{"value": "available"})
			cv := r.starts(r.visit(newBrowser(t)), map[string]any{"text": "Is anybody there?"})
			mia.event("conversation.offered", string(r.staff["ag1"].ID))
			ben := r.as("ag2")
			ben.ok("availability.set", map[string]any{"value": "available"})
			mia.until("a ping", func(f map[string]any) bool { return f["sig"] == "ping" })
			mia.signal("pong", nil)
			mia.ok("availability.set", map[string]any{"value": "available"}) // and the pong has come, too
			line.swallow(true)
			cut := time.Now()
			r.ringsAt(ben, cv)
			took := time.Since(cut)
			t.Logf("gone after %s", took.Round(10*time.Millisecond))
			if took > 15*time.Second {
				t.Errorf("it rang at somebody without a network for %s", took)
			}
			ring := r.released(cv)
			if ring != "away" {
				t.Errorf("his ring ended as %q", ring)
			}
			if a, err := r.Service.Store.Agent(t.Context(), r.staff["ag1"].ID); err != nil || !a.PausedAt.IsZero() || a.Active != 0 {
				t.Errorf("%+v, %v", a, err)
			}
		})
	}
}

// agentAs signs in over this way to the gateway.
func (n *node) agentAs(t *testing.T, cookie string) *client {
	t.Helper()
	c := n.dial(t, map[string][]string{"Cookie": {cookie}})
	c.ok("hello", map[string]any{"as": "agent", "topics": map[string]int{}})
	return c
}

// ringsAt waits for the ring at an agent, who answers each ping.
func (r *row) ringsAt(c *client, cv string) {
	r.Helper()
	for end := time.Now().Add(longPatience); time.Now().Before(end); {
		f := c.until("a ping or the ring", func(f map[string]any) bool {
			d, _ := f["data"].(map[string]any)
			return f["sig"] == "ping" || f["ev"] == "conversation.offered" && d["conversation"] == cv && f["topic"] == string(r.staff["ag2"].ID)
		})
		if f["ev"] != nil {
			return
		}
		c.signal("pong", nil)
	}
	r.Fatal("it never rings at him")
}

// released is why the chat's first ring ended.
func (r *row) released(cv string) (why string) {
	r.Helper()
	err := r.sql(r.T).QueryRowContext(r.Context(), "SELECT ended FROM rings WHERE conversation = $1 AND ring = 1", cv).Scan(&why)
	if err != nil {
		r.Fatal(err)
	}
	return why
}
