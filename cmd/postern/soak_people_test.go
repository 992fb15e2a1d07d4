package main

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/postern-chat/postern/gateway/gatewaytest/history"
)

// random is a source of chance for one name, from the run's seed.
func (s *soak) random(name string) *rand.Rand {
	h := fnv.New64a()
	_, _ = h.Write([]byte(name)) // never fails
	return rand.New(rand.NewPCG(s.plan.seed, h.Sum64()))
}

// spelled is a number in syllables: the leak guard would look twice at long numbers in an agent's text.
func spelled(n int64) string {
	const hard, soft = "bdfgklmnprstvz", "aeiou"
	var b strings.Builder
	b.WriteString("word ")
	for {
		b.WriteByte(hard[n%14])
		n /= 14
		b.WriteByte(soft[n%5])
		if n /= 5; n == 0 {
			return b.String()
		}
	}
}

// writer is somebody who writes, one message after the other.
type writer struct {
	*seat
	mu   sync.Mutex
	sent []*history.Sent
}

// note begins a message; long pads it.
func (w *writer) note(topic string, long bool) *history.Sent {
	n := w.s.written.Add(1)
	text := spelled(n)
	if long {
		text += strings.Repeat(" and so on", 750)
	}
	m := &history.Sent{Sender: w.name, Topic: topic, ClientID: fmt.Sprintf("c%d", n), Text: text, At: time.Now()}
	w.mu.Lock()
	w.sent = append(w.sent, m)
	w.mu.Unlock()
	return m
}

// say sends a message until there is an answer that counts, with the same client id each time. False: refused for
// good, or the run is over.
func (w *writer) say(ctx context.Context, m *history.Sent) bool {
	for ctx.Err() == nil {
		ok, err := w.call(ctx, "message.send", map[string]any{"conversation": m.Topic, "client_id": m.ClientID, "text": m.Text})
		var no refusedError
		switch {
		case err == nil:
			return w.acked(m, ok)
		case errors.As(err, &no) && !passes(no.code):
			m.Refused = no.code
			w.s.refused("message.send", no.code)
			return false
		case errors.As(err, &no):
			w.s.refused("message.send", no.code)
			w.pause(ctx, time.Duration(20+w.rng.IntN(80))*time.Millisecond)
		}
	}
	return false
}

// passes reports whether the same command may succeed later.
func passes(code string) bool {
	return slices.Contains([]string{"unavailable", "internal", "too_many", "nobody_available", "conflict"}, code)
}

func (w *writer) acked(m *history.Sent, ok json.RawMessage) bool {
	var a struct {
		Seq uint64 `json:"seq"`
		ID  string `json:"id"`
	}
	if json.Unmarshal(ok, &a) != nil || a.Seq == 0 {
		m.Refused = "held"
		w.s.refused("message.send", "held "+string(ok))
		return false
	}
	w.mu.Lock()
	m.Acks = append(m.Acks, history.Ack{Seq: a.Seq, ID: a.ID, At: time.Now()})
	first := len(m.Acks) == 1
	w.mu.Unlock()
	if first {
		w.s.acked.Add(1)
	}
	return true
}

// twice sends the newest message once more, as a client does that has not heard the answer.
func (w *writer) twice(ctx context.Context) {
	w.mu.Lock()
	var m *history.Sent
	if n := len(w.sent); n > 0 && len(w.sent[n-1].Acks) > 0 {
		m = w.sent[n-1]
	}
	w.mu.Unlock()
	if m != nil {
		w.say(ctx, m)
	}
}

// pace waits for the next message: a rate over many, a little uneven.
func (k *seat) pace(ctx context.Context, gap time.Duration) {
	k.pause(ctx, time.Duration(float64(gap)*(.5+k.rng.Float64())))
}

// soakVisitor has two tabs, writes in the first and reads in both, one conversation after the other.
type soakVisitor struct {
	writer
	other *seat
	form  map[string]any // what he says beside his first words
	hurry atomic.Bool    // end this conversation and begin a new one
	loud  atomic.Int64   // so many long messages, as fast as they are acknowledged
	again atomic.Bool    // send the newest message once more
}

func (v *soakVisitor) run(ctx context.Context, gap time.Duration) {
	for ctx.Err() == nil && !v.s.over() {
		cv := v.begin(ctx)
		if cv == "" {
			return
		}
		go v.other.open(ctx, cv)
		for n := 60 + v.rng.IntN(200); n > 0 && !v.s.over() && !v.hurry.Load(); n-- {
			long := v.loud.Load() > 0
			if long {
				v.loud.Add(-1)
				n++
			} else {
				v.pace(ctx, gap)
			}
			if !v.say(ctx, v.note(cv, long)) {
				break
			}
			if v.again.Swap(false) {
				v.twice(ctx)
			}
		}
		if !v.s.over() {
			v.hurry.Store(false)
			v.close(ctx, cv)
		}
	}
}

