package mail

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// textLines takes the plain part apart, untold what its lines are.
func textLines(text string) []line {
	text = strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\r", "\n")
	var ls []line
	for t := range strings.SplitSeq(text, "\n") {
		if len(ls) == maxLines {
			break
		}
		ls = append(ls, line{text: t})
	}
	return ls
}

// invisible is what prints nothing: spaces, and marks of width or direction.
func invisible(r rune) bool {
	return unicode.IsSpace(r) || r >= '\u200b' && r <= '\u200f' || r >= '\u202a' && r <= '\u202e' || r == '\u2060' || r == '\ufeff' || r == '\u00ad' ||
		r >= '\u2066' && r <= '\u2069'
}

// bare gives a line as the tables expect it: no marks of direction, one kind of blank, trimmed.
func bare(s string) string {
	if strings.IndexFunc(s, func(r rune) bool { return r >= utf8.RuneSelf }) >= 0 {
		s = strings.Map(func(r rune) rune {
			switch {
			case unicode.IsSpace(r):
				return ' '
			case invisible(r):
				return -1
			}
			return r
		}, s)
	}
	return strings.TrimSpace(s)
}

// classify says of each line what it is; what the HTML part has told already stays.
func classify(ls []line) {
	b := make([]string, len(ls))
	for i := range ls {
		b[i] = bare(ls[i].text)
		if ls[i].kind == blank && b[i] != "" {
			ls[i].kind = one(ls[i].text, b[i])
		}
	}
	for i := range ls {
		if ls[i].kind != said {
			continue
		}
		if n, sure := attribution(ls, b, i); n > 0 {
			for k := range n {
				ls[i+k].kind, ls[i+k].sure = attr, sure
			}
		} else if n := header(ls, b, i); n > 0 {
			mark(ls, b, i, n)
		}
	}
	strays(ls, b)
	for i := range ls {
		if ls[i].kind == said && separator.MatchString(b[i]) && signature(ls, b, i+1) {
			ls[i].kind = delim
		}
	}
	for i := len(ls) - 1; i >= 0; i-- {
		if ls[i].kind == said && program(b[i]) && ends(ls, i+1) {
			ls[i].kind = footer
		}
	}
}

var (
	separator = regexp.MustCompile(`^[-—–_=*~#+ᐧ]{2,}$|^[—–]$`)
	rule      = regexp.MustCompile(`^[-—–_=*]{5,}$|^[-—–_=*]{2,}.{2,60}[-—–_=*]{2,}$`)
)

// one says what a line is by itself.
func one(raw, b string) kind {
	switch {
	case strings.HasPrefix(b, ">") || strings.HasPrefix(b, "＞"):
		if forward.MatchString(strings.TrimSpace(strings.TrimLeft(b, "> "))) && strings.HasPrefix(b, ">Begin") {
			return passed
		}
		return quote
	case b == "--" || b == "-- ":
		return delim
	case len(b) > 200:
		return said
	case forward.MatchString(b):
		return passed
	case original.MatchString(b), above.MatchString(b):
		return history
	}
	return said
}

// mark sets the n lines of a copied header, and the rule or blank line above it, as the begin of old mail.
func mark(ls []line, b []string, i, n int) {
	for k := i; k < i+n; k++ {
		ls[k].kind = history
	}
	for i--; i >= 0 && b[i] == ""; i-- {
	}
	if i >= 0 && ls[i].kind == said && rule.MatchString(b[i]) {
		ls[i].kind = history
	}
}

// header gives the number of lines of a copied header that begins at line i; 0 = there is none.
func header(ls []line, b []string, i int) int {
	if roleOf(b[i]) == noRole {
		return 0
	}
	seen, n, wrapped, last := map[role]bool{}, 0, 0, 0
	address := false
	for k := i; k < len(ls) && k < i+24 && ls[k].kind != quote; k++ {
		r := roleOf(b[k])
		switch {
		case r != noRole:
			seen[r], wrapped = true, 0
			address = address || r == roleFrom && (hasMail.MatchString(b[k]) || strings.Contains(b[k], "<"))
			n++
			last = k + 1
			continue
		case b[k] == "" && k+1 < len(ls) && roleOf(b[k+1]) != noRole:
			continue
		case b[k] != "" && wrapped < 3 && follows(b, k+1):
			wrapped++
			continue
		}
		break
	}
	from, date, to, subject := seen[roleFrom], seen[roleDate], seen[roleTo], seen[roleSubject]
	if from && subject && (date || to) || from && address && (date || to) {
		return last - i
	}
	return 0
}

// follows reports whether a header line stands within the next three lines: what is between is a long one's rest.
func follows(b []string, k int) bool {
	for n := 0; n < 3 && k < len(b) && b[k] != ""; n, k = n+1, k+1 {
		if roleOf(b[k]) != noRole {
			return true
		}
	}
	return false
}

