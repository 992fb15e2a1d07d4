package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/postern-chat/postern/verify"
)

const racers = 64

// racer is somebody at an address of its own who tries what r tries.
func (r *row) racer() *row {
	return &row{T: r.T, abuseRow: r.abuseRow, fixture: r.fixture, ip: newAddress(), public: map[*client]bool{}}
}

// 64 racers on each one-time thing of a login at a provider, one after another: the start token, the provider's
// code, the choice on the confirm page, the finish token, the receipt. One of them wins, on both databases.
func TestSixtyFourRacers(t *testing.T) {
	onBoth(t, func(t *testing.T, r *row) {
		k := r.talk("ag1")
		change, token := r.pause(k)
		s := r.raceToStart(change, token)
		s.raceToCallback()
		back := s.raceToApprove()
		if won := r.race(k.b, 8, racers/8, "change.finish", k.finish(t, k.b, change, back)); won != 1 {
			t.Errorf("%d of %d finished", won, racers)
		}
		r.reaches(change, verify.Applied)
		r.raceWithReceipt()
		if n := r.club.changes(r); n != 1 {
			t.Errorf("applied %d times, want once", n)
		}
		r.fixture.audit(t)
	})
}

// won counts the racers who read won; all others must read lost.
func (r *row) won(what string, answers []string, won, lost string) {
	r.Helper()
	n := 0
	for _, a := range answers {
		if a == won {
			n++
		} else if a != lost {
			r.Errorf("%s: a racer reads %s", what, a)
		}
	}
	if n != 1 {
		r.Errorf("%s: %d of %d won", what, n, racers)
	}
}

func (r *row) raceToStart(change, token string) (winner step) {
	r.Helper()
	steps := make(chan step, racers)
	r.won("start", race(racers, func() string {
		s, status, out := r.racer().redeem(change, token)
		if status == http.StatusOK && s.cookie != "" && s.next != "" {
			steps <- s
			return "won"
		}
		return fmt.Sprint(status, " ", out["reason"])
	}), "won", "409 start.used")
	winner = <-steps
	winner.r = r
	return winner
}

// raceToCallback gives the provider's one answer back 64 times: as after a browser's own repetitions.
func (s step) raceToCallback() {
	s.r.Helper()
	q := s.provider()
	race(racers, func() string {
		other := s
		other.r = s.r.racer()
		other.callback(q)
		return ""
	})
	s.r.stays(s.change, verify.Matched)
	matched := 0
	for _, l := range s.r.leaves() {
		if l.Change == s.change && l.To == verify.Matched {
			matched++
		}
	}
	if matched != 1 {
		s.r.Errorf("callback: matched %d times, want once", matched)
	}
}

// raceToApprove presses Approve 64 times at once: each press kills the token of the one before it, so of all the
// tokens only one finishes anything.
func (s step) raceToApprove() (back string) {
	s.r.Helper()
	answers := race(racers, func() string {
		other := s
		other.r = s.r.racer()
		_, out := other.press(verify.PressApprove)
		next, _ := out["next"].(string)
		return next
	})
	alive := s.r.change(s.change).Proof.Finish
	for _, a := range answers {
		if _, token, ok := strings.Cut(a, "#postern="); !ok || verify.TokenHash(token) != alive {
			continue
		}
		if back != "" && back != a {
			s.r.Error("approve: two living tokens")
		}
		back = a
	}
	if back == "" {
		s.r.Fatalf("approve: nobody holds the living token: %v", answers)
	}
	return back
}

func (r *row) raceWithReceipt() {
	r.Helper()
	r.club.mu.Lock()
	i := slices.IndexFunc(r.club.bodies, func(b []byte) bool { return bytes.Contains(b, []byte(`"type":"change.apply"`)) })
	receipt := r.club.bodies[i]
	r.club.mu.Unlock()
	var first struct{ Result string }
	for _, a := range race(racers, func() string { _, _, b := r.club.send(r.T, "/postern", receipt); return string(b) }) {
		if err := json.Unmarshal([]byte(a), &first); err != nil || first.Result != "applied" {
			r.Errorf("delivered again: %s", a)
		}
	}
}
