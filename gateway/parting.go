package gateway

import (
	"context"
	"encoding/json"
	"strings"
	"time"
)

// UndoFor is how long an agent can take back what he sent in a ticket (product.md §2).
const UndoFor = 5 * time.Second

// PartingState says what became of an answer that could be taken back.
type PartingState string

// Only a waiting one has its text; one that was sent is a message, one that was held stands among those.
const (
	PartingWaiting PartingState = "waiting"
	PartingSent    PartingState = "sent"
	PartingUndone  PartingState = "undone"
	PartingHeld    PartingState = "held"
)

// Then is what becomes of a ticket once an answer to it has gone.
type Then struct {
	Close   bool     `json:"close,omitempty"`
	Outcome Outcome  `json:"outcome,omitempty"` // "" = by what was said
	Reason  string   `json:"reason,omitempty"`  // "" = the outcome
	Snooze  int64    `json:"snooze,omitempty"`  // unix ms until when it sleeps, 0 = not at all
	Cc      []string `json:"cc,omitempty"`      // who else gets its mail
}

// Parting is an agent's answer in a ticket that he can still take back. Until it goes it stands in no event: no
// visitor has it, and what was never numbered leaves no gap when it is undone.
type Parting struct {
	Message      Message
	Conversation ID
	Author       Actor
	State        PartingState
	Then         Then
	At           time.Time
	Due          time.Time // it goes then
}

// Part is what Store.KeepParting carries out.
type Part struct {
	Parting
	MustAgent ID     // refuse not_assignee unless unassigned or this agent's; the first answer claims
	Said      uint64 // refuse conflict (SaidMore) if an agent's message stands after this number
}

// Departure is an answer on its way to the visitor.
type Departure struct {
	Message ID
	Payload MessageCreated
	Mail    *Mail
	Said    uint64
	Then    Then // with the outcome settled
}

// PartingStore keeps the answers that can still be taken back.
type PartingStore interface {
	// KeepParting keeps an answer and leaves its job; the staff's side is told (message.posted). Of one ticket one waits: while
	// there is another it refuses (SaidMore). The same ClientID again gives what became of it, and changes nothing.
	// Errors: not_found, conversation_closed, not_assignee, invalid state (no ticket), conflict (also SaidMore).
	KeepParting(ctx context.Context, p Part, now time.Time) (Parting, []Event, error)
	// Parting reads one, with its text while it waits. Errors: not_found.
	Parting(ctx context.Context, message ID) (Parting, error)
	// PartingsIn reads those that wait in a conversation.
	PartingsIn(ctx context.Context, cv ID) ([]Parting, error)
	// UndoParting takes one back that waits, and erases its text: of undo and departure exactly one comes about.
	// Errors: not_found, gone.
	UndoParting(ctx context.Context, message ID, by Actor, now time.Time) (Parting, []Event, error)
	// Depart stores one that waits as its author's message, with its files and its mail, and does what is to become of the
	// ticket, unless the visitor has written meanwhile: then it stays open. Told again, it changes nothing.
	// Errors: not_found, conflict (SaidMore), invalid for a file that is not there any more.
	Depart(ctx context.Context, d Departure, now time.Time) ([]Event, error)
	// PartingsDue gives those that wait though their time was over before then, at most limit.
	PartingsDue(ctx context.Context, before time.Time, limit int) ([]Parting, error)
	// HoldParting ends one that waits because the leak guard keeps it.
	HoldParting(ctx context.Context, message ID) error
}

// Parted is what became of an answer: kept for a while, or kept back by the leak guard.
type Parted struct {
	Parting
	Held *Held // not nil: nobody but the staff has it, and nothing becomes of the ticket
}

// SendTicket keeps an agent's answer in a ticket for UndoFor, then sends it by the widget and by mail and does what
// then says, all in one transaction. It may be taken back until then (UndoSend).
// Errors: those of SendMessage; invalid in a chat, and for what then says.
func (s *Service) SendTicket(ctx context.Context, c Caller, in Send, then Then) (Parted, error) {
	if err := c.may(VerbReply); err != nil {
		return Parted{}, err
	}
	if err := in.check(); err != nil {
		return Parted{}, err
	}
	for try := 1; ; try++ {
		p, err := s.sendTicket(ctx, c, in, then)
		if !SaidMore(err) || try == sendTries {
			return p, err
		}
		s.Tails.forget(in.Conversation)
	}
}

