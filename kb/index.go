package kb

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
)

// Fields of BM25F: weight and how strongly length counts (self-help.md §3.3).
const (
	fieldTitle = iota
	fieldHints // phrasings, summary, tags
	fieldBody
	fields
)

const (
	k1        = 1.2
	gramSize  = 4
	gramShare = 0.4
)

func fieldWeight(f int) float64 { return [fields]float64{2, 1.5, 1}[f] }

func fieldB(f int) float64 { return [fields]float64{0.3, 0.5, 0.75}[f] }

// Index answers searches. The zero value is empty and usable. Readers never wait: they use the snapshot that
// was current when they began.
type Index struct {
	mu      sync.Mutex // one writer
	current atomic.Pointer[snapshot]
}

// snapshot is an immutable state of the index.
type snapshot struct {
	change int64           // number of the newest change in it
	docs   map[string]*doc // by article id
	public *view
	agents *view
}

// doc is one article as the index holds it.
type doc struct {
	article  Article
	plain    string
	tf       map[string][fields]float64
	length   [fields]float64
	phrasing [][]string // stems of the title and of each phrasing
	grams    map[string]float64
	gramLen  float64
}

// view is what one kind of reader may find.
type view struct {
	ids     []string // sorted
	df      map[string]int
	avg     [fields]float64
	gramDF  map[string]int
	gramAvg float64
	vocab   map[string]int // unstemmed words → number of articles, for repair and completion
	sorted  []string
}

// Plain turns an article's Markdown into words; the leaf kb/markdown provides it.
type Plain func(markdown string) string

// Sync reads what the index lacks and swaps in a new snapshot. It is safe to call at any time; a call that
// finds nothing changes nothing.
func (x *Index) Sync(ctx context.Context, st Store, plain Plain) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	old := x.snapshot()
	docs, change := maps.Clone(old.docs), old.change
	for {
		list, err := st.Changed(ctx, change, 200)
		if err != nil {
			return err
		}
		for _, a := range list {
			change = max(change, a.Change)
			delete(docs, a.ID)
			if a.Status == Published {
				docs[a.ID] = newDoc(a, plain)
			}
		}
		if len(list) < 200 {
			break
		}
	}
	if change != old.change {
		x.current.Store(newSnapshot(docs, change))
	}
	return nil
}

// Set replaces the whole content, for evaluation and tests.
func (x *Index) Set(articles []Article, plain Plain) {
	docs := map[string]*doc{}
	for _, a := range articles {
		docs[a.ID] = newDoc(a, plain)
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	x.current.Store(newSnapshot(docs, x.snapshot().change+1))
}

func (x *Index) snapshot() *snapshot {
	if s := x.current.Load(); s != nil {
		return s
	}
	return newSnapshot(map[string]*doc{}, 0)
}

// Public gives a published public article.
func (x *Index) Public(id string) (Article, bool) {
	d, ok := x.snapshot().docs[id]
	if !ok || d.article.Visibility == Internal {
		return Article{}, false
	}
	return d.article, true
}

// Any gives a published article, also an internal one.
func (x *Index) Any(id string) (Article, bool) {
	d, ok := x.snapshot().docs[id]
	if !ok {
		return Article{}, false
	}
	return d.article, true
}

// Containing gives the text of at most limit published public articles that hold the piece as it stands.
func (x *Index) Containing(piece string, limit int) (out []string) {
	snap := x.snapshot()
	for _, id := range snap.public.ids {
		if len(out) == limit || piece == "" {
			break
		}
		if plain := snap.docs[id].plain; strings.Contains(plain, piece) {
			out = append(out, plain)
		}
	}
	return out
}

// Len is how many articles can be found by agents.
func (x *Index) Len() int { return len(x.snapshot().docs) }

func newDoc(a Article, plain Plain) *doc {
	v := a.Version
	d := &doc{article: a, plain: plain(v.Body), tf: map[string][fields]float64{}, grams: map[string]float64{}}
	d.add(fieldTitle, a.Locale, v.Title)
	for _, p := range v.Phrasings {
		d.add(fieldHints, a.Locale, p)
	}
	d.add(fieldHints, a.Locale, v.Summary)
	for _, t := range v.Tags {
		d.add(fieldHints, a.Locale, t)
	}
	d.add(fieldBody, a.Locale, d.plain)
	for _, p := range append([]string{v.Title}, v.Phrasings...) {
		d.phrasing = append(d.phrasing, terms(a.Locale, p))
		for _, g := range gramsOf(p) {
			d.grams[g]++
			d.gramLen++
		}
	}
	return d
}

func (d *doc) add(field int, locale, text string) {
	for _, t := range terms(locale, text) {
		f := d.tf[t]
		f[field]++
		d.tf[t] = f
		d.length[field]++
	}
}

// gramsOf cuts each word, with its ends marked, into pieces of four characters.
func gramsOf(text string) []string {
	var out []string
	for _, w := range words(text) {
		r := []rune("^" + w + "$")
		for i := 0; i+gramSize <= len(r) || i == 0; i++ {
			out = append(out, string(r[i:min(i+gramSize, len(r))]))
		}
	}
	return out
}

func newSnapshot(docs map[string]*doc, change int64) *snapshot {
	s := &snapshot{change: change, docs: docs}
	s.public = newView(docs, func(a Article) bool { return a.Visibility != Internal })
	s.agents = newView(docs, func(Article) bool { return true })
	return s
}

func newView(docs map[string]*doc, in func(Article) bool) *view {
	v := &view{df: map[string]int{}, gramDF: map[string]int{}, vocab: map[string]int{}}
	for id, d := range docs {
		if in(d.article) {
			v.ids = append(v.ids, id)
			v.count(d)
		}
	}
	slices.Sort(v.ids)
	if n := float64(len(v.ids)); n > 0 {
		for f := range v.avg {
			v.avg[f] /= n
		}
		v.gramAvg /= n
	}
	v.sorted = slices.Sorted(maps.Keys(v.vocab))
	return v
}

func (v *view) count(d *doc) {
	for t := range d.tf {
		v.df[t]++
	}
	for g := range d.grams {
		v.gramDF[g]++
	}
	for f := range v.avg {
		v.avg[f] += d.length[f]
	}
	v.gramAvg += d.gramLen
	ver := d.article.Version
	seen := map[string]bool{}
	text := append([]string{ver.Title, ver.Summary, d.plain}, append(slices.Clone(ver.Phrasings), ver.Tags...)...)
	for _, part := range text {
		for _, w := range words(part) {
			if !seen[w] {
				seen[w] = true
				v.vocab[w]++
			}
		}
	}
}

// byScore orders results best first, equal ones by id.
func byScore(a, b Result) int {
	if c := cmp.Compare(b.Score, a.Score); c != 0 {
		return c
	}
	return cmp.Compare(a.Article, b.Article)
}
