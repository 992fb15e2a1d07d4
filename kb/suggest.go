package kb

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// Thresholds on coverage (self-help.md §5). Below the lower one nothing fits, and that is said in words: it lets
// 98 % of the covered questions of the public sets through. Below the upper one there are suggestions only: over
// it are 90 % of the covered ones, and a third of the live shop's uncovered ones, so it never justifies an answer alone.
const (
	Lower = 0.15
	Upper = 0.37
)

// Fits reports whether the best result is worth showing at all.
func (f Found) Fits() bool { return len(f.Results) > 0 && f.Coverage >= Lower }

// Matches reports whether a pin holds for an address now: the test box of the admin page asks the same.
// A pattern that begins with / is held against the path, any other against scheme, host and path; * stands
// for any run of characters.
func (p Pin) Matches(address, mailbox, locale string, now time.Time) bool {
	switch {
	case p.Mailbox != "" && p.Mailbox != mailbox, p.Locale != "" && p.Locale != locale,
		!p.From.IsZero() && now.Before(p.From), !p.Until.IsZero() && !now.Before(p.Until):
		return false
	}
	target := address
	if strings.HasPrefix(p.Pattern, "/") {
		if _, rest, ok := strings.Cut(address, "://"); ok {
			target = "/"
			if i := strings.IndexByte(rest, '/'); i >= 0 {
				target = rest[i:]
			}
		}
	}
	target, _, _ = strings.Cut(target, "#")
	target, _, _ = strings.Cut(target, "?")
	return wildcard(p.Pattern, target)
}

// wildcard matches * against any run of characters, in linear time.
func wildcard(pattern, s string) bool {
	parts := strings.Split(pattern, "*")
	if len(parts) == 1 {
		return pattern == s
	}
	if !strings.HasPrefix(s, parts[0]) {
		return false
	}
	s = s[len(parts[0]):]
	for _, mid := range parts[1 : len(parts)-1] {
		i := strings.Index(s, mid)
		if i < 0 {
			return false
		}
		s = s[i+len(mid):]
	}
	return strings.HasSuffix(s, parts[len(parts)-1])
}

// Pinned gives the articles pinned to an address, in pin order, then by id.
func (x *Index) Pinned(pins []Pin, address, mailbox, locale string, now time.Time) []Result {
	pins = slices.Clone(pins)
	slices.SortFunc(pins, func(a, b Pin) int {
		return cmp.Or(cmp.Compare(a.Order, b.Order), cmp.Compare(a.ID, b.ID))
	})
	out := []Result{}
	for _, p := range pins {
		a, ok := x.Public(p.Article)
		had := slices.ContainsFunc(out, func(r Result) bool { return r.Article == p.Article })
		if ok && !had && p.Matches(address, mailbox, locale, now) {
			out = append(out, Result{Article: a.ID, Title: a.Version.Title, Summary: a.Version.Summary, Why: []string{p.Pattern}})
		}
	}
	return out
}

// Completed adds to a page's pins what solved most there, and then what solved most at all, up to limit. Of the articles
// here those count that visitors of the mailbox may still read.
func (x *Index) Completed(out []Result, here []string, mailbox string, limit int) []Result {
	s := x.snapshot()
	add := func(list ...Result) {
		for _, r := range list {
			if !slices.ContainsFunc(out, func(o Result) bool { return o.Article == r.Article }) {
				out = append(out, r)
			}
		}
	}
	for _, id := range here {
		if slot, ok := s.byID[id]; ok && s.public.sees(s.slots[slot].article) && s.slots[slot].in(mailbox) {
			add(s.slots[slot].suggested())
		}
	}
	add(x.Best(mailbox, limit)...)
	return out[:min(limit, len(out))]
}

func (e *entry) suggested() Result {
	v := e.article.Version
	return Result{Article: e.article.ID, Title: v.Title, Summary: v.Summary}
}

// Best gives the public articles that solved most questions, for a page without pins.
func (x *Index) Best(mailbox string, limit int) []Result {
	s := x.snapshot()
	list := slices.DeleteFunc(slices.Clone(s.slots), func(e *entry) bool {
		return e == nil || !s.public.sees(e.article) || !e.in(mailbox)
	})
	slices.SortFunc(list, func(a, b *entry) int {
		return cmp.Or(cmp.Compare(b.article.Solved, a.article.Solved), cmp.Compare(a.article.ID, b.article.ID))
	})
	out := []Result{}
	for _, e := range list[:min(limit, len(list))] {
		out = append(out, e.suggested())
	}
	return out
}
