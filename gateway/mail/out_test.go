package mail

import (
	"bytes"
	"net/mail"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jhillyerd/enmime/v2"

	"github.com/postern-chat/postern/gateway"
)

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

const (
	cvID = gateway.ID("cv_01ARZ3NDEKTSV4RRFFQ69G5FAV")
	msID = gateway.ID("ms_01ARZ3NDEKTSV4RRFFQ69G5FAW")
	vic  = "vic@shop.example"
)

func composer() Composer {
	return Composer{Tokens: Tokens{Key: []byte("0123456789abcdef0123456789abcdef")}, Domain: "Chat.example"}
}

func ticket() gateway.Conversation {
	return gateway.Conversation{ID: cvID, Number: 7, Subject: "My order", Status: gateway.Open, Claimed: gateway.Claimed{Email: vic}}
}

func support() gateway.Mailbox {
	return gateway.Mailbox{ID: "mb_1", Address: "help@chat.example", Signature: "Help\nteam"}
}

func compose(t *testing.T, cv gateway.Conversation, author, text string) gateway.Mail {
	t.Helper()
	m, err := composer().Compose(gateway.Writing{Conversation: cv, Mailbox: support(), Author: author, Message: gateway.Message{ID: msID, Text: text}, At: noon})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestComposeGivesThreadTokenAndWords(t *testing.T) {
	text := "Grüße,\n.\n.hidden\n" + strings.Repeat("long ", 300)
	m := compose(t, ticket(), "Ada Müller", text)
	e, err := enmime.ReadEnvelope(bytes.NewReader(m.Raw))
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"Subject":     "My order [#7]",
		"From":        "Ada Müller <help@chat.example>",
		"To":          "<" + vic + ">",
		"Message-Id":  "<ms_01arz3ndektsv4rrffq69g5faw@chat.example>",
		"In-Reply-To": "<cv_01arz3ndektsv4rrffq69g5fav@chat.example>",
		"References":  "<cv_01arz3ndektsv4rrffq69g5fav@chat.example>",
		"Date":        "Mon, 02 Mar 2026 12:00:00 +0000",
	} {
		if got := strings.ReplaceAll(e.GetHeader(name), `"`, ""); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if want := strings.TrimSpace(text) + " \n\n-- \nHelp\nteam"; strings.TrimSpace(strings.ReplaceAll(e.Text, "\r\n", "\n")) != want {
		t.Errorf("text: %q", e.Text)
	}
	for _, line := range bytes.Split(m.Raw, []byte("\r\n")) {
		if len(line) > 998 || bytes.ContainsAny(line, "\r\n") {
			t.Errorf("line of %d bytes, or a bare line end", len(line))
		}
	}
	for where, address := range map[string]string{"reply": e.GetHeader("Reply-To"), "envelope": m.From} {
		a, err := mail.ParseAddress(address)
		if err != nil {
			t.Fatal(err)
		}
		kind, id, mac, ok := Read(a.Address)
		want := map[string]gateway.ID{"reply": cvID, "envelope": msID}[where]
		if !ok || !strings.EqualFold(id, string(want)) || !composer().Tokens.Check(kind, id, mac, []string{vic}) {
			t.Errorf("%s: %q", where, address)
		}
		if local, _, _ := strings.Cut(a.Address, "@"); len(local) > 64 {
			t.Errorf("%s: local part of %d bytes", where, len(local))
		}
	}
}

func TestTheSameMailHasTheSameBytes(t *testing.T) {
	a, b := compose(t, ticket(), "Ada", "Hello"), compose(t, ticket(), "Ada", "Hello")
	if !bytes.Equal(a.Raw, b.Raw) || a.MessageID != b.MessageID || a.From != b.From {
		t.Fatalf("%s\n---\n%s", a.Raw, b.Raw)
	}
}

// The rating's line stands last, in the signature, in the words of the conversation's locale; typed names stay in
// their line. Its token rates, and is no reply's.
func TestTheRatingsLine(t *testing.T) {
	c := composer()
	c.RatePage = "https://chat.example/rate"
	c.RateLine = func(locale, mailbox, link string) string { return locale + " " + mailbox + " " + link }
	for _, sign := range []string{"Help\nteam", ""} {
		cv, mb := ticket(), support()
		cv.Locale, mb.Name, mb.Signature = "ar", "Help\r\nBcc: x@evil.test", sign
		m, err := c.Compose(gateway.Writing{Conversation: cv, Mailbox: mb, Author: "Ada", Message: gateway.Message{ID: msID, Text: "Hello"}, At: noon})
		if err != nil {
			t.Fatal(err)
		}
		e, err := enmime.ReadEnvelope(bytes.NewReader(m.Raw))
		if err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(strings.TrimSpace(strings.ReplaceAll(e.Text, "\r\n", "\n")), "\n")
		before, token, ok := strings.Cut(lines[len(lines)-1], "#")
		if !ok || before != "ar Help Bcc: x@evil.test https://chat.example/rate" || !slices.Contains(lines, "-- ") || (sign != "") != slices.Contains(lines, "team") {
			t.Fatalf("%q", lines)
		}
		if id, ok := c.Tokens.Rates(token); !ok || id != cvID || !c.Tokens.MayRate(token, cvID, vic) {
			t.Errorf("%q rates nothing", token)
		}
		if _, _, _, ok := Read("help+" + strings.Replace(token, "r.", "t.", 1) + "@chat.example"); !ok {
			t.Fatal("the form differs from a reply's")
		}
		kind, id, mac, _ := Read("help+" + token + "@chat.example")
		if c.Tokens.Check('t', id, mac, []string{vic}) || kind == 't' {
			t.Error("it is a reply's token too")
		}
		if got := unrated("> " + lines[len(lines)-1] + " <\nr.cv_ is no token"); strings.Contains(got, token) || !strings.HasSuffix(got, "/rate#… <\nr.cv_ is no token") {
			t.Errorf("quoted: %q", got)
		}
	}
}

func TestTypedWordsCannotAddHeaders(t *testing.T) {
	cv := ticket()
	cv.Subject = "Hi\r\nBcc: x@evil.test\r\n\r\n<b>body</b>"
	raw := compose(t, cv, "Ada\r\nBcc: x@evil.test", "Bcc: x@evil.test").Raw
	msg, err := mail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	if len(msg.Header["Bcc"]) != 0 || len(msg.Header["From"]) != 1 || len(msg.Header["Subject"]) != 1 {
		t.Fatalf("%s", raw)
	}
	if !strings.Contains(msg.Header.Get("Subject"), "[#7]") {
		t.Errorf("subject is cut: %q", msg.Header.Get("Subject"))
	}
}

func TestAddressesThatAreNoneAreRefused(t *testing.T) {
	for _, to := range []string{"", "vic", "a@b, c@d", "Vic <vic@shop.example>", "a@b\r\nBcc: c@d"} {
		cv := ticket()
		cv.Claimed.Email = to
		if _, err := composer().Compose(gateway.Writing{Conversation: cv, Mailbox: support(), Author: "Ada", Message: gateway.Message{ID: msID, Text: "x"}, At: noon}); gateway.CodeOf(err) != "invalid" {
			t.Errorf("to %q: %v", to, err)
		}
	}
	if _, err := composer().Compose(gateway.Writing{Conversation: ticket(), Mailbox: gateway.Mailbox{}, Author: "Ada", Message: gateway.Message{ID: msID, Text: "x"}, At: noon}); gateway.CodeOf(err) != "invalid" {
		t.Errorf("mailbox without address: %v", err)
	}
}

func TestSpoolWritesOnce(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "spool")
	m := compose(t, ticket(), "Ada", "Hello")
	for range 2 {
		if err := (Spool{Dir: dir}).Send(t.Context(), m); err != nil {
			t.Fatal(err)
		}
	}
	files, err := os.ReadDir(dir)
	if err != nil || len(files) != 1 || files[0].Name() != string(msID)+".eml" {
		t.Fatalf("%v, %v", files, err)
	}
	if raw, err := os.ReadFile(filepath.Join(dir, files[0].Name())); err != nil || !bytes.Equal(raw, m.Raw) {
		t.Fatalf("other bytes, %v", err)
	}
	if i, err := files[0].Info(); err != nil || i.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", i.Mode(), err)
	}
}

