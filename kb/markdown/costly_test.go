package markdown

import (
	"strings"
	"testing"

	"github.com/postern-chat/postern/kb"
)

// Texts whose parsing would grow with their square are kept as they are; what people write is not touched.
func TestCostly(t *testing.T) {
	for _, unit := range []string{">", "> ", "1. ", "1) ", "- 1. ", "[a](", "![a](b "} {
		text := strings.Repeat(unit, 65_536/len(unit))
		got := Parse(text)
		if len(got) != 1 || got[0].Type != kb.Paragraph || len(got[0].Children) != 1 || got[0].Children[0].Text != text {
			t.Errorf("%q again and again was parsed", unit)
		}
	}
	for name, text := range map[string]string{
		"a mail quoted ten times": strings.Repeat(">", 10) + " hello",
		"a line of dots":          strings.Repeat(".", 400),
		"a ruler":                 strings.Repeat("-", 5000),
		"a long list of links":    strings.Repeat("- [a](https://a.example)\n", 900),
		"many paragraphs":         strings.Repeat("[a](https://a.example)\n\n", 5000),
		"many quotes":             strings.Repeat("> a\n", 5000),
	} {
		if costly(text) {
			t.Errorf("%s is kept as it is", name)
		}
	}
}
