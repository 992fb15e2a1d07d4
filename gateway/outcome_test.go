package gateway

import "testing"

// The twelve cases of product.md P45.
func TestOutcomeOf(t *testing.T) {
	question, thanked := Uttered{Visitor: true}, Uttered{Visitor: true, Thanks: true}
	answer, holding := Uttered{}, Uttered{Holding: true}
	guide, heldGuide := Uttered{Guide: true}, Uttered{Holding: true, Guide: true}
	for _, c := range []struct {
		name string
		said []Uttered
		want Outcome
	}{
		{"nothing was said", nil, Idle},
		{"a question alone", []Uttered{question}, Idle},
		{"a question and its answer", []Uttered{question, answer}, Resolved},
		{"a question and a holding reply", []Uttered{question, holding}, Idle},
		{"a holding reply, then the answer", []Uttered{question, holding, answer}, Resolved},
		{"an answer, then a holding reply", []Uttered{question, answer, holding}, Resolved},
		{"an answer, then another question", []Uttered{question, answer, question}, Idle},
		{"an answer, another question, a holding reply", []Uttered{question, answer, question, holding}, Idle},
		{"an answer, then thanks", []Uttered{question, answer, thanked}, Resolved},
		{"a guide was sent", []Uttered{question, guide}, Resolved},
		{"a guide with holding words", []Uttered{question, heldGuide}, Resolved},
		{"an agent wrote first and nobody asked", []Uttered{answer}, Resolved},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := OutcomeOf(c.said); got != c.want {
				t.Errorf("%s, want %s", got, c.want)
			}
		})
	}
}

func TestThanks(t *testing.T) {
	for text, want := range map[string]bool{
		"Thank you very much!": true, "ok": true, "Vielen Dank :)": true, "شكراً جزيلاً": true, "Merci beaucoup": true, "谢谢": true,
		"Thanks, and where is it?": false, "ok?": false, "no": false, "": false, "!!!": false, "👍": false,
		"Thank you, but it does not work": false, "thanks thanks thanks thanks thanks thanks thanks thanks thanks thanks": false,
	} {
		if got := thanks(text); got != want {
			t.Errorf("%q: %v", text, got)
		}
	}
}

func TestClosing(t *testing.T) {
	mb := Mailbox{Reasons: []string{"Moved to sales"}}
	for _, c := range []struct {
		name, outcome, reason string
		gotOutcome, gotReason string
		refused               string
	}{
		{"neither", "", "", "", "", "reason"},
		{"the outcome alone", "resolved", "", "resolved", "resolved", ""},
		{"the reason alone", "", "idle", "idle", "idle", ""},
		{"a duplicate was not answered here", "", "duplicate", "idle", "duplicate", ""},
		{"spam", "idle", "spam", "idle", "spam", ""},
		{"spam that was resolved", "resolved", "spam", "", "", "outcome"},
		{"an own reason leaves the outcome to what was said", "", "Moved to sales", "", "Moved to sales", ""},
		{"an own reason with an outcome", "resolved", "Moved to sales", "resolved", "Moved to sales", ""},
		{"a reason of nobody", "resolved", "bored", "", "", "reason"},
		{"an outcome of timers", "missed", "", "", "", "outcome"},
	} {
		t.Run(c.name, func(t *testing.T) {
			o, r, err := closing(mb, Outcome(c.outcome), c.reason)
			if c.refused != "" {
				if CodeOf(err) != "invalid" || err.(*Error).Params["field"] != c.refused {
					t.Fatalf("%v, want invalid %s", err, c.refused)
				}
				return
			}
			if err != nil || string(o) != c.gotOutcome || r != c.gotReason {
				t.Errorf("%q %q %v", o, r, err)
			}
		})
	}
}

func TestCheckReasons(t *testing.T) {
	fine := func(string) bool { return true }
	if err := (Mailbox{Reasons: []string{"Moved", "No stock"}}).CheckReasons(fine); err != nil {
		t.Error(err)
	}
	for name, list := range map[string][]string{"twice": {"a", "a"}, "one of all": {"spam"}, "empty": {" "}, "many": make([]string, 21)} {
		if err := (Mailbox{Reasons: list}).CheckReasons(fine); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
	if err := (Mailbox{Reasons: []string{"a"}}).CheckReasons(func(string) bool { return false }); CodeOf(err) != "invalid" {
		t.Error(err)
	}
}