func (s *Service) sendTicket(ctx context.Context, c Caller, in Send, then Then) (Parted, error) {
	cv, err := s.access(ctx, c, in.Conversation)
	if err != nil {
		return Parted{}, err
	}
	if cv.Number == 0 {
		return Parted{}, InvalidState(string(cv.Status))
	}
	if then, err = s.settleThen(ctx, cv, then); err != nil {
		return Parted{}, err
	}
	if err := s.departAll(ctx, cv, in.ClientID); err != nil {
		return Parted{}, err
	}
	a, v, err := s.messageAppend(ctx, c, cv, in)
	if err != nil {
		return Parted{}, err
	}
	if v.Action == LeakHold || v.Action == LeakBlock {
		sent, err := s.hold(ctx, c, a, v)
		if err != nil || sent.Held == nil {
			return Parted{Parting: Parting{State: PartingSent}}, err
		}
		return Parted{Held: sent.Held}, nil
	}
	now, err := s.Store.Now(ctx)
	if err != nil {
		return Parted{}, err
	}
	m := a.Payload.(MessageCreated).Message
	if a.Mail != nil {
		then.Cc = a.Mail.Cc
	}
	p, events, err := s.Store.KeepParting(ctx, Part{
		Parting:   Parting{Message: m, Conversation: cv.ID, Author: c.Actor, State: PartingWaiting, Then: then, At: now, Due: now.Add(UndoFor)},
		MustAgent: a.MustAgent, Said: a.Said,
	}, now)
	if err != nil {
		return Parted{}, err
	}
	if p.State == PartingWaiting && p.Message.ID != m.ID {
		if err := sameMessage(p.Message, m, true); err != nil {
			return Parted{}, err
		}
	}
	s.publish(ctx, events...)
	return Parted{Parting: p}, nil
}

// settleThen checks what is to become of a ticket, and fills in what its reason says.
func (s *Service) settleThen(ctx context.Context, cv Conversation, then Then) (Then, error) {
	if then.Close && then.Snooze != 0 {
		return then, Invalid("snooze")
	}
	if !then.Close {
		then.Outcome, then.Reason = "", ""
		if then.Snooze == 0 {
			return then, nil
		}
		now, err := s.Store.Now(ctx)
		if err != nil {
			return then, err
		}
		return then, checkSnooze(time.UnixMilli(then.Snooze), now)
	}
	if then.Outcome == "" && then.Reason == "" {
		return then, nil
	}
	mb, err := s.Store.Mailbox(ctx, cv.Mailbox)
	if err != nil {
		return then, err
	}
	then.Outcome, then.Reason, err = closing(mb, then.Outcome, then.Reason)
	return then, err
}

// departAll sends what can still be taken back in a ticket: whatever comes next must stand behind it. The same message
// once more (but, its client id) pushes nothing out.
func (s *Service) departAll(ctx context.Context, cv Conversation, but string) error {
	if cv.Number == 0 {
		return nil
	}
	list, err := s.Store.PartingsIn(ctx, cv.ID)
	if err != nil {
		return err
	}
	for _, p := range list {
		if but != "" && p.Message.ClientID == but {
			continue
		}
		if err := s.depart(ctx, p.Message.ID); err != nil {
			return err
		}
	}
	return nil
}

// departJob is the job of an answer whose time to be taken back is over.
func (s *Service) departJob(ctx context.Context, j Job) error {
	return s.depart(ctx, ID(strings.TrimPrefix(j.ID, "part:")))
}

// depart sends an answer that waits. It is judged anew together with what was said since it was written: two halves of
// a fact must not pass beside each other.
func (s *Service) depart(ctx context.Context, message ID) error {
	for try := 1; ; try++ {
		err := s.departOnce(ctx, message)
		if !SaidMore(err) || try == sendTries {
			return err
		}
	}
}

func (s *Service) departOnce(ctx context.Context, message ID) error {
	p, err := s.Store.Parting(ctx, message)
	if err != nil || p.State != PartingWaiting {
		return err
	}
	cv, err := s.Store.Conversation(ctx, p.Conversation)
	if err != nil {
		return err
	}
	s.Tails.forget(cv.ID)
	d := Departure{Message: message, Then: p.Then, Payload: MessageCreated{p.Message}}
	v, said, err := s.judge(ctx, cv, p.Message, nil)
	if err != nil {
		return err
	}
	d.Said = said
	switch v.Action {
	case LeakHold, LeakBlock:
		return s.holdParting(ctx, p, v)
	case LeakRedact:
		d.Payload.Text, d.Payload.Nodes = v.Text, s.Markdown(v.Text)
	}
	if d.Then, err = s.settleOutcome(ctx, cv, d); err != nil {
		return err
	}
	now, err := s.Store.Now(ctx)
	if err != nil {
		return err
	}
	if d.Mail, err = s.compose(ctx, cv, p.Message.Name, d.Payload.Message, p.Then.Cc, now); err != nil {
		return err
	}
	events, err := s.Store.Depart(ctx, d, now)
	if err != nil {
		return err
	}
	s.departed(ctx, cv, d, events)
	return nil
}

