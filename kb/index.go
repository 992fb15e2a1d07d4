package kb

import (
	"context"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
)

// Index answers searches. The zero value is empty and usable. Readers never wait: they use the snapshot that
// was current when they began.
type Index struct {
	mu      sync.Mutex // one writer
	current atomic.Pointer[snapshot]
	scratch sync.Pool // of *scratch
	vectors atomic.Pointer[vectors]
	english wordList
	meaning thesaurus
	shelves shelves
}

// Plain turns an article's Markdown into words; the leaf kb/markdown provides it.
type Plain func(markdown string) string

// Sync reads what the index lacks and swaps in a new snapshot. It is safe to call at any time; a call that
// finds nothing changes nothing.
func (x *Index) Sync(ctx context.Context, st Store, plain Plain) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	old := x.snapshot()
	change := old.change
	var b *builder
	for {
		list, err := st.Changed(ctx, change, 200)
		if err != nil {
			return err
		}
		if b == nil && len(list) > 0 {
			b = old.next(plain)
		}
		for _, a := range list {
			change = max(change, a.Change)
			b.put(a)
		}
		if len(list) < 200 {
			break
		}
	}
	if change != old.change {
		x.current.Store(b.done(change))
	}
	return nil
}

// Set replaces the whole content, for evaluation and tests. Of two articles with one id the later one stays.
func (x *Index) Set(articles []Article, plain Plain) {
	x.mu.Lock()
	defer x.mu.Unlock()
	b := x.empty().next(plain)
	for _, a := range articles {
		b.put(a)
	}
	x.current.Store(b.done(x.snapshot().change + 1))
}

func (x *Index) snapshot() *snapshot {
	if s := x.current.Load(); s != nil {
		return s
	}
	return x.empty()
}

func (x *Index) empty() *snapshot {
	s := &snapshot{
		byID: map[string]uint32{}, langUse: map[string]int{}, terms: newLexicon(), words: newLexicon(), pieces: newLexicon(), roots: newLexicon(), family: make([][]uint32, 1),
		posting: make([][]posting, 1), gramAt: make([][]gramPosting, 1), stemOf: make([]uint32, 1), settings: defaults(), typing: whileTyping(),
		english: &x.english, meaning: &x.meaning,
	}
	newView := func(inside bool) *view {
		return &view{inside: inside, df: make([]uint32, 1), gramDF: make([]uint32, 1), wordDF: make([]uint32, 1)}
	}
	s.public, s.agents = newView(false), newView(true)
	return s
}

// Public gives a published public article.
func (x *Index) Public(id string) (Article, bool) {
	a, ok := x.Any(id)
	if !ok || a.Visibility == Internal {
		return Article{}, false
	}
	return a, true
}

// Any gives a published article, also an internal one.
func (x *Index) Any(id string) (Article, bool) {
	s := x.snapshot()
	slot, ok := s.byID[id]
	if !ok {
		return Article{}, false
	}
	return s.slots[slot].article, true
}

// All gives every published article, also the internal ones, in order of their ids.
func (x *Index) All() (out []Article) {
	s := x.snapshot()
	for _, id := range slices.Sorted(maps.Keys(s.byID)) {
		out = append(out, s.slots[s.byID[id]].article)
	}
	return out
}

// Containing gives the Markdown of at most limit published public articles that hold the piece as it stands, in
// order of their ids.
func (x *Index) Containing(piece string, limit int) (out []string) {
	snap := x.snapshot()
	for _, id := range slices.Sorted(maps.Keys(snap.byID)) {
		if len(out) == limit || piece == "" {
			break
		}
		a := snap.slots[snap.byID[id]].article
		if text := a.Version.Body; snap.public.sees(a) && strings.Contains(text, piece) {
			out = append(out, text)
		}
	}
	return out
}

// Change is the number of the newest change of an article that searches know.
func (x *Index) Change() int64 { return x.snapshot().change }

// Len is how many articles can be found by agents.
func (x *Index) Len() int { return len(x.snapshot().byID) }
