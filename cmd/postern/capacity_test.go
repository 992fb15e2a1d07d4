package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The page shows what the program says, nothing else.
func TestCapacityPage(t *testing.T) {
	name := filepath.Join("..", "..", "deploy", "CAPACITY.md")
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	_, rest, ok := strings.Cut(string(b), "<!-- table -->\n")
	page, _, end := strings.Cut(rest, "<!-- end -->\n")
	if !ok || !end {
		t.Fatal("the page has no place for the table")
	}
	if want := say(t, exitOK, nil, "capacity"); page != want {
		t.Errorf("the page is not what 'postern capacity' prints; put this between its marks:\n%s", want)
	}
}

// Figures of one's own change the table; wrong ones are named.
func TestCapacityFigures(t *testing.T) {
	file := filepath.Join(t.TempDir(), "figures.toml")
	text := say(t, exitOK, nil, "capacity", "--print")
	table := say(t, exitOK, nil, "capacity")
	for _, c := range []struct {
		name, from, to, says string
		want                 int
	}{
		{"the same", "", "", table, exitOK},
		{"a slower disk", "commit_ms = 0.5", "commit_ms = 5.0", "5.0 and 8.0 ms", exitOK},
		{"a mistyped one", "row_us", "rows_us", "unknown figure figures.rows_us", exitFailed},
		{"none", "cores = 8", "cores = 0", "machine.cores: must be above zero", exitFailed},
		{"no scale", "scales = [1, 10, 100, 1000]", "scales = []", "scales", exitFailed},
		{"no figures at all", "[figures]", "[other]", "unknown figure", exitFailed},
	} {
		t.Run(c.name, func(t *testing.T) {
			if err := os.WriteFile(file, []byte(strings.Replace(text, c.from, c.to, 1)), 0o600); err != nil {
				t.Fatal(err)
			}
			out := say(t, c.want, nil, "capacity", "--figures", file)
			if !strings.Contains(out, c.says) {
				t.Errorf("%q is not in\n%s", c.says, out)
			}
		})
	}
	say(t, exitUsage, nil, "capacity", "10")
	say(t, exitFailed, nil, "capacity", "--figures", filepath.Join(t.TempDir(), "none"))
}
