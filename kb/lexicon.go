package kb

import "slices"

// lexicon numbers strings from 1 on. Numbers never change and never go away; a clone shares the strings, so it
// costs only its table. One writer at a time, and only to the newest clone.
type lexicon struct {
	text  []string // by number; text[0] is nobody's
	table []uint32 // open addressing, a power of two long; 0 = free
}

func newLexicon() lexicon { return lexicon{text: []string{""}, table: make([]uint32, 64)} }

// clone gives a lexicon that can grow without disturbing the readers of l.
func (l lexicon) clone() lexicon { return lexicon{text: l.text, table: slices.Clone(l.table)} }

func (l *lexicon) len() int { return len(l.text) }

// find gives the number of a word, 0 = unknown.
func (l *lexicon) find(word []byte) uint32 {
	n, _ := l.place(word)
	return n
}

// place gives the number of a word, or the free place in the table that it would take.
func (l *lexicon) place(word []byte) (n uint32, at int) {
	mask := len(l.table) - 1
	for at = int(hash(word)) & mask; ; at = (at + 1) & mask {
		n = l.table[at]
		if n == 0 || l.text[n] == string(word) {
			return n, at
		}
	}
}

// add gives the number of a word, a new one if need be.
func (l *lexicon) add(word []byte) uint32 {
	n, at := l.place(word)
	if n != 0 {
		return n
	}
	n = uint32(len(l.text))
	l.text = append(l.text, string(word))
	l.table[at] = n
	if 4*len(l.text) > 3*len(l.table) {
		l.grow()
	}
	return n
}

func (l *lexicon) grow() {
	l.table = make([]uint32, 2*len(l.table))
	for n := 1; n < len(l.text); n++ {
		_, at := l.place([]byte(l.text[n]))
		l.table[at] = uint32(n)
	}
}

// hash is FNV-1a.
func hash(word []byte) uint32 {
	h := uint32(2166136261)
	for _, b := range word {
		h = (h ^ uint32(b)) * 16777619
	}
	return h
}
