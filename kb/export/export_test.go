package export

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/postern-chat/postern/kb"
	"github.com/postern-chat/postern/kb/markdown"
)

func file(text string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(text)} }

func readAll(fsys fs.FS, name string, form Form) []Row {
	return slices.Collect(Read(fsys, name, form, "en"))
}

// one reads a single Markdown file.
func one(text string) Row { return readAll(fstest.MapFS{"a.md": file(text)}, ".", Guess)[0] }

func TestMarkdownFolder(t *testing.T) {
	rows := readAll(fstest.MapFS{
		"guides/return.md": file("---\ntitle: \"Return: an order\" # shown\nsummary: >\n  How to\n  send it back\ntags: [returns, 'it''s', \"a, b\"]\n" +
			"questions:\n  - how do i send it back\n  - return my order\nlang: pt_br\nlayout: page\nmenu:\n  - deep:\n      x: 1\n---\n\n" +
			"# Return: an order\n\nSend it **back**. See [delivery](../delivery.md), [us](https://a.test/x) and ![pic](img/p.png).\n\n```\n[code](stays.md)\n```\n"),
		"delivery.md":       file("\uFEFF# Delivery times #\r\n\r\nTwo days. [Return](guides/return.md)\r\n"),
		"inside.md":         file("---\ntitle: Limits\nvisibility: internal\ndraft: true\n---\nFor agents."),
		"img/p.png":         file("\x89PNG"),
		".git/config.md":    file("# no"),
		"node_modules/a.md": file("# no"),
	}, ".", Guess)
	var got []string
	for _, r := range rows {
		got = append(got, fmt.Sprintf("%s|%s|%s", r.Where, r.Skipped, r.Refused))
	}
	want := []string{"delivery.md||", "guides/return.md||", "img/p.png|neither Markdown nor JSON|", "inside.md||"}
	if !slices.Equal(got, want) {
		t.Fatalf("rows %q, want %q", got, want)
	}
	if v := rows[0].Article.Version; v.Title != "Delivery times" || v.Body != "Two days. Return" {
		t.Errorf("delivery: %+v", v)
	}
	a := rows[1].Article
	wantVersion := kb.Version{
		Title: "Return: an order", Summary: "How to send it back", Tags: []string{"returns", "it's", "a, b"},
		Phrasings: []string{"how do i send it back", "return my order"},
		Body:      "Send it **back**. See delivery, [us](https://a.test/x) and pic.\n\n```\n[code](stays.md)\n```",
	}
	if a.Locale != "pt-BR" || a.Visibility != kb.Public || fmt.Sprint(a.Version) != fmt.Sprint(wantVersion) {
		t.Errorf("return: %+v\nwant    %+v", a, wantVersion)
	}
	if notes := strings.Join(rows[1].Notes, "; "); !strings.Contains(notes, "2 links or pictures") || !strings.Contains(notes, "layout, menu") {
		t.Errorf("notes %q", notes)
	}
	if r := rows[3]; r.Article.Visibility != kb.Internal || !r.Draft {
		t.Errorf("inside: %+v", r)
	}
}

func TestMarkdownRefused(t *testing.T) {
	for name, text := range map[string]string{
		"no title":                  "just words",
		"no text":                   "# Title\n\n \n",
		"does not end":              "---\ntitle: x\nbody",
		"not a key":                 "---\ntitle x\n---\nbody",
		"title stands twice":        "---\ntitle: x\ntitle: y\n---\nbody",
		"a quote does not end":      "---\ntitle: \"x\n---\nbody",
		"neither words nor":         "---\ntitle: &a x\n---\nbody",
		"over several lines":        "---\ntitle: x\n  y\n---\nbody",
		"not a list of words":       "---\ntitle: x\ntags:\n  - \"a\" b\n---\nbody",
		"the list does not end":     "---\ntitle: x\ntags: [a\n---\nbody",
		"between +++":               "+++\ntitle = 'x'\n+++\nbody",
		"is no language":            "---\ntitle: x\nlang: ../../etc\n---\nbody",
		"is no visibility":          "---\ntitle: x\nvisibility: secret\n---\nbody",
		"longer than 200":           "# " + strings.Repeat("x", 201) + "\n\nbody",
		"larger than 256 KiB":       "# x\n\n" + strings.Repeat("word ", 60_000),
		"larger than 2097152 bytes": "# x\n\n" + strings.Repeat("word ", 2_000_000), // 10 MB
		"not UTF-8":                 "# x\n\n\xff\xfe",
		"something after":           "---\ntitle: 'x' y\n---\nbody",
	} {
		if r := one(text); r.Good() || !strings.Contains(r.Refused, name) {
			t.Errorf("%s: %q", name, r.Refused)
		}
	}
}