func TestSpoolThatCannotBeWritten(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := (Spool{Dir: file}).Send(t.Context(), gateway.Mail{ID: msID}); gateway.CodeOf(err) != "unavailable" {
		t.Fatal(err)
	}
}

func TestTokens(t *testing.T) {
	now, before := Tokens{Key: []byte("new")}, Tokens{Key: []byte("old")}
	rotating := Tokens{Key: []byte("new"), Previous: []byte("old")}
	kind, id, mac, ok := Read("help+" + strings.ToUpper(now.Make('t', string(cvID), vic)) + "@x.test")
	if !ok || kind != 't' {
		t.Fatal("upper case is not read")
	}
	_, _, oldMAC, _ := Read("help+" + before.Make('t', string(cvID), vic) + "@x.test")
	for _, c := range []struct {
		name string
		got  bool
		want bool
	}{
		{"same", now.Check('t', id, mac, []string{vic}), true},
		{"one of several, other case", now.Check('t', id, mac, []string{"a@b", "VIC@shop.example"}), true},
		{"the same twice", now.Check('t', id, mac, []string{vic, vic}), true},
		{"previous key", rotating.Check('t', id, oldMAC, []string{vic}), true},
		{"key long gone", now.Check('t', id, oldMAC, []string{vic}), false},
		{"other recipient", now.Check('t', id, mac, []string{"eve@evil.test"}), false},
		{"no recipient", now.Check('t', id, mac, nil), false},
		{"other kind", now.Check('b', id, mac, []string{vic}), false},
		{"other conversation", now.Check('t', "cv_other", mac, []string{vic}), false},
		{"a rating", now.MayRate(now.Make('r', string(cvID), vic), cvID, vic), true},
		{"a rating, upper case", now.MayRate(strings.ToUpper(now.Make('r', string(cvID), vic)), cvID, vic), true},
		{"a rating by the previous key", rotating.MayRate(before.Make('r', string(cvID), vic), cvID, vic), true},
		{"a rating by a key long gone", now.MayRate(before.Make('r', string(cvID), vic), cvID, vic), false},
		{"a rating of another conversation", now.MayRate(now.Make('r', "cv_other", vic), cvID, vic), false},
		{"a rating of another recipient", now.MayRate(now.Make('r', string(cvID), "eve@evil.test"), cvID, vic), false},
		{"a ticket's token as a rating", now.MayRate(now.Make('t', string(cvID), vic), cvID, vic), false},
		{"a chat", now.MayContinue(now.Continue(cvID, vic, noon), cvID, vic), true},
		{"a chat, upper case", now.MayContinue(strings.ToUpper(now.Continue(cvID, vic, noon)), cvID, vic), true},
		{"a chat by the previous key", rotating.MayContinue(before.Continue(cvID, vic, noon), cvID, vic), true},
		{"a chat by a key long gone", now.MayContinue(before.Continue(cvID, vic, noon), cvID, vic), false},
		{"a chat of another ticket", now.MayContinue(now.Continue("cv_other", vic, noon), cvID, vic), false},
		{"another ticket's id before this one's signature", now.MayContinue(now.Continue(cvID, vic, noon), "cv_other", vic), false},
		{"a chat of another recipient", now.MayContinue(now.Continue(cvID, "eve@evil.test", noon), cvID, vic), false},
		{"a chat that ends later than it was signed", now.MayContinue(prolonged(now.Continue(cvID, vic, noon)), cvID, vic), false},
		{"a ticket's token as a chat", now.MayContinue(now.Make('t', string(cvID), vic), cvID, vic), false},
		{"a rating's token as a chat", now.MayContinue(now.Make('r', string(cvID), vic), cvID, vic), false},
		{"a chat's token as a rating", now.MayRate(now.Continue(cvID, vic, noon), cvID, vic), false},
		{"a chat without an end", now.MayContinue(now.Make('c', string(cvID), vic), cvID, vic), false},
		{"mac cut", now.Check('t', id, mac[:15], []string{vic}), false},
		{"no mac", now.Check('t', id, "", []string{vic}), false},
	} {
		if c.got != c.want {
			t.Errorf("%s: %v", c.name, c.got)
		}
	}
	for _, s := range []string{"", "help@x.test", "help+t@x.test", "help+t.id.short@x.test", "help+tt.id.0123456789abcdef@x.test", "help+t.id.0123456789abcdef"} {
		if _, _, _, ok := Read(s); ok {
			t.Errorf("%q is read", s)
		}
	}
}

