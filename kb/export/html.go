package export

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/postern-chat/postern/kb"
	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

const (
	deepest   = 60      // elements in elements
	mostNodes = 200_000 // of one body
)

// FromHTML turns HTML into our Markdown. It keeps words, headings, lists, quotes, code, rules, bold and italic words,
// links and pictures of http and https and links of mailto; tables become lines. Scripts, styles, forms and whatever
// else a page can hold are left out, and the notes say so. Errors: it is nested too deep, or too large.
func FromHTML(text string) (markdown string, notes []string, err error) {
	r := &reader{left: mostNodes, dropped: map[string]int{}}
	nodes, err := r.read(text)
	if err != nil {
		return "", nil, err
	}
	return Write(nodes), r.notes(), nil
}

func (r *reader) read(text string) ([]kb.Node, error) {
	context := &html.Node{Type: html.ElementNode, Data: "div", DataAtom: atom.Div}
	list, err := html.ParseFragment(strings.NewReader(text), context)
	if err != nil {
		return nil, err
	}
	root := &html.Node{Type: html.ElementNode, Data: "div", DataAtom: atom.Div}
	for _, n := range list {
		root.AppendChild(n)
	}
	nodes := r.blocks(root, 0)
	if r.deep {
		return nil, fmt.Errorf("nested deeper than %d, or more than %d elements", deepest, mostNodes)
	}
	return nodes, nil
}

// reader walks a page.
type reader struct {
	left    int
	deep    bool
	links   int            // of the old place
	dropped map[string]int // element → how many
}

func (r *reader) notes() (list []string) {
	for _, name := range slices.Sorted(maps.Keys(r.dropped)) {
		list = append(list, fmt.Sprintf("%d %s left out", r.dropped[name], name))
	}
	if r.links > 0 {
		list = append(list, fmt.Sprintf("%d links or pictures of the old place kept as words", r.links))
	}
	return list
}

// enter counts a node and reports whether to go on into it.
func (r *reader) enter(depth int) bool {
	r.left--
	if depth > deepest || r.left < 0 {
		r.deep = true
	}
	return !r.deep
}

// blocks reads what is in an element as paragraphs, lists and so on.
func (r *reader) blocks(n *html.Node, depth int) (out []kb.Node) {
	if !r.enter(depth) {
		return nil
	}
	var line []kb.Node
	flush := func() {
		for _, p := range paragraphs(line) {
			out = append(out, kb.Node{Type: kb.Paragraph, Children: p})
		}
		line = nil
	}
	for c := n.FirstChild; c != nil && !r.deep; c = c.NextSibling {
		if !isBlock(c) {
			line = append(line, r.inline(c, depth+1)...)
			continue
		}
		flush()
		out = append(out, r.block(c, depth+1)...)
	}
	flush()
	return out
}

// isBlock reports whether a node stands by itself, or holds something that does.
func isBlock(n *html.Node) bool {
	if n.Type != html.ElementNode {
		return false
	}
	switch n.DataAtom {
	case atom.P, atom.Div, atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6, atom.Ul, atom.Ol, atom.Li, atom.Blockquote,
		atom.Pre, atom.Hr, atom.Table, atom.Section, atom.Article, atom.Aside, atom.Header, atom.Footer, atom.Main, atom.Figure,
		atom.Figcaption, atom.Dl, atom.Dt, atom.Dd, atom.Details, atom.Summary, atom.Center, atom.Address, atom.Nav, atom.Iframe,
		atom.Video, atom.Audio, atom.Fieldset:
		return true
	case atom.A, atom.Span, atom.B, atom.Strong, atom.I, atom.Em, atom.Font, atom.U, atom.Label:
		return n.FirstChild != nil && isBlockIn(n, 0)
	}
	return false
}

// isBlockIn looks a few levels deep: what is further in is read as words of a line.
func isBlockIn(n *html.Node, depth int) bool {
	for c := n.FirstChild; c != nil && depth < 3; c = c.NextSibling {
		if c.Type == html.ElementNode {
			switch c.DataAtom {
			case atom.P, atom.Div, atom.Ul, atom.Ol, atom.Blockquote, atom.Pre, atom.Table, atom.H1, atom.H2, atom.H3, atom.H4:
				return true
			}
			if isBlockIn(c, depth+1) {
				return true
			}
		}
	}
	return false
}

