package measure

import (
	"cmp"
	"errors"
	"io/fs"
	"slices"

	"github.com/postern-chat/postern/kb"
)

// Source makes articles and questions.
type Source interface {
	Articles(n int) []kb.Article
	Questions(n int) []string
}

// Loads gives each number of articles a source, the same for every engine.
type Loads struct {
	seed  int64
	mixed *Mixed // nil = invented
}

// NewLoads takes the articles from sets, if these are all there; nil or others = invented ones, from the seed.
// Errors: of sets that are there and cannot be read.
func NewLoads(sets fs.FS, seed int64) (Loads, error) {
	l := Loads{seed: seed}
	if sets == nil {
		return l, nil
	}
	m, err := Mix(sets)
	if errors.Is(err, fs.ErrNotExist) {
		return l, nil
	}
	l.mixed = m
	return l, err
}

// Invented reports whether the articles are.
func (l Loads) Invented() bool { return l.mixed == nil }

// Of gives the source of so many articles.
func (l Loads) Of(articles int) Source {
	if l.mixed != nil {
		return l.mixed
	}
	return Invent(l.seed<<20 + int64(articles))
}

// Set is a question set with the name of its folder. Documents of one group are one article.
type Set struct {
	Name string
	kb.EvalSet
}

// Sets reads every folder that holds documents, in order of names. Errors: of one that cannot be read; no folder at all.
func Sets(root fs.FS) ([]Set, error) {
	files, err := fs.Glob(root, "*/docs.jsonl")
	if err != nil || len(files) == 0 {
		return nil, cmp.Or(err, errors.New("no folder in it has a docs.jsonl"))
	}
	slices.Sort(files)
	out := make([]Set, len(files))
	for i, f := range files {
		name := f[:len(f)-len("/docs.jsonl")]
		dir, err := fs.Sub(root, name)
		if err != nil {
			return nil, err
		}
		set, err := kb.ReadEvalSet(dir)
		if err != nil {
			return nil, errors.Join(errors.New(name), err)
		}
		out[i] = Set{name, set.Grouped()}
	}
	return out, nil
}
