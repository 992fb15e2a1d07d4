package gateway

import (
	"testing"
	"time"
)

const berlin = "Europe/Berlin"

func weekdays(from, to int) (h Hours) {
	for d := time.Monday; d <= time.Friday; d++ {
		h = append(h, Interval{d, from * 60, to * 60})
	}
	return h
}

// Each row says both: from + open = to, and between from and to lies open.
func TestCalendar(t *testing.T) {
	nine := weekdays(9, 17)
	for _, c := range []struct {
		name     string
		zone     string
		m        Mailbox
		from, to string // civil time of the zone
		open     time.Duration
	}{
		{"round the clock", berlin, Mailbox{}, "2026-03-02 23:30", "2026-03-03 00:30", time.Hour},
		{"round the clock over the spring change: an hour is missing", berlin, Mailbox{}, "2026-03-28 12:00", "2026-03-29 12:00", 23 * time.Hour},
		{"round the clock over the autumn change: an hour comes twice", berlin, Mailbox{}, "2026-10-24 12:00", "2026-10-25 12:00", 25 * time.Hour},
		{"within a day", berlin, Mailbox{Hours: nine}, "2026-03-02 09:00", "2026-03-02 09:15", 15 * time.Minute},
		{"over night", berlin, Mailbox{Hours: nine}, "2026-03-02 16:50", "2026-03-03 09:05", 15 * time.Minute},
		{"over the weekend", berlin, Mailbox{Hours: nine}, "2026-03-06 16:00", "2026-03-09 10:00", 2 * time.Hour},
		{"from a closed hour", berlin, Mailbox{Hours: nine}, "2026-03-07 03:00", "2026-03-09 09:15", 15 * time.Minute},
		{"up to the last minute", berlin, Mailbox{Hours: nine}, "2026-03-02 09:00", "2026-03-02 17:00", 8 * time.Hour},
		{"a work day from the middle of one", berlin, Mailbox{Hours: nine}, "2026-03-02 13:00", "2026-03-03 13:00", 8 * time.Hour},
		{"24 hours are three days", berlin, Mailbox{Hours: nine}, "2026-03-05 09:00", "2026-03-09 17:00", 24 * time.Hour},
		{"a holiday", berlin, Mailbox{Hours: nine, Holidays: []string{"2026-03-03"}}, "2026-03-02 16:00", "2026-03-04 10:00", 2 * time.Hour},
		{"a yearly holiday over New Year", berlin, Mailbox{Hours: nine, Holidays: []string{"01-01"}}, "2025-12-31 16:00", "2026-01-02 10:00", 2 * time.Hour},
		{"closed for three weeks", berlin, Mailbox{Hours: Hours{{time.Monday, 9 * 60, 17 * 60}}, Holidays: []string{"2026-03-09", "2026-03-16"}}, "2026-03-02 16:00", "2026-03-23 10:00", 2 * time.Hour},
		{"a holiday of a mailbox that never closes", berlin, Mailbox{Holidays: []string{"2026-03-12"}}, "2026-03-02 00:00", "2026-03-13 12:00", 10*24*time.Hour + 12*time.Hour},
		{"a day that opens later than the week says", berlin, Mailbox{Hours: nine, Days: []OpenDay{{"2026-03-03", 12 * 60, 14 * 60}}}, "2026-03-02 16:00", "2026-03-04 10:00", 4 * time.Hour},
		{"over midnight", berlin, Mailbox{Hours: Hours{{time.Monday, 22 * 60, 2 * 60}}}, "2026-03-02 23:00", "2026-03-03 01:00", 2 * time.Hour},
		{"from after midnight of an evening's hours", berlin, Mailbox{Hours: Hours{{time.Monday, 22 * 60, 2 * 60}}}, "2026-03-03 01:30", "2026-03-09 22:30", time.Hour},
		{"hours over midnight that meet the next day's are not counted twice", berlin, Mailbox{Hours: Hours{{time.Monday, 22 * 60, 2 * 60}, {time.Tuesday, 60, 4 * 60}}}, "2026-03-02 23:00", "2026-03-03 03:00", 4 * time.Hour},
		{"overlapping hours of one day, in no order", berlin, Mailbox{Hours: Hours{{time.Monday, 12 * 60, 18 * 60}, {time.Monday, 9 * 60, 13 * 60}}}, "2026-03-02 08:00", "2026-03-02 18:00", 9 * time.Hour},
		{"a night shift over the spring change lasts an hour less", berlin, Mailbox{Hours: Hours{{time.Saturday, 22 * 60, 6 * 60}}}, "2026-03-28 22:00", "2026-03-29 06:00", 7 * time.Hour},
		{"a night shift over the autumn change lasts an hour more", berlin, Mailbox{Hours: Hours{{time.Saturday, 22 * 60, 6 * 60}}}, "2026-10-24 22:00", "2026-10-25 06:00", 9 * time.Hour},
		{"office hours do not care for the change", berlin, Mailbox{Hours: nine}, "2026-03-27 16:00", "2026-03-30 10:00", 2 * time.Hour},
		{"a zone without a minute to share", "Asia/Kathmandu", Mailbox{Hours: nine}, "2026-03-02 16:59", "2026-03-03 09:14", 15 * time.Minute},
		{"a zone that is not known counts as UTC", "UTC", Mailbox{Zone: "Nowhere/Never", Hours: nine}, "2026-03-02 16:50", "2026-03-03 09:05", 15 * time.Minute},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.m.Zone == "" {
				c.m.Zone = c.zone
			}
			cal := c.m.Calendar()
			from, to := at(t, c.zone, c.from), at(t, c.zone, c.to)
			if got := cal.Add(from, c.open); !got.Equal(to) {
				t.Errorf("%s and %s is %s, want %s", c.from, c.open, got.In(to.Location()), c.to)
			}
			if got := cal.Between(from, to); got != c.open {
				t.Errorf("between %s and %s: %s, want %s", c.from, c.to, got, c.open)
			}
			if got := cal.Between(to, from); got != 0 {
				t.Errorf("backwards: %s", got)
			}
			if got := cal.Add(from, 0); !got.Equal(from) {
				t.Errorf("no time is %s", got)
			}
		})
	}
}

