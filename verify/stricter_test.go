package verify_test

import (
	"math/rand/v2"
	"testing"

	"github.com/postern-chat/postern/verify"
)

// anyPolicy is a random policy over few names, so that two of them have much in common.
func anyPolicy(r *rand.Rand) verify.Policy {
	var p verify.Policy
	for _, name := range []string{"shop", "club"} {
		if r.IntN(6) > 0 {
			p.Hosts = append(p.Hosts, verify.Host{Name: name, Audience: name, Delivery: []string{"a", "b"}[r.IntN(2)*r.IntN(2)], Code: r.IntN(3) == 0})
		}
	}
	for _, name := range []string{"hook", "idp"} {
		if r.IntN(4) > 0 {
			p.Sources = append(p.Sources, verify.SourceEntry{Name: name, Adapter: "webhook", Host: "shop", Issuer: []string{"", "x"}[r.IntN(2)*r.IntN(2)]})
		}
	}
	for _, name := range []string{"a.b", "c.d", "e.f"} {
		if r.IntN(5) == 0 {
			continue
		}
		k := verify.Kind{
			Name: name, Host: []string{"shop", "club"}[r.IntN(4)/3], Tier: []verify.Tier{verify.TierRead, verify.TierPlain, verify.TierSensitive}[r.IntN(3)],
			Level: []verify.Level{"", verify.A1, verify.A2, verify.A3}[r.IntN(4)], Off: r.IntN(5) == 0, Cooling: int64(r.IntN(4) * 12),
			Assisted: r.IntN(2) == 0, SelfService: []string{"", "/page"}[r.IntN(2)],
		}
		if r.IntN(4) == 0 {
			k.Fields = []verify.Field{{Name: "x", As: "text"}}
		}
		p.Kinds = append(p.Kinds, k)
	}
	return p
}

// allows reports everything that p lets happen about one kind: whether it can be offered at all, by which role, with
// which login, and after how long.
func allows(p verify.Policy, name string, offered verify.Kind, level verify.Level) (ok, senior bool, cooling int64) {
	k, there := p.Kind(name)
	_, host := p.Host(k.Host)
	if !there || k.Off || !host || k.Host != offered.Host || k.SelfService != "" && !k.Assisted || !k.Takes(level) {
		return false, false, 0
	}
	if !level.AtLeast(k.Needs()) {
		cooling = k.Cooling
	}
	return true, k.Tier == verify.TierSensitive, cooling
}

// looser says in what s lets something happen that p does not, "" = in nothing.
func looser(s, p verify.Policy) string {
	for _, e := range s.Sources {
		if o, ok := p.Source(e.Name); !ok || o.Issuer != e.Issuer {
			return "source " + e.Name
		}
	}
	for _, h := range s.Hosts {
		if o, ok := p.Host(h.Name); !ok || o.Delivery != h.Delivery || h.Code && !o.Code {
			return "host " + h.Name
		}
	}
	for _, k := range s.Kinds {
		for _, level := range []verify.Level{verify.A1, verify.A2, verify.A3} {
			ok, senior, wait := allows(s, k.Name, k, level)
			may, needs, least := allows(p, k.Name, k, level)
			if ok && (!may || needs && !senior || wait < least) {
				return "kind " + k.Name + " at " + string(level)
			}
		}
	}
	return ""
}

// Invariant 10 of proof-gate.md §6, its pure half: Stricter is commutative and never looser than either, and what
// Tightens lets through at once is no looser.
func TestInvariant10Stricter(t *testing.T) {
	r := rand.New(rand.NewPCG(10, 1))
	tightens := 0
	for range 4000 {
		stricter(t, anyPolicy(r), anyPolicy(r), &tightens)
	}
	if tightens < 10 {
		t.Errorf("only %d pairs were stricter: the test is too tame", tightens)
	}
}

func stricter(t *testing.T, a, b verify.Policy, tightens *int) {
	t.Helper()
	ab, ba := verify.Stricter(a, b), verify.Stricter(b, a)
	one, err := ab.Hash()
	other, err2 := ba.Hash()
	if err != nil || err2 != nil || one != other {
		t.Fatalf("not commutative:\n%+v\n%+v", ab, ba)
	}
	for _, p := range []verify.Policy{a, b} {
		if what := looser(ab, p); what != "" {
			t.Fatalf("%s: the stricter of both\n%+v\nis looser than\n%+v", what, ab, p)
		}
		if !verify.Tightens(p, ab) || !verify.Tightens(p, p) {
			t.Fatalf("the stricter of both\n%+v\ndoes not tighten\n%+v", ab, p)
		}
	}
	if !verify.Tightens(a, b) {
		return
	}
	*tightens++
	if what := looser(b, a); what != "" {
		t.Fatalf("%s: counts as stricter\n%+v\nthan\n%+v", what, b, a)
	}
}

func FuzzStricter(f *testing.F) {
	f.Add(uint64(1), uint64(2))
	f.Fuzz(func(t *testing.T, x, y uint64) {
		n := 0
		stricter(t, anyPolicy(rand.New(rand.NewPCG(x, 1))), anyPolicy(rand.New(rand.NewPCG(y, 2))), &n)
	})
}
