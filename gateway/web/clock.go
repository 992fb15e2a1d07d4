package web

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/postern-chat/postern/gateway"
)

// maxClocks is how many conversations' clocks are read at once.
const maxClocks = 50

// clockView is the clock of a conversation that runs out next; without a name none does.
type clockView struct {
	Name gateway.ClockName `json:"name,omitempty"`
	Warn int64             `json:"warn,omitempty"`
	Due  int64             `json:"due,omitempty"`
}

func viewClock(c gateway.Clock) *clockView { return &clockView{c.Name, ms(c.Warn), ms(c.Due)} }

// clocked gives rows with their clocks.
func (s *Server) clocked(ctx context.Context, list []gateway.Conversation) ([]rowView, error) {
	clocks, err := s.svc.RunningClocks(ctx, list)
	if err != nil {
		return nil, err
	}
	out := make([]rowView, 0, len(list))
	for _, cv := range list {
		v := staffView(cv)
		v.Clock = viewClock(clocks[cv.ID])
		out = append(out, v)
	}
	return out, nil
}

// keepView drops, if only late ones or those at risk are asked for, what is so no more since somebody looked at their
// clocks.
func keepView(rows []rowView, f gateway.ConversationFilter, now time.Time) []rowView {
	return slices.DeleteFunc(rows, func(r rowView) bool {
		over := r.Clock.Due > 0 && r.Clock.Due <= ms(now)
		return f.Late && !over || f.Risk && (over || r.Clock.Due == 0 || r.Clock.Warn > ms(now))
	})
}

// acknowledged reports how many first answers of the last ?days= (7), of ?mailbox= or all, came in time.
func (s *Server) acknowledged(c *fiber.Ctx, who gateway.Caller) (any, error) {
	days, err := queryNumber(c, "days")
	if err != nil {
		return nil, err
	}
	if days == 0 {
		days = 7
	}
	got, err := s.svc.Acknowledgements(c.UserContext(), who, int(min(days, 400)), gateway.ID(strings.Clone(c.Query("mailbox"))))
	if err != nil {
		return nil, err
	}
	return fiber.Map{"days": days, "minutes": int(gateway.Acknowledge.Minutes()), "counts": got, "share": got.Share()}, nil
}

// clocks reads the clocks of conversations that a console has on its screen.
func (s *Server) clocks(c *fiber.Ctx, who gateway.Caller) (any, error) {
	ids := strings.Split(c.Query("c"), ",")
	if len(ids) > maxClocks {
		return nil, gateway.TooLarge("c", maxClocks)
	}
	boxes, err := s.mailboxesFor(c.UserContext(), who)
	if err != nil {
		return nil, err
	}
	wanted := make([]gateway.ID, 0, len(ids))
	for _, id := range ids {
		if len(id) > 40 {
			return nil, gateway.Invalid("c")
		}
		wanted = append(wanted, gateway.ID(strings.Clone(id)))
	}
	list, err := s.svc.Store.Conversations(c.UserContext(), gateway.ConversationFilter{IDs: wanted})
	if err != nil {
		return nil, err
	}
	var mine []gateway.Conversation
	for _, cv := range list {
		if cv.Assignee == who.Actor.ID || slices.ContainsFunc(boxes, func(b gateway.Mailbox) bool { return b.ID == cv.Mailbox }) {
			mine = append(mine, cv)
		}
	}
	running, err := s.svc.RunningClocks(c.UserContext(), mine)
	if err != nil {
		return nil, err
	}
	out := map[gateway.ID]*clockView{}
	for _, cv := range mine {
		out[cv.ID] = viewClock(running[cv.ID])
	}
	return fiber.Map{"clocks": out}, nil
}

// escalation is what an agent sees before he escalates by hand.
func (s *Server) escalation(c *fiber.Ctx, who gateway.Caller) (any, error) {
	cv := gateway.ID(strings.Clone(c.Params("id")))
	report, levels, err := s.svc.EscalationDraft(c.UserContext(), who, cv)
	if err != nil {
		return nil, err
	}
	return fiber.Map{"conversation": cv, "report": report, "levels": levels}, nil // whose words they are
}

func (k *socket) escalate(ctx context.Context, c gateway.Caller, raw json.RawMessage) (any, error) {
	var in struct {
		ref
		Level  int                      `json:"level"`
		Reason string                   `json:"reason"`
		Report gateway.EscalationReport `json:"report"`
	}
	if err := args(raw, &in); err != nil {
		return nil, err
	}
	return nil, k.s.svc.Escalate(ctx, c, gateway.Escalation{
		Conversation: in.Conversation, Level: in.Level, Reason: in.Reason, Report: in.Report,
	})
}
