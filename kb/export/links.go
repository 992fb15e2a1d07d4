package export

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/postern-chat/postern/kb"
)

// inlineLink is a link or picture of Markdown with its words and its address.
var inlineLink = regexp.MustCompile(`!?\[((?:[^\[\]\\\n]|\\.)*)\]\(\s*<?([^()<>\s]*)>?(?:\s+(?:"[^"\n]*"|'[^'\n]*'))?\s*\)`)

// withoutNearLinks leaves the words of links and pictures that mean a file or page of the old place, which is not ours:
// "../other.md", "/article/7". Text in code stays as it is.
func (r *Row) withoutNearLinks(body string) string {
	dropped := 0
	lines := strings.Split(body, "\n")
	fence := ""
	for i, line := range lines {
		mark := strings.TrimLeft(line, " >")
		switch {
		case fence != "":
			if strings.HasPrefix(mark, fence) {
				fence = ""
			}
			continue
		case strings.HasPrefix(mark, "```"), strings.HasPrefix(mark, "~~~"):
			fence = mark[:3]
			continue
		}
		lines[i] = inlineLink.ReplaceAllStringFunc(line, func(link string) string {
			m := inlineLink.FindStringSubmatch(link)
			if far(m[2]) {
				return link
			}
			dropped++
			return m[1]
		})
	}
	r.noteLinks(dropped)
	return strings.Join(lines, "\n")
}

func (r *Row) noteLinks(dropped int) {
	if dropped > 0 {
		r.note(fmt.Sprintf("%d links or pictures of the old place kept as words", dropped))
	}
}

// far reports whether an address leads somewhere from everywhere: with http, https or mailto.
func far(address string) bool {
	safe := kb.SafeURL(address)
	scheme, _, ok := strings.Cut(strings.ToLower(safe), ":")
	return ok && (scheme == "http" || scheme == "https" || scheme == "mailto")
}
