package main

import (
	"context"
	"fmt"
	"runtime"
	"strings"

	"github.com/postern-chat/postern/gateway/bench"
	"github.com/postern-chat/postern/kb"
	"github.com/postern-chat/postern/kb/measure"
)

// kbRun is a 'postern bench kb' under way.
type kbRun struct {
	benchLab
	kbPlan
	loads   measure.Loads
	quality []measure.Set
	figures bench.Figures // of this round
	past    []bench.Figures
	speeds  []measure.Speed
	found   []measure.Quality
}

// kbEngine is the name of ours beside the references.
const kbEngine = "Postern"

// indexEngine is the index as an engine among others.
type indexEngine struct{ *kb.Index }

// Search implements measure.Engine.
func (e indexEngine) Search(q kb.Query) ([]string, error) {
	found := e.Index.Search(q)
	ids := make([]string, len(found.Results))
	for i, r := range found.Results {
		ids[i] = r.Article
	}
	return ids, nil
}

// Close implements measure.Engine.
func (indexEngine) Close() error { return nil }

// all measures everything; ctx ends it early.
func (k *kbRun) all(ctx context.Context) error {
	of := map[int][]measure.Speed{} // by size, one of each round
	for n := range k.rounds {
		k.figures = bench.Figures{}
		if err := k.round(ctx, n == 0, of); err != nil {
			return err
		}
		k.past = append(k.past, k.figures)
	}
	for _, size := range k.sizes {
		k.speeds = append(k.speeds, middle(of[size]))
	}
	return k.references(ctx)
}

// round measures everything of ours once. How well questions are answered is the same in every round.
func (k *kbRun) round(ctx context.Context, first bool, of map[int][]measure.Speed) error {
	if err := k.builds(ctx); err != nil {
		return err
	}
	if err := k.changed(ctx); err != nil {
		return err
	}
	for _, size := range k.sizes {
		s, err := k.speed(ctx, size)
		if err != nil {
			return err
		}
		of[size] = append(of[size], s)
	}
	if first {
		return k.evals(ctx)
	}
	return nil
}

// speed times the questions over so many articles.
func (k *kbRun) speed(ctx context.Context, size int) (measure.Speed, error) {
	k.tell(fmt.Sprintf("searching %d articles", size))
	from := k.loads.Of(size)
	b := build(from.Articles(size))
	s := measure.Speed{Engine: kbEngine, Articles: size, Build: measure.Millis(b.took)}
	err := s.Times(ctx, indexEngine{b.index}, from.Questions(k.questions))
	k.figures[fmt.Sprintf("search.%d.p50", size)], k.figures[fmt.Sprintf("search.%d.p99", size)] = s.P50, s.P99
	k.figures[fmt.Sprintf("typing.%d.p50", size)], k.figures[fmt.Sprintf("typing.%d.p99", size)] = s.TypingP50, s.TypingP99
	return s, err
}

// builds measures a build from nothing and what it keeps, the texts themselves not counted.
func (k *kbRun) builds(ctx context.Context) error {
	k.tell(fmt.Sprintf("building the index of %d articles", k.built))
	list := k.loads.Of(k.built).Articles(k.built)
	runtime.GC() // twice, for what pools held from before
	runtime.GC()
	b := build(list)
	k.figures["build.ms"], k.figures["build.kb"] = measure.Millis(b.took), float64(b.heap)/1024/float64(k.built)
	runtime.KeepAlive(b.index)
	return ctx.Err()
}

// middle is the median of each figure.
func middle(all []measure.Speed) measure.Speed {
	m := all[0]
	for _, figure := range []func(*measure.Speed) *float64{
		func(s *measure.Speed) *float64 { return &s.Build },
		func(s *measure.Speed) *float64 { return &s.P50 }, func(s *measure.Speed) *float64 { return &s.P99 },
		func(s *measure.Speed) *float64 { return &s.TypingP50 }, func(s *measure.Speed) *float64 { return &s.TypingP99 },
	} {
		var values []float64
		for i := range all {
			values = append(values, *figure(&all[i]))
		}
		*figure(&m) = bench.Median(values)
	}
	return m
}

// evals measures the question sets as 'postern kb eval' does, and those variants that goals ask for.
func (k *kbRun) evals(ctx context.Context) error {
	for _, s := range k.quality {
		if err := k.eval(ctx, s.Name, "", &eval{set: s.EvalSet}); err != nil {
			return err
		}
	}
	for _, s := range k.quality {
		var err error
		switch s.Name {
		case "stackfaq", "covidfaq":
			err = k.eval(ctx, s.Name, "--prefix 0.5", &eval{set: s.EvalSet, prefix: .5})
		case "mtragun":
			err = k.eval(ctx, s.Name, "--history", &eval{set: s.EvalSet, history: true})
		}
		if err != nil {
			return err
		}
	}
	if !k.loads.Invented() { // the goal is for the project's sets
		m := meanOf(k.found, kbEngine)
		k.figures["mean.mrr10"], k.figures["mean.hit3"] = 100*float64(m.MRR10), 100*float64(m.Hit3)
	}
	return nil
}

// eval asks one set, as it is or in a variant.
func (k *kbRun) eval(ctx context.Context, set, variant string, e *eval) error {
	k.tell(strings.TrimSpace("asking " + set + " " + variant))
	r, _, err := e.measure(ctx)
	if err != nil {
		return err
	}
	figure := strings.TrimSpace(set + " " + variant)
	k.figures[figure+".mrr10"], k.figures[figure+".hit3"] = 100*float64(r.MRR10), 100*float64(r.Hit3)
	k.found = append(k.found, measure.Quality{
		Set: set, Variant: variant, Engine: kbEngine, MRR10: r.MRR10, Hit3: r.Hit3, Build: float64(r.BuildMS), P50: float64(r.P50), P99: float64(r.P99),
	})
	return nil
}
