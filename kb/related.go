package kb

// Sizes of what is related.
const (
	maxRelated   = 3
	lookedAt     = 12   // results among which they are
	relatedShare = 0.35 // of the article's own score for its own words: below it, two have only common words in common
)

// Related gives at most three articles of the shelf that the words of one of them find as well, best first: never
// itself, and never the same text once more. What is found is remembered as long as the shelf is.
func (x *Index) Related(s *Shelf, a *Article) []*Article {
	s.mu.Lock()
	list, known := s.near[a.ID]
	s.mu.Unlock()
	if known {
		return list
	}
	list = x.related(s, a)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.near[a.ID] = list
	return list
}

func (x *Index) related(s *Shelf, a *Article) (out []*Article) {
	found := x.Search(Query{Text: a.Version.Title, Before: a.Version.Summary, Mailbox: s.mailbox, Locale: a.Locale, Limit: lookedAt})
	for _, r := range found.Results {
		other, ok := s.by[r.Article]
		if ok && other.original() != a.original() && r.Score >= relatedShare*found.Results[0].Score && len(out) < maxRelated {
			out = append(out, other)
		}
	}
	return out
}
