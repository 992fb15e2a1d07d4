package verify

import (
	"cmp"
	"context"
	"slices"

	"golang.org/x/mod/sumdb/tlog"
)

// Finding is one thing that is wrong with log or database. Leaf is -1 where no leaf is to blame.
type Finding struct {
	Leaf   int64
	Change string
	What   string
}

// Report is the outcome of an audit. Bad is in order of leaves: the first entry names the first bad leaf.
type Report struct {
	Size    int64
	Root    [32]byte
	Changes int
	Bad     []Finding
}

// Audit checks a database against itself: each leaf against its stored hash, the inner hashes and the root
// against the leaves, each leaf's "from" against the leaf before it of the same change, and each change's
// state and leaf number against its last leaf, both ways. It reads only, also while changes move; the error tells
// that reading failed. What it cannot see is a log rewritten and hashed again as a whole: outside copies of the
// checkpoint show that. Source: proof-gate.md §3.16, rows K01, K03, K04.
func Audit(ctx context.Context, l Log) (Report, error) {
	head, err := l.Head(ctx)
	if err != nil {
		return Report{}, err
	}
	a := auditor{log: l, report: Report{Size: head.Size, Root: head.Root}, last: follower{}}
	if err := a.leaves(ctx); err != nil {
		return a.report, err
	}
	err = a.states(ctx)
	slices.SortStableFunc(a.report.Bad, func(x, y Finding) int {
		// Findings without a leaf (-1) come last.
		return cmp.Or(cmp.Compare(uint64(x.Leaf), uint64(y.Leaf)), cmp.Compare(x.Change, y.Change))
	})
	return a.report, err
}

type auditor struct {
	log    Log
	report Report
	last   follower    // change → what its last leaf says
	moved  []RowState  // changes that went on after the head was read
	tree   []tlog.Hash // stored hashes recomputed from the leaves
}

func (a *auditor) bad(leaf int64, change, what string) {
	a.report.Bad = append(a.report.Bad, Finding{Leaf: leaf, Change: change, What: what})
}

func (a *auditor) leaves(ctx context.Context) error {
	const page = 64 // its hashes are read at once
	for n := int64(0); n < a.report.Size; {
		leaves, err := a.log.Leaves(ctx, n, int(min(page, a.report.Size-n)))
		if err != nil {
			return err
		}
		if len(leaves) == 0 {
			a.bad(n, "", "the leaf is missing")
			return nil
		}
		first := n
		spans := []int{len(a.tree)}
		for _, b := range leaves {
			if err := a.leaf(n, b); err != nil {
				return err
			}
			spans = append(spans, len(a.tree))
			n++
		}
		if err := a.compare(ctx, first, spans); err != nil {
			return err
		}
	}
	root, err := tlog.TreeHash(a.report.Size, tlog.HashReaderFunc(a.read))
	if err != nil {
		return err
	}
	if root != tlog.Hash(a.report.Root) {
		a.bad(-1, "", "the root in the head row is not the root of the leaves")
	}
	return nil
}

func (a *auditor) read(index []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(index))
	for i, x := range index {
		out[i] = a.tree[x]
	}
	return out, nil
}

// leaf recomputes the hashes that leaf n adds.
func (a *auditor) leaf(n int64, b []byte) error {
	hs, err := tlog.StoredHashes(n, b, tlog.HashReaderFunc(a.read))
	if err != nil {
		return err
	}
	a.tree = append(a.tree, hs...)
	a.follow(n, b)
	return nil
}

// compare holds the recomputed hashes of a page of leaves, from first on, against the stored ones. spans are
// where each leaf's hashes begin, and the end. A page with a hole is read leaf by leaf, to name the leaf.
func (a *auditor) compare(ctx context.Context, first int64, spans []int) error {
	from, to := spans[0], spans[len(spans)-1]
	index := make([]int64, to-from)
	for i := range index {
		index[i] = int64(from + i)
	}
	stored, err := a.log.Hashes(ctx, index)
	hole := err != nil || len(stored) != len(index)
	if hole && len(spans) == 2 {
		a.bad(first, "", "a stored hash is missing")
		return ctx.Err()
	}
	for i := range spans[1:] {
		if hole {
			if err := a.compare(ctx, first+int64(i), spans[i:i+2]); err != nil {
				return err
			}
			continue
		}
		for j := spans[i]; j < spans[i+1]; j++ {
			if a.tree[j] != tlog.Hash(stored[j-from]) {
				a.bad(first+int64(i), "", "the leaf is not what was hashed")
				break
			}
		}
	}
	return nil
}

// follow keeps the states as the leaves tell them.
func (a *auditor) follow(n int64, b []byte) {
	l, err := readLeaf(b)
	if err != nil {
		a.bad(n, "", "the leaf cannot be read")
		return
	}
	if what := a.last.step(n, l); what != "" {
		a.bad(n, l.Change, what)
	}
}

// states compares every stored change with its last leaf, and the other way round.
func (a *auditor) states(ctx context.Context) error {
	for after := ""; ; {
		rows, err := a.log.States(ctx, after, 512)
		if err != nil {
			return err
		}
		for _, r := range rows {
			a.report.Changes++
			last, ok := a.last[r.ID]
			switch {
			case r.Leaf >= a.report.Size:
				a.moved = append(a.moved, r)
			case !ok:
				a.bad(-1, r.ID, "the change has no leaf")
			case last != r:
				a.bad(last.Leaf, r.ID, "the change is "+string(r.State)+", its last leaf says "+string(last.State))
			}
			delete(a.last, r.ID)
			after = r.ID
		}
		if len(rows) == 0 {
			break
		}
	}
	for id, r := range a.last {
		a.bad(r.Leaf, id, "the log has a change that the database lost")
	}
	return a.movedOn(ctx)
}

// movedOn holds the changes that went on meanwhile against the leaves that have come since. What names a leaf beyond
// the log's end, or one that says something else, did not move by a step.
func (a *auditor) movedOn(ctx context.Context) error {
	if len(a.moved) == 0 {
		return nil
	}
	head, err := a.log.Head(ctx)
	if err != nil {
		return err
	}
	for _, r := range a.moved {
		said := false
		if r.Leaf < head.Size {
			leaves, err := a.log.Leaves(ctx, r.Leaf, 1)
			if err != nil {
				return err
			}
			said = len(leaves) == 1 && says(leaves[0], r)
		}
		if !said {
			a.bad(-1, r.ID, "the change is "+string(r.State)+", and the log has no such line")
		}
	}
	return nil
}

// says reports whether a leaf is the step that put the change into its state.
func says(leaf []byte, r RowState) bool {
	l, err := readLeaf(leaf)
	return err == nil && l.Change == r.ID && l.To == r.State
}
