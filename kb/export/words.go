package export

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/postern-chat/postern/kb"
)

// writer writes the words of a line. Blanks and breaks wait for the next word, so that none stand at its ends.
type writer struct {
	b     strings.Builder
	mark  byte // of what is around it: * or _
	led   bool // a blank came before the first word
	blank bool
	brk   bool
	apart bool // a mark has ended so that a letter right behind it would undo it
}

func (w *writer) all(nodes []kb.Node, inLink bool) {
	for i := 0; i < len(nodes); i++ {
		n := nodes[i]
		switch n.Type {
		case kb.Bold, kb.Italic:
			for i+1 < len(nodes) && nodes[i+1].Type == n.Type { // side by side they are one
				i++
				n.Children = append(append([]kb.Node{}, n.Children...), nodes[i].Children...)
			}
			w.marked(n, inLink)
		case kb.Text:
			w.text(n.Text)
		case kb.Code:
			w.code(n.Text)
		case kb.Break:
			w.brk = true
		case kb.Link:
			w.link(n, inLink)
		case kb.Image:
			w.image(n)
		default:
			w.all(n.Children, inLink)
		}
	}
}

// put writes what waits, and then s.
func (w *writer) put(s string) {
	first, _ := utf8.DecodeRuneInString(s)
	switch {
	case w.b.Len() == 0:
		w.led = w.led || w.blank || w.brk
	case w.brk:
		w.b.WriteString("\\\n")
	case w.blank || w.apart && !apart(first):
		w.b.WriteByte(' ')
	}
	w.blank, w.brk, w.apart = false, false, false
	w.b.WriteString(s)
}

func (w *writer) last() rune {
	if w.brk || w.blank {
		return ' '
	}
	r, _ := utf8.DecodeLastRuneInString(w.b.String())
	return r
}

// apart reports whether a character ends a word for the marks: a blank or a sign.
func apart(r rune) bool {
	return r == utf8.RuneError || unicode.IsSpace(r) || unicode.IsPunct(r) || unicode.IsSymbol(r)
}

// text writes words, blanks made one, and escapes what would be a mark.
func (w *writer) text(s string) {
	for i, r := range s {
		if unicode.IsSpace(r) || unicode.IsControl(r) {
			w.blank = true
			continue
		}
		next, _ := utf8.DecodeRuneInString(s[i+utf8.RuneLen(r):])
		if escaped(r, w.last(), next) {
			w.put("\\" + string(r))
		} else {
			w.put(string(r))
		}
	}
}

func escaped(r, before, next rune) bool {
	switch r {
	case '\\', '`', '*', '[', ']':
		return true
	case '_':
		return apart(before) || apart(next)
	case '<':
		return !unicode.IsSpace(next)
	case '&':
		return next == '#' || unicode.IsLetter(next)
	}
	return false
}

// marked writes bold or italic words. A mark next to a letter with a sign inside needs a blank to be one.
func (w *writer) marked(n kb.Node, inLink bool) {
	c := byte('*')
	if before := w.last(); (before == '*' || w.b.Len() == 0 && w.mark == '*') && before != '\\' {
		c = '_'
	}
	in := writer{mark: c}
	in.all(unmarked(n.Children, n.Type), inLink)
	words := in.b.String()
	if words == "" {
		w.blank, w.brk = w.blank || in.blank || in.led, w.brk || in.brk
		return
	}
	w.blank = w.blank || in.led
	first, _ := utf8.DecodeRuneInString(words)
	if apart(first) && !apart(w.last()) && w.b.Len() > 0 {
		w.blank = true
	}
	mark := string(c)
	if n.Type == kb.Bold {
		mark += mark
	}
	w.put(mark + words + mark)
	last, _ := utf8.DecodeLastRuneInString(words)
	w.blank, w.brk, w.apart = in.blank, in.brk, c == '_' || apart(last)
}

// unmarked takes bold out of bold.
func unmarked(nodes []kb.Node, t kb.Type) (out []kb.Node) {
	for _, n := range nodes {
		n.Children = unmarked(n.Children, t)
		if n.Type == t {
			out = append(out, n.Children...)
		} else {
			out = append(out, n)
		}
	}
	return out
}

func (w *writer) code(s string) {
	s = strings.Join(strings.FieldsFunc(s, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }), " ")
	if s == "" {
		w.blank = true
		return
	}
	if w.last() == '`' {
		w.blank = true
	}
	fence := strings.Repeat("`", longestRun(s, '`')+1)
	if len(fence) > 1 {
		s = " " + s + " "
	}
	w.put(fence + s + fence)
}

func (w *writer) link(n kb.Node, inLink bool) {
	in := writer{mark: '_'}
	in.all(n.Children, true)
	if words := in.b.String(); words != "" && !inLink {
		w.blank = w.blank || in.led
		w.sign("[" + words + "](" + address(n.URL) + ")")
		w.blank, w.brk = in.blank, in.brk
		return
	}
	w.all(n.Children, true)
}

func (w *writer) image(n kb.Node) {
	in := writer{mark: '_'}
	in.text(n.Text)
	w.put("![" + in.b.String() + "](" + address(n.URL) + ")")
}

// sign writes a link; after "!" it would be a picture.
func (w *writer) sign(link string) {
	if text := w.b.String(); !w.blank && !w.brk && strings.HasSuffix(text, "!") {
		w.b.Reset()
		w.b.WriteString(text[:len(text)-1] + "\\!")
	}
	w.put(link)
}

// address writes an address so that it ends where it ends.
func address(url string) string {
	return strings.NewReplacer(" ", "%20", "(", "%28", ")", "%29", "<", "%3C", ">", "%3E", "&", "&amp;", "`", "%60", "*", "%2A", "\"", "%22").Replace(url)
}

var lineStart = regexp.MustCompile(`^(?:#{1,6}(?:\s|$)|>|[-+](?:\s|$)|-[-\s]*$|=+\s*$|~~~)`)

var numbered = regexp.MustCompile(`^(\d{1,9})([.)](?:\s|$))`)

// atLineStart escapes what would be a heading, a list or the like at the begin of a line.
func atLineStart(text string) string {
	lines := strings.Split(text, "\n")
	for i, l := range lines {
		switch {
		case lineStart.MatchString(l):
			lines[i] = "\\" + l
		case numbered.MatchString(l):
			lines[i] = numbered.ReplaceAllString(l, `$1\$2`)
		}
	}
	return strings.Join(lines, "\n")
}

func longestRun(s string, c byte) (longest int) {
	run := 0
	for i := range len(s) {
		if s[i] == c {
			run++
			longest = max(longest, run)
		} else {
			run = 0
		}
	}
	return longest
}
