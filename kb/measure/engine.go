package measure

import (
	"cmp"
	"context"
	"math"
	"runtime"
	"slices"
	"time"

	"github.com/postern-chat/postern/kb"
)

// Engine is a search that is measured.
type Engine interface {
	// Search gives the ids of at most q.Limit articles, best first.
	Search(q kb.Query) ([]string, error)
	Close() error
}

// Row is one line of what a program of references prints: one of the two.
type Row struct {
	Speed   *Speed   `json:"speed,omitempty"`
	Quality *Quality `json:"quality,omitempty"`
}

// Speed is what one engine needs for so many articles, in milliseconds: to be built, for a whole question, and for one
// that is being typed.
type Speed struct {
	Engine    string  `json:"engine"`
	Articles  int     `json:"articles"`
	Questions int     `json:"questions"`
	Build     float64 `json:"build_ms"`
	P50       float64 `json:"p50_ms"`
	P99       float64 `json:"p99_ms"`
	TypingP50 float64 `json:"typing_p50_ms"`
	TypingP99 float64 `json:"typing_p99_ms"`
}

// Quality is how well an engine finds what a question set asks, and how fast, in milliseconds.
type Quality struct {
	Set     string   `json:"set"`
	Variant string   `json:"variant,omitempty"` // how the questions were changed: "--prefix 0.5"
	Engine  string   `json:"engine"`
	MRR10   kb.Share `json:"mrr10"`
	Hit3    kb.Share `json:"hit3"`
	Build   float64  `json:"build_ms"`
	P50     float64  `json:"p50_ms"`
	P99     float64  `json:"p99_ms"`
}

const (
	shown  = 5  // results of a timed search (EVAL.md)
	ranked = 10 // results that quality looks at
)

// Times fills in the times of the questions, whole and typed. ctx ends it early.
func (s *Speed) Times(ctx context.Context, e Engine, questions []string) (err error) {
	s.Questions = len(questions)
	if s.P50, s.P99, err = timed(ctx, e, questions, false); err != nil {
		return err
	}
	s.TypingP50, s.TypingP99, err = timed(ctx, e, questions, true)
	return err
}

// timed asks all questions twice, from one goroutine: the first time warms up.
func timed(ctx context.Context, e Engine, questions []string, typing bool) (p50, p99 float64, err error) {
	runtime.GC() // what was built has left garbage behind
	times := make([]float64, len(questions))
	for range 2 {
		for i, text := range questions {
			if typing {
				text = Typed(text)
			}
			q := kb.Query{Text: text, Typing: typing, Limit: shown}
			begun := time.Now()
			_, err := e.Search(q)
			times[i] = Millis(time.Since(begun))
			if err = cmp.Or(ctx.Err(), err); err != nil {
				return 0, 0, err
			}
		}
	}
	slices.Sort(times)
	return Percentile(times, .5), Percentile(times, .99), nil
}

// Ask asks all questions of a set, whole, and judges the first ten results.
func Ask(ctx context.Context, e Engine, set Set) (q Quality, err error) {
	texts, runs := make([]string, len(set.Queries)), make([]kb.Run, len(set.Queries))
	for i, ask := range set.Queries {
		texts[i] = ask.Text
		docs, err := e.Search(kb.Query{Text: ask.Text, Limit: ranked})
		if err = cmp.Or(ctx.Err(), err); err != nil {
			return q, err
		}
		runs[i] = kb.Run{Query: ask.ID, Docs: docs}
	}
	r, _ := set.Rank(runs)
	q.Set, q.MRR10, q.Hit3 = set.Name, r.MRR10, r.Hit3
	q.P50, q.P99, err = timed(ctx, e, texts, false)
	return q, err
}

// Millis is a time in milliseconds, to the microsecond.
func Millis(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// Percentile is the nearest-rank one of sorted values, 0 of none.
func Percentile(sorted []float64, share float64) float64 {
	if len(sorted) == 0 {
		return 0
	}
	i := int(math.Ceil(share*float64(len(sorted)))) - 1
	return sorted[min(max(i, 0), len(sorted)-1)]
}
