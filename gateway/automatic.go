package gateway

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"
)

// Machine is a mail that a program wrote and that belongs to no ticket. It is listed, and is nobody's turn.
type Machine struct {
	Message ID        `json:"message"` // names the raw mail
	Mailbox ID        `json:"mailbox"`
	Sender  string    `json:"sender"` // what the mail claims
	Subject string    `json:"subject"`
	Text    string    `json:"text"`
	At      time.Time `json:"at"`
}

// MachineStore keeps mail of programs, and when somebody got mail of ours last that no person wrote.
type MachineStore interface {
	// Machines lists the newest, at most limit.
	Machines(ctx context.Context, limit int) ([]Machine, error)
	// SendAutomatic puts a mail that no person wrote into the outbox, unless its recipient got one after since: then
	// nothing happens, and sent is false.
	SendAutomatic(ctx context.Context, m Mail, since, now time.Time) (sent bool, err error)
}

// AutomaticEvery is how often an address gets mail that no person wrote, at most. Source: mail-and-routing.md 1.6.
const AutomaticEvery = 24 * time.Hour

// AllowedSenders names the setting with those programs whose mail opens tickets: a JSON list of addresses and @domains.
const AllowedSenders = "mail.allowed"

// maxSenders bounds that list, maxListed what a look at the list of machines' mail gives.
const (
	maxSenders = 200
	maxListed  = 200
)

// SenderAllowed reports whether a list of addresses and @domains has the sender.
func SenderAllowed(list []string, sender string) bool {
	sender = strings.ToLower(sender)
	at := strings.LastIndexByte(sender, '@')
	return at > 0 && slices.ContainsFunc(list, func(s string) bool { return s == sender || s == sender[at:] })
}

// MachineMail is the list of machines' mail with the senders that may open tickets.
type MachineMail struct {
	Mail    []Machine `json:"mail"`
	Allowed []string  `json:"allowed"`
}

// MachineMail reads the list, newest first. Errors: forbidden.
func (s *Service) MachineMail(ctx context.Context, c Caller) (out MachineMail, err error) {
	if err := c.may(VerbSettings); err != nil {
		return out, err
	}
	if out.Mail, err = s.Store.Machines(ctx, maxListed); err != nil {
		return out, err
	}
	out.Allowed, err = ReadAllowed(ctx, s.Store)
	return out, err
}

// ReadAllowed reads the senders that may open tickets. Errors: the store's.
func ReadAllowed(ctx context.Context, st interface {
	Setting(ctx context.Context, name string) (string, error)
},
) ([]string, error) {
	list := []string{}
	text, err := st.Setting(ctx, AllowedSenders)
	if CodeOf(err) == "not_found" || err == nil && text == "" {
		return list, nil
	}
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal([]byte(text), &list); err != nil {
		return nil, Internal("read the allowed senders", err)
	}
	return list, nil
}

// SetAllowedSenders changes whose machines' mail opens tickets. Errors: forbidden, invalid.
func (s *Service) SetAllowedSenders(ctx context.Context, c Caller, list []string) error {
	if err := c.may(VerbSettings); err != nil {
		return err
	}
	clean := []string{}
	for _, one := range list {
		one = strings.ToLower(strings.TrimSpace(one))
		if whole := strings.TrimPrefix(one, "@"); !PlausibleEmail(one) && (whole == one || !PlausibleEmail("x@"+whole)) {
			return Invalid("allowed")
		}
		if !slices.Contains(clean, one) {
			clean = append(clean, one)
		}
	}
	if len(clean) > maxSenders {
		return Invalid("allowed")
	}
	slices.Sort(clean)
	text, err := json.Marshal(clean)
	if err != nil {
		return Internal("encode the allowed senders", err)
	}
	now, err := s.Store.Now(ctx)
	if err != nil {
		return err
	}
	events, err := s.Store.SetSetting(ctx, AllowedSenders, string(text), c.Actor, now)
	s.publish(ctx, events...)
	return err
}

// confirmJob is the payload of a confirmation's job.
type confirmJob struct {
	Conversation ID     `json:"conversation"`
	MessageID    string `json:"message_id"` // of the mail that is confirmed, without brackets; "" = it had none
}

// confirm tells who opened a ticket by a proven mail that it has come, and its number. Who was told something within a
// day is not told; run twice it is one mail.
func (r *Runner) confirm(ctx context.Context, j Job) error {
	var p confirmJob
	if err := json.Unmarshal(j.Payload, &p); err != nil || p.Conversation == "" {
		return Invalid("payload")
	}
	cv, err := r.Store.Conversation(ctx, p.Conversation)
	if err != nil {
		return err
	}
	boxes, err := r.Store.Mailboxes(ctx)
	if err != nil {
		return err
	}
	at := slices.IndexFunc(boxes, func(mb Mailbox) bool { return mb.ID == cv.Mailbox })
	ours := slices.ContainsFunc(boxes, func(mb Mailbox) bool { return strings.EqualFold(mb.Address, cv.Claimed.Email) })
	if at < 0 || ours {
		return nil
	}
	now, err := r.Store.Now(ctx)
	if err != nil {
		return err
	}
	id, err := NewID(PrefixMessage, now, r.Rand)
	if err != nil {
		return err
	}
	m, err := r.Composer.Confirm(cv, boxes[at], id, p.MessageID, now)
	if err != nil {
		return err
	}
	_, err = r.Store.SendAutomatic(ctx, m, now.Add(-AutomaticEvery), now)
	return err
}
