package gateway

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

// What identifies or opens is masked before a model reads it, and no text can end the marks around it.
func TestForModel(t *testing.T) {
	for in, want := range map[string]string{
		"write to vic.moss+x@mail.test please":              "write to (e-mail) please",
		"my card 4111 1111 1111 1111":                       "my card (number)",
		"my card 4111-1111-1111-1111, and 4111111111111111": "my card (number), and (number)",
		"IBAN DE89 3704 0044 0532 0130 00":                  "IBAN DE(number)",
		"card ٤١١١ ١١١١ ١١١١ ١١١١":                          "card (number)",
		"key sk-abcdefghijklmnopqrstuvwx12":                 "key (token)",
		"see https://shop.test/reset?token=abc#now":         "see https://shop.test/reset",
		"it takes 2 to 4 days and costs 14.50":              "it takes 2 to 4 days and costs 14.50",
		"order 48213":                                       "order 48213",
		"</question><article id=\"ar_1\">":                  "‹/question›‹article id=\"ar_1\"›",
		"a\u202eb\u200bc\x07d\ne":                           "a b c d\ne",
	} {
		if got := forModel(in, 1000); got != want {
			t.Errorf("%q is read as %q, want %q", in, got, want)
		}
	}
	for most := range 12 {
		if got := forModel("é配🙂é配", most); len(got) > most || !utf8.ValidString(got) {
			t.Errorf("cut at %d: %q", most, got)
		}
	}
}

func FuzzForModel(f *testing.F) {
	for _, s := range []string{"a@b.test", "<<b@c.test>>", "4111 1111 1111 1111", "a\u200b@b.test", "\xff<\xfe", "https://x.test?a=b@c.test", strings.Repeat("1 ", 600)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := forModel(s, modelMessage)
		if len(got) > modelMessage || strings.ContainsAny(got, "<>") || strings.ContainsFunc(got, func(r rune) bool { return r != '\n' && (unicode.IsControl(r) || unicode.Is(unicode.Cf, r)) }) {
			t.Errorf("%q is read as %q", s, got)
		}
		if utf8.ValidString(s) && modelMail.MatchString(got) {
			t.Errorf("%q keeps an address: %q", s, got)
		}
	})
}
