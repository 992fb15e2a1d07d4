package mail

import "strings"

// kind says what one line of a mail is.
type kind byte

const (
	blank   kind = iota
	said         // the writer's
	quote        // old words, marked line by line
	attr         // says who wrote what is quoted next
	history      // from here on everything is old
	delim        // a signature begins
	footer       // put there by a program
	passed       // somebody passes a whole mail on
)

// line is one line and what it is. sure is set for an attribution that needs no marked quote behind it.
type line struct {
	text string
	kind kind
	sure bool
}

// maxLines is how much of a mail is looked at; nobody writes that much above a quote.
const maxLines = 20_000

// Visible gives what somebody wrote in a mail: without old mail, "-- " signature and lines that programs add.
// Greetings and typed closings stay; answers between quotes keep the quotes; a mail that was passed on stays
// whole (passedOn). Where nothing is left, everything is shown: losing words is worse than showing old ones.
// text and html are the two forms of the one mail; either may be "".
//
// Source: mail-and-routing.md 1.7.
func Visible(subject, text, html string) (visible string, passedOn bool) {
	mayPass := forwardSubject.MatchString(subject)
	var fromHTML string
	var structured bool
	if html != "" {
		var ls []line
		ls, structured = htmlLines(html)
		var whole bool
		if fromHTML, whole = newWords(ls, mayPass); whole && !usable(text) {
			return fromHTML, true
		}
	}
	if !usable(text) {
		return fromHTML, false
	}
	fromText, whole := newWords(textLines(text), mayPass)
	if whole {
		return fromText, true
	}
	return better(fromText, fromHTML, structured), false
}

// better takes the words of the plain part, unless the marked containers of the HTML part show that what else
// stands there is old.
func better(text, html string, structured bool) string {
	t, h := fold(text), fold(html)
	if structured && h != "" && len(h) < len(t) && strings.HasPrefix(t, h) {
		return html
	}
	return text
}

func usable(text string) bool { return strings.TrimFunc(text, invisible) != "" }

func fold(s string) string { return strings.Join(strings.FieldsFunc(s, invisible), " ") }

// newWords takes the old and the added lines away. whole says that the mail was passed on.
func newWords(ls []line, mayPass bool) (visible string, whole bool) {
	classify(ls)
	if isPassed(ls, mayPass) {
		return join(ls), true
	}
	out := cutHistory(append([]line(nil), ls...))
	out = cutUnmarked(out)
	out = dropAdded(out)
	out = dropQuotes(out)
	if !has(out, said) {
		return join(ls), false
	}
	return join(out), false
}

// isPassed reports whether a mail is passed on: by its marker above all old mail, or by the subject and a copied
// header.
func isPassed(ls []line, mayPass bool) bool {
	for _, l := range ls {
		switch {
		case l.kind == passed:
			return true
		case l.kind == history:
			return mayPass
		case l.kind == attr && l.sure:
			return false
		}
	}
	return false
}

func has(ls []line, k kind) bool {
	for _, l := range ls {
		if l.kind == k {
			return true
		}
	}
	return false
}

// cutHistory ends the mail where old mail begins. With nothing above it, what stands there only says who wrote
// the quote that follows.
func cutHistory(ls []line) []line {
	for i := range ls {
		if ls[i].kind == history && has(ls[:i], said) {
			return ls[:i]
		}
	}
	for i := range ls {
		if ls[i].kind == history {
			ls[i].kind, ls[i].sure = attr, false
		}
	}
	return ls
}

// cutUnmarked ends the mail at an attribution whose quote is not marked line by line. One that may be the
// writer's own sentence is his.
func cutUnmarked(ls []line) []line {
	for i := 0; i < len(ls); i++ {
		if ls[i].kind != attr {
			continue
		}
		end, sure := i, false
		for end < len(ls) && (ls[end].kind == attr || ls[end].kind == blank) {
			sure = sure || ls[end].sure
			end++
		}
		if end == len(ls) && sure || end < len(ls) && ls[end].kind == quote {
			i = end - 1
			continue
		}
		if sure && has(ls[:i], said) {
			return ls[:i]
		}
		for ; i < end; i++ {
			if ls[i].kind == attr {
				ls[i].kind = said
			}
		}
		i--
	}
	return ls
}

// dropAdded takes signatures and the lines of programs away.
func dropAdded(ls []line) []line {
	var out []line
	for i := 0; i < len(ls); i++ {
		switch {
		case ls[i].kind == delim && has(out, said):
			for i+1 < len(ls) && ls[i+1].kind != quote && ls[i+1].kind != attr {
				i++
			}
		case ls[i].kind == footer || ls[i].kind == delim:
		default:
			out = append(out, ls[i])
		}
	}
	return out
}

// dropQuotes takes the quotes away that no answer follows, and the one quote above an answer that begins below it.
func dropQuotes(ls []line) []line {
	end := len(ls)
	for end > 0 && ls[end-1].kind != said {
		end--
	}
	trailing := has(ls[end:], quote)
	ls = ls[:end]
	first := 0
	for first < len(ls) && ls[first].kind != said {
		first++
	}
	lead := has(ls[:first], quote)
	if lead && !trailing && !has(ls[first:], quote) {
		return ls[first:]
	}
	if !lead && oneFoot(ls) {
		return dropQuotes(ls[:footAt(ls)])
	}
	for len(ls) > 0 && (ls[0].kind == attr || ls[0].kind == blank) {
		ls = ls[1:]
	}
	return ls
}

// footAt is where the words behind the last quote begin.
func footAt(ls []line) int {
	i := len(ls)
	for i > 0 && ls[i-1].kind != quote {
		i--
	}
	return i
}

// oneFoot reports whether all that stands behind the last quote is what lists and lawyers add.
func oneFoot(ls []line) bool {
	i := footAt(ls)
	if i == 0 || !has(ls[:i], said) {
		return false
	}
	return listFoot.MatchString(join(ls[i:]))
}

func join(ls []line) string {
	var b strings.Builder
	empty := 0
	for _, l := range ls {
		t := strings.TrimRight(l.text, " \t\r\u00a0")
		if strings.TrimFunc(t, invisible) == "" {
			empty++
			continue
		}
		if b.Len() > 0 {
			b.WriteByte('\n')
			if empty > 0 {
				b.WriteByte('\n')
			}
		}
		empty = 0
		b.WriteString(t)
	}
	return strings.TrimFunc(b.String(), invisible)
}
