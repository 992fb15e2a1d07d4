package gateway

import (
	"fmt"
	"testing"
	"time"
)

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

func waiting() Conversation {
	return Conversation{ID: "cv_1", Status: Queued, MissedAt: noon}
}

func free(id ID) Candidate {
	return Candidate{Agent: id, Availability: Available, Presence: Online, Capacity: 3, LastOfferAt: noon.Add(-time.Hour)}
}

func with(c Candidate, change func(*Candidate)) Candidate {
	change(&c)
	return c
}

func declined(id ID, ago time.Duration) Candidate {
	return with(free(id), func(c *Candidate) { c.Rung, c.DeclinedAt = 1, noon.Add(-ago) })
}

func TestRoute(t *testing.T) {
	for _, c := range []struct {
		name   string
		cv     func(*Conversation)
		sticky ID
		agents []Candidate
		want   ID
	}{
		{"nobody is a member", nil, "", nil, ""},
		{"one free agent", nil, "", []Candidate{free("a")}, "a"},
		{"assign_only gets no offers", nil, "", []Candidate{with(free("a"), func(c *Candidate) { c.Availability = AssignOnly })}, ""},
		{"unavailable gets no offers", nil, "", []Candidate{with(free("a"), func(c *Candidate) { c.Availability = NotAvailable })}, ""},
		{"offline gets no offers", nil, "", []Candidate{with(free("a"), func(c *Candidate) { c.Presence = Offline })}, ""},
		{"presence unknown gets no offers", nil, "", []Candidate{with(free("a"), func(c *Candidate) { c.Presence = "" })}, ""},
		{"no seat", nil, "", []Candidate{with(free("a"), func(c *Candidate) { c.Active = 3 })}, ""},
		{"no capacity at all", nil, "", []Candidate{with(free("a"), func(c *Candidate) { c.Capacity = 0 })}, ""},
		{"idle is eligible", nil, "", []Candidate{with(free("a"), func(c *Candidate) { c.Presence = IdlePresence })}, "a"},
		{"online before idle, whatever the load", nil, "", []Candidate{
			with(free("a"), func(c *Candidate) { c.Presence = IdlePresence }),
			with(free("b"), func(c *Candidate) { c.Active = 2 }),
		}, "b"},
		{"lowest share of seats, not lowest count", nil, "", []Candidate{
			with(free("a"), func(c *Candidate) { c.Active, c.Capacity = 1, 2 }),
			with(free("b"), func(c *Candidate) { c.Active, c.Capacity = 2, 6 }),
		}, "b"},
		{"same share: longest since the last offer", nil, "", []Candidate{
			free("a"),
			with(free("b"), func(c *Candidate) { c.LastOfferAt = noon.Add(-2 * time.Hour) }),
		}, "b"},
		{"never offered is longest", nil, "", []Candidate{
			free("a"), with(free("b"), func(c *Candidate) { c.LastOfferAt = time.Time{} }),
		}, "b"},
		{"all equal: id decides", nil, "", []Candidate{free("c"), free("a"), free("b")}, "a"},
		{"sticky goes first, even idle and loaded", nil, "b", []Candidate{
			free("a"), with(free("b"), func(c *Candidate) { c.Presence, c.Active = IdlePresence, 2 }),
		}, "b"},
		{"sticky without a seat does not count", nil, "b", []Candidate{
			free("a"), with(free("b"), func(c *Candidate) { c.Active = 3 }),
		}, "a"},
		{"sticky offline does not count", nil, "b", []Candidate{
			free("a"), with(free("b"), func(c *Candidate) { c.Presence = Offline }),
		}, "a"},
		{"sticky who is no member", nil, "z", []Candidate{free("a")}, "a"},
		{"who rang already comes after the untried", nil, "", []Candidate{
			with(free("a"), func(c *Candidate) { c.Rung = 1 }),
			with(free("b"), func(c *Candidate) { c.Presence, c.Active = IdlePresence, 2 }),
		}, "b"},
		{"sticky who rang already comes after the untried", nil, "a", []Candidate{
			with(free("a"), func(c *Candidate) { c.Rung = 1 }), free("b"),
		}, "b"},
		{"all were tried: start again with the least tried", nil, "", []Candidate{
			with(free("a"), func(c *Candidate) { c.Rung = 2 }), with(free("b"), func(c *Candidate) { c.Rung = 1 }),
		}, "b"},
		{"alone and declined just now: a pause", nil, "", []Candidate{declined("a", time.Second)}, ""},
		{"alone and declined, before the pause is over", nil, "", []Candidate{declined("a", RingAgainAfter-time.Millisecond)}, ""},
		{"alone and declined, after the pause", nil, "", []Candidate{declined("a", RingAgainAfter)}, "a"},
		{"who declined leaves it to another, rung as often", nil, "a", []Candidate{
			declined("a", time.Second), with(free("b"), func(c *Candidate) { c.Rung, c.Presence = 2, IdlePresence }),
		}, "b"},
		{"both declined: nobody until the first pause is over", nil, "", []Candidate{
			declined("a", 2*time.Second), declined("b", RingAgainAfter+time.Second),
		}, "b"},
		{"deadline is now", func(c *Conversation) { c.MissedAt = noon.Add(-time.Nanosecond) }, "", []Candidate{free("a")}, ""},
		{"rings already", func(c *Conversation) { c.Offer.Agent = "x" }, "", []Candidate{free("a")}, ""},
		{"active", func(c *Conversation) { c.Status = Active }, "", []Candidate{free("a")}, ""},
		{"ticket", func(c *Conversation) { c.Status = Open }, "", []Candidate{free("a")}, ""},
		{"closed", func(c *Conversation) { c.Status = Closed }, "", []Candidate{free("a")}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			cv := waiting()
			cv.MissedAt = noon.Add(time.Minute)
			if c.cv != nil {
				c.cv(&cv)
			}
			if got := Route(cv, c.sticky, c.agents, noon).Agent; got != c.want {
				t.Fatalf("offered to %q, want %q", got, c.want)
			}
		})
	}
}

