package mail

import (
	"regexp"
	"strings"

	"github.com/jhillyerd/enmime/v2"
)

// Bounce is what a delivery or abuse report says. Anybody can forge one: by itself it changes nothing.
type Bounce struct {
	Code      string  `json:"code"`       // enhanced status of the first failed recipient, e.g. "5.1.1"; "" = none told
	Hard      bool    `json:"hard"`       // the address is dead: not full, not refused, not late
	MessageID *string `json:"message_id"` // of the original, without brackets; nil = not told
	Recipient string  `json:"-"`          // whom the report is about; "" = not told
	Failed    bool    `json:"-"`          // false for a delay, a success or a complaint
}

// report looks for a delivery report (RFC 3464, RFC 6533, or in words) and for an abuse report (RFC 5965).
// Source: mail-and-routing.md 1.6.
func report(l *letter, root *enmime.Part) (b *Bounce, complaint bool) {
	var status, feedback, original string
	for p := range parts(root) {
		switch p.ContentType {
		case "message/delivery-status", "message/global-delivery-status":
			status += "\n\n" + string(p.Content)
		case "message/feedback-report":
			feedback = string(p.Content)
		case "message/rfc822", "text/rfc822-headers", "message/global", "message/global-headers":
			if original == "" {
				original = string(p.Content)
			}
		}
	}
	form := strings.ToLower(l.head.Get("Content-Type"))
	if feedback != "" || strings.Contains(form, "report-type") && strings.Contains(form, "feedback-report") {
		return &Bounce{MessageID: originalID(original), Recipient: field(feedback, "Original-Rcpt-To")}, true
	}
	said := status != "" && strings.Contains(strings.ToLower(status), "recipient") ||
		strings.Contains(form, "multipart/report") && strings.Contains(form, "delivery-status")
	if !said && !toldInWords(l) {
		return nil, false
	}
	return judge(l, status, original), false
}

// judge reads who failed and why.
func judge(l *letter, status, original string) *Bounce {
	b := &Bounce{MessageID: originalID(original)}
	text := l.plain
	about := first(status)
	b.Recipient = mailbox(field(about, "Original-Recipient"))
	if to := mailbox(field(about, "Final-Recipient")); b.Recipient == "" || to == "" {
		b.Recipient = b.Recipient + to
	}
	if b.Recipient == "" {
		b.Recipient = mailbox(l.head.Get("X-Failed-Recipients"))
	}
	action := strings.ToLower(field(about, "Action"))
	reason := field(about, "Diagnostic-Code")
	b.Code = enhanced.FindString(field(about, "Status"))
	if told := enhanced.FindString(reason); told != "" && (b.Code == "" || strings.HasSuffix(b.Code, ".0.0")) && (b.Code == "" || told[0] == b.Code[0]) {
		b.Code = told
	}
	if about == "" || reason == "" {
		reason += " " + clip(text, 4000)
	}
	if b.Code == "" {
		b.Code = enhanced.FindString(reason)
	}
	late := action == "delayed" || action == "" && (delayed.MatchString(l.subject) || strings.HasPrefix(b.Code, "4"))
	b.Failed = !late && action != "delivered" && action != "relayed" && action != "expanded" && !strings.HasPrefix(b.Code, "2")
	b.Hard = b.Failed && dead(b.Code, reason)
	if b.MessageID == nil {
		b.MessageID = originalID(text)
	}
	if b.MessageID == nil && len(l.references) > 0 {
		b.MessageID = &l.references[0]
	}
	return b
}

// dead reports whether the reason means that the address will never take mail. What is said in words beats the code.
func dead(code, reason string) bool {
	switch {
	case alive.MatchString(reason):
		return false
	case gone.MatchString(reason):
		return true
	case strings.HasPrefix(code, "5.1.") && code != "5.1.7" && code != "5.1.8" && code != "5.1.0", code == "5.4.4":
		return true
	}
	return false
}

// first gives the block of the first recipient who failed, else of the first one.
func first(status string) string {
	any := ""
	for block := range strings.SplitSeq(strings.ReplaceAll(status, "\r\n", "\n"), "\n\n") {
		if field(block, "Final-Recipient") == "" && field(block, "Original-Recipient") == "" && field(block, "Action") == "" {
			continue
		}
		if strings.EqualFold(field(block, "Action"), "failed") {
			return block
		}
		if any == "" {
			any = block
		}
	}
	return any
}

// field reads one field of a report, unfolded.
func field(block, name string) string {
	return headers([]byte(strings.TrimSpace(strings.ReplaceAll(block, "\r\n", "\n")))).Get(name)
}

// mailbox takes the address out of "rfc822; a@b".
func mailbox(s string) string {
	if _, after, ok := strings.Cut(s, ";"); ok {
		s = after
	}
	s, _, _ = strings.Cut(strings.TrimSpace(s), ",")
	return strings.Trim(s, "<> \t")
}

var originalIDs = regexp.MustCompile(`(?im)^[ \t>|]*message-id:\s*<([^<>\s]{3,990})>`)

// originalID finds the Message-ID of the mail that a report is about.
func originalID(text string) *string {
	if m := originalIDs.FindStringSubmatch(text); m != nil {
		return &m[1]
	}
	return nil
}

func clip(s string, n int) string {
	if len(s) > n {
		return s[:n]
	}
	return s
}

// toldInWords recognises the reports that have no part for machines: by who sends them, and what they say.
func toldInWords(l *letter) bool {
	daemon := daemonNames.MatchString(l.sender)
	nobody := emptyPath(l)
	subject := failed.MatchString(l.subject) || delayed.MatchString(l.subject)
	if l.head.Get("X-Failed-Recipients") != "" && (daemon || nobody) {
		return true
	}
	if !daemon && !subject {
		return false // nearly every mail; the patterns for texts are slow
	}
	text := clip(l.plain, 6000)
	says := couldNot.MatchString(text)
	reason := gone.MatchString(text) || alive.MatchString(text) || enhanced.MatchString(text) || smtpCode.MatchString(text)
	switch {
	case vacation.MatchString(l.subject) && !subject:
		return false
	case daemon && subject, nobody && subject && (says || reason):
		return true
	case daemon:
		return says && reason
	case subject && len(l.references) == 0:
		return says && reason && strings.Contains(text, "@")
	}
	return false
}

// emptyPath reports whether the mail has the envelope sender of machines, as far as its header shows.
func emptyPath(l *letter) bool {
	for _, v := range l.head["Return-Path"] {
		return strings.TrimSpace(v) == "<>" || strings.TrimSpace(v) == ""
	}
	return false
}
