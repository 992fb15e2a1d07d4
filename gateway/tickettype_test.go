package gateway

import (
	"slices"
	"testing"
	"time"
)

func TestDefaultTypes(t *testing.T) {
	if err := CheckTypes(DefaultTypes()); err != nil || len(DefaultTypes()) != 6 {
		t.Errorf("%v", err)
	}
	for _, c := range []struct {
		role Role
		may  string // of the ids
	}{
		{RoleTrainee, "tech question"},
		{RoleAgent, "tech recovery transfer question"},
		{RoleSenior, "tech recovery transfer question"},
		{RoleSupervisor, "tech recovery transfer transaction partnership question"},
		{RoleAdmin, "tech recovery transfer transaction partnership question"},
		{RoleEditor, ""},
		{RoleAuditor, ""},
		{RoleVisitor, ""},
	} {
		got := ""
		for _, k := range DefaultTypes() {
			if c.role.AtLeast(k.Role) {
				got += " " + k.ID
			}
		}
		if got = trimmed(got); got != c.may {
			t.Errorf("%s may hold %q, want %q", c.role, got, c.may)
		}
		if !c.role.AtLeast("") {
			t.Errorf("%s may not hold what anybody may", c.role)
		}
	}
}

func trimmed(s string) string {
	if s == "" {
		return s
	}
	return s[1:]
}

func TestCheckTypes(t *testing.T) {
	good := TicketType{"money", "Money", RoleSenior}
	for _, c := range []struct {
		name string
		list []TicketType
		code string
	}{
		{"none", nil, ""},
		{"one", []TicketType{good}, ""},
		{"twice", []TicketType{good, good}, "invalid"},
		{"no id", []TicketType{{"", "Money", RoleSenior}}, "invalid"},
		{"an id with a blank", []TicketType{{"my money", "Money", RoleSenior}}, "invalid"},
		{"no name", []TicketType{{"money", " ", RoleSenior}}, "invalid"},
		{"a role that holds nothing", []TicketType{{"money", "Money", RoleAuditor}}, "invalid"},
		{"admins hold what supervisors do", []TicketType{{"money", "Money", RoleAdmin}}, "invalid"},
		{"too many", make([]TicketType, MaxTypes+1), "too_large"},
	} {
		if got := CodeOf(CheckTypes(c.list)); got != c.code {
			t.Errorf("%s: %q, want %q", c.name, got, c.code)
		}
	}
}

func TestSpecialists(t *testing.T) {
	money := TicketType{"money", "Transactions", RoleAgent}
	cv := Conversation{Locale: "ar-EG", Type: "money", MinRole: RoleAgent}
	list := []Candidate{
		{Agent: "a", Role: RoleAgent},
		{Agent: "b", Role: RoleAgent, Tags: []string{"transactions"}},
		{Agent: "c", Role: RoleSenior, Languages: []string{"ar"}},
		{Agent: "d", Role: RoleAgent, Languages: []string{"AR-eg"}, Tags: []string{"MONEY"}},
		{Agent: "e", Role: RoleTrainee, Languages: []string{"ar"}},
		{Agent: "f", Role: RoleAgent, Languages: []string{"a", "en"}},
	}
	var got []int
	for _, c := range Specialists(slices.Clone(list), cv, money, true) {
		got = append(got, c.Fits)
	}
	if !slices.Equal(got, []int{0, 1, 2, 3, 0}) { // the trainee is left out
		t.Errorf("fits %v", got)
	}
	for _, c := range Specialists(slices.Clone(list), cv, money, false) {
		if c.Fits != 0 {
			t.Errorf("%s is preferred, though nobody asked for that", c.Agent)
		}
	}
}

// A speciality decides among those who are there, before their load, and makes nobody eligible.
func TestRoutePrefersSpecialists(t *testing.T) {
	fits := func(c Candidate, n int) Candidate { c.Fits = n; return c }
	for _, c := range []struct {
		name string
		list []Candidate
		want ID
	}{
		{"before the load", []Candidate{free("a"), fits(with(free("b"), func(c *Candidate) { c.Active = 2 }), 1)}, "b"},
		{"more before less", []Candidate{fits(free("a"), 1), fits(free("b"), 3)}, "b"},
		{"not one without a seat", []Candidate{free("a"), fits(with(free("b"), func(c *Candidate) { c.Active = 3 }), 3)}, "a"},
		{"not one who takes no offers", []Candidate{free("a"), fits(with(free("b"), func(c *Candidate) { c.Availability = AssignOnly }), 3)}, "a"},
		{"who is at his desk first", []Candidate{free("a"), fits(with(free("b"), func(c *Candidate) { c.Presence = IdlePresence }), 3)}, "a"},
		{"who has not rung yet first", []Candidate{free("a"), fits(with(free("b"), func(c *Candidate) { c.Rung = 1 }), 3)}, "a"},
	} {
		if got := Route(waiting(), "", c.list, noon.Add(-time.Minute)).Agent; got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
	if got := Route(waiting(), "a", []Candidate{free("a"), fits(free("b"), 3)}, noon.Add(-time.Minute)).Agent; got != "a" {
		t.Errorf("the visitor's own agent: %q", got)
	}
}
