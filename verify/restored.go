package verify

import (
	"context"
	"errors"
	"strconv"
	"time"

	"golang.org/x/mod/sumdb/tlog"
)

// Restored is carried out when the database is older than what is known outside: burns and steps are missing in it,
// so nothing that was under way may go on. Every change up to cooling is revoked; what is with a backend already is
// settled by asking it, never sent anew. remembered is the head that the log should go on from. It says how many
// changes were revoked. Source: proof-gate.md §3.16, §6 invariant 11, row L09.
func (g *Guard) Restored(ctx context.Context, remembered Head) (int, error) {
	now, err := g.Ledger.Now(ctx)
	if err != nil {
		return 0, err
	}
	system := Actor{Role: System}
	size := strconv.FormatInt(remembered.Size, 10)
	l := Leaf{V: leafVersion, Role: System, Reason: LogRestored, Evidence: hash("postern.head.v1\n", []byte(size+"\n"+b64(remembered.Root[:])))}
	if err := g.Ledger.Note(ctx, l.Stamp(now), ""); err != nil {
		return 0, err
	}
	n := 0
	for after := ""; ; {
		states, err := g.Ledger.States(ctx, after, 512)
		if err != nil || len(states) == 0 {
			return n, err
		}
		for _, s := range states {
			after = s.ID
			if !s.State.May(Revoked) {
				continue
			}
			row, err := g.Ledger.Change(ctx, s.ID)
			if err != nil {
				return n, err
			}
			_, err = g.advance(ctx, row, stepOf(row, Revoked, system, LogRestored, now, time.Time{}))
			if err == nil {
				n++
			} else if !errors.Is(err, Refuse(ChangeState)) {
				return n, err
			}
		}
	}
}

// Consistent checks that the log whose newer head is known goes on from an older one, by the tiles that it serves
// (C2SP tlog-tiles, RFC 6962 §2.1.2). fetch reads one path under the log's address. The error is fetch's, or says
// that the log is not the same one.
func Consistent(old, now Head, fetch func(path string) ([]byte, error)) error {
	if old.Size == 0 || old == now {
		return nil
	}
	if old.Size >= now.Size {
		return ErrInconsistent
	}
	t := &tiles{fetch: fetch}
	root, err := tlog.TreeHash(old.Size, tlog.TileHashReader(tlog.Tree{N: now.Size, Hash: now.Root}, t))
	switch {
	case t.err != nil:
		return t.err
	case err != nil || root != tlog.Hash(old.Root):
		return ErrInconsistent
	}
	return nil
}

// ErrInconsistent says that two heads of a log are not of one history.
var ErrInconsistent = errors.New("verify: the log is not the one that it was")

// tiles reads tiles for the tlog package.
type tiles struct {
	fetch func(path string) ([]byte, error)
	err   error
}

// Height implements tlog.TileReader.
func (*tiles) Height() int { return 8 }

// ReadTiles implements tlog.TileReader.
func (t *tiles) ReadTiles(list []tlog.Tile) ([][]byte, error) {
	out := make([][]byte, len(list))
	for i, x := range list {
		b, err := t.fetch(TilePath(strconv.Itoa(x.L), x.N, x.W))
		if err == nil && len(b) != x.W*tlog.HashSize {
			err = errors.New("verify: a tile of another size")
		}
		if err != nil {
			t.err = err
			return nil, err
		}
		out[i] = b
	}
	return out, nil
}

// SaveTiles implements tlog.TileReader. Nothing is kept.
func (*tiles) SaveTiles([]tlog.Tile, [][]byte) {}
