package mail

import (
	"regexp"
	"strings"
	"unicode"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// maxNodes and maxNesting bound what is drawn of an HTML part.
const (
	maxNodes   = 200_000
	maxNesting = 400
)

var tags = regexp.MustCompile(`(?is)<(?:script|style)\b.*?</(?:script|style)>|<[^<>]*>`)

// page turns HTML into lines of text that know what their containers say about them.
type page struct {
	lines      []line
	cur        strings.Builder
	space      bool // a blank is due before the next word
	nodes      int
	structured bool // a container of a known program was found
}

// where is what the containers around a node say.
type where struct {
	depth int  // of quotes
	kind  kind // attr or footer for all that is inside; blank = nothing known
	pre   bool
	level int
}

// htmlLines draws an HTML part as lines. structured says that containers of known programs tell old from new.
func htmlLines(source string) (ls []line, structured bool) {
	root, err := html.Parse(strings.NewReader(source))
	if err != nil { // nested beyond all reason
		return textLines(html.UnescapeString(tags.ReplaceAllString(clip(source, 1<<20), " "))), false
	}
	p := &page{}
	p.walk(root, where{})
	p.end(where{})
	return p.lines, p.structured
}

func (p *page) walk(n *html.Node, w where) {
	if p.nodes++; p.nodes > maxNodes || w.level > maxNesting || len(p.lines) >= maxLines {
		return
	}
	w.level++
	switch n.Type {
	case html.TextNode:
		p.text(n.Data, w)
		return
	case html.ElementNode:
		if unseen(n) {
			return
		}
	case html.DocumentNode:
	default:
		return
	}
	p.element(n, w)
}

// element draws one element and what is in it.
func (p *page) element(n *html.Node, w where) {
	block := isBlock(n.DataAtom)
	if block {
		p.end(w)
	}
	inside := p.meaning(n, w)
	switch n.DataAtom {
	case atom.Br:
		p.end(w)
		p.gapAfterBreaks(n)
	case atom.Hr:
		if inside.kind != history {
			p.lines = append(p.lines, line{text: ""})
		}
	case atom.Pre, atom.Textarea:
		inside.pre = true
	case atom.Li:
		p.cur.WriteString(bullet(n))
	case atom.Td, atom.Th:
		p.space = true
	case atom.P, atom.H1, atom.H2, atom.H3, atom.H4, atom.Ul, atom.Ol, atom.Table, atom.Blockquote:
		p.gap(w)
	}
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		p.walk(c, inside)
	}
	if block {
		p.end(inside)
	}
	if n.DataAtom == atom.P || n.DataAtom == atom.Blockquote || n.DataAtom == atom.Table {
		p.gap(w)
	}
}

// meaning reads what an element says about its content, and marks where old mail begins.
func (p *page) meaning(n *html.Node, w where) where {
	role := container(n)
	if (role == attr || role == quote) && isPassedOn(n) {
		return w
	}
	switch role {
	case attr, footer:
		p.end(w)
		p.structured, w.kind = true, role
	case history:
		p.end(w)
		p.structured = true
		p.lines = append(p.lines, line{kind: history})
	case quote:
		p.end(w)
		if n.DataAtom != atom.Blockquote && hasQuote(n) {
			p.structured = true
			break
		}
		p.structured = p.structured || known(n)
		w.depth++
	}
	return w
}

func (p *page) text(s string, w where) {
	if w.pre {
		for i, l := range strings.Split(s, "\n") {
			if i > 0 {
				p.end(w)
			}
			p.cur.WriteString(l)
		}
		return
	}
	for _, r := range s {
		if unicode.IsSpace(r) {
			p.space = true
			continue
		}
		if p.space && p.cur.Len() > 0 {
			p.cur.WriteByte(' ')
		}
		p.space = false
		p.cur.WriteRune(r)
	}
}

// end closes the line.
func (p *page) end(w where) {
	p.space = false
	if p.cur.Len() == 0 {
		return
	}
	l := line{text: p.cur.String(), kind: w.kind, sure: w.kind == attr}
	p.cur.Reset()
	if bare(l.text) == "" {
		l.kind = blank
	} else if w.depth > 0 {
		l.text, l.kind = strings.Repeat("> ", min(w.depth, 10))+l.text, quote
	}
	p.lines = append(p.lines, l)
}

// gap leaves an empty line.
func (p *page) gap(w where) {
	p.end(w)
	if k := len(p.lines); k > 0 && bare(p.lines[k-1].text) != "" {
		p.lines = append(p.lines, line{})
	}
}

// gapAfterBreaks makes the second of two breaks an empty line.
func (p *page) gapAfterBreaks(n *html.Node) {
	prev := n.PrevSibling
	for prev != nil && prev.Type == html.TextNode && bare(prev.Data) == "" {
		prev = prev.PrevSibling
	}
	if prev == nil || prev.DataAtom == atom.Br {
		p.lines = append(p.lines, line{})
	}
}

func bullet(li *html.Node) string {
	if li.Parent == nil || li.Parent.DataAtom != atom.Ol {
		return "- "
	}
	n := 1
	for s := li.PrevSibling; s != nil; s = s.PrevSibling {
		if s.DataAtom == atom.Li {
			n++
		}
	}
	return itoa(n) + ". "
}

func itoa(n int) string {
	if n < 10 {
		return string(rune('0' + n))
	}
	return itoa(n/10) + string(rune('0'+n%10))
}

// unseen elements are no words.
func unseen(n *html.Node) bool {
	switch n.DataAtom {
	case atom.Script, atom.Style, atom.Head, atom.Title, atom.Template, atom.Object, atom.Embed, atom.Iframe, atom.Noscript, atom.Select, atom.Svg, atom.Math:
		return true
	}
	style := strings.ReplaceAll(strings.ToLower(attribute(n, "style")), " ", "")
	return strings.Contains(style, "display:none") || strings.Contains(style, "mso-hide:all")
}

func isBlock(a atom.Atom) bool {
	switch a {
	case atom.Div, atom.P, atom.Blockquote, atom.Table, atom.Tr, atom.Ul, atom.Ol, atom.Li, atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6, atom.Hr, atom.Pre,
		atom.Body, atom.Html, atom.Section, atom.Article, atom.Header, atom.Footer, atom.Address, atom.Center, atom.Dl, atom.Dt, atom.Dd, atom.Form, atom.Fieldset:
		return true
	}
	return false
}

func attribute(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}
