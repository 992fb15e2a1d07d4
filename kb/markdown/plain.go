package markdown

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/postern-chat/postern/kb"
)

// marks are the characters that may mean something to the parser inside a line, and those that end one.
const marks = "\\`*_[]<>!&~\n\r\t\x00"

// plain gives the tree of one line of words, which most of what people write to each other is: it costs the parser as
// much as a page. ok is false for all that the parser might read otherwise.
func plain(source string) (tree []kb.Node, ok bool) {
	first, _ := utf8.DecodeRuneInString(source)
	last, _ := utf8.DecodeLastRuneInString(source)
	if !unicode.IsLetter(first) || unicode.IsSpace(last) || strings.ContainsAny(source, marks) {
		return nil, false
	}
	return []kb.Node{{Type: kb.Paragraph, Children: []kb.Node{{Type: kb.Text, Text: source}}}}, true
}
