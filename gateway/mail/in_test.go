package mail

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/postern-chat/postern/gateway"
	"github.com/postern-chat/postern/kb"
)

// box remembers what was stored; it knows one ticket and one mail that went out.
type box struct {
	cv   gateway.Conversation
	sent gateway.Mail
	err  error
	in   []gateway.Incoming

	bounced []string // message and code
	hard    bool     // the last one
	closed  bool     // the ticket takes no more
	moved   []gateway.MailPosition
	allowed string // setting
}

func (b *box) Conversation(_ context.Context, id gateway.ID) (gateway.Conversation, error) {
	if b.err != nil || id != b.cv.ID {
		return gateway.Conversation{}, orNotFound(b.err)
	}
	return b.cv, nil
}

func (b *box) MailSent(_ context.Context, id string) (gateway.Mail, error) {
	if b.err != nil || id != b.sent.MessageID {
		return gateway.Mail{}, orNotFound(b.err)
	}
	return b.sent, nil
}

func (b *box) Mail(_ context.Context, id gateway.ID) (gateway.Mail, error) {
	if b.err != nil || id != b.sent.ID {
		return gateway.Mail{}, orNotFound(b.err)
	}
	return b.sent, nil
}

func (b *box) Bounced(_ context.Context, id gateway.ID, why gateway.Bounce, _ time.Time) ([]gateway.Event, error) {
	b.bounced, b.hard = append(b.bounced, string(id)+" "+why.Code), why.Hard
	return nil, nil
}

func (b *box) MoveMail(_ context.Context, p gateway.MailPosition) error {
	b.moved = append(b.moved, p)
	return b.err
}

func (b *box) Setting(context.Context, string) (string, error) { return b.allowed, b.err }

func orNotFound(err error) error {
	if err != nil {
		return err
	}
	return gateway.NotFound()
}

func (b *box) StoreIncoming(_ context.Context, in gateway.Incoming, _ time.Time) (gateway.Conversation, []gateway.Event, error) {
	if b.closed && in.Conversation != "" {
		return gateway.Conversation{}, nil, gateway.ConversationClosed()
	}
	for _, old := range b.in {
		if old.Key == in.Key {
			return gateway.Conversation{}, nil, gateway.Conflict()
		}
	}
	b.in = append(b.in, in)
	return gateway.Conversation{}, nil, nil
}

func door(t *testing.T) (*box, Ingest, gateway.Mail) {
	t.Helper()
	cv := ticket()
	cv.Mailbox = "mb_1"
	out := compose(t, cv, "Ada", "Hello")
	b := &box{cv: cv, sent: out}
	return b, Ingest{
		Box: b, Tokens: composer().Tokens, Rand: bytes.NewReader(make([]byte, 1000)),
		Markdown: func(string) []kb.Node { return nil },
	}, out
}

func letterOf(head, body string) []byte {
	return []byte(strings.ReplaceAll(strings.TrimSpace(head)+"\nDate: Mon, 02 Mar 2026 12:00:00 +0000\n\n"+body, "\n", "\r\n"))
}

func take(t *testing.T, b *box, i Ingest, recipient string, raw []byte) gateway.Incoming {
	t.Helper()
	if _, _, err := i.Take(t.Context(), gateway.Mailbox{ID: "mb_1", Address: "help@chat.example"}, Envelope{Recipient: recipient}, raw, noon); err != nil {
		t.Fatal(err)
	}
	in := b.in[len(b.in)-1]
	if (in.Conversation == "") != (in.Start != nil) {
		t.Fatalf("neither or both: %+v", in)
	}
	if in.Verified || !in.Message.Unproven || in.Message.Via != "email" {
		t.Fatalf("shown as verified: %+v", in.Message)
	}
	return in
}

