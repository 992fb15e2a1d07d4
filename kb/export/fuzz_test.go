package export

import (
	"strings"
	"testing"
	"testing/fstest"
	"unicode"
	"unicode/utf8"

	"github.com/postern-chat/postern/kb"
	"github.com/postern-chat/postern/kb/markdown"
)

// letters is a text without its blanks.
func letters(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || unicode.IsControl(r) {
			return -1
		}
		return r
	}, s)
}

// Whatever HTML comes: its Markdown says the same words as the tree that was read from it, and leads nowhere but to web
// pages; a script is never among them.
func FuzzHTML(f *testing.F) {
	for _, s := range []string{
		"<p>a <b>b</b></p>", "<ul><li>a<ul><li>b</ul></ul>", "<pre>```\nx</pre>", "<a href=javascript:x>y</a>", "*a* _b_ [c](d)", "1. a<br>2) b<br>- c",
		"<b>a:</b>b<i>!</i><a href='https://a.test/(x)'>y</a>", "<table><tr><td>a<td>b", "<h1>a #</h1>", "<b><b>a</b></b>_", "&lt;b&gt;&amp;amp;", "<script>1</script>", "a<br><br>b", "\\`\\*",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 4000 || !utf8.ValidString(text) {
			return // what is no text is the other targets'
		}
		nodes, err := (&reader{left: mostNodes, dropped: map[string]int{}}).read(text)
		if err != nil {
			return
		}
		md := Write(nodes)
		safe(t, text, md)
		if got, want := letters(markdown.Plain(md)), letters(kb.PlainText(nodes)); got != want {
			t.Errorf("HTML %q\nMarkdown %q\nsays %q\nwant %q", text, md, got, want)
		}
	})
}

// Whatever file comes: a row keeps to kb's limits or says why it is none.
func FuzzPage(f *testing.F) {
	for _, s := range []string{
		"# a\n\nb", "---\ntitle: a\n---\nb", "---\ntags: [a, 'b\n---\n", "---\ntitle: |\n  a\n  b\nx: {y: z}\n---\nc", "+++\n", "---\n- a\n---\nb", "---\ntitle: a\ncategories: [c, d]\nweight: 3\n---\nb", "---\ntitle: \"\\n\"\n---\nb", "# [a](b)\n\n[c](d \"e\")",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, r := range readAll(fstest.MapFS{"a.md": file(text)}, ".", Guess) {
			kept(t, r)
		}
	})
}

// Whatever export comes: the same.
func FuzzRecords(f *testing.F) {
	for _, s := range []string{
		helpScoutExport, zendeskExport, chatwootExport, `[[{"id":1}]]`, `{"articles":{"articles":[]}}`, `{"article":{}}`, `[{"id":1,"name":"a","text":"<p>b"}]`,
		`{"sections":[{"id":7,"name":"A","locale":"de"}],"articles":[{"id":1,"section_id":7,"position":3,"title":"a","body":"b"}]}`, `{"categories":{"items":[{"id":{}}]}}`,
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, r := range readAll(fstest.MapFS{"e.json": file(text)}, ".", Guess) {
			kept(t, r)
		}
	})
}

func kept(t *testing.T, r Row) {
	v := r.Article.Version
	if !r.Good() {
		return
	}
	bad := r.Key == "" || r.Form == Guess || v.Title == "" || utf8.RuneCountInString(v.Title) > kb.MaxTitle || strings.ContainsAny(v.Title, "\n\x00") ||
		strings.TrimSpace(v.Body) == "" || len(v.Body) > kb.MaxBody || utf8.RuneCountInString(v.Summary) > kb.MaxSummary ||
		utf8.RuneCountInString(v.Collection) > kb.MaxCollection || strings.ContainsAny(v.Collection, "\n\x00") || v.Order < 0 || v.Order > kb.MaxOrder ||
		len(v.Tags) > kb.MaxTags || len(v.Phrasings) > kb.MaxPhrasings || r.Article.Visibility != kb.Public && r.Article.Visibility != kb.Internal ||
		!utf8.ValidString(v.Title+v.Body+v.Summary+strings.Join(v.Tags, "")+strings.Join(v.Phrasings, ""))
	if bad {
		t.Errorf("%+v", r)
	}
}
