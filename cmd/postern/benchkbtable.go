package main

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/postern-chat/postern/gateway/bench"
	"github.com/postern-chat/postern/kb"
	"github.com/postern-chat/postern/kb/measure"
)

// table prints the report for people.
func (r kbReport) table(w io.Writer) {
	from := "invented articles, seed " + fmt.Sprint(r.Seed)
	if !r.Invented {
		from = "articles of the question sets' texts"
	}
	fmt.Fprintf(w, "%s\n%s, %d round(s), %.0f s\n\n", r.Machine, from, len(r.Rounds), r.Seconds)
	bench.WriteTable(w, r.Lines)
	fmt.Fprintf(w, "\n%-8s %9s | %8s %8s | %8s %8s | %9s\n", "ms", "articles", "p50", "p99", "typing", "p99", "build")
	for _, s := range r.Speeds {
		fmt.Fprintf(w, "%-8s %9d | %8.2f %8.2f | %8.2f %8.2f | %9.0f\n", s.Engine, s.Articles, s.P50, s.P99, s.TypingP50, s.TypingP99, s.Build)
	}
	if len(r.Quality) == 0 {
		fmt.Fprintf(w, "\nNo question sets were given (--sets DIR, or KB_SETS=DIR of make): only speeds.\n")
		return
	}
	r.qualityTable(w)
}

// qualityTable has a row for each set and variant, and a column for each engine: MRR@10 and hit@3.
func (r kbReport) qualityTable(w io.Writer) {
	var rows, engines []string
	cells := map[[2]string]string{}
	for _, q := range r.Quality {
		name := strings.TrimSpace(q.Set + " " + q.Variant)
		cells[[2]string{name, q.Engine}] = fmt.Sprintf("%.3f / %.3f", q.MRR10, q.Hit3)
		if !slices.Contains(rows, name) {
			rows = append(rows, name)
		}
		if !slices.Contains(engines, q.Engine) {
			engines = append(engines, q.Engine)
		}
	}
	const mean = "mean of the sets"
	for _, e := range engines {
		m := meanOf(r.Quality, e)
		cells[[2]string{mean, e}] = fmt.Sprintf("%.3f / %.3f", m.MRR10, m.Hit3)
	}
	fmt.Fprintf(w, "\n%-24s", "MRR@10 / hit@3")
	for _, e := range engines {
		fmt.Fprintf(w, "  %-13s", e)
	}
	for _, name := range append(rows, mean) {
		fmt.Fprintf(w, "\n%-24s", name)
		for _, e := range engines {
			fmt.Fprintf(w, "  %-13s", cmp.Or(cells[[2]string{name, e}], "–"))
		}
	}
	fmt.Fprintln(w)
}

// meanOf is an engine's plain mean over the sets as they are, variants left out.
func meanOf(all []measure.Quality, engine string) (sum measure.Quality) {
	n := kb.Share(0)
	for _, q := range all {
		if q.Engine == engine && q.Variant == "" {
			sum.MRR10, sum.Hit3, n = sum.MRR10+q.MRR10, sum.Hit3+q.Hit3, n+1
		}
	}
	if n > 0 {
		sum.MRR10, sum.Hit3 = sum.MRR10/n, sum.Hit3/n
	}
	return sum
}
