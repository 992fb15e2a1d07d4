package kb

import (
	"cmp"
	"math"
	"slices"
	"strings"
)

// Limits of an article's place.
const (
	MaxCollection = 100 // characters
	MaxOrder      = 9999
)

// Collection is the articles of a row that name it.
type Collection struct {
	Slug     string // of its name: names that differ in case or signs only are one
	Name     string // as its first article writes it
	Articles []*Article
}

// collect parts articles that are in order of title by collection, and gives those that are in none. In a collection
// they stand by their order, then as they came; collections by the order of their first article, then by name. An
// article without an order comes after all that have one.
func collect(byTitle []*Article) (out []Collection, loose []*Article) {
	at := map[string]int{}
	for _, a := range byTitle {
		name := strings.TrimSpace(a.Version.Collection)
		if name == "" {
			loose = append(loose, a)
			continue
		}
		slug := Slug(name)
		i, had := at[slug]
		if !had {
			i = len(out)
			at[slug] = i
			out = append(out, Collection{Slug: slug})
		}
		out[i].Articles = append(out[i].Articles, a)
	}
	for i := range out {
		list := out[i].Articles
		slices.SortStableFunc(list, func(a, b *Article) int { return cmp.Compare(a.Version.place(), b.Version.place()) })
		out[i].Name = strings.TrimSpace(list[0].Version.Collection)
	}
	slices.SortFunc(out, func(a, b Collection) int {
		return cmp.Or(
			cmp.Compare(a.Articles[0].Version.place(), b.Articles[0].Version.place()),
			cmp.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name)), cmp.Compare(a.Slug, b.Slug),
		)
	})
	return out, loose
}

// place is where a version stands among others; 0 = it does not say.
func (v Version) place() int {
	if v.Order == 0 {
		return math.MaxInt
	}
	return v.Order
}

// Collection gives one of the row by its slug.
func (r Row) Collection(slug string) (Collection, bool) {
	i := slices.IndexFunc(r.Collections, func(c Collection) bool { return c.Slug == slug })
	if i < 0 {
		return Collection{}, false
	}
	return r.Collections[i], true
}
