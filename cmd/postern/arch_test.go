package main

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/postern-chat/postern"

// place is one row of the table: where a package stands and which modules of others it may use.
type place struct {
	floor   int
	modules string // separated by blanks
	core    bool   // knows no technology: no clock, no chance, no state of its own
	suite   bool   // imported by tests only
}

const leaf, joins = 2, 4

// places is the table of architecture.md §3. A NEW PACKAGE OR MODULE GETS ITS ROW HERE, and a DECISIONS entry.
func places() map[string]place {
	return map[string]place{
		"verify":             {floor: 0, core: true, modules: "github.com/golang-jwt/jwt/v5 github.com/gowebpki/jcs golang.org/x/mod"},
		"kb":                 {floor: 0, core: true, modules: "github.com/blevesearch/snowballstem golang.org/x/text"},
		"widget":             {floor: 0},
		"gateway":            {floor: 1, core: true, modules: "github.com/oklog/ulid/v2"},
		"gateway/help":       {floor: 1},
		"verify/receipt":     {floor: 1, modules: "github.com/golang-jwt/jwt/v5"},
		"verify/webhook":     {floor: leaf},
		"verify/dial":        {floor: 1},
		"verify/callback":    {floor: leaf},
		"verify/oidc":        {floor: leaf, modules: "github.com/coreos/go-oidc/v3 golang.org/x/oauth2 github.com/golang-jwt/jwt/v5"},
		"verify/ssf":         {floor: leaf},
		"verify/adapter":     {floor: leaf},
		"verify/value":       {floor: leaf, modules: "golang.org/x/net golang.org/x/text"},
		"verify/conformance": {floor: leaf},
		"kb/measure":         {floor: leaf},
		"kb/markdown":        {floor: leaf, modules: "github.com/yuin/goldmark"},
		"kb/export":          {floor: leaf, modules: "golang.org/x/net"},
		"kb/openai":          {floor: leaf, modules: "github.com/sashabaranov/go-openai"},
		"gateway/sqlstore":   {floor: leaf, modules: "modernc.org/sqlite github.com/jackc/pgx/v5 github.com/pressly/goose/v3"},
		// The migrations are a folder of the store, embedded there.
		"gateway/sqlstore/migration": {floor: 0},
		"gateway/local":              {floor: leaf},
		"gateway/bench":              {floor: leaf},
		"gateway/redis":              {floor: leaf, modules: "github.com/redis/go-redis/v9"},
		"gateway/mail":               {floor: leaf, modules: "github.com/wneessen/go-mail github.com/jhillyerd/enmime/v2 github.com/microcosm-cc/bluemonday github.com/emersion/go-smtp github.com/emersion/go-imap/v2 github.com/emersion/go-msgauth golang.org/x/net"},
		"gateway/token":              {floor: leaf, modules: "golang.org/x/crypto github.com/golang-jwt/jwt/v5 github.com/go-webauthn/webauthn"},
		"gateway/notify":             {floor: leaf},
		"gateway/sim":                {floor: leaf},
		"gateway/web":                {floor: 3, modules: "github.com/gofiber/fiber/v2 github.com/valyala/fasthttp github.com/coder/websocket github.com/prometheus/client_golang golang.org/x/net"},
		"cmd/postern":                {floor: joins, modules: "github.com/BurntSushi/toml github.com/coder/websocket"},
		"cmd/shop":                   {floor: joins},
		"deploy/samples/go":          {floor: joins},
		"cmd/shop/site":              {floor: leaf, modules: "modernc.org/sqlite golang.org/x/crypto github.com/golang-jwt/jwt/v5"},
		"verify/verifytest":          {floor: leaf, suite: true, modules: "github.com/golang-jwt/jwt/v5 golang.org/x/oauth2"},
		"kb/kbtest":                  {floor: leaf, suite: true},
		"gateway/gatewaytest":        {floor: leaf, suite: true},
		"gateway/gatewaytest/server": {floor: leaf, suite: true, modules: "github.com/jackc/pgx/v5 golang.org/x/net"},
		// It knows nothing of the gateway: it compares lists.
		"gateway/gatewaytest/history": {floor: leaf, suite: true},
	}
}

