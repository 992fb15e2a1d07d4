package gateway

import (
	"slices"
	"time"
)

// Defaults of product.md §2.
const (
	DefaultRing      = 20 * time.Second
	DefaultMissed    = 120 * time.Second
	DefaultCapacity  = 3
	PresenceLife     = 15 * time.Second
	AwayBeforeReturn = 2 * time.Minute  // an absent agent's active chats go back to the queue
	VisitorGone      = 30 * time.Second // no socket for this long: the visitor left
)

// Mailbox is where conversations wait, with the people who answer them.
type Mailbox struct {
	ID      ID            `json:"id"`
	Slug    string        `json:"slug"` // in the snippet; [a-z0-9-], 1…40
	Name    string        `json:"name"`
	Address string        `json:"address"` // e-mail address its answers come from
	Ring    time.Duration `json:"-"`       // one ring
	Missed  time.Duration `json:"-"`       // longest wait for a person
	// A chat that nobody here can be offered moves once, after this long, to the overflow mailbox, if it is open and
	// somebody is there. "" = none.
	Overflow      ID            `json:"overflow,omitempty"`
	OverflowAfter time.Duration `json:"-"`
	Zone          string        `json:"zone"`     // IANA name
	Hours         Hours         `json:"hours"`    // nil = always open
	Holidays      []string      `json:"holidays"` // closed local days: YYYY-MM-DD, or MM-DD of every year
	Days          []OpenDay     `json:"days"`     // single days that are open at other times than the week says
	Color         string        `json:"color"`    // #RRGGBB or ""
	Greeting      string        `json:"greeting"`
	Signature     string        `json:"signature"`               // ends the agent's mails
	Origins       []string      `json:"origins"`                 // exact origins that may embed the widget
	Host          string        `json:"host"`                    // name of the host entry whose accounts it serves, or ""
	Fields        []Field       `json:"fields"`                  // pre-chat form
	Prefer        bool          `json:"prefer"`                  // among those who may be offered a chat, specialists come first
	Closings      []string      `json:"closings,omitempty"`      // lines with which an agent may end a mail
	MailPerHour   int           `json:"mail_per_hour,omitempty"` // mails that may leave in an hour; 0 = DefaultMailPerHour
	SLA           *SLA          `json:"sla"`                     // what its conversations are promised; nil = the product's defaults
	Idle          *IdleTimes    `json:"idle"`                    // when its silent conversations end; nil = the product's defaults
	Reasons       []string      `json:"reasons"`                 // its own reasons to close a conversation, beside those of every mailbox
	Version       int64         `json:"version"`
}

// Field is one question of the pre-chat form.
type Field struct {
	Name     string `json:"name"`
	Label    string `json:"label"`
	Required bool   `json:"required"`
}

// Hours are weekly intervals in the mailbox's zone. An interval may cross midnight: To < From ends next day.
type Hours []Interval

// OpenDay is an opening time of one date, in the place of that weekday's; a date may have several. A holiday stays
// closed whatever it says.
type OpenDay struct {
	Date string `json:"date"` // YYYY-MM-DD
	From int    `json:"from"` // minutes from local midnight
	To   int    `json:"to"`   // up to From: of the next day
}

// maxDays is how many single opening times a mailbox may have.
const maxDays = 200

// Interval is an opening time on one weekday, in minutes from local midnight.
type Interval struct {
	Day  time.Weekday `json:"day"`
	From int          `json:"from"`
	To   int          `json:"to"`
}

// OpenAt reports whether the mailbox is open at t, and when that changes next (zero = never).
// Civil time decides: a shop that opens at 9 opens at 9 on both days of a clock change.
func (m Mailbox) OpenAt(t time.Time) (open bool, until time.Time) {
	if len(m.Hours) == 0 && len(m.Holidays) == 0 && len(m.Days) == 0 {
		return true, time.Time{}
	}
	loc, err := time.LoadLocation(m.Zone)
	if err != nil {
		loc = time.UTC
	}
	local := t.In(loc)
	for _, span := range m.spans(local, loc) {
		if !local.Before(span[0]) && local.Before(span[1]) {
			open, until = true, later(until, span[1])
		}
	}
	if open {
		return true, m.extend(until, loc)
	}
	for _, span := range m.spans(local, loc) {
		if span[0].After(local) && (until.IsZero() || span[0].Before(until)) {
			until = span[0]
		}
	}
	return false, until
}

