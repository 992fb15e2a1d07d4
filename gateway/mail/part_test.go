package mail

import (
	"bytes"
	"net/mail"
	"slices"
	"strings"
	"testing"

	"github.com/jhillyerd/enmime/v2"

	"github.com/postern-chat/postern/gateway"
	"github.com/postern-chat/postern/kb"
)

func written(t *testing.T, w gateway.Writing) (gateway.Mail, *enmime.Envelope) {
	t.Helper()
	w.At = noon
	m, err := composer().Compose(w)
	if err != nil {
		t.Fatal(err)
	}
	again, err := composer().Compose(w)
	if err != nil || !bytes.Equal(again.Raw, m.Raw) {
		t.Errorf("the same mail has other bytes, %v", err)
	}
	for _, line := range bytes.Split(m.Raw, []byte("\r\n")) {
		if len(line) > 998 || bytes.ContainsAny(line, "\r\n") {
			t.Errorf("line of %d bytes, or a bare line end", len(line))
		}
	}
	e, err := enmime.ReadEnvelope(bytes.NewReader(m.Raw))
	if err != nil || len(e.Errors) > 0 {
		t.Fatal(err, e.Errors)
	}
	return m, e
}

// A mail holds its words twice, as text and as HTML in which everything is escaped and nothing is loaded, and its files.
func TestWordsAndFiles(t *testing.T) {
	text := "**Hello** <script>alert(1)</script>\n\n![pixel](https://evil.test/p.png) [here](https://shop.test/a?b=1&c=2) [there](/account)\n\n- one\n- two"
	word := func(s string) kb.Node { return kb.Node{Type: kb.Text, Text: s} }
	nodes := []kb.Node{
		{Type: kb.Paragraph, Children: []kb.Node{{Type: kb.Bold, Children: []kb.Node{word("Hello")}}, word(" <script>alert(1)</script>")}},
		{Type: kb.Paragraph, Children: []kb.Node{
			{Type: kb.Image, Text: "pixel", URL: "https://evil.test/p.png"},
			{Type: kb.Link, URL: "https://shop.test/a?b=1&c=2", Children: []kb.Node{word("here")}},
			{Type: kb.Link, URL: "/account", Children: []kb.Node{word("there")}},
		}},
		{Type: kb.List, Children: []kb.Node{{Type: kb.Item, Children: []kb.Node{word("one")}}}},
	}
	w := gateway.Writing{
		Conversation: ticket(), Mailbox: support(), Author: "Ada",
		Message: gateway.Message{ID: msID, Text: text, Nodes: nodes, Files: []gateway.FileRef{{ID: "fi_1", Name: "a.pdf"}, {ID: "fi_2", Name: "too <b>large</b>.zip"}}},
		Files:   []gateway.MailFile{{File: gateway.File{ID: "fi_1", Name: "Grüße.pdf", Type: "application/pdf"}, Data: bytes.Repeat([]byte{0, 0xff, '\r'}, 100)}},
	}
	_, e := written(t, w)
	if !strings.Contains(e.Text, "**Hello** <script>") || !strings.Contains(e.Text, "-- \r\nHelp\r\nteam") && !strings.Contains(e.Text, "-- \nHelp\nteam") || !strings.Contains(e.Text, "[too <b>large</b>.zip]") || strings.Contains(e.Text, "a.pdf") {
		t.Errorf("text: %q", e.Text)
	}
	for _, want := range []string{
		"<b>Hello</b>", "&lt;script&gt;", `<a href="https://shop.test/a?b=1&amp;c=2"`, "<li>", "[too &lt;b&gt;large&lt;/b&gt;.zip]", "Help<br>team", `<a href="https://evil.test/p.png"`,
	} {
		if !strings.Contains(e.HTML, want) {
			t.Errorf("the HTML lacks %s: %s", want, e.HTML)
		}
	}
	for _, never := range []string{"<script", "<img", "src=", `href="/`, "javascript:", "<b>large"} {
		if strings.Contains(e.HTML, never) {
			t.Errorf("the HTML holds %s", never)
		}
	}
	if len(e.Attachments) != 1 || e.Attachments[0].FileName != "Grüße.pdf" || !bytes.Equal(e.Attachments[0].Content, w.Files[0].Data) {
		t.Errorf("files: %+v", e.Attachments)
	}
}

