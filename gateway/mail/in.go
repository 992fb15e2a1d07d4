package mail

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"io"
	"net/mail"
	"slices"
	"strings"
	"time"

	"github.com/postern-chat/postern/gateway"
	"github.com/postern-chat/postern/kb"
)

// Box is what Ingest needs of the gateway's store.
type Box interface {
	Conversation(ctx context.Context, id gateway.ID) (gateway.Conversation, error)
	MailSent(ctx context.Context, messageID string) (gateway.Mail, error)
	StoreIncoming(ctx context.Context, in gateway.Incoming, now time.Time) (gateway.Conversation, []gateway.Event, error)
	Mail(ctx context.Context, message gateway.ID) (gateway.Mail, error)
	Bounced(ctx context.Context, message gateway.ID, b gateway.Bounce, now time.Time) ([]gateway.Event, error)
	MoveMail(ctx context.Context, p gateway.MailPosition) error
	Setting(ctx context.Context, name string) (string, error)
}

// Envelope is what is known of a mail beside its text.
type Envelope struct {
	Recipient string                // whom it reached; "" = only the header knows
	Position  *gateway.MailPosition // where its source stands once it is stored; nil = the source has none
	Part      bool                  // the mail is too large: this is its beginning
}

// Ingest is the only door for mail that comes in. Its fields are set once. It authorises nothing: also what a sender
// writes who is proven is words in a history, no more.
//
// Source: mail-and-routing.md 1.3 to 1.5.
type Ingest struct {
	Box      Box
	Tokens   Tokens
	Markdown func(text string) []kb.Node // typed text → tree; total, bounded
	Rand     io.Reader
	Sender   Judge
	Sniff    func(data []byte) string // media type by content
	// Sort applies the mailbox rules to a ticket that a mail opens; nil = it stays where it came in.
	Sort func(ctx context.Context, at gateway.Mailbox, st *gateway.Start, now time.Time) error
	// Urgent gives what a customer's words bring along; nil = nothing.
	Urgent func(ctx context.Context, cv, message gateway.ID, text string, now time.Time) ([]gateway.Job, error)
}

// Take stores one mail that reached a mailbox: into the conversation that it belongs to, else as a new ticket. A report
// about a mail of ours is noted there and opens nothing. A mail to a ticket that takes no more opens a new one.
// Errors: too_large; conflict for a mail that is stored already (its position has moved); those of the store.
func (i Ingest) Take(ctx context.Context, mb gateway.Mailbox, env Envelope, raw []byte, now time.Time) (gateway.Conversation, []gateway.Event, error) {
	if len(raw) > MaxMail {
		return gateway.Conversation{}, nil, gateway.TooLarge("mail", MaxMail)
	}
	l := read(raw)
	if env.Part {
		l.warn("too_large")
	}
	if l.bounce != nil {
		if events, ours, err := i.bounced(ctx, env.Recipient, l, now); ours || err != nil {
			return gateway.Conversation{}, events, i.moved(ctx, env, err)
		}
	}
	cv, events, err := i.store(ctx, mb, env, raw, l, now)
	if gateway.CodeOf(err) == "conflict" {
		err = i.moved(ctx, env, err)
	}
	return cv, events, err
}

// moved moves the position past a mail that has nothing to store. err is what to say if that works; a position does not
// move past a mail that failed.
func (i Ingest) moved(ctx context.Context, env Envelope, err error) error {
	if env.Position == nil || err != nil && gateway.CodeOf(err) != "conflict" {
		return err
	}
	if moved := i.Box.MoveMail(ctx, *env.Position); moved != nil {
		return moved
	}
	return err
}