// spans gives the opening times that touch the eight days from yesterday on.
func (m Mailbox) spans(local time.Time, loc *time.Location) [][2]time.Time {
	var out [][2]time.Time
	for d := -1; d <= 7; d++ {
		out = append(out, m.spansOf(local.AddDate(0, 0, d), loc)...)
	}
	return out
}

// spansOf gives the opening times that begin on the local date of a time.
func (m Mailbox) spansOf(local time.Time, loc *time.Location) [][2]time.Time {
	y, mo, day := local.Date()
	noon := time.Date(y, mo, day, 12, 0, 0, 0, loc)
	date := noon.Format(time.DateOnly)
	if slices.Contains(m.Holidays, date) || slices.Contains(m.Holidays, date[len("2006-"):]) {
		return nil
	}
	hours := m.hoursOf(date, noon.Weekday())
	if hours == nil {
		return [][2]time.Time{{time.Date(y, mo, day, 0, 0, 0, 0, loc), time.Date(y, mo, day+1, 0, 0, 0, 0, loc)}}
	}
	var out [][2]time.Time
	for _, iv := range hours {
		end := iv.To
		if end <= iv.From {
			end += 24 * 60
		}
		out = append(out, [2]time.Time{
			time.Date(y, mo, day, 0, iv.From, 0, 0, loc),
			time.Date(y, mo, day, 0, end, 0, 0, loc),
		})
	}
	return out
}

// hoursOf gives the opening times of one date: its own, else the week's. Nil = all day.
func (m Mailbox) hoursOf(date string, weekday time.Weekday) []Interval {
	out := []Interval{}
	for _, d := range m.Days {
		if d.Date == date {
			out = append(out, Interval{weekday, d.From, d.To})
		}
	}
	if len(out) > 0 {
		return out
	}
	if len(m.Hours) == 0 {
		return nil
	}
	for _, iv := range m.Hours {
		if iv.Day == weekday {
			out = append(out, iv)
		}
	}
	return out
}

// extend follows intervals that meet, so that "until" is when the doors really close.
func (m Mailbox) extend(until time.Time, loc *time.Location) time.Time {
	for range 8 {
		next := until
		for _, span := range m.spans(until, loc) {
			if !until.Before(span[0]) && until.Before(span[1]) {
				next = later(next, span[1])
			}
		}
		if next.Equal(until) {
			return until
		}
		until = next
	}
	return time.Time{} // open round the clock
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// CheckHours refuses intervals outside a day and a zone that this machine does not know. Errors: invalid.
func (m Mailbox) CheckHours() error {
	if _, err := time.LoadLocation(m.Zone); err != nil {
		return Invalid("zone")
	}
	for _, day := range m.Holidays {
		if len(day) == len("01-02") {
			day = "2024-" + day // a year that has every day
		}
		if _, err := time.Parse(time.DateOnly, day); err != nil {
			return Invalid("holidays")
		}
	}
	if len(m.Days) > maxDays {
		return TooLarge("days", maxDays)
	}
	for _, d := range m.Days {
		if _, err := time.Parse(time.DateOnly, d.Date); err != nil || d.From < 0 || d.From >= 1440 || d.To < 0 || d.To > 1440 {
			return Invalid("days")
		}
	}
	for _, iv := range m.Hours {
		if iv.Day < 0 || iv.Day > 6 || iv.From < 0 || iv.From >= 1440 || iv.To < 0 || iv.To > 1440 {
			return Invalid("hours")
		}
	}
	return nil
}
