package mail

import (
	"cmp"
	"html"
	"net/url"
	"strconv"
	"strings"

	"github.com/postern-chat/postern/gateway"
	"github.com/postern-chat/postern/kb"
)

// maxDrawn is how deep a tree is drawn; what lies deeper is written as words.
const maxDrawn = 20

// html draws the mail's tree. Every word of it is escaped, and it loads nothing: a picture is a link.
func (c Composer) html(w gateway.Writing) string {
	var b strings.Builder
	b.WriteString(`<!doctype html><html><head><meta charset="utf-8"></head><body dir="auto">`)
	drawAll(&b, w.Message.Nodes, 0)
	for _, f := range left(w) {
		b.WriteString("<p>[" + html.EscapeString(oneLine(f.Name)) + "]</p>")
	}
	if line := c.continueLine(w); line != "" {
		b.WriteString(`<p dir="auto">` + linked(line, c.continueLink(w)) + `</p>`)
	}
	foot := strings.TrimSpace(w.Mailbox.Signature)
	if link := c.rateLink(w); link != "" {
		b.WriteString(`<p>-- <br>` + broken(foot) + `</p><p dir="auto">` + linked(c.rateLine(w), link) + `</p>`)
	} else if foot != "" {
		b.WriteString(`<p>-- <br>` + broken(foot) + `</p>`)
	}
	if f := w.Forward; f != nil {
		b.WriteString(`<p>---------- Forwarded message ----------<br>` + broken(forwardHead(w)) + `</p><blockquote dir="auto">`)
		drawAll(&b, f.Message.Nodes, 0)
		if len(f.Message.Nodes) == 0 {
			b.WriteString(broken(f.Message.Text))
		}
		b.WriteString(`</blockquote>`)
	}
	b.WriteString(`</body></html>`)
	return crlf(b.String())
}

// linked escapes a line and makes the link that stands in it one to press.
func linked(line, link string) string {
	shown := html.EscapeString(link)
	return strings.Replace(html.EscapeString(line), shown, `<a href="`+shown+`">`+shown+`</a>`, 1)
}

func broken(text string) string {
	return strings.ReplaceAll(html.EscapeString(strings.TrimSpace(text)), "\n", "<br>")
}

func drawAll(b *strings.Builder, nodes []kb.Node, depth int) {
	if depth > maxDrawn {
		b.WriteString(html.EscapeString(kb.PlainText(nodes)))
		return
	}
	for _, n := range nodes {
		draw(b, n, depth)
	}
}

// draw writes one node. A type that is not known here is its words.
func draw(b *strings.Builder, n kb.Node, depth int) {
	open, shut := elements(n)
	b.WriteString(open)
	switch n.Type {
	case kb.Text, kb.Code, kb.CodeBlock:
		b.WriteString(html.EscapeString(n.Text))
	case kb.Image:
		if open == "" {
			b.WriteString("[" + html.EscapeString(n.Text) + "]")
		} else {
			b.WriteString(html.EscapeString(cmp.Or(n.Text, n.URL)))
		}
	}
	drawAll(b, n.Children, depth+1)
	b.WriteString(shut)
}

func elements(n kb.Node) (open, shut string) {
	name := ""
	switch n.Type {
	case kb.Break:
		return "<br>", ""
	case kb.Rule:
		return "<hr>", ""
	case kb.Link, kb.Image:
		if u := outside(n.URL); u != "" {
			return `<a href="` + html.EscapeString(u) + `" rel="noopener noreferrer">`, "</a>"
		}
		return "", ""
	case kb.Heading:
		name = "h" + strconv.Itoa(min(max(n.Level, 1), 6))
	case kb.List:
		if name = "ul"; n.Ordered {
			name = "ol"
		}
	case kb.Paragraph:
		return `<p dir="auto">`, "</p>"
	case kb.Item:
		name = "li"
	case kb.Quote:
		name = "blockquote"
	case kb.CodeBlock:
		name = "pre"
	case kb.Code:
		name = "code"
	case kb.Bold:
		name = "b"
	case kb.Italic:
		name = "i"
	default:
		return "", ""
	}
	return "<" + name + ">", "</" + name + ">"
}

// outside gives an address that a mail's reader can follow; a path of a site is none.
func outside(raw string) string {
	safe := kb.SafeURL(raw)
	if u, err := url.Parse(safe); err != nil || u.Scheme == "" {
		return ""
	}
	return safe
}
