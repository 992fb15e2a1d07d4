package gateway

import (
	"slices"
	"strings"
)

// maxSpecialities is how many tags or languages an agent has at most.
const maxSpecialities = 20

// CheckSpecialities refuses words that are none. Errors: invalid, too_large.
func (a Agent) CheckSpecialities() error {
	for name, list := range map[string][]string{"tags": a.Tags, "languages": a.Languages} {
		if len(list) > maxSpecialities {
			return TooLarge(name, maxSpecialities)
		}
		for _, v := range list {
			if CheckText(name, v, maxRuleWord) != nil || strings.TrimSpace(v) != v {
				return Invalid(name)
			}
		}
	}
	return nil
}

// Speciality says how well an agent's tags and languages fit a conversation: 2 for its language, 1 for what it is about,
// by the id or the name of its type (product.md P47).
func Speciality(tags, languages []string, locale string, t TicketType) (n int) {
	speaks := func(v string) bool {
		v, l := strings.ToLower(v), strings.ToLower(locale)
		return v != "" && (v == l || strings.HasPrefix(l, v+"-"))
	}
	if slices.ContainsFunc(languages, speaks) {
		n += 2
	}
	about := func(v string) bool { return t.ID != "" && (strings.EqualFold(v, t.ID) || strings.EqualFold(v, t.Name)) }
	if slices.ContainsFunc(tags, about) {
		n++
	}
	return n
}

// Specialists says how well each candidate fits, if his mailbox prefers those who do; who may not hold the conversation
// is left out.
func Specialists(list []Candidate, cv Conversation, t TicketType, prefer bool) []Candidate {
	out := slices.DeleteFunc(list, func(c Candidate) bool { return !c.Role.AtLeast(cv.MinRole) })
	for i := range out {
		if c := &out[i]; prefer {
			c.Fits = Speciality(c.Tags, c.Languages, cv.Locale, t)
		}
	}
	return out
}
