package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/postern-chat/postern/kb"
)

// guides writes a folder of Markdown: two good files, one broken, one link out.
func guides(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "guides")
	for name, text := range map[string]string{
		"return.md":    "---\ntitle: Return an order\nquestions: [how do i send it back]\n---\nSend the parcel back within 30 days.",
		"plans/end.md": "# Cancel your plan\n\nOpen Plan and press End.",
		"broken.md":    "---\ntitle: [\n---\nx",
		"draft.md":     "---\ntitle: Not yet\ndraft: true\n---\nSoon.",
	} {
		writeFile(t, filepath.Join(dir, name), text)
	}
	if err := os.Symlink("/etc/passwd", filepath.Join(dir, "passwd.md")); err != nil {
		t.Fatal(err)
	}
	return dir
}

func writeFile(t *testing.T, name, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// Every row is reported and the good ones are found by visitors of a gateway that runs; a second import doubles nothing,
// a third takes what differs, and what an editor changed here is left to him.
func TestKBImport(t *testing.T) {
	for name, start := range map[string]func(*testing.T) Config{"SQLite": alone, "PostgreSQL": shared} {
		t.Run(name, func(t *testing.T) { imports(t, start(t)) })
	}
}

// databaseOf is the environment of a command on the database of a configuration.
func databaseOf(c Config) []string {
	if c.DatabaseURL == "" {
		return nil
	}
	return []string{"POSTERN_DATABASE_URL=" + c.DatabaseURL, "POSTERN_SIGNING_KEY_FILE=" + c.SigningKeyFile, "POSTERN_SECRET_FILE=" + c.SecretFile}
}

func imports(t *testing.T, c Config) {
	dir, n := guides(t), startNode(t, c)
	run := func(want int, args ...string) string {
		t.Helper()
		return say(t, want, databaseOf(c), append(append([]string{"kb", "import"}, args...), "--data", c.Data)...)
	}
	articles := func() []kb.Article {
		t.Helper()
		list, err := n.Service.Articles.Articles(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return list
	}
	out := run(exitFailed, dir, "--publish", "--dry-run")
	if !strings.Contains(out, "3 new, 1 skipped, 1 refused (dry run") || len(articles()) != 0 {
		t.Errorf("dry run: %s\n%v", out, articles())
	}
	out = run(exitFailed, dir, "--publish")
	for _, want := range []string{
		"refused       broken.md; front matter, title: the list does not end\n", `new           return.md  "Return an order"; ar_`, "skipped       passwd.md; a symbolic link",
		"stays a draft, as it was there", "3 new, 1 skipped, 1 refused\n",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("the report lacks %q:\n%s", want, out)
		}
	}
	first := articles()
	if len(first) != 3 {
		t.Fatalf("%d articles, want 3", len(first))
	}
	end := ""
	for _, a := range first {
		if want := map[bool]kb.Status{true: kb.Draft, false: kb.Published}[a.Version.Title == "Not yet"]; a.Status != want {
			t.Errorf("%s is %s", a.Version.Title, a.Status)
		}
		if a.Version.Title == "Cancel your plan" {
			end = a.ID
		}
		if a.Status == kb.Published {
			findable(t, a.ID, n)
		}
	}
	if f := n.Service.Index.Search(kb.Query{Text: "how do i send it back"}); !f.Fits() {
		t.Errorf("not found: %+v", f)
	}
	if out = run(exitFailed, dir, "--publish"); !strings.Contains(out, "3 same, 1 skipped, 1 refused\n") || len(articles()) != 3 {
		t.Errorf("the second time: %s", out)
	}
	writeFile(t, filepath.Join(dir, "return.md"), "# Return an order\n\nSend the parcel back within 60 days.")
	writeFile(t, filepath.Join(dir, "broken.md"), "# Mended\n\nwords")
	mine, err := n.Service.Articles.Article(t.Context(), end)
	if err != nil {
		t.Fatal(err)
	}
	mine.Version.Body = "An editor's words."
	if _, err := n.Service.Articles.SaveVersion(t.Context(), mine, n.Service.Now()); err != nil {
		t.Fatal(err)
	}
	writeFile(t, filepath.Join(dir, "plans/end.md"), "# Cancel your plan\n\nOther words.")
	out = run(exitOK, dir, "--publish")
	if !strings.Contains(out, "1 new, 1 changed, 1 same, 1 edited here, 1 skipped\n") {
		t.Errorf("the third time: %s", out)
	}
	if a, err := n.Service.Articles.Article(t.Context(), end); err != nil || a.Version.Body != "An editor's words." || a.Published != 1 {
		t.Errorf("the editor's: %+v, %v", a, err)
	}
	waitFor(t, "the changed text to be found", func() bool {
		f := n.Service.Index.Explain(kb.Query{Text: "within 60 days"})
		return f.Fits && f.Results[0].Title == "Return an order"
	})
}

func TestKBImportRefuses(t *testing.T) {
	c := alone(t)
	dir := guides(t)
	for name, args := range map[string][]string{
		"no path": {}, "two paths": {dir, dir}, "another form": {dir, "--from", "word"}, "an unknown flag": {dir, "--fast"},
	} {
		if out := say(t, exitUsage, nil, append(append([]string{"kb", "import"}, args...), "--data", c.Data)...); !strings.Contains(out, "usage:") {
			t.Errorf("%s: %q", name, out)
		}
	}
	for name, args := range map[string][]string{
		"not there": {filepath.Join(dir, "none")}, "no such mailbox": {dir, "--mailbox", "nowhere"}, "an export that is a folder's": {filepath.Join(dir, "return.md"), "--from", "zendesk", "--mailbox", "nowhere"},
	} {
		say(t, exitFailed, nil, append(append([]string{"kb", "import"}, args...), "--data", c.Data)...)
		if out := say(t, exitOK, nil, "kb", "search", "return", "--data", c.Data); out != "nothing fits\n" {
			t.Errorf("%s: something was taken: %q", name, out)
		}
	}
}
