package kb_test

import (
	"fmt"
	"testing"

	"github.com/postern-chat/postern/kb"
	"github.com/postern-chat/postern/kb/measure"
)

// questions gives n as they are searched, whole or half typed.
func questions(x *measure.Invented, n int, typing bool) []kb.Query {
	out := make([]kb.Query, n)
	for i, q := range x.Questions(n) {
		if typing {
			q = measure.Typed(q)
		}
		out[i] = kb.Query{Text: q, Limit: 5, Typing: typing}
	}
	return out
}

func plain(s string) string { return s }

// BenchmarkSearch times whole questions and half-typed ones by the number of articles. Reported beside the mean:
// the 99th percentile over the questions, in milliseconds (self-help.md, K9: 1, 5 and 30).
func BenchmarkSearch(b *testing.B) {
	for _, n := range []int{1_000, 10_000, 100_000} {
		x := measure.Invent(int64(n))
		var index kb.Index
		index.Set(x.Articles(n), plain)
		for _, typing := range []bool{false, true} {
			asked := questions(x, 300, typing)
			b.Run(fmt.Sprintf("articles=%d/typing=%v", n, typing), func(b *testing.B) {
				times := newTimes(b)
				for i := range b.N {
					times.of(func() { index.Search(asked[i%len(asked)]) })
				}
				times.report()
			})
		}
	}
}

// BenchmarkBuild times the build of 10,000 articles (K10: 1.5 s).
func BenchmarkBuild(b *testing.B) {
	list := measure.Invent(1).Articles(10_000)
	for b.Loop() {
		var index kb.Index
		index.Set(list, plain)
	}
}

// BenchmarkPatch times one changed article among 10,000 until searches see it (K10: 50 ms).
func BenchmarkPatch(b *testing.B) {
	x := measure.Invent(2)
	var index kb.Index
	index.Set(x.Articles(10_000), plain)
	texts := x.Articles(100)
	times := newTimes(b)
	for i := range b.N {
		st := &changes{}
		st.save(texts[i%100], int64(i)+10)
		times.of(func() {
			if err := index.Sync(b.Context(), st, plain); err != nil {
				b.Error(err)
			}
		})
	}
	times.report()
}
