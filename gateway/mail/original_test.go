package mail

import (
	"fmt"
	"strings"
	"testing"

	"github.com/postern-chat/postern/gateway"
)

func htmlMail(html string) []byte {
	return letterOf("From: Vic <vic@shop.example>\nTo: help@chat.example\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\nMIME-Version: 1.0\nContent-Type: text/html; charset=utf-8", html)
}

// TestOriginalCannotAct: of a mail's HTML stays what is read; nothing of it runs, asks anybody, or is one of our rating
// links.
func TestOriginalCannotAct(t *testing.T) {
	files := []gateway.MailFile{{CID: "pic@x", File: gateway.File{ID: "fi_1", Type: "image/png"}}}
	for name, c := range map[string][2]string{
		"script":              {`<p>a<script>alert(1)</script>b</p>`, `<p>ab</p>`},
		"handler":             {`<p onclick="alert(1)">a</p>`, `<p>a</p>`},
		"script in a link":    {`<a href="javascript:alert(1)">a</a>`, `a`},
		"script, encoded":     {`<a href="java&#115;cript&#58;alert(1)">a</a>`, `a`},
		"data link":           {`<a href="data:text/html,<script>1</script>">a</a>`, `a`},
		"style":               {`<style>p{background:url(https://evil.test)}</style><p style="background:url(https://evil.test)">a</p>`, `<p>a</p>`},
		"frame":               {`<iframe src="https://evil.test"></iframe><object data="x"></object><embed src="x">a`, `a`},
		"form":                {`<form action="https://evil.test"><input name="password"><button>Log in</button></form>`, `Log in`},
		"base and meta":       {`<base href="https://evil.test"><meta http-equiv="refresh" content="0;url=https://evil.test">a`, `a`},
		"svg":                 {`<svg onload="alert(1)"><script>alert(1)</script></svg>a`, `a`},
		"picture of the mail": {`<img src="cid:pic@x" alt="pic" onerror="alert(1)">`, `<img src="cid:fi_1" alt="pic">`},
		"encoded cid":         {`<img src="cid:pic%40x" alt="pic">`, `<img src="cid:fi_1" alt="pic">`},
		"unknown cid":         {`<img src="cid:other" alt="pic">`, `<img src="" alt="pic">`},
		"a file of others":    {`<img src="cid:fi_9" alt="pic">`, `<img src="" alt="pic">`},
		"remote picture":      {`<img src="https://evil.test/count.gif" alt="pic">`, `<img src="" alt="pic">`},
		"our own path":        {`<img src="/v1/files/fi_2" alt="pic">`, `<img alt="pic">`},
		"table":               {`<table width="1"><tr><td colspan="2" bgcolor="red">a</td></tr></table>`, `<table><tr><td colspan="2">a</td></tr></table>`},
		"unclosed":            {`<p>a<b>b`, `<p>a<b>b`},
	} {
		t.Run(name, func(t *testing.T) {
			if got := sanitised(c[0], files); got != c[1] {
				t.Errorf("%q, want %q", got, c[1])
			}
		})
	}
	link := sanitised(`<a href="https://shop.example/a?b=1">a</a>`, nil)
	for _, w := range []string{`href="https://shop.example/a?b=1"`, "nofollow", "noreferrer", "noopener", `target="_blank"`} {
		if !strings.Contains(link, w) {
			t.Errorf("%s lacks %s", link, w)
		}
	}
	l := read(htmlMail(`<a href="https://chat.example/rate#r.cv_01ARZ3NDEKTSV4RRFFQ69G5FAV.abcdefghijklmnop">Rate</a><p>hi</p>`))
	if o := l.original(nil); strings.Contains(o.HTML+o.Text, "abcdefghijklmnop") || !strings.Contains(o.HTML, "<p>hi</p>") {
		t.Errorf("%+v", o)
	}
	if o := l.original(nil); o.Header[len(o.Header)-1] != (gateway.HeaderField{Name: "Subject", Value: "Grüße"}) {
		t.Errorf("%+v", o.Header)
	}
}

// TestDamagedMailIsKeptAndSaysSo: what cannot be read is stored raw and carries a warning for its readers.
func TestDamagedMailIsKeptAndSaysSo(t *testing.T) {
	deep := "From: a@b.test\nContent-Type: multipart/mixed; boundary=b0\n\n"
	for n := range 200 {
		deep += fmt.Sprintf("--b%d\nContent-Type: multipart/mixed; boundary=b%d\n\n", n, n+1)
	}
	for name, c := range map[string][2]string{
		"too deep":        {deep, "too_deep"},
		"too many parts":  {"From: a@b.test\nContent-Type: multipart/mixed; boundary=b\n\n" + strings.Repeat("--b\nContent-Type: text/plain\n\nx\n", 10_000), "too_deep"},
		"broken base64":   {"From: a@b.test\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=x\n\n--x\nContent-Type: image/png\nContent-Transfer-Encoding: base64\n\n!!!!\n--x--", "malformed"},
		"unknown charset": {"From: a@b.test\nContent-Type: text/plain; charset=klingon\n\nhi \xff", "bad_charset"},
		"two senders":     {"From: a@b.test\nFrom: c@d.test\n\nhi", "multiple_from"},
		"a program": {"From: a@b.test\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=x\n\n--x\n\nhi\n--x\nContent-Type: application/pdf; name=a.pdf\n" +
			"Content-Transfer-Encoding: base64\n\nTVqQAAMAAAAEAAAA\n--x--", "files_left"},
	} {
		t.Run(name, func(t *testing.T) {
			b, i, _ := door(t)
			i.Sniff = func([]byte) string { return "application/octet-stream" }
			in := take(t, b, i, "", []byte(c[0]))
			if string(in.Raw) != c[0] || !strings.Contains(strings.Join(in.Message.Warnings, " "), c[1]) {
				t.Errorf("warnings %q, raw kept %v", in.Message.Warnings, string(in.Raw) == c[0])
			}
			if len(in.Original.Header) == 0 {
				t.Error("no header is shown")
			}
		})
	}
}

// TestPlainMailHasNoWarning keeps the warnings rare.
func TestPlainMailHasNoWarning(t *testing.T) {
	b, i, _ := door(t)
	in := take(t, b, i, "", htmlMail("<p>hi</p>"))
	if len(in.Message.Warnings) > 0 || in.Original.HTML != "<p>hi</p>" {
		t.Errorf("%q %q", in.Message.Warnings, in.Original.HTML)
	}
	if in.Message.Text != "hi" {
		t.Errorf("%q", in.Message.Text)
	}
}

func FuzzSanitised(f *testing.F) {
	f.Add(`<p onclick=a>x<script>y</script><img src="cid:a"><a href="javascript:x">`)
	f.Fuzz(func(t *testing.T, html string) {
		out := strings.ToLower(sanitised(html, nil))
		for _, bad := range []string{"<script", "<iframe", "<style", "<form", "<svg", "<base", "<meta", "<object", `="javascript:`, `src="http`} {
			if strings.Contains(out, bad) {
				t.Fatalf("%q gives %q", html, out)
			}
		}
	})
}
