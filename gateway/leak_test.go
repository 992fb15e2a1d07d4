package gateway

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// vic is what only the account's owner and the host know (proof-gate.md §8).
func vic() []string {
	return []string{
		"1742 Maple Hollow Drive Apt 5B", "+14155552671", "harriet.quill@example-mail.com", "112-8834921-5567", "8213", "94110",
	}
}

func TestLeakVerdicts(t *testing.T) {
	g := NewLeakGuard()
	for _, c := range []struct {
		name  string
		out   Outgoing
		want  LeakAction
		kinds []LeakKind
	}{
		{"harmless", Outgoing{Text: "Your order 4471 is on its way."}, LeakAllow, nil},
		{"nothing", Outgoing{}, LeakAllow, nil},
		{"a card", Outgoing{Text: "4111 1111 1111 1111"}, LeakHold, []LeakKind{LeakCard}},
		{"one digit off is no card", Outgoing{Text: "4111 1111 1111 1112"}, LeakAllow, nil},
		{"an IBAN", Outgoing{Text: "DE89 3704 0044 0532 0130 00"}, LeakHold, []LeakKind{LeakBank}},
		{"an IBAN with a wrong check", Outgoing{Text: "DE88 3704 0044 0532 0130 00"}, LeakAllow, nil},
		{"a live key", Outgoing{Text: "use ghp_9aB8cD7eF6gH5iJ4kL3mN2oP1qR0sT"}, LeakBlock, []LeakKind{LeakSecret}},
		{"two things", Outgoing{Text: "a@b.example and +1 415 555 2671"}, LeakHold, []LeakKind{LeakEmail, LeakPhone}},
		{"a file's name", Outgoing{Text: "here", Names: []string{"1742_Maple_Hollow_Drive.pdf"}}, LeakHold, []LeakKind{LeakAddress}},
		{"digits of the visitor's own card", Outgoing{Text: "the one ending in 8213?", Typed: []string{"4000 0000 0000 8213"}}, LeakAllow, nil},
		{"typed by somebody else's hand", Outgoing{Text: "b@b.example", Typed: []string{"a@b.example"}}, LeakHold, []LeakKind{LeakEmail}},
		{"our office", Outgoing{Text: "12 Harbour Street", Public: []string{"Find us: 12 Harbour Street, Bristol"}}, LeakAllow, nil},
		{"our office next door", Outgoing{Text: "14 Harbour Street", Public: []string{"Find us: 12 Harbour Street, Bristol"}}, LeakHold, []LeakKind{LeakAddress}},
		{"the site", Outgoing{Text: "https://shop.test/help", Sites: []string{"shop.test"}}, LeakAllow, nil},
		{"the site's twin", Outgoing{Text: "https://shоp.test/help", Sites: []string{"shop.test"}}, LeakHold, []LeakKind{LeakLink}},
		{"the visitor may not talk us into a twin", Outgoing{Text: "https://shоp.test", Typed: []string{"https://shоp.test"}, Sites: []string{"shop.test"}}, LeakHold, []LeakKind{LeakLink}},
		{"a link that logs somebody in", Outgoing{Text: "https://shop.test/reset?token=a1b2c3d4e5f6a7b8", Sites: []string{"shop.test"}}, LeakHold, []LeakKind{LeakSecret}},
	} {
		if v := g.Check(c.out); v.Action != c.want || !slices.Equal(v.Kinds, c.kinds) {
			t.Errorf("%s: %s %v, want %s %v", c.name, v.Action, v.Kinds, c.want, c.kinds)
		}
	}
}

// What the visitor typed himself goes back to him, but a whole card number or a password is not written again.
func TestLeakMasksWhatIsRepeated(t *testing.T) {
	g := NewLeakGuard()
	for _, c := range []struct{ text, typed, want string }{
		{"You typed 4111 1111 1111 1111, right?", "4111111111111111", "You typed •••• 1111, right?"},
		{"٤١١١١١١١١١١١١١١١ it was", "4111 1111 1111 1111", "•••• 1111 it was"},
		{"So your password is Sommer2024!", "I use Sommer2024! everywhere", "So your password is ••••"},
	} {
		if v := g.Check(Outgoing{Text: c.text, Typed: []string{c.typed}}); v.Action != LeakRedact || v.Text != c.want {
			t.Errorf("%q: %s %q", c.text, v.Action, v.Text)
		}
		if v := g.Check(Outgoing{Text: c.text, Typed: []string{"hello"}}); v.Action == LeakRedact || v.Action == LeakAllow {
			t.Errorf("%q, typed by nobody: %s", c.text, v.Action)
		}
	}
}