func TestWhereAMailGoes(t *testing.T) {
	tokens := composer().Tokens
	good := "help+" + tokens.Make('t', string(cvID), vic) + "@chat.example"
	last := good[strings.Index(good, "@")-1]
	forged := strings.Replace(good, string(last)+"@", string("ab"[b2i(last == 'a')])+"@", 1)
	stranger := "help+" + tokens.Make('t', string(cvID), "eve@evil.test") + "@chat.example"
	bounce := "help+" + tokens.Make('b', string(cvID), vic) + "@chat.example"
	const from, plain, ref = "From: Vic <vic@shop.example>\n", "To: help@chat.example\n", "In-Reply-To: <ms_01arz3ndektsv4rrffq69g5faw@chat.example>\n"
	for _, c := range []struct {
		name, to, head string
		change         func(*box)
		joins          bool
	}{
		{"token in the envelope", good, from + plain, nil, true},
		{"token in To", "", from + "To: Help <" + good + ">\n", nil, true},
		{"token in Cc, upper case", "", from + plain + "Cc: a@b.test, " + strings.ToUpper(good) + "\n", nil, true},
		{"token in Delivered-To", "", from + plain + "Delivered-To: " + good + "\n", nil, true},
		{"token from another sender joins, unverified", good, "From: eve@evil.test\n" + plain, nil, true},
		{"forged token", forged, from + plain, nil, false},
		{"token of another recipient", stranger, from + plain, nil, false},
		{"token of another kind", bounce, from + plain, nil, false},
		{"token of a rating link", "help+" + tokens.Make('r', string(cvID), vic) + "@chat.example", from + plain, nil, false},
		{"token of a ticket in another mailbox", good, from + plain, func(b *box) { b.cv.Mailbox = "mb_2" }, false},
		{"token of a chat that is no ticket", good, from + plain, func(b *box) { b.cv.Number = 0 }, false},
		{"token of a ticket that is gone", good, from + plain, func(b *box) { b.cv.ID = "cv_x" }, false},
		{"token of a ticket without address", good, from + plain, func(b *box) { b.cv.Claimed.Email = "" }, false},
		{"our Message-ID, from whom we mailed", "", from + plain + ref, nil, true},
		{"our Message-ID in References", "", from + plain + "References: <x@y> <MS_01ARZ3NDEKTSV4RRFFQ69G5FAW@chat.example>\n", nil, true},
		{"our Message-ID, other sender", "", "From: eve@evil.test\n" + plain + ref, nil, false},
		{"our Message-ID, Reply-To identifies nobody", "", "From: eve@evil.test\nReply-To: vic@shop.example\n" + plain + ref, nil, false},
		{"our Message-ID, display name identifies nobody", "", "From: \"vic@shop.example\" <eve@evil.test>\n" + plain + ref, nil, false},
		{"our Message-ID, two From headers", "", from + "From: eve@evil.test\n" + plain + ref, nil, false},
		{"our Message-ID, two From headers turned round", "", "From: eve@evil.test\n" + from + plain + ref, nil, false},
		{"our Message-ID, second From behind a line that is no header", "", from + "no header at all\nFrom: eve@evil.test\n" + plain + ref, nil, false},
		{"our Message-ID, two addresses in From", "", "From: vic@shop.example, eve@evil.test\n" + plain + ref, nil, false},
		{"Message-ID that is not ours", "", from + plain + "In-Reply-To: <ms_forged@chat.example>\n", nil, false},
		{"subject alone joins nothing", "", from + plain + "Subject: Re: My order [#7]\n", nil, false},
		{"spoofed From with a foreign Reply-To", "", from + "Reply-To: x@evil.test\n" + plain, nil, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			b, i, _ := door(t)
			if c.change != nil {
				c.change(b)
			}
			in := take(t, b, i, c.to, letterOf(c.head, "please change my e-mail\n"))
			if (in.Conversation == cvID) != c.joins {
				t.Fatalf("conversation %q, start %+v", in.Conversation, in.Start)
			}
			if s := in.Start; s != nil && (!s.Ticket || s.Visitor != "" || s.Mailbox != "mb_1" || s.First == nil) {
				t.Fatalf("opens %+v", s)
			}
			if len(b.in) != 1 || in.Message.Text != "please change my e-mail" {
				t.Fatalf("%d mails, text %q", len(b.in), in.Message.Text)
			}
		})
	}
}

