package gateway

import (
	"context"
	"encoding/json"
	"time"
)

// IdleTimes say when a conversation ends by itself while it is the visitor's turn, in minutes. Source:
// mail-and-routing.md 2.5.
type IdleTimes struct {
	ChatWarn   int `json:"chat_warn"`
	ChatEnd    int `json:"chat_end"`
	TicketWarn int `json:"ticket_warn"`
	TicketEnd  int `json:"ticket_end"`
}

// DefaultIdle is what a mailbox without times of its own has (product.md §2).
func DefaultIdle() IdleTimes {
	return IdleTimes{ChatWarn: 25, ChatEnd: 30, TicketWarn: 12 * 60, TicketEnd: 24 * 60}
}

// IdleTimes gives the mailbox's own times, or the defaults.
func (m Mailbox) IdleTimes() IdleTimes {
	if m.Idle == nil {
		return DefaultIdle()
	}
	return *m.Idle
}

// Bounds of a mailbox's times, minutes.
const (
	maxChatIdle   = 24 * 60
	minTicketIdle = 12 * 60
	maxTicketIdle = 30 * 24 * 60
)

// CheckIdle refuses times in which nobody could answer. Errors: invalid.
func (m Mailbox) CheckIdle() error {
	t := m.IdleTimes()
	if t.ChatWarn < 1 || t.ChatEnd <= t.ChatWarn || t.ChatEnd > maxChatIdle {
		return Invalid("idle.chat")
	}
	if t.TicketWarn < 1 || t.TicketEnd <= t.TicketWarn || t.TicketEnd < minTicketIdle || t.TicketEnd > maxTicketIdle {
		return Invalid("idle.ticket")
	}
	return nil
}

// of gives the two times of a conversation as it is carried on now.
func (t IdleTimes) of(cv Conversation) (warn, end time.Duration) {
	if cv.Status == Active {
		return time.Duration(t.ChatWarn) * time.Minute, time.Duration(t.ChatEnd) * time.Minute
	}
	return time.Duration(t.TicketWarn) * time.Minute, time.Duration(t.TicketEnd) * time.Minute
}

// IdleRow is a conversation that may be idle.
type IdleRow struct {
	Conversation
	ToldFor time.Time // the visitor was warned for the silence that began then
	Since   time.Time // it counts from here if that is later than the last message
}

// Silence is when the visitor's turn began, as far as it counts: whoever is served by somebody else has his whole time.
func (r IdleRow) Silence() time.Time { return later(later(r.LastMessageAt, r.ClaimedAt), r.Since) }

// IdleDo is what is to be done about a silence.
type IdleDo string

// One thing at a time: nobody's conversation ends in the look that warns him.
const (
	IdleNothing IdleDo = ""
	IdleWarn    IdleDo = "warn"
	IdleEnd     IdleDo = "end"
)

// IdleStep says what is to be done now. The silence counts only while it is the visitor's turn and the conversation does
// not sleep: what he has asked never ends unanswered. It ends only after a warning, and not before the time that the
// warning left him.
func IdleStep(r IdleRow, t IdleTimes, now time.Time) IdleDo {
	theirs := r.Status == Active || r.Status == Waiting
	if !theirs || r.Snoozed() || r.LastAuthor == RoleVisitor || r.LastAuthor == "" {
		return IdleNothing
	}
	warn, end := t.of(r.Conversation)
	quiet := now.Sub(r.Silence())
	switch told := r.ToldFor.Equal(r.Silence()); {
	case told && quiet >= end:
		return IdleEnd
	case !told && quiet >= warn:
		return IdleWarn
	}
	return IdleNothing
}

// IdleStore holds what was done about silences.
type IdleStore interface {
	// ForgetLooks forgets the jobs of looks that were done before then.
	ForgetLooks(ctx context.Context, before time.Time) error
	// IdleRows gives conversations whose last message is older than these, of chats and of tickets, in order of it, at
	// most limit; after = the last one of the page before.
	IdleRows(ctx context.Context, chats, tickets time.Time, after IdleRow, limit int) ([]IdleRow, error)
	// WarnIdle tells both sides that the conversation ends then, once for its silence, with the mail that says it too.
	// Errors: conflict if the row has moved since it was looked at.
	WarnIdle(ctx context.Context, r IdleRow, until time.Time, m *Mail, now time.Time) ([]Event, error)
	// EndIdle closes it. Errors: conflict as above.
	EndIdle(ctx context.Context, r IdleRow, o Outcome, now time.Time) ([]Event, error)
	// Stay makes the silence of a chat begin anew: its visitor is still there. Errors: not_found, conversation_closed.
	Stay(ctx context.Context, cv ID, by Actor, now time.Time) ([]Event, error)
}

const (
	idleEvery = 20 * time.Second
	idleKept  = time.Hour       // looks are 4,320 a day
	idleRenew = 5 * time.Minute // a multiple of idleEvery: what goes on already is not begun twice
	idlePage  = 200
)

// Stay says that the visitor of a chat is still there: its end by silence is put off. Errors: not_found, forbidden,
// conversation_closed.
func (s *Service) Stay(ctx context.Context, c Caller, id ID) error {
	if c.Staff() {
		return Forbidden()
	}
	cv, err := s.access(ctx, c, id)
	if err != nil {
		return err
	}
	now, err := s.Store.Now(ctx)
	if err != nil {
		return err
	}
	events, err := s.Store.Stay(ctx, cv.ID, c.Actor, now)
	if err != nil {
		return err
	}
	s.publish(ctx, events...)
	return nil
}

