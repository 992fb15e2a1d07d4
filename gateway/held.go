package gateway

import (
	"context"
	"slices"
	"time"

	"github.com/postern-chat/postern/verify"
)

// HeldState says what became of a message that the leak guard kept back.
type HeldState string

// Waiting messages keep their text; at any end it is erased, but for a released one's, which is a message then.
const (
	HeldWaiting   HeldState = "held"
	HeldWithdrawn HeldState = "withdrawn"
	HeldReleased  HeldState = "released"
	HeldBlocked   HeldState = "blocked" // never had a text: a live key is not stored
)

// LeakHolds is how many holds freeze a conversation: every gate verb in it is refused from then on (T25).
const LeakHolds = 3

// Held is an agent's message that was kept back. Its text is for the author and for whoever may release it, and in
// no event.
type Held struct {
	Message      Message
	Conversation ID
	Author       Actor
	Kinds        []LeakKind
	State        HeldState
	Quiet        bool // side-access mode: its author is not told why it waits
	At           time.Time
}

// For gives what one of the staff may see of a held message: its text only who wrote it or may release it, the kinds
// of a quiet one only who may release it and did not write it.
func (h Held) For(a Actor) Held {
	judge := Allowed(a.Role, VerbReleaseHeld)
	if h.Author.ID != a.ID && !judge {
		h.Message = Message{ID: h.Message.ID}
	}
	if h.Quiet && (!judge || h.Author.ID == a.ID) {
		h.Kinds = nil
	}
	return h
}

// Hold is what Store.Hold carries out: keep the message, tell the staff, note it in the log, and freeze the
// conversation with the third one.
type Hold struct {
	Held
	MustAgent ID          // refuse not_assignee unless unassigned or this agent's
	Leaf      verify.Leaf // line of the log; it names the kind, not the text
	Counts    bool        // towards LeakHolds: not when the guard itself failed
}

// Release is a held message on its way to the visitor after all.
type Release struct {
	Message ID
	By      Actor
	Reason  string // the supervisor's, for the staff
	Payload MessageCreated
	Mail    *Mail
}

// hold keeps an agent's message back. The same ClientID again gives the same answer.
func (s *Service) hold(ctx context.Context, c Caller, a Append, v Verdict) (Sent, error) {
	m := a.Payload.(MessageCreated).Message
	h := Hold{
		Held:      Held{Message: m, Conversation: a.Conversation, Author: c.Actor, Kinds: v.Kinds, State: HeldWaiting, Quiet: v.Quiet && v.counts() && v.Action == LeakHold, At: a.At},
		MustAgent: a.MustAgent, Leaf: leakLeaf(c, a, v), Counts: v.counts(),
	}
	if v.Action == LeakBlock {
		h.State, h.Message = HeldBlocked, Message{ID: m.ID, ClientID: m.ClientID}
	}
	held, sent, events, err := s.Store.Hold(ctx, h, a.At)
	if err != nil {
		return Sent{}, err
	}
	if sent.ID != "" { // stored before: the reply was lost
		return Sent{Event: sent}, repeated(a, sent)
	}
	if held.Message.ID != h.Message.ID {
		return heldAgain(a, held)
	}
	s.publish(ctx, events...)
	return Sent{Held: &held}, nil
}

// heldAgain answers for a client id under which a message was held before. Other words are refused, whatever the guard
// says to them: "stored" would tell that they are not what the first ones were held for.
func heldAgain(a Append, was Held) (Sent, error) {
	if m, ok := a.Payload.(MessageCreated); ok && was.Message.Text != "" {
		if err := sameMessage(was.Message, m.Message, true); err != nil {
			return Sent{}, err
		}
	}
	return Sent{Held: &was}, nil
}

// counts reports whether text was found: neither a guard that failed nor a file is a guess at a fact.
func (v Verdict) counts() bool {
	return slices.ContainsFunc(v.Kinds, func(k LeakKind) bool { return k != LeakDown && k != LeakFile })
}

