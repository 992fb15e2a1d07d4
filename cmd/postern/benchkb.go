package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/postern-chat/postern/gateway/bench"
	"github.com/postern-chat/postern/kb/measure"
)

// kbPlan is what 'postern bench kb' was asked for.
type kbPlan struct {
	sizes                             []int
	questions, rounds, built, changes int
	seed                              int64
	sets, compare, in                 string
	table                             bool
}

// kbReport is how fast articles are found and, on question sets, how well.
type kbReport struct {
	Machine  bench.Machine     `json:"machine"`
	Seed     int64             `json:"seed"`
	Invented bool              `json:"invented"` // the articles of the speeds; false = made of the question sets
	Speeds   []measure.Speed   `json:"speeds"`   // Postern's are medians of the rounds
	Quality  []measure.Quality `json:"quality"`
	Rounds   []bench.Figures   `json:"rounds"`
	Lines    []bench.Line      `json:"lines"`
	Missed   int               `json:"missed"`
	Seconds  float64           `json:"seconds"`
}

const kbUse = `usage: postern bench kb [flags]

Measures the search of articles: whole questions and half-typed ones by the number of articles, the build of the index
and its memory, and how long until a published change is found on a gateway of its own with an empty database. Articles
and questions are invented from the seed, with word frequencies as in prose. One goroutine asks, after a pass that warms
up. Prints JSON; a missed goal is no failure, the table says it. Progress goes to standard error.

  postern bench kb --table                                     for people
  postern bench kb --table --sets DIR                          also how well it finds what question sets ask: DIR holds a
                                                               folder for each, as 'postern kb eval' reads it. With the
                                                               sets of the project, articles are made of their texts
  postern bench kb --table --compare kb/compare/compare        beside Bleve and SQLite FTS5 ('make bench-kb' builds it)

`

const (
	fewestArticles, mostArticles = 10, 200_000
	mostQuestions                = 10_000
)

func parseBenchKB(c call) (p kbPlan, err error) {
	fs := benchFlags(c, "postern bench kb", kbUse)
	sizes := fs.String("articles", "1000,10000,100000", "numbers of articles that are searched, with commas between")
	fs.IntVar(&p.questions, "questions", 600, "questions of each size; of question sets at most those that there are")
	fs.IntVar(&p.rounds, "rounds", 1, "how often Postern's speed is measured")
	fs.IntVar(&p.built, "built", 10_000, "articles of K10: build, memory, changes")
	fs.IntVar(&p.changes, "changes", 50, "articles that are changed, one after the other")
	fs.Int64Var(&p.seed, "seed", 1, "decides every invented word")
	fs.StringVar(&p.sets, "sets", "", "a folder of question sets; \"\" = speeds only")
	fs.StringVar(&p.compare, "compare", "", "the program of kb/compare; \"\" = Postern alone")
	fs.StringVar(&p.in, "dir", "", "folder for the databases: it should be on the disk that is meant; \"\" = where temporary files go")
	fs.BoolVar(&p.table, "table", false, "print a table instead of JSON")
	if err := fs.Parse(c.args); err != nil {
		return p, err
	}
	if fs.NArg() > 0 {
		return p, fmt.Errorf("unknown argument %q", fs.Arg(0))
	}
	for n := range strings.SplitSeq(*sizes, ",") {
		size, err := strconv.Atoi(n)
		if err != nil {
			return p, fmt.Errorf("--articles: %q is no number", n)
		}
		p.sizes = append(p.sizes, size)
	}
	return p, p.check()
}

func (p kbPlan) check() error {
	for _, n := range append(p.sizes, p.built) {
		if n < fewestArticles || n > mostArticles {
			return fmt.Errorf("a number of articles goes from %d to %d", fewestArticles, mostArticles)
		}
	}
	if p.questions < 1 || p.questions > mostQuestions || p.rounds < 1 || p.changes < 1 || p.changes > p.built || p.seed < 0 {
		return errors.New("a number is out of its bounds")
	}
	return nil
}

// runBenchKB is 'postern bench kb'.
func runBenchKB(ctx context.Context, c call) int {
	p, err := parseBenchKB(c)
	if errors.Is(err, flag.ErrHelp) {
		return exitOK
	}
	if err != nil {
		fmt.Fprintln(c.err, "postern bench kb:", err)
		return exitUsage
	}
	r, err := p.run(ctx, c)
	if err != nil {
		fmt.Fprintln(c.err, "postern bench kb:", err)
		return exitFailed
	}
	return c.report(!p.table, r, r.table)
}

func (p kbPlan) run(ctx context.Context, c call) (r kbReport, err error) {
	begun := time.Now()
	k := &kbRun{kbPlan: p, benchLab: benchLab{call: c}}
	k.tell = func(line string) { fmt.Fprintf(c.err, "%s  %s\n", time.Since(begun).Round(time.Second), line) }
	var root fs.FS
	if p.sets != "" {
		root = os.DirFS(p.sets)
		if k.quality, err = measure.Sets(root); err != nil {
			return r, fmt.Errorf("--sets: %w", err)
		}
	}
	if k.loads, err = measure.NewLoads(root, p.seed); err != nil {
		return r, fmt.Errorf("--sets: %w", err)
	}
	if err := k.open(p.in); err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, k.close()) }()
	if err := k.all(ctx); err != nil {
		return r, err
	}
	r = kbReport{Machine: machine(), Seed: p.seed, Invented: k.loads.Invented(), Speeds: k.speeds, Quality: k.found, Rounds: k.past}
	r.Lines = bench.Judge(kbGoals(), r.Rounds)
	for _, l := range r.Lines {
		if l.Verdict == bench.Missed {
			r.Missed++
		}
	}
	r.Seconds = time.Since(begun).Seconds()
	return r, nil
}
