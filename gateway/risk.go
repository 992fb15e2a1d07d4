package gateway

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"unicode"

	"github.com/postern-chat/postern/kb"
	"github.com/postern-chat/postern/verify"
)

// RiskReason says why an agent should look twice before he offers a change. It is shown to staff and proves
// nothing. Source: product.md P119.
type RiskReason string

// Risk reasons.
const (
	RiskRefused   RiskReason = "refused_before" // a change of this browser came to nothing with another agent
	RiskClaims    RiskReason = "claims_differ"  // this browser has claimed several names or addresses
	RiskPressure  RiskReason = "pressure"       // words that hurry, threaten, or ask for an exception
	RiskLookAlike RiskReason = "look_alike"     // an address in a change whose domain imitates a known one
)

// Risk is one reason with what it rests on: the name of the agent, what was claimed, the words, the domain.
type Risk struct {
	Reason RiskReason `json:"reason"`
	About  []string   `json:"about,omitempty"`
}

// maxEarlier is how many of a browser's conversations are looked at, newest first.
const maxEarlier = 10

// Risks reads the reasons for doubt in a conversation: what it says itself, and the other conversations of the same
// browser. Errors: forbidden, not_found.
func (s *Service) Risks(ctx context.Context, c Caller, id ID) ([]Risk, error) {
	if err := c.may(VerbRead); err != nil {
		return nil, err
	}
	cv, err := s.access(ctx, c, id)
	if err != nil {
		return nil, err
	}
	all := []Conversation{cv}
	if cv.Visitor != "" {
		if all, err = s.Store.Conversations(ctx, ConversationFilter{Visitor: cv.Visitor, Limit: maxEarlier}); err != nil {
			return nil, err
		}
	}
	mb, err := s.Store.Mailbox(ctx, cv.Mailbox)
	if err != nil {
		return nil, err
	}
	r := risks{known: sitesOf(append(s.sites(mb), providersOfMail()...))}
	for _, one := range all {
		r.claim(one.Claimed)
		if err := s.asked(ctx, &r, one, cv); err != nil {
			return nil, err
		}
	}
	events, err := s.Store.EventsBefore(ctx, string(cv.ID), 0, maxTried)
	for _, e := range events {
		r.said(e)
	}
	return r.list(), err
}

// asked looks at the changes of one conversation: those that ended without a proof with an agent who does not have cv
// now, and, of cv itself, at the addresses in them.
func (s *Service) asked(ctx context.Context, r *risks, one, cv Conversation) error {
	rows, err := s.changesOf(ctx, one.ID)
	if err != nil {
		return err
	}
	for _, row := range rows {
		if one.ID == cv.ID {
			r.values(row.Change)
		}
		by := ID(row.OfferedBy.ID)
		if by == "" || by == cv.Assignee || !slices.Contains([]verify.State{verify.Denied, verify.Disowned, verify.Withdrawn, verify.Failed}, row.State) {
			continue
		}
		a, err := s.Store.Agent(ctx, by)
		if err != nil {
			return err
		}
		r.add(RiskRefused, a.Name)
	}
	return nil
}

// risks gathers reasons, each with no line twice.
type risks struct {
	known         []leakSite // domains that another may imitate
	about         map[RiskReason][]string
	names, emails []string
}

func (r *risks) add(reason RiskReason, about string) {
	if r.about == nil {
		r.about = map[RiskReason][]string{}
	}
	if list := r.about[reason]; len(list) < 5 && !slices.Contains(list, about) {
		r.about[reason] = append(list, about)
	}
}

func (r *risks) claim(c Claimed) {
	r.names = claimed(r.names, c.Name)
	r.emails = claimed(r.emails, c.Email)
}

func claimed(list []string, what string) []string {
	what = strings.TrimSpace(what)
	if what == "" || slices.ContainsFunc(list, func(o string) bool { return strings.EqualFold(o, what) }) {
		return list
	}
	return append(list, what)
}

// said looks at what the visitor wrote.
func (r *risks) said(e Event) {
	var m Message
	if e.Kind != (MessageCreated{}).Kind() || e.Actor.Role != RoleVisitor || json.Unmarshal(e.Payload, &m) != nil {
		return
	}
	for _, words := range pressing(m.Text) {
		r.add(RiskPressure, words)
	}
}

// values looks at the addresses in a change.
func (r *risks) values(c verify.Change) {
	for _, v := range c.Fields {
		if _, domain, ok := strings.Cut(v, "@"); ok && imitates(domain, r.known) {
			r.add(RiskLookAlike, domain)
		}
	}
}

func (r *risks) list() []Risk {
	if len(r.names) > 1 || len(r.emails) > 1 {
		for _, about := range [][]string{r.names, r.emails} {
			for i := 0; i < len(about) && len(about) > 1; i++ {
				r.add(RiskClaims, about[i])
			}
		}
	}
	out := []Risk{}
	for _, reason := range []RiskReason{RiskRefused, RiskClaims, RiskPressure, RiskLookAlike} {
		if about := r.about[reason]; about != nil {
			out = append(out, Risk{reason, about})
		}
	}
	return out
}

// imitates reports whether a domain reads like a known one and is another.
func imitates(domain string, known []leakSite) bool {
	domain = strings.ToLower(strings.Trim(domain, ". "))
	shape := skeleton(domain)
	for _, site := range known {
		if domain == site.host || strings.HasSuffix(domain, "."+site.host) {
			return false
		}
	}
	for _, site := range known {
		if shape == site.shape || strings.HasPrefix(shape, site.shape+".") || len(site.shape) > 6 && oneOff(shape, site.shape) {
			return true
		}
	}
	return mixedScripts(domain)
}

// pressing gives the phrases of a text that press for haste or an exception, as they stand in the list.
func pressing(text string) []string {
	words := " " + plain(text) + " "
	var out []string
	for _, p := range pressures() {
		if strings.Contains(words, " "+p+" ") {
			out = append(out, p)
		}
	}
	return out
}

// plain is a text in small letters without accents, its words parted by single spaces.
func plain(text string) string {
	var b strings.Builder
	for _, r := range kb.Decompose(strings.ToLower(text)) {
		switch {
		case unicode.Is(unicode.Mn, r) || r == '\'' || r == '’':
		case unicode.IsLetter(r) || unicode.IsDigit(r):
			b.WriteRune(r)
		default:
			b.WriteByte(' ')
		}
	}
	return strings.Join(strings.Fields(b.String()), " ")
}
