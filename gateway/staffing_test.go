package gateway

import (
	"math"
	"testing"
	"time"
)

func TestStaffingBounds(t *testing.T) {
	good := Staffing{PerHour: 60, Talk: 8 * time.Minute, Seats: 3, Absent: .25, Wait: 30 * time.Second}
	if err := good.Check(); err != nil {
		t.Fatal(err)
	}
	for name, bend := range map[string]func(*Staffing){
		"no chats":           func(q *Staffing) { q.PerHour = 0 },
		"no number":          func(q *Staffing) { q.PerHour = math.NaN() },
		"endless":            func(q *Staffing) { q.PerHour = math.Inf(1) },
		"short chats":        func(q *Staffing) { q.Talk = time.Second },
		"no seats":           func(q *Staffing) { q.Seats = 0 },
		"all absent":         func(q *Staffing) { q.Absent = 1 },
		"absent, no number":  func(q *Staffing) { q.Absent = math.NaN() },
		"fewer than none":    func(q *Staffing) { q.Absent = -.1 },
		"no wait":            func(q *Staffing) { q.Wait = 0 },
		"more than MaxStaff": func(q *Staffing) { q.PerHour, q.Talk, q.Seats = 2000, 2*time.Hour, 1 },
	} {
		q := good
		bend(&q)
		if CodeOf(q.Check()) != "invalid" {
			t.Errorf("%s: %v", name, q.Check())
		}
	}
}
