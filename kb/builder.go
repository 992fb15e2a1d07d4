package kb

import (
	"maps"
	"slices"
)

// builder makes the next snapshot from the last one. It copies what it changes; a list is copied once.
type builder struct {
	*snapshot
	reader
	fresh     bool // from nothing: every list is its own
	ownTerms  map[uint32]bool
	ownGrams  map[uint32]bool
	newWords  []uint32
	goneWords []uint32
}

// next begins a builder on top of s.
func (s *snapshot) next(plain Plain) *builder {
	n := *s
	n.byID, n.langUse = maps.Clone(s.byID), maps.Clone(s.langUse)
	n.slots, n.free, n.limits = slices.Clone(s.slots), slices.Clone(s.free), slices.Clone(s.limits)
	n.terms, n.words, n.pieces, n.roots = s.terms.clone(), s.words.clone(), s.pieces.clone(), s.roots.clone()
	n.posting, n.gramAt, n.family = slices.Clone(s.posting), slices.Clone(s.gramAt), slices.Clone(s.family)
	n.public, n.agents = s.public.copy(), s.agents.copy()
	b := &builder{snapshot: &n, fresh: len(s.byID) == 0, ownTerms: map[uint32]bool{}, ownGrams: map[uint32]bool{}}
	b.reader = reader{
		snapshot: &n, plain: plain, mark: make([]uint32, n.words.len()),
		tf: make([][fields]uint8, n.terms.len()), gramTF: make([]uint8, n.pieces.len()),
	}
	return b
}

func (v *view) copy() *view {
	n := *v
	n.df, n.gramDF, n.wordDF = slices.Clone(v.df), slices.Clone(v.gramDF), slices.Clone(v.wordDF)
	return &n
}

// put replaces an article; one that is not published leaves.
func (b *builder) put(a Article) {
	b.remove(a.ID)
	if a.Status == Published {
		b.add(a)
	}
}

// remove takes an article out, if it is there.
func (b *builder) remove(id string) {
	slot, ok := b.byID[id]
	if !ok {
		return
	}
	e := b.slots[slot]
	b.read(e.article)
	for _, t := range b.seenTerms {
		b.posting[t] = without(b.ownPosting(t), func(p posting) bool { return p.slot == slot })
	}
	for _, g := range b.seenGrams {
		b.gramAt[g] = without(b.ownGram(g), func(p gramPosting) bool { return p.slot() == slot })
	}
	b.count(e, -1)
	b.slots[slot] = nil
	b.free = append(b.free, slot)
	delete(b.byID, id)
	if lang := language(e.article.Locale); b.langUse[lang] > 1 {
		b.langUse[lang]--
	} else {
		delete(b.langUse, lang)
	}
}

// without takes one element out of a list whose order means nothing.
func without[T any](list []T, which func(T) bool) []T {
	i := slices.IndexFunc(list, which)
	list[i] = list[len(list)-1]
	return list[:len(list)-1]
}

// add puts an article in that is not there.
func (b *builder) add(a Article) {
	e := b.read(a)
	slot := uint32(len(b.slots))
	if n := len(b.free); n > 0 {
		slot, b.free = b.free[n-1], b.free[:n-1]
		b.slots[slot], b.limits[slot] = e, limitOf(a)
	} else {
		b.slots, b.limits = append(b.slots, e), append(b.limits, limitOf(a))
	}
	b.byID[a.ID] = slot
	for _, t := range b.seenTerms {
		b.posting[t] = append(b.ownPosting(t), posting{slot, b.tf[t]})
	}
	for _, g := range b.seenGrams {
		b.gramAt[g] = append(b.ownGram(g), gramPosting(slot<<8|uint32(b.gramTF[g])))
	}
	b.count(e, 1)
	b.langUse[language(a.Locale)]++
}

// count adds the article that was read to the statistics of who may find it, or takes it out of them.
func (b *builder) count(e *entry, by int) {
	for _, v := range []*view{b.public, b.agents} {
		if !v.sees(e.article) {
			continue
		}
		v.n += by
		v.grams += int64(by) * int64(e.grams)
		for f, n := range e.length {
			v.length[f] += int64(by) * int64(n)
		}
		for _, t := range b.seenTerms {
			v.df[t] += uint32(by)
		}
		for _, g := range b.seenGrams {
			v.gramDF[g] += uint32(by)
		}
		for _, w := range b.seenWords {
			v.wordDF[w] += uint32(by)
		}
	}
	for _, w := range b.seenWords { // the agents' view has every word
		switch {
		case by > 0 && b.agents.wordDF[w] == 1:
			b.newWords = append(b.newWords, w)
		case by < 0 && b.agents.wordDF[w] == 0:
			b.goneWords = append(b.goneWords, w)
		}
	}
}

func (b *builder) ownPosting(t uint32) []posting {
	if !b.fresh && !b.ownTerms[t] {
		b.ownTerms[t] = true
		b.posting[t] = append(make([]posting, 0, len(b.posting[t])+1), b.posting[t]...)
	}
	return b.posting[t]
}

func (b *builder) ownGram(g uint32) []gramPosting {
	if !b.fresh && !b.ownGrams[g] {
		b.ownGrams[g] = true
		b.gramAt[g] = append(make([]gramPosting, 0, len(b.gramAt[g])+1), b.gramAt[g]...)
	}
	return b.gramAt[g]
}

// done ends the building.
func (b *builder) done(change int64) *snapshot {
	s := b.snapshot
	if b.fresh { // lists grew by doubling; give back what is not used
		for t := range s.posting {
			s.posting[t] = slices.Clip(slices.Clone(s.posting[t]))
		}
		for g := range s.gramAt {
			s.gramAt[g] = slices.Clip(slices.Clone(s.gramAt[g]))
		}
	}
	b.resort()
	s.langs = slices.Sorted(maps.Keys(s.langUse))
	s.change = change
	s.public.finish(s)
	if s.public.n != s.agents.n {
		s.agents.finish(s)
		return s
	}
	v := *s.public // nothing is internal: one set of tables does for both
	v.inside = true
	s.agents = &v
	return s
}
