package gateway

import (
	"slices"
	"strings"
	"testing"
	"time"
)

// Whole words count, in any case and over any punctuation; to cancel an order, or a lawyer's name, is no threat.
func TestWordsForManagement(t *testing.T) {
	for text, want := range map[string]string{
		"I will cancel my subscription.":            "cancel my subscription",
		"CANCEL\nmy   account!!":                    "cancel my account",
		"You hear from my lawyer":                   "lawyer",
		"I’ll take legal action against you":        "legal action",
		"we cancel our contract, and call a lawyer": "cancel our contract lawyer",
		"Please cancel my order":                    "",
		"How do I cancel my newsletter?":            "",
		"I am looking for Mr. Lawyerson":            "",
		"The suey is cold":                          "",
		"":                                          "",
	} {
		var found []string
		for _, w := range DefaultAtOnce() {
			if phraseOf(w).in(plainWords(text)) {
				found = append(found, w)
			}
		}
		if got := strings.Join(found, " "); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
	in := func(text, w string) bool { return phraseOf(w).in(plainWords(text)) }
	if !in("私は弁護士に相談します", "弁護士") || in("outlaws", "law") || !in("سألجأ إلى محام.", "محام") {
		t.Error("other scripts")
	}
}

func TestWordsOfAMailbox(t *testing.T) {
	sla := DefaultSLA(8 * time.Hour)
	if got := sla.atOnce(); !slices.Equal(got, DefaultAtOnce()) {
		t.Errorf("nothing said: %v", got)
	}
	sla.AtOnce = []string{}
	if got := sla.atOnce(); len(got) != 0 || sla.Check() != nil {
		t.Errorf("switched off: %v, %v", got, sla.Check())
	}
	sla.AtOnce = []string{"refund or court"}
	if got := sla.atOnce(); !slices.Equal(got, sla.AtOnce) || sla.Check() != nil {
		t.Errorf("own: %v, %v", got, sla.Check())
	}
	sla.Off = true
	if got := sla.atOnce(); len(got) != 0 {
		t.Errorf("nothing is promised: %v", got)
	}
	for _, bad := range [][]string{{" "}, {"?!"}, {strings.Repeat("x", maxAtOnceOf+1)}, slices.Repeat([]string{"x"}, maxAtOnce+1)} {
		if err := (SLA{AtOnce: bad}).Check(); err == nil {
			t.Errorf("%.40q is taken", bad)
		}
	}
}
