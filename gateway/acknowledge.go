package gateway

import (
	"context"
	"time"
)

// Acknowledge is how soon somebody answers first (product.md P91).
const Acknowledge = 15 * time.Minute

// FirstAnswer is when a conversation's visitor first wrote, and was first answered.
type FirstAnswer struct {
	Mailbox  ID
	Asked    time.Time
	Answered time.Time // zero = not yet
	Ended    time.Time // zero = it goes on
}

// Acknowledged counts conversations by how soon they were answered first.
type Acknowledged struct {
	Within  int `json:"within"`  // Acknowledge of open time
	Late    int `json:"late"`    // answered later, or not and that time is over
	Pending int `json:"pending"` // neither: not counted in the share. Who left before the time was over counts nowhere.
}

// Share is that of those in time, of all that are decided; 1 = of none.
func (a Acknowledged) Share() float64 {
	if a.Within+a.Late == 0 {
		return 1
	}
	return float64(a.Within) / float64(a.Within+a.Late)
}

// CountAnswers counts them; calendars are those of the mailboxes.
func CountAnswers(list []FirstAnswer, calendars map[ID]Calendar, now time.Time) (out Acknowledged) {
	for _, f := range list {
		until := f.Answered
		if until.IsZero() {
			until = f.Ended
		}
		if until.IsZero() {
			until = now
		}
		over := calendars[f.Mailbox].Between(f.Asked, until) > Acknowledge
		switch {
		case over:
			out.Late++
		case !f.Answered.IsZero():
			out.Within++
		case f.Ended.IsZero():
			out.Pending++
		}
	}
	return out
}

// maxAnswers is how many of the newest conversations are counted.
const maxAnswers = 20_000

// Acknowledgements counts the conversations that began in the last days, of one mailbox or, with "", of all. Errors:
// forbidden, invalid, not_found.
func (s *Service) Acknowledgements(ctx context.Context, c Caller, days int, mailbox ID) (out Acknowledged, err error) {
	if err := c.may(VerbForce); err != nil {
		return out, err
	}
	if days < 1 || days > 366 {
		return out, Invalid("days")
	}
	boxes, err := s.Store.Mailboxes(ctx)
	if err != nil {
		return out, err
	}
	calendars := map[ID]Calendar{}
	for _, mb := range boxes {
		calendars[mb.ID] = mb.Calendar()
	}
	if _, ok := calendars[mailbox]; !ok && mailbox != "" {
		return out, NotFound()
	}
	now, err := s.Store.Now(ctx)
	if err != nil {
		return out, err
	}
	list, err := s.Store.FirstAnswers(ctx, mailbox, now.AddDate(0, 0, -days), maxAnswers)
	if err != nil {
		return out, err
	}
	return CountAnswers(list, calendars, now), nil
}
