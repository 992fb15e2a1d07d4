package mail

import (
	"fmt"
	"strings"
	"testing"
)

// dsn is a report with a part for machines.
func dsn(form, action, status, diagnostic string) string {
	return strings.ReplaceAll(fmt.Sprintf(`Return-Path: <>
From: MAILER-DAEMON@mx.example (Mail Delivery System)
To: support+b.ms_1.abcdefghijklmnop@help.example
Subject: Undelivered Mail Returned to Sender
Message-ID: <r1@mx.example>
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=%s; boundary="B"

--B
Content-Type: text/plain

This is the mail system at host mx.example.

I'm sorry to have to inform you that your message could not be delivered.

--B
Content-Type: message/%s

Reporting-MTA: dns; mx.example

Final-Recipient: rfc822; vic@shop.example
Action: %s
Status: %s
Diagnostic-Code: smtp; %s

--B
Content-Type: message/rfc822

From: support@help.example
Message-ID: <ms_1@help.example>
Subject: Invoice

Hello
--B--
`, form, form, action, status, diagnostic), "\n", "\r\n")
}

func TestReports(t *testing.T) {
	for _, c := range []struct {
		action, status, diagnostic string
		code                       string
		hard                       bool
	}{
		{"failed", "5.1.1", "550 5.1.1 <vic@shop.example>: Recipient address rejected: User unknown in virtual mailbox table", "5.1.1", true},
		{"failed", "5.0.0", "550 5.1.1 The email account that you tried to reach does not exist.", "5.1.1", true},
		{"failed", "5.1.10", "550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup", "5.1.10", true},
		{"failed", "5.4.4", "X-Postfix; Host or domain name not found. Name service error for name=shop.example type=A: Host not found", "5.4.4", true},
		{"failed", "5.1.2", "550 Host unknown", "5.1.2", true},
		{"failed", "5.0.0", "550 No such user here", "5.0.0", true},
		{"failed", "5.1.6", "551 5.1.6 recipient has moved", "5.1.6", true},
		{"failed", "5.1.10", "556 5.1.10 Domain does not accept mail (nullMX)", "5.1.10", true},
		{"failed", "5.1.1", "550 5.1.1 mailbox full", "5.1.1", false},
		{"failed", "5.2.2", "552 5.2.2 The email account that you tried to reach is over quota", "5.2.2", false},
		{"failed", "5.2.1", "550 5.2.1 The email account that you tried to reach is disabled", "5.2.1", false},
		{"failed", "5.7.1", "550 5.7.1 Message rejected due to content restrictions: spam", "5.7.1", false},
		{"failed", "5.7.1", "554 5.7.1 Relay access denied", "5.7.1", false},
		{"failed", "5.3.4", "552 5.3.4 Message size exceeds fixed maximum message size", "5.3.4", false},
		{"failed", "5.7.26", "550 5.7.26 Unauthenticated email from help.example is not accepted due to domain's DMARC policy", "5.7.26", false},
		{"failed", "4.4.1", "connect to shop.example[192.0.2.1]:25: Connection timed out", "4.4.1", false},
		{"failed", "4.2.2", "452 4.2.2 Mailbox full", "4.2.2", false},
		{"delayed", "4.4.1", "connect to shop.example[192.0.2.1]:25: Connection refused", "4.4.1", false},
		{"delivered", "2.0.0", "250 2.0.0 Ok", "2.0.0", false},
	} {
		for _, form := range []string{"delivery-status", "global-delivery-status"} {
			s := Look([]byte(dsn(form, c.action, c.status, c.diagnostic)))
			if s.Kind != KindBounce || s.Bounce == nil {
				t.Errorf("%s %s: taken for %s", form, c.diagnostic, s.Kind)
				continue
			}
			if s.Bounce.Code != c.code || s.Bounce.Hard != c.hard || s.Bounce.MessageID == nil || *s.Bounce.MessageID != "ms_1@help.example" {
				t.Errorf("%s %s: %+v", form, c.diagnostic, *s.Bounce)
			}
			if s.Bounce.Recipient != "vic@shop.example" || s.Bounce.Failed != (c.action == "failed") {
				t.Errorf("%s %s: %+v", form, c.diagnostic, *s.Bounce)
			}
		}
	}
}

