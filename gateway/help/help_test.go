package help

import (
	"strings"
	"testing"
	"time"

	"github.com/postern-chat/postern/kb"
)

// Text in any mailbox's colour is readable on each ground of both schemes, and text on the colour is.
func TestThemeIsReadable(t *testing.T) {
	if _, ok := Theme("#12345"); ok {
		t.Error("a colour of five digits")
	}
	if _, ok := Theme("red;}"); ok {
		t.Error("a word")
	}
	for _, hex := range []string{"#000000", "#ffffff", "#ffcc00", "#2f4bc7", "#0b6b43", "#777777", "#ff0000", "#00ffff", "#808000"} {
		css, ok := Theme(hex)
		var colours []rgb
		for _, word := range strings.FieldsFunc(css, func(r rune) bool { return strings.ContainsRune("(),;:}", r) }) {
			if c, is := parseColor(word); is {
				colours = append(colours, c)
			}
		}
		if !ok || len(colours) != 4 {
			t.Fatalf("%s: %q", hex, css)
		}
		bright, _ := parseColor(lightGround)
		dim, _ := parseColor(darkGround)
		for what, pair := range map[string][2]rgb{
			"light text": {colours[0], bright}, "dark text": {colours[1], dim}, "on light": {colours[0], colours[2]}, "on dark": {colours[1], colours[3]},
		} {
			if got := contrast(pair[0], pair[1]); got < enough {
				t.Errorf("%s, %s: contrast %.2f in %s", hex, what, got, css)
			}
		}
	}
	if css, _ := Theme("#0b6b43"); !strings.Contains(css, "light-dark(#0b6b43,") {
		t.Errorf("a colour that is readable was changed: %s", css)
	}
}

func TestDir(t *testing.T) {
	for locale, want := range map[string]string{"en": "ltr", "ar": "rtl", "ar-EG": "rtl", "he": "rtl", "": "ltr", "FA": "rtl", "a": "ltr", "de": "ltr"} {
		if got := Dir(locale); got != want {
			t.Errorf("Dir(%q) = %s, want %s", locale, got, want)
		}
	}
}

func TestNewNeedsEnglish(t *testing.T) {
	if _, err := New(Texts{"ar": {"help.center": "x"}}); err == nil {
		t.Error("no English, no error")
	}
}

// Every kind of node is drawn, nested as it is; what has no kind is drawn by its words.
func TestNodes(t *testing.T) {
	p, err := New(Texts{"en": {"help.center": "Help"}})
	if err != nil {
		t.Fatal(err)
	}
	text := func(s string) []kb.Node { return []kb.Node{{Type: kb.Text, Text: s}} }
	var b strings.Builder
	err = p.Write(&b, Page{Kind: Article, Lang: "en", Locale: "ar", Read: &Reading{Title: "T", At: time.Unix(0, 0), Nodes: []kb.Node{
		{Type: kb.Heading, Level: 1, Children: text("one")},
		{Type: kb.Heading, Level: 6, Children: text("six")},
		{Type: kb.List, Ordered: true, Children: []kb.Node{{Type: kb.Item, Children: []kb.Node{{Type: kb.Paragraph, Children: text("x")}}}}},
		{Type: kb.Quote, Children: text("q")},
		{Type: kb.CodeBlock, Text: "<a>"},
		{Type: kb.Rule},
		{Type: kb.Paragraph, Children: []kb.Node{
			{Type: kb.Bold, Children: text("b")},
			{Type: kb.Italic, Children: text("i")},
			{Type: kb.Code, Text: "c"},
			{Type: kb.Break},
			{Type: kb.Link, URL: "/in", Children: text("in")},
			{Type: kb.Link, URL: "javascript:alert(1)", Children: text("bad")},
			{Type: kb.Image, URL: "//far.test/x.png", Text: "far"},
			{Type: kb.Image, URL: "/a.png", Text: "\"near"},
		}},
		{Type: "new", Children: text("later")},
	}}})
	if err != nil {
		t.Fatal(err)
	}
	got := strings.Join(strings.Fields(b.String()), " ")
	for _, want := range []string{
		`<article lang="ar" dir="rtl">`, `<h2 dir="auto">one</h2>`, `<h4 dir="auto">six</h4>`, `<ol> <li><p dir="auto">x</p> </li> </ol>`, `<blockquote> q</blockquote>`,
		`<code>&lt;a&gt;</code></pre>`, `<hr>`, `<strong>b</strong><em>i</em><code>c</code><br>`, `<a href="/in">in</a>`, `href="#ZgotmplZ"`, `far<img src="/a.png" alt="&#34;near"`, `later`,
		`<time datetime="1970-01-01">`,
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %s in %s", want, got)
		}
	}
	if strings.Contains(got, "far.test") || strings.Contains(got, "javascript") {
		t.Errorf("leads away: %s", got)
	}
}
