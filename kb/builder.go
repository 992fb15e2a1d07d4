package kb

import (
	"encoding/binary"
	"maps"
	"slices"
	"strings"
)

// builder makes the next snapshot from the last one. It copies what it changes; a list is copied once.
type builder struct {
	*snapshot
	plain     Plain
	cut       cutter
	ownTerms  map[uint32]bool
	ownGrams  map[uint32]bool
	fresh     bool     // from nothing: all lists are its own
	seen      []uint32 // words of the article at hand
	mark      []uint32 // by word: the article that had it last
	tf        [][fields]uint8
	touched   []uint32
	gramTF    []uint8
	gramSeen  []uint32
	newWords  []uint32
	goneWords []uint32
	turn      uint32
}

// next begins a builder on top of s.
func (s *snapshot) next(plain Plain) *builder {
	n := *s
	n.byID, n.langUse = maps.Clone(s.byID), maps.Clone(s.langUse)
	n.slots, n.free = slices.Clone(s.slots), slices.Clone(s.free)
	n.terms, n.words, n.grams, n.roots = s.terms.clone(), s.words.clone(), s.grams.clone(), s.roots.clone()
	n.family = slices.Clone(s.family)
	n.posting, n.gramAt = slices.Clone(s.posting), slices.Clone(s.gramAt)
	n.public, n.agents = s.public.copy(), s.agents.copy()
	return &builder{
		snapshot: &n, plain: plain, fresh: len(s.byID) == 0,
		ownTerms: map[uint32]bool{}, ownGrams: map[uint32]bool{},
		mark: make([]uint32, n.words.len()), tf: make([][fields]uint8, n.terms.len()), gramTF: make([]uint8, n.grams.len()),
	}
}

func (v *view) copy() *view {
	n := *v
	n.df, n.gramDF, n.wordDF = slices.Clone(v.df), slices.Clone(v.gramDF), slices.Clone(v.wordDF)
	return &n
}

func (b *builder) views() [2]*view { return [2]*view{b.public, b.agents} }

