package kb

import (
	"encoding/binary"
	"slices"
)

// reader cuts articles into numbered words, terms and pieces. Its lists hold those of the article read last.
type reader struct {
	*snapshot
	plain     Plain
	cut       cutter
	seenWords []uint32 // each once
	seenTerms []uint32
	seenGrams []uint32
	tf        [][fields]uint8 // by term
	gramTF    []uint8         // by piece
	mark      []uint32        // by word: the turn that saw it last
	turn      uint32
}

// read reads an article.
func (r *reader) read(a Article) *entry {
	for _, t := range r.seenTerms {
		r.tf[t] = [fields]uint8{}
	}
	for _, g := range r.seenGrams {
		r.gramTF[g] = 0
	}
	r.turn++
	r.seenWords, r.seenTerms, r.seenGrams = r.seenWords[:0], r.seenTerms[:0], r.seenGrams[:0]
	e := &entry{article: a}
	lang, v := language(a.Locale), a.Version
	r.phrase(e, lang, fieldTitle, v.Title)
	for _, p := range v.Phrasings {
		r.phrase(e, lang, fieldPhrasing, p)
	}
	for _, p := range a.Learned {
		r.phrase(e, lang, fieldPhrasing, p)
	}
	e.bodyAt = len(e.stream)
	r.sentences(e, lang, fieldHints, v.Summary)
	for _, t := range v.Tags {
		r.cut.each(t, func(w []byte, _ bool) { r.term(e, lang, fieldHints, w) })
	}
	r.sentences(e, lang, fieldBody, r.plain(v.Body))
	e.stream = slices.Clip(slices.Clone(e.stream))
	return e
}

// phrase reads a title or a phrasing, also in pieces.
func (r *reader) phrase(e *entry, lang string, field int, text string) {
	r.cut.each(text, func(w []byte, _ bool) {
		e.stream = binary.AppendUvarint(e.stream, uint64(r.term(e, lang, field, w)))
		eachGram(w, func(piece []byte) { r.gram(e, piece) })
	})
	e.stream = append(e.stream, 0)
}

func (r *reader) sentences(e *entry, lang string, field int, text string) {
	begin := len(e.stream)
	r.cut.each(text, func(w []byte, first bool) {
		if first && len(e.stream) > begin {
			e.stream = append(e.stream, 0)
		}
		e.stream = binary.AppendUvarint(e.stream, uint64(r.term(e, lang, field, w)))
	})
	if len(e.stream) > begin {
		e.stream = append(e.stream, 0)
	}
}

func (r *reader) term(e *entry, lang string, field int, word []byte) uint32 {
	w := r.word(lang, word)
	if r.mark[w] != r.turn {
		r.mark[w] = r.turn
		r.seenWords = append(r.seenWords, w)
	}
	t := r.stemOf[w]
	if r.tf[t] == ([fields]uint8{}) {
		r.seenTerms = append(r.seenTerms, t)
	}
	r.tf[t][field] = min(r.tf[t][field], 254) + 1
	e.length[field]++
	return t
}

// word gives the number of a word, and gives a new one its stem.
func (r *reader) word(lang string, word []byte) uint32 {
	key := word
	if lang != "en" {
		key = append([]byte(keyOf(lang, "")), word...)
	}
	s := r.snapshot
	if w := s.words.find(key); w != 0 {
		return w
	}
	w := s.words.add(key)
	r.mark = append(r.mark, 0)
	s.public.wordDF, s.agents.wordDF = append(s.public.wordDF, 0), append(s.agents.wordDF, 0)
	t := s.terms.add([]byte(keyOf(lang, stem(lang, string(word)))))
	s.stemOf = append(s.stemOf, t)
	if int(t) == len(s.posting) {
		r.newTerm(lang, t)
	}
	return w
}

// keyOf keeps words and stems of languages apart.
func keyOf(lang, word string) string {
	if lang == "en" {
		return word
	}
	return lang + ":" + word
}

func (r *reader) newTerm(lang string, t uint32) {
	s := r.snapshot
	s.posting = append(s.posting, nil)
	s.public.df, s.agents.df = append(s.public.df, 0), append(s.agents.df, 0)
	r.tf = append(r.tf, [fields]uint8{})
	if lang != "en" {
		return
	}
	n := s.roots.add([]byte(root(s.terms.text[t])))
	if int(n) == len(s.family) {
		s.family = append(s.family, nil)
	}
	s.family[n] = append(slices.Clip(s.family[n]), t) // clipped: an older snapshot's list stays as it is
}

func (r *reader) gram(e *entry, piece []byte) {
	s := r.snapshot
	g := s.pieces.add(piece)
	if int(g) == len(s.gramAt) {
		s.gramAt = append(s.gramAt, nil)
		s.public.gramDF, s.agents.gramDF = append(s.public.gramDF, 0), append(s.agents.gramDF, 0)
		r.gramTF = append(r.gramTF, 0)
	}
	if r.gramTF[g] == 0 {
		r.seenGrams = append(r.seenGrams, g)
	}
	r.gramTF[g] = min(r.gramTF[g], 254) + 1
	e.grams++
}

const gramSize = 4

// eachGram cuts a word, with its ends marked, into pieces of four letters. A piece is valid during the call.
func eachGram(word []byte, f func(piece []byte)) {
	var at [gramSize]int // where the last letters begin
	text := append(append(append(make([]byte, 0, 64), '^'), word...), '$')
	n := 0
	for i := range text {
		if text[i]&0xc0 == 0x80 {
			continue // inside a letter
		}
		if n < gramSize {
			at[n] = i
		} else {
			f(text[at[0]:i])
			copy(at[:], at[1:])
			at[gramSize-1] = i
		}
		n++
	}
	f(text[at[0]:])
}
