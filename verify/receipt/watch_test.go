package receipt_test

import (
	"errors"
	"testing"

	"github.com/postern-chat/postern/verify"
	"github.com/postern-chat/postern/verify/receipt"
)

// Step 11: what a backend remembers of the gateway's log, and when it alarms.
func TestSeen(t *testing.T) {
	var tree [][32]byte
	var roots []string
	read := func(index []int64) ([][32]byte, error) {
		out := make([][32]byte, len(index))
		for i, x := range index {
			out[i] = tree[x]
		}
		return out, nil
	}
	for n := range int64(600) {
		root, err := verify.Root(n, read)
		if err != nil {
			t.Fatal(err)
		}
		roots = append(roots, verify.EncodeRoot(root))
		h, err := verify.Grow(n, []byte{byte(n), byte(n >> 8)}, read)
		if err != nil {
			t.Fatal(err)
		}
		tree = append(tree, h...)
	}
	fetch := func(path string) ([]byte, error) {
		_, n, width, ok := verify.ParseTile(path)
		if !ok {
			t.Errorf("asked for %q", path)
		}
		level := int(path[len("tile/")] - '0')
		hashes, err := read(verify.TileIndex(level, n, width))
		return verify.PackHashes(hashes), err
	}
	down := errors.New("down")
	at := func(size, iat int64) receipt.Proven {
		return receipt.Proven{Log: verify.LogPointer{Size: size, Root: roots[size]}, Iat: iat}
	}
	seen := receipt.Seen{Size: 300, Root: roots[300], At: 1000}
	for _, c := range []struct {
		name  string
		seen  receipt.Seen
		p     receipt.Proven
		fetch func(string) ([]byte, error)
		size  int64
		want  error
	}{
		{"the first", receipt.Seen{}, at(300, 1000), nil, 300, nil},
		{"the same again", seen, at(300, 1001), nil, 300, nil},
		{"grown", seen, at(599, 1001), fetch, 599, nil},
		{"grown, the log cannot be read", seen, at(599, 1001), func(string) ([]byte, error) { return nil, down }, 300, down},
		{"minted at the same time by another gateway", seen, at(299, 1005), nil, 300, nil},
		{"shorter", seen, at(299, 1011), nil, 300, receipt.ErrLogShrank},
		{"of the same size, another", seen, receipt.Proven{Log: verify.LogPointer{Size: 300, Root: roots[301]}, Iat: 1001}, nil, 300, receipt.ErrLogOther},
		{"grown from another", receipt.Seen{Size: 300, Root: roots[299], At: 1000}, at(599, 1001), fetch, 300, receipt.ErrLogOther},
		{"grown, with tiles of another", seen, at(599, 1001), func(path string) ([]byte, error) {
			b, err := fetch(path)
			b[0] ^= 1
			return b, err
		}, 300, receipt.ErrLogOther},
	} {
		t.Run(c.name, func(t *testing.T) {
			next, err := c.seen.Next(c.p, c.fetch)
			if !errors.Is(err, c.want) || next.Size != c.size {
				t.Errorf("Next = %+v, %v; want %d, %v", next, err, c.size, c.want)
			}
		})
	}
}