// remove takes an article out, if it is there.
func (b *builder) remove(id string) {
	slot, ok := b.byID[id]
	if !ok {
		return
	}
	e := b.slots[slot]
	b.read(e.article)
	for _, t := range b.touched {
		list := b.ownPosting(t)
		i := slices.IndexFunc(list, func(p posting) bool { return p.slot == slot })
		list[i] = list[len(list)-1]
		b.posting[t] = list[:len(list)-1]
		b.tf[t] = [fields]uint8{}
	}
	for _, g := range b.gramSeen {
		list := b.ownGram(g)
		i := slices.IndexFunc(list, func(p gramPosting) bool { return uint32(p>>8) == slot })
		list[i] = list[len(list)-1]
		b.gramAt[g] = list[:len(list)-1]
		b.gramTF[g] = 0
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

// add puts an article in. It is not there before.
func (b *builder) add(a Article) {
	e := b.read(a)
	slot := uint32(len(b.slots))
	if n := len(b.free); n > 0 {
		slot, b.free = b.free[n-1], b.free[:n-1]
		b.slots[slot] = e
	} else {
		b.slots = append(b.slots, e)
	}
	b.byID[a.ID] = slot
	for _, t := range b.touched {
		b.posting[t] = append(b.ownPosting(t), posting{slot, b.tf[t]})
		b.tf[t] = [fields]uint8{}
	}
	for _, g := range b.gramSeen {
		b.gramAt[g] = append(b.ownGram(g), gramPosting(slot<<8|uint32(b.gramTF[g])))
		b.gramTF[g] = 0
	}
	b.count(e, 1)
	b.langUse[language(a.Locale)]++
}

// count adds the article that was read to the statistics of who may find it, or takes it out of them.
func (b *builder) count(e *entry, by int) {
	for _, v := range b.views() {
		if !v.sees(e.article) {
			continue
		}
		v.n += by
		for f, n := range e.length {
			v.length[f] += int64(by) * int64(n)
		}
		v.gramSum += int64(by) * int64(e.grams)
		for _, t := range b.touched {
			v.df[t] += uint32(by)
		}
		for _, g := range b.gramSeen {
			v.gramDF[g] += uint32(by)
		}
		for _, w := range b.seen {
			v.wordDF[w] += uint32(by)
		}
	}
	// The agents' view has every word.
	for _, w := range b.seen {
		switch {
		case by > 0 && b.agents.wordDF[w] == 1:
			b.newWords = append(b.newWords, w)
		case by < 0 && b.agents.wordDF[w] == 0:
			b.goneWords = append(b.goneWords, w)
		}
	}
}

// read cuts an article into terms and pieces; their counts are in tf and gramTF until the caller clears them.
func (b *builder) read(a Article) *entry {
	b.turn++
	b.seen, b.touched, b.gramSeen = b.seen[:0], b.touched[:0], b.gramSeen[:0]
	e := &entry{article: a}
	lang, v := language(a.Locale), a.Version
	b.phrase(e, lang, fieldTitle, v.Title)
	for _, p := range v.Phrasings {
		b.phrase(e, lang, fieldPhrasing, p)
	}
	e.bodyAt = len(e.stream)
	b.field(e, lang, fieldHints, v.Summary, true)
	for _, t := range v.Tags {
		b.field(e, lang, fieldHints, t, false)
	}
	b.field(e, lang, fieldBody, b.plain(v.Body), true)
	e.stream = slices.Clip(e.stream)
	return e
}

// phrase reads a title or a phrasing, also in pieces.
func (b *builder) phrase(e *entry, lang string, field int, text string) {
	b.cut.each(text, func(w []byte, _ bool) {
		e.stream = binary.AppendUvarint(e.stream, uint64(b.term(e, lang, field, w)))
		eachGram(w, func(g []byte) { b.gram(e, g) })
	})
	e.stream = append(e.stream, 0)
}

// field reads another text; kept ones can be looked through sentence by sentence.
func (b *builder) field(e *entry, lang string, field int, text string, keep bool) {
	b.cut.each(text, func(w []byte, first bool) {
		t := b.term(e, lang, field, w)
		if keep && first && len(e.stream) > e.bodyAt {
			e.stream = append(e.stream, 0)
		}
		if keep {
			e.stream = binary.AppendUvarint(e.stream, uint64(t))
		}
	})
	if keep && len(e.stream) > e.bodyAt {
		e.stream = append(e.stream, 0)
	}
}

func (b *builder) term(e *entry, lang string, field int, word []byte) uint32 {
	w := b.word(lang, word)
	if b.mark[w] != b.turn {
		b.mark[w] = b.turn
		b.seen = append(b.seen, w)
	}
	t := b.stemOf[w]
	if b.tf[t] == ([fields]uint8{}) {
		b.touched = append(b.touched, t)
	}
	b.tf[t][field] = min(b.tf[t][field], 254) + 1
	e.length[field]++
	return t
}

// word gives the number of a word, and gives a new one its stem.
func (b *builder) word(lang string, word []byte) uint32 {
	key := word
	if lang != "en" {
		key = append([]byte(lang+":"), word...)
	}
	if w := b.words.find(key); w != 0 {
		return w
	}
	w := b.words.add(key)
	t := b.terms.add([]byte(termKey(lang, stem(lang, string(word)))))
	if int(t) == len(b.posting) {
		b.posting = append(b.posting, nil)
		b.tf = append(b.tf, [fields]uint8{})
		if lang == "en" {
			r := b.roots.add([]byte(root(b.terms.text[t])))
			if int(r) == len(b.family) {
				b.family = append(b.family, nil)
			}
			b.family[r] = append(slices.Clip(b.family[r]), t)
		}
		b.public.df, b.agents.df = append(b.public.df, 0), append(b.agents.df, 0)
	}
	b.stemOf = append(b.stemOf, t)
	b.mark = append(b.mark, 0)
	b.public.wordDF, b.agents.wordDF = append(b.public.wordDF, 0), append(b.agents.wordDF, 0)
	return w
}

// termKey keeps the stems of languages apart.
func termKey(lang, stem string) string {
	if lang == "en" {
		return stem
	}
	return lang + ":" + stem
}

func (b *builder) gram(e *entry, piece []byte) {
	g := b.grams.add(piece)
	if int(g) == len(b.gramAt) {
		b.gramAt = append(b.gramAt, nil)
		b.gramTF = append(b.gramTF, 0)
		b.public.gramDF, b.agents.gramDF = append(b.public.gramDF, 0), append(b.agents.gramDF, 0)
	}
	if b.gramTF[g] == 0 {
		b.gramSeen = append(b.gramSeen, g)
	}
	b.gramTF[g] = min(b.gramTF[g], 254) + 1
	e.grams++
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
	if b.fresh {
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
	s.stops()
	s.public.finish(s)
	s.agents.finish(s)
	if s.public.n == s.agents.n { // nothing is internal: one set of tables will do
		s.agents.idf, s.agents.norm, s.agents.gramLen = s.public.idf, s.public.norm, s.public.gramLen
		s.agents.df, s.agents.gramDF, s.agents.wordDF = s.public.df, s.public.gramDF, s.public.wordDF
	}
	return s
}

// resort keeps the two sorted lists of words in use.
func (b *builder) resort() {
	if len(b.newWords)+len(b.goneWords) == 0 {
		return
	}
	text := b.words.text
	use := b.agents.wordDF
	gone := func(w uint32) bool { return use[w] == 0 }
	forward := func(x, y uint32) int { return strings.Compare(text[x], text[y]) }
	backward := func(x, y uint32) int { return compareEnds(text[x], text[y]) }
	slices.Sort(b.newWords)
	fresh := slices.DeleteFunc(slices.Compact(b.newWords), gone)
	known := make(map[uint32]bool, len(fresh)) // went and came back in one go
	for _, w := range fresh {
		known[w] = true
	}
	keep := func(list []uint32, order func(x, y uint32) int) []uint32 {
		out := slices.DeleteFunc(slices.Clone(list), func(w uint32) bool { return gone(w) || known[w] })
		more := slices.SortedFunc(slices.Values(fresh), order)
		return merge(out, more, order)
	}
	b.sorted, b.ending = keep(b.sorted, forward), keep(b.ending, backward)
}

// merge joins two sorted lists.
func merge(a, b []uint32, order func(x, y uint32) int) []uint32 {
	out := make([]uint32, 0, len(a)+len(b))
	for len(a) > 0 && len(b) > 0 {
		if order(a[0], b[0]) <= 0 {
			out, a = append(out, a[0]), a[1:]
		} else {
			out, b = append(out, b[0]), b[1:]
		}
	}
	return append(append(out, a...), b...)
}

// compareEnds compares two words from their last bytes on.
func compareEnds(a, b string) int {
	for i := 1; i <= len(a) && i <= len(b); i++ {
		if x, y := a[len(a)-i], b[len(b)-i]; x != y {
			return int(x) - int(y)
		}
	}
	return len(a) - len(b)
}

// eachGram cuts a word, with its ends marked, into pieces of four letters. A piece is valid during the call.
func eachGram(word []byte, f func(piece []byte)) {
	var at [gramSize + 1]int // starts of the last letters
	text := append(append(make([]byte, 0, 40), '^'), word...)
	text = append(text, '$')
	n := 0
	for i := range text {
		if text[i]&0xc0 == 0x80 {
			continue // inside a letter
		}
		if n >= gramSize {
			f(text[at[0]:i])
			copy(at[:], at[1:gramSize])
			at[gramSize-1] = i
		} else {
			at[n] = i
		}
		n++
	}
	f(text[at[0]:])
}

const gramSize = 4