// leakLeaf is the log's line about a hold: who, where and which kind, never the text.
func leakLeaf(c Caller, a Append, v Verdict) verify.Leaf {
	reason := verify.Reason("leak." + string(v.Kinds[0]))
	switch {
	case v.Kinds[0] == LeakDown:
		reason = verify.GuardUnavailable
	case v.Kinds[0] == LeakFile:
		reason = verify.AttachmentUnproven
	case v.Foreign:
		reason = "leak.foreign"
	}
	l := verify.Leaf{V: "1", Actor: string(c.Actor.ID), Role: verify.Role(c.Actor.Role), Conversation: string(a.Conversation), Reason: reason}
	return l.Stamp(a.At)
}

// HeldIn lists the messages that wait in a conversation, oldest first. The text is left out for whoever is neither
// its author nor may release it.
func (s *Service) HeldIn(ctx context.Context, c Caller, cv ID) ([]Held, error) {
	if err := c.may(VerbRead); err != nil {
		return nil, err
	}
	if _, err := s.access(ctx, c, cv); err != nil {
		return nil, err
	}
	list, err := s.Store.HeldIn(ctx, cv)
	for i, h := range list {
		list[i] = h.For(c.Actor)
	}
	return list, err
}

// WithdrawHeld ends a held message and erases its text: the author's right, and of whoever may release it.
// Errors: forbidden, not_found, conflict (it has ended).
func (s *Service) WithdrawHeld(ctx context.Context, c Caller, message ID) error {
	h, err := s.held(ctx, c, message)
	if err != nil {
		return err
	}
	if h.Author.ID != c.Actor.ID && !Allowed(c.Actor.Role, VerbReleaseHeld) {
		return Forbidden()
	}
	now, err := s.Store.Now(ctx)
	if err != nil {
		return err
	}
	events, err := s.Store.WithdrawHeld(ctx, message, c.Actor, now)
	if err != nil {
		return err
	}
	s.publish(ctx, events...)
	return nil
}

// ReleaseHeld sends a held message after all, with a reason, by somebody who did not write it.
// Errors: forbidden (role, four_eyes), invalid (also for a file that is gone), not_found, conflict (it has ended),
// conversation_closed, proof_required (attachment.unproven): a file waits for a login, nobody can let it through.
func (s *Service) ReleaseHeld(ctx context.Context, c Caller, message ID, reason string) error {
	if err := c.may(VerbReleaseHeld); err != nil {
		return err
	}
	if err := CheckText("reason", reason, 200); err != nil {
		return err
	}
	h, err := s.held(ctx, c, message)
	if err != nil {
		return err
	}
	if h.Author.ID == c.Actor.ID {
		return &Error{Is: "forbidden", Why: string(verify.FourEyes)}
	}
	cv, err := s.Store.Conversation(ctx, h.Conversation)
	if err != nil {
		return err
	}
	if unproven, err := s.unprovenFiles(ctx, cv, h.Message); err != nil {
		return err
	} else if unproven {
		return &Error{Is: "proof_required", Why: string(verify.AttachmentUnproven)}
	}
	now, err := s.Store.Now(ctx)
	if err != nil {
		return err
	}
	r := Release{Message: message, By: c.Actor, Reason: reason, Payload: MessageCreated{h.Message}}
	if r.Mail, err = s.compose(ctx, cv, h.Message.Name, h.Message, nil, now); err != nil {
		return err
	}
	events, err := s.Store.ReleaseHeld(ctx, r, now)
	if err != nil {
		return err
	}
	s.publish(ctx, events...)
	s.touch(ctx, cv.Mailbox, cv.ID, nil)
	s.sentLater(ctx, cv, h.Message, now)
	return nil
}

// held reads a waiting message of a conversation that the caller may see. Errors: not_found, conflict.
func (s *Service) held(ctx context.Context, c Caller, message ID) (Held, error) {
	if err := c.may(VerbReply); err != nil {
		return Held{}, err
	}
	h, err := s.Store.Held(ctx, message)
	if err != nil {
		return Held{}, err
	}
	if _, err := s.access(ctx, c, h.Conversation); err != nil {
		return Held{}, err
	}
	if h.State != HeldWaiting {
		return Held{}, Conflict()
	}
	return h, nil
}
