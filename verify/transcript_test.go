package verify_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/postern-chat/postern/verify"
)

// Whose conversation it is: what was brought home and nothing else; of two accounts nobody is the owner.
func TestProvenSubject(t *testing.T) {
	row := func(host, sub, sig string, state verify.State) verify.Row {
		return verify.Row{Host: host, State: state, Proof: &verify.Proof{Subject: sub, Sig: sig}}
	}
	for name, c := range map[string]struct {
		rows []verify.Row
		want string
		any  bool
	}{
		"nothing":             {},
		"no proof":            {rows: []verify.Row{{Host: "shop", State: verify.Offered}}},
		"a login alone":       {rows: []verify.Row{row("shop", "a", "", verify.Matched)}},
		"proven":              {rows: []verify.Row{row("shop", "a", "s", verify.Applied)}, want: "shop a", any: true},
		"proven, then failed": {rows: []verify.Row{row("shop", "a", "s", verify.Failed)}, want: "shop a", any: true},
		"twice the same":      {rows: []verify.Row{row("shop", "a", "s", verify.Applied), row("shop", "a", "s", verify.Proven)}, want: "shop a", any: true},
		"two accounts":        {rows: []verify.Row{row("shop", "a", "s", verify.Applied), row("shop", "b", "s", verify.Applied)}, any: true},
		"two hosts":           {rows: []verify.Row{row("shop", "a", "s", verify.Applied), row("club", "a", "s", verify.Applied)}, any: true},
		"not me":              {rows: []verify.Row{row("shop", "a", "s", verify.Disowned)}, any: true},
		"erased":              {rows: []verify.Row{row("shop", "", "", verify.Applied)}},
	} {
		host, sub := verify.ProvenSubject(c.rows)
		if got := strings.TrimSpace(host + " " + sub); got != c.want || verify.AnyProven(c.rows) != c.any {
			t.Errorf("%s: %q, any %v; want %q, %v", name, got, verify.AnyProven(c.rows), c.want, c.any)
		}
	}
}

// The kind is at every host and in no policy file; nobody drafts it.
func TestTranscriptKind(t *testing.T) {
	for _, name := range []string{verify.TranscriptKind, verify.TranscriptsKind} {
		t.Run(name, func(t *testing.T) { builtInKind(t, name) })
	}
}

func builtInKind(t *testing.T, name string) {
	t.Helper()
	w := newWorld(t)
	k, ok := w.policy.KindAt(name, "shop")
	if !ok || k.Host != "shop" || k.Tier != verify.TierRead || len(k.Fields) != 0 || k.Title["en"] == "" || k.Title["ar"] == "" {
		t.Errorf("at the shop it is %+v, %v", k, ok)
	}
	if _, ok := w.policy.KindAt(name, "elsewhere"); ok {
		t.Error("it is at a host that nobody knows")
	}
	if _, ok := w.policy.Kind(name); ok {
		t.Error("it is a kind of the policy")
	}
	if bad := k.Mistakes(); !slices.ContainsFunc(bad, func(s string) bool { return strings.Contains(s, "without being named") }) {
		t.Errorf("a policy file may name it: %v", bad)
	}
	for _, by := range []verify.Actor{w.visitor(cv1, 1), {Role: verify.Supervisor, ID: "ag_1"}} {
		_, err := w.guard.Draft(t.Context(), by, cv1, []byte(`{"kind":"`+name+`","fields":{}}`))
		if verify.ReasonOf(err) != verify.ChangeSchema {
			t.Errorf("%s drafts it: %v", by.Role, err)
		}
	}
}
