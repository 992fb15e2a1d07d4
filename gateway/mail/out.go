// Package mail carries tickets by e-mail: it composes an agent's answer once, and sends it through one smart
// host or into a spool folder. It also takes mail in (in.go).
//
// What never happens here: authority. Mail carries words; no mail moves a change (mail-and-routing.md).
package mail

import (
	"bytes"
	"fmt"
	"net/mail"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"

	"github.com/postern-chat/postern/gateway"
)

// Composer makes the bytes of an agent's answer.
type Composer struct {
	Tokens   Tokens // signed Reply-To
	Domain   string // right side of Message-IDs: the gateway's host name
	RatePage string // absolute URL of the page for ratings, without fragment
	// RateLine is the line under each answer that leads there, in the words of a conversation's locale;
	// nil = no line.
	RateLine     func(locale, mailbox, link string) string
	ContinuePage string // absolute URL of the page that leads into a chat, without mailbox and fragment
	// ContinueLine is what an answer says that leads there, in the words of a locale; nil = no answer can.
	ContinueLine func(locale, mailbox, link string) string
	// ConfirmText is the text of a confirmation in the words of a locale, in LF lines; nil = none is sent.
	ConfirmText func(locale, mailbox string, number uint64) string
	Sign        Signatures
	// RemindText is what a ticket's reminder says, in the words of its locale; nil = none is made.
	RemindText func(locale, mailbox, until string) string
}

// Compose fixes Message-ID, envelope and bytes, so that each retry is the same mail. Of a forward the answers come
// back by a token of their own, as notes. Errors: invalid for an address that cannot be written.
func (c Composer) Compose(w gateway.Writing) (gateway.Mail, error) {
	return c.compose(w, func(*gomail.Msg) {})
}

// compose lets mark set what is not in every mail, and signs.
func (c Composer) compose(w gateway.Writing, mark func(*gomail.Msg)) (gateway.Mail, error) {
	to, reply, id := w.Conversation.Claimed.Email, byte('t'), w.Conversation.ID
	if w.Forward != nil {
		to, reply, id = w.Forward.To, 'n', w.Message.ID
	}
	for _, a := range append([]string{to}, w.Cc...) {
		if !gateway.PlausibleEmail(a) {
			return gateway.Mail{}, gateway.Invalid("email")
		}
	}
	if !gateway.PlausibleEmail(w.Mailbox.Address) {
		return gateway.Mail{}, gateway.Invalid("address")
	}
	local, domain, _ := strings.Cut(w.Mailbox.Address, "@")
	tagged := func(kind byte, id gateway.ID) string {
		return local + "+" + c.Tokens.Make(kind, string(id), to) + "@" + domain
	}
	msg := c.message(w)
	mark(msg)
	msg.FromMailAddress(&mail.Address{Name: oneLine(w.Author), Address: w.Mailbox.Address})
	msg.ToMailAddress(&mail.Address{Address: to})
	for _, a := range w.Cc {
		msg.AddCcMailAddress(&mail.Address{Address: a})
	}
	msg.ReplyToMailAddress(&mail.Address{Address: tagged(reply, id)})
	if err := c.fill(msg, w); err != nil {
		return gateway.Mail{}, err
	}
	var b bytes.Buffer
	if _, err := msg.WriteTo(&b); err != nil {
		return gateway.Mail{}, gateway.Internal("write mail", err)
	}
	raw, err := c.Sign.Sign(w.Mailbox.Address, b.Bytes())
	return gateway.Mail{
		ID: w.Message.ID, Conversation: w.Conversation.ID, MessageID: c.messageID(w.Message.ID), To: to, Cc: w.Cc,
		Forward: w.Forward != nil, Raw: raw, From: tagged('b', w.Message.ID),
	}, err
}

// Confirm implements gateway.Composer. Programs see that no person wrote it, and answer nothing (RFC 3834 §5).
func (c Composer) Confirm(cv gateway.Conversation, mb gateway.Mailbox, id gateway.ID, messageID string, now time.Time) (gateway.Mail, error) {
	if c.ConfirmText == nil {
		return gateway.Mail{}, gateway.Unsupported("confirmation")
	}
	w := unwritten(cv, mb, id, c.ConfirmText(cv.Locale, oneLine(mb.Name), uint64(cv.Number)), now)
	return c.compose(w, func(msg *gomail.Msg) {
		byItself(msg)
		if messageID != "" && !strings.ContainsAny(messageID, "<> \t\r\n") {
			msg.SetGenHeader(gomail.HeaderInReplyTo, "<"+messageID+">")
		}
	})
}

