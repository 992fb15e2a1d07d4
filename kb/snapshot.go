package kb

import (
	"math"
	"slices"
)

// Fields of BM25F (self-help.md §3.3).
const (
	fieldTitle = iota
	fieldPhrasing
	fieldHints // summary and tags
	fieldBody
	fields
)

// snapshot is an immutable state of the index. What readers of an older one see is never written to again.
type snapshot struct {
	settings
	typing  settings          // of questions that are being typed
	change  int64             // number of the newest change in it
	byID    map[string]uint32 // article id → slot
	slots   []*entry          // nil = free
	free    []uint32          // free slots
	limits  []limit           // by slot: who may not find it
	langs   []string          // languages of the articles, sorted
	langUse map[string]int    // how many articles each has
	terms   lexicon           // stems
	words   lexicon           // words as they are written; of a language other than English with "de:" before
	stemOf  []uint32          // word → term
	roots   lexicon           // roots of English stems
	family  [][]uint32        // root → terms
	sorted  []uint32          // words in use, by their text
	ending  []uint32          // words in use, by their text read backwards
	pieces  lexicon           // of four letters
	posting [][]posting       // by term
	gramAt  [][]gramPosting   // by piece
	public  *view
	agents  *view
	english *wordList
	meaning *thesaurus
}

// entry is one article as the index holds it.
type entry struct {
	article Article
	stream  []byte // terms of title, phrasings, summary, body as numbers; 0 ends a phrasing or a sentence
	bodyAt  int    // where the summary and the body begin in stream
	length  [fields]uint32
	grams   uint32
}

// limit says that an article is not for everybody.
type limit uint8

const (
	inside    limit = 1 << iota // internal
	mailboxes                   // in some mailboxes only
)

func limitOf(a Article) limit {
	var l limit
	if a.Visibility == Internal {
		l = inside
	}
	if len(a.Mailboxes) > 0 {
		l |= mailboxes
	}
	return l
}

// posting is how often a term is in the fields of an article; 255 = that often or more.
type posting struct {
	slot uint32
	tf   [fields]uint8
}

// gramPosting is the slot shifted by 8 bits, and how often the piece is there.
type gramPosting uint32

func (p gramPosting) slot() uint32 { return uint32(p >> 8) }

// view is what one kind of reader may find, and the statistics over it.
type view struct {
	inside    bool          // internal articles too
	n         int           // articles
	length    [fields]int64 // sum over them
	grams     int64
	df        []uint32 // by term
	gramDF    []uint32
	wordDF    []uint32
	idf       []float64 // by term, stop words reduced
	typingIDF []float64 // the same for questions that are being typed
	norm      [][fields]float32
	gramLen   []float32
}

func (v *view) sees(a Article) bool { return v.inside || a.Visibility != Internal }

// rarity is the weight of what df of n articles have.
func rarity(n int, df uint32) float64 {
	return math.Log(1 + (float64(n)-float64(df)+0.5)/(float64(df)+0.5))
}

// finish derives what searches need from the counts.
func (v *view) finish(s *snapshot) {
	v.idf = make([]float64, s.terms.len())
	for t := range v.idf {
		v.idf[t] = math.Pow(rarity(v.n, v.df[t]), s.idfPower)
	}
	v.typingIDF = slices.Clone(v.idf)
	s.keepStops(v.idf, &s.settings)
	s.keepStops(v.typingIDF, &s.typing)
	n := float64(max(1, v.n))
	var avg [fields]float64
	for f := range avg {
		avg[f] = max(1, float64(v.length[f])/n)
	}
	avgGrams := max(1, float64(v.grams)/n)
	v.norm = make([][fields]float32, len(s.slots))
	v.gramLen = make([]float32, len(s.slots))
	for i, e := range s.slots {
		if e == nil {
			continue
		}
		for f := range fields {
			b := s.lengthB[f]
			v.norm[i][f] = float32(s.fieldWeight[f] / (1 - b + b*float64(e.length[f])/avg[f]))
		}
		v.gramLen[i] = float32(s.gramK * (1 - s.gramB + s.gramB*float64(e.grams)/avgGrams))
	}
}
