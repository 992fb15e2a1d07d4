package verify

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// MaxCheckpoint is the size limit of a checkpoint, in bytes.
const MaxCheckpoint = 16 << 10

// Checkpoint is a signed statement that the log had this root at this size. Its form is that of C2SP
// tlog-checkpoint: origin, size, root in base64, each on its line, as a signed note.
type Checkpoint struct {
	Origin string
	Head
}

// LogKey signs checkpoints (Ed25519). Its name is the log's origin.
type LogKey struct {
	origin   string
	verifier string
	signer   note.Signer
}

// NewLogKey makes the log's key from its 32 secret bytes.
func NewLogKey(origin string, seed []byte) (*LogKey, error) {
	if len(seed) != ed25519.SeedSize {
		return nil, errors.New("verify: the log's key is 32 bytes")
	}
	pub, ok := ed25519.NewKeyFromSeed(seed).Public().(ed25519.PublicKey)
	if !ok {
		return nil, errors.New("verify: not an Ed25519 key")
	}
	verifier, err := note.NewEd25519VerifierKey(origin, pub)
	if err != nil {
		return nil, err
	}
	parts := strings.SplitN(verifier, "+", 3) // name, key id, key
	const ed25519Note = 1                     // the algorithm's byte in a note key
	secret := base64.StdEncoding.EncodeToString(append([]byte{ed25519Note}, seed...))
	signer, err := note.NewSigner("PRIVATE+KEY+" + origin + "+" + parts[1] + "+" + secret)
	if err != nil {
		return nil, err
	}
	return &LogKey{origin: origin, verifier: verifier, signer: signer}, nil
}

// DeriveLogKey makes the log's key from the gateway's secret, so that every node signs with the same one.
func DeriveLogKey(origin string, secret []byte) (*LogKey, error) {
	seed, _ := unb64(deriveToken(secret, "log-key"))
	return NewLogKey(origin, seed)
}

// Verifier is the public key, as a note names it: origin+id+key.
func (k *LogKey) Verifier() string { return k.verifier }

// Origin is the log's name.
func (k *LogKey) Origin() string { return k.origin }

// Archive is the public key as it goes into the archive.
func (k *LogKey) Archive() (KeyArchive, error) {
	return ArchivedKeys{Use: KeysOfLog, Issuer: k.origin, Verifier: k.verifier}.Pack()
}

// Sign gives the checkpoint of a head.
func (k *LogKey) Sign(h Head) ([]byte, error) {
	text := k.origin + "\n" + strconv.FormatInt(h.Size, 10) + "\n" + base64.StdEncoding.EncodeToString(h.Root[:]) + "\n"
	return note.Sign(&note.Note{Text: text}, k.signer)
}

// OpenCheckpoint reads a checkpoint that one of the keys has signed. Signatures of others (witnesses) are ignored.
func OpenCheckpoint(raw []byte, verifiers ...string) (Checkpoint, error) {
	if len(raw) > MaxCheckpoint {
		return Checkpoint{}, errors.New("verify: the checkpoint is too large")
	}
	var known []note.Verifier
	for _, v := range verifiers {
		k, err := note.NewVerifier(v)
		if err != nil {
			return Checkpoint{}, err
		}
		known = append(known, k)
	}
	n, err := note.Open(raw, note.VerifierList(known...))
	if err != nil {
		return Checkpoint{}, err
	}
	c, err := readCheckpoint(n.Text)
	if err != nil || n.Sigs[0].Name != c.Origin {
		return Checkpoint{}, errors.Join(errors.New("verify: not a checkpoint of its signer's log"), err)
	}
	return c, nil
}

