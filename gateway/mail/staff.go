package mail

import (
	"bytes"
	"net/mail"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"

	"github.com/postern-chat/postern/gateway"
)

// Staff makes letters to the staff that belong to no conversation. No one can answer them.
type Staff struct {
	Domain string // right side of Message-IDs: the gateway's host name
	// Words gives subject and text of a letter; ok is false for one that has no text.
	Words func(locale, what string) (subject, text string, ok bool)
	Sign  Signatures
}

// Letter implements gateway.Letters. Errors: invalid for an address that cannot be written, or an unknown text.
func (s Staff) Letter(id, from string, to gateway.Agent, what string, now time.Time) (gateway.Mail, error) {
	subject, text, ok := s.Words(to.Locale, what)
	switch {
	case !ok:
		return gateway.Mail{}, gateway.Invalid("what")
	case !gateway.PlausibleEmail(to.Email) || !gateway.PlausibleEmail(from):
		return gateway.Mail{}, gateway.Invalid("address")
	}
	name := strings.NewReplacer(":", ".", "_", ".").Replace(strings.ToLower(id)) + "@" + s.Domain
	raw, err := notice(name, from, to.Email, subject, text, s.Sign, now)
	return gateway.Mail{ID: gateway.ID(strings.NewReplacer(":", "-").Replace(id)), MessageID: name, From: from, To: to.Email, Raw: raw}, err
}

// notice writes and signs a mail of Postern's own, in LF lines, that no person wrote and nobody answers.
func notice(messageID, from, to, subject, text string, sign Signatures, now time.Time) ([]byte, error) {
	msg := newMessage(messageID, now)
	msg.Subject(oneLine(subject))
	msg.SetGenHeader("Auto-Submitted", "auto-generated")
	msg.FromMailAddress(&mail.Address{Name: "Postern", Address: from})
	msg.ToMailAddress(&mail.Address{Address: to})
	msg.SetBodyString(gomail.TypeTextPlain, strings.ReplaceAll(text, "\n", "\r\n")+"\r\n")
	var b bytes.Buffer
	if _, err := msg.WriteTo(&b); err != nil {
		return nil, gateway.Internal("write mail", err)
	}
	return sign.Sign(from, b.Bytes())
}
