package mail

import (
	"bytes"
	"net/mail"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"

	"github.com/postern-chat/postern/gateway"
)

// Probe makes a mail of a mailbox to itself, at an address with something after a plus, as the answers' addresses have.
// It says that a program wrote it, so it opens no ticket where it arrives. Errors: invalid for an address that cannot be
// written.
func Probe(address, id, domain string, sign Signatures, now time.Time) (gateway.Mail, error) {
	local, at, ok := strings.Cut(address, "@")
	if !ok || !gateway.PlausibleEmail(address) {
		return gateway.Mail{}, gateway.Invalid("address")
	}
	m := gateway.Mail{MessageID: strings.ToLower(id) + "@" + domain, From: address, To: local + "+" + strings.ToLower(id) + "@" + at}
	msg := gomail.NewMsg(gomail.WithNoDefaultUserAgent(), gomail.WithEncoding(gomail.EncodingQP), gomail.WithCharset(gomail.CharsetUTF8))
	msg.Subject(id)
	msg.SetDateWithValue(now)
	msg.SetMessageIDWithValue(m.MessageID)
	msg.SetGenHeader("Auto-Submitted", "auto-generated")
	msg.FromMailAddress(&mail.Address{Name: "Postern", Address: address})
	msg.ToMailAddress(&mail.Address{Address: m.To})
	msg.SetBodyString(gomail.TypeTextPlain, "'postern doctor' asks whether mail comes in. There is nothing to do.\r\n")
	var b bytes.Buffer
	if _, err := msg.WriteTo(&b); err != nil {
		return gateway.Mail{}, gateway.Internal("write mail", err)
	}
	raw, err := sign.Sign(address, b.Bytes())
	m.Raw = raw
	return m, err
}