func TestRouteDoesNotDependOnTheOrderOfCandidates(t *testing.T) {
	cv := waiting()
	cv.MissedAt = noon.Add(time.Minute)
	list := crowd(7)
	want := Route(cv, "", list, noon)
	for range len(list) {
		list = append(list[1:], list[0])
		if got := Route(cv, "", list, noon); got != want {
			t.Fatalf("%v, then %v", want, got)
		}
	}
}

func TestReachable(t *testing.T) {
	for _, c := range []struct {
		name string
		c    []Candidate
		want bool
	}{
		{"nobody", nil, false},
		{"free", []Candidate{free("a")}, true},
		{"all seats taken", []Candidate{with(free("a"), func(c *Candidate) { c.Active = 3 })}, true},
		{"idle", []Candidate{with(free("a"), func(c *Candidate) { c.Presence = IdlePresence })}, true},
		{"offline", []Candidate{with(free("a"), func(c *Candidate) { c.Presence = Offline })}, false},
		{"presence unknown", []Candidate{with(free("a"), func(c *Candidate) { c.Presence = "" })}, false},
		{"assign_only", []Candidate{with(free("a"), func(c *Candidate) { c.Availability = AssignOnly })}, false},
		{"one of two", []Candidate{with(free("a"), func(c *Candidate) { c.Presence = Offline }), free("b")}, true},
	} {
		if got := Reachable(c.c); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}

func TestPauseTurnsOnlyAvailableIntoAssignOnly(t *testing.T) {
	paused := Agent{PausedAt: noon}
	for _, c := range []struct{ declared, here, away Availability }{
		{Available, Available, AssignOnly},
		{AssignOnly, AssignOnly, AssignOnly},
		{NotAvailable, NotAvailable, NotAvailable},
	} {
		if got := (Agent{}).Effective(c.declared); got != c.here {
			t.Errorf("%s at work: %s", c.declared, got)
		}
		if got := paused.Effective(c.declared); got != c.away {
			t.Errorf("%s paused: %s", c.declared, got)
		}
	}
}

func crowd(n int) []Candidate {
	out := make([]Candidate, n)
	for i := range out {
		out[i] = Candidate{
			Agent: ID(fmt.Sprintf("ag_%03d", i*37%n)), Availability: Available, Presence: Online,
			Active: i % 3, Capacity: 3, LastOfferAt: noon.Add(-time.Duration(i*13%n) * time.Second), Rung: i % 2,
		}
	}
	return out
}

func BenchmarkRoute100(b *testing.B) {
	cv, list := waiting(), crowd(100)
	cv.MissedAt = noon.Add(time.Minute)
	for b.Loop() {
		if Route(cv, "ag_050", list, noon).Agent == "" {
			b.Fatal("nobody")
		}
	}
}
