package gateway

import (
	"strconv"
	"time"
)

// ClockName names one of the limits of a conversation.
type ClockName string

// The clocks of a conversation (product.md P90 to P92).
const (
	ClockFirst   ClockName = "first"   // until the first answer
	ClockNext    ClockName = "next"    // until an answer to what the visitor wrote
	ClockResolve ClockName = "resolve" // until the end; stands while it is the visitor's turn
)

// Clock is one that runs.
type Clock struct {
	Name  ClockName
	Since time.Time // when the visitor began to wait for this answer
	Warn  time.Time // two thirds of the time have passed; zero = never
	Due   time.Time // all of it has; zero = never
}

// Said is one message of a conversation, as far as clocks care.
type Said struct {
	At      time.Time
	Visitor bool
	Holding bool // an agent's that asks for patience: it ends one turn of ours and begins the next
}

// AppendSaid adds a message to those before it. Of a mail whose sender is not verified only the first of a conversation
// counts, as for whose turn it is; what timers and hosts write counts for nobody.
func AppendSaid(said []Said, at time.Time, by Role, unverified, holding bool) []Said {
	if by == RoleSystem || by == RoleHost || unverified && len(said) > 0 {
		return said
	}
	return append(said, Said{at, by == RoleVisitor, holding && by != RoleVisitor})
}

// turn is a time in which it was our turn: from the visitor's first words, or a holding reply, to the next answer; a zero
// end = it still is.
type turn struct{ from, to time.Time }

// turnsOf finds our turns among messages in their order.
func turnsOf(said []Said) (turns []turn, answered bool) {
	ours := false
	for _, m := range said {
		switch {
		case m.Visitor && !ours:
			turns, ours = append(turns, turn{from: m.At}), true
		case !m.Visitor:
			answered = true
			if ours {
				turns[len(turns)-1].to, ours = m.At, false
			}
			if m.Holding {
				turns, ours = append(turns, turn{from: m.At}), true
			}
		}
	}
	return turns, answered
}

// reached gives when our turns came or come to d of open time; zero = not before the visitor writes again, or never.
func reached(cal Calendar, turns []turn, d time.Duration) time.Time {
	for _, t := range turns {
		if t.to.IsZero() {
			return cal.Add(t.from, d)
		}
		open := cal.Between(t.from, t.to)
		if open >= d {
			return cal.Add(t.from, d)
		}
		d -= open
	}
	return time.Time{}
}

// Spent is the open time of our turns up to now.
func Spent(cal Calendar, said []Said, now time.Time) (d time.Duration) {
	turns, _ := turnsOf(said)
	for _, t := range turns {
		if t.to.IsZero() {
			t.to = now
		}
		d += cal.Between(t.from, t.to)
	}
	return d
}

// Running gives the clocks of a conversation that has not ended. None run while it is the visitor's turn.
func (p Promise) Running(cal Calendar, said []Said) []Clock {
	turns, answered := turnsOf(said)
	if len(turns) == 0 || !turns[len(turns)-1].to.IsZero() {
		return nil
	}
	now := turns[len(turns)-1:]
	var out []Clock
	add := func(name ClockName, minutes int, of []turn) {
		if d := time.Duration(minutes) * time.Minute; d > 0 {
			out = append(out, Clock{name, now[0].from, reached(cal, of, d*2/3), reached(cal, of, d)})
		}
	}
	if !answered {
		add(ClockFirst, p.First, now)
	}
	add(ClockNext, p.Next, now)
	add(ClockResolve, p.Resolve, turns)
	return out
}

// Waits is for how long of open time somebody has waited for an answer by now; 0 = it is not our turn.
func Waits(cal Calendar, said []Said, now time.Time) time.Duration {
	turns, _ := turnsOf(said)
	if len(turns) == 0 || !turns[len(turns)-1].to.IsZero() {
		return 0
	}
	return cal.Between(turns[len(turns)-1].from, now)
}

// NextClock gives the one of the running clocks that runs out, or ran out, first; false = none does.
func NextClock(running []Clock) (c Clock, ok bool) {
	for _, r := range running {
		if !r.Due.IsZero() && (!ok || r.Due.Before(c.Due)) {
			c, ok = r, true
		}
	}
	return c, ok
}

// Mark is something about a conversation's clocks that is told once.
type Mark struct {
	Clock Clock // Name "" where Level says what it is
	Over  bool  // the time is over; else two thirds of it
	Level int   // 1 to Levels: this level of escalation is reached
}

// LevelMark is the mark of an escalation, by timer or by hand.
func LevelMark(level int) Mark { return Mark{Level: level} }

// Key names the mark within its conversation: what is stored under it is told no second time.
func (m Mark) Key() string {
	if m.Level > 0 {
		return "level:" + strconv.Itoa(m.Level)
	}
	key := string(m.Clock.Name)
	if m.Clock.Name == ClockNext {
		key += ":" + strconv.FormatInt(m.Clock.Since.UnixMilli(), 10)
	}
	if m.Over {
		return key + ":over"
	}
	return key + ":warn"
}

// lookAgain is the longest time between two looks at a conversation's clocks: its mailbox's hours may change.
const lookAgain = time.Hour

// Seen is what a look at a conversation's clocks found.
type Seen struct {
	Tell []Mark    // what is to be told now
	Late bool      // a clock has run out
	Risk bool      // of another two thirds have passed
	Next time.Time // when to look again
}

// Look says how a conversation's clocks stand. told holds the keys of what was told before.
func (p Promise) Look(cal Calendar, said []Said, told map[string]bool, now time.Time) (out Seen) {
	next := now.Add(lookAgain)
	defer func() { out.Next = next }()
	soon := func(t time.Time) {
		if t.After(now) && t.Before(next) {
			next = t
		}
	}
	running := p.Running(cal, said)
	if len(running) == 0 { // the visitor may write the next moment
		for _, c := range p.Running(cal, append(said[:len(said):len(said)], Said{At: now, Visitor: true})) {
			soon(c.Warn)
			soon(c.Due)
		}
	}
	for _, c := range running {
		soon(c.Warn)
		soon(c.Due)
		over, warn := Mark{Clock: c, Over: true}, Mark{Clock: c}
		switch {
		case passed(c.Due, now):
			out.Late = true
			if !told[over.Key()] {
				out.Tell = append(out.Tell, over)
			}
		case passed(c.Warn, now):
			out.Risk = true
			if !told[warn.Key()] && !told[over.Key()] {
				out.Tell = append(out.Tell, warn)
			}
		}
	}
	turns, _ := turnsOf(said)
	ours := len(turns) > 0 && turns[len(turns)-1].to.IsZero()
	if !ours {
		turns = append(turns, turn{from: now})
	}
	for i, m := range p.Levels {
		if m == 0 || told[LevelMark(i+1).Key()] {
			continue
		}
		at := reached(cal, turns, time.Duration(m)*time.Minute)
		soon(at)
		if ours && passed(at, now) {
			out.Tell = append(out.Tell, LevelMark(i+1))
		}
	}
	return out
}

func passed(t, now time.Time) bool { return !t.IsZero() && !t.After(now) }

// ClockStart is what a new conversation's clocks begin with.
type ClockStart struct {
	Promise Promise
	LookAt  time.Time // when to look for the first time
}

// ClocksFrom gives what a conversation that begins now is promised; nil = nothing.
func (m Mailbox) ClocksFrom(p Priority, a Account, now time.Time) *ClockStart {
	promise, ok := m.Promise(p, a)
	if !ok {
		return nil
	}
	return &ClockStart{promise, promise.Look(m.Calendar(), nil, nil, now).Next}
}
