package gateway

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"
	"time"
	"unicode"
)

// Bounds of the mailbox rules.
const (
	MaxRules     = 50
	maxRuleWords = 20 // values of one condition
	maxRuleWord  = 100
)

// Priority is the class that a conversation waits in: those of a higher class are served first, and in one class the
// oldest. 0 = Medium. Source: product.md P89.
type Priority int

// The three classes.
const (
	High   Priority = 1
	Medium Priority = 2
	Low    Priority = 3
)

// Rule says where a new conversation waits, and in which class. Every condition that is given must fit; of the values
// of one condition any may. Rules do what departments do elsewhere (mail-and-routing.md 2.6).
type Rule struct {
	Name     string        `json:"name"`
	Class    []string      `json:"class,omitempty"`    // of the account, as the host signed it; typed words never count
	Status   []string      `json:"status,omitempty"`   // of the account, likewise
	Channel  []ChannelName `json:"channel,omitempty"`  // email also for the message form
	Email    []string      `json:"email,omitempty"`    // an address, or @domain
	Page     []string      `json:"page,omitempty"`     // begins with this: /path, or https://host/path
	Locale   []string      `json:"locale,omitempty"`   // de fits de-AT
	Words    []string      `json:"words,omitempty"`    // any of these, whole, whatever the case
	Mailbox  ID            `json:"mailbox,omitempty"`  // "" = it stays where it came in
	Priority Priority      `json:"priority,omitempty"` // 0 = it stays medium
	Type     string        `json:"type,omitempty"`     // id of a ticket type; "" = none
}

// RuleInput is what rules look at.
type RuleInput struct {
	Account
	Channel ChannelName `json:"channel"`
	Email   string      `json:"email"`
	Page    string      `json:"page"`
	Locale  string      `json:"locale"`
	Text    string      `json:"text"`
}

// Fits reports whether every condition of the rule holds.
func (r Rule) Fits(in RuleInput) bool {
	email, words := strings.ToLower(in.Email), foldWords(in.Text)
	return fits(r.Class, func(v string) bool { return v == in.Class }) &&
		fits(r.Status, func(v string) bool { return v == in.Status }) &&
		(len(r.Channel) == 0 || slices.Contains(r.Channel, in.Channel)) &&
		fits(r.Email, func(v string) bool {
			v = strings.ToLower(v)
			return v == email || strings.HasPrefix(v, "@") && strings.HasSuffix(email, v)
		}) &&
		fits(r.Page, func(v string) bool { return onPage(in.Page, v) }) &&
		fits(r.Locale, func(v string) bool {
			return strings.EqualFold(v, in.Locale) || len(in.Locale) > len(v) && strings.EqualFold(v+"-", in.Locale[:len(v)+1])
		}) &&
		fits(r.Words, func(v string) bool { return strings.Contains(words, foldWords(v)) })
}

func fits(values []string, fit func(string) bool) bool {
	return len(values) == 0 || slices.ContainsFunc(values, fit)
}

// onPage reports whether a page lies under a path, or under a whole address.
func onPage(page, under string) bool {
	if strings.HasPrefix(under, "/") {
		if _, rest, ok := strings.Cut(page, "://"); ok {
			host := strings.IndexByte(rest, '/')
			if host < 0 {
				rest, host = rest+"/", len(rest)
			}
			page = rest[host:]
		}
	}
	return strings.HasPrefix(page, under)
}

// foldWords gives the words of a text in lower case, each between two blanks.
func foldWords(s string) string {
	f := strings.FieldsFunc(strings.ToLower(s), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r) })
	return " " + strings.Join(f, " ") + " "
}

// FirstRule gives the number of the first rule that fits, -1 = none.
func FirstRule(rules []Rule, in RuleInput) int {
	return slices.IndexFunc(rules, func(r Rule) bool { return r.Fits(in) })
}

// Ruled is what the rules made of a conversation.
type Ruled struct {
	Rule     int      // number of the one that fired, -1 = none
	Mailbox  Mailbox  // where it waits
	Priority Priority // never 0
	Type     string   // "" = none
}

// Apply gives the mailbox and class of a new conversation that comes in at one of boxes: the first rule that fits and
// whose mailbox serves the same host decides. A mailbox of another host would put the conversation before another
// gate; such a rule is passed over.
func Apply(rules []Rule, at Mailbox, boxes []Mailbox, in RuleInput) Ruled {
	for i, r := range rules {
		if !r.Fits(in) {
			continue
		}
		to := at
		if r.Mailbox != "" {
			n := slices.IndexFunc(boxes, func(b Mailbox) bool { return b.ID == r.Mailbox && b.Host == at.Host })
			if n < 0 {
				continue
			}
			to = boxes[n]
		}
		return Ruled{Rule: i, Mailbox: to, Priority: orMedium(r.Priority), Type: r.Type}
	}
	return Ruled{Rule: -1, Mailbox: at, Priority: Medium}
}

func orMedium(p Priority) Priority {
	if p == 0 {
		return Medium
	}
	return p
}

// CheckRules refuses rules that say nothing, or name a mailbox that is none of boxes. Errors: invalid with the rule's
// number, too_large.
func CheckRules(rules []Rule, boxes []Mailbox) error {
	if len(rules) > MaxRules {
		return TooLarge("rules", MaxRules)
	}
	for _, r := range rules {
		if err := r.check(boxes); err != nil {
			return err
		}
	}
	return nil
}

