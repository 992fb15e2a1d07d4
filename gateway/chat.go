package gateway

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/postern-chat/postern/kb"
)

// StartInput is what a visitor begins a conversation with.
type StartInput struct {
	CommandID string
	ClientID  string
	Text      string // "" = queued, the first words come later
	Claimed   Claimed
	Page      string
	Browser   string
	Locale    string
	Article   ID   // the article that did not help
	Ticket    bool // the message form
	Searches  []Payload
	Request   string   // of the help center's form: one of RequestTypes, "" = it is none
	Priority  Priority // that its writer asks for, 0 = none; a rule that fits decides in its place
	From      string   // token of the link that led here, "" = none
}

// RequestTypes are what a request of the help center can be about, as its writer says. No change of an account is among
// them: the form proves nothing.
func RequestTypes() []string { return []string{"question", "problem", "idea", "other"} }

// requestField is under what the type stands among what the visitor typed.
const requestField = "request"

// StartConversation opens a conversation, queues it and offers it, or with Ticket stores it as a ticket.
// Errors: invalid, too_large, mailbox_closed, nobody_available (the widget then shows the form).
func (s *Service) StartConversation(ctx context.Context, c Caller, in StartInput) (Conversation, error) {
	if c.Staff() || c.Visitor.ID == "" {
		return Conversation{}, Forbidden()
	}
	mb, err := s.Store.Mailbox(ctx, c.Mailbox)
	if err != nil {
		return Conversation{}, err
	}
	if err := in.check(mb); err != nil {
		return Conversation{}, err
	}
	in.Claimed = in.typed()
	ruled, err := s.ruled(ctx, c, mb, in)
	if err != nil {
		return Conversation{}, err
	}
	mb = ruled.Mailbox
	now, err := s.Store.Now(ctx)
	if err != nil {
		return Conversation{}, err
	}
	if !in.Ticket {
		if err := s.reachable(ctx, mb, now); err != nil {
			return Conversation{}, err
		}
	}
	st, err := s.start(c, mb, in, now)
	if err != nil {
		return Conversation{}, err
	}
	st.Priority = ruled.Priority
	if ruled.Rule < 0 && in.Priority != 0 {
		st.Priority = in.Priority
	}
	if err := s.typed(ctx, &st, ruled.Type); err != nil {
		return Conversation{}, err
	}
	if err := s.goesOn(ctx, &st, in.From); err != nil {
		return Conversation{}, err
	}
	st.Clock = mb.ClocksFrom(st.Priority, c.account(mb), now)
	if st.First != nil {
		if st.Jobs, err = s.Urgent(ctx, st.ID, st.First.ID, st.First.Text, now); err != nil {
			return Conversation{}, err
		}
	}
	cv, events, err := s.Store.StartConversation(ctx, st, now)
	if err != nil {
		return Conversation{}, err
	}
	s.publish(ctx, events...)
	s.wake()
	return cv, nil
}

func (s *Service) start(c Caller, mb Mailbox, in StartInput, now time.Time) (Start, error) {
	id, err := NewID(PrefixConversation, now, s.Rand)
	if err != nil {
		return Start{}, err
	}
	st := Start{
		ID: id, Visitor: c.Visitor.ID, Mailbox: mb.ID, Page: in.Page, Browser: in.Browser, Locale: in.Locale,
		Claimed: in.Claimed, Missed: mb.Missed, Ticket: in.Ticket, CommandID: in.CommandID, Context: in.Searches,
	}
	if in.Text != "" {
		m, err := s.message(in.ClientID, in.Text, now)
		if err != nil {
			return Start{}, err
		}
		st.First, st.Subject = &m, Subject(in.Text)
	}
	return st, nil
}

func (in StartInput) check(mb Mailbox) error {
	if in.CommandID == "" || len(in.CommandID) > MaxClientID || len(in.ClientID) > MaxClientID {
		return Invalid("command_id")
	}
	if in.Ticket || in.Text != "" {
		if err := CheckText("text", in.Text, MaxMessage); err != nil {
			return err
		}
		if in.ClientID == "" {
			return Invalid("client_id")
		}
	}
	if in.Request != "" && !slices.Contains(RequestTypes(), in.Request) {
		return Invalid("type")
	}
	if in.Priority < 0 || in.Priority > Low || in.Priority != 0 && !in.Ticket {
		return Invalid("priority")
	}
	return in.Claimed.check(mb)
}

