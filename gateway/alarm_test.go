package gateway

import (
	"testing"
	"time"
)

func TestAlarmDay(t *testing.T) {
	office := Mailbox{Zone: "Europe/Berlin", Hours: Hours{{Day: time.Monday, From: 8 * 60, To: 16 * 60}}}
	at := func(s string) time.Time {
		v, err := time.Parse(time.DateTime, s)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	for _, c := range []struct {
		name string
		mb   Mailbox
		now  string // UTC
		day  string
		due  bool
	}{
		{"before it opens", office, "2026-03-02 06:59:00", "2026-03-02", false},
		{"when it opens", office, "2026-03-02 07:00:00", "2026-03-02", true},
		{"after hours", office, "2026-03-02 15:00:00", "2026-03-02", false},
		{"a closed day", office, "2026-03-03 09:00:00", "2026-03-03", false},
		{"never closed, at night", Mailbox{Zone: "UTC"}, "2026-03-02 08:59:00", "2026-03-02", false},
		{"never closed, in the morning", Mailbox{Zone: "UTC"}, "2026-03-02 09:00:00", "2026-03-02", true},
		{"its own day", Mailbox{Zone: "Asia/Tokyo"}, "2026-03-02 23:00:00", "2026-03-03", false},
		{"its own morning", Mailbox{Zone: "Asia/Tokyo"}, "2026-03-03 00:30:00", "2026-03-03", true},
	} {
		if day, due := c.mb.AlarmDay(at(c.now)); day != c.day || due != c.due {
			t.Errorf("%s: %s %v, want %s %v", c.name, day, due, c.day, c.due)
		}
	}
}

func TestOverdue(t *testing.T) {
	facts := map[ID]ClockFacts{}
	for id, said := range map[ID]string{
		"cv_long": "v0", "cv_longer": "a-60 v-30 v5", "cv_held": "v0 h500", "cv_held_long": "v-60 h10", "cv_answered": "v0 a9", "cv_silent": "",
	} {
		facts[id] = ClockFacts{Said: talkOf(t, said)}
	}
	now := noon.Add(500 * time.Minute)
	ids, longest := Overdue(Mailbox{}.Calendar(), facts, 480*time.Minute, now)
	want := []ID{"cv_longer", "cv_long", "cv_held_long"}
	if len(ids) != len(want) || longest != 530*time.Minute {
		t.Fatalf("%v, the longest %v", ids, longest)
	}
	for i := range want {
		if ids[i] != want[i] {
			t.Errorf("%v, want %v", ids, want)
		}
	}
}

func TestCountAnswers(t *testing.T) {
	at := func(minute int) time.Time { return noon.Add(time.Duration(minute) * time.Minute) }
	office := Mailbox{Zone: "UTC", Hours: Hours{{Day: time.Monday, From: 12*60 + 30, To: 20 * 60}}}
	calendars := map[ID]Calendar{"mb_1": Mailbox{}.Calendar(), "mb_2": office.Calendar()}
	for _, c := range []struct {
		name string
		f    FirstAnswer
		want Acknowledged
	}{
		{"in time", FirstAnswer{Mailbox: "mb_1", Asked: at(0), Answered: at(15)}, Acknowledged{Within: 1}},
		{"too late", FirstAnswer{Mailbox: "mb_1", Asked: at(0), Answered: at(16)}, Acknowledged{Late: 1}},
		{"closed hours do not count", FirstAnswer{Mailbox: "mb_2", Asked: at(0), Answered: at(40)}, Acknowledged{Within: 1}},
		{"not yet", FirstAnswer{Mailbox: "mb_1", Asked: at(50)}, Acknowledged{Pending: 1}},
		{"not yet, and over", FirstAnswer{Mailbox: "mb_1", Asked: at(0)}, Acknowledged{Late: 1}},
		{"left in time", FirstAnswer{Mailbox: "mb_1", Asked: at(0), Ended: at(5)}, Acknowledged{}},
		{"left unanswered when it was over", FirstAnswer{Mailbox: "mb_1", Asked: at(0), Ended: at(20)}, Acknowledged{Late: 1}},
	} {
		if got := CountAnswers([]FirstAnswer{c.f}, calendars, at(60)); got != c.want {
			t.Errorf("%s: %+v, want %+v", c.name, got, c.want)
		}
	}
	if got := (Acknowledged{Within: 3, Late: 1, Pending: 9}).Share(); got != .75 {
		t.Errorf("share %v", got)
	}
	if got := (Acknowledged{Pending: 1}).Share(); got != 1 {
		t.Errorf("share of none %v", got)
	}
}