// A reminder goes in the ticket's thread, and says that a program wrote it; without a text there is none.
func TestRemind(t *testing.T) {
	c := composer()
	if _, err := c.Remind(ticket(), support(), msID, noon, noon); gateway.CodeOf(err) != "unsupported" {
		t.Errorf("without a text: %v", err)
	}
	c.RemindText = func(locale, mailbox, until string) string { return mailbox + " until " + until }
	mb := support()
	mb.Name, mb.Zone = "Help", "Europe/Berlin"
	m, err := c.Remind(ticket(), mb, msID, noon, noon)
	if err != nil || m.ID != msID || m.To != vic {
		t.Fatalf("%+v, %v", m, err)
	}
	e, err := enmime.ReadEnvelope(bytes.NewReader(m.Raw))
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"Auto-Submitted": "auto-generated", "X-Auto-Response-Suppress": "OOF, AutoReply", "Subject": "My order [#7]",
		"References": "<cv_01arz3ndektsv4rrffq69g5fav@chat.example>",
	} {
		if got := e.GetHeader(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if !strings.Contains(e.Text, "Help until 2026-03-02 13:00 CET") {
		t.Errorf("it says %q", e.Text)
	}
	if strings.Contains(string(compose(t, ticket(), "Ada", "hi").Raw), "Auto-Submitted") {
		t.Error("an agent's answer says that it is automatic")
	}
}
