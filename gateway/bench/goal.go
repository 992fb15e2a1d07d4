package bench

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// Figures are what one round measured, by name.
type Figures map[string]float64

// Goal is one line of the table of goals. Source: performance.md §1.
type Goal struct {
	ID, What, Unit string
	Figure         func(Figures) (float64, bool) // false: not measured
	Target         func(Figures) (float64, bool)
	AtLeast        bool // the figure has to reach the target; else it has to stay below
}

// Verdicts of a line.
const (
	Passed      = "PASS"
	Missed      = "MISSED"
	NotMeasured = "not measured"
)

// Line is a goal with what the rounds came to: medians, and the figure's range.
type Line struct {
	ID      string  `json:"id"`
	What    string  `json:"what"`
	Unit    string  `json:"unit"`
	Figure  float64 `json:"figure"`
	Min     float64 `json:"min"`
	Max     float64 `json:"max"`
	AtLeast bool    `json:"at_least"`
	Target  float64 `json:"target"`
	Ratio   float64 `json:"ratio"` // figure to target
	Verdict string  `json:"verdict"`
}

// Judge makes the table of all rounds.
func Judge(goals []Goal, rounds []Figures) []Line {
	var out []Line
	for _, g := range goals {
		out = append(out, g.line(rounds))
	}
	return out
}

func (g Goal) line(rounds []Figures) Line {
	l := Line{ID: g.ID, What: g.What, Unit: g.Unit, AtLeast: g.AtLeast, Verdict: NotMeasured}
	var figures, targets []float64
	for _, r := range rounds {
		f, ok := g.Figure(r)
		t, also := g.Target(r)
		if ok && also {
			figures, targets = append(figures, f), append(targets, t)
		}
	}
	if len(figures) == 0 {
		return l
	}
	l.Figure, l.Min, l.Max, l.Target = Median(figures), slices.Min(figures), slices.Max(figures), Median(targets)
	if l.Target != 0 {
		l.Ratio = l.Figure / l.Target
	}
	l.Verdict = Missed
	if g.AtLeast && l.Figure >= l.Target || !g.AtLeast && l.Figure <= l.Target {
		l.Verdict = Passed
	}
	return l
}

// Median of numbers; of an even count the mean of the two in the middle. None: 0.
func Median(all []float64) float64 {
	s := slices.Sorted(slices.Values(all))
	n := len(s)
	if n == 0 {
		return 0
	}
	return (s[(n-1)/2] + s[n/2]) / 2
}

// Named is a figure by its name.
func Named(name string) func(Figures) (float64, bool) {
	return func(f Figures) (float64, bool) {
		v, ok := f[name]
		return v, ok
	}
}

// Over is one figure to another.
func Over(name, other string) func(Figures) (float64, bool) {
	return func(f Figures) (float64, bool) {
		a, ok := f[name]
		b, also := f[other]
		if !ok || !also || b == 0 {
			return 0, false
		}
		return a / b, true
	}
}

// Minus is one figure less another.
func Minus(name, other string) func(Figures) (float64, bool) {
	return func(f Figures) (float64, bool) {
		a, ok := f[name]
		b, also := f[other]
		return a - b, ok && also
	}
}

// Fixed is a target that is the same everywhere.
func Fixed(v float64) func(Figures) (float64, bool) {
	return func(Figures) (float64, bool) { return v, true }
}

// Scaled is a rate that holds where a reference reaches its basis; below, it scales with that, because the machine is
// slower. Without the reference it holds as it is. Source: performance.md §5.
func Scaled(v float64, reference string, basis float64) func(Figures) (float64, bool) {
	return func(f Figures) (float64, bool) {
		if r, ok := f[reference]; ok && r < basis {
			return v * r / basis, true
		}
		return v, true
	}
}

// Loosest is the highest of a fixed bound, and factor times a figure and some.
func Loosest(v, factor float64, name string, some float64) func(Figures) (float64, bool) {
	return func(f Figures) (float64, bool) {
		r, ok := f[name]
		if !ok {
			return v, true
		}
		return max(v, factor*r+some), true
	}
}

// WriteTable prints lines for people, ids in order as they come.
func WriteTable(w io.Writer, lines []Line) {
	fmt.Fprintf(w, "%-4s %-62s %10s %-21s %12s %7s  %s\n", "", "", "figure", "(lowest – highest)", "target", "ratio", "")
	for _, l := range lines {
		if l.Verdict == NotMeasured {
			fmt.Fprintf(w, "%-4s %-62s %10s\n", l.ID, l.What, l.Verdict)
			continue
		}
		sign := "≤"
		if l.AtLeast {
			sign = "≥"
		}
		ratio := "–"
		if l.Target != 0 {
			ratio = fmt.Sprintf("%.2f", l.Ratio)
		}
		fmt.Fprintf(w, "%-4s %-62s %10s (%8s – %8s) %12s %7s  %s\n", l.ID, l.What, digits(l.Figure), digits(l.Min), digits(l.Max),
			strings.TrimSpace(sign+" "+digits(l.Target)+" "+l.Unit), ratio, l.Verdict)
	}
}

// digits writes a number with as many digits as tell something.
func digits(v float64) string {
	switch {
	case v >= 100 || v <= -100:
		return fmt.Sprintf("%.0f", v)
	case v >= 10 || v <= -10:
		return fmt.Sprintf("%.1f", v)
	}
	return fmt.Sprintf("%.2f", v)
}

// loadFigures are the columns that a load has.
func loadFigures() []string {
	return []string{"rate", "deliveries", "cpu", "load_cpu", "ack_p50", "ack_p99", "ack_p999", "p50", "p99", "p999"}
}

// WriteFigures prints the medians of everything that was measured: loads in a table, the rest by name.
func WriteFigures(w io.Writer, rounds []Figures) {
	all, loads := map[string][]float64{}, map[string]bool{}
	for _, r := range rounds {
		for name, v := range r {
			all[name] = append(all[name], v)
			if load, ok := strings.CutSuffix(name, ".ack_p50"); ok {
				loads[load] = true
			}
		}
	}
	fmt.Fprintf(w, "%-14s %10s %10s %8s %8s | %8s %8s %8s | %8s %8s %8s\n%-14s %10s %10s %8s %8s | %26s | %26s\n",
		"", "messages", "delivered", "gateway", "load", "p50", "p99", "p99.9", "p50", "p99", "p99.9",
		"", "/s", "/s", "µs", "µs", "send to ack, ms", "send to delivered, ms")
	for _, load := range slices.Sorted(maps.Keys(loads)) {
		var cells []any
		for _, figure := range loadFigures() {
			cells = append(cells, digits(Median(all[load+"."+figure])))
			delete(all, load+"."+figure)
		}
		fmt.Fprintf(w, "%-14s %10s %10s %8s %8s | %8s %8s %8s | %8s %8s %8s\n", append([]any{load}, cells...)...)
	}
	for _, name := range slices.Sorted(maps.Keys(all)) {
		fmt.Fprintf(w, "%-24s %10s\n", name, digits(Median(all[name])))
	}
}