func TestReportsInWords(t *testing.T) {
	const original = "\n\n--- Below this line is a copy of the message.\n\nMessage-ID: <ms_1@help.example>\nSubject: Invoice\n"
	for _, c := range []struct {
		from, subject, body string
		hard                bool
	}{
		{"MAILER-DAEMON@mx.example", "failure notice", "Hi. This is the qmail-send program at mx.example.\nI'm afraid I wasn't able to deliver your message to the following addresses.\n\n<vic@shop.example>:\nSorry, no mailbox here by that name. (#5.1.1)", true},
		{"Mail Delivery System <Mailer-Daemon@mx.example>", "Mail delivery failed: returning message to sender", "A message that you sent could not be delivered to one or more of its recipients. The following address(es) failed:\n\n  vic@shop.example\n    all relevant MX records point to non-existent hosts", true},
		{"Mail Delivery System <Mailer-Daemon@mx.example>", "Warning: message 1abc delayed 24 hours", "This message was created automatically. A message that you sent has not yet been delivered.\n  vic@shop.example\n    Delay reason: connection timed out", false},
		{"postmaster@shop.example", "Undeliverable: Invoice", "Your message did not reach some or all of the intended recipients.\n      'vic@shop.example'\n            550 5.1.1 User unknown", true},
		{"postmaster@shop.de", "Unzustellbar: Rechnung", "Ihre Nachricht konnte nicht zugestellt werden an vic@shop.example:\nDas Postfach ist voll. mailbox is full", false},
		{"Mail Administrator <Postmaster@mx.example>", "Mail System Error - Returned Mail", "This Message was undeliverable due to the following reason:\n\nThe user(s) account is disabled.\n\n   <vic@shop.example>", false},
		{"MAILER-DAEMON@mx.example", "Returned mail: User unknown", "The original message was received at Mon\n   ----- The following addresses had permanent fatal errors -----\n<vic@shop.example>\n   ----- Transcript of session follows -----\n550 <vic@shop.example>... User unknown", true},
		{"postmaster@mail.ru", "Недоставленное сообщение", "Это письмо создано автоматически. Ваше сообщение не может быть доставлено:\n vic@shop.example: пользователь не найден", true},
		{"postmaster@qq.example", "系统退信", "无法发送到 vic@shop.example\n收件人不存在 550 User not found", true},
		{"Mailer-Daemon@mx.example", "Delivery Status Notification (Failure)", "Delivery to the following recipient failed permanently:\n\n     vic@shop.example\n\nThe recipient server did not accept our requests: 554 too many messages, rate limit", false},
	} {
		raw := "Return-Path: <>\nFrom: " + c.from + "\nTo: support@help.example\nSubject: " + c.subject + "\nMessage-ID: <x@y>\n\n" + c.body + original
		s := Look([]byte(raw))
		if s.Kind != KindBounce || s.Bounce == nil || s.Bounce.Hard != c.hard || s.Bounce.MessageID == nil || *s.Bounce.MessageID != "ms_1@help.example" {
			t.Errorf("%s: %s %+v", c.subject, s.Kind, s.Bounce)
		}
	}
}

func TestNoReports(t *testing.T) {
	for name, c := range map[string][2]string{
		"a customer asks about a failure": {"From: vic@shop.example\nSubject: mail delivery failed\n", "My invoice could not be delivered, what now?"},
		"a customer quotes a report":      {"From: vic@shop.example\nSubject: Re: Invoice\nIn-Reply-To: <a@b>\n", "I got this:\n550 5.1.1 User unknown, could not be delivered to ada@help.example"},
		"a person who is postmaster":      {"From: Postmaster <postmaster@shop.example>\nSubject: Question\n", "We would like to buy ten licences."},
		"a vacation reply":                {"Return-Path: <>\nFrom: vic@shop.example\nSubject: Out of office\nAuto-Submitted: auto-replied\n", "I am away until Monday and cannot be reached."},
		"a delivery by parcel":            {"From: store@shop.example\nSubject: Delivery failed\n", "Your parcel was not delivered because nobody was at home."},
	} {
		if s := Look([]byte(c[0] + "To: support@help.example\nMessage-ID: <x@y>\n\n" + c[1])); s.Kind == KindBounce {
			t.Errorf("%s: %+v", name, s.Bounce)
		}
	}
}

func TestComplaint(t *testing.T) {
	s := Look([]byte("From: feedback@mx.example\nSubject: FW: Invoice\nMIME-Version: 1.0\nMessage-ID: <c@d>\nContent-Type: multipart/report; report-type=feedback-report; boundary=B\n\n" +
		"--B\nContent-Type: text/plain\n\nThis is an abuse report.\n--B\nContent-Type: message/feedback-report\n\nFeedback-Type: abuse\nVersion: 1\nUser-Agent: x/1\nOriginal-Rcpt-To: vic@shop.example\n" +
		"--B\nContent-Type: message/rfc822\n\nMessage-ID: <ms_1@help.example>\nSubject: Invoice\n\nHi\n--B--\n"))
	if s.Kind != KindBounce || s.Bounce == nil || s.Bounce.Hard || s.Bounce.Code != "" || s.Bounce.MessageID == nil || strings.Join(s.Warnings, " ") != "complaint" {
		t.Fatalf("%+v %+v", s, s.Bounce)
	}
}

