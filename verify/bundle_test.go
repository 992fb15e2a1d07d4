package verify_test

import (
	"archive/tar"
	"bytes"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/postern-chat/postern/verify"
)

// file is one file of a bundle.
type file struct {
	name string
	body []byte
}

func unpack(t testing.TB, b []byte) (out []file) {
	t.Helper()
	r := tar.NewReader(bytes.NewReader(b))
	for {
		h, err := r.Next()
		if err == io.EOF {
			return out
		}
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, file{h.Name, body})
	}
}

func pack(t testing.TB, files []file) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, f := range files {
		if err := w.WriteHeader(&tar.Header{Name: f.name, Mode: 0o600, Size: int64(len(f.body)), Typeflag: tar.TypeReg}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(f.body); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// bundle is what the forge's log becomes.
func (f *forge) bundle(part verify.BundlePart) []byte {
	f.Helper()
	var b bytes.Buffer
	f.must(verify.WriteBundle(f.Context(), &b, f, f.log, part))
	return b.Bytes()
}

func (f *forge) check(b []byte, o verify.BundleCheck) verify.BundleReport {
	f.Helper()
	o.Workers = 2
	r, err := verify.CheckBundle(f.Context(), bytes.NewReader(b), o)
	f.must(err)
	return r
}

func (f *forge) checkpoint() []byte {
	f.Helper()
	root, err := verify.Root(int64(len(f.leaves)), f.read)
	f.must(err)
	b, err := f.log.Sign(verify.Head{Size: int64(len(f.leaves)), Root: root})
	f.must(err)
	return b
}

// shortLog has 40 changes, 10 of them applied (ID tokens but for one witness), and refusals: over one tile.
func shortLog(t testing.TB) *forge {
	f := newForge(t)
	for i := range 40 {
		f.at = f.at.Add(time.Minute)
		if i%4 == 0 {
			ch, p := f.challenge(i, f.draft(i), i == 4)
			f.applied(i, ch, p)
		} else {
			f.withdrawn(i)
		}
		for range 3 {
			f.refusal()
		}
	}
	return f
}

func TestBundleHonest(t *testing.T) {
	f := shortLog(t)
	b := f.bundle(verify.BundlePart{})
	r := f.check(b, verify.BundleCheck{HostKeys: map[string][]byte{"": f.own}, Checkpoints: [][]byte{f.checkpoint()}})
	if len(r.Bad) != 0 || r.Size != int64(len(f.leaves)) || r.Changes != 40 || r.Receipts != 10 || r.IDTokens != 9 || r.Witnesses != 1 || r.Compared != 1 {
		t.Errorf("report %+v", r)
	}
	if r = f.check(b, verify.BundleCheck{}); len(r.Bad) != 0 || r.Unopened != 1 {
		t.Errorf("without the host's key: %+v", r)
	}
	part := verify.BundlePart{Conversations: []string{f.rows[8].Conversation}}
	r = f.check(f.bundle(part), verify.BundleCheck{Checkpoints: [][]byte{f.checkpoint()}})
	if len(r.Bad) != 0 || r.Changes != 2 || r.Receipts != 1 || r.Hidden != len(f.leaves)-11 || !r.Part {
		t.Errorf("a part: %+v", r)
	}
	day := verify.BundlePart{From: f.at.Add(-150 * time.Second), To: f.at.Add(-30 * time.Second)}
	if r = f.check(f.bundle(day), verify.BundleCheck{}); len(r.Bad) != 0 || r.Changes != 2 {
		t.Errorf("two minutes: %+v", r)
	}
}

// Whoever has the bundle in his hands and changes it is found, by the first line that is wrong.
func TestBundleAttacked(t *testing.T) {
	f := shortLog(t)
	proven := f.rows[8]
	for _, c := range []struct {
		name string
		bend func(files map[string][]byte)
		leaf int64 // first bad line; -1 = none
		what string
	}{
		{"K01 a wrong byte in a line", func(x map[string][]byte) {
			b := x["tile/entries/000"]
			b[bytes.Index(b, f.leaves[77])+30] ^= 1
		}, 77, "not what was hashed"},
		{"K03 two lines in the wrong order", func(x map[string][]byte) {
			a, b := entry(f.leaves[90]), entry(f.leaves[91])
			x["tile/entries/000"] = bytes.Replace(x["tile/entries/000"], append(a, b...), append(b, a...), 1)
		}, 90, "not what was hashed"},
		{"a wrong byte in a stored hash", func(x map[string][]byte) { x["tile/0/000"][32*50] ^= 1 }, 50, "not what was hashed"},
		{"a state that its lines do not say", func(x map[string][]byte) {
			x["changes/0.jsonl"] = bytes.Replace(x["changes/0.jsonl"], []byte(`"state":"withdrawn"`), []byte(`"state":"expired"`), 1)
		}, f.rows[1].Leaf, "its last line says"},
		{"a change left out", func(x map[string][]byte) {
			_, rest, _ := bytes.Cut(x["changes/0.jsonl"], []byte("\n"))
			x["changes/0.jsonl"] = rest
		}, 0, "is not there"},
		{"an applied change without its receipt", func(x map[string][]byte) {
			x["changes/0.jsonl"] = bytes.Replace(x["changes/0.jsonl"], []byte(`"receipt":"`+proven.Receipt.JWS+`"`), []byte(`"receipt":""`), 1)
		}, proven.Leaf, "without a receipt"},
		{"another change's receipt", func(x map[string][]byte) {
			x["changes/0.jsonl"] = bytes.Replace(x["changes/0.jsonl"], []byte(proven.Receipt.JWS), []byte(f.rows[12].Receipt.JWS), 1)
		}, proven.Leaf, "names another line"},
		{"another login's ID token", func(x map[string][]byte) {
			x["changes/0.jsonl"] = bytes.Replace(x["changes/0.jsonl"], []byte(proven.Proof.Evidence.JWT), []byte(f.rows[12].Proof.Evidence.JWT), 1)
		}, proven.Leaf - 4, "another login"},
		{"another subject", func(x map[string][]byte) {
			x["changes/0.jsonl"] = bytes.Replace(x["changes/0.jsonl"], []byte(`"subject":"u-8"`), []byte(`"subject":"u-9"`), 1)
		}, proven.Leaf - 4, "another login"},
		{"another widget key's signature", func(x map[string][]byte) {
			x["changes/0.jsonl"] = bytes.Replace(x["changes/0.jsonl"], []byte(proven.Proof.Sig), []byte(f.rows[12].Proof.Sig), 1)
		}, proven.Leaf - 2, "not that of the change"},
		{"the provider's archived keys swapped", func(x map[string][]byte) {
			other := newForge(t)
			x["keys/2.json"] = []byte(other.archives[2].Body)
		}, f.rows[0].Leaf - 2, "not archived"},
		{"the gateway's archived keys swapped", func(x map[string][]byte) {
			other := newForge(t)
			x["keys/0.json"] = []byte(other.archives[0].Body)
		}, f.rows[0].Leaf, "archived keys"},
		{"a salt that fits no line", func(x map[string][]byte) {
			x["changes/0.jsonl"] = bytes.Replace(x["changes/0.jsonl"], []byte(`"seal":"salt8"`), []byte(`"seal":"salt9"`), 1)
		}, proven.Leaf - 7, "another change's values"},
		{"said to be erased", func(x map[string][]byte) {
			line, rest, _ := bytes.Cut(x["changes/0.jsonl"], []byte("\n"))
			_ = line
			x["changes/0.jsonl"] = append([]byte(`{"id":"`+f.rows[0].ID+`","conversation":"c","state":"applied","leaf":7,"erased":true}`+"\n"), rest...)
		}, 7, "erased"},
	} {
		t.Run(c.name, func(t *testing.T) {
			files := unpack(t, f.bundle(verify.BundlePart{}))
			x := map[string][]byte{}
			for _, g := range files {
				x[g.name] = g.body
			}
			before := len(pack(t, files))
			c.bend(x)
			for i := range files {
				files[i].body = x[files[i].name]
			}
			r := f.check(pack(t, files), verify.BundleCheck{HostKeys: map[string][]byte{"": f.own}})
			if len(r.Bad) == 0 || r.Bad[0].Leaf != c.leaf || !strings.Contains(r.Bad[0].What, c.what) {
				t.Errorf("%d bytes: found %+v; want line %d first, %q", before, r.Bad[:min(4, len(r.Bad))], c.leaf, c.what)
			}
		})
	}
}

func entry(leaf []byte) []byte { return append([]byte{byte(len(leaf) >> 8), byte(len(leaf))}, leaf...) }

// Whoever holds the gateway's keys can sign a shorter or another log; only a copy kept outside shows it.
func TestBundleRewritten(t *testing.T) {
	whole := shortLog(t)
	outside := whole.checkpoint()
	short := *whole
	short.leaves = short.leaves[:len(short.leaves)-3] // three refusals: no change misses them
	b := short.bundle(verify.BundlePart{})
	if r := short.check(b, verify.BundleCheck{}); len(r.Bad) != 0 {
		t.Fatalf("a dropped tail, signed again, shows by itself: %+v", r.Bad)
	}
	r := short.check(b, verify.BundleCheck{Checkpoints: [][]byte{outside}})
	if len(r.Bad) != 1 || r.Bad[0].Leaf != int64(len(short.leaves)) || !strings.Contains(r.Bad[0].What, "gone") {
		t.Errorf("a dropped tail: %+v", r.Bad)
	}

	other := *whole
	other.leaves, other.hashes, other.rows = nil, nil, nil
	for i := range 8 { // the same keys, another story
		other.withdrawn(i)
	}
	for len(other.leaves) < len(whole.leaves)+5 {
		other.refusal()
	}
	b = other.bundle(verify.BundlePart{})
	if r := other.check(b, verify.BundleCheck{}); len(r.Bad) != 0 {
		t.Fatalf("a rewritten log shows by itself: %+v", r.Bad)
	}
	if r := other.check(b, verify.BundleCheck{Checkpoints: [][]byte{outside}}); len(r.Bad) != 1 || !strings.Contains(r.Bad[0].What, "outside checkpoint") {
		t.Errorf("a rewritten log: %+v", r.Bad)
	}
	stranger := newForge(t)
	stranger.log, _ = verify.DeriveLogKey(forgeOrigin, []byte("another secret of 32 bytes or so"))
	stranger.refusal()
	if r := whole.check(whole.bundle(verify.BundlePart{}), verify.BundleCheck{Checkpoints: [][]byte{stranger.checkpoint()}}); len(r.Bad) != 1 {
		t.Errorf("a checkpoint of another key: %+v", r.Bad)
	}
}

// A host's witness that is not the host's.
func TestBundleWitness(t *testing.T) {
	f := shortLog(t)
	r := f.check(f.bundle(verify.BundlePart{}), verify.BundleCheck{HostKeys: map[string][]byte{forgeHost: []byte("another key")}})
	if len(r.Bad) != 1 || r.Bad[0].Change != f.rows[4].ID || !strings.Contains(r.Bad[0].What, "witness") {
		t.Errorf("found %+v", r.Bad)
	}
}

// What is no bundle, or one that is cut, is refused, whatever its sizes claim.
func TestBundleUnreadable(t *testing.T) {
	f := shortLog(t)
	b := f.bundle(verify.BundlePart{})
	files := unpack(t, b)
	huge := bytes.Clone(b)
	copy(huge[124:], "77777777777") // the first file's size, in octal
	for name, raw := range map[string][]byte{
		"nothing": nil, "half": b[:len(b)/2], "text": []byte(strings.Repeat("x", 4096)), "a size of 8 GiB": huge,
		"a file more": pack(t, append(unpack(t, b), file{"extra", nil})), "a file less": pack(t, files[:len(files)-1]),
		"in another order": pack(t, append(files[1:2:2], files...)),
	} {
		if _, err := verify.CheckBundle(t.Context(), bytes.NewReader(raw), verify.BundleCheck{}); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
}

func FuzzBundle(f *testing.F) {
	log := newForge(f)
	ch, p := log.challenge(0, log.draft(0), false)
	log.applied(0, ch, p)
	b := log.bundle(verify.BundlePart{})
	f.Add(b)
	f.Add(b[:len(b)/3])
	f.Fuzz(func(t *testing.T, raw []byte) {
		r, err := verify.CheckBundle(t.Context(), bytes.NewReader(raw), verify.BundleCheck{Checkpoints: [][]byte{raw}, Workers: 2})
		if err == nil && len(r.Bad) == 0 {
			t.Error("a checkpoint that is none found the log right")
		}
	})
}

func FuzzTilePath(f *testing.F) {
	f.Add("tile/0/x001/234.p/7")
	f.Add("tile/entries/000")
	f.Fuzz(func(t *testing.T, path string) {
		if level, n, width, ok := verify.ParseTile(path); ok && (verify.TilePath(level, n, width) != path || n < 0 || width < 1 || width > 256) {
			t.Errorf("%q is %s %d %d", path, level, n, width)
		}
	})
}

// V6: 1,000,000 lines, 20,000 of them of changes with receipt and ID token (half RS256, half ES256), on two cores.
func BenchmarkBundle(b *testing.B) {
	f := newForge(b)
	const proven, lines = 20_000, 1_000_000
	challenges, proofs := f.prove(proven)
	for i := range proven {
		f.applied(i, challenges[i], proofs[i])
	}
	for i := proven; i < 120_000; i++ {
		f.withdrawn(i)
	}
	for len(f.leaves) < lines {
		f.refusal()
	}
	name := filepath.Join(b.TempDir(), "bundle.tar")
	out, err := os.Create(name)
	f.must(err)
	f.must(verify.WriteBundle(b.Context(), out, f, f.log, verify.BundlePart{}))
	f.must(out.Close())
	f.leaves, f.hashes, f.rows, challenges, proofs = nil, nil, nil, nil, nil
	runtime.GC()
	defer debug.SetGCPercent(debug.SetGCPercent(400)) // as the command does
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(2))
	spent := cpuTime(b)
	for b.Loop() {
		in, err := os.Open(name)
		f.must(err)
		r, err := verify.CheckBundle(b.Context(), in, verify.BundleCheck{Workers: 2})
		f.must(err)
		f.must(in.Close())
		if len(r.Bad) != 0 || r.Size != lines || r.Receipts != proven || r.IDTokens != proven {
			b.Fatalf("report %d lines, %d receipts, %+v", r.Size, r.Receipts, r.Bad[:min(3, len(r.Bad))])
		}
	}
	// On a busy machine the time on the clock says little: this is what both cores have worked for one check.
	b.ReportMetric((cpuTime(b)-spent).Seconds()/float64(b.N), "cpu-s/op")
}

func cpuTime(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
