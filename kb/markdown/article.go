package markdown

import (
	"html"
	"regexp"
	"strings"
	"unicode"

	"github.com/postern-chat/postern/kb"
)

// Article gives the tree of an article's Markdown: as Parse, but a backslash takes the meaning from the sign behind it,
// and &copy; and its like are what they stand for. Messages are read by Parse, which shows both as they are written: the
// leak guard reads what is written, and must see what the visitor sees.
func Article(source string) []kb.Node {
	source = strings.ToValidUTF8(source, "\uFFFD")
	if costly(source) || !strings.ContainsAny(source, "\\&") {
		return Parse(source)
	}
	return walk(source, said)
}

// Plain gives the words of an article's Markdown.
func Plain(source string) string { return kb.PlainText(Article(source)) }

var reference = regexp.MustCompile(`^&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[a-zA-Z][a-zA-Z0-9]{1,31});`)

// said resolves escapes and references in one pass, so that an escaped reference stays as it is written.
func said(raw []byte) string {
	var b strings.Builder
	for i := 0; i < len(raw); i++ {
		switch c := raw[i]; {
		case c == '\\' && i+1 < len(raw) && sign(raw[i+1]):
			i++
			b.WriteByte(raw[i])
		case c == '&':
			ref := reference.Find(raw[i:])
			word := html.UnescapeString(string(ref))
			if len(ref) == 0 || word == string(ref) || strings.ContainsFunc(word, unicode.IsControl) {
				b.WriteByte(c)
				continue
			}
			i += len(ref) - 1
			b.WriteString(word)
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

// sign reports whether a byte is one that Markdown lets be escaped.
func sign(c byte) bool {
	return c > ' ' && c < 0x7f && !(c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z')
}
