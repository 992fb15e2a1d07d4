package gateway

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"
)

// Limits of mails on their way out.
const (
	MaxCopies          = 10      // addresses beside the ticket's own
	MaxAttached        = 8 << 20 // bytes of files in one mail; what goes over it waits in the widget
	DefaultMailPerHour = 500     // of one mailbox
	MaxClosings        = 10      // lines of one mailbox
	MaxClosing         = 300     // bytes of one
)

// CheckClosings refuses lines that no mail can end with. Errors: invalid, too_large.
func (m Mailbox) CheckClosings() error {
	if len(m.Closings) > MaxClosings {
		return TooLarge("closings", MaxClosings)
	}
	for _, line := range m.Closings {
		if err := CheckText("closings", line, MaxClosing); err != nil {
			return err
		}
	}
	return nil
}

// MailFate is what became of one mail of a conversation, or whom one that came in names beside us.
type MailFate struct {
	Message ID
	In      bool // it came in
	To      string
	Cc      []string
	State   string // waiting, sent, stopped; "" = it came in
	Code    string
	Dead    bool // it was given up, and its recipient takes no mail
	Forward bool
	At      time.Time
}

// Bounce is why a mail did not arrive.
type Bounce struct {
	Code string
	Hard bool // the address takes no mail: later ones are kept back until it is known to live, or somebody says "send again"
}

// MailFateStore says what became of a conversation's mails.
type MailFateStore interface {
	// Mails lists the mails of a conversation, newest first, at most 200: those that went out, and those that came in
	// and name somebody else.
	Mails(ctx context.Context, cv ID) ([]MailFate, error)
	// Copies lists whom the newest mail of the ticket's own sender names beside us, at most 20.
	Copies(ctx context.Context, cv ID) ([]string, error)
	// SendAgain lets a mail that was given up go out again, with the same bytes. dead: also to an address that takes no
	// mail, which counts as living from here on. Errors: not_found, conflict (it waits, or has left), invalid (dead).
	SendAgain(ctx context.Context, message ID, dead bool, now time.Time) error
	// MailsSince counts the mails of a mailbox that have left since then.
	MailsSince(ctx context.Context, mailbox ID, since time.Time) (int, error)
}

// TicketMails is what the console knows of a ticket's mails.
type TicketMails struct {
	Mails    []MailFate
	Copies   []string // whom an answer to all goes to
	Closings []string // lines of the mailbox
}

// Mails gives what became of a conversation's mails, and what its next one may have. Errors: forbidden, not_found.
func (s *Service) Mails(ctx context.Context, c Caller, id ID) (m TicketMails, err error) {
	cv, err := s.staffs(ctx, c, id)
	if err != nil {
		return m, err
	}
	if m.Mails, err = s.Store.Mails(ctx, id); err != nil {
		return m, err
	}
	mb, err := s.Store.Mailbox(ctx, cv.Mailbox)
	if err != nil {
		return m, err
	}
	m.Closings = mb.Closings
	m.Copies, err = s.copiesOf(ctx, cv)
	return m, err
}

// copiesOf gives whom an answer to all goes to beside the ticket's address: never one of ours.
func (s *Service) copiesOf(ctx context.Context, cv Conversation) ([]string, error) {
	all, err := s.Store.Copies(ctx, cv.ID)
	if err != nil || len(all) == 0 {
		return nil, err
	}
	boxes, err := s.Store.Mailboxes(ctx)
	if err != nil {
		return nil, err
	}
	all = slices.DeleteFunc(all, func(a string) bool { return strings.EqualFold(a, cv.Claimed.Email) || ours(boxes, a) })
	return all[:min(len(all), MaxCopies)], nil
}

// ours reports whether an address is a mailbox's, with or without what stands after a plus.
func ours(boxes []Mailbox, address string) bool {
	local, domain, _ := strings.Cut(address, "@")
	local, _, _ = strings.Cut(local, "+")
	return slices.ContainsFunc(boxes, func(mb Mailbox) bool { return strings.EqualFold(mb.Address, local+"@"+domain) })
}

