package main

import (
	"net/http"
	"testing"
	"time"

	"github.com/postern-chat/postern/verify"
	"github.com/postern-chat/postern/verify/receipt"
)

// A gateway is killed at each step of a change that cools: while it is announced, while it cools, after the second
// approval and, where the clock can be set, while the receipt is on its way. Nothing is applied before its time or
// twice, and no state is stuck.
func TestKillCooling(t *testing.T) {
	for _, engine := range []string{"SQLite", "PostgreSQL"} {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			f, list := processesAt(t, engine, nil, 1, engine == "PostgreSQL")
			f.node.url = f.config.PublicURL
			r := newRow(t, f)
			r.given()
			again := func() { list[0].kill(t); list[0].start(t) }

			lost := r.announcedInto(again)
			k := r.talk("sn1")
			change := r.cools(k)
			again()
			r.stays(change, verify.Cooling)
			r.stepsUp("su1")
			r.as("su1").ok("change.second", map[string]any{"change": change})
			again()
			if c := r.change(change); c.State != verify.Cooling || c.Cool.Second.ID == "" {
				t.Errorf("after the second approval and a kill: %s, %+v", c.State, c.Cool)
			}
			if r.club.customer(t, movedTo) {
				t.Error("applied before its time")
			}
			if engine == "PostgreSQL" {
				r.releasedInto(change, again)
			}
			r.ends(lost, verify.Expired)
			f.audit(t)
		})
	}
}

// hold makes the club's backend wait with an answer of this type; it gives when one has come, and what lets it go.
func (r *row) hold(kind string) (come chan struct{}, release func()) {
	come, gone := make(chan struct{}, 10), make(chan struct{})
	r.club.mu.Lock()
	r.club.meets = func(_ http.ResponseWriter, m receipt.Message) bool {
		if m.Type == kind {
			come <- struct{}{}
			<-gone
		}
		return false
	}
	r.club.mu.Unlock()
	return come, func() {
		r.club.mu.Lock()
		r.club.meets = nil
		r.club.mu.Unlock()
		close(gone)
	}
}

// announcedInto kills the gateway while it announces a change: it is announced once, so its time ends.
func (r *row) announcedInto(again func()) (change string) {
	r.Helper()
	come, release := r.hold("change.announce")
	k := r.talk("sn1")
	change, args := r.approves(k)
	k.vic.push("change.finish", args)
	<-come
	again()
	release()
	if c := r.change(change); c.State != verify.Proven {
		r.Errorf("killed while it was announced: %s", c.State)
	}
	return change
}

// releasedInto lets the time of cooling pass and kills the gateway while the backend is being told.
func (r *row) releasedInto(change string, again func()) {
	r.Helper()
	come, release := r.hold("change.apply")
	r.clock.set(r.T, 25*time.Hour)
	r.later()
	<-come
	again()
	release()
	r.later()
	r.ends(change, verify.Applied)
	if n := r.club.changes(r); n != 1 || !r.club.customer(r.T, movedTo) {
		r.Errorf("applied %d times, want once", n)
	}
}

// ends waits, as long as a minute's work takes, for the end of a change.
func (r *row) ends(change string, want verify.State) {
	r.Helper()
	for end := time.Now().Add(3 * time.Minute); ; time.Sleep(100 * time.Millisecond) {
		c := r.change(change)
		if c.State == want {
			return
		}
		if time.Now().After(end) {
			r.Fatalf("the change is %s (%s), want %s", c.State, c.Reason, want)
		}
	}
}