// TestReportAboutOurMail: a report with our token, or our Message-ID and its recipient, is noted on that mail and opens
// no ticket; a forged one is a mail like any other.
func TestReportAboutOurMail(t *testing.T) {
	b, _, out := door(t)
	token := "help+" + composer().Tokens.Make('b', string(b.sent.ID), vic) + "@chat.example"
	forged := "help+" + composer().Tokens.Make('b', string(b.sent.ID), "eve@evil.test") + "@chat.example"
	for _, c := range []struct {
		name, to, id, recipient, action string
		ours, noted, hard               bool
	}{
		{"by token", token, "x@y.test", vic, "failed", true, true, true},
		{"by token, about where his mail goes on to", token, "x@y.test", "vic@else.test", "failed", true, true, false},
		{"by Message-ID and recipient", "help@chat.example", out.MessageID, vic, "failed", true, true, true},
		{"a delay", token, "x@y.test", vic, "delayed", true, false, false},
		{"forged token", forged, "x@y.test", vic, "failed", false, false, false},
		{"our Message-ID, another recipient", "help@chat.example", out.MessageID, "eve@evil.test", "failed", false, false, false},
		{"nothing of ours", "help@chat.example", "x@y.test", vic, "failed", false, false, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			b, i, _ := door(t)
			raw := strings.NewReplacer("vic@shop.example", c.recipient, "ms_1@help.example", c.id, "Action: failed", "Action: "+c.action).
				Replace(dsn("delivery-status", "failed", "5.1.1", "550 no such user"))
			if _, _, err := i.Take(t.Context(), gateway.Mailbox{ID: "mb_1"}, Envelope{Recipient: c.to}, []byte(raw), noon); err != nil {
				t.Fatal(err)
			}
			if (len(b.in) == 0) != c.ours || (len(b.bounced) == 1) != c.noted || b.hard != c.hard {
				t.Fatalf("stored %d, noted %q, address dead %v", len(b.in), b.bounced, b.hard)
			}
		})
	}
}