// settleOutcome fills in how a ticket ends that nobody said it of: by what was said, this answer included.
func (s *Service) settleOutcome(ctx context.Context, cv Conversation, d Departure) (Then, error) {
	then := d.Then
	if !then.Close {
		return then, nil
	}
	if then.Outcome == "" {
		var err error
		if then.Outcome, err = s.ProposedOutcome(ctx, cv.ID, d.Payload.Message); err != nil {
			return then, err
		}
	}
	if then.Reason == "" {
		then.Reason = string(then.Outcome)
	}
	return then, nil
}

func (s *Service) departed(ctx context.Context, cv Conversation, d Departure, events []Event) {
	if len(events) == 0 {
		return
	}
	s.Tails.forget(cv.ID)
	s.publish(ctx, events...)
	s.touch(ctx, cv.Mailbox, cv.ID, nil)
	s.sentLater(ctx, cv, d.Payload.Message, events[0].At)
	if d.Then.Close && d.Then.Outcome == Resolved {
		if err := s.learnSent(ctx, cv); err != nil {
			s.Log.Warn("learn from a conversation", "code", CodeOf(err))
		}
	}
}

// holdParting keeps an answer back that the leak guard let pass alone, but not beside what was said since.
func (s *Service) holdParting(ctx context.Context, p Parting, v Verdict) error {
	a := Append{
		Conversation: p.Conversation, Actor: p.Author, ClientID: p.Message.ClientID, At: p.At, Payload: MessageCreated{p.Message},
	}
	if _, err := s.hold(ctx, Caller{Actor: p.Author, Name: p.Message.Name}, a, v); err != nil {
		return err
	}
	return s.Store.HoldParting(ctx, p.Message.ID)
}

// overdue is for how long a job may be late before the sweep does its work: a node of a version before does not know
// it and stops it.
const overdue = 20 * time.Second

// lateParts sends what no job has sent.
func (s *Service) lateParts(ctx context.Context, now time.Time) error {
	list, err := s.Store.PartingsDue(ctx, now.Add(-overdue), 20)
	if err != nil {
		return err
	}
	for _, p := range list {
		if err := s.depart(ctx, p.Message.ID); err != nil {
			s.Log.Error("send an answer", "message", p.Message.ID, "code", CodeOf(err), "err", err)
		}
	}
	return nil
}

// UndoSend takes an answer back that has not gone yet: the ticket is as before, but for who has it. Its author alone
// may. Errors: not_found, forbidden, gone.
func (s *Service) UndoSend(ctx context.Context, c Caller, message ID) (Parting, error) {
	if err := c.may(VerbReply); err != nil {
		return Parting{}, err
	}
	p, err := s.Store.Parting(ctx, message)
	if err != nil {
		return Parting{}, err
	}
	cv, err := s.access(ctx, c, p.Conversation)
	if err != nil {
		return Parting{}, err
	}
	if p.Author.ID != c.Actor.ID {
		return Parting{}, Forbidden()
	}
	now, err := s.Store.Now(ctx)
	if err != nil {
		return Parting{}, err
	}
	p, events, err := s.Store.UndoParting(ctx, message, c.Actor, now)
	if err != nil {
		return Parting{}, err
	}
	s.publish(ctx, events...)
	s.touch(ctx, cv.Mailbox, cv.ID, nil)
	return p, nil
}

// PartingsIn lists what can still be taken back in a conversation. Errors: forbidden, not_found.
func (s *Service) PartingsIn(ctx context.Context, c Caller, id ID) ([]Parting, error) {
	if err := c.may(VerbRead); err != nil {
		return nil, err
	}
	cv, err := s.access(ctx, c, id)
	if err != nil || cv.Number == 0 {
		return nil, err
	}
	return s.Store.PartingsIn(ctx, cv.ID)
}

// PartingJob is the job that sends an answer once it cannot be taken back any more.
func PartingJob(p Parting) (Job, error) {
	payload, err := json.Marshal(mailJob{Message: p.Message.ID})
	if err != nil {
		return Job{}, Internal("encode a job", err)
	}
	return Job{ID: "part:" + string(p.Message.ID), Kind: JobPart, Due: p.Due, Payload: payload}, nil
}
