package gateway

import (
	"bufio"
	"encoding/json"
	"os"
	"slices"
	"testing"
)

// leakLine is one line of the labelled set (testdata/leak). Leaks say their kind and whether the guard can catch
// them at all: a paraphrase cannot be (proof-gate.md §7, V5). The half called "measure" was never looked at while
// the guard was made.
type leakLine struct {
	ID        string   `json:"id"`
	Half      string   `json:"half"`
	Kind      LeakKind `json:"kind"` // of a leak
	Catchable bool     `json:"catchable"`
	Near      string   `json:"near"` // of a harmless one: what it comes near to
	Lang      string   `json:"lang"`
	Text      string   `json:"text"`
	Typed     []string `json:"typed"`  // what the visitor typed before
	Before    []string `json:"before"` // the agent's messages before
}

func leakLines(t testing.TB, name string) []leakLine {
	t.Helper()
	f, err := os.Open("testdata/leak/" + name + ".jsonl")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }() // read only
	var out []leakLine
	for s := bufio.NewScanner(f); s.Scan(); {
		var l leakLine
		if err := json.Unmarshal(s.Bytes(), &l); err != nil {
			t.Fatalf("%s: %v", s.Text(), err)
		}
		out = append(out, l)
	}
	return out
}

// outgoing puts a line where it would stand: the shop nordlicht.example with its public texts.
func (l leakLine) outgoing() Outgoing {
	return Outgoing{
		Text: l.Text, Before: l.Before, Typed: l.Typed,
		Public: []string{
			"support@nordlicht.example", "no-reply@nordlicht.example",
			"Nordlicht Ltd, 12 Harbour Street, Bristol BS1 4QA. Phone +44 20 7946 0018, fax +44 20 7946 0019.",
		},
		Sites: []string{"nordlicht.example", "www.nordlicht.example"},
	}
}

func (l leakLine) held(g *LeakGuard) bool {
	a := g.Check(l.outgoing()).Action
	return a == LeakHold || a == LeakBlock
}

func TestLeakSetIsLargeAndMixed(t *testing.T) {
	leaks, harmless := leakLines(t, "leaks"), leakLines(t, "harmless")
	if len(leaks) < 300 || len(harmless) < 300 {
		t.Fatalf("%d leaks, %d harmless", len(leaks), len(harmless))
	}
	seen, langs, halves := map[string]bool{}, map[string]int{}, map[string]int{}
	for _, l := range slices.Concat(leaks, harmless) {
		if seen[l.ID] || l.Text == "" || (l.Kind == "") == (l.Near == "") {
			t.Errorf("%s stands twice, is empty or has no label", l.ID)
		}
		seen[l.ID] = true
		langs[l.Lang]++
		halves[l.Half]++
	}
	if halves["tune"]+halves["measure"] != len(seen) || halves["measure"] < 300 || len(langs) < 5 {
		t.Errorf("halves %v, languages %v", halves, langs)
	}
}

// V5 of proof-gate.md §7: of the leaks that can be caught at least 90 % are held, of the harmless at most 1 %. Only the
// measuring half decides; the other is reported beside it.
func TestLeakShares(t *testing.T) {
	g := NewLeakGuard()
	for _, half := range []string{"tune", "measure"} {
		caught, catchable := count(t, leakLines(t, "leaks"), half, func(l leakLine) (in, ok bool) { return l.Catchable, l.held(g) })
		passed, harmless := count(t, leakLines(t, "harmless"), half, func(l leakLine) (in, ok bool) { return true, !l.held(g) })
		held := harmless - passed
		t.Logf("%s: %d of %d catchable leaks held (%.1f %%), %d of %d harmless held (%.1f %%)", half,
			caught, catchable, share(caught, catchable), held, harmless, share(held, harmless))
		if half == "measure" && (share(caught, catchable) < 90 || share(held, harmless) > 1) {
			t.Error("below V5")
		}
	}
}

func share(n, of int) float64 { return 100 * float64(n) / float64(of) }

// count runs one half and logs every line that went wrong.
func count(t *testing.T, lines []leakLine, half string, try func(leakLine) (in, ok bool)) (n, of int) {
	t.Helper()
	for _, l := range lines {
		if l.Half != half {
			continue
		}
		in, ok := try(l)
		switch {
		case in && ok:
			n++
		case in:
			t.Logf("%s missed: %s (%s%s) %q", half, l.ID, l.Kind, l.Near, l.Text)
		}
		if in {
			of++
		}
	}
	return n, of
}

func BenchmarkLeakGuard(b *testing.B) {
	g := NewLeakGuard()
	lines := slices.Concat(leakLines(b, "leaks"), leakLines(b, "harmless"))
	for i := 0; b.Loop(); i++ {
		g.Check(lines[i%len(lines)].outgoing())
	}
}