func (r *reader) block(n *html.Node, depth int) []kb.Node {
	one := func(x kb.Node) []kb.Node { return []kb.Node{x} }
	switch n.DataAtom {
	case atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6:
		if words := trim(r.line(n, depth)); len(words) > 0 {
			return one(kb.Node{Type: kb.Heading, Level: int(n.Data[1] - '0'), Children: words})
		}
		return nil
	case atom.Ul, atom.Ol:
		return r.list(n, depth)
	case atom.Blockquote:
		if in := r.blocks(n, depth); len(in) > 0 {
			return one(kb.Node{Type: kb.Quote, Children: in})
		}
		return nil
	case atom.Pre:
		return one(kb.Node{Type: kb.CodeBlock, Text: strings.Trim(r.text(n, depth), "\n")})
	case atom.Hr:
		return one(kb.Node{Type: kb.Rule})
	case atom.Table:
		return r.table(n, depth)
	case atom.Dt, atom.Summary:
		if words := trim(r.line(n, depth)); len(words) > 0 {
			return one(kb.Node{Type: kb.Paragraph, Children: one(kb.Node{Type: kb.Bold, Children: words})})
		}
		return nil
	case atom.Iframe, atom.Video, atom.Audio:
		return r.film(n)
	}
	return r.blocks(n, depth)
}

// film leaves a link to what was played inside the page.
func (r *reader) film(n *html.Node) []kb.Node {
	address := attribute(n, "src")
	for c := n.FirstChild; c != nil && address == ""; c = c.NextSibling {
		if c.DataAtom == atom.Source {
			address = attribute(c, "src")
		}
	}
	if strings.HasPrefix(address, "//") {
		address = "https:" + address
	}
	r.dropped[n.Data]++
	if !far(address) {
		return nil
	}
	link := kb.Node{Type: kb.Link, URL: kb.SafeURL(address), Children: []kb.Node{{Type: kb.Text, Text: address}}}
	return []kb.Node{{Type: kb.Paragraph, Children: []kb.Node{link}}}
}

func (r *reader) list(n *html.Node, depth int) []kb.Node {
	if !r.enter(depth) {
		return nil
	}
	list := kb.Node{Type: kb.List, Ordered: n.DataAtom == atom.Ol}
	for c := n.FirstChild; c != nil && !r.deep; c = c.NextSibling {
		var in []kb.Node
		switch {
		case c.DataAtom == atom.Li:
			in = r.blocks(c, depth+1)
		case isBlock(c):
			in = r.block(c, depth+1)
		default:
			if words := trim(r.inline(c, depth+1)); len(words) > 0 {
				in = []kb.Node{{Type: kb.Paragraph, Children: words}}
			}
		}
		// A list right in a list belongs to the item before it.
		if last := len(list.Children) - 1; last >= 0 && c.DataAtom != atom.Li && len(in) > 0 && in[0].Type == kb.List {
			list.Children[last].Children = append(list.Children[last].Children, in...)
		} else if len(in) > 0 {
			list.Children = append(list.Children, kb.Node{Type: kb.Item, Children: in})
		}
	}
	if len(list.Children) == 0 {
		return nil
	}
	return []kb.Node{list}
}

// table gives a line for each row, its cells apart by a stroke.
func (r *reader) table(n *html.Node, depth int) (out []kb.Node) {
	if !r.enter(depth) {
		return nil
	}
	for c := n.FirstChild; c != nil && !r.deep; c = c.NextSibling {
		switch c.DataAtom {
		case atom.Tr:
			var line []kb.Node
			for cell := c.FirstChild; cell != nil; cell = cell.NextSibling {
				if words := trim(r.line(cell, depth+1)); len(words) > 0 {
					if len(line) > 0 {
						line = append(line, kb.Node{Type: kb.Text, Text: " | "})
					}
					line = append(line, words...)
				}
			}
			if len(line) > 0 {
				out = append(out, kb.Node{Type: kb.Paragraph, Children: line})
			}
		case atom.Caption:
			out = append(out, r.blocks(c, depth+1)...)
		default:
			out = append(out, r.table(c, depth+1)...)
		}
	}
	return out
}

// line reads everything in an element as one line.
func (r *reader) line(n *html.Node, depth int) (out []kb.Node) {
	if n.Type != html.ElementNode || !r.enter(depth) {
		return nil
	}
	for c := n.FirstChild; c != nil && !r.deep; c = c.NextSibling {
		out = append(out, r.inline(c, depth+1)...)
	}
	return out
}