// Links of files to each other in a circle, to themselves and out of the folder are read once each and lead nowhere.
func TestLinksInACircle(t *testing.T) {
	rows := readAll(fstest.MapFS{
		"a.md": file("# A\n\n[b](b.md) [up](../../../etc/passwd) [self](a.md) [abs](/etc/passwd) [js](javascript:alert%281%29)"),
		"b.md": file("# B\n\n[a](a.md) ![x](file:///etc/passwd) [c](//evil.test/x)"),
	}, ".", Guess)
	if len(rows) != 2 || rows[0].Article.Version.Body != "b up self abs js" || rows[1].Article.Version.Body != "a x c" {
		t.Errorf("%+v", rows)
	}
}

// What is outside the folder is never read, by whatever link.
func TestSymlinks(t *testing.T) {
	out, in := t.TempDir(), t.TempDir()
	secret := filepath.Join(out, "secret.md")
	for _, err := range []error{
		os.WriteFile(secret, []byte("# Secret\n\nkey"), 0o600),
		os.WriteFile(filepath.Join(in, "good.md"), []byte("# Good\n\nwords"), 0o600),
		os.Symlink(secret, filepath.Join(in, "file.md")), os.Symlink(out, filepath.Join(in, "folder")),
		os.Symlink(in, filepath.Join(in, "loop")), os.Symlink("nowhere", filepath.Join(in, "none.md")),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	root, err := os.OpenRoot(in)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	good := 0
	for _, r := range readAll(root.FS(), ".", Guess) {
		if r.Good() {
			good++
		} else if !strings.Contains(r.Skipped, "symbolic link") {
			t.Errorf("%+v", r)
		}
		if strings.Contains(fmt.Sprint(r), "key") {
			t.Errorf("read from outside: %+v", r)
		}
	}
	if good != 1 {
		t.Errorf("%d good rows, want 1", good)
	}
	if rows := readAll(root.FS(), "../secret.md", Guess); len(rows) != 1 || rows[0].Good() {
		t.Errorf("a way out: %+v", rows)
	}
}

const helpScoutExport = `{"articles":{"page":1,"pages":1,"count":2,"items":[
{"id":"5214","number":12,"collectionId":"c","slug":"return","status":"published","name":"Return an order","text":"<p>Send it <b>back</b>.</p>","keywords":["refund"]},
{"id":"5215","status":"notpublished","name":"Soon","text":"plain words"}]}}
{"article":{"id":"5216","status":"published","name":"Third","text":"<ul><li>one</li><li>two</li></ul>"}}`

const zendeskExport = `{"count":4,"next_page":null,"articles":[
{"id":35467,"html_url":"https://x.test","section_id":1,"draft":false,"title":"Return","locale":"en-us","label_names":["refund"],"user_segment_id":null,"body":"<h2>How</h2><p>Send it.</p><script>alert(1)</script>"},
{"id":35468,"section_id":1,"draft":true,"title":"Draft","locale":"en-us","body":"<p>x</p>"},
{"id":35469,"section_id":1,"draft":false,"title":"Staff","locale":"en-us","user_segment_id":12,"body":"<p>x</p>"},
{"id":35470,"section_id":1,"title":"Empty","locale":"en-us","body":null},
{"id":35471,"section_id":1,"title":["no"],"locale":"en-us","body":"x"},
{"id":35467,"section_id":1,"title":"Again","locale":"en-us","body":"<p>x</p>"},
7, null],
"translations":[{"id":9,"source_id":35467,"source_type":"Article","locale":"de","title":"Zurück","body":"<p>Schick es.</p>","draft":false}]}`

const chatwootExport = `{"payload":[
{"id":1,"slug":"a","title":"Return","content":"Send it **back**, see [x](/hc/a/articles/b).","description":"short","status":"published","category":{"locale":"fr"},"meta":{"tags":["t"]}},
{"id":2,"title":"Draft","content":"x","status":0},
{"id":3,"title":"Old","content":"x","status":"archived"},
{"id":4,"title":"Page","content":"<p>It is <i>HTML</i>.</p>","status":1}],"meta":{"articles_count":4}}`

func TestExports(t *testing.T) {
	for _, c := range []struct {
		name, text string
		form       Form
		want       []string // where is left out: key, title, locale, visibility, body, draft, or why not
	}{
		{"Help Scout", helpScoutExport, HelpScout, []string{
			"5214|Return an order|en|public|Send it **back**.|false", "5215|Soon|en|public|plain words|true", "5216|Third|en|public|- one\n- two|false",
		}},
		{"Zendesk", zendeskExport, Zendesk, []string{
			"35467/en-US|Return|en-US|public|## How\n\nSend it.|false", "35468/en-US|Draft|en-US|public|x|true", "35469/en-US|Staff|en-US|internal|x|false",
			"no text", "title is not a text", "the same article as e.json 1", "not a record", "not a record", "35467/de|Zurück|de|public|Schick es.|false",
		}},
		{"Chatwoot", chatwootExport, Chatwoot, []string{
			"1|Return|fr|public|Send it **back**, see x.|false", "2|Draft|en|public|x|true", "archived there", "4|Page|en|public|It is *HTML*.|false",
		}},
	} {
		for _, form := range []Form{c.form, Guess} {
			var got []string
			for _, r := range readAll(fstest.MapFS{"e.json": file(c.text)}, "e.json", form) {
				if !r.Good() {
					got = append(got, r.Refused+r.Skipped)
					continue
				}
				v := r.Article.Version
				got = append(got, fmt.Sprintf("%s|%s|%s|%s|%s|%v", r.Key, v.Title, r.Article.Locale, r.Article.Visibility, v.Body, r.Draft))
				if r.Form != c.form {
					t.Errorf("%s: read as %q", c.name, r.Form)
				}
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("%s as %q:\n%q\nwant\n%q", c.name, form, got, c.want)
			}
		}
	}
}

// What came before the break is kept; what is no export says so.
func TestBrokenExports(t *testing.T) {
	good := `{"id":1,"title":"Good","content":"words","status":1}`
	big, _ := json.Marshal(map[string]any{"id": 2, "title": "Big", "content": strings.Repeat("word ", 2_000_000), "status": 1}) // 10 MB
	for _, c := range []struct {
		name, text string
		good       int
		why        string
	}{
		{"cut off", `[` + good + `,{"id":2,"ti`, 1, "broken JSON"},
		{"a comma too many", `[` + good + `,,` + good + `]`, 1, "broken JSON"},
		{"not JSON", `hello`, 0, "broken JSON"},
		{"empty", ``, 0, "no articles"},
		{"an empty list", `{"articles":[]}`, 0, "no articles"},
		{"of another kind", `[{"name":"x"}]`, 0, "no known shape"},
		{"wrong UTF-8", "[" + good + ",{\"id\":3,\"title\":\"\xff\",\"content\":\"x\",\"status\":1}]", 1, "not UTF-8"},
		{"10 MB", "[" + string(big) + "," + good + "]", 1, "larger than"},
		{"no id", `[{"title":"x","content":"y"},` + good + `]`, 1, "no id"},
		{"lists in lists", strings.Repeat(`{"articles":`, 50) + "[]" + strings.Repeat("}", 50), 0, "no known shape"},
		{"deep", strings.Repeat("[", 20_000), 0, "broken JSON"},
	} {
		n, why := 0, ""
		for _, r := range readAll(fstest.MapFS{"e.json": file(c.text)}, "e.json", Guess) {
			if r.Good() {
				n++
			}
			why += r.Refused
		}
		if n != c.good || !strings.Contains(why, c.why) {
			t.Errorf("%s: %d good, %q", c.name, n, why)
		}
	}
}

func TestHTML(t *testing.T) {
	for _, c := range []struct{ name, html, want string }{
		{"words and blanks", "  a\n\n <b> b </b>c&nbsp;d ", "a **b** c d"},
		{"paragraphs by breaks", "a<br><br>b<br>c", "a\n\nb\\\nc"},
		{"marks are words", "1. *a* _b_ [c](d) `e` # f", "1\\. \\*a\\* \\_b\\_ \\[c\\](d) \\`e\\` # f"},
		{"a heading's mark is a word", "<p># a</p><p>- b</p><p>&gt; c</p>", "\\# a\n\n\\- b\n\n\\> c"},
		{"tags as words", "&lt;script&gt;alert(1)&lt;/script&gt;", "\\<script>alert(1)\\</script>"},
		{"entities as words", "&amp;lt; AT&amp;T", "\\&lt; AT\\&T"},
		{"nested lists", "<ul><li>a<ol><li>b<li>c</ol><li><p>d</p><p>e</p></ul>", "- a\n\n  1. b\n  1. c\n\n- d\n\n  e"},
		{
			"links", `<a href="https://a.test/x_(y)?a=1&b=2">to <b>it</b></a> <a href="/near">near</a> <a href="javascript:alert(1)">js</a> <a href="https://a.test"></a>`,
			"[to **it**](https://a.test/x_%28y%29?a=1&amp;b=2) near js [https://a.test](https://a.test)",
		},
		{"pictures", `<img src="https://a.test/p.png" alt="a ] b"><img src="data:image/png;base64,xx" alt="c"><img src=x onerror=alert(1)>`, "![a \\] b](https://a.test/p.png)c"},
		{"scripts", `<script>alert(1)</script><style>x{}</style><svg><script>1</script></svg><p onclick=x>ok</p><form><input value=x></form>`, "ok"},
		{"code", "<pre><code>a\n  ``` b</code></pre><code>x`y</code>", "````\na\n  ``` b\n````\n\n`` x`y ``"},
		{"quote and rule", "<blockquote><p>a</p><p>b</p></blockquote><hr>", "> a\n>\n> b\n\n___"},
		{"a table", "<table><tr><th>A</th><th>B</th></tr><tr><td>1</td><td></td></tr></table>", "A | B\n\n1"},
		{"a film", `<iframe src="//www.films.test/embed/1"></iframe>`, "[https://www.films.test/embed/1](https://www.films.test/embed/1)"},
		{"marks side by side", "<b>a</b><b>b</b><i>c</i>d <b>e:</b>f", "**ab**_c_ d **e:** f"},
		{"unclosed", "<div><p>a<div>b", "a\n\nb"},
		{"a picture by a sign", `wow!<a href="https://a.test">x</a>`, "wow\\![x](https://a.test)"},
	} {
		got, _, err := FromHTML(c.html)
		if err != nil || got != c.want {
			t.Errorf("%s: %v\n%q\nwant\n%q", c.name, err, got, c.want)
		}
		safe(t, c.html, got)
	}
	for name, text := range map[string]string{
		"deep": strings.Repeat("<div>", 100_000) + "x", "deep in a line": strings.Repeat("<b><i>", 300) + "x", "many": strings.Repeat("<p>x", 250_000),
	} {
		if _, _, err := FromHTML(text); err == nil {
			t.Errorf("%s: read", name)
		}
	}
}

// safe fails if the Markdown says anything else than it should, or leads to a place that is not a web page.
func safe(t *testing.T, from, md string) {
	t.Helper()
	var look func([]kb.Node)
	look = func(nodes []kb.Node) {
		for _, n := range nodes {
			if n.URL != "" && !far(n.URL) {
				t.Errorf("%q leads to %q", from, n.URL)
			}
			look(n.Children)
		}
	}
	look(markdown.Article(md))
}
