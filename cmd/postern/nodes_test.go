package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/postern-chat/postern/gateway/gatewaytest/server"
	"github.com/postern-chat/postern/verify"
)

// signal sends what is not stored.
func (c *client) signal(name string, data any) {
	c.t.Helper()
	raw, err := json.Marshal(map[string]any{"sig": name, "data": data})
	if err != nil {
		c.t.Fatal(err)
	}
	if err := c.ws.Write(c.t.Context(), websocket.MessageText, raw); err != nil {
		c.t.Fatal(err)
	}
}

// Two gateway processes over a real Redis and a real PostgreSQL: the visitor on one, the agent and the host's
// login events on the other. Messages, typing, a claim and a whole account change cross over. Then Redis dies:
// what is written arrives all the same, by the numbers in the database, within 2.5 s, each once.
func TestTwoNodes(t *testing.T) {
	redis := server.NewLoneRedis(t)
	f, list := processes(t, "PostgreSQL", func(c *Config) { c.RedisURL = redis.URL }, 2)
	one, two := newRow(t, f), newRow(t, f.on(list[1]))
	f.site.gate = two.node
	one.given()
	mia, b := two.as("ag1"), newBrowser(t)
	mia.ok("availability.set", map[string]any{"value": "available"})
	vic := one.visit(b)
	k := talk{n: one.node, vic: vic, mia: mia, b: b}
	k.cv = vic.ok("conversation.start", map[string]any{"command_id": "s", "client_id": "m", "text": "Please stop my renewal"})["conversation"].(map[string]any)["id"].(string)
	mia.event("conversation.queued", string(f.box.ID))
	mia.ok("conversation.claim", map[string]any{"conversation": k.cv})
	mia.ok("resume", map[string]any{"topic": k.cv, "seq": 0})
	mia.ok("resume", map[string]any{"topic": k.cv + "/staff", "seq": 0})
	vic.event("conversation.claimed", k.cv)
	crosses(t, k, "before", 3, time.Second)

	vic.signal("typing", map[string]any{"conversation": k.cv, "on": true})
	mia.until("the visitor's typing", func(f map[string]any) bool { return f["sig"] == "typing" })
	mia.signal("typing", map[string]any{"conversation": k.cv, "on": true})
	vic.until("the agent's typing", func(f map[string]any) bool { return f["sig"] == "typing" })

	one.honest(k)
	vic.event("change.applied", k.cv)
	mia.event("change.applied", k.cv)
	if n := f.site.changes(t); n != 1 {
		t.Errorf("applied %d times, want once", n)
	}

	redis.Kill(t)
	crosses(t, k, "without Redis", 10, 2500*time.Millisecond)
	redis.Start(t)
	crosses(t, k, "after", 3, 2500*time.Millisecond)
	gapless(t, vic, k.cv)
	gapless(t, mia, k.cv)
	f.audit(t)
}

// crosses sends n messages each way; each must arrive once, and all of them in time.
func crosses(t *testing.T, k talk, when string, n int, within time.Duration) {
	t.Helper()
	for way, c := range map[string][2]*client{"to the agent": {k.vic, k.mia}, "to the visitor": {k.mia, k.vic}} {
		begun := time.Now()
		want := map[any]bool{}
		for i := range n {
			sent := c[0].ok("message.send", map[string]any{
				"conversation": k.cv, "client_id": fmt.Sprint(when, way, i), "text": fmt.Sprintf("%s %s %d", when, way, i),
			})
			want[sent["id"]] = true
		}
		all := time.Now()
		for id := range want {
			c[1].have(id)
		}
		if took := time.Since(all); took > within {
			t.Errorf("%s, %s: the last came %s after it was stored, want %s", when, way, took, within)
		}
		t.Logf("%s, %s: %d stored in %s, delivered %s later", when, way, n, all.Sub(begun).Round(time.Millisecond), time.Since(all).Round(time.Millisecond))
	}
}

// have waits for an event by its id, which may have come already.
func (c *client) have(id any) {
	c.t.Helper()
	for _, f := range c.frames {
		if f["ev"] != nil && f["id"] == id {
			return
		}
	}
	c.until("event "+fmt.Sprint(id), func(f map[string]any) bool { return f["ev"] != nil && f["id"] == id })
}

// Sixteen tabs of the right browser finish one proof at once, sixteen deliver the receipt that comes of it, and
// sixteen post the login event again: the change is applied once.
func TestSixteenRacersOneProof(t *testing.T) {
	onBoth(t, func(t *testing.T, r *row) {
		k := r.talk("ag1")
		change, address := k.offer(t)
		body := r.site.event(t, address, verify.LoginConfirmed, nil)
		id, at := hookID(), r.clock.now()
		answers := race(16, func() string { _, b := r.signed("shop", r.site.secret, id, at, body, body); return string(b) })
		var answer struct {
			Return string `json:"return"`
		}
		if err := json.Unmarshal([]byte(answers[0]), &answer); err != nil {
			t.Fatal(err)
		}
		for _, a := range answers {
			if a != answers[0] {
				t.Errorf("one event, two answers: %s and %s", a, answers[0])
			}
		}
		if won := r.race(k.b, 16, 1, "change.finish", k.finish(t, k.b, change, answer.Return)); won != 1 {
			t.Errorf("%d of 16 finished", won)
		}
		r.reaches(change, verify.Applied)
		r.site.mu.Lock()
		i := slices.IndexFunc(r.site.bodies, func(b []byte) bool { return bytes.Contains(b, []byte(`"type":"change.apply"`)) })
		receipt := r.site.bodies[i]
		r.site.mu.Unlock()
		for _, a := range race(16, func() string { _, _, b := r.site.send(t, "/postern", receipt); return string(b) }) {
			if a != `{"result":"applied","version":"2"}` {
				t.Errorf("delivered again: %s", a)
			}
		}
		if n := r.site.changes(t); n != 1 {
			t.Errorf("applied %d times, want once", n)
		}
		r.fixture.audit(t)
	})
}

// race runs do n times at once.
func race(n int, do func() string) []string {
	out, all := make([]string, n), make(chan int, n)
	for i := range n {
		go func() { out[i] = do(); all <- i }()
	}
	for range n {
		<-all
	}
	return out
}