// Any tree gives HTML that holds the tree's words and no element but ours.
func TestEveryTreeIsEscaped(t *testing.T) {
	deep := kb.Node{Type: kb.Text, Text: "<deep>"}
	for range 200 {
		deep = kb.Node{Type: kb.Quote, Children: []kb.Node{deep}}
	}
	for _, n := range []kb.Node{
		deep,
		{Type: "iframe", Text: "x", Children: []kb.Node{{Type: kb.Text, Text: "<iframe>"}}},
		{Type: kb.Image, Text: "<x>", URL: "javascript:alert(1)"},
		{Type: kb.Link, URL: `https://x.test/"><script>`, Children: []kb.Node{{Type: kb.Text, Text: "a"}}},
		{Type: kb.Heading, Level: 99, Children: []kb.Node{{Type: kb.Text, Text: "<h>"}}},
		{Type: kb.CodeBlock, Text: "</pre><b>"},
		{Type: kb.Link, URL: "//evil.test", Children: []kb.Node{{Type: kb.Code, Text: "<c>"}}},
	} {
		_, e := written(t, gateway.Writing{Conversation: ticket(), Mailbox: support(), Message: gateway.Message{ID: msID, Text: "x", Nodes: []kb.Node{n}}})
		for _, never := range []string{"<script", "<iframe", "<x>", "<deep", "<h>", "<c>", "</pre><b>", "javascript:", "<h99", `href="//`} {
			if strings.Contains(e.HTML, never) {
				t.Errorf("%s of %+v: %s", never, n, e.HTML)
			}
		}
	}
}

// Who else gets an answer stands in envelope and header; a cc that is none is refused.
func TestCopies(t *testing.T) {
	w := gateway.Writing{Conversation: ticket(), Mailbox: support(), Author: "Ada", Message: gateway.Message{ID: msID, Text: "x"}, Cc: []string{"bo@x.test", "cy@y.test"}}
	m, e := written(t, w)
	if !slices.Equal(m.Cc, w.Cc) || strings.ReplaceAll(e.GetHeader("Cc"), " ", "") != "<bo@x.test>,<cy@y.test>" || m.To != vic {
		t.Errorf("to %s, cc %v, header %q", m.To, m.Cc, e.GetHeader("Cc"))
	}
	w.Cc = []string{"bo@x.test\r\nBcc: eve@evil.test"}
	if _, err := composer().Compose(w); gateway.CodeOf(err) != "invalid" {
		t.Error(err)
	}
	l := read(letterOf("From: Vic <vic@shop.example>\nTo: help@chat.example, Bo <bo@x.test>\nCc: BO@x.test, cy@y.test, help+t.x@chat.example, vic@shop.example\nMessage-ID: <1@x>", "Hi"))
	if got := l.copies(support()); !slices.Equal(got, []string{"bo@x.test", "cy@y.test"}) {
		t.Errorf("named: %v", got)
	}
}

// A forward carries the agent's note and what was said, with its author's name and not his address; nothing of the
// ticket's own way back is in it.
func TestForward(t *testing.T) {
	w := gateway.Writing{
		Conversation: ticket(), Mailbox: support(), Author: "Ada", Message: gateway.Message{ID: msID, Text: "Can you help?", Nodes: []kb.Node{{Type: kb.Text, Text: "Can you help?"}}},
		Forward: &gateway.Forwarded{To: "depot@carrier.test", Name: "Vic", Said: noon, Message: gateway.Message{Text: "It is <i>broken</i>"}},
	}
	m, e := written(t, w)
	if m.To != "depot@carrier.test" || !m.Forward || e.GetHeader("Subject") != "Fwd: My order [#7]" || e.GetHeader("In-Reply-To") != "" || strings.Contains(string(m.Raw), vic) {
		t.Errorf("%s", m.Raw)
	}
	for _, part := range []string{e.Text, e.HTML} {
		if !strings.Contains(part, "Can you help?") || !strings.Contains(part, "From: Vic") || !strings.Contains(part, "broken") || strings.Contains(part, "/rate") {
			t.Errorf("%s", part)
		}
	}
	if strings.Contains(e.HTML, "<i>broken") {
		t.Error("what was said is not escaped")
	}
	a, err := mail.ParseAddress(e.GetHeader("Reply-To"))
	if err != nil {
		t.Fatal(err)
	}
	kind, id, mac, ok := Read(a.Address)
	if !ok || kind != 'n' || messageOf(id) != msID || !composer().Tokens.Check('n', id, mac, []string{"depot@carrier.test"}) || composer().Tokens.Check('n', id, mac, []string{vic}) {
		t.Errorf("answers go to %s", a.Address)
	}
}