// testModules may be used by every test.
const testModules = "github.com/rogpeppe/go-internal github.com/coder/websocket"

// tree is the source of the module, parsed by ourselves: a test that runs 'go list' stays green from the test
// cache after a bad import.
type tree struct {
	root  string
	fset  *token.FileSet
	files map[string][]*ast.File // by package folder
	types map[string]*types.Package
	info  *types.Info
	bad   []string
}

func TestArchitecture(t *testing.T) {
	for _, m := range violations(t, filepath.Join("..", "..")) {
		t.Error(m)
	}
}

// violations lists everything in the tree that breaks the table or the rules of architecture.md §3.
func violations(t *testing.T, root string) []string {
	t.Helper()
	x := &tree{root: root, fset: token.NewFileSet(), files: map[string][]*ast.File{}, types: map[string]*types.Package{}}
	x.info = &types.Info{Uses: map[*ast.Ident]types.Object{}, Selections: map[*ast.SelectorExpr]*types.Selection{}}
	if err := filepath.WalkDir(root, x.parse); err != nil {
		t.Fatal(err)
	}
	for folder, files := range x.files {
		row, ok := places()[folder]
		if !ok {
			x.say(token.NoPos, "package %s has no row in the table of cmd/postern/arch_test.go", folder)
			continue
		}
		x.comment(folder, files)
		for _, f := range files {
			x.imports(folder, row, f)
		}
		if _, err := x.Import(module + "/" + folder); err != nil {
			t.Fatal(err)
		}
		if row.core {
			x.purity(folder)
		}
		x.guardOnly(folder)
	}
	slices.Sort(x.bad)
	return x.bad
}

func (x *tree) say(pos token.Pos, format string, a ...any) {
	where := ""
	if pos.IsValid() {
		where = x.fset.Position(pos).String() + ": "
	}
	x.bad = append(x.bad, where+fmt.Sprintf(format, a...))
}

func (x *tree) parse(path string, d fs.DirEntry, err error) error {
	if err != nil {
		return err
	}
	name := d.Name()
	if d.IsDir() {
		// compare/ folders are modules of their own.
		if path != x.root && (strings.HasPrefix(name, ".") || name == "testdata" || name == "node_modules" || name == "compare") {
			return fs.SkipDir
		}
		return nil
	}
	if !strings.HasSuffix(name, ".go") {
		return nil
	}
	f, err := parser.ParseFile(x.fset, path, nil, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return err
	}
	for _, c := range f.Comments {
		if c.Pos() < f.Package && strings.HasPrefix(c.List[0].Text, "//go:build ignore") {
			return nil // a program that go run starts by its name
		}
	}
	folder, err := filepath.Rel(x.root, filepath.Dir(path))
	folder = filepath.ToSlash(folder)
	x.files[folder] = append(x.files[folder], f)
	return err
}

func (x *tree) isTest(f *ast.File) bool {
	return strings.HasSuffix(x.fset.Position(f.Package).Filename, "_test.go")
}

func (x *tree) comment(folder string, files []*ast.File) {
	code, said := false, false
	for _, f := range files {
		code = code || !x.isTest(f)
		said = said || !x.isTest(f) && f.Doc != nil
	}
	if code && !said {
		x.say(token.NoPos, "package %s has no comment", folder)
	}
}

func (x *tree) imports(folder string, row place, f *ast.File) {
	for _, spec := range f.Imports {
		path, _ := strconv.Unquote(spec.Path.Value) // the parser has checked it
		host, _, _ := strings.Cut(path, "/")
		switch own, isOwn := strings.CutPrefix(path, module+"/"); {
		case isOwn:
			x.own(folder, row, f, spec, own)
		case strings.Contains(host, "."):
			x.foreign(folder, row, f, spec, path)
		default:
			x.standard(folder, row, f, spec, path)
		}
	}
}

