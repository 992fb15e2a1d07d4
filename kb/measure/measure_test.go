package measure_test

import (
	"context"
	"errors"
	"io/fs"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/postern-chat/postern/kb"
	"github.com/postern-chat/postern/kb/measure"
)

// The same seed gives the same articles and questions, another one others.
func TestInvented(t *testing.T) {
	of := func(seed int64) ([]kb.Article, []string) {
		x := measure.Invent(seed)
		return x.Articles(20), x.Questions(40)
	}
	articles, questions := of(7)
	again, asked := of(7)
	if !reflect.DeepEqual(articles, again) || !slices.Equal(questions, asked) {
		t.Error("one seed, two outcomes")
	}
	if other, _ := of(8); reflect.DeepEqual(articles, other) {
		t.Error("two seeds, one outcome")
	}
	for _, a := range articles {
		if n := len(strings.Fields(a.Version.Title + " " + a.Version.Body)); n < 150 || n > 250 {
			t.Errorf("%s has %d words", a.ID, n)
		}
	}
	for _, q := range questions {
		if n := len(strings.Fields(q)); n < 5 || n > 20 {
			t.Errorf("%q has %d words", q, n)
		}
	}
}

func TestTyped(t *testing.T) {
	for question, want := range map[string]string{"how do i return": "how do", "é": "é", "": "", "éàüöß": "éà"} {
		if got := measure.Typed(question); got != want {
			t.Errorf("%q is typed as %q, want %q", question, got, want)
		}
	}
}

// theSets are those that mixed articles are made of, a line each.
func theSets() fstest.MapFS {
	out := fstest.MapFS{}
	for _, name := range []string{"stackfaq", "mtragun", "banking77", "rasa-sara"} {
		sentence := strings.Repeat(name+" ", 26) + "ends. "
		out[name+"/docs.jsonl"] = &fstest.MapFile{Data: []byte(`{"id":"a","title":"","body":"` + sentence + sentence + `"}` + "\n")}
		out[name+"/queries.jsonl"] = &fstest.MapFile{Data: []byte(`{"id":"1","text":"` + name + `?"}` + "\n" + `{"id":"2","text":"not the ninth"}` + "\n")}
		out[name+"/qrels.jsonl"] = &fstest.MapFile{Data: []byte(`{"query":"1","doc":"a"}` + "\n")}
	}
	return out
}

// Mixed articles have 3 to 8 paragraphs of documents that EVAL.md names, and questions are every ninth of its sets.
func TestMixed(t *testing.T) {
	l, err := measure.NewLoads(theSets(), 1)
	if err != nil || l.Invented() {
		t.Fatalf("%v, invented %v", err, l.Invented())
	}
	from := l.Of(30)
	if got := from.Questions(100); !slices.Equal(got, []string{"stackfaq?", "banking77?", "rasa-sara?"}) {
		t.Errorf("asked %q", got)
	}
	if got := from.Questions(2); len(got) != 2 {
		t.Errorf("asked %q", got)
	}
	articles := from.Articles(30)
	if !reflect.DeepEqual(articles, from.Articles(30)) {
		t.Error("the same number, two outcomes")
	}
	for _, a := range articles {
		p := strings.Split(a.Version.Body, "\n\n")
		if len(p) < 3 || len(p) > 8 || strings.Contains(a.Version.Body, "banking77") || a.Version.Title == "" {
			t.Errorf("%+v", a.Version)
		}
		for _, text := range p {
			if n := len(strings.Fields(text)); n != 27 {
				t.Errorf("a paragraph of %d words", n)
			}
		}
	}
}

func TestLoadsOfOtherSets(t *testing.T) {
	if l, err := measure.NewLoads(fstest.MapFS{}, 1); err != nil || !l.Invented() {
		t.Errorf("without the sets: %v, invented %v", err, l.Invented())
	}
	broken := theSets()
	broken["mtragun/docs.jsonl"] = &fstest.MapFile{Data: []byte("{")}
	if _, err := measure.NewLoads(broken, 1); err == nil {
		t.Error("a broken set is taken")
	}
	if _, err := measure.Sets(broken); err == nil {
		t.Error("a broken set is taken")
	}
	if _, err := measure.Sets(fstest.MapFS{}); err == nil {
		t.Error("no sets are taken")
	}
	if sets, err := measure.Sets(theSets()); err != nil || len(sets) != 4 || sets[0].Name != "banking77" || len(sets[3].Docs) != 1 {
		t.Errorf("%+v, %v", sets, err)
	}
}

// parrot finds the same articles, whatever is asked.
type parrot struct {
	ids   []string
	err   error
	asked []kb.Query
}

func (p *parrot) Search(q kb.Query) ([]string, error) {
	p.asked = append(p.asked, q)
	return p.ids, p.err
}

func (*parrot) Close() error { return nil }

// Each question is asked twice whole and twice typed; a failure and an end of the context are told.
func TestTimes(t *testing.T) {
	var s measure.Speed
	p := &parrot{}
	if err := s.Times(t.Context(), p, []string{"where is my parcel", "returns"}); err != nil || s.Questions != 2 || len(p.asked) != 8 {
		t.Errorf("%+v, %v, asked %d", s, err, len(p.asked))
	}
	if q := p.asked[4]; q.Text != "where i" || !q.Typing || q.Limit != 5 {
		t.Errorf("typed: %+v", q)
	}
	p.err = errors.New("broken")
	if err := s.Times(t.Context(), p, []string{"x"}); !errors.Is(err, p.err) {
		t.Errorf("got %v", err)
	}
	ended, end := context.WithCancel(t.Context())
	end()
	if err := s.Times(ended, &parrot{}, []string{"x"}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestAsk(t *testing.T) {
	sets, err := measure.Sets(fs.FS(theSets()))
	if err != nil {
		t.Fatal(err)
	}
	q, err := measure.Ask(t.Context(), &parrot{ids: []string{"z", "a"}}, sets[0])
	if err != nil || q.Set != "banking77" || q.MRR10 != .5 || q.Hit3 != 1 {
		t.Errorf("%+v, %v", q, err)
	}
}

func TestPercentile(t *testing.T) {
	list := []float64{1, 2, 3, 4}
	for share, want := range map[float64]float64{0: 1, .25: 1, .5: 2, .99: 4, 1: 4} {
		if got := measure.Percentile(list, share); got != want {
			t.Errorf("%v of %v is %v, want %v", share, list, got, want)
		}
	}
	if got := measure.Percentile(nil, .5); got != 0 {
		t.Errorf("of nothing: %v", got)
	}
}
