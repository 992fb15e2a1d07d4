// Package widget holds what browsers load: the loader, the visitor panel, the console and the admin pages, as
// build.go made them (web.md §12). Without a build it is empty and Built says so.
package widget

import (
	"embed"
	"encoding/json"
	"io/fs"
	"path"
	"strings"
)

//go:embed all:dist
var dist embed.FS

//go:embed mail/i18n/*.json
var mailTexts embed.FS

//go:embed help/i18n/*.json
var helpTexts embed.FS

// MailTexts gives the lines that stand in mails: language → key → text with {parameters}. They are the user
// interface's words too, but no browser loads them. Errors: a file that is no JSON.
func MailTexts() (map[string]map[string]string, error) {
	return readTexts(mailTexts, "mail/i18n/*.json")
}

// HelpTexts gives the words of the help center, which the server draws, as MailTexts does.
func HelpTexts() (map[string]map[string]string, error) {
	return readTexts(helpTexts, "help/i18n/*.json")
}

func readTexts(from fs.FS, pattern string) (map[string]map[string]string, error) {
	files, err := fs.Glob(from, pattern)
	if err != nil {
		return nil, err
	}
	out := map[string]map[string]string{}
	for _, name := range files {
		b, err := fs.ReadFile(from, name)
		if err != nil {
			return nil, err
		}
		var texts map[string]string
		if err := json.Unmarshal(b, &texts); err != nil {
			return nil, err
		}
		out[strings.TrimSuffix(path.Base(name), ".json")] = texts
	}
	return out, nil
}

// Entry is one asset: its hashed file under /assets/, its subresource integrity and the style sheet it needs.
type Entry struct {
	File      string `json:"file"`
	Integrity string `json:"integrity"` // sha384-…
	CSS       string `json:"css,omitempty"`
}

// Manifest names the assets by their plain names: "loader.js", "visitor.js", "visitor.css", "console.js", ….
type Manifest map[string]Entry

// FS gives the built files, with .gz twins beside them.
func FS() (fs.FS, error) { return fs.Sub(dist, "dist") }

// Built says whether build.go ran before the binary was made.
func Built() bool {
	_, err := fs.Stat(dist, "dist/manifest.json")
	return err == nil
}

// ReadManifest gives the manifest of the build. Without one the error is fs.ErrNotExist.
func ReadManifest() (Manifest, error) {
	b, err := fs.ReadFile(dist, "dist/manifest.json")
	if err != nil {
		return nil, err
	}
	var m Manifest
	if err := json.Unmarshal(b, &m); err != nil {
		return nil, err
	}
	return m, nil
}
