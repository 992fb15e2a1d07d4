package verify

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/tlog"
)

// maxFindings is how many findings a report names.
const maxFindings = 1000

// BundleCheck says what a bundle is held against. Source: proof-gate.md §3.16.
type BundleCheck struct {
	// Checkpoints are copies that were kept outside: only they show a log that was rewritten and signed again, or one
	// whose tail is gone.
	Checkpoints [][]byte
	// HostKeys are the hosts' own keys by audience; "" is for those without an own entry. Without a key a host's
	// witness is counted and not checked.
	HostKeys map[string][]byte
	// Workers is how many goroutines check signatures and read lines; at least one.
	Workers int
}

// BundleReport is the outcome. Bad is in order of lines: the first entry names the first bad line.
type BundleReport struct {
	Checkpoint
	Part       bool
	Changes    int
	Receipts   int // checked
	IDTokens   int // checked
	Witnesses  int // checked
	Unopened   int // witnesses whose host's key was not given
	Erased     int // changes without their personal values
	Hidden     int // lines of which a part has the hash only
	Signers    []string
	Bad        []Finding
	Unnamed    int   // findings beyond those in Bad
	Compared   int   // outside checkpoints that the log goes on from
	lastGood   int64 // size of the newest root that was found right
	named      int64 // one more than the newest line that is not what was hashed
	rootBroken bool
}

func (r *BundleReport) bad(leaf int64, change, what string) {
	if len(r.Bad) >= maxFindings {
		r.Unnamed++
		return
	}
	r.Bad = append(r.Bad, Finding{Leaf: leaf, Change: change, What: what})
}

// claim is what somebody signed about the log at one size.
type claim struct {
	root   [32]byte
	by     string
	change string
	copied bool // an outside checkpoint
}

// checker is one check under way. What it keeps grows with the number of changes, not with the log.
type checker struct {
	o        BundleCheck
	r        BundleReport
	tar      *tar.Reader
	head     *tar.Header // read and not yet taken
	manifest Manifest
	keys     archive
	want     map[string]*expected
	claims   map[int64][]claim
	states   follower
	tree     frontier
}

// CheckBundle checks a bundle from nothing but its bytes: tree and signed roots, each line against its stored hash,
// each change against its lines, each receipt, ID token and finish signature against the archived keys. The error
// tells that the bundle could not be read as one; findings are in the report.
func CheckBundle(ctx context.Context, in io.Reader, o BundleCheck) (BundleReport, error) {
	c := &checker{
		o: o, tar: tar.NewReader(in), want: map[string]*expected{}, claims: map[int64][]claim{}, states: follower{},
		keys: archive{provider: map[string]archivedProvider{}, gateway: map[string][]KeySet{}},
	}
	for _, step := range []func(context.Context) error{c.opening, c.changes, c.lines, c.ending} {
		if err := step(ctx); err != nil {
			return c.r, err
		}
	}
	slices.SortStableFunc(c.r.Bad, func(x, y Finding) int {
		if x.Leaf == y.Leaf {
			return strings.Compare(x.Change, y.Change)
		}
		return compareUint(uint64(x.Leaf), uint64(y.Leaf)) // -1, no line, comes last
	})
	return c.r, nil
}

func compareUint(a, b uint64) int {
	if a < b {
		return -1
	}
	return 1
}

// peek gives the next file's header without taking it; nil at the end.
func (c *checker) peek() (*tar.Header, error) {
	if c.head != nil {
		return c.head, nil
	}
	h, err := c.tar.Next()
	if errors.Is(err, io.EOF) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("verify: not a bundle: %w", err)
	}
	if h.Typeflag != tar.TypeReg || h.Size < 0 {
		return nil, errors.New("verify: a bundle has plain files only")
	}
	c.head = h
	return h, nil
}