// roleOf reads the name before a colon.
func roleOf(b string) role {
	at := strings.IndexAny(b, ":：")
	if at <= 0 || at > 60 {
		return noRole
	}
	name := strings.ToLower(strings.Trim(b[:at], "*_ \t"))
	return headerNames[name]
}

// attribution gives the number of lines, from line i, that say who wrote what follows; sure: it can be nothing else.
func attribution(ls []line, b []string, i int) (n int, sure bool) {
	joined := ""
	for n = 1; n <= 5 && i+n-1 < len(ls); n++ {
		k := i + n - 1
		if ls[k].kind != said {
			return 0, false
		}
		if n > 1 && (!opens(b[i]) || stops(b[k-1])) {
			return 0, false
		}
		joined = strings.TrimSpace(joined + " " + b[k])
		if len(joined) > 500 {
			return 0, false
		}
		told, certain := says(joined)
		if !told || n > 1 && later(b, i, n) {
			continue
		}
		if certain || quoteFollows(ls, b, i+n) {
			return n, certain
		}
	}
	return 0, false
}

// opens reports whether a wrapped attribution can begin with the line.
func opens(b string) bool {
	return begins.MatchString(b) || strings.Contains(b, "<") || hasMail.MatchString(b)
}

// stops reports whether the line ends a sentence.
func stops(b string) bool {
	r, _ := utf8.DecodeLastRuneInString(b)
	return strings.ContainsRune("!?。！？", r) || r == '.' && !abbrevEnd.MatchString(b) && !digitDot.MatchString(b)
}

// later reports whether a shorter attribution begins at one of the lines after the first: then what stands before
// it is the writer's.
func later(b []string, i, n int) bool {
	for k := i + 1; k < i+n; k++ {
		if told, certain := says(strings.Join(b[k:i+n], " ")); told && certain && begins.MatchString(b[k]) && hasDigit.MatchString(b[k]) {
			return true
		}
	}
	return false
}

// says reports whether the words are an attribution, and whether they can be nothing else.
func says(s string) (told, certain bool) {
	if strings.HasPrefix(s, "--") && strings.HasSuffix(s, "--") {
		s = strings.Trim(s, "- ") + ":"
	}
	when := hasYear.MatchString(s) || hasTime.MatchString(s) || hasDate.MatchString(s)
	mail := hasMail.MatchString(s)
	if !colonEnd.MatchString(s) {
		return dateMail.MatchString(s) || when && begins.MatchString(s) && wrote.MatchString(s), false
	}
	switch {
	case dateMail.MatchString(s), onMail.MatchString(s):
		return true, true
	case quoting.MatchString(s):
		return true, mail
	case wrote.MatchString(s):
		return true, (when || mail) && !ownWords.MatchString(s)
	}
	return when && mail, false // a language that we do not know
}

// quoteFollows reports whether the next line that is not empty is a marked quote.
func quoteFollows(ls []line, b []string, i int) bool {
	for i < len(ls) && b[i] == "" {
		i++
	}
	return i < len(ls) && ls[i].kind == quote
}

// strays finds pieces of long quoted lines that a program broke without marking the rest.
func strays(ls []line, b []string) {
	for i := 1; i+1 < len(ls); i++ {
		if ls[i].kind != said || ls[i-1].kind != quote || ls[i+1].kind != quote || !has(ls[:i-1], said) {
			continue
		}
		first, _ := utf8.DecodeRuneInString(b[i])
		if utf8.RuneCountInString(b[i-1]) >= 60 && utf8.RuneCountInString(b[i]) < 40 && unicode.IsLower(first) && !stops(b[i-1]) && !strings.HasSuffix(b[i-1], ":") {
			ls[i].kind = quote
		}
	}
}

// signature reports whether the lines from i to the next quote are a signature: short, with a way to reach
// somebody, or a few words; no sentences.
func signature(ls []line, b []string, i int) bool {
	n, few, reach := 0, true, false
	for ; i < len(ls) && ls[i].kind != quote && ls[i].kind != attr && ls[i].kind != history; i++ {
		if b[i] == "" {
			continue
		}
		n++
		count := len(strings.Fields(b[i]))
		few = few && count <= 4 && utf8.RuneCountInString(b[i]) <= 40 && !stops(b[i])
		reach = reach || contact.MatchString(b[i]) || listFoot.MatchString(b[i])
		if count > 7 && stops(b[i]) && !listFoot.MatchString(b[i]) || strings.HasSuffix(b[i], "?") {
			return false
		}
	}
	return n > 0 && n <= 12 && (reach || few && n <= 4)
}

// ends reports whether the writer's words end before line i.
func ends(ls []line, i int) bool {
	for ; i < len(ls); i++ {
		switch ls[i].kind {
		case blank, footer:
		case said:
			return false
		default:
			return true
		}
	}
	return true
}
