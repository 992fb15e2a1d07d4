package kb

import (
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

func TestWords(t *testing.T) {
	for _, c := range []struct {
		name, text string
		want       []string
	}{
		{"apostrophes", "don't, can’t", []string{"dont", "cant"}},
		{"marks and hyphens", "e-mail: 24/7!", []string{"e", "mail", "24", "7"}},
		{"folded letters", "Straße Ærø Łódź İstanbul", []string{"strasse", "aero", "lodz", "istanbul"}},
		{"accents, composed or not", "café cafe\u0301", []string{"cafe", "cafe"}},
		{"pairs of characters", "配送時間", []string{"配送", "送時", "時間"}},
		{"kana keep their voice marks", "がぎ", []string{"がぎ"}},
		{"Hangul stays whole", "한국어", []string{"한국", "국어"}},
		{"Arabic vowel signs", "كَتَبَ", []string{"كتب"}},
		{"Hindi keeps its vowels", "हिन्दी", []string{"हिन्दी"}},
		{"broken bytes", "a\xffb", []string{"a", "b"}},
		{"nothing", " \t…", nil},
	} {
		if got := words(c.text); !slices.Equal(got, c.want) {
			t.Errorf("%s: words(%q) = %q, want %q", c.name, c.text, got, c.want)
		}
	}
}

func TestSentences(t *testing.T) {
	var got []string
	new(cutter).each("Version 1.5 is out. Get it! Now", func(w []byte, first bool) {
		if first {
			got = append(got, "|")
		}
		got = append(got, string(w))
	})
	if want := "| version 1 5 is out | get it | now"; strings.Join(got, " ") != want {
		t.Errorf("got %q, want %q", strings.Join(got, " "), want)
	}
}

func TestOneSlip(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want bool
	}{
		{"delivary", "delivery", true},
		{"delivry", "delivery", true},
		{"deliverry", "delivery", true},
		{"devilery", "delivery", false},
		{"ecnoding", "encoding", true},
		{"same", "same", false},
		{"über", "uber", true},
		{"", "a", true},
		{"ab", "ba", true},
		{"abc", "cab", false},
	} {
		if got := oneSlip(c.a, c.b); got != c.want {
			t.Errorf("oneSlip(%q, %q) = %v", c.a, c.b, got)
		}
	}
}

// A misspelled word finds an article that has only another form of it, or a word of like meaning.
func TestMeant(t *testing.T) {
	var x Index
	x.Set([]Article{
		{ID: "a", Status: Published, Version: Version{Title: "How we deliver"}},
		{ID: "b", Status: Published, Version: Version{Title: "Packages"}},
		{ID: "c", Status: Published, Version: Version{Title: "Invoices"}},
	}, func(s string) string { return s })
	for q, want := range map[string]string{"dleivered": "a", "parcle": "b", "pracels": "b"} {
		if f := x.Search(Query{Text: q}); len(f.Results) == 0 || f.Results[0].Article != want {
			t.Errorf("%q found %+v, want %s", q, f.Results, want)
		}
	}
}

func TestGrams(t *testing.T) {
	for word, want := range map[string]string{"a": "^a$", "ab": "^ab$", "abc": "^abc abc$", "über": "^übe über ber$"} {
		var got []string
		eachGram([]byte(word), func(p []byte) { got = append(got, string(p)) })
		if strings.Join(got, " ") != want {
			t.Errorf("%q: %q, want %q", word, got, want)
		}
	}
}

func TestEmbeddedEnglish(t *testing.T) {
	var l wordList
	if !l.has("delivery") || l.has("delivary") || len(l.hashes) < 60_000 {
		t.Errorf("the list of words holds %d", len(l.hashes))
	}
	var m thesaurus
	if !slices.Contains(m.of(stem("en", "parcel")), "packag") || !slices.Contains(m.of(expression("sign", "in")), "login") {
		t.Error("the synonyms are not there")
	}
	if root("payment") != root("pay") || root(stem("en", "delivery")) != root(stem("en", "deliver")) || root("card") != "card" {
		t.Error("roots do not meet")
	}
}

func FuzzWords(f *testing.F) {
	for _, s := range []string{"Don't panic", "a\xff\xfe", "ﬁ①Ⅷ", "\u0300\u0301x", "漢字kana한글", strings.Repeat("e\u0301", 500)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, w := range words(text) {
			if w == "" || !utf8.ValidString(w) || strings.ContainsFunc(w, unicode.IsSpace) || strings.ContainsFunc(w, unicode.IsUpper) && !strings.ContainsFunc(w, special) {
				t.Errorf("%q gives the word %q", text, w)
			}
		}
	})
}

// special are letters that stay upper case because Unicode gives them no lower one.
func special(r rune) bool { return unicode.ToLower(r) == r }

// Whatever is typed, repair gives known terms only, and not more than it may.
func FuzzRepair(f *testing.F) {
	var x Index
	x.Set([]Article{
		{ID: "a", Status: Published, Version: Version{Title: "delivery encoding facebook über"}},
		{ID: "b", Locale: "de", Status: Published, Version: Version{Title: "Rückgabe Frist Größe"}},
	}, func(s string) string { return s })
	s := x.snapshot()
	a := s.asker(Query{})
	for _, w := range []string{"delivary", "ecnoding", "facebok", "ruckgabefrist", "\xff", "face"} {
		f.Add(w)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, w := range words(text) {
			list := append(a.repairs(w), a.completions(w)...)
			if len(list) > 100 {
				t.Errorf("%q has %d readings", w, len(list))
			}
			for _, r := range list {
				if r.term == 0 || a.df[r.term] == 0 || r.weight <= 0 || r.weight > 1 {
					t.Errorf("%q is read as %+v", w, r)
				}
			}
		}
	})
}
