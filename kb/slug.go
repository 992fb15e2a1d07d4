package kb

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxSlug is how long the words of a title in an address are, in bytes.
const maxSlug = 80

// Slug gives a title's words as they stand in its address: letters, marks and digits in lower case, "-" between them;
// an apostrophe ends no word. A title without any gives "article".
func Slug(title string) string {
	var b strings.Builder
	for word := range strings.FieldsFuncSeq(strings.ToLower(title), func(r rune) bool { return !spelled(r) && !apostrophe(r) }) {
		word = strings.Map(func(r rune) rune {
			if apostrophe(r) {
				return -1
			}
			return r
		}, word)
		if b.Len() > 0 && b.Len()+1+len(word) > maxSlug {
			break
		}
		if b.Len() > 0 && word != "" {
			b.WriteByte('-')
		}
		b.WriteString(short(word))
	}
	if b.Len() == 0 {
		return "article"
	}
	return b.String()
}

// short cuts a word that is too long for an address by itself, between two letters.
func short(word string) string {
	if len(word) <= maxSlug {
		return word
	}
	end := maxSlug
	for !utf8.RuneStart(word[end]) {
		end--
	}
	return word[:end]
}

func spelled(r rune) bool {
	return r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r))
}

func apostrophe(r rune) bool { return r == '\'' || r == '’' }
