package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"math"
	"math/rand"
	"os"
	"slices"
	"strings"

	"github.com/postern-chat/postern/kb"
)

const kbUsage = evalUsage + "\n" + searchUsage + "\n" + importUsage

// runKB is 'postern kb': the articles of the help and their search, from the command line.
func runKB(ctx context.Context, c call) int {
	if len(c.args) > 0 {
		switch verb := c.args[0]; verb {
		case "eval":
			return runEval(ctx, c)
		case "search":
			return runSearch(ctx, call{c.args[1:], c.env, c.out, c.err})
		case "import":
			return runImport(ctx, call{c.args[1:], c.env, c.out, c.err})
		}
	}
	fmt.Fprintln(c.err, kbUsage)
	return exitUsage
}

// runEval is 'postern kb eval DIR': it measures the search on a question set, as EVAL.md of the sets defines it.
func runEval(ctx context.Context, c call) int {
	e, err := parseEval(c)
	if err != nil {
		fmt.Fprintln(c.err, "postern kb eval:", err)
		return exitUsage
	}
	report, runs, err := e.measure(ctx)
	if err == nil && e.run != "" {
		err = writeRuns(e.run, runs)
	}
	if err != nil {
		fmt.Fprintln(c.err, "postern kb eval:", err)
		return exitFailed
	}
	return printed(c, json.NewEncoder(c.out).Encode(report))
}

func printed(c call, err error) int {
	if err != nil {
		fmt.Fprintln(c.err, "postern:", err)
		return exitFailed
	}
	return exitOK
}

const evalUsage = "usage: postern kb eval DIR [--group] [--history] [--typos SEED] [--prefix FRACTION] [--phrasings K] [--run FILE]"

// eval is one measurement.
type eval struct {
	set       kb.EvalSet
	history   bool
	misspell  *rand.Rand // nil = texts as they are
	prefix    float64    // 0 = whole texts
	phrasings int        // 0 = none
	run       string
	flags     []string // as given, for the report
}

// parseEval reads the arguments, flags before or after the folder, and then the set.
func parseEval(c call) (*eval, error) {
	e := &eval{}
	fs := flag.NewFlagSet("kb eval", flag.ContinueOnError)
	fs.SetOutput(c.err)
	fs.Usage = func() { fmt.Fprintln(c.err, evalUsage) }
	group := fs.Bool("group", false, "documents of one group are one article")
	fs.BoolVar(&e.history, "history", false, "use the visitor's previous turn")
	seed := fs.Int64("typos", 0, "one slip in each question, drawn from this seed")
	fs.Float64Var(&e.prefix, "prefix", 0, "search this share of the characters, while typing")
	fs.IntVar(&e.phrasings, "phrasings", 0, "learn up to this many phrasings, in five folds")
	fs.StringVar(&e.run, "run", "", "write the ranked ids here")
	var dirs []string
	for rest := c.args[1:]; ; rest = fs.Args()[1:] {
		if err := fs.Parse(rest); err != nil {
			return nil, err
		}
		if fs.NArg() == 0 {
			break
		}
		dirs = append(dirs, fs.Arg(0))
	}
	if len(dirs) != 1 {
		return nil, errors.New("one folder, please")
	}
	fs.Visit(func(f *flag.Flag) {
		if f.Name != "run" {
			e.flags = append(e.flags, strings.TrimSuffix("--"+f.Name+" "+f.Value.String(), " true"))
		}
		if f.Name == "typos" {
			e.misspell = rand.New(rand.NewSource(*seed))
		}
	})
	if e.prefix < 0 || e.prefix > 1 || math.IsNaN(e.prefix) || e.phrasings < 0 {
		return nil, errors.New("--prefix goes from 0 to 1, --phrasings from 0")
	}
	var err error
	e.set, err = kb.ReadEvalSet(os.DirFS(dirs[0]))
	if *group {
		e.set = e.set.Grouped()
	}
	return e, err
}

// query is what is searched for a question.
func (e *eval) query(q kb.EvalQuery) kb.Query {
	out := kb.Query{Text: q.Text, Limit: kb.MaxRun}
	if e.misspell != nil && len(e.set.Want[q.ID]) > 0 {
		out.Text = misspell(e.misspell, q.Text)
	}
	if e.prefix > 0 {
		r := []rune(out.Text)
		out.Text, out.Typing = string(r[:min(len(r), max(1, int(e.prefix*float64(len(r)))))]), true
	}
	if e.history && len(q.History) > 0 {
		out.Before = q.History[len(q.History)-1]
	}
	return out
}

// queries are drawn once, in file order: the typos depend on it.
func (e *eval) queries() []kb.Query {
	out := make([]kb.Query, len(e.set.Queries))
	for i, q := range e.set.Queries {
		out[i] = e.query(q)
	}
	return out
}

func writeRuns(file string, runs []kb.Run) (err error) {
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	out := json.NewEncoder(f)
	out.SetEscapeHTML(false)
	for _, r := range runs {
		if err := out.Encode(r); err != nil {
			return err
		}
	}
	return nil
}

// folds gives the permutation that cuts the questions: the same for everybody.
func folds(n int) []int { return rand.New(rand.NewSource(5)).Perm(n) }

// inFold are the positions of the queries of a fold, in file order.
func inFold(perm []int, fold int) []int {
	var out []int
	for i, p := range perm {
		if i%kb.Folds == fold {
			out = append(out, p)
		}
	}
	slices.Sort(out)
	return out
}
