package widget

import (
	"bytes"
	"compress/gzip"
	"io/fs"
	"path"
	"regexp"
	"strings"
	"testing"
)

func size(t *testing.T, f fs.FS, name string) int {
	t.Helper()
	b, err := fs.ReadFile(f, name)
	if err != nil {
		t.Fatal(err)
	}
	var z bytes.Buffer
	w, err := gzip.NewWriterLevel(&z, gzip.BestCompression)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(b); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return z.Len()
}

var imports = regexp.MustCompile(`(?:from|import)\s*"\./([^"]+)"`)

// first gives the size of a script with all that it imports at once, and its style sheet.
func first(t *testing.T, f fs.FS, e Entry) int {
	t.Helper()
	seen, todo, sum := map[string]bool{}, []string{e.File}, 0
	if e.CSS != "" {
		todo = append(todo, e.CSS)
	}
	for len(todo) > 0 {
		name := todo[0]
		todo = todo[1:]
		if seen[name] {
			continue
		}
		seen[name] = true
		sum += size(t, f, name)
		b, err := fs.ReadFile(f, name)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range imports.FindAllSubmatch(b, -1) {
			todo = append(todo, path.Clean(string(m[1])))
		}
	}
	return sum
}

// language gives the size of the largest language chunk.
func language(t *testing.T, f fs.FS) int {
	t.Helper()
	most := 0
	files, err := fs.Glob(f, "*.js")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		b, err := fs.ReadFile(f, name)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(b), "verify.disowned\":") {
			most = max(most, size(t, f, name))
		}
	}
	return most
}

func TestBudgets(t *testing.T) {
	m, err := ReadManifest()
	if !Built() {
		if err == nil {
			t.Fatal("a manifest without a build")
		}
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	f, err := FS()
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range []struct {
		name       string
		is, budget int
	}{
		{"loader", size(t, f, m["loader.js"].File), 3 << 10},
		{"visitor", first(t, f, m["visitor.js"]) + language(t, f), 30 << 10},
		{"rate", first(t, f, m["rate.js"]), 10 << 10},
		{"help", size(t, f, m["help.css"].File), 6 << 10},
		{"transcript", first(t, f, m["transcript.js"]), 14 << 10},
		{"continue", first(t, f, m["continue.js"]), 12 << 10},
		{"console", first(t, f, m["console.js"]) + language(t, f), 180 << 10},
		{"admin", first(t, f, m["admin.js"]) + language(t, f), 180 << 10},
	} {
		t.Logf("%s: %d bytes gzip, allowed %d", b.name, b.is, b.budget)
		if b.is > b.budget {
			t.Errorf("%s: %d bytes, allowed %d", b.name, b.is, b.budget)
		}
	}
}
