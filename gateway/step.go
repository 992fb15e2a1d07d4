package gateway

import "time"

// Reasons for which a ring ends (ConversationReleased).
const (
	endMissed    = "ring.missed"
	endAway      = "away"
	endWithdrawn = "withdrawn"
)

// Step is what is to be done with a queued conversation now. The zero Step is nothing.
type Step struct {
	End   string    // its ring ends, for this reason
	Offer ID        // it rings at this agent
	Until time.Time // until then
}

// MissedWhy says why a queued conversation is missed now, or "": its deadline has passed, its mailbox closed, or its
// visitor gone (for VisitorGone). An offer that rings then is lost. Source: mail-and-routing.md 2.4.
func MissedWhy(cv Conversation, open, gone bool, now time.Time) string {
	switch {
	case !cv.MissedAt.After(now):
		return "deadline"
	case !open:
		return "hours"
	case gone:
		return "left"
	}
	return ""
}

// RingStep ends a ring that is over, or whose agent is not there for it any more, or begins the next one: for ring, and
// never beyond the conversation's deadline. It is pure; the Runner does what it says, and so does the simulator.
// Source: mail-and-routing.md 2.2, 5 and 7.
func RingStep(cv Conversation, sticky ID, ring time.Duration, candidates []Candidate, now time.Time) Step {
	if cv.Offer.Agent != "" {
		return Step{End: offerEnds(cv, candidates, now)}
	}
	d := Route(cv, sticky, candidates, now)
	if d.Agent == "" {
		return Step{}
	}
	until := now.Add(ring)
	if until.After(cv.MissedAt) {
		until = cv.MissedAt
	}
	return Step{Offer: d.Agent, Until: until}
}

// offerEnds says why a running ring must end now, or "".
func offerEnds(cv Conversation, list []Candidate, now time.Time) string {
	if !cv.Offer.Until.After(now) {
		return endMissed
	}
	for i := range list {
		if c := &list[i]; c.Agent == cv.Offer.Agent {
			switch {
			case c.Presence == Offline:
				return endAway
			case c.Availability != Available:
				return endWithdrawn
			}
			return ""
		}
	}
	return endWithdrawn // no member any more
}

// StickyFor is how long after the last message the agent of a visitor is asked first.
const StickyFor = 24 * time.Hour

// Overflows reports whether a queued conversation moves to its mailbox's overflow now: it has waited long enough, it has
// not moved before, and nobody here can be offered it. Source: mail-and-routing.md 2.6.
func Overflows(cv Conversation, mb Mailbox, candidates []Candidate, now time.Time) bool {
	return mb.Overflow != "" && !cv.Moved && cv.Offer.Agent == "" && now.Sub(cv.QueuedAt) >= mb.OverflowAfter && !anyEligible(candidates)
}

func anyEligible(list []Candidate) bool {
	for i := range list {
		if list[i].Eligible() {
			return true
		}
	}
	return false
}

// Pauses reports whether a ring that ends for this reason makes its agent count as assign_only everywhere, until he
// says that he is back: who let it ring is not at his desk, and would draw every next offer.
func Pauses(reason string) bool { return reason == endMissed }
