package export

import (
	"io"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/postern-chat/postern/kb"
)

// knownFront are the keys of front matter that say something to us.
const knownFront = " id title summary description excerpt tags keywords phrasings questions lang locale language visibility draft published status collection category categories section order weight position "

func frontKey(key string) bool { return strings.Contains(knownFront, " "+key+" ") }

// readPage reads a Markdown file.
func readPage(from io.Reader, name, locale string) Row {
	row := Row{Form: Markdown, Where: name, Key: name}
	raw, err := bounded(from, MaxHTML)
	switch {
	case err != nil:
		row.Refused = reason(err)
		return row
	case !utf8.Valid(raw):
		row.Refused = "not UTF-8"
		return row
	}
	text := strings.ReplaceAll(strings.ReplaceAll(strings.TrimPrefix(string(raw), "\uFEFF"), "\r\n", "\n"), "\r", "\n")
	f, body, err := readFront(text, frontKey)
	if err != nil {
		row.Refused = err.Error()
		return row
	}
	if id := f.word("id"); id != "" {
		row.Key = "id " + id
	}
	v := kb.Version{Title: f.word("title"), Summary: f.word("summary", "description", "excerpt"), Tags: f.list("tags", "keywords")}
	v.Phrasings = f.list("phrasings", "questions")
	v.Collection, v.Order = f.word("collection", "category", "section"), order(f.word("order", "weight", "position"))
	if list := f.list("categories"); v.Collection == "" && len(list) > 0 {
		v.Collection = list[0]
	}
	v.Title, body = titled(v.Title, body)
	v.Body = row.withoutNearLinks(body)
	row.Article = kb.Article{Locale: firstOf(f.word("locale", "lang", "language"), locale), Visibility: kb.Visibility(f.word("visibility")), Version: v}
	row.Draft = isYes(f.words["draft"]) || isNo(f.words["published"]) || strings.EqualFold(f.words["status"], "draft")
	row.unread(f)
	row.check()
	return row
}

// unread notes what front matter says and nobody reads.
func (r *Row) unread(f front) {
	var list []string
	for _, key := range slices.Sorted(maps.Keys(f.words)) {
		if !frontKey(key) {
			list = append(list, key)
		}
	}
	if len(list) > 0 {
		r.note("front matter not used: " + strings.Join(list, ", "))
	}
}

// titled takes the heading a text begins with for its title, unless front matter has one; a heading that only says the
// title once more goes.
func titled(title, body string) (string, string) {
	body = strings.TrimLeft(body, "\n")
	line, rest, _ := strings.Cut(body, "\n")
	heading, ok := strings.CutPrefix(line, "# ")
	heading = strings.TrimSpace(strings.TrimRight(strings.TrimSpace(heading), "#"))
	switch {
	case !ok || heading == "":
	case title == "":
		return heading, strings.TrimLeft(rest, "\n")
	case strings.EqualFold(title, heading):
		return title, strings.TrimLeft(rest, "\n")
	}
	return title, body
}

func firstOf(words ...string) string {
	for _, w := range words {
		if w != "" {
			return w
		}
	}
	return ""
}

func isYes(word string) bool {
	return strings.EqualFold(word, "true") || strings.EqualFold(word, "yes") || word == "1"
}

func isNo(word string) bool {
	return strings.EqualFold(word, "false") || strings.EqualFold(word, "no") || word == "0"
}