func readCheckpoint(text string) (Checkpoint, error) {
	lines := strings.Split(text, "\n")
	if len(lines) < 4 {
		return Checkpoint{}, errors.New("verify: not a checkpoint")
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil || size < 0 || lines[1] != strconv.FormatInt(size, 10) {
		return Checkpoint{}, errors.New("verify: a checkpoint without a proper size")
	}
	root, err := base64.StdEncoding.Strict().DecodeString(lines[2])
	if err != nil || len(root) != 32 {
		return Checkpoint{}, errors.New("verify: a checkpoint without a proper root")
	}
	return Checkpoint{Origin: lines[0], Head: Head{Size: size, Root: [32]byte(root)}}, nil
}

// TileWidth is how many hashes a whole tile has, and how many lines a whole bundle of entries.
const TileWidth = 256

// TilePath is where a tile stands (C2SP tlog-tiles): level "0" to "63", or "entries"; width under TileWidth is a
// partial one at the log's end.
func TilePath(level string, n int64, width int) string {
	path := strconv.FormatInt(n%1000+1000, 10)[1:]
	for n /= 1000; n > 0; n /= 1000 {
		path = "x" + strconv.FormatInt(n%1000+1000, 10)[1:] + "/" + path
	}
	if width < TileWidth {
		path += ".p/" + strconv.Itoa(width)
	}
	return "tile/" + level + "/" + path
}

// ParseTile is the inverse of TilePath. Only the one proper spelling is taken.
func ParseTile(path string) (level string, n int64, width int, ok bool) {
	rest, isTile := strings.CutPrefix(path, "tile/")
	level, rest, found := strings.Cut(rest, "/")
	if !isTile || !found || len(path) > 100 {
		return "", 0, 0, false
	}
	width = TileWidth
	if at, part, partial := strings.Cut(rest, ".p/"); partial {
		w, err := strconv.Atoi(part)
		if err != nil || w < 1 || w >= TileWidth {
			return "", 0, 0, false
		}
		rest, width = at, w
	}
	for part := range strings.SplitSeq(rest, "/") {
		d, err := strconv.Atoi(strings.TrimPrefix(part, "x"))
		if err != nil || d < 0 || d > 999 || n > 1<<40 {
			return "", 0, 0, false
		}
		n = n*1000 + int64(d)
	}
	if l, err := strconv.Atoi(level); level != "entries" && (err != nil || l < 0 || l > 7) {
		return "", 0, 0, false
	}
	return level, n, width, TilePath(level, n, width) == path
}

// TileIndex gives the stored hashes that a tile of a level is made of.
func TileIndex(level int, n int64, width int) []int64 {
	index := make([]int64, width)
	for i := range index {
		index[i] = tlog.StoredHashIndex(8*level, n*TileWidth+int64(i))
	}
	return index
}

// TileFits reports whether a log of that size has the whole of a tile.
func TileFits(level int, n int64, width int, size int64) bool {
	return n >= 0 && n < size && (n*TileWidth+int64(width)) <= size>>(8*level)
}

// PackHashes is the form of a tile: its hashes one after the other.
func PackHashes(hashes [][32]byte) []byte {
	out := make([]byte, 0, 32*len(hashes))
	for _, h := range hashes {
		out = append(out, h[:]...)
	}
	return out
}

// PackEntries is the form of a bundle of lines: each after its length in two bytes, the high one first.
func PackEntries(leaves [][]byte) ([]byte, error) {
	var out bytes.Buffer
	for _, l := range leaves {
		if len(l) == 0 || len(l) >= 1<<16 {
			return nil, errors.New("verify: a line of the log is empty or too long")
		}
		out.Write([]byte{byte(len(l) >> 8), byte(len(l))})
		out.Write(l)
	}
	return out.Bytes(), nil
}

// Shrunk compares a head that somebody outside remembers with the log: it says what is wrong, "" if the log goes on
// from it. read gives the log's stored hashes.
func (h Head) Shrunk(now Head, read func([]int64) ([][32]byte, error)) (string, error) {
	if now.Size < h.Size {
		return "the log has " + strconv.FormatInt(now.Size, 10) + " lines and had " + strconv.FormatInt(h.Size, 10), nil
	}
	root, err := Root(h.Size, read)
	if err != nil {
		return "", err
	}
	if root != h.Root {
		return "the first " + strconv.FormatInt(h.Size, 10) + " lines are not what they were", nil
	}
	return "", nil
}
