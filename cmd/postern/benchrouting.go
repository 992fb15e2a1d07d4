package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"time"

	"github.com/postern-chat/postern/gateway"
	"github.com/postern-chat/postern/gateway/sim"
)

// routingPlan is what 'postern bench routing' was asked for.
type routingPlan struct {
	seed  uint64
	chats int
	table bool
	need  time.Duration
	ask   gateway.Staffing
}

// routingReport is what the gateway's own routing does under a clock that jumps. Figures at the top are those of the
// desk that matters most: a quarter of the agents absent at load .7; jain is at load .85 with nobody absent.
type routingReport struct {
	Seed   uint64      `json:"seed"`
	Erlang []sim.Case  `json:"erlang_c"`
	Desks  []deskLine  `json:"desks"`
	Chats  int         `json:"chats"`
	Missed float64     `json:"missed"` // share
	P50    float64     `json:"wait_p50_s"`
	P95    float64     `json:"wait_p95_s"`
	Jain   float64     `json:"jain"`
	Over   int         `json:"over_capacity"`
	Wall   float64     `json:"wall_s"`     // of the chats of that desk alone
	All    float64     `json:"wall_all_s"` // of everything
	Goals  []goalLine  `json:"goals"`
	Named  deskNumbers `json:"table"`
}

// deskNumbers says which agents the table is about.
type deskNumbers struct {
	Agents int `json:"agents"`
	Seats  int `json:"seats"`
}

// deskLine is one row of the table.
type deskLine struct {
	Rule   string  `json:"rule"` // pause, or again: a missed ring changes nothing for the agent
	Load   float64 `json:"load"`
	Absent float64 `json:"absent"`
	Chats  int     `json:"chats"`
	Missed float64 `json:"missed"`
	P50    float64 `json:"wait_p50_s"`
	P95    float64 `json:"wait_p95_s"`
	Jain   float64 `json:"jain"`
	Over   int     `json:"over_capacity"`
}

// goalLine is one thing that must hold (mail-and-routing.md 2.7, R2 and R3).
type goalLine struct {
	Goal string `json:"goal"`
	Held bool   `json:"held"`
}

const routingUse = `usage: postern bench routing [flags]

Drives the gateway's own routing under a clock that jumps: first what Erlang C describes, beside its figures, then 20
agents with 3 chats each of whom some are online but not at their desk. The same seed gives the same figures. Prints
JSON; exits with 1 if a goal is not held.

  postern bench routing --table                                    for people
  postern bench routing --need 30s --per-hour 60 --absent 0.1      how many agents that load needs, so that 95 of 100
                                                                   visitors wait no longer

`

func parseRouting(c call) (p routingPlan, err error) {
	fs := benchFlags(c, "postern bench routing", routingUse)
	fs.Uint64Var(&p.seed, "seed", 1, "decides every arrival, ring and length")
	fs.IntVar(&p.chats, "chats", 1_000_000, "chats of the desk with a quarter of its agents absent; the other rows have a fifth of that")
	fs.BoolVar(&p.table, "table", false, "print a table instead of JSON")
	fs.DurationVar(&p.need, "need", 0, "instead: how many agents it takes that 95 of 100 visitors wait no longer than this")
	fs.Float64Var(&p.ask.PerHour, "per-hour", 60, "with --need: chats an hour")
	fs.DurationVar(&p.ask.Talk, "talk", 8*time.Minute, "with --need: how long a chat lasts, mean")
	fs.IntVar(&p.ask.Seats, "seats", gateway.DefaultCapacity, "with --need: chats at once, each agent")
	fs.Float64Var(&p.ask.Absent, "absent", 0, "with --need: share of the agents online who are not at their desk, 0 to 0.8")
	fs.DurationVar(&p.ask.Ring, "ring", gateway.DefaultRing, "with --need: one ring")
	fs.DurationVar(&p.ask.Missed, "missed", gateway.DefaultMissed, "with --need: longest wait")
	if err := fs.Parse(c.args); err != nil {
		return p, err
	}
	switch {
	case fs.NArg() > 0:
		return p, fmt.Errorf("unknown argument %q", fs.Arg(0))
	case p.chats < 1000 || p.chats > 20_000_000 || p.need < 0:
		return p, errors.New("a number is out of its bounds")
	case p.need > 0:
		p.ask.Wait = p.need
		return p, p.ask.Check()
	}
	return p, nil
}

// runBenchRouting is 'postern bench routing'.
func runBenchRouting(_ context.Context, c call) int {
	p, err := parseRouting(c)
	if errors.Is(err, flag.ErrHelp) {
		return exitOK
	}
	if err != nil {
		fmt.Fprintln(c.err, "postern bench routing:", err)
		return exitUsage
	}
	if p.need > 0 {
		a := sim.Staff(p.ask, p.seed)
		code := c.report(!p.table, a, func(w io.Writer) { staffTable(w, p.ask, a) })
		if a.Agents == 0 {
			return exitFailed
		}
		return code
	}
	r := p.measure()
	code := c.report(!p.table, r, r.table)
	for _, g := range r.Goals {
		if !g.Held {
			return exitFailed
		}
	}
	return code
}