// keepIdle makes sure, now and then, that somebody looks for silent conversations: a node of a version before does not
// know the job, and stops it for all.
func (r *Runner) keepIdle(ctx context.Context, now time.Time) error {
	slot := now.Truncate(idleRenew)
	if slot.Equal(r.idleSlot) {
		return nil
	}
	err := r.appoint(ctx, JobIdle, slot)
	if err == nil {
		r.idleSlot = slot
	}
	return err
}

// idle warns and ends what has been silent for too long, and leaves the next look behind.
func (s *Service) idle(ctx context.Context, j Job) error {
	now, err := s.Store.Now(ctx)
	if err != nil {
		return err
	}
	// First, so that a look that fails is not the last. Looks that nobody made while no node ran are not made up for.
	if err := s.appoint(ctx, JobIdle, later(j.Due, now.Truncate(idleEvery)).Add(idleEvery)); err != nil {
		return err
	}
	if j.Due.Truncate(idleKept).Equal(j.Due) {
		if err := s.Store.ForgetLooks(ctx, now.Add(-idleKept)); err != nil {
			return err
		}
	}
	times, chats, tickets, err := s.idleTimes(ctx, now)
	if err != nil {
		return err
	}
	for after := (IdleRow{}); ; {
		rows, err := s.Store.IdleRows(ctx, chats, tickets, after, idlePage)
		if err != nil {
			return err
		}
		for _, r := range rows {
			switch err := s.idleStep(ctx, r, times[r.Mailbox], now); CodeOf(err) {
			case "", "conflict":
			case "unavailable", "internal":
				return err
			default: // one that nothing can be done about must not stand in the way of the others
				s.Log.Error("a silent conversation", "conversation", r.ID, "code", CodeOf(err), "err", err)
			}
		}
		if len(rows) < idlePage {
			return nil
		}
		after = rows[len(rows)-1]
	}
}

// idleTimes gives each mailbox's times, and before when the shortest of them let a silence begin.
func (s *Service) idleTimes(ctx context.Context, now time.Time) (of map[ID]IdleTimes, chats, tickets time.Time, err error) {
	boxes, err := s.Store.Mailboxes(ctx)
	of = map[ID]IdleTimes{}
	least := DefaultIdle()
	for _, mb := range boxes {
		t := mb.IdleTimes()
		of[mb.ID] = t
		least.ChatWarn, least.TicketWarn = min(least.ChatWarn, t.ChatWarn), min(least.TicketWarn, t.TicketWarn)
	}
	ago := func(minutes int) time.Time { return now.Add(-time.Duration(minutes) * time.Minute) }
	return of, ago(least.ChatWarn), ago(least.TicketWarn), err
}

func (s *Service) idleStep(ctx context.Context, r IdleRow, t IdleTimes, now time.Time) error {
	var events []Event
	var err error
	switch IdleStep(r, t, now) {
	case IdleNothing:
		return nil
	case IdleWarn:
		warn, end := t.of(r.Conversation)
		until := later(r.Silence().Add(end), now.Add(end-warn)) // late, it still leaves him the time between both
		var m *Mail
		if m, err = s.reminder(ctx, r.Conversation, until, now); err != nil {
			return err
		}
		r.Since = until.Add(-end)
		events, err = s.Store.WarnIdle(ctx, r, until, m, now)
	case IdleEnd:
		var o Outcome
		if o, err = s.ProposedOutcome(ctx, r.ID); err != nil {
			return err
		}
		events, err = s.Store.EndIdle(ctx, r, o, now)
	}
	if err != nil {
		return err
	}
	s.publish(ctx, events...)
	s.wake()
	return nil
}

// reminder makes the mail of a ticket's warning: only to a confirmed address, one that has written to us proven
// (mail-and-routing.md 1.6). Nil = there is none.
func (s *Service) reminder(ctx context.Context, cv Conversation, until, now time.Time) (*Mail, error) {
	reminds, ok := s.Composer.(Reminders)
	if cv.Channel != ByEmail || cv.Claimed.Email == "" || !ok {
		return nil, nil
	}
	events, err := s.Store.EventsBefore(ctx, string(cv.ID), 0, maxTried)
	if err != nil || !confirmed(events) {
		return nil, err
	}
	mb, err := s.Store.Mailbox(ctx, cv.Mailbox)
	if err != nil {
		return nil, err
	}
	id, err := NewID(PrefixMessage, now, s.Rand)
	if err != nil {
		return nil, err
	}
	m, err := reminds.Remind(cv, mb, id, until, now)
	if err != nil { // an address that cannot be written to: the widget says it all the same
		s.Log.Warn("make a reminder", "conversation", cv.ID, "code", CodeOf(err))
		return nil, nil
	}
	return &m, nil
}

// confirmed reports whether the ticket's address has written to us, proven to be its own.
func confirmed(events []Event) bool {
	for _, e := range events {
		var m Message
		if e.Kind == (MessageCreated{}).Kind() && e.Actor.Role == RoleVisitor && json.Unmarshal(e.Payload, &m) == nil &&
			m.Via == "email" && !m.Unproven {
			return true
		}
	}
	return false
}

// Reminders is a Composer that makes automatic mails too: each says that it is one, so that no program answers it.
type Reminders interface {
	Remind(cv Conversation, mb Mailbox, id ID, until, now time.Time) (Mail, error)
}