// take reads the next file, which must have this name and at most limit bytes.
func (c *checker) take(name string, limit int64) ([]byte, error) {
	h, err := c.peek()
	if err != nil {
		return nil, err
	}
	if h == nil || h.Name != name {
		return nil, fmt.Errorf("verify: the bundle has no %s at its place", name)
	}
	if h.Size > limit {
		return nil, fmt.Errorf("verify: %s is too large", name)
	}
	c.head = nil
	b := make([]byte, h.Size)
	if _, err := io.ReadFull(c.tar, b); err != nil {
		return nil, fmt.Errorf("verify: %s is cut off: %w", name, err)
	}
	return b, nil
}

// opening reads manifest, checkpoint and keys.
func (c *checker) opening(context.Context) error {
	raw, err := c.take("bundle.json", maxManifest)
	if err != nil {
		return err
	}
	if err := c.manifest.read(raw); err != nil {
		return err
	}
	signed, err := c.take("checkpoint", MaxCheckpoint)
	if err != nil {
		return err
	}
	if err := c.readKeys(); err != nil {
		return err
	}
	c.r.Part, c.r.Signers = c.manifest.Part, c.keys.verifiers()
	c.r.Origin, c.r.Size = c.manifest.Origin, c.manifest.Size
	head, err := OpenCheckpoint(signed, c.r.Signers...)
	switch {
	case err != nil:
		c.r.bad(-1, "", "the bundle's checkpoint is not signed by the log's archived key")
	case head.Origin != c.manifest.Origin || head.Size != c.manifest.Size:
		c.r.bad(-1, "", "the bundle's checkpoint is of another log or size")
	default:
		c.r.Root = head.Root
		c.claims[head.Size] = append(c.claims[head.Size], claim{root: head.Root, by: "the bundle's checkpoint"})
	}
	for _, raw := range c.o.Checkpoints {
		c.outside(raw)
	}
	return nil
}

func (m *Manifest) read(raw []byte) error {
	o, err := ReadObject(raw, maxManifest)
	if err != nil {
		return err
	}
	v, _ := o.String("v")
	if err := o.Only("v", "origin", "size", "part"); err != nil || v != "1" {
		return errors.New("verify: a bundle of an unknown form")
	}
	if m.Size, err = o.Int("size"); err != nil || m.Size < 0 || m.Size > maxBundle {
		return errors.New("verify: a bundle without a proper size")
	}
	m.Part = string(bytes.TrimSpace(o["part"])) == "true"
	m.Origin, err = o.String("origin")
	return err
}

// outside takes a checkpoint that was kept elsewhere.
func (c *checker) outside(raw []byte) {
	k, err := OpenCheckpoint(raw, c.r.Signers...)
	switch {
	case err != nil:
		c.r.bad(-1, "", "the outside checkpoint is not signed by this log's key")
	case k.Size > c.manifest.Size:
		c.r.bad(c.manifest.Size, "", "the log had "+strconv.FormatInt(k.Size, 10)+" lines when the outside checkpoint was made: from here on they are gone")
	default:
		c.claims[k.Size] = append(c.claims[k.Size], claim{root: k.Root, by: "the outside checkpoint", copied: true})
	}
}

func (c *checker) readKeys() error {
	for n := 0; ; n++ {
		h, err := c.peek()
		if err != nil || h == nil || !strings.HasPrefix(h.Name, "keys/") {
			return err
		}
		if n >= maxKeyFiles {
			return errors.New("verify: the bundle has too many key sets")
		}
		raw, err := c.take("keys/"+strconv.Itoa(n)+".json", MaxArchive)
		if err != nil {
			return err
		}
		if err := c.keys.add(raw); err != nil {
			return fmt.Errorf("verify: keys/%d.json: %w", n, err)
		}
	}
}

// changes checks each change's receipt and login, many at once.
func (c *checker) changes(ctx context.Context) error {
	return inOrder(ctx, c.o.Workers, func(emit func(work func() func())) error {
		for n := 0; ; n++ {
			h, err := c.peek()
			if err != nil || h == nil || !strings.HasPrefix(h.Name, "changes/") {
				return err
			}
			raw, err := c.take("changes/"+strconv.Itoa(n)+".jsonl", maxChunk)
			if err != nil {
				return err
			}
			emit(func() func() {
				found := c.checkChanges(raw)
				return func() { c.addChanges(found) }
			})
		}
	})
}

