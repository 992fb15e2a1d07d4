package gateway

import (
	"context"
	"time"
)

// What an estimate rests on: so many chats of a day at least, or nothing is told.
const (
	estimateFrom  = 24 * time.Hour
	estimateLeast = 5
)

// TalkStats is how long chats of a mailbox last.
type TalkStats struct {
	Chats int           // that ended
	Mean  time.Duration // from a person's coming to the end
}

// EstimateWait is how long somebody with place others before him waits in the mean while no seat is free: talks that
// last mean end, one after the other, mean/n apart if n go on at once, and he needs place+1 of them. 0 = nothing is
// told: a seat is free, nobody talks, or too few chats have ended to know. TestEstimateIsHonest holds it against what
// visitors really wait.
func EstimateWait(place int, talks TalkStats, candidates []Candidate) time.Duration {
	n := 0
	for i := range candidates {
		c := &candidates[i]
		if c.Eligible() {
			return 0
		}
		if c.Availability == Available && c.Presence != Offline && c.Presence != "" {
			n += c.Active
		}
	}
	if n == 0 || talks.Chats < estimateLeast {
		return 0
	}
	return time.Duration(float64(talks.Mean) * float64(place+1) / float64(n))
}

// Wait gives how long a queued conversation with so many before it is likely to wait; 0 = not known, or no time at all.
// Errors: not_found once it has left the queue.
func (s *Service) Wait(ctx context.Context, cv ID, place int) (time.Duration, error) {
	row, err := s.Store.Conversation(ctx, cv)
	if err != nil {
		return 0, err
	}
	if row.Status != Queued {
		return 0, NotFound()
	}
	now, err := s.Store.Now(ctx)
	if err != nil {
		return 0, err
	}
	list, err := s.candidates(ctx, row.Mailbox, cv, now)
	if err != nil {
		return 0, err
	}
	talks, err := s.Store.Talks(ctx, row.Mailbox, now.Add(-estimateFrom))
	return EstimateWait(place, talks, list), err
}