func TestCalendarThatNeverOpens(t *testing.T) {
	m := Mailbox{Zone: berlin, Hours: Hours{{time.Monday, 9 * 60, 10 * 60}}}
	for d := noon; d.Before(noon.AddDate(3, 0, 0)); d = d.AddDate(0, 0, 1) {
		m.Holidays = append(m.Holidays, d.Format(time.DateOnly))
	}
	if got := m.Calendar().Add(noon, time.Minute); !got.IsZero() {
		t.Errorf("opens at %s", got)
	}
}

// What Add gives is what Between counts back, wherever the two times lie.
func TestAddAndBetweenAgree(t *testing.T) {
	m := Mailbox{Zone: berlin, Hours: append(weekdays(9, 17), Interval{time.Saturday, 22 * 60, 3 * 60}), Holidays: []string{"03-31", "10-26"}}
	cal := m.Calendar()
	for _, begin := range []string{"2026-03-25 07:13", "2026-10-21 07:13"} {
		from := at(t, berlin, begin)
		for range 200 {
			for _, d := range []time.Duration{time.Minute, 15 * time.Minute, 8 * time.Hour, 24*time.Hour + time.Second} {
				if got := cal.Between(from, cal.Add(from, d)); got != d {
					t.Fatalf("from %s: %s became %s", from, d, got)
				}
			}
			from = from.Add(67 * time.Minute)
		}
	}
}

func TestWorkDay(t *testing.T) {
	for _, c := range []struct {
		name  string
		hours Hours
		want  time.Duration
	}{
		{"round the clock", nil, 24 * time.Hour},
		{"nine to five", weekdays(9, 17), 8 * time.Hour},
		{"a short Saturday", append(weekdays(9, 17), Interval{time.Saturday, 9 * 60, 12 * 60}), 8 * time.Hour},
		{"with a break", Hours{{time.Monday, 9 * 60, 12 * 60}, {time.Monday, 13 * 60, 18 * 60}}, 8 * time.Hour},
		{"over midnight", Hours{{time.Friday, 20 * 60, 2 * 60}}, 6 * time.Hour},
		{"no day has more than 24 hours", Hours{{time.Friday, 0, 0}, {time.Friday, 0, 24 * 60}}, 24 * time.Hour},
	} {
		if got := (Mailbox{Hours: c.hours}).WorkDay(); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}
