package kb_test

import (
	"fmt"
	"math"
	"math/rand"
	"strings"
	"testing"

	"github.com/postern-chat/postern/kb"
)

// invented makes articles and questions from a seed, with word frequencies as in prose: a few hundred everyday words
// make half of each text, the rest falls off by Zipf's law.
type invented struct {
	r     *rand.Rand
	zipf  *rand.Zipf
	vocab []string
}

const everyday = "the of and to a in is you for that on it with as are this be your can have from or not by at if we an will how do what my when"

func inventor(seed int64) *invented {
	x := &invented{r: rand.New(rand.NewSource(seed))}
	x.zipf = rand.NewZipf(x.r, 1.1, 8, 40_000-1)
	parts := strings.Fields("ba re ti con mor su pel dra ni fo ga lex tu vin or ace shi mon ter qua il em bur sto pan de")
	for range 40_000 {
		w := ""
		for range 2 + x.r.Intn(3) {
			w += parts[x.r.Intn(len(parts))]
		}
		x.vocab = append(x.vocab, w)
	}
	return x
}

func (x *invented) text(n int) string {
	var b strings.Builder
	stop := strings.Fields(everyday)
	for i := range n {
		if x.r.Intn(100) < 45 {
			b.WriteString(stop[int(math.Sqrt(float64(x.r.Intn(len(stop)*len(stop)))))])
		} else {
			b.WriteString(x.vocab[x.zipf.Uint64()])
		}
		if b.WriteByte(' '); i%14 == 13 {
			b.WriteString(". ")
		}
	}
	return b.String()
}

func (x *invented) articles(n int) []kb.Article {
	out := make([]kb.Article, n)
	for i := range out {
		out[i] = article(fmt.Sprintf("ar_%06d", i), x.text(7), x.text(150+x.r.Intn(60)))
	}
	return out
}

func (x *invented) questions(n int, typing bool) []kb.Query {
	out := make([]kb.Query, n)
	for i := range out {
		q := x.text(5 + x.r.Intn(10))
		if typing {
			q = q[:max(3, len(q)*2/5)]
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
		x := inventor(int64(n))
		var index kb.Index
		index.Set(x.articles(n), plain)
		for _, typing := range []bool{false, true} {
			questions := x.questions(300, typing)
			b.Run(fmt.Sprintf("articles=%d/typing=%v", n, typing), func(b *testing.B) {
				times := newTimes(b)
				for i := range b.N {
					times.of(func() { index.Search(questions[i%len(questions)]) })
				}
				times.report()
			})
		}
	}
}

// BenchmarkBuild times the build of 10,000 articles (K10: 1.5 s).
func BenchmarkBuild(b *testing.B) {
	list := inventor(1).articles(10_000)
	for b.Loop() {
		var index kb.Index
		index.Set(list, plain)
	}
}

// BenchmarkPatch times one changed article among 10,000 until searches see it (K10: 50 ms).
func BenchmarkPatch(b *testing.B) {
	x := inventor(2)
	var index kb.Index
	index.Set(x.articles(10_000), plain)
	texts := x.articles(100)
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
