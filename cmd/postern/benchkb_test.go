package main

import (
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/postern-chat/postern/gateway/bench"
	"github.com/postern-chat/postern/kb/measure"
)

// smallKB are the flags of a measurement that takes no time.
var smallKB = strings.Fields("bench kb --articles 60,120 --questions 40 --built 50 --changes 3")

// The report has a figure of everything that is measured, and only lines whose measurement was left out have none.
func TestBenchKB(t *testing.T) {
	var r kbReport
	benchInto(t, &r, append(slices.Clone(smallKB), "--rounds", "2")...)
	if len(r.Speeds) != 2 || len(r.Rounds) != 2 || len(r.Lines) != len(kbGoals()) || len(r.Quality) != 0 || !r.Invented || r.Machine.Versions["go"] == "" {
		t.Fatalf("%+v", r)
	}
	for i, size := range []int{60, 120} {
		if s := r.Speeds[i]; s.Engine != kbEngine || s.Articles != size || s.Questions != 40 || min(s.Build, s.P50, s.P99, s.TypingP50, s.TypingP99) <= 0 || s.P50 > s.P99 {
			t.Errorf("%+v", s)
		}
	}
	for _, figure := range []string{"build.ms", "build.kb", "change.p50", "change.p99", "search.60.p99", "typing.120.p50"} {
		if r.Rounds[1][figure] <= 0 {
			t.Errorf("%s is %v", figure, r.Rounds[1][figure])
		}
	}
	for _, l := range r.Lines {
		if got, want := l.Verdict != bench.NotMeasured, l.ID == "K10"; got != want {
			t.Errorf("%s %s: %s", l.ID, l.What, l.Verdict)
		}
	}
}

func TestBenchKBTable(t *testing.T) {
	out, err := exec.Command(binary(t), append(slices.Clone(smallKB), "--table")...).Output()
	for _, want := range []string{"invented articles, seed 1", "K10", "search of 100,000 articles", "Postern         60 |", "only speeds"} {
		if err != nil || !strings.Contains(string(out), want) {
			t.Errorf("no %q, %v:\n%s", want, err, out)
		}
	}
}

// setsOf is a folder with one question set.
func setsOf(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.Rename(questionSet(t), filepath.Join(dir, "shop")); err != nil {
		t.Fatal(err)
	}
	return dir
}

// With sets, each is asked of every engine; the references are built from their own module, vetted and tested there.
func TestBenchKBBesideReferences(t *testing.T) {
	program := filepath.Join(t.TempDir(), "compare")
	for _, args := range [][]string{{"vet", "./..."}, {"test", "./..."}, {"build", "-o", program, "."}} {
		cmd := exec.Command("go", args...)
		cmd.Dir = filepath.Join("..", "..", "kb", "compare")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("go %v: %v\n%s", args, err, out)
		}
	}
	var r kbReport
	benchInto(t, &r, append(slices.Clone(smallKB), "--sets", setsOf(t), "--compare", program)...)
	var engines []string
	for _, s := range r.Speeds {
		engines = append(engines, s.Engine)
		if s.Questions != 40 || min(s.Build, s.P50, s.P99, s.TypingP99) <= 0 {
			t.Errorf("%+v", s)
		}
	}
	if want := []string{kbEngine, kbEngine, "Bleve", "Bleve", "FTS5", "FTS5"}; !slices.Equal(engines, want) {
		t.Errorf("speeds of %v, want %v", engines, want)
	}
	engines = nil
	for _, q := range r.Quality {
		engines = append(engines, q.Engine)
		if q.Set != "shop" || q.MRR10 < .5 || q.Hit3 != 1 {
			t.Errorf("%+v", q)
		}
	}
	if want := []string{kbEngine, "Bleve", "FTS5"}; !slices.Equal(engines, want) {
		t.Errorf("quality of %v, want %v", engines, want)
	}
}

func TestQualityTable(t *testing.T) {
	var b strings.Builder
	r := kbReport{Quality: []measure.Quality{
		{Set: "a", Engine: kbEngine, MRR10: .5, Hit3: .6},
		{Set: "b", Engine: kbEngine, MRR10: .7, Hit3: .8},
		{Set: "b", Variant: "--history", Engine: kbEngine, MRR10: 1, Hit3: 1},
		{Set: "a", Engine: "Bleve", MRR10: .25, Hit3: .5},
	}}
	r.qualityTable(&b)
	got := strings.Join(strings.Fields(b.String()), " ")
	if want := "MRR@10 / hit@3 Postern Bleve a 0.500 / 0.600 0.250 / 0.500 b 0.700 / 0.800 – b --history 1.000 / 1.000 – mean of the sets 0.600 / 0.700 0.250 / 0.500"; got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
}

func TestBenchKBRefuses(t *testing.T) {
	for _, args := range []string{"--articles 5", "--articles 100,", "--articles ten", "--articles 300000", "--questions 0", "--built 1", "--changes 20000", "--rounds 0", "more", "--seed -1"} {
		if _, err := parseBenchKB(call{args: strings.Fields(args), err: io.Discard}); err == nil {
			t.Errorf("%s is taken", args)
		}
	}
	for name, args := range map[string][]string{
		"no sets": {"--sets", t.TempDir()}, "no program": {"--articles", "10", "--built", "10", "--changes", "1", "--questions", "1", "--compare", filepath.Join(t.TempDir(), "none")},
	} {
		if out := say(t, exitFailed, nil, append([]string{"bench", "kb"}, args...)...); json.Valid([]byte(out)) {
			t.Errorf("%s: %s", name, out)
		}
	}
}
