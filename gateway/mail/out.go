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
	RateLine func(locale, mailbox, link string) string
	// ConfirmText is the text of a confirmation in the words of a locale, in LF lines; nil = none is sent.
	ConfirmText func(locale, mailbox string, number uint64) string
	Sign        Signatures
}

// Compose fixes Message-ID, envelope and bytes, so that each retry is the same mail. Errors: invalid for an
// address that cannot be written.
func (c Composer) Compose(cv gateway.Conversation, mb gateway.Mailbox, author string, m gateway.Message, now time.Time) (gateway.Mail, error) {
	msg := c.message(cv, m.ID, now)
	msg.SetBodyString(gomail.TypeTextPlain, body(m, mb, c.rateLine(cv, mb)))
	return c.finish(msg, cv, mb, author, m.ID)
}

// Confirm implements gateway.Composer. Programs see that no person wrote it, and answer nothing (RFC 3834 §5).
func (c Composer) Confirm(cv gateway.Conversation, mb gateway.Mailbox, id gateway.ID, messageID string, now time.Time) (gateway.Mail, error) {
	if c.ConfirmText == nil {
		return gateway.Mail{}, gateway.Unsupported("confirmation")
	}
	msg := c.message(cv, id, now)
	if messageID != "" && !strings.ContainsAny(messageID, "<> \t\r\n") {
		msg.SetGenHeader(gomail.HeaderInReplyTo, "<"+messageID+">")
	}
	msg.SetGenHeader("Auto-Submitted", "auto-generated")
	msg.SetGenHeader("X-Auto-Response-Suppress", "OOF, AutoReply")
	text := c.ConfirmText(cv.Locale, oneLine(mb.Name), uint64(cv.Number))
	msg.SetBodyString(gomail.TypeTextPlain, body(gateway.Message{Text: text}, mb, ""))
	return c.finish(msg, cv, mb, mb.Name, id)
}

// finish writes people and envelope, and signs.
func (c Composer) finish(msg *gomail.Msg, cv gateway.Conversation, mb gateway.Mailbox, author string, id gateway.ID) (gateway.Mail, error) {
	to := cv.Claimed.Email
	if !gateway.PlausibleEmail(to) {
		return gateway.Mail{}, gateway.Invalid("email")
	}
	if !gateway.PlausibleEmail(mb.Address) {
		return gateway.Mail{}, gateway.Invalid("address")
	}
	local, domain, _ := strings.Cut(mb.Address, "@")
	tagged := func(kind byte, id gateway.ID) string {
		return local + "+" + c.Tokens.Make(kind, string(id), to) + "@" + domain
	}
	msg.FromMailAddress(&mail.Address{Name: oneLine(author), Address: mb.Address})
	msg.ToMailAddress(&mail.Address{Address: to})
	msg.ReplyToMailAddress(&mail.Address{Address: tagged('t', cv.ID)})
	var b bytes.Buffer
	if _, err := msg.WriteTo(&b); err != nil {
		return gateway.Mail{}, gateway.Internal("write mail", err)
	}
	raw, err := c.Sign.Sign(mb.Address, b.Bytes())
	return gateway.Mail{
		ID: id, Conversation: cv.ID, MessageID: c.messageID(id), To: to, Raw: raw, From: tagged('b', id),
	}, err
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
func (c Composer) message(cv gateway.Conversation, id gateway.ID, now time.Time) *gomail.Msg {
	msg := newMessage(c.messageID(id), now)
	root := "<" + c.messageID(cv.ID) + ">"
	msg.Subject(fmt.Sprintf("%s [#%d]", oneLine(cv.Subject), cv.Number))
	msg.SetGenHeader(gomail.HeaderInReplyTo, root)
	msg.SetGenHeader(gomail.HeaderReferences, root)
	return msg
}

func body(m gateway.Message, mb gateway.Mailbox, rate string) string {
	text := m.Text
	for _, f := range m.Files {
		text += "\n\n[" + oneLine(f.Name) + "]"
	}
	foot := strings.TrimSpace(mb.Signature)
	if rate != "" {
		foot = strings.TrimSpace(foot + "\n\n" + rate)
	}
	if foot != "" {
		text += "\n\n-- \n" + foot
	}
	return strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\n", "\r\n") + "\r\n"
}

// oneLine keeps typed words out of the header's structure.
func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }
