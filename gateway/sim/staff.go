package sim

import (
	"math"
	"time"

	"github.com/postern-chat/postern/gateway"
)

// Ours is the desk of mail-and-routing.md 2.7 with the gateway's own times: 8-minute chats, accepted after 6 s in the
// mean, "I am back" after 30 min of somebody who was not there and after 1 min of others.
func Ours(agents, seats int, absent, load float64, chats int) Desk {
	return Desk{
		Agents: agents, Seats: seats, Absent: absent, Load: load, Talk: 8 * time.Minute, Accept: 6 * time.Second,
		Ring: gateway.DefaultRing, Missed: gateway.DefaultMissed, Back: time.Minute, AbsentBack: 30 * time.Minute,
		Warm: chats / 20, Chats: chats,
	}
}

// mostMissed is the share of missed chats that enough agents may have.
const mostMissed = .001

// noBetter is how many numbers in a row may be no better than the best before.
const noBetter = 8

// staffChats is how many chats tell whether a number of agents is enough: then one in a thousand is 20.
const staffChats = 20_000

// Staff finds the least number of agents for a load: simulated from the number that the work alone needs upwards, each
// with the same seed, until the wait of 95 of 100 visitors is within the wish and hardly anybody is missed. It gives up
// above gateway.MaxStaff, and where more do not help: of many who are not at their desks each lets a ring pass.
func Staff(q gateway.Staffing, seed uint64) gateway.Staffed {
	var out gateway.Staffed
	work := q.PerHour * q.Talk.Hours() / float64(q.Seats) // agents who never wait for work
	first := max(1, int(math.Floor(work/(1-q.Absent))))
	enough, worse, best := 0, 0, math.Inf(1)
	for n := first; n <= gateway.MaxStaff && enough < gateway.StaffMargin && worse < noBetter; n += step(n) {
		w := desk(q, n).Run(seed)
		if worse++; w.P95+1000*share(w) < best {
			worse, best = 0, w.P95+1000*share(w)
		}
		s := gateway.StaffStep{Agents: n, P50: w.P50, P95: w.P95, Missed: share(w)}
		s.Enough = s.P95 <= q.Wait.Seconds() && s.Missed <= mostMissed
		out.Steps = append(out.Steps, s)
		if s.Enough {
			enough++
			if out.Agents == 0 {
				out.Agents = n
			}
		} else if enough > 0 { // a lucky one
			enough, out.Agents = 0, 0
		}
	}
	return out
}

// step is how far to the next number: small ones one by one, large ones by a fiftieth.
func step(n int) int { return max(1, n/50) }

func desk(q gateway.Staffing, n int) Desk {
	d := Ours(n, q.Seats, q.Absent, 0, staffChats)
	d.Talk, d.Rate = q.Talk, q.PerHour/3600
	if q.Ring > 0 {
		d.Ring = q.Ring
	}
	if q.Missed > 0 {
		d.Missed = q.Missed
	}
	return d
}

func share(w Waits) float64 {
	if w.Chats == 0 {
		return 0
	}
	return float64(w.Missed) / float64(w.Chats)
}