func TestMailToAClosedTicketOpensANewOne(t *testing.T) {
	b, i, _ := door(t)
	b.closed = true
	in := take(t, b, i, "help+"+composer().Tokens.Make('t', string(cvID), vic)+"@chat.example", letterOf("From: "+vic+"\nTo: help@chat.example", "still broken"))
	if in.Start == nil || in.Start.ID == cvID || in.Message.Text != "still broken" {
		t.Fatalf("%+v", in)
	}
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

func TestReplyToNeverBecomesTheTicketsAddress(t *testing.T) {
	b, i, _ := door(t)
	in := take(t, b, i, "", letterOf("From: vic@shop.example\nReply-To: x@evil.test\nTo: help@chat.example", "hi"))
	if in.Start.Claimed.Email != vic {
		t.Fatalf("%+v", in.Start.Claimed)
	}
	in = take(t, b, i, "", letterOf("From: vic@shop.example\nFrom: x@evil.test\nTo: help@chat.example", "hi"))
	if in.Start.Claimed.Email != "" {
		t.Fatalf("two From headers give %+v", in.Start.Claimed)
	}
}

func TestTheSameMailIsStoredOnce(t *testing.T) {
	for _, id := range []string{"Message-ID: <a@b>\n", ""} {
		b, i, _ := door(t)
		mb := gateway.Mailbox{ID: "mb_1"}
		take(t, b, i, "", letterOf(id+"From: a@b.test\nTo: x@y.test", "hi"))
		again := letterOf("Received: by another way\n"+id+"From: a@b.test\nTo: x@y.test", "hi")
		if _, _, err := i.Take(t.Context(), mb, Envelope{}, again, noon); gateway.CodeOf(err) != "conflict" {
			t.Errorf("%q: by another way: %v", id, err)
		}
		take(t, b, i, "", letterOf(id+"From: a@b.test\nTo: x@y.test", "another body"))
		if len(b.in) != 2 {
			t.Errorf("%q: %d mails", id, len(b.in))
		}
	}
}

func TestBrokenMailIsStoredAndShown(t *testing.T) {
	deep := "From: a@b.test\nContent-Type: multipart/mixed; boundary=b0\n\n"
	for n := range 200 {
		deep += fmt.Sprintf("--b%d\nContent-Type: multipart/mixed; boundary=b%d\n\n", n, n+1)
	}
	many := "From: a@b.test\nContent-Type: multipart/mixed; boundary=b\n\n" + strings.Repeat("--b\nContent-Type: text/plain\n\nx\n", 10_000)
	for name, raw := range map[string]string{
		"nothing":         "",
		"no header":       "hello",
		"only line ends":  "\r\n\r\n\r\n",
		"binary":          "\x00\xff\xfe\x01",
		"NUL in the text": "From: a@b.test\r\n\r\na\x00b",
		"broken base64":   "From: a@b.test\r\nContent-Transfer-Encoding: base64\r\n\r\n!!!!",
		"no end boundary": "From: a@b.test\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n\r\nhi",
		"no boundary":     "From: a@b.test\r\nContent-Type: multipart/mixed\r\n\r\nhi",
		"unknown charset": "From: a@b.test\r\nContent-Type: text/plain; charset=klingon\r\n\r\nhi",
		"UTF-7":           "From: a@b.test\r\nContent-Type: text/plain; charset=utf-7\r\n\r\n+ADw-script+AD4-",
		"long header":     "Subject: " + strings.Repeat("x", 5<<20) + "\r\n\r\nhi",
		"deep":            deep, "many parts": many,
	} {
		t.Run(name, func(t *testing.T) {
			b, i, _ := door(t)
			in := take(t, b, i, "", []byte(raw))
			if err := gateway.CheckText("text", in.Message.Text, gateway.MaxMessage); err != nil {
				t.Errorf("text %q: %v", in.Message.Text, err)
			}
			if !utf8.ValidString(in.Start.Subject) || strings.ContainsAny(in.Start.Subject, "\r\n") || string(in.Raw) != raw {
				t.Errorf("subject %q, or raw lost", in.Start.Subject)
			}
		})
	}
}

func TestTooLargeAndBrokenStoreNothing(t *testing.T) {
	b, i, _ := door(t)
	if _, _, err := i.Take(t.Context(), gateway.Mailbox{ID: "mb_1"}, Envelope{}, make([]byte, MaxMail+1), noon); gateway.CodeOf(err) != "too_large" {
		t.Error(err)
	}
	b.err = gateway.Unavailable("database", nil)
	for _, head := range []string{"In-Reply-To: <x@y>\nFrom: " + vic, "To: help+" + composer().Tokens.Make('t', string(cvID), vic) + "@chat.example"} {
		if _, _, err := i.Take(t.Context(), gateway.Mailbox{ID: "mb_1"}, Envelope{}, letterOf(head, "hi"), noon); gateway.CodeOf(err) != "unavailable" {
			t.Errorf("%s: %v", head, err)
		}
	}
	if len(b.in) != 0 {
		t.Errorf("stored %d", len(b.in))
	}
}

func TestEncodedHeadersStayOneLine(t *testing.T) {
	b, i, _ := door(t)
	in := take(t, b, i, "", letterOf("From: =?utf-8?q?Vic=0D=0ABcc:_x@evil.test?= <vic@shop.example>\nSubject: =?utf-8?q?Hi=0D=0ABcc:_x?=", "hi"))
	if strings.ContainsAny(in.Message.Name+in.Start.Claimed.Name+in.Start.Subject, "\r\n") {
		t.Fatalf("%q %q", in.Message.Name, in.Start.Subject)
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte("From: a@b.test\r\nSubject: hi\r\n\r\nhello"))
	f.Add([]byte("From: a@b.test\nContent-Type: multipart/alternative; boundary=x\n\n--x\n\nhi\n--x--"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		l := read(raw)
		if err := gateway.CheckText("text", l.text, gateway.MaxMessage); err != nil {
			t.Fatalf("%q: %v", l.text, err)
		}
		if l.from != "" && !gateway.PlausibleEmail(l.from) || strings.ContainsAny(l.name, "\r\n") {
			t.Fatalf("from %q %q", l.from, l.name)
		}
	})
}