// store finds where a mail belongs and stores it there. In a ticket the sender is known only if he is proven and the
// ticket's address is his; what a program wrote is nobody's turn.
func (i Ingest) store(ctx context.Context, mb gateway.Mailbox, env Envelope, raw []byte, l letter, now time.Time) (gateway.Conversation, []gateway.Event, error) {
	in := gateway.Incoming{Key: key(mb.ID, l), Raw: raw, Position: env.Position, MessageID: l.messageID}
	var err error
	if in.Message, err = i.message(l, now); err != nil {
		return gateway.Conversation{}, nil, err
	}
	if in.Files, err = i.files(&l, now); err != nil {
		return gateway.Conversation{}, nil, err
	}
	in.Original, in.Auto = l.original(in.Files), l.kind == KindAuto
	in.Message.Warnings = shown(l.warnings)
	cv, of, err := i.find(ctx, mb, env.Recipient, l)
	if err != nil {
		return gateway.Conversation{}, nil, err
	}
	proven := i.Sender.proven(ctx, l, skipMbox(raw))
	in.Copies = l.copies(mb)
	if proven {
		in.Alive = l.from
	}
	switch {
	case of.Forward:
		cv, events, err := i.note(ctx, of, in, l, proven, now)
		if gateway.CodeOf(err) != "conversation_closed" {
			return cv, events, err
		}
	case cv.ID != "":
		same := proven && strings.EqualFold(cv.Claimed.Email, l.from)
		in.Conversation, in.Message.Unproven, in.Verified = cv.ID, !same, same && l.kind != KindAuto
		if in.Jobs, err = i.urgent(ctx, cv.ID, in, in.Verified, now); err != nil {
			return gateway.Conversation{}, nil, err
		}
		cv, events, err := i.Box.StoreIncoming(ctx, in, now)
		if gateway.CodeOf(err) != "conversation_closed" {
			return cv, events, err
		}
		in.Conversation, in.Verified, in.Jobs = "", false, nil
	}
	if listed, err := i.listed(ctx, l); listed || err != nil {
		if err != nil {
			return gateway.Conversation{}, nil, err
		}
		in.Machine = &gateway.Machine{Message: in.Message.ID, Mailbox: mb.ID, Sender: l.from, Subject: gateway.Subject(l.subject), Text: l.text}
		return i.Box.StoreIncoming(ctx, in, now)
	}
	in.Message.Unproven, in.Confirm = !proven, proven && answerable(&l)
	if in.Start, err = i.start(mb, l, in.Message, now); err == nil && i.Sort != nil {
		err = i.Sort(ctx, mb, in.Start, now)
	}
	if err == nil {
		in.Start.Jobs, err = i.urgent(ctx, in.Start.ID, in, l.kind != KindAuto, now)
	}
	if err != nil {
		return gateway.Conversation{}, nil, err
	}
	return i.Box.StoreIncoming(ctx, in, now)
}

// urgent gives what a mail's words bring along, if they are a customer's.
func (i Ingest) urgent(ctx context.Context, cv gateway.ID, in gateway.Incoming, his bool, now time.Time) ([]gateway.Job, error) {
	if !his || i.Urgent == nil {
		return nil, nil
	}
	return i.Urgent(ctx, cv, in.Message.ID, in.Message.Text, now)
}

// listed reports whether a mail that belongs to no ticket is a program's and opens none.
func (i Ingest) listed(ctx context.Context, l letter) (bool, error) {
	if l.kind != KindAuto && l.kind != KindBounce {
		return false, nil
	}
	allowed, err := gateway.ReadAllowed(ctx, i.Box)
	return !gateway.SenderAllowed(allowed, l.from), err
}

// note stores the answer to a forward on the staff's side: never as the customer's words, whoever wrote it. Its files
// stay in the original.
func (i Ingest) note(ctx context.Context, of gateway.Mail, in gateway.Incoming, l letter, proven bool, now time.Time) (gateway.Conversation, []gateway.Event, error) {
	in.Conversation, in.Note, in.Files, in.Copies = of.Conversation, true, nil, nil
	in.Message.Unproven = !proven || !strings.EqualFold(of.To, l.from)
	if in.Message.Name == "" {
		in.Message.Name = l.from
	}
	if len(l.files) > 0 && !slices.Contains(in.Message.Warnings, "files_left") {
		in.Message.Warnings = append(in.Message.Warnings, "files_left")
	}
	return i.Box.StoreIncoming(ctx, in, now)
}

// files gives what a mail carries beside its text, as far as people may send it. The rest stays in the original.
func (i Ingest) files(l *letter, now time.Time) (out []gateway.MailFile, err error) {
	if i.Sniff == nil {
		return nil, nil
	}
	for _, a := range l.files {
		id, err := gateway.NewID(gateway.PrefixFile, now, i.Rand)
		if err != nil {
			return nil, err
		}
		if f, ok := gateway.NewMailFile(id, a.name, i.Sniff(a.data), a.data, now); ok {
			f.CID = a.cid
			out = append(out, f)
		} else {
			l.warn("files_left")
		}
	}
	return out, nil
}

