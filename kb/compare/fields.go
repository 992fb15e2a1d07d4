package main

import (
	"strings"
	"unicode"

	"github.com/blevesearch/bleve/v2/analysis"
	"github.com/blevesearch/bleve/v2/analysis/lang/en"

	"github.com/postern-chat/postern/kb"
	"github.com/postern-chat/postern/kb/markdown"
)

// fieldNames are the fields that an article has in every reference, as in Postern.
func fieldNames() []string { return []string{"title", "phrasings", "hints", "body"} }

// fieldsOf gives the texts of these fields: the same words as Postern reads, without the marks of Markdown.
func fieldsOf(a kb.Article) []string {
	v := a.Version
	return []string{
		v.Title, strings.Join(append(append([]string{}, v.Phrasings...), a.Learned...), "\n"),
		strings.Join(append([]string{v.Summary}, v.Tags...), "\n"), markdown.Plain(v.Body),
	}
}

// wordsOf are the letters and digits of a text, in lower case.
func wordsOf(text string) []string {
	return strings.FieldsFunc(strings.ToLower(strings.NewReplacer("'", "", "’", "").Replace(text)), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r)
	})
}

// stopWords is Bleve's own English list, which FTS5 lacks, as wordsOf writes them.
func stopWords() (analysis.TokenMap, error) {
	list, out := analysis.NewTokenMap(), analysis.NewTokenMap()
	if err := list.LoadBytes(en.EnglishStopWords); err != nil {
		return nil, err
	}
	for w := range list {
		out.AddToken(strings.ReplaceAll(w, "'", ""))
	}
	return out, nil
}