func (c *checker) addChanges(found []*expected) {
	for _, e := range found {
		c.r.Changes++
		c.r.Receipts += e.receipts
		c.r.IDTokens += e.idTokens
		c.r.Witnesses += e.witnesses
		c.r.Unopened += e.unopened
		if e.erased {
			c.r.Erased++
		}
		if c.want[e.id] != nil {
			e.wrong = append(e.wrong, "the change stands twice in the bundle")
		}
		c.want[e.id] = e
		for _, what := range e.wrong {
			c.r.bad(e.blame(), e.id, what)
		}
		for _, m := range e.minted {
			if m.log.Size > c.manifest.Size {
				continue
			}
			c.claims[m.log.Size] = append(c.claims[m.log.Size], claim{root: m.root, by: "a receipt", change: e.id})
		}
	}
}

// lines checks the log, tile by tile.
func (c *checker) lines(ctx context.Context) error {
	c.roots(0)
	return inOrder(ctx, c.o.Workers, func(emit func(work func() func())) error {
		for n := int64(0); n*TileWidth < c.manifest.Size; n++ {
			width := int(min(TileWidth, c.manifest.Size-n*TileWidth))
			hashes, err := c.take(TilePath("0", n, width), 32*TileWidth)
			if err != nil {
				return err
			}
			entries, err := c.take(TilePath("entries", n, width), maxEntries)
			if err != nil {
				return err
			}
			emit(func() func() {
				t := readTile(hashes, entries, width, c.manifest.Part)
				return func() { c.addTile(n*TileWidth, t) }
			})
		}
		h, err := c.peek()
		if err == nil && h != nil {
			err = errors.New("verify: the bundle goes on after its last line")
		}
		return err
	})
}

func (c *checker) addTile(first int64, t tile) {
	for i, l := range t.lines {
		n := first + int64(i)
		switch {
		case l.hidden:
			c.r.Hidden++
		case l.hash != l.stored:
			c.r.named = n + 1
			c.r.bad(n, l.leaf.Change, "the line is not what was hashed")
		}
		if l.wrong != "" {
			c.r.bad(n, "", l.wrong)
		}
		c.tree.push(l.stored)
		c.roots(n + 1)
		if !l.hidden && l.wrong == "" {
			c.follow(n, l.leaf)
		}
	}
}

// roots holds the tree of the first n lines against all that was signed about it.
func (c *checker) roots(n int64) {
	list := c.claims[n]
	if len(list) == 0 {
		return
	}
	root, good := c.tree.root(), true
	for _, k := range list {
		switch {
		case root == tlog.Hash(k.root):
			if k.copied {
				c.r.Compared++
			}
		case k.copied || !c.r.rootBroken && c.r.named <= c.r.lastGood: // a line of those is named already
			good = false
			c.r.bad(c.r.lastGood, k.change, fmt.Sprintf("of the lines from here to %d one is not what %s was made over", n-1, k.by))
		default:
			good = false
		}
	}
	if good {
		c.r.lastGood = n
	} else {
		c.r.rootBroken = true
	}
	delete(c.claims, n)
}

// ending compares each change with its last line.
func (c *checker) ending(context.Context) error {
	ids := make([]string, 0, len(c.want))
	for id := range c.want {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	for _, id := range ids {
		e := c.want[id]
		last, ok := c.states[id]
		switch {
		case !ok:
			c.r.bad(-1, id, "the change has no line")
		case last != RowState{ID: id, State: e.state, Leaf: e.leaf}:
			c.r.bad(last.Leaf, id, "the change is "+string(e.state)+", its last line says "+string(last.State))
		case e.erased != e.erasure:
			c.r.bad(last.Leaf, id, "the change was erased without a line, or has a line of an erasure that was none")
		case slices.ContainsFunc(e.minted, func(m mintedAt) bool { return !m.proved }):
			c.r.bad(last.Leaf, id, "the receipt names another line than that of its proof")
		}
	}
	return nil
}
