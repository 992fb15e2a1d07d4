package mail

import (
	"bytes"
	"io"
	"mime/quotedprintable"
	"net/mail"
	"strings"
	"testing"
	"time"

	"github.com/postern-chat/postern/gateway"
)

// A report says all that was escalated; a word of the visitor that looks like a place of the text stays a word, and a
// line end of his begins no header.
func TestReportMail(t *testing.T) {
	texts := map[string]string{
		"report.subject": "Escalated, {level}: {issue}", "report.level.2": "engineering", "report.urgency.1": "high", "report.status.open": "our turn",
		"report.text":  "{mailbox} {conversation} by {by}: {reason}\n{customer} | {issue} | {spent} | {status} | {urgency} | {impact}\n{tried}",
		"report.timer": "the clock",
	}
	s := Staff{Domain: "gate.test", Word: func(_, key string) string { return texts[key] }}
	s.Words = func(_, what string) (string, string, bool) {
		return texts[what+".subject"], texts[what+".text"], texts[what+".text"] != ""
	}
	r := gateway.ReportLetter{Conversation: "cv_1", Number: 12, Mailbox: "Support", Level: 2, Report: gateway.EscalationReport{
		Customer: "{impact}", Issue: "Broken\r\nBcc: everybody@evil.test", SpentMS: 3_600_000, Tried: []string{"reload", "wait"}, Status: "open", Urgency: 1,
	}}
	m, err := s.Report("report:cv_1:2", "help@shop.test", "eng@shop.test", r, time.UnixMilli(1_800_000_000_000))
	if err != nil {
		t.Fatal(err)
	}
	got, err := mail.ReadMessage(bytes.NewReader(m.Raw))
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(quotedprintable.NewReader(got.Body))
	if err != nil {
		t.Fatal(err)
	}
	want := "Support #12 by the clock: -\r\n{impact} | Broken\r\nBcc: everybody@evil.test | 60 | our turn | high | -\r\n- reload\r\n- wait"
	if !strings.HasPrefix(string(text), want) {
		t.Errorf("%q, want %q", text, want)
	}
	if got.Header.Get("Bcc") != "" || got.Header.Get("Subject") != "Escalated, engineering: Broken Bcc: everybody@evil.test" ||
		got.Header.Get("To") != "<eng@shop.test>" || got.Header.Get("Auto-Submitted") != "auto-generated" {
		t.Errorf("headers: %v", got.Header)
	}
	if _, err := s.Report("report:cv_1:2", "help@shop.test", "nobody", r, time.Now()); gateway.CodeOf(err) != "invalid" {
		t.Errorf("an address that is none: %v", err)
	}
	again, err := s.Report("report:cv_1:2", "help@shop.test", "eng@shop.test", r, time.UnixMilli(1_800_000_000_000))
	if err != nil || again.MessageID != m.MessageID {
		t.Errorf("a retry is another mail: %s, %s", m.MessageID, again.MessageID)
	}
}
