package main

import (
	"context"
	"encoding/json"
	"runtime"
	"slices"
	"time"

	"github.com/postern-chat/postern/kb"
	"github.com/postern-chat/postern/kb/markdown"
	"github.com/postern-chat/postern/kb/measure"
)

// evalReport is the one object that 'postern kb eval' prints. Its fields are defined in EVAL.md of the sets.
type evalReport struct {
	Queries  int `json:"queries"`
	Docs     int `json:"docs"`
	NoAnswer int `json:"no_answer_queries"`
	kb.Ranking
	P50        millis    `json:"p50_ms"`
	P99        millis    `json:"p99_ms"`
	AUROC      *kb.Share `json:"auroc_no_answer"`
	BuildMS    millis    `json:"build_ms"`
	HeapPerDoc int64     `json:"heap_bytes_per_doc"`
	Flags      []string  `json:"flags"`
}

// millis is a time in milliseconds.
type millis float64

// MarshalJSON writes microseconds, not more.
func (m millis) MarshalJSON() ([]byte, error) { return json.Marshal(float64(int64(m*1000)) / 1000) }

// madeIndex is an index and what it took.
type madeIndex struct {
	index *kb.Index
	took  time.Duration
	heap  int64 // bytes
}

// build makes an index. The articles live before and after, so the heap counts what the index adds to them.
func build(articles []kb.Article) madeIndex {
	before := liveHeap()
	index := &kb.Index{}
	start := time.Now()
	index.Set(articles, markdown.Plain)
	b := madeIndex{index: index, took: time.Since(start)}
	b.heap = liveHeap() - before
	runtime.KeepAlive(articles)
	return b
}

func liveHeap() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// measure searches every question, then times them. ctx ends it early.
func (e *eval) measure(ctx context.Context) (evalReport, []kb.Run, error) {
	queries := e.queries()
	runs := make([]kb.Run, len(queries))
	report := evalReport{Docs: len(e.set.Docs), Flags: append([]string{}, e.flags...)}
	perm, parts := folds(len(queries)), 1
	if e.phrasings > 0 {
		parts = kb.Folds
	}
	var times []float64
	for fold := range parts {
		var added map[string][]string
		mine := slices.Sorted(slices.Values(perm))
		if e.phrasings > 0 {
			added, mine = e.set.Learned(perm, fold, e.phrasings), inFold(perm, fold)
		}
		b := build(e.set.Articles(added))
		report.BuildMS += millis(b.took.Seconds()*1000) / millis(parts)
		report.HeapPerDoc += b.heap / int64(parts*max(1, report.Docs))
		for _, i := range mine {
			if ctx.Err() != nil {
				return report, nil, ctx.Err()
			}
			runs[i] = runOf(e.set.Queries[i].ID, b.index.Search(queries[i]))
		}
		times = append(times, timed(b.index, queries, mine)...)
	}
	slices.Sort(times)
	report.P50, report.P99 = millis(measure.Percentile(times, 0.5)), millis(measure.Percentile(times, 0.99))
	report.Ranking, report.Queries = e.set.Rank(runs)
	report.NoAnswer = len(queries) - report.Queries
	report.AUROC = e.set.AUROC(runs)
	return report, runs, nil
}

func runOf(query string, f kb.Found) kb.Run {
	r := kb.Run{Query: query, Docs: []string{}, Coverage: f.Coverage}
	for _, x := range f.Results {
		r.Docs = append(r.Docs, x.Article)
	}
	return r
}

// timed gives the milliseconds of each search for 5 results; the caller's own pass has warmed up.
func timed(index *kb.Index, queries []kb.Query, which []int) []float64 {
	out := make([]float64, len(which))
	for n, i := range which {
		q := queries[i]
		q.Limit = 5
		start := time.Now()
		index.Search(q)
		out[n] = time.Since(start).Seconds() * 1000
	}
	return out
}
