package gateway

import (
	"context"
	"encoding/json"
	"strconv"
	"time"
)

// Inactivity says when an agent who does nothing is taken out of routing, and when his account. 0 = never.
// Source: product.md P48.
type Inactivity struct {
	MarkHours    int `json:"mark_hours"`    // without any input in the console: paused, and told
	DisableHours int `json:"disable_hours"` // after that, without "I am back": disabled, his work goes back
}

// DefaultInactivity is two days, and five more.
func DefaultInactivity() Inactivity { return Inactivity{MarkHours: 48, DisableHours: 120} }

const (
	inactivityRule  = "inactivity"
	inactivityEvery = time.Hour
	pausedInactive  = "inactive"
	maxAway         = 366 * 24 * time.Hour
)

// Away reports whether the absence that the agent has announced runs at t: nothing is offered or assigned to him then.
func (a Agent) Away(t time.Time) bool { return awayAt(a.AwayFrom, a.AwayUntil, t) }

func awayAt(from, until, t time.Time) bool { return !t.Before(from) && t.Before(until) }

// LastActive is the last time that anything was heard of the agent: input in the console, the end of an absence, or
// somebody making the account or opening it again.
func (a Agent) LastActive(now time.Time) time.Time {
	at := later(a.ActiveAt, a.HeldSince)
	if !a.AwayUntil.After(now) {
		at = later(at, a.AwayUntil)
	}
	return at
}

// Unseen reports whether the agent is to be marked as inactive now. Whoever answers nobody, and admins, who must be able
// to undo it, never are.
func (a Agent) Unseen(rule Inactivity, now time.Time) bool {
	return rule.MarkHours > 0 && a.mayLapse(now) && a.InactiveAt.IsZero() && now.Sub(a.LastActive(now)) >= time.Duration(rule.MarkHours)*time.Hour
}

// Lapsed reports whether an agent who was marked is to be disabled now.
func (a Agent) Lapsed(rule Inactivity, now time.Time) bool {
	return rule.DisableHours > 0 && a.mayLapse(now) && !a.InactiveAt.IsZero() &&
		now.Sub(later(a.InactiveAt, a.LastActive(now))) >= time.Duration(rule.DisableHours)*time.Hour
}

func (a Agent) mayLapse(now time.Time) bool {
	return a.DisabledAt.IsZero() && !a.Away(now) && Allowed(a.Role, VerbReply) && a.Role != RoleAdmin
}

// Inactivity reads the rule. Errors: the store's.
func (s *Service) Inactivity(ctx context.Context) (Inactivity, error) {
	rule := DefaultInactivity()
	text, err := s.Store.Setting(ctx, inactivityRule)
	if CodeOf(err) == "not_found" {
		return rule, nil
	}
	if err != nil {
		return rule, err
	}
	if err := json.Unmarshal([]byte(text), &rule); err != nil {
		return rule, Internal("read the inactivity rule", err)
	}
	return rule, nil
}

// SetInactivity changes the rule. Errors: forbidden, invalid (0 to a year, in hours).
func (s *Service) SetInactivity(ctx context.Context, c Caller, rule Inactivity) error {
	if err := c.may(VerbSettings); err != nil {
		return err
	}
	const year = 366 * 24
	if rule.MarkHours < 0 || rule.MarkHours > year {
		return Invalid("mark_hours")
	}
	if rule.DisableHours < 0 || rule.DisableHours > year {
		return Invalid("disable_hours")
	}
	text, err := json.Marshal(rule)
	if err != nil {
		return Internal("encode the inactivity rule", err)
	}
	now, err := s.Store.Now(ctx)
	if err != nil {
		return err
	}
	events, err := s.Store.SetSetting(ctx, inactivityRule, string(text), c.Actor, now)
	s.publish(ctx, events...)
	return err
}

