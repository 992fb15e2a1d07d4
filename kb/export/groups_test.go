package export

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

// An article comes with the name of what it stood in, wherever its export says it, and with its place there.
func TestCollections(t *testing.T) {
	long := strings.Repeat("x", 101)
	for _, c := range []struct {
		name  string
		files fstest.MapFS
		want  []string // title|collection|order, or why it is none
	}{
		{"Zendesk, sections after the articles and in two languages", fstest.MapFS{"a.json": file(`{"articles":[
{"id":1,"section_id":7,"position":4,"title":"A","locale":"en-us","body":"x"},{"id":2,"section_id":8,"position":0,"title":"B","locale":"en-us","body":"x"},
{"id":3,"section_id":9,"title":"C","locale":"en-us","body":"x"},{"id":4,"section_id":7,"title":"D","locale":"de","body":"x"}],
"sections":[{"id":7,"name":"Zahlung","locale":"de"},{"id":7,"name":" Billing\n and plans ","locale":"en-US"},{"id":8,"name":"Only German","locale":"de"}]}`)}, []string{
			"A|Billing and plans|4", "B|Only German|0", "C||0", "D|Zahlung|0",
		}},
		{"Help Scout, names in another file", fstest.MapFS{
			"a.json":       file(`{"articles":{"items":[{"id":"1","collectionId":"c1","categories":["k1","k2"],"status":"published","name":"A","text":"x"},{"id":"2","collectionId":"c1","status":"published","name":"B","text":"x"}]}}`),
			"names.json":   file(`{"collections":{"page":1,"items":[{"id":"c1","name":"Guides"}]}}{"categories":{"items":[{"id":"k1","name":"First steps"}]}}`),
			"z/alone.json": file(`{"id":"3","categories":["k1"],"status":"published","name":"C","text":"x"}`),
		}, []string{"A|First steps|0", "B|Guides|0", "names of collections", "C|First steps|0"}},
		{"Chatwoot", fstest.MapFS{"a.json": file(`{"payload":[{"id":1,"title":"A","content":"x","position":10,"category":{"id":3,"name":"Orders","locale":"en"},"status":1}]}`)}, []string{"A|Orders|10"}},
		{"Markdown", fstest.MapFS{
			"a.md": file("---\ntitle: A\ncollection: Orders\norder: 2\n---\nx"), "b.md": file("---\ntitle: B\ncategories: [Plans, More]\nweight: 10000\n---\nx"),
			"c.md": file("---\ntitle: C\nsection: " + long + "\n---\nx"), "d.md": file("---\ntitle: D\nweight: 3\n---\nx"),
		}, []string{"A|Orders|2", "B|Plans|0", "C|" + long[:100] + "|0", "D||0"}},
		{"names that are none", fstest.MapFS{
			"a.json": file(`{"sections":[{"name":"without id"}],"articles":[{"id":1,"section_id":7,"title":"A","body":"x"}]}`),
			"b.json": file(`{"sections":[{"id":7,"na`),
		}, []string{"A||0", "broken JSON: the rest is not read", "no articles found"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got []string
			for _, r := range readAll(c.files, ".", Guess) {
				v := r.Article.Version
				if line := fmt.Sprintf("%s|%s|%d", v.Title, v.Collection, v.Order); r.Good() {
					got = append(got, line)
				} else {
					got = append(got, r.Refused+r.Skipped)
				}
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("%q\nwant %q", got, c.want)
			}
		})
	}
}