// typed is what the visitor says of himself and of his request; a field of the mailbox that has that name stays.
func (in StartInput) typed() Claimed {
	cl := in.Claimed
	if _, own := cl.Fields[requestField]; in.Request != "" && !own {
		fields := map[string]string{requestField: in.Request}
		maps.Copy(fields, cl.Fields)
		cl.Fields = fields
	}
	return cl
}

func (cl Claimed) check(mb Mailbox) error {
	if cl.Name != "" {
		if err := CheckText("name", cl.Name, 4*MaxName); err != nil {
			return err
		}
	}
	if cl.Email != "" && !PlausibleEmail(cl.Email) {
		return Invalid("email")
	}
	known := map[string]bool{}
	for _, f := range mb.Fields {
		known[f.Name] = true
		if f.Required && strings.TrimSpace(cl.answer(f.Name)) == "" {
			return Invalid(f.Name)
		}
	}
	for name, v := range cl.Fields {
		if !known[name] {
			return Invalid("fields")
		}
		if v != "" {
			if err := CheckText(name, v, 1<<10); err != nil {
				return err
			}
		}
	}
	return nil
}

// answer is what was typed for a field of the form; name and address are asked once and stand by themselves (P06).
func (cl Claimed) answer(field string) string {
	switch {
	case field == "name" && cl.Name != "":
		return cl.Name
	case field == "email" && cl.Email != "":
		return cl.Email
	}
	return cl.Fields[field]
}

// PlausibleEmail is a form's check, no more: one @, something on both sides, no space or control, at most
// 254 bytes. What an address really is, a login or a signed mail shows.
func PlausibleEmail(s string) bool {
	at := strings.LastIndexByte(s, '@')
	if at < 1 || at > 64 || len(s) > MaxEmail || at == len(s)-1 || strings.ContainsAny(s, " \t\r\n<>,;:\"()\x00") {
		return false
	}
	domain := s[at+1:]
	return CheckText("email", s, MaxEmail) == nil && strings.Count(s, "@") == 1 &&
		!strings.HasPrefix(domain, ".") && !strings.HasSuffix(domain, ".") && !strings.Contains(domain, "..")
}

// Subject makes a ticket's subject of its first words: one line, at most 80 characters.
func Subject(text string) string {
	line := strings.Join(strings.Fields(text), " ")
	r := []rune(line)
	if len(r) <= 80 {
		return line
	}
	cut := string(r[:79])
	if i := strings.LastIndexByte(cut, ' '); i > 40 {
		cut = cut[:i]
	}
	return cut + "…"
}

func (s *Service) message(clientID, text string, now time.Time) (Message, error) {
	id, err := NewID(PrefixMessage, now, s.Rand)
	if err != nil {
		return Message{}, err
	}
	return Message{ID: id, ClientID: clientID, Text: text, Nodes: s.Markdown(text)}, nil
}

// Send is one message of either side.
type Send struct {
	Conversation ID
	ClientID     string
	Text         string
	Files        []ID
	Article      ID     // an article sent as a card
	Guide        string // a change kind whose own page is sent as a card; agents only
	Mentions     []ID
	Holding      bool     // of an agent: it answers nothing yet
	Cc           []string // who else gets a ticket's mail: addresses of Copies; agents only
	Continue     bool     // its mail carries the link to go on in chat; agents only
	// Epoch says up to which epoch an agent's session was remembered (Service.Remembered): then the rest of what lets
	// him in may be, too. Nil = it was read, and all else is.
	Epoch *int64
}

func (in Send) check() error {
	if in.ClientID == "" || len(in.ClientID) > MaxClientID {
		return Invalid("client_id")
	}
	if in.Text == "" && (len(in.Files) > 0 || in.Article != "" || in.Guide != "") {
		return nil
	}
	return CheckText("text", in.Text, MaxMessage)
}