// copied checks whom an answer goes to as well: only who was named by the ticket's own sender, in the newest mail that
// names anybody. An agent types no address here. Errors: invalid, too_large.
func (s *Service) copied(ctx context.Context, cv Conversation, cc []string) ([]string, error) {
	if len(cc) == 0 {
		return nil, nil
	}
	if len(cc) > MaxCopies {
		return nil, TooLarge("cc", MaxCopies)
	}
	if cv.Channel != ByEmail || cv.Claimed.Email == "" {
		return nil, Invalid("cc")
	}
	known, err := s.copiesOf(ctx, cv)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, a := range cc {
		i := slices.IndexFunc(known, func(k string) bool { return strings.EqualFold(k, a) })
		if i < 0 {
			return nil, Invalid("cc")
		}
		if !slices.Contains(out, known[i]) {
			out = append(out, known[i])
		}
	}
	return out, nil
}

// attached reads the files that go along in a mail, in their order, as far as there is room.
func (s *Service) attached(ctx context.Context, refs []FileRef) (out []MailFile, err error) {
	room := int64(MaxAttached)
	for _, ref := range refs {
		if ref.Size > room {
			continue
		}
		f := MailFile{}
		if f.File, err = s.Store.File(ctx, ref.ID); err != nil {
			return nil, err
		}
		for n := 0; int64(len(f.Data)) < f.Size; n++ {
			part, err := s.Store.Part(ctx, ref.ID, n)
			if err != nil {
				return nil, err
			}
			f.Data = append(f.Data, part...)
		}
		room -= f.Size
		out = append(out, f)
	}
	return out, nil
}

// SendAgain lets a mail that was given up go out again; dead: somebody has been asked whether it shall go to an address
// that takes no mail. Errors: forbidden, not_found, conflict, invalid (dead).
func (s *Service) SendAgain(ctx context.Context, c Caller, message ID, dead bool) error {
	if err := c.may(VerbReply); err != nil {
		return err
	}
	m, err := s.Store.Mail(ctx, message)
	if err != nil {
		return err
	}
	if _, err := s.access(ctx, c, m.Conversation); err != nil {
		return err
	}
	now, err := s.Store.Now(ctx)
	if err != nil {
		return err
	}
	return s.Store.SendAgain(ctx, message, dead, now)
}

// mayMail refuses a mail whose mailbox has sent as many within the hour as it may. Errors: too_many.
func (r *Runner) mayMail(ctx context.Context, m Mail) error {
	if m.Conversation == "" {
		return nil
	}
	cv, err := r.Store.Conversation(ctx, m.Conversation)
	if err != nil {
		return err
	}
	mb, err := r.Store.Mailbox(ctx, cv.Mailbox)
	if err != nil {
		return err
	}
	now, err := r.Store.Now(ctx)
	if err != nil {
		return err
	}
	most := mb.MailPerHour
	if most <= 0 {
		most = DefaultMailPerHour
	}
	n, err := r.Store.MailsSince(ctx, mb.ID, now.Add(-time.Hour))
	if err == nil && n >= most {
		err = TooMany(time.Minute.Milliseconds())
	}
	return err
}

// never notes on the ticket that the mail server will not take a mail, and gives its refusal back.
func (r *Runner) never(ctx context.Context, m Mail, refused error) error {
	if CodeOf(refused) != "invalid" {
		return refused
	}
	now, err := r.Store.Now(ctx)
	if err != nil {
		return err
	}
	b := Bounce{Code: "5.0.0"}
	if e := (*Error)(nil); errors.As(refused, &e) && e.Params["code"] != "" {
		b.Code, b.Hard = e.Params["code"], e.Params["dead"] != ""
	}
	events, err := r.Store.Bounced(ctx, m.ID, b, now)
	if err != nil {
		return err
	}
	r.publish(ctx, events...)
	return refused
}