func TestKinds(t *testing.T) {
	token := "support+t." + strings.ToLower("cv_01ARZ3NDEKTSV4RRFFQ69G5FAV") + ".abcdefghijklmnop@help.example"
	for _, c := range []struct{ head, want string }{
		{"", KindNew},
		{"Subject: Re: hello\n", KindNew},
		{"In-Reply-To: <a@b>\n", KindReply},
		{"References: <a@b>\n", KindReply},
		{"To: " + token + "\n", KindReply},
		{"Cc: x@y.test, " + token + "\n", KindReply},
		{"Auto-Submitted: auto-replied\nIn-Reply-To: <a@b>\n", KindAuto},
		{"Auto-Submitted: auto-generated (rejected)\n", KindAuto},
		{"Auto-Submitted: no\nIn-Reply-To: <a@b>\n", KindReply},
		{"X-Autoreply: yes\n", KindAuto},
		{"X-Autorespond: on holiday\n", KindAuto},
		{"Precedence: auto_reply\n", KindAuto},
		{"Precedence: bulk\n", KindNew},
		{"Return-Path: <>\nSubject: Abwesenheitsnotiz: Rechnung\n", KindAuto},
		{"Return-Path: <vic@shop.example>\nSubject: Out of office space\n", KindNew},
	} {
		if s := Look([]byte("From: vic@shop.example\nMessage-ID: <x@y>\n" + c.head + "\nhello\n")); s.Kind != c.want {
			t.Errorf("%q is %s, want %s", c.head, s.Kind, c.want)
		}
	}
}

func TestWarnings(t *testing.T) {
	deep := "From: a@b.test\nMessage-ID: <x@y>\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b0\n\n"
	for n := range 200 {
		deep += fmt.Sprintf("--b%d\nContent-Type: multipart/mixed; boundary=b%d\n\n", n, n+1)
	}
	const head = "From: a@b.test\nMessage-ID: <x@y>\n"
	for _, c := range []struct{ raw, want string }{
		{head + "\nhi", ""},
		{"From: a@b.test\n\nhi", "no_message_id"},
		{"From vic Mon Jan 5 10:12:00 2026\n" + head + "\nhi", ""},
		{head + "From: c@d.test\n\nhi", "multiple_from"},
		{head + "Content-Type: text/html\n\n<p>hi</p>", "html_only"},
		{head + "Content-Type: text/plain; charset=utf-8\n\n\xff\xfe hi", "bad_charset"},
		{head + "Subject: Fwd: x\n\nsee\n\n---------- Forwarded message ---------\nFrom: c@d.test\nSubject: x\n\nhi", "forwarded"},
		{deep, "too_deep"},
		{head + "\n" + strings.Repeat("x", MaxMail), "too_large"},
	} {
		if got := strings.Join(Look([]byte(c.raw)).Warnings, " "); got != c.want {
			t.Errorf("%.80q warns %q, want %q", c.raw, got, c.want)
		}
	}
}

func FuzzLook(f *testing.F) {
	f.Add([]byte(dsn("delivery-status", "failed", "5.1.1", "550 no")))
	f.Add([]byte("From: a@b.test\nContent-Type: text/html\n\n<blockquote><div class=gmail_quote>x</div>y"))
	f.Add([]byte("From: a@b.test\n\nhi\n\nOn Mon, Jan 5, 2026 at 10:12 AM Ada <a@b.test> wrote:\n> x\n\n-- \nsig"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		s := Look(raw)
		if s.Kind == "" || s.Warnings == nil || (s.Kind == KindBounce) != (s.Bounce != nil) || strings.TrimSpace(s.Text) != s.Text || strings.Contains(s.Text, "\r") {
			t.Fatalf("%+v", s)
		}
	})
}

func FuzzVisible(f *testing.F) {
	f.Add("Re: x", "hi\n\nAm 5.1.2026 um 10:12 schrieb Ada <a@b.test>:\n> x", "<p>hi</p><blockquote type=cite>x</blockquote>")
	f.Fuzz(func(t *testing.T, subject, text, html string) {
		got, _ := Visible(subject, text, html)
		if usable(text) && got == "" {
			t.Fatalf("nothing left of %q", text)
		}
	})
}
