package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const (
	catalogue = "../../verify/testdata/abuse-cases.jsonl"
	slices1   = 1 // the newest finished slice of proof-gate.md §9
	begun     = 4 // the slice that is being built: its rows and those of unfinished ones before it may have tests, and need none yet
)

// abuseRow is one row of the catalogue.
type abuseRow struct {
	ID, Group, Code, Given, Attack, Must string
	Slice                                int
	Run                                  []string
	Unchanged                            bool
}

// inBrowser lists the rows that only a real browser can show: widget/e2e runs them under the same ids.
var inBrowser = []string{"D07", "D08", "D09", "E06", "G02", "I13"}

// lonely lists the rows that start a gateway of their own: they set clocks, kill, or take long.
var lonely = []string{"A05", "A09", "A11", "B14", "B25", "C03", "C04", "C05", "C06", "C07", "C08", "C09", "C10", "C11", "C12", "D13", "G03", "G08", "G09", "G10", "G11", "G12", "I01", "I10", "I11", "I12", "I14", "I15", "I18", "I19", "J04", "K01", "K02", "K03", "K04", "K05", "K06", "K07", "L03", "L04", "L05", "L06", "L07", "L08", "L09", "L10", "L11", "R19", "R21"}

// readAbuse reads the rows of the finished slices and of the one that is being built.
func readAbuse(t *testing.T) []abuseRow {
	t.Helper()
	b, err := os.ReadFile(catalogue)
	if err != nil {
		t.Fatal(err)
	}
	var out []abuseRow
	for s := bufio.NewScanner(bytes.NewReader(b)); s.Scan(); {
		var row abuseRow
		if err := json.Unmarshal(s.Bytes(), &row); err != nil {
			t.Fatal(err)
		}
		if row.Slice <= begun {
			out = append(out, row)
		}
	}
	return out
}

// abuseTests is the explicit list of tests by id.
func abuseTests() map[string]func(r *row) {
	all := map[string]func(r *row){}
	for _, letter := range []map[string]func(r *row){
		abuseA(),
		abuseB(),
		abuseSet(),
		abuseResult(),
		abuseC(),
		abuseD(),
		abuseE(),
		abuseG(),
		abuseJ(),
		abuseK(),
		abuseLog(),
		abuseKill(),
		abuseL(),
		abuseR(),
		abuseOIDC(),
		abuseEvidence(),
		abuseCooling(),
		abusePolicy(),
		abuseKey(),
		abusePasskey(),
		abuseSigner(),
		abuseDump(),
		abuseCode(),
		abuseI(),
		abuseISide(),
		abuseIMail(),
		abuseModel(),
		abuseEnforcer(),
		abuseWindow(),
		abuseIdentify(),
		abuseTranscript(),
	} {
		for id, test := range letter {
			all[id] = test
		}
	}
	return all
}

// Every row of the abuse catalogue whose slice is finished, on both databases, against a running node and a host
// that checks receipts itself. A row that says "unchanged" passes only if the host's accounts are, byte for
// byte, what they were.
func TestAbuse(t *testing.T) {
	rows, tests := readAbuse(t), abuseTests()
	for _, engine := range []string{"SQLite", "PostgreSQL"} {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			f := startFixture(t, engine, options{})
			for _, spec := range rows {
				if test := tests[spec.ID]; test != nil {
					t.Run(spec.ID, func(t *testing.T) { runRow(t, f, spec, test) })
				}
			}
			f.audit(t)
			f.watched(t, "all rows")
		})
	}
}

// No row of a finished slice may be without its test, and no test without its row.
func TestAbuseCoverage(t *testing.T) {
	tests := abuseTests()
	known := map[string]abuseRow{}
	for _, row := range readAbuse(t) {
		known[row.ID] = row
		missing := tests[row.ID] == nil && !slices.Contains(inBrowser, row.ID)
		if missing && row.Slice <= slices1 {
			t.Errorf("%s has no test: %s", row.ID, row.Attack)
		} else if missing {
			t.Logf("%s has no test yet: %s", row.ID, row.Attack)
		}
	}
	for id := range tests {
		if _, ok := known[id]; !ok {
			t.Errorf("%s is no row of a finished slice, nor of the one that is being built", id)
		}
	}
	for _, id := range inBrowser {
		if !slices.Contains(known[id].Run, "browser") {
			t.Errorf("%s is no row for a browser", id)
		}
	}
	browserTests(t)
}

// browserTests looks for the browser's rows in the folder of browser tests.
func browserTests(t *testing.T) {
	t.Helper()
	var all strings.Builder
	err := filepath.WalkDir("../../widget/e2e", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		all.Write(b)
		return err
	})
	if os.IsNotExist(err) {
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range inBrowser {
		if !strings.Contains(all.String(), id) {
			t.Errorf("no file under widget/e2e speaks of %s", id)
		}
	}
}
