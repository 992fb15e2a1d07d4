package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/postern-chat/postern/kb"
	"github.com/postern-chat/postern/kb/measure"
)

func article(id, title, body string) kb.Article {
	return kb.Article{ID: id, Locale: "en", Status: kb.Published, Visibility: kb.Public, Version: kb.Version{Title: title, Body: body}}
}

// Every reference finds the article by any of its words, in other forms, and by the beginning of the last one.
func TestReferences(t *testing.T) {
	articles := []kb.Article{
		article("return", "Return an order", "Send the **parcel** back within 30 days."), article("delivery", "Delivery times", "Two to four days."),
	}
	for _, r := range references() {
		t.Run(r.name, func(t *testing.T) {
			e, err := r.make(filepath.Join(t.TempDir(), "index"), articles)
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range []struct {
				text   string
				typing bool
				want   []string
			}{
				{"how can I return my broken shoes?", false, []string{"return"}},
				{"PARCELS", false, []string{"return"}},
				{"the deliv", true, []string{"delivery"}},
				{`"quotes" OR (delivery*`, false, []string{"delivery"}},
				{"chromodynamics", false, nil},
				{"?!", false, nil},
			} {
				got, err := e.Search(kb.Query{Text: c.text, Typing: c.typing, Limit: 5})
				if err != nil || !slices.Equal(got, c.want) {
					t.Errorf("%q: %v, %v, want %v", c.text, got, err, c.want)
				}
			}
			if err := e.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestRows(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"docs.jsonl":    `{"id":"a","title":"Return an order","body":"x","group":"g"}` + "\n" + `{"id":"b","title":"Refunds","body":"money","group":"g"}` + "\n",
		"queries.jsonl": `{"id":"q","text":"returning money"}` + "\n",
		"qrels.jsonl":   `{"query":"q","doc":"b"}` + "\n",
	} {
		if err := os.MkdirAll(filepath.Join(dir, "shop"), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "shop", name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	p, err := parse([]string{"--articles", "20", "--questions", "10", "--sets", dir, "--dir", t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	var rows []measure.Row
	p.tell = func(string) {}
	p.print = func(r measure.Row) error { rows = append(rows, r); return nil }
	if err := p.all(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(rows) != 4 {
		t.Fatalf("%d rows, want a speed and a quality of each", len(rows))
	}
	for i, r := range rows {
		switch name := []string{"Bleve", "Bleve", "FTS5", "FTS5"}[i]; {
		case i%2 == 0 && (r.Speed == nil || r.Speed.Engine != name || r.Speed.Articles != 20 || r.Speed.Questions != 10 || r.Speed.P99 <= 0 || r.Speed.Build <= 0):
			t.Errorf("%d: %+v", i, r.Speed)
		case i%2 == 1 && (r.Quality == nil || r.Quality.Engine != name || r.Quality.Set != "shop" || r.Quality.MRR10 != 1):
			t.Errorf("%d: %+v", i, r.Quality)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	for _, args := range []string{"--articles ten", "--articles 0", "--engines Lucene", "more", "--questions 0", "--seed -1"} {
		if _, err := parse(strings.Fields(args)); err == nil {
			t.Errorf("%s is taken", args)
		}
	}
}