// Remind makes the mail that says when a silent ticket ends. It says that it is automatic, so that no program answers it
// (mail-and-routing.md 1.2). Errors: as Compose; unsupported without a text.
func (c Composer) Remind(cv gateway.Conversation, mb gateway.Mailbox, id gateway.ID, until, now time.Time) (gateway.Mail, error) {
	if c.RemindText == nil {
		return gateway.Mail{}, gateway.Unsupported("reminder")
	}
	zone, err := time.LoadLocation(mb.Zone)
	if err != nil {
		zone = time.UTC
	}
	text := c.RemindText(cv.Locale, mb.Name, until.In(zone).Format("2006-01-02 15:04 MST"))
	return c.compose(unwritten(cv, mb, id, text, now), byItself)
}

// unwritten is a mail that nobody wrote.
func unwritten(cv gateway.Conversation, mb gateway.Mailbox, id gateway.ID, text string, now time.Time) gateway.Writing {
	return gateway.Writing{Conversation: cv, Mailbox: mb, Author: mb.Name, Message: gateway.Message{ID: id, Text: text}, At: now}
}

// byItself says so to programs, which then answer nothing.
func byItself(msg *gomail.Msg) {
	msg.SetGenHeader("Auto-Submitted", "auto-generated")
	msg.SetGenHeader("X-Auto-Response-Suppress", "OOF, AutoReply")
}

// messageID names a mail, or a conversation's thread, by our own id.
func (c Composer) messageID(id gateway.ID) string {
	return strings.ToLower(string(id) + "@" + c.Domain)
}

// newMessage begins a mail with what every one has.
func newMessage(messageID string, now time.Time) *gomail.Msg {
	msg := gomail.NewMsg(gomail.WithNoDefaultUserAgent(), gomail.WithEncoding(gomail.EncodingQP), gomail.WithCharset(gomail.CharsetUTF8))
	msg.SetDateWithValue(now)
	msg.SetMessageIDWithValue(messageID)
	return msg
}

// message sets what does not depend on people: names, time, thread.
func (c Composer) message(w gateway.Writing) *gomail.Msg {
	msg := newMessage(c.messageID(w.Message.ID), w.At)
	subject := fmt.Sprintf("%s [#%d]", oneLine(w.Conversation.Subject), w.Conversation.Number)
	if w.Forward != nil {
		msg.Subject("Fwd: " + subject)
		return msg
	}
	root := "<" + c.messageID(w.Conversation.ID) + ">"
	msg.Subject(subject)
	msg.SetGenHeader(gomail.HeaderInReplyTo, root)
	msg.SetGenHeader(gomail.HeaderReferences, root)
	return msg
}

// text gives the mail's words: what was written, which files are not in it, the signature, and what is forwarded.
func (c Composer) text(w gateway.Writing) string {
	text := w.Message.Text
	for _, f := range left(w) {
		text += "\n\n[" + oneLine(f.Name) + "]"
	}
	if line := c.continueLine(w); line != "" {
		text += "\n\n" + line
	}
	foot := strings.TrimSpace(w.Mailbox.Signature)
	if rate := c.rateLine(w); rate != "" {
		foot = strings.TrimSpace(foot + "\n\n" + rate)
	}
	if foot != "" {
		text += "\n\n-- \n" + foot
	}
	if f := w.Forward; f != nil {
		text += "\n\n---------- Forwarded message ----------\n" + forwardHead(w) + "\n" + f.Message.Text
	}
	return crlf(text)
}

// left gives the files that a message names and the mail does not hold.
func left(w gateway.Writing) (out []gateway.FileRef) {
	in := map[gateway.ID]bool{}
	for _, f := range w.Files {
		in[f.ID] = true
	}
	for _, f := range w.Message.Files {
		if !in[f.ID] {
			out = append(out, f)
		}
	}
	return out
}

// forwardHead names what is forwarded, in the words that every mail program uses for it.
func forwardHead(w gateway.Writing) string {
	return "From: " + oneLine(w.Forward.Name) + "\nDate: " + w.Forward.Said.UTC().Format(time.RFC1123Z) +
		"\nSubject: " + oneLine(w.Conversation.Subject) + "\n"
}

func crlf(text string) string {
	return strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\n", "\r\n") + "\r\n"
}

// oneLine keeps typed words out of the header's structure.
func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }
