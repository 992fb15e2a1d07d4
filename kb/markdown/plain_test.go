package markdown

import (
	"reflect"
	"testing"
)

// What plain takes for one line of words, the parser must read so too.
func FuzzPlain(f *testing.F) {
	for _, s := range []string{
		"How do I change my plan?", "a", "é. b", "Setext", "a  b", "a: b | c", "https://a.example/x?y=1#z", "x) y", "م مرحبا", "a\u2028b", "a ", "a#", "a {b}", "ab 1. c - d + e = f", "a\u00a0", "a\x7fb", "www.a.example", "a@b.example", "A\"b'c(d)",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, ok := plain(s)
		if !ok {
			return
		}
		if want := parse(s); !reflect.DeepEqual(got, want) {
			t.Errorf("%q: plain gives %+v, the parser %+v", s, got, want)
		}
	})
}
