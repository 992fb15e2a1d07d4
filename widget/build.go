//go:build ignore

// Build makes widget/dist: the loader, the four apps, one file per language, manifest.json and .gz twins
// (web.md §12). Run it in the repository's root: go run ./widget/build.go [--watch].
package main

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/evanw/esbuild/pkg/api"
)

type entry struct {
	File      string `json:"file"`
	Integrity string `json:"integrity"`
	CSS       string `json:"css,omitempty"`
}

const root = "widget"

func main() {
	if err := build(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	if len(os.Args) > 1 && os.Args[1] == "--watch" {
		if err := watch(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
}

// groups are built apart: what console and admin share must not reach the visitor's panel, nor the confirm page.
func groups() [][]string {
	return [][]string{{"visitor"}, {"rate"}, {"transcript"}, {"continue"}, {"console", "admin"}, {"verify"}}
}

// sheets are pages that the server draws: they are built from a style sheet alone.
func sheets() []string { return []string{"help"} }

// apps gives the entry points of names that exist.
func apps(names ...string) []api.EntryPoint {
	var out []api.EntryPoint
	for _, name := range names {
		for _, file := range []string{"main.tsx", name + ".css"} {
			path := filepath.Join(root, name, file)
			if _, err := os.Stat(path); err == nil {
				out = append(out, api.EntryPoint{InputPath: path, OutputPath: name})
				break
			}
		}
	}
	return out
}

func options(names ...string) api.BuildOptions {
	return api.BuildOptions{
		EntryPointsAdvanced: apps(names...), Bundle: true, Splitting: true, Format: api.FormatESModule, Target: api.ES2022,
		MinifyIdentifiers: true, MinifySyntax: true, MinifyWhitespace: true, Charset: api.CharsetUTF8,
		JSX: api.JSXAutomatic, JSXImportSource: "preact", Outdir: filepath.Join(root, "dist"), Metafile: true,
		EntryNames: "[name]-[hash]", ChunkNames: "chunk-[hash]", AssetNames: "[name]-[hash]",
		Alias: map[string]string{
			"react": "preact/compat", "react-dom": "preact/compat", "react/jsx-runtime": "preact/jsx-runtime",
		},
		Define: map[string]string{"process.env.NODE_ENV": `"production"`}, LegalComments: api.LegalCommentsNone,
	}
}

func build() error {
	dist := filepath.Join(root, "dist")
	if err := clean(dist); err != nil {
		return err
	}
	manifest := map[string]entry{}
	for _, names := range append(groups(), sheets()) {
		if err := bundle(dist, manifest, names); err != nil {
			return err
		}
	}
	if err := loader(dist, manifest); err != nil {
		return err
	}
	raw, err := json.MarshalIndent(manifest, "", "\t")
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dist, "manifest.json"), append(raw, '\n'), 0o644); err != nil {
		return err
	}
	return twins(dist)
}

func clean(dist string) error {
	old, err := filepath.Glob(filepath.Join(dist, "*"))
	if err != nil {
		return err
	}
	for _, f := range old {
		if filepath.Base(f) == ".keep" {
			continue
		}
		if err := os.Remove(f); err != nil {
			return err
		}
	}
	return nil
}

func bundle(dist string, manifest map[string]entry, names []string) error {
	o := options(names...)
	if len(o.EntryPointsAdvanced) == 0 {
		return nil
	}
	r := api.Build(o)
	if len(r.Errors) > 0 {
		return failed(r.Errors)
	}
	var meta struct {
		Outputs map[string]struct {
			EntryPoint string `json:"entryPoint"`
			CSSBundle  string `json:"cssBundle"`
		} `json:"outputs"`
	}
	if err := json.Unmarshal([]byte(r.Metafile), &meta); err != nil {
		return err
	}
	for _, f := range r.OutputFiles {
		if err := os.WriteFile(f.Path, f.Contents, 0o644); err != nil {
			return err
		}
		name := filepath.Base(f.Path)
		e := entry{File: name, Integrity: sri(f.Contents)}
		o := meta.Outputs[root+"/dist/"+name]
		if o.CSSBundle != "" {
			e.CSS = filepath.Base(o.CSSBundle)
		}
		key := name
		if o.EntryPoint != "" || strings.HasSuffix(name, ".css") {
			key = name[:strings.LastIndexByte(name, '-')] + filepath.Ext(name)
		}
		manifest[key] = e
	}
	return nil
}

// loader writes loader.js, and the same under its hash for pages that pin it.
func loader(dist string, manifest map[string]entry) error {
	r := api.Build(api.BuildOptions{
		EntryPoints: []string{filepath.Join(root, "loader", "main.ts")}, Bundle: true, Format: api.FormatIIFE,
		Target: api.ES2022, MinifyIdentifiers: true, MinifySyntax: true, MinifyWhitespace: true,
		Charset: api.CharsetUTF8, LegalComments: api.LegalCommentsNone,
	})
	if len(r.Errors) > 0 {
		return failed(r.Errors)
	}
	b := r.OutputFiles[0].Contents
	sum := sha256.Sum256(b)
	hashed := "loader-" + hex.EncodeToString(sum[:4]) + ".js"
	for _, name := range []string{"loader.js", hashed} {
		if err := os.WriteFile(filepath.Join(dist, name), b, 0o644); err != nil {
			return err
		}
	}
	manifest["loader.js"] = entry{File: hashed, Integrity: sri(b)}
	return nil
}

func twins(dist string) error {
	files, err := filepath.Glob(filepath.Join(dist, "*.*s*"))
	if err != nil {
		return err
	}
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			return err
		}
		var z bytes.Buffer
		w, err := gzip.NewWriterLevel(&z, gzip.BestCompression)
		if err != nil {
			return err
		}
		if _, err := w.Write(b); err != nil {
			return err
		}
		if err := w.Close(); err != nil {
			return err
		}
		if err := os.WriteFile(f+".gz", z.Bytes(), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// watch builds again on each change of a source; it ends with the process.
func watch() error {
	again := options(slices.Concat(append(groups(), sheets())...)...)
	again.Plugins = []api.Plugin{{Name: "again", Setup: func(b api.PluginBuild) {
		b.OnEnd(func(*api.BuildResult) (api.OnEndResult, error) {
			if err := build(); err != nil {
				fmt.Fprintln(os.Stderr, err)
			}
			return api.OnEndResult{}, nil
		})
	}}}
	again.Write = false
	again.EntryPointsAdvanced = append(again.EntryPointsAdvanced,
		api.EntryPoint{InputPath: filepath.Join(root, "loader", "main.ts"), OutputPath: "loader"})
	ctx, bad := api.Context(again)
	if bad != nil {
		return failed(bad.Errors)
	}
	if err := ctx.Watch(api.WatchOptions{}); err != nil {
		return err
	}
	select {}
}

func failed(errs []api.Message) error {
	return fmt.Errorf("%s", strings.Join(api.FormatMessages(errs, api.FormatMessagesOptions{}), ""))
}

func sri(b []byte) string {
	sum := sha512.Sum384(b)
	return "sha384-" + base64.StdEncoding.EncodeToString(sum[:])
}
