package markdown_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/postern-chat/postern/kb"
	"github.com/postern-chat/postern/kb/markdown"
)

func TestParse(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"words", "Hello", `[{"t":"p","c":[{"t":"text","text":"Hello"}]}]`},
		{"marks", "a **b** *c* `d`", `[{"t":"p","c":[{"t":"text","text":"a "},{"t":"b","c":[{"t":"text","text":"b"}]},{"t":"text","text":" "},{"t":"i","c":[{"t":"text","text":"c"}]},{"t":"text","text":" "},{"t":"code","text":"d"}]}]`},
		{"a line of its own", "a\nb", `[{"t":"p","c":[{"t":"text","text":"a"},{"t":"br"},{"t":"text","text":"b"}]}]`},
		{"a list", "1. x\n2. y", `[{"t":"list","ordered":true,"c":[{"t":"item","c":[{"t":"p","c":[{"t":"text","text":"x"}]}]},{"t":"item","c":[{"t":"p","c":[{"t":"text","text":"y"}]}]}]}]`},
		{"a link", "[x](https://a.test)", `[{"t":"p","c":[{"t":"a","url":"https://a.test","c":[{"t":"text","text":"x"}]}]}]`},
		{"a link that runs", "[x](javascript:alert(1))", `[{"t":"p","c":[{"t":"text","text":"x"}]}]`},
		{"an image that runs", "![x](data:text/html,y)", `[{"t":"p","c":[{"t":"text","text":"x"}]}]`},
		{"a script is words", "<script>alert(1)</script>", `[{"t":"p","c":[{"t":"text","text":"\u003cscript\u003ealert(1)\u003c/script\u003e"}]}]`},
		{"inline HTML is words", "a <b onclick=x>b</b>", `[{"t":"p","c":[{"t":"text","text":"a "},{"t":"text","text":"\u003cb onclick=x\u003e"},{"t":"text","text":"b"},{"t":"text","text":"\u003c/b\u003e"}]}]`},
		{"nothing", "", `null`},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := json.Marshal(markdown.Parse(c.in))
			if err != nil || string(got) != c.want {
				t.Errorf("Parse = %s, %v\nwant    %s", got, err, c.want)
			}
		})
	}
}

// In an article a sign can be escaped and a character named; in a message both stand as they are written.
func TestArticle(t *testing.T) {
	for _, c := range []struct{ in, article, message string }{
		{"\\*a\\* \\\\ \\x", "*a* \\ \\x", "\\*a\\* \\\\ \\x"},
		{"AT&amp;T &#52;1 &#x41; &nope; &", "AT&T 41 A &nope; &", "AT&amp;T &#52;1 &#x41; &nope; &"},
		{"\\&amp; &#0;&#7;", "&amp; \uFFFD&#7;", "\\&amp; &#0;&#7;"},
		{"`\\* &amp;`", "\\* &amp;", "\\* &amp;"},
		{"[a](https://a.test/?x=1&amp;y=2)", "a", "a"},
	} {
		if got := kb.PlainText(markdown.Article(c.in)); got != c.article {
			t.Errorf("article %q says %q, want %q", c.in, got, c.article)
		}
		if got := kb.PlainText(markdown.Parse(c.in)); got != c.message {
			t.Errorf("message %q says %q, want %q", c.in, got, c.message)
		}
	}
	if n := markdown.Article("[a](java&#115;cript:alert) [b](https://a.test/?x=1&amp;y=2)")[0].Children; n[0].URL != "" || n[len(n)-1].URL != "https://a.test/?x=1&y=2" {
		t.Errorf("addresses: %+v", n)
	}
}

// Whatever is typed: no panic, no unsafe address, bounded depth.
func FuzzParse(f *testing.F) {
	for _, s := range []string{"# h", "> > > > q", "[a](b)", strings.Repeat(">", 5000), strings.Repeat("*a ", 3000), "\xff\xfe", "![](  )"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		check(t, markdown.Parse(s), 0)
		check(t, markdown.Article(s), 0)
	})
}

func check(t *testing.T, nodes []kb.Node, depth int) {
	if depth > 25 {
		t.Fatal("too deep")
	}
	for _, n := range nodes {
		if n.URL != "" && kb.SafeURL(n.URL) == "" {
			t.Fatalf("unsafe address %q", n.URL)
		}
		check(t, n.Children, depth+1)
	}
}
