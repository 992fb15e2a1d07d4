package sim

import (
	"math"
	"slices"
	"testing"
	"time"

	"github.com/postern-chat/postern/gateway"
)

// The figures of mail-and-routing.md 2.7.
func TestErlangC(t *testing.T) {
	for _, c := range []struct {
		agents int
		load   float64
		want   float64
	}{{1, .8, 1920}, {5, .8, 266}, {20, .9, 132.2}, {100, .95, 48.6}, {500, .98, 26.2}} {
		if got := ErlangC(c.agents, c.load, 480); math.Abs(got-c.want) > .05 {
			t.Errorf("%d agents at %.2f: %.2f s, want %.1f", c.agents, c.load, got, c.want)
		}
	}
}

// R2: the rules that run in the gateway, under a clock that jumps, reproduce the theory. All five cases are simulated by
// TestBenchRouting, with the command; here those that are soon done.
func TestRoutingAgainstErlangC(t *testing.T) {
	for _, c := range Cases()[:3] {
		c.Simulate(1)
		t.Logf("%3d agents at %.2f: %.1f ± %.1f s, theory %.1f", c.Agents, c.Load, c.Mean, c.Half, c.Theory)
		if !c.Inside || !c.Narrow {
			t.Errorf("%d agents at %.2f: the theory's %.1f s is not within %.1f ± %.1f s, or that is too wide", c.Agents, c.Load, c.Theory, c.Mean, c.Half)
		}
	}
}

// R3: agents who are online but not there cost nearly nobody his chat. Without the pause after a missed ring they do:
// the test can fail.
func TestAbsentAgents(t *testing.T) {
	const chats = 100_000
	desks := []Desk{
		Ours(20, 3, .25, .7, chats), Ours(20, 3, .10, .7, chats), Ours(20, 3, 0, .7, chats), Ours(20, 3, 0, .85, chats), Ours(20, 3, .25, .7, chats),
	}
	desks[4].Again = true
	out := make([]Waits, len(desks))
	Beside(len(desks), func(i int) { out[i] = desks[i].Run(1) })
	for i, w := range out[:4] {
		t.Logf("%.0f %% absent, load %.2f: missed %.3f %%, p50 %.1f s, p95 %.1f s, fairness %.4f", desks[i].Absent*100, desks[i].Load, share(w)*100, w.P50, w.P95, w.Jain)
		if w.Over > 0 || w.Lost != 0 || w.Chats != chats {
			t.Errorf("%d over capacity, %d lost, %d of %d counted", w.Over, w.Lost, w.Chats, chats)
		}
		if desks[i].Load < .8 && (share(w) > .001 || w.P95 > 30) {
			t.Errorf("%.0f %% absent: missed %.3f %%, p95 %.1f s", desks[i].Absent*100, share(w)*100, w.P95)
		}
	}
	if j := out[3].Jain; j < .99 {
		t.Errorf("fairness %.4f at load .85", j)
	}
	if w := out[4]; share(w) < .01 {
		t.Errorf("without the pause only %.3f %% are missed: the rule, or this test, says nothing", share(w)*100)
	}
}

func TestSameSeedSameFigures(t *testing.T) {
	d := Ours(7, 2, .3, .8, 5000)
	a, b, c := d.Run(3), d.Run(3), d.Run(4)
	if a != b {
		t.Errorf("%+v, then %+v", a, b)
	}
	if a == c {
		t.Errorf("another seed, the same figures: %+v", a)
	}
}

// The simulator spares Route those who cannot be offered anything: with all of them it says the same.
func TestSparedAgentsMakeNoDifference(t *testing.T) {
	for _, d := range []Desk{Ours(9, 2, .3, .9, 4000), {Agents: 30, Seats: 1, Load: .95, Talk: time.Minute, Ring: time.Second, Chats: 4000}} {
		r := newRun(d, 5)
		r.whole = true
		if a, b := d.Run(5), r.all(); a != b {
			t.Errorf("%+v, with all %+v", a, b)
		}
	}
}

