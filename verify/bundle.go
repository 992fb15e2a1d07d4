package verify

import (
	"archive/tar"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"strconv"
	"time"

	"golang.org/x/mod/sumdb/tlog"
)

// Limits of a bundle's parts, in bytes, and their counts. A reader takes no more.
const (
	maxManifest  = 4 << 10
	maxChangeRow = 64 << 10
	maxChanges   = 256 // rows of one file
	maxChunk     = maxChanges * maxChangeRow
	maxKeyFiles  = 10_000
	maxLeaf      = 16 << 10
	maxEntries   = TileWidth * (maxLeaf + 2)
	maxBundle    = 1 << 32 // lines
)

// Manifest is the first file of a bundle, bundle.json.
type Manifest struct {
	V      string `json:"v"`
	Origin string `json:"origin"`
	Size   int64  `json:"size"`
	Part   bool   `json:"part"` // some lines are given by their hash only, and changes are left out
}

// BundleChange is a change as far as its lines, its receipt and its login need it. What was asked for is not in it.
type BundleChange struct {
	ID           string     `json:"id"`
	Conversation string     `json:"conversation"`
	State        State      `json:"state"`
	Leaf         int64      `json:"leaf"`
	Seal         string     `json:"seal,omitempty"`
	Erased       bool       `json:"erased,omitempty"`
	Chg          string     `json:"chg,omitempty"`
	Challenge    *Challenge `json:"challenge,omitempty"`
	Proof        *Proof     `json:"proof,omitempty"`
	Receipt      string     `json:"receipt,omitempty"`
	Cool         *Cool      `json:"cool,omitempty"`
}

// BundleOf is the row as it stands in a bundle.
func BundleOf(r Row) BundleChange {
	b := BundleChange{
		ID: r.ID, Conversation: r.Conversation, State: r.State, Leaf: r.Leaf, Seal: r.Seal, Erased: r.Erased != 0, Chg: r.Chg,
		Challenge: copyOf(r.Challenge), Proof: copyOf(r.Proof), Cool: copyOf(r.Cool),
	}
	if b.Challenge != nil {
		b.Challenge.Handle, b.Challenge.ReturnTo = "", ""
	}
	if r.Receipt != nil {
		b.Receipt = r.Receipt.JWS
	}
	return b
}

// BundlePart says what a bundle is about; the zero value is everything. Source: proof-gate.md §3.16.
type BundlePart struct {
	From, To      time.Time // changes that moved then, and lines of then; zero = open
	Conversations []string
}

func (p BundlePart) all() bool {
	return p.From.IsZero() && p.To.IsZero() && len(p.Conversations) == 0
}

func (p BundlePart) conversation(id string) bool {
	for _, c := range p.Conversations {
		if c == id {
			return true
		}
	}
	return len(p.Conversations) == 0
}

// during reports whether something from a to b, unix ms, falls into the part's time.
func (p BundlePart) during(a, b int64) bool {
	return (p.From.IsZero() || b >= p.From.UnixMilli()) && (p.To.IsZero() || a < p.To.UnixMilli())
}

func (p BundlePart) row(r Row) bool {
	return p.conversation(r.Conversation) && p.during(r.CreatedAt, r.ChangedAt)
}

// line reports whether a line belongs to the part; changes are the part's.
func (p BundlePart) line(b []byte, changes map[string]bool) bool {
	l, err := readLeaf(b)
	if err != nil {
		return true // whoever checks will see
	}
	if l.Change != "" && changes[l.Change] {
		return true
	}
	at, err := strconv.ParseInt(l.At, 10, 64)
	return err != nil || l.Change == "" && p.conversation(l.Conversation) && p.during(at, at)
}