// talk gives the conversation that a message goes to: of a visitor's the id alone, since the append itself
// refuses whoever is not its visitor and needs no row read before it; of staff's the row, which access checks.
func (s *Service) talk(ctx context.Context, c Caller, in Send) (Conversation, error) {
	switch id := in.Conversation; {
	case in.Epoch != nil:
		return s.accessBy(ctx, c, id, *in.Epoch)
	case c.Staff():
		return s.access(ctx, c, id)
	case !id.Is(PrefixConversation) || c.Visitor.ID == "":
		return Conversation{}, NotFound()
	default:
		return Conversation{ID: id, Visitor: c.Visitor.ID}, nil
	}
}

// messageAppend makes what is to be stored. Of an agent's message it gives the guard's verdict too; the mail of a
// ticket's answer is made only if it may go.
func (s *Service) messageAppend(ctx context.Context, c Caller, cv Conversation, in Send) (a Append, v Verdict, err error) {
	now, err := s.moment(ctx)
	if err != nil {
		return Append{}, Verdict{}, err
	}
	text := in.Text
	if c.Staff() {
		if text = WithoutAccount(text); text != in.Text && strings.TrimSpace(text) == "" {
			return Append{}, Verdict{}, Invalid("text")
		}
	}
	m, err := s.message(in.ClientID, text, now)
	if err != nil {
		return Append{}, Verdict{}, err
	}
	if m.Files, err = s.files(ctx, c, cv.ID, in.Files); err != nil {
		return Append{}, Verdict{}, err
	}
	if m.Article, err = s.publicArticle(in.Article); err != nil {
		return Append{}, Verdict{}, err
	}
	ev, err := NewID(PrefixEvent, now, s.Rand)
	if err != nil {
		return Append{}, Verdict{}, err
	}
	a = Append{
		Topic: string(cv.ID), Conversation: cv.ID, Actor: c.Actor, ClientID: in.ClientID, ID: ev, At: now, Counts: true,
	}
	if in.Epoch != nil {
		a.By = &Rights{Epoch: *in.Epoch, Talk: cv}
	}
	if c.Staff() {
		if v, err = s.answer(ctx, c, cv, in, &m, &a); err == nil {
			a.Jobs, err = sentJobs(cv, m, now)
		}
	} else {
		a.MustVisitor = c.Visitor.ID
		a.Jobs, err = s.Urgent(ctx, cv.ID, m.ID, m.Text, now)
	}
	a.Payload = MessageCreated{m}
	return a, v, err
}

// compose makes the mail of an agent's answer in a ticket that has an address; else nil: the answer waits
// in the widget. cc are addresses that Copies gave.
func (s *Service) compose(ctx context.Context, cv Conversation, author string, m Message, cc []string, now time.Time) (*Mail, error) {
	if cv.Channel != ByEmail || cv.Claimed.Email == "" || s.Composer == nil {
		return nil, nil
	}
	mb, err := s.Store.Mailbox(ctx, cv.Mailbox)
	if err != nil {
		return nil, err
	}
	files, err := s.attached(ctx, m.Files)
	if err != nil {
		return nil, err
	}
	mail, err := s.Composer.Compose(Writing{
		Conversation: cv, Mailbox: mb, Author: author, Message: m, Cc: cc, Files: files, At: now,
	})
	if err != nil {
		return nil, err
	}
	return &mail, nil
}

func (s *Service) files(ctx context.Context, c Caller, cv ID, ids []ID) ([]FileRef, error) {
	if len(ids) > 10 {
		return nil, TooLarge("files", 10)
	}
	var refs []FileRef
	for _, id := range ids {
		f, err := s.Store.File(ctx, id)
		if err != nil {
			return nil, err
		}
		own := f.Conversation == cv && f.Owner.ID == c.Actor.ID
		if !own && !(f.Library && c.Staff()) || !f.Complete() || f.Type == "" {
			return nil, Invalid("files")
		}
		refs = append(refs, f.ref())
	}
	return refs, nil
}

// publicArticle checks that an article to be sent is published and public.
func (s *Service) publicArticle(article ID) (ID, error) {
	if article == "" {
		return "", nil
	}
	if _, ok := s.Index.Public(string(article)); !ok {
		return "", NotFound()
	}
	return article, nil
}