// The answer to a forward is a note, whoever writes it, by its token or by our Message-ID; with a forged, moved or
// wrong-kind token it is a new ticket.
func TestAnswersToAForwardAreNotes(t *testing.T) {
	fresh := func() (*box, Ingest, string) {
		b, i, _ := door(t)
		m, err := composer().Compose(gateway.Writing{
			Conversation: b.cv, Mailbox: support(), Author: "Ada", Message: gateway.Message{ID: msID, Text: "Help?"}, At: noon,
			Forward: &gateway.Forwarded{To: "depot@carrier.test", Name: "Vic", Said: noon, Message: gateway.Message{Text: "broken"}},
		})
		if err != nil {
			t.Fatal(err)
		}
		b.sent = m
		return b, i, "help+" + composer().Tokens.Make('n', string(msID), "depot@carrier.test") + "@chat.example"
	}
	b, _, to := fresh()
	other := map[bool]string{true: "b", false: "a"}[strings.Contains(to, "a@chat")]
	forged := strings.Replace(to, to[strings.Index(to, "@")-1:], other+"@chat.example", 1)
	for name, c := range map[string]struct {
		to, head string
		note     bool
	}{
		"the token":            {to, "From: Dee <depot@carrier.test>", true},
		"another sender":       {to, "From: Eve <eve@evil.test>", true},
		"the customer himself": {to, "From: " + vic, true},
		"our message id":       {"help@chat.example", "From: depot@carrier.test\nIn-Reply-To: <" + b.sent.MessageID + ">", true},
		"his message id":       {"help@chat.example", "From: eve@evil.test\nIn-Reply-To: <" + b.sent.MessageID + ">", false},
		"forged":               {forged, "From: depot@carrier.test", false},
		"wrong kind":           {strings.Replace(to, "+n.", "+t.", 1), "From: depot@carrier.test", false},
	} {
		b, i, _ := fresh()
		if _, _, err := i.Take(t.Context(), support(), Envelope{Recipient: c.to}, letterOf(c.head+"\nTo: "+c.to+"\nSubject: Re", "We found it."), noon); err != nil {
			t.Fatal(name, err)
		}
		in := b.in[0]
		if in.Note != c.note || (in.Start == nil) != c.note || in.Verified {
			t.Errorf("%s: note %v, %+v", name, in.Note, in.Start)
		}
		if c.note && (in.Conversation != b.cv.ID || in.Message.Text != "We found it." || in.Message.Name == "" || !in.Message.Unproven) {
			t.Errorf("%s: %+v", name, in.Message)
		}
	}
}

// An answer to a forward of a ticket that is gone is not lost: it opens one of its own.
func TestAnswerToAForwardOfWhatIsGone(t *testing.T) {
	b, i, _ := door(t)
	b.sent, b.closed = gateway.Mail{ID: msID, Conversation: b.cv.ID, To: "depot@carrier.test", Forward: true}, true
	to := "help+" + composer().Tokens.Make('n', string(msID), "depot@carrier.test") + "@chat.example"
	in := take(t, b, i, to, letterOf("From: depot@carrier.test\nTo: "+to, "We found it."))
	if in.Start == nil || in.Note || in.Message.Text != "We found it." {
		t.Errorf("%+v", in)
	}
}