// Nobody at all, nobody at a desk, more than is worked off: everything is missed or nothing is, and nothing hangs.
func TestDeskEdges(t *testing.T) {
	all := Desk{Agents: 4, Seats: 1, Absent: 1, Rate: .1, Talk: time.Minute, Accept: time.Second, Ring: gateway.DefaultRing, Missed: gateway.DefaultMissed, Back: time.Minute, AbsentBack: time.Minute, Chats: 500}
	if w := all.Run(1); w.Missed != 500 || w.P50 != gateway.DefaultMissed.Seconds() {
		t.Errorf("nobody at a desk: %+v", w)
	}
	full := Ours(2, 1, 0, 3, 2000)
	if w := full.Run(1); w.Lost != 0 || w.Over != 0 || share(w) < .5 || share(w) > .8 {
		t.Errorf("three times too much: %+v", w)
	}
	none := Ours(0, 3, 0, 0, 50)
	none.Rate = 1
	if w := none.Run(1); w.Missed != 50 {
		t.Errorf("no agents: %+v", w)
	}
}

func TestTimeline(t *testing.T) {
	var l timeline
	want := []time.Duration{}
	for i := range 200 {
		at := time.Duration(i * 7919 % 97)
		want = append(want, at)
		l.after(at, event{who: i})
	}
	slices.Sort(want)
	last := event{}
	for i := 0; l.left(); i++ {
		e := l.next()
		if e.at != want[i] || l.now != e.at || i > 0 && !last.before(e) {
			t.Fatalf("event %d at %d, after one at %d; want %d", i, e.at, last.at, want[i])
		}
		last = e
	}
}

// What waiting visitors are told is what they wait, in the mean: within a tenth where agents accept at once, and within
// a quarter with rings that take time.
func TestEstimateIsHonest(t *testing.T) {
	for _, c := range []struct {
		name string
		d    Desk
		off  float64
	}{
		{"one seat each", Desk{Agents: 20, Seats: 1, Load: .9, Talk: 8 * time.Minute, Ring: gateway.DefaultRing, Warm: 2000, Chats: 60_000}, .1},
		{"three seats each", Desk{Agents: 5, Seats: 3, Load: .9, Talk: 8 * time.Minute, Ring: gateway.DefaultRing, Warm: 2000, Chats: 60_000}, .1},
		{"rings take time", Desk{Agents: 5, Seats: 1, Load: .85, Talk: 8 * time.Minute, Accept: 6 * time.Second, Ring: gateway.DefaultRing, Back: time.Minute, Warm: 2000, Chats: 60_000}, .25},
	} {
		w := c.d.Run(1)
		t.Logf("%s: told %.0f s, waited %.0f s", c.name, w.Told, w.After)
		if w.Told == 0 || math.Abs(w.After-w.Told) > c.off*w.After {
			t.Errorf("%s: told %.0f s, waited %.0f s", c.name, w.Told, w.After)
		}
	}
}

// More chats need more agents, absent ones too, and what is said to be enough is.
func TestStaff(t *testing.T) {
	ask := gateway.Staffing{PerHour: 60, Talk: 8 * time.Minute, Seats: 2, Wait: 30 * time.Second}
	base := Staff(ask, 1)
	if base.Agents < 4 || base.Agents > 12 {
		t.Fatalf("8 chats at once with two seats: %+v", base)
	}
	for i, s := range base.Steps {
		if s.Enough != (s.Agents >= base.Agents) || s.Enough != (s.P95 <= 30 && s.Missed <= .001) || i > 0 && s.Agents <= base.Steps[i-1].Agents {
			t.Errorf("%+v in %+v", s, base)
		}
	}
	more, absent, patient := ask, ask, ask
	more.PerHour, absent.Absent, patient.Wait, patient.Missed = 180, .2, 5*time.Minute, 10*time.Minute
	if n := Staff(more, 1).Agents; n <= base.Agents {
		t.Errorf("three times as much: %d agents, %d before", n, base.Agents)
	}
	if n := Staff(absent, 1).Agents; n <= base.Agents {
		t.Errorf("a fifth of them absent: %d agents, %d before", n, base.Agents)
	}
	if n := Staff(patient, 1).Agents; n > base.Agents {
		t.Errorf("patient visitors: %d agents, %d before", n, base.Agents)
	}
	// Each of those who are not there lets a ring pass now and then: more of them are no help, and that is told soon.
	absent.Absent = .6
	if s := Staff(absent, 1); s.Agents != 0 || len(s.Steps) > 40 {
		t.Errorf("six of ten absent: %+v", s)
	}
}