// WriteBundle writes everything that is needed to check the log again without network and database, as a tar: the
// manifest, a fresh checkpoint, the archived key sets, the changes with receipt and evidence, and the lines with
// their stored hashes in the form of C2SP tlog-tiles. SPEC.md has the format. src is one moment of the ledger; what
// is kept in memory does not grow with the log, only with the number of changes of a part. The error is that of src,
// of w, or ctx's.
func WriteBundle(ctx context.Context, w io.Writer, src BundleSource, key *LogKey, part BundlePart) error {
	size, err := src.Size(ctx)
	if err != nil {
		return err
	}
	b := bundler{ctx: ctx, src: src, tar: tar.NewWriter(w), part: part, size: size}
	read := func(index []int64) ([][32]byte, error) { return src.Hashes(ctx, index) }
	root, err := Root(size, read)
	if err != nil {
		return err
	}
	checkpoint, err := key.Sign(Head{Size: size, Root: root})
	if err != nil {
		return err
	}
	manifest, err := json.Marshal(Manifest{V: "1", Origin: key.origin, Size: size, Part: !part.all()})
	if err != nil {
		return err
	}
	for _, f := range []func() error{
		func() error { return b.file("bundle.json", manifest) },
		func() error { return b.file("checkpoint", checkpoint) },
		b.keys, b.changes, b.lines, b.tar.Close,
	} {
		if err := f(); err != nil {
			return err
		}
	}
	return nil
}

type bundler struct {
	ctx  context.Context
	src  BundleSource
	tar  *tar.Writer
	part BundlePart
	size int64
	ids  map[string]bool // changes of a part
}

func (b *bundler) file(name string, body []byte) error {
	h := &tar.Header{Name: name, Mode: 0o600, Size: int64(len(body)), Typeflag: tar.TypeReg, Format: tar.FormatUSTAR}
	if err := b.tar.WriteHeader(h); err != nil {
		return err
	}
	_, err := b.tar.Write(body)
	return err
}

func (b *bundler) keys() error {
	n := 0
	for after := ""; ; {
		list, err := b.src.Archives(b.ctx, after, 16)
		if err != nil || len(list) == 0 {
			return err
		}
		for _, a := range list {
			if err := b.file("keys/"+strconv.Itoa(n)+".json", []byte(a.Body)); err != nil {
				return err
			}
			after = a.Hash
			n++
		}
	}
}

func (b *bundler) changes() error {
	b.ids = map[string]bool{}
	n := 0
	for after := ""; ; {
		rows, err := b.src.Changes(b.ctx, after, maxChanges)
		if err != nil || len(rows) == 0 {
			return err
		}
		var chunk bytes.Buffer
		for _, r := range rows {
			after = r.ID
			if b.part.all() || b.part.row(r) {
				line, err := json.Marshal(BundleOf(r))
				if err != nil {
					return err
				}
				chunk.Write(append(line, '\n'))
				if !b.part.all() {
					b.ids[r.ID] = true
				}
			}
		}
		if chunk.Len() == 0 {
			continue
		}
		if err := b.file("changes/"+strconv.Itoa(n)+".jsonl", chunk.Bytes()); err != nil {
			return err
		}
		n++
	}
}

// lines writes the log, tile by tile: first the hashes that the database has, then the lines.
func (b *bundler) lines() error {
	for n := int64(0); n*TileWidth < b.size; n++ {
		width := int(min(TileWidth, b.size-n*TileWidth))
		hashes, err := b.src.Hashes(b.ctx, TileIndex(0, n, width))
		if err != nil {
			return err
		}
		if err := b.file(TilePath("0", n, width), PackHashes(hashes)); err != nil {
			return err
		}
		leaves, err := b.src.Leaves(b.ctx, n*TileWidth, width)
		if err != nil {
			return err
		}
		if err := b.file(TilePath("entries", n, width), b.entries(leaves)); err != nil {
			return err
		}
	}
	return nil
}

// entries packs lines as PackEntries does; one that is left out is an empty line and its hash.
func (b *bundler) entries(leaves [][]byte) []byte {
	var out []byte
	for _, l := range leaves {
		if len(l) >= 1<<16 || len(l) == 0 || !b.part.all() && !b.part.line(l, b.ids) {
			h := tlog.RecordHash(l)
			out = append(append(out, 0, 0), h[:]...)
			continue
		}
		out = append(append(out, byte(len(l)>>8), byte(len(l))), l...)
	}
	return out
}