// SetAway announces when an agent is not there: his own word, or a supervisor's. Both zero = no absence. Errors:
// forbidden, invalid (over, upside down, or longer than a year), not_found.
func (s *Service) SetAway(ctx context.Context, c Caller, agent ID, from, until time.Time) error {
	verb := VerbForce
	if agent == c.Actor.ID {
		verb = VerbAvailability
	}
	if err := c.may(verb); err != nil {
		return err
	}
	now, err := s.Store.Now(ctx)
	if err != nil {
		return err
	}
	if none := from.IsZero() && until.IsZero(); !none && (!until.After(from) || !until.After(now) || until.Sub(now) > maxAway) {
		return Invalid("until")
	}
	events, err := s.Store.SetAway(ctx, agent, from, until, c.Actor, now)
	if err != nil {
		return err
	}
	s.publish(ctx, events...)
	s.wake()
	return nil
}

// CheckIn asks an agent by mail whether he is still there, once a day at most. Whatever he does in the console answers it:
// that counts as activity. Errors: forbidden, not_found, invalid (his account is disabled).
func (s *Service) CheckIn(ctx context.Context, c Caller, agent ID) error {
	if err := c.may(VerbForce); err != nil {
		return err
	}
	a, err := s.Store.Agent(ctx, agent)
	if err != nil {
		return err
	}
	if !a.DisabledAt.IsZero() {
		return Invalid("agent")
	}
	now, err := s.Store.Now(ctx)
	if err != nil {
		return err
	}
	j, err := LetterJob("checkin", now.UTC().Format(time.DateOnly), agent, now)
	if err != nil {
		return err
	}
	return s.Store.Enqueue(ctx, j)
}

// inactive marks who has done nothing for too long, disables who was marked long enough ago, gives the work of disabled
// agents back, and leaves the next look behind.
func (s *Service) inactive(ctx context.Context) error {
	now, err := s.leaveNext(ctx, JobInactive, inactivityEvery)
	if err != nil {
		return err
	}
	rule, err := s.Inactivity(ctx)
	if err != nil {
		return err
	}
	staff, err := s.Store.Agents(ctx)
	if err != nil {
		return err
	}
	for _, a := range staff {
		if a.Unseen(rule, now) || a.Lapsed(rule, now) {
			events, err := s.Store.Lapse(ctx, a.ID, rule, now)
			if err != nil {
				return err
			}
			s.publish(ctx, events...)
			s.wake()
		}
	}
	return s.giveBack(ctx)
}

// giveBack frees what disabled agents still hold: chats go back to their queues, tickets wait unassigned.
func (s *Service) giveBack(ctx context.Context) error {
	staff, err := s.Store.Agents(ctx)
	if err != nil {
		return err
	}
	for _, a := range staff {
		if a.DisabledAt.IsZero() {
			continue
		}
		held, err := s.Store.Conversations(ctx, ConversationFilter{Assignee: a.ID, Statuses: []Status{Active, Open, Waiting}, Limit: 200})
		if err != nil {
			return err
		}
		for _, cv := range held {
			if err := s.giveUp(ctx, cv, a.ID); err != nil && CodeOf(err) != "conflict" {
				return err
			}
		}
	}
	return nil
}

func (s *Service) giveUp(ctx context.Context, cv Conversation, agent ID) error {
	if cv.Status == Active {
		return s.requeue(ctx, cv, agent, "disabled")
	}
	now, err := s.Store.Now(ctx)
	if err != nil {
		return err
	}
	events, err := s.Store.Unassign(ctx, cv.ID, agent, "disabled", now)
	if err != nil {
		return err
	}
	s.publish(ctx, events...)
	return nil
}

// LapseLetter is the job that tells an agent by mail that he was marked ("inactive") or disabled ("disabled").
func LapseLetter(agent ID, what string, now time.Time) (Job, error) {
	payload, err := json.Marshal(letterJob{Agent: agent, What: what})
	if err != nil {
		return Job{}, Internal("encode a letter", err)
	}
	id := "letter:" + what + ":" + string(agent) + ":" + strconv.FormatInt(now.UnixMilli(), 10)
	return Job{ID: id, Kind: JobLetter, Due: now, Payload: payload}, nil
}
