package site

import (
	"embed"
	"io/fs"
	"path"
	"strings"
)

//go:embed help/*.md
var helpFiles embed.FS

// Article is one help article of the shop.
type Article struct {
	ID         string   // stable, from its file's name
	Title      string   // at most 200 characters
	Collection string   // "" = none
	Summary    string   // one sentence
	Body       string   // Markdown
	Keywords   []string // other words that customers use for it, and questions as they ask them
	Pins       []string // paths of pages that show it first; * is a wildcard
}

// Articles are the shop's help articles, by the order of their files' names.
func Articles() []Article {
	names, _ := fs.Glob(helpFiles, "help/*.md") // the pattern is constant and right
	var all []Article
	for _, name := range names {
		text, err := helpFiles.ReadFile(name)
		if err != nil {
			continue // an embedded file that was just listed
		}
		all = append(all, parseArticle(strings.TrimSuffix(path.Base(name), ".md"), string(text)))
	}
	return all
}

// parseArticle reads lines "Title: …", "Collection: …", "Summary: …", "Keywords: a; b", "Pins: a; b", an empty line, the body.
func parseArticle(id, text string) Article {
	head, body, _ := strings.Cut(text, "\n\n")
	a := Article{ID: id, Body: strings.TrimSpace(body)}
	for line := range strings.Lines(head) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
		switch key {
		case "Title":
			a.Title = value
		case "Collection":
			a.Collection = value
		case "Summary":
			a.Summary = value
		case "Keywords":
			a.Keywords = strings.Split(value, "; ")
		case "Pins":
			a.Pins = strings.Split(value, "; ")
		}
	}
	return a
}
