package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const catalogue = "../../verify/testdata/abuse-cases.jsonl"

// abuseRow is one row of the catalogue.
type abuseRow struct {
	ID, Group, Code, Given, Attack, Must string
	Slice                                int
	Run                                  []string
	Unchanged                            bool
}

// lonely lists the rows that start a gateway of their own: they set clocks, kill, or take long.
var lonely = []string{"A05", "A09", "A11", "B14", "B25", "C03", "C04", "C05", "C06", "C07", "C08", "C09", "C10", "C11", "C12", "D13", "G03", "G08", "G09", "G10", "G11", "G12", "I01", "I10", "I11", "I12", "I14", "I15", "I18", "I19", "J04", "K01", "K02", "K03", "K04", "K05", "K06", "K07", "L03", "L04", "L05", "L06", "L07", "L08", "L09", "L10", "L11", "R19", "R21"}

// readAbuse reads the catalogue.
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
		out = append(out, row)
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

// Every row of the abuse catalogue, on both databases, against a running node and a host
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

// No row may be without its test wherever its run says, and no test without its row. What a backend and a witness must
// refuse is tried by verify/conformance too, whose own test holds it to the same rows.
func TestAbuseCoverage(t *testing.T) {
	tests := abuseTests()
	known := map[string]bool{}
	var inBrowser []string
	for _, row := range readAbuse(t) {
		known[row.ID] = true
		if slices.Contains(row.Run, "browser") {
			inBrowser = append(inBrowser, row.ID)
		}
		if len(row.Run) > 1 || !slices.Contains(row.Run, "browser") {
			if tests[row.ID] == nil {
				t.Errorf("%s has no test: %s", row.ID, row.Attack)
			}
		}
	}
	if len(known) != 158 {
		t.Errorf("%d rows, want 158", len(known))
	}
	for id := range tests {
		if !known[id] {
			t.Errorf("%s is no row of the catalogue", id)
		}
	}
	browserTests(t, inBrowser)
}

// browserTests looks for the browser's rows in the names of the scenes that browser tests have.
func browserTests(t *testing.T, inBrowser []string) {
	t.Helper()
	files, err := filepath.Glob("../../widget/e2e/*.test.mjs")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	var all strings.Builder
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		all.Write(b)
	}
	for _, id := range inBrowser {
		if !regexp.MustCompile(`(?m)^scene\(\s*"[^"]*\b` + id + `\b`).MatchString(all.String()) {
			t.Errorf("no scene under widget/e2e is named by %s", id)
		}
	}
}
