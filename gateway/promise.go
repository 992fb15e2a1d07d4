package gateway

import (
	"slices"
	"strings"
	"time"
)

// Levels is how many levels of escalation there are: senior support, engineering or product, management.
const Levels = 3

// Bounds of a mailbox's promises.
const (
	maxTarget  = 43_200 // minutes: 30 days round the clock
	maxClasses = 20
	maxHearers = 20
)

// SLA is what a mailbox promises about its answers, in minutes that it is open. Defaults: product.md §2.
type SLA struct {
	Off     bool           `json:"off"`
	Targets [3]Targets     `json:"targets"` // of high, medium and low priority
	Classes []ClassTargets `json:"classes"` // of accounts that the host has signed so, instead of Targets
	Levels  [Levels]Level  `json:"levels"`
	AtOnce  []string       `json:"at_once"`   // words of a visitor that reach the last level at once; null = DefaultAtOnce
	Report  string         `json:"report_to"` // address that every escalation's report is mailed to; "" = none
}

// Targets are one priority's limits in open minutes; 0 = no such limit.
type Targets struct {
	First   int `json:"first"`   // to the first answer
	Next    int `json:"next"`    // to each answer
	Resolve int `json:"resolve"` // to the end, counted while it is our turn
}

// ClassTargets are the limits for accounts of a class, a status, or both.
type ClassTargets struct {
	Account
	Targets [3]Targets `json:"targets"`
}

// fits tells how many of the conditions hold; 0 = not all.
func (c ClassTargets) fits(a Account) (n int) {
	for _, v := range [...]struct{ want, is string }{{c.Class, a.Class}, {c.Status, a.Status}} {
		switch v.want {
		case "":
		case v.is:
			n++
		default:
			return 0
		}
	}
	return n
}

// Level is one level of escalation.
type Level struct {
	After int  `json:"after"` // open minutes of our turn after which it is reached; 0 = by hand only
	Tell  []ID `json:"tell"`  // who hears of it; none = supervisors, of the last level admins too
}

// Promise is what one conversation was promised when it began. It keeps it whatever the mailbox promises later.
type Promise struct {
	Targets
	Levels [Levels]int `json:"levels"` // open minutes; 0 = by hand only
}

// DefaultSLA acknowledges within 15 minutes, lets nobody wait for an answer longer than a work day, resolves within
// 24 hours, and escalates after 1, 4 and 24 hours.
func DefaultSLA(workDay time.Duration) SLA {
	t := Targets{First: 15, Next: int(workDay / time.Minute), Resolve: 24 * 60}
	return SLA{
		Targets: [3]Targets{t, t, t}, Classes: []ClassTargets{},
		Levels: [Levels]Level{{60, []ID{}}, {240, []ID{}}, {1440, []ID{}}},
	}
}

// Promises is the mailbox's own setting, or the product's.
func (m Mailbox) Promises() SLA {
	if m.SLA != nil {
		return *m.SLA
	}
	return DefaultSLA(m.WorkDay())
}

// Promise is what a conversation of this priority and account is promised now; false = nothing. Of the classes that fit,
// the one with both conditions counts, then the first.
func (m Mailbox) Promise(p Priority, a Account) (Promise, bool) {
	s := m.Promises()
	if s.Off {
		return Promise{}, false
	}
	of, held := s.Targets, 0
	for _, c := range s.Classes {
		if n := c.fits(a); n > held {
			of, held = c.Targets, n
		}
	}
	out := Promise{Targets: of[min(max(orMedium(p), High), Low)-1]}
	for i, l := range s.Levels {
		out.Levels[i] = l.After
	}
	return out, out != Promise{}
}

// Check refuses limits that are no limits, and classes that say nothing. Errors: invalid, too_large.
func (s SLA) Check() error {
	if len(s.Classes) > maxClasses {
		return TooLarge("sla.classes", maxClasses)
	}
	all := []ClassTargets{{Targets: s.Targets}}
	for i, c := range s.Classes {
		twice := slices.ContainsFunc(s.Classes[:i], func(o ClassTargets) bool { return o.Account == c.Account })
		if twice || c.Account == (Account{}) || !ruleWord(c.Class) || !ruleWord(c.Status) {
			return Invalid("sla.classes")
		}
		all = append(all, c)
	}
	for _, c := range all {
		for _, t := range c.Targets {
			if !minutes(t.First) || !minutes(t.Next) || !minutes(t.Resolve) {
				return Invalid("sla.targets")
			}
		}
	}
	if err := s.checkAtOnce(); err != nil {
		return err
	}
	if s.Report != "" && !PlausibleEmail(s.Report) {
		return Invalid("sla.report_to")
	}
	for _, l := range s.Levels {
		if !minutes(l.After) {
			return Invalid("sla.levels")
		}
		if len(l.Tell) > maxHearers {
			return TooLarge("sla.tell", maxHearers)
		}
		if slices.ContainsFunc(l.Tell, func(id ID) bool { return !id.Is(PrefixAgent) || len(id) > 40 }) {
			return Invalid("sla.tell")
		}
	}
	return nil
}

func ruleWord(s string) bool {
	return s == "" || CheckText("", s, maxRuleWord) == nil && strings.TrimSpace(s) == s
}

func minutes(n int) bool { return n >= 0 && n <= maxTarget }
