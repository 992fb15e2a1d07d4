// Package markdown turns Markdown (CommonMark) into kb's typed tree. Raw HTML in it is text; what has no node
// is drawn by its words. It is the only user of goldmark.
package markdown

import (
	"strings"

	"github.com/postern-chat/postern/kb"
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/text"
)

const (
	maxDepth = 20
	maxNodes = 20_000
)

// Parse gives the tree of a Markdown text. It is total: whatever comes gives a tree, bounded in depth and
// size; what lies beyond is left out. A text that is made to keep the parser busy stays as it is written.
func Parse(source string) []kb.Node {
	source = strings.ToValidUTF8(source, "\uFFFD")
	if costly(source) {
		return []kb.Node{{Type: kb.Paragraph, Children: []kb.Node{{Type: kb.Text, Text: source}}}}
	}
	if tree, ok := plain(source); ok {
		return tree
	}
	return parse(source)
}

func parse(source string) []kb.Node {
	return walk(source, func(raw []byte) string { return string(raw) })
}

func walk(source string, words func(raw []byte) string) []kb.Node {
	src := []byte(source)
	root := goldmark.DefaultParser().Parse(text.NewReader(src))
	w := walker{src: src, left: maxNodes, words: words}
	return w.children(root, 0)
}

type walker struct {
	src   []byte
	left  int
	words func(raw []byte) string // what is written → what is said
}

func (w *walker) children(n ast.Node, depth int) []kb.Node {
	var out []kb.Node
	if depth > maxDepth {
		return nil
	}
	for c := n.FirstChild(); c != nil && w.left > 0; c = c.NextSibling() {
		w.left--
		out = append(out, w.node(c, depth+1)...)
	}
	return out
}

func (w *walker) node(n ast.Node, depth int) []kb.Node {
	one := func(x kb.Node) []kb.Node { return []kb.Node{x} }
	switch n := n.(type) {
	case *ast.Paragraph, *ast.TextBlock:
		return one(kb.Node{Type: kb.Paragraph, Children: w.children(n, depth)})
	case *ast.Heading:
		return one(kb.Node{Type: kb.Heading, Level: n.Level, Children: w.children(n, depth)})
	case *ast.List:
		return one(kb.Node{Type: kb.List, Ordered: n.IsOrdered(), Children: w.children(n, depth)})
	case *ast.ListItem:
		return one(kb.Node{Type: kb.Item, Children: w.children(n, depth)})
	case *ast.Blockquote:
		return one(kb.Node{Type: kb.Quote, Children: w.children(n, depth)})
	case *ast.ThematicBreak:
		return one(kb.Node{Type: kb.Rule})
	case *ast.FencedCodeBlock, *ast.CodeBlock, *ast.HTMLBlock:
		return w.block(n)
	}
	return w.inline(n, depth)
}

// block gives the lines of code; raw HTML becomes a paragraph of text.
func (w *walker) block(n ast.Node) []kb.Node {
	var b strings.Builder
	for i := range n.Lines().Len() {
		line := n.Lines().At(i)
		b.Write(line.Value(w.src))
	}
	words := strings.TrimRight(b.String(), "\n")
	if _, html := n.(*ast.HTMLBlock); html {
		return []kb.Node{{Type: kb.Paragraph, Children: []kb.Node{{Type: kb.Text, Text: words}}}}
	}
	return []kb.Node{{Type: kb.CodeBlock, Text: words}}
}

func (w *walker) inline(n ast.Node, depth int) []kb.Node {
	switch n := n.(type) {
	case *ast.Text:
		said := string(n.Value(w.src))
		if !n.IsRaw() {
			said = w.words(n.Value(w.src))
		}
		out := []kb.Node{{Type: kb.Text, Text: said}}
		if n.HardLineBreak() || n.SoftLineBreak() {
			out = append(out, kb.Node{Type: kb.Break})
		}
		return out
	case *ast.String:
		return []kb.Node{{Type: kb.Text, Text: string(n.Value)}}
	case *ast.CodeSpan:
		return []kb.Node{{Type: kb.Code, Text: kb.PlainText(w.children(n, depth))}}
	case *ast.Emphasis:
		t := kb.Italic
		if n.Level == 2 {
			t = kb.Bold
		}
		return []kb.Node{{Type: t, Children: w.children(n, depth)}}
	case *ast.Link:
		return link(w.words(n.Destination), w.children(n, depth))
	case *ast.AutoLink:
		return link(string(n.URL(w.src)), []kb.Node{{Type: kb.Text, Text: string(n.Label(w.src))}})
	case *ast.Image:
		return image(w.words(n.Destination), kb.PlainText(w.children(n, depth)))
	case *ast.RawHTML:
		var b strings.Builder
		for i := range n.Segments.Len() {
			s := n.Segments.At(i)
			b.Write(s.Value(w.src))
		}
		return []kb.Node{{Type: kb.Text, Text: b.String()}}
	}
	return w.children(n, depth)
}

// link keeps the words of an address that is not safe, without the address.
func link(address string, words []kb.Node) []kb.Node {
	if u := kb.SafeURL(address); u != "" {
		return []kb.Node{{Type: kb.Link, URL: u, Children: words}}
	}
	return words
}

func image(address, alt string) []kb.Node {
	if u := kb.SafeURL(address); u != "" {
		return []kb.Node{{Type: kb.Image, URL: u, Text: alt}}
	}
	return []kb.Node{{Type: kb.Text, Text: alt}}
}