// own checks an import inside the module: lower floors only, leaves by cmd only, suites by tests only.
func (x *tree) own(folder string, row place, f *ast.File, spec *ast.ImportSpec, own string) {
	to, ok := places()[own]
	test := x.isTest(f)
	switch {
	case !ok:
		x.say(spec.Pos(), "%s imports %s, which has no row in the table", folder, own)
	case own == folder && test, own == "gateway/sqlstore/migration" && folder == "gateway/sqlstore":
	case to.suite && !test && !row.suite:
		x.say(spec.Pos(), "%s imports the suite %s: only tests may", folder, own)
	case to.suite:
	case test && to.floor <= leaf: // a test may start real neighbours
	case to.floor >= row.floor:
		x.say(spec.Pos(), "%s (floor %d) imports %s (floor %d)", folder, row.floor, own, to.floor)
	case to.floor == leaf && row.floor != joins:
		x.say(spec.Pos(), "%s imports the leaf %s: only cmd may", folder, own)
	}
}

func (x *tree) foreign(folder string, row place, f *ast.File, spec *ast.ImportSpec, path string) {
	allowed := strings.Fields(row.modules)
	if x.isTest(f) {
		allowed = append(allowed, strings.Fields(testModules)...)
		for _, other := range places() { // a test may speak to what a leaf hides
			allowed = append(allowed, strings.Fields(other.modules)...)
		}
	}
	if !slices.ContainsFunc(allowed, func(m string) bool { return path == m || strings.HasPrefix(path, m+"/") }) {
		x.say(spec.Pos(), "%s imports %s, which its row in the table does not allow", folder, path)
	}
}

func (x *tree) standard(folder string, row place, f *ast.File, spec *ast.ImportSpec, path string) {
	if x.isTest(f) || row.suite {
		return
	}
	if (path == "database/sql" || strings.HasPrefix(path, "database/sql/")) && folder != "gateway/sqlstore" && folder != "cmd/shop/site" {
		x.say(spec.Pos(), "%s imports %s: SQL lives in gateway/sqlstore, and the demo shop has its own", folder, path)
	}
	if row.core && (path == "math/rand" || path == "math/rand/v2") {
		x.say(spec.Pos(), "%s imports %s: randomness is passed in", folder, path)
	}
}

// Import type-checks a package of this module from its files. What comes from elsewhere stays unknown, which is
// enough to tell a package variable from a local one and a call of Executor from any other.
func (x *tree) Import(path string) (*types.Package, error) {
	folder, ok := strings.CutPrefix(path, module+"/")
	if !ok {
		return nil, errors.New("not of this module")
	}
	if p, begun := x.types[folder]; begun {
		if p == nil {
			return nil, errors.New("import cycle")
		}
		return p, nil
	}
	x.types[folder] = nil
	var files []*ast.File
	for _, f := range x.files[folder] {
		if !x.isTest(f) {
			files = append(files, f)
		}
	}
	conf := types.Config{Importer: x, Error: func(error) {}} // unknown imports are expected
	p, _ := conf.Check(path, x.fset, files, x.info)
	x.types[folder] = p
	return p, nil
}

// purity refuses clock, init, panic and mutable package variables in a core.
func (x *tree) purity(folder string) {
	for _, f := range x.files[folder] {
		if x.isTest(f) {
			continue
		}
		ast.Inspect(f, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.FuncDecl:
				if n.Name.Name == "init" && n.Recv == nil {
					x.say(n.Pos(), "%s has an init function", folder)
				}
			case *ast.SelectorExpr:
				if pkg, ok := n.X.(*ast.Ident); ok && pkg.Name == "time" && slices.Contains([]string{"Now", "Since", "Until"}, n.Sel.Name) {
					x.say(n.Pos(), "%s calls time.%s: now is passed in", folder, n.Sel.Name)
				}
				if pkg, ok := n.X.(*ast.Ident); ok && (pkg.Name == "sync" || pkg.Name == "atomic") && x.atPackageLevel(f, n) {
					x.say(n.Pos(), "%s has a package variable of %s", folder, pkg.Name)
				}
			case *ast.CallExpr:
				if id, ok := n.Fun.(*ast.Ident); ok && id.Name == "panic" {
					x.say(n.Pos(), "%s panics", folder)
				}
			}
			for _, target := range targets(n) {
				if v := x.packageVariable(target); v != "" {
					x.say(n.Pos(), "%s changes the package variable %s", folder, v)
				}
			}
			return true
		})
	}
}