// begin starts a conversation with its first words; tried again, it is the same conversation.
func (v *soakVisitor) begin(ctx context.Context) (cv string) {
	m := v.note("", false)
	m.At = time.Time{} // a start is more than a message
	for n := 0; ctx.Err() == nil && (n == 0 || !v.s.over()); n++ {
		args := map[string]any{"command_id": m.ClientID, "client_id": m.ClientID, "text": m.Text}
		maps.Copy(args, v.form)
		ok, err := v.call(ctx, "conversation.start", args)
		var c struct {
			Conversation struct {
				ID string `json:"id"`
			} `json:"conversation"`
		}
		if err == nil && json.Unmarshal(ok, &c) == nil && c.Conversation.ID != "" {
			m.Topic = c.Conversation.ID
			v.mayRepeat(false)
			v.say(ctx, m) // the same client id: the number that the first words have
			return m.Topic
		}
		var no refusedError
		if errors.As(err, &no) {
			v.s.refused("conversation.start", no.code)
			v.pause(ctx, time.Duration(400+v.rng.IntN(400))*time.Millisecond)
		}
		v.mayRepeat(true)
	}
	return ""
}

func (k *seat) mayRepeat(on bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.lax = on
}

func (v *soakVisitor) close(ctx context.Context, cv string) {
	for ctx.Err() == nil {
		_, err := v.call(ctx, "conversation.close", map[string]any{"conversation": cv})
		var no refusedError
		if err == nil || errors.As(err, &no) && !passes(no.code) {
			return
		}
		v.pause(ctx, time.Duration(50+v.rng.IntN(100))*time.Millisecond)
	}
}

// soakAgent takes what is offered and answers in what he has.
type soakAgent struct {
	writer
	id      string
	offers  chan string
	dropped atomic.Int64 // offers in whose middle he went
	drop    atomic.Bool  // go in the middle of the next one

	mine []string // mu of writer
}

func (s *soak) agent(id, cookie, box string) *soakAgent {
	a := &soakAgent{id: id, offers: make(chan string, 1000)}
	a.seat = s.seat("agent "+id, &seat{cookie: cookie})
	a.heard = a.hears
	for _, topic := range []string{id, box} {
		a.topics[topic] = &track{Reader: &history.Reader{Name: a.name, Topic: topic}}
	}
	return a
}

func (a *soakAgent) hears(f soakFrame, d soakData) {
	switch {
	case f.Ev == "availability.changed" && f.Topic == a.id && d.Paused: // rings passed while he was cut off
		go a.back()
	case f.Ev == "conversation.offered" && d.Agent == a.id && f.Topic == a.id:
		if a.drop.Swap(false) {
			a.dropped.Add(1)
			go a.cut(1500 * time.Millisecond)
			return
		}
		a.offers <- d.Conversation
	case f.Ev == "conversation.claimed" && d.Agent == a.id && strings.HasPrefix(f.Topic, "mb_"):
		a.has(d.Conversation, true)
		go a.open(a.s.ctx, d.Conversation)
	case f.Ev == "conversation.closed" && strings.HasPrefix(f.Topic, "cv_"):
		a.has(f.Topic, false)
	}
}

func (a *soakAgent) has(cv string, yes bool) {
	a.writer.mu.Lock()
	defer a.writer.mu.Unlock()
	a.mine = slices.DeleteFunc(a.mine, func(x string) bool { return x == cv })
	if yes {
		a.mine = append(a.mine, cv)
	}
}

// ready makes the agent available.
func (a *soakAgent) ready(ctx context.Context) {
	for ctx.Err() == nil {
		if _, err := a.call(ctx, "availability.set", map[string]any{"value": "available"}); err == nil {
			return
		}
	}
}

// back ends a pause.
func (a *soakAgent) back() {
	for a.s.ctx.Err() == nil {
		if _, err := a.call(a.s.ctx, "availability.restore", map[string]any{}); err == nil {
			return
		}
		_ = pause(a.s.ctx, 100*time.Millisecond)
	}
}

// accepts takes the offers, after a moment of thought.
func (a *soakAgent) accepts(ctx context.Context) {
	rng := a.s.random("accepts " + a.id)
	for {
		select {
		case cv := <-a.offers:
			a.pause(ctx, time.Duration(10+rng.IntN(150))*time.Millisecond)
			if _, err := a.call(ctx, "conversation.claim", map[string]any{"conversation": cv}); err != nil {
				var no refusedError
				if errors.As(err, &no) {
					a.s.refused("conversation.claim", no.code)
				}
				if passes(no.code) || errors.Is(err, errHungUp) {
					go func() { a.pause(ctx, 100*time.Millisecond); a.offers <- cv }()
				}
			}
		case <-ctx.Done():
			return
		}
	}
}

func (a *soakAgent) run(ctx context.Context, gap time.Duration) {
	for ctx.Err() == nil && !a.s.over() {
		a.pace(ctx, gap)
		a.writer.mu.Lock()
		cv := ""
		if n := len(a.mine); n > 0 {
			cv = a.mine[a.rng.IntN(n)]
		}
		a.writer.mu.Unlock()
		if cv != "" && !a.say(ctx, a.note(cv, false)) {
			a.has(cv, false)
		}
	}
}

// watcher is a supervisor's socket that reads a part of all conversations.
func (s *soak) watcher(n, of int, id, cookie string) *seat {
	k := s.seat(fmt.Sprint("watcher ", n), &seat{cookie: cookie, narrow: true})
	box := string(s.f.box.ID)
	k.topics[box] = &track{Reader: &history.Reader{Name: k.name, Topic: box}}
	k.heard = func(f soakFrame, d soakData) {
		sum := sha256.Sum256([]byte(d.Conversation))
		if f.Ev == "conversation.queued" && f.Topic == box && int(sum[0])%of == n {
			go k.open(s.ctx, d.Conversation)
		}
	}
	return k
}
