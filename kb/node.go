package kb

import (
	"net/url"
	"strings"
)

// Type names a kind of node.
type Type string

// Types of nodes. Text and CodeBlock carry Text; Link and Image carry URL; Heading carries Level; a List may
// be Ordered and holds Items. There is no node for raw HTML: it is text.
const (
	Paragraph Type = "p"
	Heading   Type = "h"
	List      Type = "list"
	Item      Type = "item"
	Quote     Type = "quote"
	CodeBlock Type = "pre"
	Rule      Type = "hr"
	Text      Type = "text"
	Bold      Type = "b"
	Italic    Type = "i"
	Code      Type = "code"
	Link      Type = "a"
	Image     Type = "img"
	Break     Type = "br"
)

// Node is one element of a typed text tree, for articles and messages alike:
// {"t":"p","c":[{"t":"text","text":"Hello"}]}. Clients build their own elements from it; no HTML string is
// ever parsed (web.md §1).
type Node struct {
	Type     Type   `json:"t"`
	Text     string `json:"text,omitempty"` // of text, code, pre; the alternative text of img
	URL      string `json:"url,omitempty"`  // of a and img; passed SafeURL
	Level    int    `json:"level,omitempty"`
	Ordered  bool   `json:"ordered,omitempty"`
	Children []Node `json:"c,omitempty"`
}

// SafeURL gives the address if a person may be sent there: http, https, mailto, or a path of this site. All
// else, javascript: and data: among it, gives "".
func SafeURL(raw string) string {
	raw = strings.TrimSpace(raw)
	u, err := url.Parse(raw)
	if err != nil || len(raw) > 2048 || strings.ContainsAny(raw, "\\\x00\t\r\n") {
		return ""
	}
	switch strings.ToLower(u.Scheme) {
	case "http", "https":
		if u.Host == "" || u.User != nil {
			return ""
		}
	case "mailto":
	case "":
		if u.Host != "" { // "//evil.test" leaves the site
			return ""
		}
	default:
		return ""
	}
	return raw
}

// PlainText gives the words of a tree, blocks apart by a line, without any mark.
func PlainText(nodes []Node) string {
	var b strings.Builder
	write(&b, nodes)
	return strings.TrimSpace(b.String())
}

func write(b *strings.Builder, nodes []Node) {
	for _, n := range nodes {
		switch n.Type {
		case Text, Code, Image:
			b.WriteString(n.Text)
		case CodeBlock:
			b.WriteString(n.Text + "\n")
		case Break:
			b.WriteByte('\n')
		}
		write(b, n.Children)
		switch n.Type {
		case Paragraph, Heading, Item, Quote:
			b.WriteByte('\n')
		}
	}
}
