package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/postern-chat/postern/gateway/bench"
)

// tablePlan is what 'postern bench all' was asked for.
type tablePlan struct {
	rounds                           int
	seed                             uint64
	last, warm, stay                 time.Duration
	chats, idle, many, storm, growth int
	stored                           int
	rate                             float64
	connections                      int
	only, in, compare                string
	json                             bool
}

// tableReport is the table of goals with everything it was made from.
type tableReport struct {
	Machine bench.Machine   `json:"machine"`
	Seed    uint64          `json:"seed"`
	Rounds  []bench.Figures `json:"rounds"`
	Lines   []bench.Line    `json:"lines"`
	Missed  int             `json:"missed"`
	Failed  []string        `json:"failed,omitempty"` // measurements that came to no figure, and why
	Seconds float64         `json:"seconds"`
}

const allUse = `usage: postern bench all [flags]

Measures every line of the table of goals in one run: each round all measurements, in an order that the seed gives, so
that what disturbs the machine disturbs all alike. Prints medians, lowest and highest, target and ratio. PostgreSQL and
Redis are started on free ports, in temporary folders, and must be installed. Progress goes to standard error.

  postern bench all                                 one round, the growth to 1,000,000 stored messages
  postern bench all --rounds 3 --stored 10000000 --stay 5m    all of it, before a release
  postern bench all --only F3,F9                    some lines
  postern bench all --compare gateway/compare/compare         beside the references ('make bench' builds them)

`

func parseTable(c call) (p tablePlan, err error) {
	fs := benchFlags(c, "postern bench all", allUse)
	fs.IntVar(&p.rounds, "rounds", 1, "how often everything is measured")
	fs.Uint64Var(&p.seed, "seed", 1, "decides the order within the rounds")
	fs.DurationVar(&p.last, "last", 6*time.Second, "how long each load is measured")
	fs.DurationVar(&p.warm, "warm", 2*time.Second, "time before that")
	fs.DurationVar(&p.stay, "stay", time.Minute, "how long the many connections of F2 stay; 5m asks what the goal says, 1h before a release")
	fs.IntVar(&p.chats, "chats", 200, "conversations that are written in")
	fs.IntVar(&p.idle, "idle", 10_000, "connections of F1")
	fs.IntVar(&p.many, "many", 19_000, "connections of F2; each needs an open file here and in the gateway ('ulimit -n')")
	fs.IntVar(&p.storm, "storm", 5000, "clients of F12")
	fs.IntVar(&p.growth, "growth", 10_000, "conversations of F13")
	fs.IntVar(&p.stored, "stored", 1_000_000, "stored messages of F13; the goal is 10000000, which needs 6 GB in --dir and some minutes")
	fs.Float64Var(&p.rate, "rate", 1000, "messages a second of the open loops")
	fs.IntVar(&p.connections, "connections", 64, "connections of F11")
	fs.StringVar(&p.only, "only", "", "ids of lines to measure, with commas between; \"\" = all")
	fs.StringVar(&p.in, "dir", "", "folder for the databases: it should be on the disk that is meant; \"\" = where temporary files go")
	fs.StringVar(&p.compare, "compare", "", "the program of gateway/compare; \"\" = lines that need a reference are not measured")
	fs.BoolVar(&p.json, "json", false, "print JSON")
	if err := fs.Parse(c.args); err != nil {
		return p, err
	}
	switch {
	case fs.NArg() > 0:
		return p, fmt.Errorf("unknown argument %q", fs.Arg(0))
	case min(p.rounds, p.chats, p.idle, p.many, p.storm, p.growth, p.stored, p.connections) < 1 || p.rate <= 0 || min(p.last, p.stay) <= 0 || p.warm < 0:
		return p, errors.New("a number is out of its bounds")
	}
	for _, id := range p.ids() {
		if !slices.ContainsFunc(benchGoals(), func(g bench.Goal) bool { return g.ID == id }) {
			return p, fmt.Errorf("there is no line %q", id)
		}
	}
	return p, nil
}

func (p tablePlan) ids() []string {
	if p.only == "" {
		return nil
	}
	return strings.Split(p.only, ",")
}

