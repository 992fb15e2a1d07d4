package gateway

import (
	"cmp"
	"slices"
	"time"
)

// lookDays is how far ahead an open time is looked for.
const lookDays = 800

// Calendar counts a mailbox's open time: its hours with its holidays, in civil time, so that a day of a clock change
// has the length that it really has. Make it with Mailbox.Calendar.
type Calendar struct {
	m      Mailbox
	loc    *time.Location
	always bool
}

// Calendar reads the mailbox's hours. A zone that this machine does not know counts as UTC, as in OpenAt.
func (m Mailbox) Calendar() Calendar {
	loc, err := time.LoadLocation(m.Zone)
	if err != nil {
		loc = time.UTC
	}
	return Calendar{m: m, loc: loc, always: len(m.Hours) == 0 && len(m.Holidays) == 0 && len(m.Days) == 0}
}

// Add gives the moment at which d of open time has passed since t; of none it is t itself. The zero time says that the
// mailbox is not open long enough within the next two years.
func (c Calendar) Add(t time.Time, d time.Duration) (at time.Time) {
	if d <= 0 {
		return t
	}
	if c.always {
		return t.Add(d)
	}
	c.each(t, lookDays, func(from, to time.Time) bool {
		open := to.Sub(from)
		if open >= d {
			at = from.Add(d)
			return false
		}
		d -= open
		return true
	})
	return at
}

// Between gives the open time from one moment to a later one.
func (c Calendar) Between(from, to time.Time) (open time.Duration) {
	switch {
	case !to.After(from):
		return 0
	case c.always:
		return to.Sub(from)
	}
	c.each(from, int(to.Sub(from)/(24*time.Hour))+2, func(start, end time.Time) bool {
		if !start.Before(to) {
			return false
		}
		if end.After(to) {
			end = to
		}
		open += end.Sub(start)
		return true
	})
	return open
}

// each visits the open times from t on in their order, none twice where they overlap, until visit says no.
func (c Calendar) each(t time.Time, days int, visit func(from, to time.Time) bool) {
	local, done := t.In(c.loc), t
	for d := -1; d <= days; d++ { // yesterday's may cross midnight
		spans := c.m.spansOf(local.AddDate(0, 0, d), c.loc)
		slices.SortFunc(spans, func(a, b [2]time.Time) int { return cmp.Compare(a[0].UnixMilli(), b[0].UnixMilli()) })
		for _, s := range spans {
			from := later(s[0], done)
			if !s[1].After(from) {
				continue
			}
			if !visit(from, s[1]) {
				return
			}
			done = s[1]
		}
	}
}

// WorkDay is how long the mailbox is open on its longest weekday; round the clock it is 24 hours.
func (m Mailbox) WorkDay() time.Duration {
	if len(m.Hours) == 0 {
		return 24 * time.Hour
	}
	var of [7]int
	longest := 0
	for _, iv := range m.Hours {
		minutes := iv.To - iv.From
		if minutes <= 0 {
			minutes += 24 * 60
		}
		day := &of[int(iv.Day)%7]
		*day = min(*day+minutes, 24*60)
		longest = max(longest, *day)
	}
	return time.Duration(longest) * time.Minute
}
