package verify_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/postern-chat/postern/verify"
)

func TestStricter(t *testing.T) {
	base := shopPolicy()
	with := func(f func(p *verify.Policy)) verify.Policy {
		p := shopPolicy()
		p.Hosts, p.Kinds = slices.Clone(p.Hosts), slices.Clone(p.Kinds)
		f(&p)
		return p
	}
	for _, c := range []struct {
		name string
		b    verify.Policy
		want func(k verify.Kind, p verify.Policy) bool // of renewal.cancel
	}{
		{"equal policies", base, func(k verify.Kind, _ verify.Policy) bool { return !k.Off && k.Needs() == verify.A2 }},
		{"one is off", with(func(p *verify.Policy) { p.Kinds[0].Off = true }), func(k verify.Kind, _ verify.Policy) bool { return k.Off }},
		{"missing in one", with(func(p *verify.Policy) { p.Kinds = p.Kinds[1:] }), func(k verify.Kind, _ verify.Policy) bool { return k.Off }},
		{"another tier", with(func(p *verify.Policy) { p.Kinds[0].Tier = verify.TierSensitive }), func(k verify.Kind, _ verify.Policy) bool { return k.Needs() == verify.A3 }},
		{"a raised level", with(func(p *verify.Policy) { p.Kinds[0].Level = verify.A3 }), func(k verify.Kind, _ verify.Policy) bool { return k.Needs() == verify.A3 }},
		{"other fields", with(func(p *verify.Policy) { p.Kinds[0].Fields = nil }), func(k verify.Kind, _ verify.Policy) bool { return k.Off }},
		{"another host URL", with(func(p *verify.Policy) { p.Hosts[0].Delivery = "https://evil.test" }), func(_ verify.Kind, p verify.Policy) bool { return len(p.Hosts) == 0 }},
		{"a page of its own", with(func(p *verify.Policy) { p.Kinds[0].SelfService = "/x" }), func(k verify.Kind, _ verify.Policy) bool { return k.SelfService == "/x" && !k.Assisted }},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, p := range []verify.Policy{verify.Stricter(base, c.b), verify.Stricter(c.b, base)} {
				k, ok := p.Kind("renewal.cancel")
				if !ok || !c.want(k, p) {
					t.Errorf("kind = %+v", k)
				}
			}
			x, _ := verify.Stricter(base, c.b).Hash()
			y, _ := verify.Stricter(c.b, base).Hash()
			if x != y {
				t.Error("the order of the two policies matters")
			}
		})
	}
}

func TestPolicyMistakes(t *testing.T) {
	if bad := shopPolicy().Mistakes(); len(bad) != 0 {
		t.Errorf("the shop's policy: %v", bad)
	}
	p := shopPolicy()
	p.Kinds = append(p.Kinds, p.Kinds[0], verify.Kind{Name: "recovery.password", Host: "shop", Tier: "plain", Title: map[string]string{"en": "x"}},
		verify.Kind{Name: "Bad Name", Host: "none", Tier: "mild", Level: "A9", Fields: []verify.Field{{Name: "sub", As: "odd", Pattern: "("}, {Name: "e", As: "enum"}}})
	all := strings.Join(p.Mistakes(), "\n")
	for _, want := range []string{"appears twice", "recovery.*", "noun.verb", "tier must", "level must", "title.en", "reserved", "RE2", "values are missing", "host none"} {
		if !strings.Contains(all, want) {
			t.Errorf("mistakes lack %q:\n%s", want, all)
		}
	}
}

// Each starter kind is sound, and SPEC.md names it.
func TestKinds(t *testing.T) {
	spec, err := os.ReadFile("SPEC.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range verify.Catalogue() {
		k.Host = "shop"
		if bad := k.Mistakes(); len(bad) != 0 {
			t.Errorf("%s: %v", k.Name, bad)
		}
		if !strings.Contains(string(spec), "`"+k.Name+"`") {
			t.Errorf("SPEC.md does not name %s", k.Name)
		}
	}
}

func TestReasonsHaveCodes(t *testing.T) {
	src, err := os.ReadFile("reason.go")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for line := range strings.Lines(string(src)) {
		_, text, ok := strings.Cut(line, `Reason = "`)
		if !ok {
			continue
		}
		text, _, _ = strings.Cut(text, `"`)
		n++
		if code := verify.Reason(text).Code(); code == "internal" {
			t.Errorf("reason %s has no code", text)
		}
	}
	if n < 60 {
		t.Errorf("only %d reasons found", n)
	}
}

// The drawing in challenge.go: ends are final, no way skips a stage.
func TestStateTable(t *testing.T) {
	order := []verify.State{verify.Draft, verify.Offered, verify.Challenged, verify.Matched, verify.Proven}
	for i, s := range order {
		for j, to := range order {
			want := j == i+1 || s == to && (s == verify.Challenged || s == verify.Matched) // Start over, Approve
			if s.May(to) != want {
				t.Errorf("%s may become %s: %v, want %v", s, to, !want, want)
			}
		}
		if s.May(verify.Applied) || s.May(verify.Unsettled) || s.May(verify.Released) != (s == verify.Proven) || !s.Open() || !s.May(verify.Revoked) {
			t.Errorf("%s has a way that skips the proof, or cannot be revoked", s)
		}
	}
	for _, s := range verify.States()[8:] {
		if !s.Final() || s.Open() {
			t.Errorf("%s is not final", s)
		}
	}
}