// runBenchAll is 'postern bench all'. A missed goal is no failure of the command: the table says it.
func runBenchAll(ctx context.Context, c call) int {
	p, err := parseTable(c)
	if errors.Is(err, flag.ErrHelp) {
		return exitOK
	}
	if err != nil {
		fmt.Fprintln(c.err, "postern bench all:", err)
		return exitUsage
	}
	r, err := p.run(ctx, c)
	if err != nil {
		fmt.Fprintln(c.err, "postern bench all:", err)
		return exitFailed
	}
	if code := c.report(p.json, r, r.table); code != exitOK || len(r.Failed) == 0 {
		return code
	}
	return exitFailed
}

func (p tablePlan) run(ctx context.Context, c call) (r tableReport, err error) {
	begun := time.Now()
	t := &tableRun{tablePlan: p, benchLab: benchLab{call: c}}
	t.benchLab.tell = func(line string) { fmt.Fprintf(c.err, "%s  %s\n", time.Since(begun).Round(time.Second), line) }
	if err := t.open(p.in); err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, t.close()) }()
	r = tableReport{Machine: machine(), Seed: p.seed}
	for n := range p.rounds {
		if err := t.round(ctx, n); err != nil {
			return r, err
		}
		r.Rounds = append(r.Rounds, t.figures)
	}
	r.Failed = t.failed
	r.Seconds = time.Since(begun).Seconds()
	goals := slices.DeleteFunc(benchGoals(), func(g bench.Goal) bool { return p.only != "" && !slices.Contains(p.ids(), g.ID) })
	r.Lines = bench.Judge(goals, r.Rounds)
	for _, l := range r.Lines {
		if l.Verdict == bench.Missed {
			r.Missed++
		}
	}
	return r, nil
}

// tableRun is a table under way.
type tableRun struct {
	benchLab
	tablePlan
	figures bench.Figures // of this round
	failed  []string

	crowdOf *benchStage // a database with as many conversations as the largest measurement needs
	big     *benchStage // a database with many messages
	demo    string      // a data folder with the demo's articles
}

// round measures everything once. What fails is told and noted, and the others are measured. Errors: ctx has ended.
func (t *tableRun) round(ctx context.Context, n int) error {
	t.figures = bench.Figures{}
	some := t.some()
	order := rand.New(rand.NewPCG(t.seed, uint64(n)))
	order.Shuffle(len(some), func(i, j int) { some[i], some[j] = some[j], some[i] })
	for i, m := range some {
		t.tell(fmt.Sprintf("round %d of %d, %d of %d: %s", n+1, t.rounds, i+1, len(some), m.name))
		if err := m.run(ctx); err != nil {
			if ctx.Err() != nil {
				return fmt.Errorf("%s: %w", m.name, err)
			}
			t.failed = append(t.failed, fmt.Sprintf("round %d, %s: %v", n+1, m.name, err))
			t.tell(t.failed[len(t.failed)-1])
		}
	}
	return nil
}

// some gives the measurements that the wanted lines need.
func (t *tableRun) some() []measurement {
	wanted := t.ids()
	return slices.DeleteFunc(t.measurements(), func(m measurement) bool {
		return m.reference && t.compare == "" || len(wanted) > 0 && !slices.ContainsFunc(wanted, func(id string) bool { return slices.Contains(strings.Fields(m.ids), id) })
	})
}

// table prints the report for people.
func (r tableReport) table(w io.Writer) {
	fmt.Fprintf(w, "%s\n", r.Machine)
	for _, name := range slices.Sorted(maps.Keys(r.Machine.Versions)) {
		fmt.Fprintf(w, "  %s %s\n", name, r.Machine.Versions[name])
	}
	fmt.Fprintf(w, "seed %d, %d round(s), %.0f s\n\n", r.Seed, len(r.Rounds), r.Seconds)
	bench.WriteTable(w, r.Lines)
	fmt.Fprintf(w, "\nAll that was measured, medians:\n")
	bench.WriteFigures(w, r.Rounds)
	for _, f := range r.Failed {
		fmt.Fprintf(w, "FAILED  %s\n", f)
	}
}
