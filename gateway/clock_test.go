package gateway

import (
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

// talkOf reads "v0 a10 v20": the visitor at minute 0, an agent at 10, the visitor at 20 after noon.
func talkOf(t *testing.T, s string) (said []Said) {
	t.Helper()
	for _, w := range strings.Fields(s) {
		d, err := time.ParseDuration(w[1:] + "m")
		if err != nil {
			t.Fatal(err)
		}
		said = append(said, Said{noon.Add(d), w[0] == 'v', w[0] == 'h'})
	}
	return said
}

// clockwork writes clocks as "first 10 15": name, minutes after noon of the warning and the end.
func clockwork(list []Clock) string {
	var out []string
	for _, c := range list {
		out = append(out, string(c.Name)+" "+minute(c.Warn)+" "+minute(c.Due))
	}
	return strings.Join(out, ", ")
}

func minute(t time.Time) string {
	if t.IsZero() {
		return "never"
	}
	return strings.TrimSuffix(strings.TrimSuffix(t.Sub(noon).Truncate(time.Minute).String(), "0s"), "m")
}

func TestRunningClocks(t *testing.T) {
	all := Promise{Targets: Targets{First: 15, Next: 30, Resolve: 45}}
	for _, c := range []struct{ name, said, want string }{
		{"nobody has written", "", ""},
		{"the first words", "v0", "first 10 15, next 20 30, resolve 30 45"},
		{"more words change nothing", "v0 v5 v9", "first 10 15, next 20 30, resolve 30 45"},
		{"answered: it is the visitor's turn", "v0 a10", ""},
		{"a late answer stops the first clock for good", "v0 a40 v50", "next 1h10 1h20, resolve 30 55"},
		{"the next answer is counted from the first word after the last one", "v0 a10 v20 v25", "next 40 50, resolve 40 55"},
		{"the visitor's turn does not count towards the solution", "v0 a10 v55 a57 v59", "next 1h19 1h29, resolve 1h17 1h32"},
		{"the solution was late before this turn", "v0 a50 v55", "next 1h15 1h25, resolve 30 45"},
		{"an agent wrote first", "a0 v10", "next 30 40, resolve 40 55"},
		{"a holding reply begins the wait anew", "v0 h10", "next 30 40, resolve 30 45"},
		{"a holding reply after an answer owes another", "v0 a10 h20", "next 40 50, resolve 40 55"},
		{"the answer after a holding reply", "v0 h10 a20", ""},
		{"a second answer while it is the visitor's turn", "v0 a5 a9 v20", "next 40 50, resolve 45 1h0"},
	} {
		got := clockwork(all.Running(Mailbox{}.Calendar(), talkOf(t, c.said)))
		if got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
	if got := (Promise{}).Running(Mailbox{}.Calendar(), talkOf(t, "v0")); len(got) > 0 {
		t.Errorf("nothing was promised, and %v runs", got)
	}
	only := Promise{Targets: Targets{Next: 30}}
	if got := clockwork(only.Running(Mailbox{}.Calendar(), talkOf(t, "v0"))); got != "next 20 30" {
		t.Errorf("one limit: %q", got)
	}
}

func TestNextClock(t *testing.T) {
	running := Promise{Targets: Targets{First: 60, Next: 30, Resolve: 45}}.Running(Mailbox{}.Calendar(), talkOf(t, "v0"))
	if c, ok := NextClock(running); !ok || c.Name != ClockNext {
		t.Errorf("%v %v", c, ok)
	}
	if c, ok := NextClock([]Clock{{Name: ClockFirst}}); ok {
		t.Errorf("never due, and %v runs out", c)
	}
}

func keysOf(marks []Mark) string {
	var out []string
	for _, m := range marks {
		out = append(out, m.Key())
	}
	slices.Sort(out)
	return strings.Join(out, " ")
}

func TestLook(t *testing.T) {
	p := Promise{Targets: Targets{First: 15, Next: 30, Resolve: 45}, Levels: [3]int{20, 40, 50}}
	since := "next:" + "1772452800000" // noon
	for _, c := range []struct {
		name, said, told string
		now              int
		want             string
		late, risk       bool
		next             int
	}{
		{"nothing yet", "v0", "", 5, "", false, false, 10},
		{"the warning", "v0", "", 10, "first:warn", false, true, 15},
		{"the warning once", "v0", "first:warn", 12, "", false, true, 15},
		{"the end, and a level", "v0", "first:warn", 20, "first:over level:1 " + since + ":warn", true, true, 30},
		{"too late for a warning", "v0", "", 19, "first:over", true, false, 20},
		{"no warning after the end", "v0", "first:over", 19, "", true, false, 20},
		{"all at once after a long sleep", "v0", "", 300, "first:over level:1 level:2 level:3 " + since + ":over resolve:over", true, false, 360},
		{"all told", "v0", "first:over level:1 level:2 level:3 " + since + ":over resolve:over", 300, "", true, false, 360},
		{"the visitor's turn: nothing is told, and looked again when the earliest could be due", "v0 a12", "first:warn", 13, "", false, false, 21},
		{"the visitor's turn: an old level is not told", "v0 a25", "first:over", 30, "", false, false, 35},
		{"by hand before its time", "v0 a1 v2", "level:1", 25, "next:1772452920000:warn", false, true, 31},
		{"a holding reply is the first answer, and begins the next wait", "v0 h5", "", 6, "", false, false, 20},
		{"what it promised is late", "v0 h5", "level:1", 36, "next:1772453100000:over resolve:warn", true, true, 40},
	} {
		told := map[string]bool{}
		for _, k := range strings.Fields(c.told) {
			told[k] = true
		}
		said := talkOf(t, c.said)
		before := slices.Clone(said)
		now := noon.Add(time.Duration(c.now) * time.Minute)
		seen := p.Look(Mailbox{}.Calendar(), said, told, now)
		next := seen.Next
		if got := keysOf(seen.Tell); got != c.want || seen.Late != c.late || seen.Risk != c.risk || minute(next) != minute(noon.Add(time.Duration(c.next)*time.Minute)) {
			t.Errorf("%s: %q late %v risk %v next %s, want %q %v %v %d", c.name, got, seen.Late, seen.Risk, minute(next), c.want, c.late, c.risk, c.next)
		}
		if !slices.Equal(said, before) {
			t.Errorf("%s: the messages were changed", c.name)
		}
		if !next.After(now) {
			t.Errorf("%s: looks again at %s", c.name, next)
		}
	}
}

// Whatever is said, and however late somebody looks: each mark is told at most once, and if it is looked at the times
// that Look asks for, none is late by more than a minute.
func TestLooksTellInTime(t *testing.T) {
	m := Mailbox{Zone: berlin, Hours: weekdays(9, 17)}
	p := Promise{Targets: Targets{First: 15, Next: 480, Resolve: 1440}, Levels: [3]int{60, 240, 1440}}
	cal := m.Calendar()
	var said []Said
	told := map[string]bool{}
	start := at(t, berlin, "2026-03-25 08:00")
	look := start
	for i := range 14 * 24 * 60 { // minutes of two weeks, with a change of the clock
		now := start.Add(time.Duration(i) * time.Minute)
		if i%701 == 3 {
			said = append(said, Said{now, i%1402 == 3 || i%5 == 0, false})
		}
		if now.Before(look) {
			continue
		}
		seen := p.Look(cal, said, told, now)
		marks, next := seen.Tell, seen.Next
		for _, m := range marks {
			if told[m.Key()] {
				t.Fatalf("%s is told twice", m.Key())
			}
			told[m.Key()] = true
			if due := m.Clock.Due; m.Over && now.Sub(due) > time.Minute {
				t.Fatalf("%s of %s is told at %s", m.Key(), due, now)
			}
			if m.Level > 0 {
				spent := Spent(cal, said, now)
				if want := time.Duration(p.Levels[m.Level-1]) * time.Minute; spent < want || spent > want+time.Minute {
					t.Fatalf("level %d after %s", m.Level, spent)
				}
			}
		}
		look = next
	}
	for _, k := range []string{"first:over", "level:1", "level:2"} {
		if !told[k] {
			t.Errorf("%s was never told: %v", k, told)
		}
	}
}

func TestUnverifiedMailsStartNoClock(t *testing.T) {
	said := AppendSaid(nil, noon, RoleVisitor, true, false)
	said = AppendSaid(said, noon.Add(time.Minute), RoleSenior, false, false)
	said = AppendSaid(said, noon.Add(2*time.Minute), RoleVisitor, true, false)
	said = AppendSaid(said, noon.Add(3*time.Minute), RoleSystem, false, false)
	if want := talkOf(t, "v0 a1"); !reflect.DeepEqual(said, want) {
		t.Errorf("%v, want %v", said, want)
	}
}

func TestPromise(t *testing.T) {
	paid, late, both := Account{Class: "paid"}, Account{Status: "past due"}, Account{Class: "paid", Status: "past due"}
	own := SLA{
		Targets: [3]Targets{{First: 5}, {First: 15}, {First: 60}},
		Classes: []ClassTargets{
			{paid, [3]Targets{{First: 1}, {First: 2}, {First: 3}}},
			{late, [3]Targets{{First: 7}, {First: 8}, {First: 9}}},
			{both, [3]Targets{{First: 11}, {First: 12}, {First: 13}}},
		},
		Levels: [3]Level{{After: 60}, {After: 240}, {}},
	}
	off := own
	off.Off = true
	for _, c := range []struct {
		name  string
		sla   *SLA
		p     Priority
		a     Account
		first int
		ok    bool
	}{
		{"the product's", nil, Medium, Account{}, 15, true},
		{"the product's know no class", nil, High, paid, 15, true},
		{"no priority is medium", &own, 0, Account{}, 15, true},
		{"high", &own, High, Account{}, 5, true},
		{"low", &own, Low, Account{}, 60, true},
		{"a class of its own", &own, Low, paid, 3, true},
		{"whatever its status", &own, Low, Account{Class: "paid", Status: "active"}, 3, true},
		{"another class", &own, Low, Account{Class: "trial"}, 60, true},
		{"a status", &own, Low, Account{Class: "trial", Status: "past due"}, 9, true},
		{"both conditions before one", &own, Low, both, 13, true},
		{"off", &off, High, paid, 0, false},
		{"all off", &SLA{}, High, Account{}, 0, false},
	} {
		got, ok := Mailbox{SLA: c.sla, Hours: weekdays(9, 17)}.Promise(c.p, c.a)
		if got.First != c.first || ok != c.ok {
			t.Errorf("%s: %+v %v", c.name, got, ok)
		}
	}
	got, _ := Mailbox{Hours: weekdays(9, 17)}.Promise(Medium, Account{})
	if want := (Promise{Targets{15, 480, 1440}, [3]int{60, 240, 1440}}); got != want {
		t.Errorf("the product's: %+v, want %+v", got, want)
	}
}

func TestPromisesAreChecked(t *testing.T) {
	three := func(n int) [3]Targets { return [3]Targets{{First: n}, {Next: n}, {Resolve: n}} }
	many := func(n int) (c []ClassTargets) {
		for i := range n {
			c = append(c, ClassTargets{Account: Account{Class: strings.Repeat("x", i+1)}})
		}
		return c
	}
	for _, c := range []struct {
		name, code, field string
		sla               SLA
	}{
		{"the product's", "", "", DefaultSLA(8 * time.Hour)},
		{"the longest", "", "", SLA{Targets: three(43_200)}},
		{"below none", "invalid", "sla.targets", SLA{Targets: three(-1)}},
		{"too long", "invalid", "sla.targets", SLA{Targets: three(43_201)}},
		{"too long for a class", "invalid", "sla.targets", SLA{Classes: []ClassTargets{{Account{Class: "paid"}, three(43_201)}}}},
		{"a class without a name", "invalid", "sla.classes", SLA{Classes: []ClassTargets{{}}}},
		{"a class with blanks", "invalid", "sla.classes", SLA{Classes: []ClassTargets{{Account: Account{Class: " paid"}}}}},
		{"a class twice", "invalid", "sla.classes", SLA{Classes: []ClassTargets{{Account: Account{Class: "a"}}, {Account: Account{Class: "a"}}}}},
		{"a class in two states", "", "", SLA{Classes: []ClassTargets{{Account: Account{Class: "a", Status: "x"}}, {Account: Account{Class: "a"}}, {Account: Account{Status: "x"}}}}},
		{"a status with blanks", "invalid", "sla.classes", SLA{Classes: []ClassTargets{{Account: Account{Class: "a", Status: "x "}}}}},
		{"twenty classes", "", "", SLA{Classes: many(20)}},
		{"too many classes", "too_large", "sla.classes", SLA{Classes: many(21)}},
		{"a level below none", "invalid", "sla.levels", SLA{Levels: [3]Level{{After: -1}}}},
		{"whom nobody knows", "invalid", "sla.tell", SLA{Levels: [3]Level{{Tell: []ID{"mb_1"}}}}},
		{"a crowd", "too_large", "sla.tell", SLA{Levels: [3]Level{{Tell: make([]ID, 21)}}}},
	} {
		err := c.sla.Check()
		if CodeOf(err) != c.code {
			t.Errorf("%s: %v, want %q", c.name, err, c.code)
		} else if e, ok := err.(*Error); ok && e.Params["field"] != c.field {
			t.Errorf("%s: field %v, want %s", c.name, e.Params["field"], c.field)
		}
	}
}