// Facts of a claimed identity are held in any writing, also in part and over several messages.
func TestLeakFactsAreHeld(t *testing.T) {
	g := NewLeakGuard()
	loaded := g.NewFacts([]byte("key of this conversation"), vic()...)
	for _, text := range []string{
		"1742 Maple Hollow", "１７４２ Mаple Hollow Drive", "four one five five five five two six seven one",
		"harriet.quill@example-mail.com", "the order was 112-8834921-5567", "1 4 1 5 5 5 5 2 6 7 1",
	} {
		if v := g.Check(Outgoing{Text: text, Loaded: loaded}); v.Action != LeakHold {
			t.Errorf("%q: %s", text, v.Action)
		}
	}
	split := Outgoing{Text: "Hollow", Before: []string{"1742", "and then", "Maple"}, Loaded: loaded}
	if v := g.Check(split); v.Action != LeakHold {
		t.Errorf("split: %s", v.Action)
	}
	split.Loaded = nil
	if v := g.Check(split); v.Action != LeakHold {
		t.Errorf("split, by pattern: %s", v.Action)
	}
}

// The guard is no oracle: of what can be guessed, right and wrong read the same, with facts and without.
func TestLeakTellsNothingOfGuesses(t *testing.T) {
	g := NewLeakGuard()
	loaded := g.NewFacts([]byte("key"), vic()...)
	for _, guesses := range [][]string{
		{"ending in 8213", "ending in 8214"},
		{"ZIP 94110", "ZIP 94117"},
		{"1742 Maple Hollow Drive", "1743 Maple Hollow Drive"},
		{"+1 415 555 2671", "+1 415 555 2672"},
		{"harriet.quill@example-mail.com", "harriet.quilt@example-mail.com"},
	} {
		right, wrong := g.Check(Outgoing{Text: guesses[0]}), g.Check(Outgoing{Text: guesses[1]})
		if right.Action != LeakHold || wrong.Action != LeakHold || !slices.Equal(right.Kinds, wrong.Kinds) {
			t.Errorf("%v without facts: %v, %v", guesses, right, wrong)
		}
		right, wrong = g.Check(Outgoing{Text: guesses[0], Loaded: loaded}), g.Check(Outgoing{Text: guesses[1], Loaded: loaded})
		if right.Action != wrong.Action || !slices.Equal(right.Kinds, wrong.Kinds) {
			t.Errorf("%v with facts: %v, %v", guesses, right, wrong)
		}
	}
}

// In an open read window the facts of this conversation may be said, and no others.
func TestLeakWindowOpensOwnFactsOnly(t *testing.T) {
	g := NewLeakGuard()
	proven := g.NewFacts([]byte("key"), "9 Elm Court", "mal@home.example", "+442079460958")
	for _, text := range []string{"We ship to 9 Elm Court", "mal@home.example is right", "+44 20 7946 0958"} {
		if v := g.Check(Outgoing{Text: text, Proven: proven}); v.Action != LeakAllow {
			t.Errorf("%q: %s %v", text, v.Action, v.Kinds)
		}
	}
	for _, text := range vic()[:3] {
		if v := g.Check(Outgoing{Text: text, Proven: proven}); v.Action != LeakHold || !v.Foreign {
			t.Errorf("%q: %+v", text, v)
		}
	}
	if v := g.Check(Outgoing{Text: vic()[0]}); v.Foreign {
		t.Error("foreign without a window")
	}
}

func TestLeakFactsHoldNoValueAndNoGuess(t *testing.T) {
	g := NewLeakGuard()
	f := g.NewFacts([]byte("key"), "8213", "94110", "Ann")
	if len(f.sums) != 0 {
		t.Errorf("%d facts of what anybody can guess", len(f.sums))
	}
	a, b := g.NewFacts([]byte("one"), vic()[0]), g.NewFacts([]byte("two"), vic()[0])
	for sum := range a.sums {
		if b.sums[sum] {
			t.Error("the same hash under two keys")
		}
	}
}

