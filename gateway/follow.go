package gateway

import (
	"context"
	"slices"
	"time"
)

// FollowStore knows which agents hear of a conversation. Where nothing was said the assignee does.
type FollowStore interface {
	// Follow stores whether an agent hears of a conversation, and tells him in his own topic. The same again is nothing.
	// Errors: not_found.
	Follow(ctx context.Context, cv, agent ID, wanted bool, by Actor, why string, now time.Time) ([]Event, error)
	// Follows reads what decides it for an agent, of conversations that go on, at most limit, the latest first.
	Follows(ctx context.Context, agent ID, limit int) (map[ID]bool, error)
}

// maxFollows is how many conversations an agent's console knows this of.
const maxFollows = 1000

// Follow says whether the caller hears of a conversation: its visitor's words, its clocks, its escalations. Not to
// follow counts at once. Errors: forbidden, not_found.
func (s *Service) Follow(ctx context.Context, c Caller, id ID, wanted bool) error {
	if err := c.may(VerbRead); err != nil {
		return err
	}
	cv, err := s.access(ctx, c, id)
	if err != nil {
		return err
	}
	now, err := s.Store.Now(ctx)
	if err != nil {
		return err
	}
	events, err := s.Store.Follow(ctx, cv.ID, c.Actor.ID, wanted, c.Actor, "hand", now)
	if err != nil {
		return err
	}
	s.publish(ctx, events...)
	return nil
}

// Follows reads what the caller follows and what not. Errors: forbidden.
func (s *Service) Follows(ctx context.Context, c Caller) (map[ID]bool, error) {
	if err := c.may(VerbRead); err != nil {
		return nil, err
	}
	return s.Store.Follows(ctx, c.Actor.ID, maxFollows)
}

// heardOf gives, of those whom a note mentions, who may read the conversation: they follow it from then on.
func (s *Service) heardOf(ctx context.Context, cv Conversation, mentioned []ID, by ID) ([]ID, error) {
	if len(mentioned) == 0 {
		return nil, nil
	}
	staff, err := s.Store.Agents(ctx)
	if err != nil {
		return nil, err
	}
	members, err := s.Store.Memberships(ctx, "", cv.Mailbox)
	if err != nil {
		return nil, err
	}
	return idsOf(pick(staff, func(a Agent) bool {
		return a.ID != by && a.DisabledAt.IsZero() && slices.Contains(mentioned, a.ID) && mayHear(a, members)
	})), nil
}
