package gateway

import (
	"strings"
	"testing"
	"time"
)

func TestRuleFits(t *testing.T) {
	in := RuleInput{
		Account: Account{Class: "paid", Status: "past due"}, Channel: ByChat, Email: "Ann@Shop.example", Page: "https://shop.example/orders/7", Locale: "de-AT",
		Text: "Where's my re-fund, please?",
	}
	for _, c := range []struct {
		name string
		rule Rule
		want bool
	}{
		{"no condition", Rule{}, true},
		{"class", Rule{Class: []string{"trial", "paid"}}, true},
		{"another class", Rule{Class: []string{"Paid"}}, false},
		{"status", Rule{Status: []string{"active", "past due"}}, true},
		{"another status", Rule{Status: []string{"past"}}, false},
		{"class, and another status", Rule{Class: []string{"paid"}, Status: []string{"active"}}, false},
		{"channel", Rule{Channel: []ChannelName{ByChat}}, true},
		{"another channel", Rule{Channel: []ChannelName{ByEmail}}, false},
		{"address", Rule{Email: []string{"ann@shop.example"}}, true},
		{"domain", Rule{Email: []string{"@shop.example"}}, true},
		{"part of a domain", Rule{Email: []string{"shop.example"}}, false},
		{"end of a domain", Rule{Email: []string{"@example"}}, false},
		{"path", Rule{Page: []string{"/orders"}}, true},
		{"another path", Rule{Page: []string{"/order/"}}, false},
		{"whole address", Rule{Page: []string{"https://shop.example/"}}, true},
		{"host as a path", Rule{Page: []string{"/shop.example"}}, false},
		{"language", Rule{Locale: []string{"de"}}, true},
		{"language and country", Rule{Locale: []string{"DE-at"}}, true},
		{"another country", Rule{Locale: []string{"de-CH"}}, false},
		{"half a language", Rule{Locale: []string{"d"}}, false},
		{"word", Rule{Words: []string{"WHERE"}}, true},
		{"words in a row", Rule{Words: []string{"my re fund"}}, true},
		{"part of a word", Rule{Words: []string{"fun"}}, false},
		{"one condition of two", Rule{Class: []string{"paid"}, Words: []string{"cancel"}}, false},
	} {
		if got := c.rule.Fits(in); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
	if (Rule{Class: []string{"paid"}}).Fits(RuleInput{}) || (Rule{Status: []string{"active"}}).Fits(RuleInput{}) || (Rule{Email: []string{"@x"}, Page: []string{"/"}}).Fits(RuleInput{}) {
		t.Error("who says nothing fits")
	}
}

func TestApplyRules(t *testing.T) {
	help, vip, other := Mailbox{ID: "mb_1", Host: "shop"}, Mailbox{ID: "mb_2", Host: "shop"}, Mailbox{ID: "mb_3", Host: "bank"}
	boxes := []Mailbox{help, vip, other}
	rules := []Rule{
		{Name: "elsewhere", Words: []string{"bank"}, Mailbox: "mb_3"},
		{Name: "gone", Words: []string{"gone"}, Mailbox: "mb_9"},
		{Name: "paid", Class: []string{"paid"}, Mailbox: "mb_2", Priority: High},
		{Name: "slow", Words: []string{"bank", "gone", "idea"}, Priority: Low},
	}
	for _, c := range []struct {
		name string
		in   RuleInput
		want Ruled
	}{
		{"none fits", RuleInput{Text: "hello"}, Ruled{-1, help, Medium, ""}},
		{"the first that fits", RuleInput{Account: Account{Class: "paid"}, Text: "an idea"}, Ruled{2, vip, High, ""}},
		{"class alone", RuleInput{Text: "an idea"}, Ruled{3, help, Low, ""}},
		{"a mailbox of another host is passed over", RuleInput{Text: "my bank"}, Ruled{3, help, Low, ""}},
		{"a mailbox that is gone is passed over", RuleInput{Text: "gone"}, Ruled{3, help, Low, ""}},
	} {
		got := Apply(rules, help, boxes, c.in)
		if got.Rule != c.want.Rule || got.Mailbox.ID != c.want.Mailbox.ID || got.Priority != c.want.Priority {
			t.Errorf("%s: rule %d, %s, %d", c.name, got.Rule, got.Mailbox.ID, got.Priority)
		}
	}
}

func TestCheckRules(t *testing.T) {
	boxes := []Mailbox{{ID: "mb_1"}}
	if err := CheckRules([]Rule{{Name: "a", Class: []string{"paid"}, Mailbox: "mb_1"}, {Name: "b", Priority: Low}}, boxes); err != nil {
		t.Fatal(err)
	}
	many := make([]string, maxRuleWords+1)
	for i := range many {
		many[i] = "w"
	}
	for name, r := range map[string]Rule{
		"no name":        {Priority: Low},
		"does nothing":   {Name: "a", Class: []string{"paid"}},
		"no such box":    {Name: "a", Mailbox: "mb_2"},
		"no such class":  {Name: "a", Priority: 4},
		"no such way":    {Name: "a", Priority: Low, Channel: []ChannelName{"fax"}},
		"empty value":    {Name: "a", Priority: Low, Class: []string{""}},
		"empty status":   {Name: "a", Priority: Low, Status: []string{""}},
		"only signs":     {Name: "a", Priority: Low, Words: []string{"?!"}},
		"blanks around":  {Name: "a", Priority: Low, Page: []string{" /x"}},
		"a long value":   {Name: "a", Priority: Low, Words: []string{strings.Repeat("x", maxRuleWord+1)}},
		"too many words": {Name: "a", Priority: Low, Words: many},
	} {
		if err := CheckRules([]Rule{r}, boxes); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
	if err := CheckRules(make([]Rule, MaxRules+1), boxes); CodeOf(err) != "too_large" {
		t.Error(err)
	}
}

func TestOverflows(t *testing.T) {
	mb := Mailbox{Overflow: "mb_2", OverflowAfter: 30 * time.Second}
	cv := waiting()
	cv.QueuedAt = noon.Add(-30 * time.Second)
	for _, c := range []struct {
		name string
		mb   func(*Mailbox)
		cv   func(*Conversation)
		list []Candidate
		want bool
	}{
		{"nobody there for long enough", nil, nil, nil, true},
		{"all seats taken", nil, nil, []Candidate{with(free("a"), func(c *Candidate) { c.Active = 3 })}, true},
		{"somebody can be offered it", nil, nil, []Candidate{free("a")}, false},
		{"not long enough", nil, func(c *Conversation) { c.QueuedAt = noon.Add(-29 * time.Second) }, nil, false},
		{"it rings", nil, func(c *Conversation) { c.Offer.Agent = "a" }, nil, false},
		{"it moved before", nil, func(c *Conversation) { c.Moved = true }, nil, false},
		{"no overflow mailbox", func(m *Mailbox) { m.Overflow = "" }, nil, nil, false},
	} {
		m, v := mb, cv
		if c.mb != nil {
			c.mb(&m)
		}
		if c.cv != nil {
			c.cv(&v)
		}
		if got := Overflows(v, m, c.list, noon); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}
