package gateway

import (
	"context"
	"time"
)

// RateWithin is how long after the end a visitor may rate, and change the rating (product.md P10).
const RateWithin = 24 * time.Hour

// maxRatingText is in bytes.
const maxRatingText = 2 << 10

// RateTokens reads what stands in the rating link of an agent's mail. Such a token opens one thing: the
// rating of its conversation. It shows no history and identifies nobody.
type RateTokens interface {
	// Rates gives the conversation that a token names; ok says only that it has the form.
	Rates(token string) (cv ID, ok bool)
	// MayRate reports, in constant time, whether the token was made for this conversation and recipient.
	MayRate(token string, cv ID, recipient string) bool
}

// RateState says whether a rating is taken now.
type RateState string

// The states of a rating: the conversation goes on; a rating is taken; RateWithin is over.
const (
	RateLater RateState = "later"
	RateNow   RateState = "now"
	RateOver  RateState = "over"
)

// RateLook is all that the bearer of a rating link learns.
type RateLook struct {
	State   RateState
	Stars   int    // given already, also in the widget; 0 = none
	Mailbox string // its name
	Locale  string // the conversation's
}

// Rate stores 1–5 stars and a text once the conversation is closed. Errors: invalid, not_found, gone (over 24 h).
func (s *Service) Rate(ctx context.Context, c Caller, id ID, stars int, text string) error {
	if c.Staff() {
		return Forbidden()
	}
	cv, err := s.access(ctx, c, id)
	if err != nil {
		return err
	}
	return s.rate(ctx, cv.ID, stars, text)
}

// RateByLink does the same for whoever holds the link of a mail; it is the same one rating. Errors: not_found
// for every token that is not right, whatever is wrong with it; then those of Rate.
func (s *Service) RateByLink(ctx context.Context, token string, stars int, text string) error {
	cv, err := s.byRateToken(ctx, token)
	if err != nil {
		return err
	}
	return s.rate(ctx, cv.ID, stars, text)
}

func (s *Service) rate(ctx context.Context, id ID, stars int, text string) error {
	if stars < 1 || stars > 5 {
		return Invalid("stars")
	}
	if text != "" {
		if err := CheckText("text", text, maxRatingText); err != nil {
			return err
		}
	}
	now, err := s.Store.Now(ctx)
	if err != nil {
		return err
	}
	r := Rating{Stars: stars, Text: text, At: now}
	if r.Low() {
		if r.Tell, err = s.leaders(ctx); err != nil {
			return err
		}
	}
	events, err := s.Store.Rate(ctx, id, r, now)
	if err != nil {
		return err
	}
	s.publish(ctx, events...)
	return nil
}

// leaders are the supervisors, or without any the admins.
func (s *Service) leaders(ctx context.Context) ([]ID, error) {
	staff, err := s.Store.Agents(ctx)
	if err != nil {
		return nil, err
	}
	for _, role := range []Role{RoleSupervisor, RoleAdmin} {
		if out := pick(staff, func(a Agent) bool { return a.Role == role && a.DisabledAt.IsZero() }); len(out) > 0 {
			return idsOf(out), nil
		}
	}
	return nil, nil
}

// LookRating changes nothing. Errors: not_found for every token that is not right.
func (s *Service) LookRating(ctx context.Context, token string) (RateLook, error) {
	cv, err := s.byRateToken(ctx, token)
	if err != nil {
		return RateLook{}, err
	}
	mb, err := s.Store.Mailbox(ctx, cv.Mailbox)
	if err != nil {
		return RateLook{}, err
	}
	now, err := s.Store.Now(ctx)
	if err != nil {
		return RateLook{}, err
	}
	return RateLook{State: cv.rateState(now), Stars: cv.Rating.Stars, Mailbox: mb.Name, Locale: cv.Locale}, nil
}

func (cv Conversation) rateState(now time.Time) RateState {
	switch {
	case !cv.Status.Ended():
		return RateLater
	case now.Sub(cv.ClosedAt) > RateWithin:
		return RateOver
	}
	return RateNow
}

// byRateToken gives the conversation of a token that was made for the address which it mails.
func (s *Service) byRateToken(ctx context.Context, token string) (Conversation, error) {
	if s.Rating == nil {
		return Conversation{}, NotFound()
	}
	id, ok := s.Rating.Rates(token)
	if !ok || !id.Is(PrefixConversation) {
		return Conversation{}, NotFound()
	}
	cv, err := s.Store.Conversation(ctx, id)
	if err != nil {
		return Conversation{}, err
	}
	if cv.Claimed.Email == "" || !s.Rating.MayRate(token, cv.ID, cv.Claimed.Email) {
		return Conversation{}, NotFound()
	}
	return cv, nil
}
