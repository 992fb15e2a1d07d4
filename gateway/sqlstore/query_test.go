package sqlstore

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// queries gives every string of the package's code that is SQL, and the migrations.
func queries(t *testing.T) map[string]string {
	t.Helper()
	out := map[string]string{}
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		set := token.NewFileSet()
		f, err := parser.ParseFile(set, name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(f, func(n ast.Node) bool {
			if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
				if text, err := strconv.Unquote(lit.Value); err == nil && sqlText.MatchString(text) {
					out[set.Position(lit.Pos()).String()] = text
				}
			}
			return true
		})
	}
	scripts, err := fs.Glob(os.DirFS("."), "migration/*.sql")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range scripts {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		out[name] = string(b)
	}
	return out
}

var sqlText = regexp.MustCompile(`\b(SELECT|INSERT INTO|UPDATE|DELETE FROM|FROM|WHERE|LIKE)\b`)

// outside lists what one of the engines does not know, or knows otherwise (architecture.md §11).
var outside = map[string]*regexp.Regexp{
	"skips locked rows":       regexp.MustCompile(`(?i)SKIP\s+LOCKED`),
	"json_each":               regexp.MustCompile(`(?i)json_each`),
	"ANY of an array":         regexp.MustCompile(`(?i)\bANY\s*\(`),
	"max of two":              regexp.MustCompile(`(?i)\b(max|min)\s*\([^()]*,`),
	"greatest":                regexp.MustCompile(`(?i)\b(greatest|least)\s*\(`),
	"INSERT OR":               regexp.MustCompile(`(?i)INSERT\s+OR\b`),
	"JSONB":                   regexp.MustCompile(`\bJSONB\b[^.]`),
	"an updating CTE":         regexp.MustCompile(`(?is)\bWITH\b.*\b(UPDATE|INSERT|DELETE)\b`),
	"an unnumbered parameter": regexp.MustCompile(`=\s*\?$|VALUES\s*\(\?`),
	"LIKE without lower":      regexp.MustCompile(`(?i)(?:^|[^)])\s+LIKE\s|LIKE\s+[^l\s]`),
	"ILIKE":                   regexp.MustCompile(`\bILIKE\b`),
	"an order of signs":       regexp.MustCompile(`<\s*'[^']*[^\w']'`), // each collation has its own
	"INTEGER":                 regexp.MustCompile(`\bINTEGER\b`),
}

func TestEveryQueryStaysInThePortableSubset(t *testing.T) {
	found := queries(t)
	if len(found) < 80 {
		t.Fatalf("only %d queries found: the search is broken", len(found))
	}
	for where, text := range found {
		if strings.Contains(text, "clock_timestamp") || strings.Contains(text, " unnest(") {
			continue // PostgreSQL alone is told that
		}
		for what, pattern := range outside {
			if pattern.MatchString(text) && !(what == "JSONB" && strings.HasPrefix(where, "migration")) {
				t.Errorf("%s: %s in %q", where, what, text)
			}
		}
	}
}

func TestThePatternsOfThePortableSubsetFind(t *testing.T) {
	for what, text := range map[string]string{
		"skips locked rows": "SELECT 1 FROM jobs FOR UPDATE SKIP LOCKED", "ANY of an array": "WHERE id = ANY($1)",
		"max of two": "UPDATE a SET b = max(b, $1)", "LIKE without lower": "WHERE subject LIKE $1", "json_each": "FROM json_each(x)",
		"an updating CTE": "WITH x AS (UPDATE a SET b=1 RETURNING b) SELECT b FROM x", "INSERT OR": "INSERT OR IGNORE INTO a",
		"an order of signs": "WHERE id >= 'a:' AND id < 'a;'",
	} {
		if !outside[what].MatchString(text) {
			t.Errorf("%s not found in %q", what, text)
		}
	}
}
