package gateway

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"time"

	"github.com/postern-chat/postern/kb"
	"github.com/postern-chat/postern/verify"
)

// Service is every verb of the gateway. Its fields are set once, before the first call.
type Service struct {
	Store    Store
	Bus      Bus
	Outbox   *Outbox // hints on their way to Bus; nil = each waits for it
	Articles kb.Store
	Index    *kb.Index
	Markdown func(text string) []kb.Node // typed text → tree; total, bounded
	Page     func(text string) []kb.Node // an article's text → tree: with escapes and references, unlike a message's
	Sniff    func(head []byte) string    // media type by content (WHATWG MIME Sniffing)
	Composer Composer                    // an agent's answer → the bytes of a mail
	Rating   RateTokens                  // the rating links in those mails; nil = there are none
	// Continuing reads the links by which those mails lead into a chat; nil = there are none.
	Continuing ContinueTokens
	Mail       Channel
	Letters    Letters                       // to the staff; nil = there are none
	Hooks      Hooks                         // nil = nobody outside is told of anything
	Guard      *verify.Guard                 // the only door to a change; nil or unfinished = changes are off
	Leaks      *LeakGuard                    // reads every text that goes to a visitor; nil = each is held
	Rights     *RightsMemory                 // spares reading what agents' messages are let in by; needed
	Clocks     *ClockMemory                  // spares reading what clocks are told from; nil = nothing
	AtOnce     *AtOnceMemory                 // spares reading the words that go to management; nil = nothing
	Tails      *LeakTails                    // spares the guard's reads; nil = none
	Side       *SideAccess                   // hashed facts of claimed identities; nil = the mode is off
	Assist     *Assist                       // nil = no language model helps
	Policy     func() (verify.Policy, error) // with an error changes are off; hosts and sources are given all the same
	Sessions   map[string]verify.Key         // host entry → key of its session tokens; its ID is the entry's name
	Legacy     map[string][]byte             // host entry → secret of its old identities (IdentifyLegacy)
	Now        func() time.Time
	Rand       io.Reader
	Log        *slog.Logger
	// RestoredAt is when the database was restored from a copy, zero = never: what was signed before may be used up.
	RestoredAt time.Time

	// Emit hands stored events, encoded, to this node's sockets; set by web. Nil = none listen.
	Emit func([]Emitted)
	// Touched tells the consoles, here and elsewhere, that a conversation's row looks different now; row is what it is,
	// without its heads, if that is known. Set by web; nil = the bus is told.
	Touched func(mailbox, cv ID, row *Conversation)
	// OnJob is told how much later than due a job begins; nil = nobody counts.
	OnJob func(late time.Duration)
	// Wake says that routing should look again now; set by Runner.
	Wake func()
}

// Composer makes a mail of what was written: fixed bytes, so that each retry is the same mail.
type Composer interface {
	Compose(w Writing) (Mail, error)
	// Confirm makes the mail that says that one has come and is a ticket now. id becomes the mail's own; messageID names
	// the one that came, "" = it had no name.
	Confirm(cv Conversation, mb Mailbox, id ID, messageID string, now time.Time) (Mail, error)
}

// Letters makes a mail to one of the staff that belongs to no conversation. what names its text: policy.
type Letters interface {
	Letter(id, from string, to Agent, what string, now time.Time) (Mail, error)
	// Report is an escalation's report to an address that an admin has named, in English.
	Report(id, from, to string, r ReportLetter, now time.Time) (Mail, error)
}

// Caller is who asks, as the transport has authenticated him.
type Caller struct {
	Actor   Actor
	Name    string // agent's name
	Visitor Visitor
	Mailbox ID // the mailbox of a visitor's widget
	// SteppedAt is the session's last step-up on this device, zero = none (Session.Stepped).
	SteppedAt time.Time
}

// Staff reports whether an agent of whatever role asks.
func (c Caller) Staff() bool { return c.Actor.ID.Is(PrefixAgent) }

// System is the actor of timers and jobs.
func System() Actor { return Actor{Role: RoleSystem} }

// may refuses what the table of policy.go does not allow.
func (c Caller) may(v Verb) error {
	if !c.Staff() || !Allowed(c.Actor.Role, v) {
		return Forbidden()
	}
	return nil
}