// SendNote stores a note on the staff's side. Notes have no way to an outbox. Errors: as SendMessage.
func (s *Service) SendNote(ctx context.Context, c Caller, in Send) (Event, error) {
	if err := c.may(VerbNote); err != nil {
		return Event{}, err
	}
	if err := in.check(); err != nil {
		return Event{}, err
	}
	cv, err := s.access(ctx, c, in.Conversation)
	if err != nil {
		return Event{}, err
	}
	now, err := s.Store.Now(ctx)
	if err != nil {
		return Event{}, err
	}
	m, err := s.message(in.ClientID, in.Text, now)
	if err != nil {
		return Event{}, err
	}
	m.Name, m.Mentions = c.Name, in.Mentions
	hear, err := s.heardOf(ctx, cv, in.Mentions, c.Actor.ID)
	if err != nil {
		return Event{}, err
	}
	return s.append(ctx, Append{
		Topic: cv.ID.Staff(), Conversation: cv.ID, Actor: c.Actor, ClientID: in.ClientID, At: now, Payload: NoteCreated{m}, Hear: hear,
	})
}

// append numbers, stores and publishes one event.
func (s *Service) append(ctx context.Context, a Append) (Event, error) {
	var err error
	if a.ID, err = NewID(PrefixEvent, a.At, s.Rand); err != nil {
		return Event{}, err
	}
	done, err := s.Store.Append(ctx, a)
	if err != nil {
		return Event{}, err
	}
	if err := repeated(a, done.Event); err != nil {
		return Event{}, err
	}
	s.publish(ctx, append([]Event{done.Event}, done.More...)...)
	return done.Event, nil
}

// MarkRead says how far the caller has read. A number above the head is invalid; a lower one than before is
// harmless: readers take the largest.
func (s *Service) MarkRead(ctx context.Context, c Caller, id ID, upTo uint64) error {
	cv, err := s.access(ctx, c, id)
	if err != nil {
		return err
	}
	if upTo == 0 || upTo > cv.Seq {
		return Invalid("up_to")
	}
	now, err := s.Store.Now(ctx)
	if err != nil {
		return err
	}
	_, err = s.append(ctx, Append{
		Topic: string(cv.ID), Conversation: cv.ID, Actor: c.Actor, At: now, Payload: MessageRead{UpTo: upTo},
	})
	return err
}

// Close ends the conversation: a visitor his own, staff one of their mailboxes with an outcome, a reason or both
// (closing). What could still be taken back in a ticket goes first.
// A queued conversation with a visitor's message that nobody accepted is not closed but missed: it becomes a
// ticket (mail-and-routing.md 2.4 b). Errors: not_found, conversation_closed, invalid, not_assignee.
func (s *Service) Close(ctx context.Context, c Caller, id ID, o Outcome, reason string) error {
	cv, err := s.access(ctx, c, id)
	if err != nil {
		return err
	}
	if c.Staff() {
		if o, reason, err = s.mayClose(ctx, c, cv, o, reason); err != nil {
			return err
		}
	} else {
		o, reason = Resolved, "visitor"
		if cv.Status == Queued {
			return s.Miss(ctx, cv, "left")
		}
	}
	if err := s.departAll(ctx, cv, ""); err != nil {
		return err
	}
	now, err := s.Store.Now(ctx)
	if err != nil {
		return err
	}
	events, err := s.Store.CloseConversation(ctx, id, c.Actor, o, reason, now)
	if err != nil {
		return err
	}
	s.publish(ctx, events...)
	s.wake()
	if o == Resolved {
		if err := s.learnSent(ctx, cv); err != nil {
			s.Log.Warn("learn from a conversation", "code", CodeOf(err))
		}
	}
	return nil
}

func (s *Service) mayClose(ctx context.Context, c Caller, cv Conversation, o Outcome, reason string) (Outcome, string, error) {
	if err := c.may(VerbReply); err != nil {
		return "", "", err
	}
	if cv.Assignee != "" && cv.Assignee != c.Actor.ID && c.Actor.Role != RoleSupervisor {
		return "", "", NotAssignee(cv.Assignee, "")
	}
	mb, err := s.Store.Mailbox(ctx, cv.Mailbox)
	if err != nil {
		return "", "", err
	}
	if o, reason, err = closing(mb, o, reason); err != nil {
		return "", "", err
	}
	if o == "" {
		o, err = s.ProposedOutcome(ctx, cv.ID)
	}
	return o, reason, err
}

// Plain gives a message's words without marks, for previews and mails.
func Plain(nodes []kb.Node) string { return kb.PlainText(nodes) }
