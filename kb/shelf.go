package kb

import (
	"cmp"
	"slices"
	"strings"
	"sync"
)

// Sizes of a shelf's choices.
const (
	shelfBest   = 6
	shelfNewest = 50
)

// Shelf is what the public pages of one mailbox may list: its published public articles. It never changes.
type Shelf struct {
	Rows    []Row // one for each locale with articles, by locale
	mailbox string
	by      map[string]*Article
	same    map[string][]*Article // translations by the id of their original, one for each locale, by locale

	mu   sync.Mutex
	near map[string][]*Article // what is related, as far as it was asked for
}

// Row is the shelf's articles in one locale.
type Row struct {
	Locale  string
	ByTitle []*Article
	Newest  []*Article // by the time of the published version, at most 50
	Best    []*Article // those that solved most questions, at most 6; none that solved nothing

	Collections []Collection
	Loose       []*Article // those in no collection, by title
}

// Article gives one of the shelf by its id.
func (s *Shelf) Article(id string) (Article, bool) {
	a, ok := s.by[id]
	if !ok {
		return Article{}, false
	}
	return *a, true
}

// Row gives the articles of a locale.
func (s *Shelf) Row(locale string) (Row, bool) {
	for _, r := range s.Rows {
		if r.Locale == locale {
			return r, true
		}
	}
	return Row{}, false
}

// Pages is how many pages show them: one for each article and each collection.
func (s *Shelf) Pages() int {
	n := s.Len()
	for _, r := range s.Rows {
		n += len(r.Collections)
	}
	return n
}

// Len is how many articles stand on the shelf.
func (s *Shelf) Len() int { return len(s.by) }

// Translations gives the article in each locale it is published in, itself among them, by locale.
func (s *Shelf) Translations(a Article) []*Article { return s.same[a.original()] }

func (a Article) original() string { return cmp.Or(a.Original, a.ID) }

// shelves keeps the shelves of one snapshot, each made when it is first asked for.
type shelves struct {
	mu sync.Mutex
	of *snapshot
	by map[string]*Shelf
}

// Shelf gives what the public pages of a mailbox may list, as searches know it now.
func (x *Index) Shelf(mailbox string) *Shelf {
	s := x.snapshot()
	x.shelves.mu.Lock()
	defer x.shelves.mu.Unlock()
	if x.shelves.of != s {
		x.shelves.of, x.shelves.by = s, map[string]*Shelf{}
	}
	out := x.shelves.by[mailbox]
	if out == nil {
		out = s.shelf(mailbox)
		x.shelves.by[mailbox] = out
	}
	return out
}

func (s *snapshot) shelf(mailbox string) *Shelf {
	out := &Shelf{mailbox: mailbox, by: map[string]*Article{}, same: map[string][]*Article{}, near: map[string][]*Article{}}
	rows := map[string][]*Article{}
	for _, e := range s.slots {
		if e == nil || !s.public.sees(e.article) || !e.in(mailbox) {
			continue
		}
		a := &e.article
		out.by[a.ID] = a
		rows[a.Locale] = append(rows[a.Locale], a)
		out.same[a.original()] = append(out.same[a.original()], a)
	}
	for locale, list := range rows {
		out.Rows = append(out.Rows, rowOf(locale, list))
	}
	slices.SortFunc(out.Rows, func(a, b Row) int { return cmp.Compare(a.Locale, b.Locale) })
	for original, list := range out.same {
		out.same[original] = onePerLocale(original, list)
	}
	return out
}

func rowOf(locale string, list []*Article) Row {
	r := Row{Locale: locale, ByTitle: list}
	byID := func(a, b *Article) int { return cmp.Compare(a.ID, b.ID) }
	slices.SortFunc(r.ByTitle, func(a, b *Article) int {
		return cmp.Or(cmp.Compare(strings.ToLower(a.Version.Title), strings.ToLower(b.Version.Title)), byID(a, b))
	})
	r.Collections, r.Loose = collect(r.ByTitle)
	r.Newest = slices.Clone(list)
	slices.SortFunc(r.Newest, func(a, b *Article) int { return cmp.Or(b.Version.At.Compare(a.Version.At), byID(a, b)) })
	r.Newest = slices.Clone(r.Newest[:min(shelfNewest, len(list))])
	for _, a := range list {
		if a.Solved > a.Unsolved {
			r.Best = append(r.Best, a)
		}
	}
	slices.SortFunc(r.Best, func(a, b *Article) int { return cmp.Or(cmp.Compare(b.Solved, a.Solved), byID(a, b)) })
	r.Best = slices.Clone(r.Best[:min(shelfBest, len(r.Best))])
	return r
}

// onePerLocale keeps the original before its translations, and of two translations the one with the lower id.
func onePerLocale(original string, list []*Article) []*Article {
	slices.SortFunc(list, func(a, b *Article) int {
		own := 0
		if a.ID == original {
			own = -1
		} else if b.ID == original {
			own = 1
		}
		return cmp.Or(cmp.Compare(a.Locale, b.Locale), own, cmp.Compare(a.ID, b.ID))
	})
	return slices.CompactFunc(list, func(a, b *Article) bool { return a.Locale == b.Locale })
}
