package gateway

import (
	"testing"
	"time"
)

func TestEstimateWait(t *testing.T) {
	full := func(n int) Candidate { return with(free("a"), func(c *Candidate) { c.Active, c.Capacity = n, n }) }
	talks := TalkStats{Chats: 5, Mean: 8 * time.Minute}
	for _, c := range []struct {
		name  string
		place int
		talks TalkStats
		list  []Candidate
		want  time.Duration
	}{
		{"next, four talks", 0, talks, []Candidate{full(3), full(1)}, 2 * time.Minute},
		{"two before", 2, talks, []Candidate{full(3), full(1)}, 6 * time.Minute},
		{"a seat is free", 2, talks, []Candidate{full(3), free("b")}, 0},
		{"nobody talks", 0, talks, nil, 0},
		{"who has gone ends no talk for the queue", 0, talks, []Candidate{full(2), with(full(2), func(c *Candidate) { c.Presence = Offline })}, 4 * time.Minute},
		{"who takes no more ends no talk for the queue", 0, talks, []Candidate{full(2), with(full(2), func(c *Candidate) { c.Availability = AssignOnly })}, 4 * time.Minute},
		{"too few chats", 0, TalkStats{Chats: 4, Mean: time.Minute}, []Candidate{full(1)}, 0},
	} {
		if got := EstimateWait(c.place, c.talks, c.list); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}
