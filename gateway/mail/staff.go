package mail

import (
	"bytes"
	"net/mail"
	"strconv"
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
	// Word gives one text, "" = there is none.
	Word func(locale, key string) string
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
	return s.write(id, from, to.Email, subject, text, now)
}

// write makes a mail of ours that nobody can answer.
func (s Staff) write(id, from, to, subject, text string, now time.Time) (gateway.Mail, error) {
	name := strings.NewReplacer(":", ".", "_", ".").Replace(strings.ToLower(id)) + "@" + s.Domain
	raw, err := notice(name, from, to, subject, text, s.Sign, now)
	return gateway.Mail{ID: gateway.ID(strings.NewReplacer(":", "-").Replace(id)), MessageID: name, From: from, To: to, Raw: raw}, err
}

// notice writes and signs a mail of Postern's own, in LF lines, that no person wrote and nobody answers.
func notice(messageID, from, to, subject, text string, sign Signatures, now time.Time) ([]byte, error) {
	msg := newMessage(messageID, now)
	msg.Subject(oneLine(subject))
	msg.SetGenHeader("Auto-Submitted", "auto-generated")
	msg.FromMailAddress(&mail.Address{Name: "Postern", Address: from})
	msg.ToMailAddress(&mail.Address{Address: to})
	msg.SetBodyString(gomail.TypeTextPlain, strings.NewReplacer("\r\n", "\r\n", "\n", "\r\n").Replace(text)+"\r\n")
	var b bytes.Buffer
	if _, err := msg.WriteTo(&b); err != nil {
		return nil, gateway.Internal("write mail", err)
	}
	return sign.Sign(from, b.Bytes())
}

// Report implements gateway.Letters. Errors: as Letter.
func (s Staff) Report(id, from, to string, r gateway.ReportLetter, now time.Time) (gateway.Mail, error) {
	const lang = "en" // of an address nobody knows which one its readers speak
	subject, text, ok := s.Words(lang, "report")
	switch {
	case !ok:
		return gateway.Mail{}, gateway.Invalid("what")
	case !gateway.PlausibleEmail(to) || !gateway.PlausibleEmail(from):
		return gateway.Mail{}, gateway.Invalid("address")
	}
	fill := s.fill(lang, r)
	return s.write(id, from, to, fill.Replace(subject), fill.Replace(text), now)
}

// fill puts a report's words in the places of a text, once: a word that looks like a place stays as it is.
func (s Staff) fill(lang string, r gateway.ReportLetter) *strings.Replacer {
	name := string(r.Conversation)
	if r.Number > 0 {
		name = "#" + strconv.FormatInt(r.Number, 10)
	}
	status := s.Word(lang, "report.status."+r.Report.Status)
	if status == "" {
		status = r.Report.Status
	}
	by := r.By
	if by == "" {
		by = s.Word(lang, "report.timer")
		if r.Reason != "" {
			by = s.Word(lang, "report.words")
		}
	}
	tried := "-"
	if len(r.Report.Tried) > 0 {
		tried = "- " + strings.Join(r.Report.Tried, "\n- ")
	}
	return strings.NewReplacer(
		"{conversation}", name, "{id}", string(r.Conversation), "{mailbox}", r.Mailbox, "{by}", by, "{reason}", orDash(r.Reason),
		"{level}", s.Word(lang, "report.level."+strconv.Itoa(r.Level)), "{customer}", orDash(r.Report.Customer),
		"{issue}", orDash(r.Report.Issue), "{tried}", tried, "{status}", orDash(status), "{impact}", orDash(r.Report.Impact),
		"{spent}", strconv.FormatInt(r.Report.SpentMS/60_000, 10), "{urgency}", s.Word(lang, "report.urgency."+strconv.Itoa(int(r.Report.Urgency))),
	)
}

// orDash is a text, or a sign that there is none.
func orDash(text string) string {
	if text == "" {
		return "-"
	}
	return text
}