func (r *reader) inline(n *html.Node, depth int) []kb.Node {
	if !r.enter(depth) {
		return nil
	}
	if n.Type == html.TextNode {
		return []kb.Node{{Type: kb.Text, Text: n.Data}}
	}
	if n.Type != html.ElementNode {
		return nil
	}
	one := func(t kb.Type) []kb.Node {
		if in := r.line(n, depth); len(in) > 0 {
			return []kb.Node{{Type: t, Children: in}}
		}
		return nil
	}
	switch n.DataAtom {
	case atom.Br:
		return []kb.Node{{Type: kb.Break}}
	case atom.B, atom.Strong:
		return one(kb.Bold)
	case atom.I, atom.Em, atom.Cite:
		return one(kb.Italic)
	case atom.Code, atom.Kbd, atom.Samp, atom.Tt:
		return []kb.Node{{Type: kb.Code, Text: r.text(n, depth)}}
	case atom.A:
		return r.link(n, depth)
	case atom.Img:
		return r.picture(n)
	}
	if r.drops(n) {
		return nil
	}
	in := r.line(n, depth)
	if isBlock(n) { // a block where only a line can be
		in = append(append([]kb.Node{{Type: kb.Text, Text: " "}}, in...), kb.Node{Type: kb.Text, Text: " "})
	}
	return in
}

// drops reports whether an element is one whose content nobody reads, and counts it.
func (r *reader) drops(n *html.Node) bool {
	switch n.DataAtom {
	case atom.Script, atom.Style, atom.Template, atom.Noscript, atom.Object, atom.Embed, atom.Svg, atom.Math, atom.Form, atom.Input,
		atom.Button, atom.Select, atom.Textarea, atom.Canvas, atom.Link, atom.Meta, atom.Base, atom.Title, atom.Head, atom.Frame,
		atom.Frameset, atom.Applet, atom.Param, atom.Map, atom.Area, atom.Dialog:
		r.dropped[n.Data]++
		return true
	}
	return false
}

func (r *reader) link(n *html.Node, depth int) []kb.Node {
	words := r.line(n, depth)
	address := attribute(n, "href")
	switch {
	case address == "" || strings.HasPrefix(address, "#"):
		return words
	case !far(address):
		r.links++
		return words
	case len(trim(words)) == 0:
		words = []kb.Node{{Type: kb.Text, Text: kb.SafeURL(address)}}
	}
	return []kb.Node{{Type: kb.Link, URL: kb.SafeURL(address), Children: words}}
}

func (r *reader) picture(n *html.Node) []kb.Node {
	address, alt := attribute(n, "src"), line(attribute(n, "alt"))
	if far(address) && !strings.HasPrefix(strings.ToLower(address), "mailto:") {
		return []kb.Node{{Type: kb.Image, URL: kb.SafeURL(address), Text: alt}}
	}
	r.links++
	return []kb.Node{{Type: kb.Text, Text: alt}}
}

// text is what an element says, as it stands.
func (r *reader) text(n *html.Node, depth int) string {
	if !r.enter(depth) {
		return ""
	}
	switch {
	case n.Type == html.TextNode:
		return n.Data
	case n.DataAtom == atom.Br:
		return "\n"
	case n.Type == html.ElementNode && r.drops(n):
		return ""
	}
	var b strings.Builder
	for c := n.FirstChild; c != nil && !r.deep; c = c.NextSibling {
		b.WriteString(r.text(c, depth+1))
	}
	return b.String()
}

func attribute(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name && a.Namespace == "" {
			return strings.TrimSpace(a.Val)
		}
	}
	return ""
}

// paragraphs parts a line where two breaks follow each other.
func paragraphs(line []kb.Node) (out [][]kb.Node) {
	begin, breaks := 0, 0
	for i, n := range line {
		switch {
		case n.Type == kb.Break:
			breaks++
		case strings.TrimSpace(n.Text) != "" || n.Type != kb.Text:
			if breaks > 1 {
				if p := trim(line[begin:i]); p != nil {
					out = append(out, p)
				}
				begin = i
			}
			breaks = 0
		}
	}
	if p := trim(line[begin:]); p != nil {
		out = append(out, p)
	}
	return out
}

// trim gives nothing of a line that has no words, picture or code.
func trim(line []kb.Node) []kb.Node {
	if hasWords(line) {
		return line
	}
	return nil
}

func hasWords(line []kb.Node) bool {
	return slices.ContainsFunc(line, func(n kb.Node) bool {
		return strings.TrimSpace(n.Text) != "" || n.Type == kb.Image || hasWords(n.Children)
	})
}
