package mail

import (
	"bytes"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jhillyerd/enmime/v2"

	"github.com/postern-chat/postern/gateway"
	"github.com/postern-chat/postern/kb"
)

// prolonged puts another end into a token.
func prolonged(token string) string {
	p := strings.Split(token, ".")
	id, _, _ := strings.Cut(p[1], "-")
	return p[0] + "." + id + "-" + strconv.FormatInt(noon.Unix()+1e6, 36) + "." + p[2]
}

// The line stands in the mail of the answer that asks for it, in text and HTML, and in no other.
func TestTheLineIntoAChat(t *testing.T) {
	c := composer()
	c.ContinuePage = "https://chat.example/continue"
	c.ContinueLine = func(locale, mailbox, link string) string { return locale + " " + mailbox + " " + link + " <b>" }
	mb := support()
	mb.Slug, mb.Name = "support", "Help\r\nBcc: x@evil.test"
	cv := ticket()
	cv.Locale = "ar"
	text := func(m gateway.Message, f *gateway.Forwarded) (*enmime.Envelope, string) {
		t.Helper()
		got, err := c.Compose(gateway.Writing{Conversation: cv, Mailbox: mb, Author: "Ada", Message: m, Forward: f, At: noon})
		if err != nil {
			t.Fatal(err)
		}
		e, err := enmime.ReadEnvelope(bytes.NewReader(got.Raw))
		if err != nil {
			t.Fatal(err)
		}
		return e, e.Text + e.HTML
	}
	m := gateway.Message{ID: msID, Text: "Hello", Nodes: []kb.Node{{Type: kb.Text, Text: "Hello"}}}
	if _, all := text(m, nil); strings.Contains(all, "/continue") {
		t.Errorf("an answer that did not ask for it says %s", all)
	}
	m.Continue = true
	e, _ := text(m, nil)
	const before = "ar Help Bcc: x@evil.test https://chat.example/continue/support#"
	_, rest, ok := strings.Cut(e.Text, before)
	token, _, _ := strings.Cut(rest, " ")
	if !ok || !strings.Contains(e.HTML, `<a href="https://chat.example/continue/support#`+token+`">`) || strings.Contains(e.HTML, "<b>") {
		t.Fatalf("%s\n%s", e.Text, e.HTML)
	}
	id, until, ok := c.Tokens.Continues(token)
	if !ok || id != cvID || !until.Equal(noon.Add(14*24*time.Hour)) || !c.Tokens.MayContinue(token, cvID, vic) {
		t.Errorf("%q: %s until %s, %v", token, id, until, ok)
	}
	if got := unrated("> https://chat.example/continue/support#" + token + " <"); strings.Contains(got, token) {
		t.Errorf("quoted: %q", got)
	}
	if _, all := text(m, &gateway.Forwarded{To: "out@side.example", Name: "Vic", Said: noon, Message: m}); strings.Contains(all, "/continue") {
		t.Errorf("a forward says %s", all)
	}
}

func TestTokensThatLeadNowhere(t *testing.T) {
	good := composer().Tokens.Continue(cvID, vic, noon)
	for _, s := range []string{
		"", ".", "..", "c..", "c.-.0123456789abcdef", strings.Replace(good, "-", "", 1), good + "a", good[1:], "t" + good[1:],
		"c.cv_x-zzzzzzzzz.0123456789abcdef", "c.cv_x-!.0123456789abcdef", strings.Repeat("c.", 40_000),
	} {
		if cv, until, ok := composer().Tokens.Continues(s); ok {
			t.Errorf("%q names %s until %s", s, cv, until)
		}
		if composer().Tokens.MayContinue(s, cvID, vic) {
			t.Errorf("%q leads into a chat", s)
		}
	}
}
