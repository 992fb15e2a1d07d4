package web

import (
	"math"
	"strconv"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/postern-chat/postern/gateway"
)

// staffing answers how many agents a load needs, by simulation: for those who plan who works when. One at a time on a
// node, for each takes a second of a processor.
//
// ?per_hour= chats, ?minutes= one lasts, ?seats= each agent, ?absent= percent of those online, ?wait= seconds that 95 of
// 100 visitors wait at most, ?mailbox= whose ring and longest wait count.
func (s *Server) staffing(c *fiber.Ctx, who gateway.Caller) (any, error) {
	if s.opt.Staff == nil {
		return nil, gateway.Unavailable("staffing", nil)
	}
	q, err := s.staffingQuery(c)
	if err != nil {
		return nil, err
	}
	if !s.limits.challenge("staffing "+string(who.Actor.ID)) || !s.staffed.TryLock() {
		return nil, gateway.TooMany(1000)
	}
	defer s.staffed.Unlock()
	return s.opt.Staff(q), nil
}

func (s *Server) staffingQuery(c *fiber.Ctx) (q gateway.Staffing, err error) {
	number := func(name string) float64 {
		v, e := strconv.ParseFloat(c.Query(name), 64)
		if e != nil || math.IsNaN(v) || math.Abs(v) > 1e6 {
			err = gateway.Invalid(name)
		}
		return v
	}
	q = gateway.Staffing{
		PerHour: number("per_hour"), Talk: time.Duration(number("minutes") * float64(time.Minute)), Seats: int(number("seats")),
		Absent: number("absent") / 100, Wait: time.Duration(number("wait") * float64(time.Second)),
	}
	if err != nil {
		return q, err
	}
	if id := gateway.ID(c.Query("mailbox")); id != "" {
		mb, err := s.svc.Store.Mailbox(c.UserContext(), id)
		if err != nil {
			return q, err
		}
		q.Ring, q.Missed = mb.Ring, mb.Missed
	}
	return q, q.Check()
}