// A guard that crashes holds (abuse row L10).
func TestLeakGuardFailsClosed(t *testing.T) {
	broken := &Facts{sizes: []int{-2}} // slices out of bounds
	v := NewLeakGuard().Check(Outgoing{Text: "Good morning", Loaded: broken})
	if v.Action != LeakHold || !slices.Equal(v.Kinds, []LeakKind{LeakDown}) {
		t.Fatalf("%+v", v)
	}
}

func TestLeakOnlyNearMessagesCount(t *testing.T) {
	g := NewLeakGuard()
	far := []string{"4111", "1111", "1111", "yes", "well", "fine", "good", "so"}
	if v := g.Check(Outgoing{Text: "1111", Before: far}); v.Action != LeakAllow {
		t.Errorf("six messages apart: %v", v)
	}
	if v := g.Check(Outgoing{Text: "1111", Before: far[:3]}); v.Action != LeakHold {
		t.Errorf("in a row: %v", v)
	}
	sent := Outgoing{Text: "Anything else?", Before: []string{"4111 1111 1111 1111"}}
	if v := g.Check(sent); v.Action != LeakAllow {
		t.Errorf("a sent message is judged again: %v", v)
	}
}

// Numbers that count up, one a message, are a list and no card cut into pieces.
func TestLeakListsAreNoCards(t *testing.T) {
	g := NewLeakGuard()
	for _, step := range []int{1, 7, 10} {
		var before []string
		for n := 100; n < 7000; n += step {
			text := fmt.Sprint("message ", n)
			if v := g.Check(Outgoing{Text: text, Before: before}); v.Action != LeakAllow {
				t.Fatalf("%s after %v: %v", text, before, v.Kinds)
			}
			before = append(before, text)[max(0, len(before)-4):]
		}
	}
}

// A text of the largest size with the longest history stays within bounds; the time is reported, not judged.
func BenchmarkLeakGuardLargest(b *testing.B) {
	g := NewLeakGuard()
	long := strings.Repeat("The parcel 4471 for 12 of you, see https://a.test/x, left at 9:30 (van 7). ", MaxMessage/76)
	out := Outgoing{Text: long, Before: slices.Repeat([]string{long}, LeakWindow), Sites: []string{"nordlicht.example"}}
	for b.Loop() {
		g.Check(out)
	}
}

// The slowest hundredth of the labelled set, in microseconds.
func BenchmarkLeakGuardP99(b *testing.B) {
	g := NewLeakGuard()
	var outs []Outgoing
	for _, l := range slices.Concat(leakLines(b, "leaks"), leakLines(b, "harmless")) {
		outs = append(outs, l.outgoing())
	}
	var took []time.Duration
	for b.Loop() {
		for _, out := range outs {
			begin := time.Now()
			g.Check(out)
			took = append(took, time.Since(begin))
		}
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds()), "p99-µs")
	b.ReportMetric(float64(took[len(took)/2].Microseconds()), "p50-µs")
}

func FuzzLeakGuard(f *testing.F) {
	g := NewLeakGuard()
	for _, l := range leakLines(f, "leaks")[:60] {
		f.Add(l.Text, strings.Join(l.Before, "\n"), strings.Join(l.Typed, "\n"))
	}
	f.Add("ß №1 ½ \u202e٤¼", "4\n١", "*@*.*")
	f.Fuzz(func(t *testing.T, text, before, typed string) {
		out := Outgoing{
			Text: text, Before: strings.Split(before, "\n"), Typed: []string{typed}, Names: []string{before},
			Sites: []string{"nordlicht.example"}, Loaded: g.NewFacts([]byte("k"), typed),
		}
		v := g.Check(out)
		if slices.Contains(v.Kinds, LeakDown) {
			t.Errorf("crash on %q after %q, typed %q", text, before, typed)
		}
		if (v.Action == LeakAllow) != (len(v.Kinds) == 0) || v.Action == LeakAllow && v.Text != text {
			t.Errorf("%+v of %q", v, text)
		}
	})
}