// measure simulates the table, then the cases of Erlang C.
func (p routingPlan) measure() routingReport {
	began := time.Now()
	r := routingReport{Seed: p.seed, Chats: p.chats, Named: deskNumbers{20, gateway.DefaultCapacity}}
	some := max(1000, p.chats/5)
	main := sim.Ours(r.Named.Agents, r.Named.Seats, .25, .7, p.chats)
	w := main.Run(p.seed)
	r.Wall = time.Since(began).Seconds()
	r.Missed, r.P50, r.P95 = missedShare(w), w.P50, w.P95
	desks := []sim.Desk{main}
	for _, d := range []struct {
		absent, load float64
		again        bool
	}{{.1, .7, false}, {0, .7, false}, {0, .85, false}, {.25, .7, true}, {.1, .7, true}, {0, .7, true}} {
		o := sim.Ours(r.Named.Agents, r.Named.Seats, d.absent, d.load, some)
		o.Again = d.again
		desks = append(desks, o)
	}
	out := make([]sim.Waits, len(desks))
	out[0] = w
	sim.Beside(len(desks)-1, func(i int) { out[i+1] = desks[i+1].Run(p.seed) })
	for i, w := range out {
		r.Desks = append(r.Desks, lineOf(desks[i], w))
		r.Over += w.Over
	}
	r.Jain = r.Desks[3].Jain
	r.Erlang = sim.Cases()
	for i := range r.Erlang {
		r.Erlang[i].Simulate(p.seed)
	}
	r.All = time.Since(began).Seconds()
	r.judge(out)
	return r
}

func lineOf(d sim.Desk, w sim.Waits) deskLine {
	l := deskLine{
		Rule: "pause", Load: d.Load, Absent: d.Absent, Chats: w.Chats, Missed: missedShare(w), P50: w.P50, P95: w.P95, Jain: w.Jain, Over: w.Over,
	}
	if d.Again {
		l.Rule = "again"
	}
	return l
}

func missedShare(w sim.Waits) float64 { return float64(w.Missed) / float64(max(1, w.Chats)) }

func (r *routingReport) judge(out []sim.Waits) {
	inside, lost := true, 0
	for _, c := range r.Erlang {
		inside = inside && c.Inside && c.Narrow
	}
	for _, w := range out {
		lost += w.Lost
	}
	r.Goals = []goalLine{
		{"Erlang C is inside the 99 % interval in all five cases, each within a fifth", inside},
		{"25 % absent, load .7: missed at most 0.1 %", r.Missed <= .001},
		{"25 % absent, load .7: 95 of 100 wait at most 30 s", r.P95 <= 30},
		{"load .85: fairness at least .99", r.Jain >= .99},
		{"nobody over capacity, no chat lost", r.Over == 0 && lost == 0},
		{"1,000,000 chats in less than 30 s", r.Wall*1e6/float64(r.Chats) < 30},
	}
}

// table prints the report for people.
func (r routingReport) table(w io.Writer) {
	fmt.Fprintf(w, "Erlang C: mean wait, 8-minute chats, agents accept at once (%d simulations each)\n", sim.Seeds)
	fmt.Fprintf(w, "%8s %6s %10s %10s %10s  %s\n", "agents", "load", "theory s", "mean s", "± 99 %", "inside")
	for _, c := range r.Erlang {
		fmt.Fprintf(w, "%8d %6.2f %10.1f %10.1f %10.1f  %s\n", c.Agents, c.Load, c.Theory, c.Mean, c.Half, yes(c.Inside))
	}
	fmt.Fprintf(w, "\n%d agents with %d seats, ring %s, missed after %s\n", r.Named.Agents, r.Named.Seats, gateway.DefaultRing, gateway.DefaultMissed)
	fmt.Fprintf(w, "%-30s %7s %5s %10s %9s %7s %7s %8s\n", "after a missed ring", "absent", "load", "chats", "missed", "p50 s", "p95 s", "fairness")
	for _, l := range r.Desks {
		name := "assign_only until back"
		if l.Rule == "again" {
			name = "nothing (for comparison)"
		}
		fmt.Fprintf(w, "%-30s %5.0f %% %5.2f %10d %7.3f %% %7.1f %7.1f %8.4f\n", name, l.Absent*100, l.Load, l.Chats, l.Missed*100, l.P50, l.P95, l.Jain)
	}
	fmt.Fprintf(w, "\n%d chats in %.1f s; all in %.1f s\n", r.Chats, r.Wall, r.All)
	for _, g := range r.Goals {
		fmt.Fprintf(w, "%-3s  %s\n", yes(g.Held), g.Goal)
	}
}

func yes(v bool) string {
	if v {
		return "yes"
	}
	return "NO"
}

func staffTable(w io.Writer, q gateway.Staffing, a gateway.Staffed) {
	if a.Agents > 0 {
		fmt.Fprintf(w, "%d agents", a.Agents)
	} else {
		fmt.Fprint(w, "no number that was tried is enough")
	}
	fmt.Fprintf(w, ": %.0f chats an hour of %s, %d at once each, %.0f %% absent; 95 of 100 wait at most %s\n\n", q.PerHour, q.Talk, q.Seats, q.Absent*100, q.Wait)
	fmt.Fprintf(w, "%8s %8s %8s %9s  %s\n", "agents", "p50 s", "p95 s", "missed", "enough")
	for _, s := range a.Steps {
		fmt.Fprintf(w, "%8d %8.1f %8.1f %7.3f %%  %s\n", s.Agents, s.P50, s.P95, s.Missed*100, yes(s.Enough))
	}
}
