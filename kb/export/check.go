package export

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/postern-chat/postern/kb"
)

const maxTag = 100 // characters

var localeForm = regexp.MustCompile(`^[a-z]{2,3}(-[A-Z][A-Za-z]{1,3})?$`)

// check makes an article keep to kb's limits, as an editor's own does (gateway/web): what is only beside the text is
// cut and noted, what is the text itself refuses the row.
func (r *Row) check() {
	a, v := &r.Article, &r.Article.Version
	v.Title, v.Body = line(v.Title), clean(v.Body)
	a.Locale = tag(a.Locale)
	if a.Visibility == "" {
		a.Visibility = kb.Public
	}
	if v.Title == "" {
		v.Title, r.Refused = "", "no title"
	}
	switch {
	case utf8.RuneCountInString(v.Title) > kb.MaxTitle:
		r.Refused = fmt.Sprintf("the title is longer than %d characters", kb.MaxTitle)
	case strings.TrimSpace(v.Body) == "":
		r.Refused = firstOf(r.Refused, "no text")
	case len(v.Body) > kb.MaxBody:
		r.Refused = fmt.Sprintf("the text is larger than %d KiB", kb.MaxBody>>10)
	case !localeForm.MatchString(a.Locale):
		r.Refused = fmt.Sprintf("%.20q is no language", a.Locale)
	case a.Visibility != kb.Public && a.Visibility != kb.Internal:
		r.Refused = fmt.Sprintf("%.20q is no visibility", a.Visibility)
	}
	r.cut()
}

// cut shortens what stands beside the text.
func (r *Row) cut() {
	v := &r.Article.Version
	if v.Summary = line(v.Summary); utf8.RuneCountInString(v.Summary) > kb.MaxSummary {
		v.Summary = string([]rune(v.Summary)[:kb.MaxSummary])
		r.note("summary cut")
	}
	if v.Collection = line(v.Collection); utf8.RuneCountInString(v.Collection) > kb.MaxCollection {
		v.Collection = line(string([]rune(v.Collection)[:kb.MaxCollection]))
		r.note("collection cut")
	}
	if v.Collection == "" {
		v.Order = 0
	}
	var cut bool
	if v.Tags, cut = words(v.Tags, maxTag, kb.MaxTags); cut {
		r.note("tags left out")
	}
	if v.Phrasings, cut = words(v.Phrasings, kb.MaxPhrasing, kb.MaxPhrasings); cut {
		r.note("phrasings left out")
	}
}

// words gives each word of a list once, without those that are too long or too many.
func words(list []string, longest, most int) (out []string, cut bool) {
	for _, w := range list {
		switch w = line(w); {
		case w == "" || slices.Contains(out, w):
		case utf8.RuneCountInString(w) > longest || len(out) == most:
			cut = true
		default:
			out = append(out, w)
		}
	}
	return out, cut
}

// line makes one line of a text.
func line(s string) string {
	return strings.Join(strings.FieldsFunc(s, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }), " ")
}

// clean takes controls out of a text and blanks off its ends.
func clean(s string) string {
	s = strings.Map(func(r rune) rune {
		if r != '\n' && r != '\t' && unicode.IsControl(r) {
			return -1
		}
		return r
	}, s)
	return strings.TrimRight(strings.Trim(s, "\n"), " \t\n")
}

// tag writes a language tag as we do: "EN_us" is en-US.
func tag(s string) string {
	lang, region, ok := strings.Cut(strings.ReplaceAll(strings.TrimSpace(s), "_", "-"), "-")
	lang = strings.ToLower(lang)
	switch {
	case !ok:
		return lang
	case len(region) == 4: // a script
		return lang + "-" + strings.ToUpper(region[:1]) + strings.ToLower(region[1:])
	}
	return lang + "-" + strings.ToUpper(region)
}
