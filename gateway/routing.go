package gateway

import (
	"slices"
	"strings"
	"time"
)

// Decision says which agent the conversation is offered to; Agent "" = nobody now.
type Decision struct {
	Agent ID
}

// RingAgainAfter is how long whoever declined a conversation is not asked for it again. Without it an agent alone in
// a mailbox would be rung without a pause; with it he is asked a few times before the visitor is missed.
const RingAgainAfter = 30 * time.Second

// Route picks the agent to offer a queued conversation to. It is pure: any node may run it, row versions let
// one of several decisions win. Eligible is who is available here, present, has a free seat, and has not just
// declined; first those who have rung least in this round, then online before idle, then whose specialities fit best (if
// the mailbox wants that), then the lowest load, then the
// longest since the last offer, then the id. sticky (the visitor's agent of the last 24 h) goes first if eligible.
//
// Source: mail-and-routing.md 2.2.
func Route(cv Conversation, sticky ID, candidates []Candidate, now time.Time) Decision {
	if cv.Status != Queued || cv.Offer.Agent != "" || !cv.MissedAt.After(now) {
		return Decision{}
	}
	best := -1
	for i := range candidates {
		c := &candidates[i]
		if !c.Eligible() || !c.DeclinedAt.IsZero() && now.Before(c.DeclinedAt.Add(RingAgainAfter)) {
			continue
		}
		if best < 0 || before(c, &candidates[best], sticky) {
			best = i
		}
	}
	if best < 0 {
		return Decision{}
	}
	return Decision{Agent: candidates[best].Agent}
}

// Eligible reports whether an offer to this agent makes sense now.
func (c *Candidate) Eligible() bool {
	return c.Active < c.Capacity && c.Availability == Available && (c.Presence == Online || c.Presence == IdlePresence)
}

func before(a, b *Candidate, sticky ID) bool {
	if a.Rung != b.Rung {
		return a.Rung < b.Rung
	}
	if (a.Agent == sticky) != (b.Agent == sticky) {
		return a.Agent == sticky
	}
	if a.Presence != b.Presence {
		return a.Presence == Online
	}
	if a.Fits != b.Fits {
		return a.Fits > b.Fits
	}
	// active/capacity compared without division
	if x, y := a.Active*b.Capacity, b.Active*a.Capacity; x != y {
		return x < y
	}
	if !a.LastOfferAt.Equal(b.LastOfferAt) {
		return a.LastOfferAt.Before(b.LastOfferAt)
	}
	return strings.Compare(string(a.Agent), string(b.Agent)) < 0
}

// Reachable reports whether somebody is there at all: present and available, even with all seats taken. Then
// a visitor may wait; else the widget shows the message form (mail-and-routing.md 2.6).
func Reachable(candidates []Candidate) bool {
	return slices.ContainsFunc(candidates, func(c Candidate) bool {
		return c.Availability == Available && c.Presence != Offline && c.Presence != ""
	})
}
