package markdown

import "strings"

// Beyond these the parser's work grows with the square of the text; nobody writes so for people.
const (
	maxMarkers = 64   // containers that one line opens
	maxLinks   = 1000 // link targets between two empty lines
)

// costly reports whether a text is made to keep the parser busy: visitors may send what they like.
func costly(source string) bool {
	links := 0
	for line := range strings.Lines(source) {
		if strings.TrimSpace(line) == "" {
			links = 0
		}
		if links += strings.Count(line, "]("); links > maxLinks || markers(line) > maxMarkers {
			return true
		}
	}
	return false
}

// markers counts the quotes and numbered items that a line begins with.
func markers(line string) (n int) {
	for i := range len(line) {
		switch c := line[i]; {
		case c == '>':
			n++
		case c == '.' || c == ')':
			if i > 0 && line[i-1] >= '0' && line[i-1] <= '9' {
				n++
			}
		case c >= '0' && c <= '9' || strings.IndexByte(" \t-*+", c) >= 0:
		default:
			return n
		}
	}
	return n
}
