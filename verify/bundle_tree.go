package verify

import (
	"context"
	"errors"
	"sync"

	"golang.org/x/mod/sumdb/tlog"
)

// follower keeps the states of changes as the lines tell them.
type follower map[string]RowState

// step takes the next line and says what is wrong with its order, "" if nothing is.
func (f follower) step(n int64, l Leaf) string {
	if l.Change == "" {
		return ""
	}
	old := f[l.Change]
	note := l.From == l.To && !l.stays()
	wrong := ""
	switch {
	case old.State != l.From:
		wrong = "the leaf does not follow the change's last one"
	case note:
		return ""
	case !l.From.May(l.To):
		wrong = "the state table has no such step"
	}
	f[l.Change] = RowState{ID: l.Change, State: l.To, Leaf: n}
	return wrong
}

// stays tells a step that ends in its own state from a note: a Start over by the visitor, an Approve on our
// confirm page, a second approval. None has a reason; a note always has one.
func (l Leaf) stays() bool {
	return l.Reason == "" && (l.From == Challenged && l.Role == Visitor || l.From == Matched && l.Role == HostLogin || l.From == Cooling && l.Role == Supervisor)
}

// frontier is the tree of RFC 6962 as it grows: the roots of the whole subtrees at its right edge.
type frontier struct {
	size  int64
	edges []tlog.Hash
}

func (f *frontier) push(h tlog.Hash) {
	for n := f.size; n&1 == 1; n >>= 1 {
		last := len(f.edges) - 1
		h = tlog.NodeHash(f.edges[last], h)
		f.edges = f.edges[:last]
	}
	f.edges = append(f.edges, h)
	f.size++
}

func (f *frontier) root() tlog.Hash {
	if f.size == 0 {
		h, _ := tlog.TreeHash(0, nil) // of nothing: it reads no hash
		return h
	}
	last := len(f.edges) - 1
	h := f.edges[last]
	for i := last - 1; i >= 0; i-- {
		h = tlog.NodeHash(f.edges[i], h)
	}
	return h
}

// tileLine is one line of a bundle.
type tileLine struct {
	leaf         Leaf
	hash, stored tlog.Hash
	hidden       bool
	wrong        string
}

type tile struct{ lines []tileLine }

// readTile reads a tile of hashes and its lines. What cannot be read is blamed on the first line of which nothing is
// left; the stored hashes go into the tree whatever the lines are.
func readTile(hashes, entries []byte, width int, part bool) tile {
	t := tile{lines: make([]tileLine, width)}
	for i := range t.lines {
		l := &t.lines[i]
		if len(hashes) == 32*width {
			l.stored = tlog.Hash(hashes[32*i:])
		} else {
			l.wrong = "the stored hashes are cut off"
		}
		var body []byte
		var ok bool
		if body, l.hidden, entries, ok = nextEntry(entries, part); !ok {
			l.wrong, entries = "the lines are cut off here", nil
			continue
		}
		if l.hidden {
			l.hash = tlog.Hash(body)
			if l.hash != l.stored {
				l.wrong = "the hash of a line that is left out is not the stored one"
			}
			continue
		}
		l.hash = tlog.RecordHash(body)
		leaf, err := readLeaf(body)
		if l.leaf = leaf; err != nil && l.wrong == "" {
			l.wrong = "the line cannot be read"
		}
	}
	if len(entries) > 0 {
		t.lines[width-1].wrong = "there is more than the lines"
	}
	return t
}

// nextEntry takes one entry off: two bytes of length, high one first, and the line; in a part a length of 0 and the
// hash of a line that is left out.
func nextEntry(b []byte, part bool) (body []byte, hidden bool, rest []byte, ok bool) {
	if len(b) < 2 {
		return nil, false, nil, false
	}
	n := int(b[0])<<8 | int(b[1])
	if hidden = n == 0; hidden {
		n = tlog.HashSize
	}
	if b = b[2:]; len(b) < n || hidden && !part {
		return nil, false, nil, false
	}
	return b[:n], hidden, b[n:], true
}

// inOrder runs what feed emits on workers and calls what each gives back in the order of emission. At most a few
// emissions per worker wait, so memory stays bounded. feed runs in a goroutine of its own.
func inOrder(ctx context.Context, workers int, feed func(emit func(work func() func())) error) error {
	type job struct {
		work func() func()
		done chan func()
	}
	workers = max(1, workers)
	ctx, cancel := context.WithCancel(ctx)
	todo, queue := make(chan job), make(chan job, 4*workers)
	var group sync.WaitGroup
	for range workers {
		group.Go(func() {
			for j := range todo {
				j.done <- j.work()
			}
		})
	}
	var failed error
	group.Go(func() {
		defer close(queue)
		defer close(todo)
		failed = feed(func(work func() func()) {
			j := job{work, make(chan func(), 1)}
			select {
			case queue <- j:
			case <-ctx.Done():
				return
			}
			select {
			case todo <- j:
			case <-ctx.Done():
				j.done <- func() {}
			}
		})
	})
	for j := range queue {
		(<-j.done)()
	}
	err := ctx.Err()
	cancel()
	group.Wait()
	return errors.Join(failed, err)
}
