package kb

import (
	"strings"

	"github.com/blevesearch/snowballstem"
	"github.com/blevesearch/snowballstem/arabic"
	"github.com/blevesearch/snowballstem/danish"
	"github.com/blevesearch/snowballstem/dutch"
	"github.com/blevesearch/snowballstem/english"
	"github.com/blevesearch/snowballstem/finnish"
	"github.com/blevesearch/snowballstem/french"
	"github.com/blevesearch/snowballstem/german"
	"github.com/blevesearch/snowballstem/hungarian"
	"github.com/blevesearch/snowballstem/italian"
	"github.com/blevesearch/snowballstem/norwegian"
	"github.com/blevesearch/snowballstem/portuguese"
	"github.com/blevesearch/snowballstem/romanian"
	"github.com/blevesearch/snowballstem/russian"
	"github.com/blevesearch/snowballstem/spanish"
	"github.com/blevesearch/snowballstem/swedish"
	"github.com/blevesearch/snowballstem/turkish"
)

// language is the part of a locale that decides about stems: "en", "de". "" is English.
func language(locale string) string {
	lang, _, _ := strings.Cut(strings.ToLower(locale), "-")
	if lang, _, _ = strings.Cut(lang, "_"); lang == "" {
		return "en"
	}
	return lang
}

// stemmers are the Snowball stemmers by language; another language keeps its words as they are.
var stemmers = map[string]func(*snowballstem.Env) bool{
	"en": english.Stem, "ar": arabic.Stem, "da": danish.Stem, "nl": dutch.Stem, "fi": finnish.Stem, "fr": french.Stem,
	"de": german.Stem, "hu": hungarian.Stem, "it": italian.Stem, "no": norwegian.Stem, "nb": norwegian.Stem,
	"pt": portuguese.Stem, "ro": romanian.Stem, "ru": russian.Stem, "es": spanish.Stem, "sv": swedish.Stem, "tr": turkish.Stem,
}

// stem reduces a word to its stem.
func stem(lang, word string) string {
	f, ok := stemmers[lang]
	if !ok {
		return word
	}
	env := snowballstem.NewEnv(word)
	f(env)
	return env.Current()
}

// suffixes make an English word out of another. The longer one of two comes first.
var suffixes = strings.Fields("ement ation ition ment ance ence able ible ship ness ting less ion ing ful ant ent ive ize ise ity iti ous ate ist ism al er or ic ur e y i s")

// root cuts suffixes off an English stem, so that "payment" and "pay" meet.
func root(stem string) string {
	for _, s := range suffixes {
		if rest, ok := strings.CutSuffix(stem, s); ok && len(rest) >= max(3, 6-len(s)) {
			return root(rest)
		}
	}
	return stem
}