// publish tells this node's sockets and the other nodes what was stored. It runs after the commit only; a
// lost hint is found by number.
func (s *Service) publish(ctx context.Context, events ...Event) {
	if len(events) == 0 {
		return
	}
	out := make([]Emitted, len(events))
	for i, e := range events {
		out[i].Hint = hintOf(e)
	}
	s.emit(out)
	for _, e := range events {
		if ID(e.Topic).Is(PrefixMailbox) {
			s.touchOf(ctx, e)
		}
	}
}

// Publish is for events that a settings route stored itself.
func (s *Service) Publish(ctx context.Context, events ...Event) { s.publish(ctx, events...) }

// touchOf reads which conversation an event of a mailbox's topic speaks of.
func (s *Service) touchOf(ctx context.Context, e Event) {
	var p struct {
		Conversation ID `json:"conversation"`
	}
	if json.Unmarshal(e.Payload, &p) == nil && p.Conversation != "" {
		s.touch(ctx, ID(e.Topic), p.Conversation, nil)
	}
}

// touch tells the consoles of a mailbox that one of its rows looks different now. It may get lost: the next
// change, or opening the list, shows it.
func (s *Service) touch(ctx context.Context, mailbox, cv ID, row *Conversation) {
	if s.Touched != nil {
		s.Touched(mailbox, cv, row)
		return
	}
	note, err := json.Marshal(map[string]ID{"touched": cv})
	if err == nil {
		err = s.Bus.Publish(context.WithoutCancel(ctx), Hint{Topic: string(mailbox), Note: note})
	}
	if err != nil {
		s.Log.Warn("touch", "conversation", cv, "code", CodeOf(err))
	}
}

func (s *Service) wake() {
	if s.Wake != nil {
		s.Wake()
	}
}

// access reads a conversation that the caller may see; anything else is not_found.
func (s *Service) access(ctx context.Context, c Caller, id ID) (Conversation, error) {
	if !id.Is(PrefixConversation) {
		return Conversation{}, NotFound()
	}
	cv, err := s.Store.Conversation(ctx, id)
	if err != nil {
		return Conversation{}, err
	}
	if !c.Staff() {
		if c.Visitor.ID == "" || cv.Visitor != c.Visitor.ID {
			return Conversation{}, NotFound()
		}
		return cv, nil
	}
	if err := c.may(VerbRead); err != nil {
		return Conversation{}, err
	}
	ok, err := s.inMailbox(ctx, c, cv.Mailbox)
	if err != nil {
		return Conversation{}, err
	}
	if !ok && cv.Assignee != c.Actor.ID {
		return Conversation{}, NotFound()
	}
	return cv, nil
}

// inMailbox reports whether the agent works in the mailbox; supervisors and admins see all.
func (s *Service) inMailbox(ctx context.Context, c Caller, mailbox ID) (bool, error) {
	if c.Actor.Role == RoleSupervisor || c.Actor.Role == RoleAdmin {
		return true, nil
	}
	ms, err := s.Store.Memberships(ctx, c.Actor.ID, mailbox)
	return len(ms) > 0, err
}

// Conversation reads one that the caller may see. Errors: not_found.
func (s *Service) Conversation(ctx context.Context, c Caller, id ID) (Conversation, error) {
	return s.access(ctx, c, id)
}

// MayWatch reports whether the caller may follow a topic. Errors: not_found.
func (s *Service) MayWatch(ctx context.Context, c Caller, topic string) error {
	id := ID(topic)
	switch {
	case id.Is(PrefixConversation):
		_, err := s.access(ctx, c, id)
		return err
	case len(topic) > 6 && topic[len(topic)-6:] == "/staff" && c.Staff():
		_, err := s.access(ctx, c, ID(topic[:len(topic)-6]))
		return err
	case id.Is(PrefixMailbox) && c.Staff():
		ok, err := s.inMailbox(ctx, c, id)
		if err == nil && !ok {
			err = NotFound()
		}
		return err
	case id.Is(PrefixAgent) && id == c.Actor.ID, topic == "settings" && c.Staff(), topic == "kb":
		return nil
	}
	return NotFound()
}
