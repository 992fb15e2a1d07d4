package verify

import (
	"cmp"
	"reflect"
	"slices"
)

// Stricter is the policy that allows only what both allow: what is in only one is off, of each value the
// stricter one counts, and what cannot be compared (fields, host) must be equal or the kind is off. Words for
// people are a's. It is in force while a loosening waits. Source: proof-gate.md §3.14.
func Stricter(a, b Policy) Policy {
	out := Policy{
		Hosts:   stricterHosts(a.Hosts, b.Hosts),
		Sources: common(a.Sources, b.Sources, func(x, y SourceEntry) int { return cmp.Compare(x.Name, y.Name) }),
	}
	for _, k := range a.Kinds {
		if o, ok := b.Kind(k.Name); ok {
			out.Kinds = append(out.Kinds, stricterKind(k, o))
			continue
		}
		k.Off = true
		out.Kinds = append(out.Kinds, k)
	}
	for _, k := range b.Kinds {
		if _, ok := a.Kind(k.Name); !ok {
			k.Off = true
			out.Kinds = append(out.Kinds, k)
		}
	}
	slices.SortFunc(out.Kinds, func(x, y Kind) int { return cmp.Compare(x.Name, y.Name) })
	return out
}

func stricterKind(a, b Kind) Kind {
	k := a
	if k.Off = a.Off || b.Off; a.Host != b.Host || !reflect.DeepEqual(a.Fields, b.Fields) {
		k.Off, k.Host, k.Fields = true, "", nil
	}
	k.Assisted = a.Assisted && b.Assisted
	if a.SelfService == "" { // a kind with a page of its own is guided, not offered
		k.SelfService = b.SelfService
	}
	k.Level, k.Tier = a.Level, a.Tier
	if b.Level.rank() > a.Level.rank() {
		k.Level = b.Level
	}
	if b.Tier.rank() > a.Tier.rank() {
		k.Tier = b.Tier
	}
	if k.Cooling = max(a.Cooling, b.Cooling); a.Cools() == "" || b.Cools() == "" { // a weaker login is taken by both or not at all
		k.Cooling = 0
	}
	return k
}

func (t Tier) rank() int { return slices.Index([]Tier{TierRead, TierPlain, TierSensitive}, t) }

// Tightens reports whether the policy to allows nothing that from does not allow: then it may be in force at once.
// What is off is as if it were not there. Other words for people count as a loosening: a title can mislead.
func Tightens(from, to Policy) bool {
	want, err := on(Stricter(to, to)).Hash()
	got, err2 := on(Stricter(from, to)).Hash()
	return err == nil && err2 == nil && Equal(want, got)
}

func on(p Policy) Policy {
	p.Kinds = slices.DeleteFunc(slices.Clone(p.Kinds), func(k Kind) bool { return k.Off })
	return p
}

// stricterHosts are the hosts that both have, equal in all they say but for the typed code, which both must want.
func stricterHosts(a, b []Host) []Host {
	both := func(of, other []Host) []Host {
		of = slices.Clone(of)
		for i, h := range of {
			o, _ := Policy{Hosts: other}.Host(h.Name)
			of[i].Code = h.Code && o.Code
		}
		return of
	}
	return common(both(a, b), both(b, a), func(x, y Host) int { return cmp.Compare(x.Name, y.Name) })
}

// common are the entries that stand in both lists, equal in all they say.
func common[T any](a, b []T, order func(x, y T) int) []T {
	var out []T
	for _, x := range a {
		if slices.ContainsFunc(b, func(y T) bool { return reflect.DeepEqual(x, y) }) {
			out = append(out, x)
		}
	}
	slices.SortFunc(out, order)
	return out
}