// atPackageLevel reports whether the expression stands in the declaration of a package variable.
func (x *tree) atPackageLevel(f *ast.File, e ast.Expr) bool {
	return slices.ContainsFunc(f.Decls, func(d ast.Decl) bool {
		g, ok := d.(*ast.GenDecl)
		return ok && g.Tok == token.VAR && g.Pos() <= e.Pos() && e.End() <= g.End()
	})
}

// targets are the expressions that a node may change: left sides, ++, &x, delete(x), clear(x), copy(x).
func targets(n ast.Node) []ast.Expr {
	switch n := n.(type) {
	case *ast.AssignStmt:
		if n.Tok != token.DEFINE {
			return n.Lhs
		}
	case *ast.IncDecStmt:
		return []ast.Expr{n.X}
	case *ast.RangeStmt:
		if n.Tok == token.ASSIGN {
			return []ast.Expr{n.Key, n.Value}
		}
	case *ast.UnaryExpr:
		if n.Op == token.AND {
			return []ast.Expr{n.X}
		}
	case *ast.CallExpr:
		if id, ok := n.Fun.(*ast.Ident); ok && len(n.Args) > 0 && slices.Contains([]string{"delete", "clear", "copy"}, id.Name) {
			return n.Args[:1]
		}
	}
	return nil
}

// packageVariable is the name of the package variable at the root of an expression like v.f[i], or "".
func (x *tree) packageVariable(e ast.Expr) string {
	for {
		switch n := e.(type) {
		case *ast.IndexExpr:
			e = n.X
		case *ast.SelectorExpr:
			e = n.X
		case *ast.StarExpr:
			e = n.X
		case *ast.ParenExpr:
			e = n.X
		case *ast.SliceExpr:
			e = n.X
		case *ast.Ident:
			if v, ok := x.info.Uses[n].(*types.Var); ok && v.Pkg() != nil && v.Parent() == v.Pkg().Scope() {
				return v.Name()
			}
			return ""
		default:
			return ""
		}
	}
}

// guardOnly refuses a call of verify.Executor or verify.Signer anywhere but in a method of verify.Guard.
func (x *tree) guardOnly(folder string) {
	for _, f := range x.files[folder] {
		for _, d := range f.Decls {
			if x.isTest(f) || folder == "verify" && receiver(d) == "Guard" {
				continue
			}
			ast.Inspect(d, func(n ast.Node) bool {
				sel, ok := n.(*ast.SelectorExpr)
				if !ok || x.info.Selections[sel] == nil {
					return true
				}
				switch x.info.Selections[sel].Recv().String() {
				case module + "/verify.Executor", module + "/verify.Signer":
					if !places()[folder].suite {
						x.say(n.Pos(), "%s calls %s: only Guard may", folder, sel.Sel.Name)
					}
				}
				return true
			})
		}
	}
}

// receiver is the type name of a method's receiver, or "".
func receiver(d ast.Decl) string {
	f, ok := d.(*ast.FuncDecl)
	if !ok || f.Recv == nil || len(f.Recv.List) == 0 {
		return ""
	}
	t := f.Recv.List[0].Type
	if star, ok := t.(*ast.StarExpr); ok {
		t = star.X
	}
	if id, ok := t.(*ast.Ident); ok {
		return id.Name
	}
	return ""
}

