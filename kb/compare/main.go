// Command compare searches the articles of 'postern bench kb' with Bleve and SQLite FTS5, and asks them its questions
// and question sets, for the ratios of its tables. It is a module of its own, so that nothing of theirs is ever linked
// into the gateway.
//
// ADD A REFERENCE in references.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/postern-chat/postern/kb"
	"github.com/postern-chat/postern/kb/measure"
)

// reference builds an engine of articles in a folder of its own, on disk.
type reference struct {
	name string
	make func(dir string, articles []kb.Article) (measure.Engine, error)
}

// references gives what can be measured, in the order of the tables.
func references() []reference {
	return []reference{{"Bleve", newBleve}, {"FTS5", newFTS5}}
}

// plan is what was asked for.
type plan struct {
	engines   []string
	sizes     []int
	questions int
	seed      int64
	sets, in  string
	print     func(measure.Row) error
	tell      func(string)
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "compare:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	p, err := parse(args)
	if err != nil {
		return err
	}
	begun := time.Now()
	p.tell = func(line string) { fmt.Fprintf(os.Stderr, "%s  %s\n", time.Since(begun).Round(time.Second), line) }
	p.print = func(r measure.Row) error { return json.NewEncoder(os.Stdout).Encode(r) }
	return p.all(ctx)
}

func parse(args []string) (p plan, err error) {
	fs := flag.NewFlagSet("compare", flag.ContinueOnError)
	engines := fs.String("engines", "Bleve,FTS5", "what is measured, with commas between")
	sizes := fs.String("articles", "1000,10000", "numbers of articles that are searched, with commas between; \"\" = none")
	fs.IntVar(&p.questions, "questions", 600, "questions of each size")
	fs.Int64Var(&p.seed, "seed", 1, "decides every invented word")
	fs.StringVar(&p.sets, "sets", "", "a folder of question sets; \"\" = speeds only")
	fs.StringVar(&p.in, "dir", "", "folder for the indexes; \"\" = where temporary files go")
	if err := fs.Parse(args); err != nil {
		return p, err
	}
	p.engines = strings.Split(*engines, ",")
	for n := range strings.FieldsFuncSeq(*sizes, func(r rune) bool { return r == ',' }) {
		size, err := strconv.Atoi(n)
		if err != nil || size < 1 {
			return p, fmt.Errorf("--articles: %q is no number of articles", n)
		}
		p.sizes = append(p.sizes, size)
	}
	for _, name := range p.engines {
		if !slices.ContainsFunc(references(), func(r reference) bool { return r.name == name }) {
			return p, fmt.Errorf("--engines: there is no %q", name)
		}
	}
	if fs.NArg() > 0 || p.questions < 1 || p.seed < 0 {
		return p, errors.New("usage: compare [--engines Bleve,FTS5] [--articles 1000,10000] [--questions N] [--seed N] [--sets DIR] [--dir DIR]")
	}
	return p, nil
}

// all measures every engine and prints a row for each measurement.
func (p plan) all(ctx context.Context) error {
	var root fs.FS
	var sets []measure.Set
	var err error
	if p.sets != "" {
		root = os.DirFS(p.sets)
		if sets, err = measure.Sets(root); err != nil {
			return err
		}
	}
	loads, err := measure.NewLoads(root, p.seed)
	if err != nil {
		return err
	}
	for _, r := range references() {
		if !slices.Contains(p.engines, r.name) {
			continue
		}
		for _, size := range p.sizes {
			if err := p.speed(ctx, r, loads.Of(size), size); err != nil {
				return fmt.Errorf("%s, %d articles: %w", r.name, size, err)
			}
		}
		for _, s := range sets {
			if err := p.quality(ctx, r, s); err != nil {
				return fmt.Errorf("%s, %s: %w", r.name, s.Name, err)
			}
		}
	}
	return nil
}

func (p plan) speed(ctx context.Context, r reference, from measure.Source, size int) error {
	p.tell(fmt.Sprintf("%s: searching %d articles", r.name, size))
	s := measure.Speed{Engine: r.name, Articles: size}
	articles := from.Articles(size)
	took, err := p.with(r, articles, func(e measure.Engine) error { return s.Times(ctx, e, from.Questions(p.questions)) })
	if err != nil {
		return err
	}
	s.Build = measure.Millis(took)
	return p.print(measure.Row{Speed: &s})
}

func (p plan) quality(ctx context.Context, r reference, set measure.Set) error {
	p.tell(fmt.Sprintf("%s: asking %s", r.name, set.Name))
	var q measure.Quality
	took, err := p.with(r, set.Articles(nil), func(e measure.Engine) (err error) {
		q, err = measure.Ask(ctx, e, set)
		return err
	})
	if err != nil {
		return err
	}
	q.Engine, q.Build = r.name, measure.Millis(took)
	return p.print(measure.Row{Quality: &q})
}

// with builds an engine in a new folder, lets use have it, and gives the time of the build.
func (p plan) with(r reference, articles []kb.Article, use func(measure.Engine) error) (took time.Duration, err error) {
	dir, err := os.MkdirTemp(p.in, "compare-")
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	begun := time.Now()
	e, err := r.make(filepath.Join(dir, "index"), articles)
	if err != nil {
		return 0, err
	}
	took = time.Since(begun)
	return took, errors.Join(use(e), e.Close())
}