func (r Rule) check(boxes []Mailbox) error {
	if err := CheckText("name", r.Name, 4*MaxName); err != nil {
		return err
	}
	for name, values := range map[string][]string{"class": r.Class, "status": r.Status, "email": r.Email, "page": r.Page, "locale": r.Locale, "words": r.Words} {
		if len(values) > maxRuleWords {
			return TooLarge(name, maxRuleWords)
		}
		for _, v := range values {
			if CheckText(name, v, maxRuleWord) != nil || strings.TrimSpace(v) != v || name == "words" && foldWords(v) == "  " {
				return Invalid(name)
			}
		}
	}
	switch {
	case slices.ContainsFunc(r.Channel, func(c ChannelName) bool { return c != ByChat && c != ByEmail }):
		return Invalid("channel")
	case r.Priority < 0 || r.Priority > Low:
		return Invalid("priority")
	case len(r.Type) > maxTypeID:
		return Invalid("type")
	case r.Mailbox == "" && r.Priority == 0 && r.Type == "":
		return Invalid("mailbox")
	case r.Mailbox != "" && !slices.ContainsFunc(boxes, func(b Mailbox) bool { return b.ID == r.Mailbox }):
		return Invalid("mailbox")
	}
	return nil
}

// rulesSetting is where the rules stand.
const rulesSetting = "routing.rules"

// Rules gives the rules in their order, and a mark by which SaveRules knows that nobody changed them meanwhile.
func (s *Service) Rules(ctx context.Context) (rules []Rule, mark string, err error) {
	text, err := s.Store.Setting(ctx, rulesSetting)
	if CodeOf(err) == "not_found" {
		return nil, "", nil
	}
	if err != nil {
		return nil, "", err
	}
	if err := json.Unmarshal([]byte(text), &rules); err != nil {
		return nil, "", Internal("read the rules", err)
	}
	return rules, markOf(text), nil
}

func markOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:8])
}

// SaveRules puts others in their place. Errors: forbidden, invalid, too_large, conflict if mark is not that of the
// rules that stand.
func (s *Service) SaveRules(ctx context.Context, c Caller, rules []Rule, mark string) (string, error) {
	if err := c.may(VerbSettings); err != nil {
		return "", err
	}
	boxes, err := s.Store.Mailboxes(ctx)
	if err != nil {
		return "", err
	}
	if err := CheckRules(rules, boxes); err != nil {
		return "", err
	}
	if err := s.knownTypes(ctx, rules); err != nil {
		return "", err
	}
	was, err := s.Store.Setting(ctx, rulesSetting)
	switch {
	case CodeOf(err) == "not_found":
		was = ""
	case err != nil:
		return "", err
	case markOf(was) != mark:
		return "", Conflict()
	}
	if was == "" && mark != "" {
		return "", Conflict()
	}
	text, err := json.Marshal(append([]Rule{}, rules...))
	if err != nil {
		return "", Internal("encode the rules", err)
	}
	now, err := s.Store.Now(ctx)
	if err != nil {
		return "", err
	}
	events, err := s.Store.SwapSetting(ctx, rulesSetting, was, string(text), c.Actor, now)
	if err != nil {
		return "", err
	}
	s.publish(ctx, events...)
	return markOf(string(text)), nil
}

// knownTypes refuses a rule whose ticket type is not in the list.
func (s *Service) knownTypes(ctx context.Context, rules []Rule) error {
	list, _, err := s.Types(ctx)
	if err != nil {
		return err
	}
	for _, r := range rules {
		if r.Type != "" && !slices.ContainsFunc(list, func(t TicketType) bool { return t.ID == r.Type }) {
			return Invalid("type")
		}
	}
	return nil
}

// Rule applies the rules that stand to what comes in at a mailbox.
func (s *Service) Rule(ctx context.Context, at Mailbox, in RuleInput) (Ruled, error) {
	rules, _, err := s.Rules(ctx)
	if err != nil || len(rules) == 0 {
		return Ruled{Rule: -1, Mailbox: at, Priority: Medium}, err
	}
	boxes, err := s.Store.Mailboxes(ctx)
	if err != nil {
		return Ruled{}, err
	}
	return Apply(rules, at, boxes, in), nil
}

// ruled applies the rules to what a visitor starts. Only a token that the host signed says what account it is.
func (s *Service) ruled(ctx context.Context, c Caller, mb Mailbox, in StartInput) (Ruled, error) {
	r := RuleInput{Channel: ByChat, Email: in.Claimed.Email, Page: in.Page, Locale: in.Locale, Text: in.Text}
	if in.Ticket {
		r.Channel = ByEmail
	}
	r.Account = c.account(mb)
	return s.Rule(ctx, mb, r)
}

// SortMail applies the rules to the ticket that a mail opens: where it waits, in which class, and what it is about. A
// mail says nothing of its account: only the host signs that.
func (s *Service) SortMail(ctx context.Context, at Mailbox, st *Start, now time.Time) error {
	in := RuleInput{Channel: ByEmail, Email: st.Claimed.Email, Text: st.Subject + "\n" + st.First.Text}
	ruled, err := s.Rule(ctx, at, in)
	if err != nil {
		return err
	}
	st.Mailbox, st.Priority, st.Clock = ruled.Mailbox.ID, ruled.Priority, ruled.Mailbox.ClocksFrom(ruled.Priority, Account{}, now)
	return s.typed(ctx, st, ruled.Type)
}

// account is the visitor's as the mailbox's host has signed it.
func (c Caller) account(mb Mailbox) Account {
	if id := c.Visitor.Identity; id.Host == mb.Host && id.ByHost() {
		return id.Account
	}
	return Account{}
}