func TestArchitectureFindsWhatIsForbidden(t *testing.T) {
	const doc = "// Package x is a test.\npackage x\n"
	const gate = doc + "type Executor interface{ Apply() }\ntype Signer interface{ Sign() }\ntype Guard struct{ E Executor }\nfunc (g *Guard) Do() { g.E.Apply() }\n"
	cases := []struct{ name, folder, text, want string }{
		{"a core imports a leaf", "gateway", `import _ "` + module + `/gateway/redis"`, "floor 1) imports gateway/redis (floor 2"},
		{"a core in a circle with a leaf", "gateway/local", `import _ "` + module + `/gateway/local"`, "floor 2) imports gateway/local (floor 2"},
		{"a leaf imports a leaf", "gateway/mail", `import _ "` + module + `/gateway/redis"`, "floor 2) imports gateway/redis (floor 2"},
		{"web imports a leaf", "gateway/web", `import _ "` + module + `/gateway/redis"`, "imports the leaf"},
		{"code imports a suite", "gateway", `import _ "` + module + `/gateway/gatewaytest"`, "imports the suite"},
		{"a module without a row", "kb", `import _ "github.com/gofiber/fiber/v2"`, "does not allow"},
		{"websocket outside web", "gateway", `import _ "github.com/coder/websocket"`, "does not allow"},
		{"SQL outside the store", "gateway/web", `import _ "database/sql"`, "SQL lives in"},
		{"chance in a core", "kb", `import _ "math/rand/v2"`, "randomness is passed in"},
		{"the clock in a core", "kb", "import \"time\"\nfunc f() any { return time.Now() }", "calls time.Now"},
		{"init in a core", "kb", "func init() {}", "init function"},
		{"panic in a core", "kb", `func f() { panic("x") }`, "panics"},
		{"a variable assigned to", "kb", "var n int\nfunc f() { n = 1 }", "changes the package variable n"},
		{"a table written to", "kb", "var m = map[int]int{}\nfunc f() { m[1]++ }", "changes the package variable m"},
		{"a lock at package level", "kb", "import \"sync\"\nvar mu sync.Mutex", "package variable of sync"},
		{"a package without a row", "gateway/common", "", "has no row"},
		{"the executor called outside", "gateway/web", `import "` + module + "/verify\"\nfunc f(e verify.Executor) { e.Apply() }", "calls Apply: only Guard may"},
		{"the signer called beside Guard", "verify/callback", `import "` + module + "/verify\"\ntype s struct{ k verify.Signer }\nfunc (x s) f() { x.k.Sign() }", "calls Sign: only Guard may"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			root := t.TempDir()
			plant(t, root, "verify", gate)
			plant(t, root, "gateway/redis", doc)
			plant(t, root, "gateway/gatewaytest", doc)
			if bad := violations(t, root); len(bad) != 0 {
				t.Fatalf("the tree is bad before: %v", bad)
			}
			plant(t, root, c.folder, doc+c.text)
			bad := violations(t, root)
			if len(bad) != 1 || !strings.Contains(bad[0], c.want) {
				t.Fatalf("want one line with %q, got %q", c.want, bad)
			}
		})
	}
}

func TestArchitectureAllowsConstantLikeVariables(t *testing.T) {
	root := t.TempDir()
	plant(t, root, "kb", `// Package kb is a test.
package kb

import (
	"errors"
	"regexp"
)

var (
	errGone = errors.New("gone")
	word    = regexp.MustCompile("[a-z]+")
	table   = map[string]int{"a": 1}
)

func f() (any, int) {
	errGone := errGone // a local of the same name may change
	errGone = nil
	return errGone, table[word.String()]
}
`)
	if bad := violations(t, root); len(bad) != 0 {
		t.Fatal(bad)
	}
}

func TestArchitectureAsksForPackageComments(t *testing.T) {
	root := t.TempDir()
	plant(t, root, "kb", "package kb\n")
	if bad := violations(t, root); len(bad) != 1 || !strings.Contains(bad[0], "has no comment") {
		t.Fatal(bad)
	}
}

func plant(t *testing.T, root, folder, text string) {
	t.Helper()
	dir := filepath.Join(root, filepath.FromSlash(folder))
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	text = strings.Replace(text, "package x\n", "package "+filepath.Base(dir)+"\n", 1)
	if err := os.WriteFile(filepath.Join(dir, "planted.go"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