// bounced notes on the mail that a report is about that it did not arrive. The report counts only if its bounce
// token, or the original's Message-ID with the recipient's address, is ours: anybody can forge one.
func (i Ingest) bounced(ctx context.Context, recipient string, l letter, now time.Time) (events []gateway.Event, ours bool, err error) {
	sent, err := i.reported(ctx, recipient, l)
	if err != nil || sent.ID == "" {
		return nil, false, err
	}
	if !l.bounce.Failed {
		return nil, true, nil
	}
	r := l.bounce.Recipient
	if slices.ContainsFunc(sent.Cc, func(a string) bool { return strings.EqualFold(a, r) }) && !strings.EqualFold(sent.To, r) {
		return nil, true, nil // it has reached whom it is for
	}
	b := gateway.Bounce{Code: cmp.Or(l.bounce.Code, "5.0.0")}
	// Where he lets his mail be sent on to may be dead while he is not.
	b.Hard = l.bounce.Hard && (r == "" || strings.EqualFold(r, sent.To))
	events, err = i.Box.Bounced(ctx, sent.ID, b, now)
	return events, true, err
}

// reported finds the mail of ours that a report is about; the zero one if there is none.
func (i Ingest) reported(ctx context.Context, recipient string, l letter) (gateway.Mail, error) {
	for _, to := range append([]string{recipient}, l.recipients...) {
		if sent, err := i.sentWith(ctx, to); sent.ID != "" || err != nil {
			return sent, err
		}
	}
	if l.bounce.MessageID == nil || l.bounce.Recipient == "" {
		return gateway.Mail{}, nil
	}
	sent, err := i.Box.MailSent(ctx, strings.ToLower(*l.bounce.MessageID))
	if gateway.CodeOf(err) == "not_found" || err == nil && !strings.EqualFold(sent.To, l.bounce.Recipient) {
		return gateway.Mail{}, nil
	}
	return sent, err
}

// sentWith gives the mail of ours whose envelope sender an address is; the zero one if it is none.
func (i Ingest) sentWith(ctx context.Context, address string) (gateway.Mail, error) {
	kind, id, mac, ok := Read(address)
	if !ok || kind != 'b' {
		return gateway.Mail{}, nil
	}
	sent, err := i.Box.Mail(ctx, messageOf(id))
	if gateway.CodeOf(err) == "not_found" || err == nil && !i.Tokens.Check('b', id, mac, []string{sent.To}) {
		return gateway.Mail{}, nil
	}
	return sent, err
}

func (i Ingest) message(l letter, now time.Time) (gateway.Message, error) {
	id, err := gateway.NewID(gateway.PrefixMessage, now, i.Rand)
	if err != nil {
		return gateway.Message{}, err
	}
	return gateway.Message{ID: id, Text: l.text, Nodes: i.Markdown(l.text), Name: l.name, Via: "email", Unproven: true}, nil
}

// start opens a ticket of the sender's own. It joins him to no visitor, no contact and no older ticket.
func (i Ingest) start(mb gateway.Mailbox, l letter, m gateway.Message, now time.Time) (*gateway.Start, error) {
	id, err := gateway.NewID(gateway.PrefixConversation, now, i.Rand)
	if err != nil {
		return nil, err
	}
	return &gateway.Start{
		ID: id, Mailbox: mb.ID, First: &m, Ticket: true, Subject: gateway.Subject(l.subject), CommandID: string(id),
		Claimed: gateway.Claimed{Name: l.name, Email: l.from}, Clock: mb.ClocksFrom(gateway.Medium, gateway.Account{}, now),
	}, nil
}

// find gives the conversation of the mailbox that the mail belongs to, or the zero one, and the mail of ours that it
// answers, as far as that matters: a forward.
func (i Ingest) find(ctx context.Context, mb gateway.Mailbox, recipient string, l letter) (cv gateway.Conversation, of gateway.Mail, err error) {
	for _, to := range append([]string{recipient}, l.recipients...) {
		kind, id, mac, ok := Read(to)
		switch {
		case ok && kind == 't':
			cv, err = i.byToken(ctx, mb, id, mac)
		case ok && kind == 'n':
			cv, of, err = i.byNote(ctx, mb, id, mac)
		}
		if cv.ID != "" || err != nil {
			return cv, of, err
		}
	}
	if l.kind == KindAuto {
		if cv, of, err = i.byEnvelope(ctx, mb, recipient, l); cv.ID != "" || err != nil {
			return cv, of, err
		}
	}
	for _, id := range l.references {
		cv, of, err = i.byReference(ctx, mb, id, l.from)
		if cv.ID != "" || err != nil {
			return cv, of, err
		}
	}
	return gateway.Conversation{}, gateway.Mail{}, nil
}

