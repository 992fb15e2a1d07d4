package gateway

import (
	"errors"
	"testing"
	"time"
)

func at(t *testing.T, zone, when string) time.Time {
	t.Helper()
	loc, err := time.LoadLocation(zone)
	if err != nil {
		t.Fatal(err)
	}
	out, err := time.ParseInLocation("2006-01-02 15:04", when, loc)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func week(from, to int) Hours {
	var h Hours
	for d := range 7 {
		h = append(h, Interval{time.Weekday(d), from * 60, to * 60})
	}
	return h
}

func TestOpenAt(t *testing.T) {
	const berlin = "Europe/Berlin"
	nine := Hours{{time.Monday, 9 * 60, 17 * 60}, {time.Tuesday, 9 * 60, 17 * 60}}
	for _, c := range []struct {
		name  string
		zone  string
		hours Hours
		now   string // in zone; in UTC if the zone is unknown
		open  bool
		until string // "" = never
	}{
		{"no hours: always", berlin, nil, "2026-03-02 03:00", true, ""},
		{"before opening", berlin, nine, "2026-03-02 08:59", false, "2026-03-02 09:00"},
		{"first minute", berlin, nine, "2026-03-02 09:00", true, "2026-03-02 17:00"},
		{"last minute", berlin, nine, "2026-03-02 16:59", true, "2026-03-02 17:00"},
		{"closing minute is closed", berlin, nine, "2026-03-02 17:00", false, "2026-03-03 09:00"},
		{"over the weekend", berlin, nine, "2026-03-03 18:00", false, "2026-03-09 09:00"},
		{"next week's same day", berlin, Hours{{time.Monday, 540, 600}}, "2026-03-02 10:00", false, "2026-03-09 09:00"},
		{"over midnight, evening", berlin, Hours{{time.Friday, 22 * 60, 2 * 60}}, "2026-03-06 23:00", true, "2026-03-07 02:00"},
		{"over midnight, small hours", berlin, Hours{{time.Friday, 22 * 60, 2 * 60}}, "2026-03-07 01:59", true, "2026-03-07 02:00"},
		{"over midnight, not the night before", berlin, Hours{{time.Friday, 22 * 60, 2 * 60}}, "2026-03-06 01:00", false, "2026-03-06 22:00"},
		{"to midnight", berlin, Hours{{time.Friday, 22 * 60, 1440}}, "2026-03-06 23:59", true, "2026-03-07 00:00"},
		{"intervals that meet are one", berlin, Hours{{time.Monday, 540, 720}, {time.Monday, 720, 1020}}, "2026-03-02 10:00", true, "2026-03-02 17:00"},
		{"intervals that overlap are one", berlin, Hours{{time.Monday, 540, 800}, {time.Monday, 720, 1020}}, "2026-03-02 12:30", true, "2026-03-02 17:00"},
		{"a lunch break is closed", berlin, Hours{{time.Monday, 540, 720}, {time.Monday, 780, 1020}}, "2026-03-02 12:30", false, "2026-03-02 13:00"},
		{"round the clock", berlin, week(0, 24), "2026-03-04 15:00", true, ""},
		{"spring: opens at 9 by the clock on the wall", berlin, week(9, 17), "2026-03-29 08:59", false, "2026-03-29 09:00"},
		{"spring: closes at 17 by the clock on the wall", berlin, week(9, 17), "2026-03-29 16:59", true, "2026-03-29 17:00"},
		{"spring: a night that crosses the change", berlin, week(22, 6), "2026-03-29 01:30", true, "2026-03-29 06:00"},
		{"autumn: opens at 9 by the clock on the wall", berlin, week(9, 17), "2026-10-25 08:59", false, "2026-10-25 09:00"},
		{"autumn: closes at 17 by the clock on the wall", berlin, week(9, 17), "2026-10-25 16:59", true, "2026-10-25 17:00"},
		{"autumn: a night that crosses the change", berlin, week(22, 6), "2026-10-25 01:30", true, "2026-10-25 06:00"},
		{"unknown zone counts as UTC", "Nowhere/Land", nine, "2026-03-02 09:00", true, "2026-03-02 17:00"},
	} {
		t.Run(c.name, func(t *testing.T) {
			zone := c.zone
			if zone == "Nowhere/Land" {
				zone = "UTC"
			}
			open, until := Mailbox{Zone: c.zone, Hours: c.hours}.OpenAt(at(t, zone, c.now).UTC())
			var want time.Time
			if c.until != "" {
				want = at(t, zone, c.until)
			}
			if open != c.open || !until.Equal(want) {
				t.Fatalf("open %v until %v, want %v until %v", open, until, c.open, want)
			}
		})
	}
}

func TestClockChangeShortensAndLengthensTheNight(t *testing.T) {
	m := Mailbox{Zone: "Europe/Berlin", Hours: week(22, 6)}
	for day, want := range map[string]time.Duration{"2026-03-28 22:00": 7 * time.Hour, "2026-10-24 22:00": 9 * time.Hour} {
		from := at(t, "Europe/Berlin", day)
		if _, until := m.OpenAt(from); until.Sub(from) != want {
			t.Errorf("%s: open for %v, want %v", day, until.Sub(from), want)
		}
	}
}

func TestCheckHours(t *testing.T) {
	for _, c := range []struct {
		name  string
		m     Mailbox
		field string
	}{
		{"good", Mailbox{Zone: "Europe/Berlin", Hours: week(0, 24)}, ""},
		{"no hours", Mailbox{Zone: "UTC"}, ""},
		{"unknown zone", Mailbox{Zone: "Nowhere/Land"}, "zone"},
		{"path for a zone", Mailbox{Zone: "../../etc/passwd"}, "zone"},
		{"day 7", Mailbox{Hours: Hours{{7, 0, 60}}}, "hours"},
		{"day -1", Mailbox{Hours: Hours{{-1, 0, 60}}}, "hours"},
		{"from midnight of tomorrow", Mailbox{Hours: Hours{{1, 1440, 60}}}, "hours"},
		{"before the day", Mailbox{Hours: Hours{{1, -1, 60}}}, "hours"},
		{"after the day", Mailbox{Hours: Hours{{1, 0, 1441}}}, "hours"},
	} {
		err := c.m.CheckHours()
		if c.field == "" && err != nil || c.field != "" && CodeOf(err) != "invalid" {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

// On a holiday the doors stay shut, also where they never shut else; the next opening is after it.
func TestHolidays(t *testing.T) {
	day := func(d, h int) time.Time { return time.Date(2026, 12, d, h, 0, 0, 0, time.UTC) }
	shop := Mailbox{Zone: "UTC", Holidays: []string{"2026-12-25"}, Hours: Hours{{Day: time.Thursday, From: 540, To: 1020}, {Day: time.Friday, From: 540, To: 1020}}}
	always := Mailbox{Zone: "UTC", Holidays: []string{"2026-12-25"}}
	for _, c := range []struct {
		name  string
		m     Mailbox
		at    time.Time
		open  bool
		until time.Time
	}{
		{"the day before", shop, day(24, 12), true, day(24, 17)},
		{"the evening before: the next opening is a week later", shop, day(24, 20), false, day(31, 9)},
		{"the holiday", shop, day(25, 12), false, day(31, 9)},
		{"always open, the day before", always, day(24, 12), true, day(25, 0)},
		{"always open, the holiday", always, day(25, 12), false, day(26, 0)},
	} {
		t.Run(c.name, func(t *testing.T) {
			if open, until := c.m.OpenAt(c.at); open != c.open || !until.Equal(c.until) {
				t.Errorf("open %v until %v, want %v until %v", open, until, c.open, c.until)
			}
		})
	}
	if err := (Mailbox{Zone: "UTC", Holidays: []string{"25.12."}}).CheckHours(); CodeOf(err) != "invalid" {
		t.Errorf("a day that is none: %v", err)
	}
}

// Single days take the place of the week's hours; yearly holidays come back; a holiday wins.
func TestOpenOnSingleDays(t *testing.T) {
	const berlin = "Europe/Berlin"
	nine := Hours{{time.Monday, 540, 1020}, {time.Tuesday, 540, 1020}}
	for _, c := range []struct {
		name     string
		hours    Hours
		holidays []string
		days     []OpenDay
		now      string
		open     bool
		until    string
	}{
		{"a short Monday", nine, nil, []OpenDay{{"2026-03-02", 600, 720}}, "2026-03-02 12:00", false, "2026-03-03 09:00"},
		{"and within it", nine, nil, []OpenDay{{"2026-03-02", 600, 720}}, "2026-03-02 11:00", true, "2026-03-02 12:00"},
		{"two openings", nine, nil, []OpenDay{{"2026-03-02", 600, 720}, {"2026-03-02", 840, 900}}, "2026-03-02 13:00", false, "2026-03-02 14:00"},
		{"an open Sunday", nine, nil, []OpenDay{{"2026-03-08", 600, 720}}, "2026-03-08 10:30", true, "2026-03-08 12:00"},
		{"over midnight", nine, nil, []OpenDay{{"2026-03-07", 1320, 120}}, "2026-03-08 01:30", true, "2026-03-08 02:00"},
		{"always open, but for a short day", nil, nil, []OpenDay{{"2026-03-04", 600, 720}}, "2026-03-04 13:00", false, "2026-03-05 00:00"},
		{"the last day of a clock change", week(9, 17), nil, []OpenDay{{"2026-03-29", 60, 240}}, "2026-03-29 03:30", true, "2026-03-29 04:00"},
		{"every year", nine, []string{"03-02"}, nil, "2026-03-02 10:00", false, "2026-03-03 09:00"},
		{"every year, next year", nine, []string{"03-01"}, nil, "2027-03-01 10:00", false, "2027-03-02 09:00"},
		{"a holiday wins", nine, []string{"03-02"}, []OpenDay{{"2026-03-02", 600, 720}}, "2026-03-02 10:30", false, "2026-03-03 09:00"},
	} {
		m := Mailbox{Zone: berlin, Hours: c.hours, Holidays: c.holidays, Days: c.days}
		if err := m.CheckHours(); err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		open, until := m.OpenAt(at(t, berlin, c.now))
		if open != c.open || !until.Equal(at(t, berlin, c.until)) {
			t.Errorf("%s: %v until %s", c.name, open, until)
		}
	}
	for name, m := range map[string]Mailbox{
		"no date":          {Zone: berlin, Days: []OpenDay{{"soon", 0, 1}}},
		"no time":          {Zone: berlin, Days: []OpenDay{{"2026-03-02", 1440, 1}}},
		"no day of a year": {Zone: berlin, Holidays: []string{"13-01"}},
		"half a date":      {Zone: berlin, Holidays: []string{"2026-03"}},
	} {
		if m.CheckHours() == nil {
			t.Errorf("%s is taken", name)
		}
	}
}

// Name and address are asked once, so a mailbox that requires them as fields takes them from there (P06).
func TestRequiredFields(t *testing.T) {
	mb := Mailbox{Fields: []Field{{Name: "name", Required: true}, {Name: "email", Required: true}, {Name: "order", Required: true}}}
	for _, c := range []struct {
		name  string
		typed Claimed
		field string // that is refused
	}{
		{"all", Claimed{Name: "Vic", Email: "vic@example.com", Fields: map[string]string{"order": "4471"}}, ""},
		{"as fields", Claimed{Fields: map[string]string{"order": "4471", "name": "Vic", "email": "vic@example.com"}}, ""},
		{"no name", Claimed{Email: "vic@example.com", Fields: map[string]string{"order": "4471"}}, "name"},
		{"no address", Claimed{Name: "Vic", Fields: map[string]string{"order": "4471"}}, "email"},
		{"no order", Claimed{Name: "Vic", Email: "vic@example.com"}, "order"},
		{"blank", Claimed{Name: "  ", Email: "vic@example.com", Fields: map[string]string{"order": "4471"}}, "name"},
	} {
		err := c.typed.check(mb)
		var refused *Error
		if c.field == "" && err != nil || c.field != "" && (!errors.As(err, &refused) || refused.Params["field"] != c.field) {
			t.Errorf("%s: %v, want a refusal of %q", c.name, err, c.field)
		}
	}
}
