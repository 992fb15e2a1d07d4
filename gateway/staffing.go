package gateway

import "time"

// Bounds of a question about staff.
const (
	MaxStaff    = 300 // agents
	StaffMargin = 3   // numbers in a row that must be enough: the first is the answer, the others show that it holds
)

// Staffing asks how many agents a load needs.
type Staffing struct {
	PerHour float64       // chats
	Talk    time.Duration // mean length of a chat
	Seats   int           // chats at once, each agent
	Absent  float64       // share of those who are online that is not at the desk
	Wait    time.Duration // 95 of 100 visitors are to wait no longer
	Ring    time.Duration // of the mailbox; 0 = DefaultRing
	Missed  time.Duration // of the mailbox; 0 = DefaultMissed
}

// Check refuses what no simulation answers in good time. Errors: invalid.
func (q Staffing) Check() error {
	switch {
	case !(q.PerHour >= 1 && q.PerHour <= 2000):
		return Invalid("per_hour")
	case q.Talk < 30*time.Second || q.Talk > 2*time.Hour:
		return Invalid("minutes")
	case q.Seats < 1 || q.Seats > 50:
		return Invalid("seats")
	case !(q.Absent >= 0 && q.Absent <= .8):
		return Invalid("absent")
	case q.Wait < time.Second || q.Wait > time.Hour:
		return Invalid("wait")
	case q.PerHour*q.Talk.Hours()/float64(q.Seats)/(1-q.Absent) > MaxStaff-MaxStaff/10:
		return Invalid("per_hour")
	}
	return nil
}

// Staffed is the answer, with every number that was tried.
type Staffed struct {
	Agents int         `json:"agents"` // 0 = none of those tried is enough
	Steps  []StaffStep `json:"steps"`
}

// StaffStep is what so many agents come to.
type StaffStep struct {
	Agents int     `json:"agents"`
	P50    float64 `json:"wait_p50_s"`
	P95    float64 `json:"wait_p95_s"`
	Missed float64 `json:"missed"` // share of chats
	Enough bool    `json:"enough"`
}