// byToken checks a token against the addresses that the conversation has mailed.
func (i Ingest) byToken(ctx context.Context, mb gateway.Mailbox, lower, mac string) (gateway.Conversation, error) {
	cv, err := i.ticket(ctx, mb, conversationOf(lower))
	if err != nil || cv.ID == "" || cv.Claimed.Email == "" || !i.Tokens.Check('t', lower, mac, []string{cv.Claimed.Email}) {
		return gateway.Conversation{}, err
	}
	return cv, nil
}

// byEnvelope joins what a program sent to the sender of our envelope, as RFC 3834 §4 wants it.
func (i Ingest) byEnvelope(ctx context.Context, mb gateway.Mailbox, recipient string, l letter) (gateway.Conversation, gateway.Mail, error) {
	for _, to := range append([]string{recipient}, l.recipients...) {
		sent, err := i.sentWith(ctx, to)
		if err != nil {
			return gateway.Conversation{}, gateway.Mail{}, err
		}
		if sent.ID != "" {
			cv, err := i.ticket(ctx, mb, sent.Conversation)
			return cv, sent, err
		}
	}
	return gateway.Conversation{}, gateway.Mail{}, nil
}

// byNote checks the token of a forward against whom it went to.
func (i Ingest) byNote(ctx context.Context, mb gateway.Mailbox, lower, mac string) (gateway.Conversation, gateway.Mail, error) {
	sent, err := i.Box.Mail(ctx, messageOf(lower))
	if gateway.CodeOf(err) == "not_found" || err == nil && (!sent.Forward || !i.Tokens.Check('n', lower, mac, []string{sent.To})) {
		return gateway.Conversation{}, gateway.Mail{}, nil
	}
	if err != nil {
		return gateway.Conversation{}, gateway.Mail{}, err
	}
	cv, err := i.ticket(ctx, mb, sent.Conversation)
	return cv, sent, err
}

// byReference joins by a Message-ID of ours, if the mail's one sender is who we mailed with it.
func (i Ingest) byReference(ctx context.Context, mb gateway.Mailbox, messageID, from string) (gateway.Conversation, gateway.Mail, error) {
	sent, err := i.Box.MailSent(ctx, messageID)
	if gateway.CodeOf(err) == "not_found" {
		return gateway.Conversation{}, gateway.Mail{}, nil
	}
	got := slices.ContainsFunc(append([]string{sent.To}, sent.Cc...), func(a string) bool { return strings.EqualFold(a, from) })
	if err != nil || from == "" || !got {
		return gateway.Conversation{}, gateway.Mail{}, err
	}
	cv, err := i.ticket(ctx, mb, sent.Conversation)
	return cv, sent, err
}

// ticket reads a conversation that goes on by mail in this mailbox; any other is the zero one.
func (i Ingest) ticket(ctx context.Context, mb gateway.Mailbox, id gateway.ID) (gateway.Conversation, error) {
	if !id.Is(gateway.PrefixConversation) {
		return gateway.Conversation{}, nil
	}
	cv, err := i.Box.Conversation(ctx, id)
	if gateway.CodeOf(err) == "not_found" || err == nil && (cv.Mailbox != mb.ID || cv.Number == 0) {
		return gateway.Conversation{}, nil
	}
	return cv, err
}

// key names a mail for deduplication. Without a Message-ID the headers that every copy shares stand in.
func key(mailbox gateway.ID, l letter) string {
	h := sha256.New()
	for _, part := range []string{string(mailbox), l.messageID, l.stable} {
		h.Write([]byte(part))
		h.Write([]byte{0})
	}
	h.Write(l.body)
	return base64.RawURLEncoding.EncodeToString(h.Sum(nil))
}

// oneAddress gives the address of a header that stands there once and names one; else "".
func oneAddress(values []string) (name, address string) {
	if len(values) != 1 {
		return "", ""
	}
	list, err := mail.ParseAddressList(values[0])
	if err != nil || len(list) != 1 || !gateway.PlausibleEmail(list[0].Address) {
		return "", ""
	}
	return list[0].Name, list[0].Address
}
