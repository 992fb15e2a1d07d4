package web

import (
	"context"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/postern-chat/postern/gateway"
)

// overview counts what a supervisor looks at first. ?since= is the start of his day in unix milliseconds; it
// reaches back two days at most.
func (s *Server) overview(c *fiber.Ctx, who gateway.Caller) (any, error) {
	since, err := queryNumber(c, "since")
	if err != nil {
		return nil, err
	}
	missed, err := s.missedSince(c.UserContext(), who, max(int64(since), ms(s.svc.Now().Add(-48*time.Hour))))
	if err != nil {
		return nil, err
	}
	queue, err := s.svc.Store.Queue(c.UserContext(), nil)
	if err != nil {
		return nil, err
	}
	seen, busErr := s.svc.Presences(c.UserContext())
	out, err := s.svc.Store.Outbox(c.UserContext())
	if err != nil {
		return nil, err
	}
	stopped := 0
	for _, m := range out {
		if m.State == "stopped" {
			stopped++
		}
	}
	health := fiber.Map{"database": "ok", "bus": "ok", "mail": s.mailHealth(stopped)}
	if busErr != nil {
		health["bus"] = "down"
	}
	found, err := s.svc.Reconciled(c.UserContext())
	if err != nil {
		return nil, err
	}
	if health["log"] = "ok"; len(found.Bad) > 0 {
		health["log"] = "differs"
	}
	waits, err := s.policyBanner(c.UserContext(), who)
	if err != nil {
		return nil, err
	}
	if health["policy"] = "ok"; waits {
		health["policy"] = "waits"
	}
	if health["sessions"], err = s.sessionHealth(c.UserContext(), who); err != nil {
		return nil, err
	}
	on := 0
	for who := range seen {
		if who.Is(gateway.PrefixAgent) {
			on++
		}
	}
	return fiber.Map{"waiting": len(queue), "on": on, "missed_today": missed, "health": health, "mail_stopped": stopped}, nil
}

// sessionHealth says to whom may see the audit log that a session was used from another device than its own. It ends
// with that session.
func (s *Server) sessionHealth(ctx context.Context, who gateway.Caller) (string, error) {
	if !gateway.Allowed(who.Actor.Role, gateway.VerbAudit) {
		return "ok", nil
	}
	n, err := s.svc.Store.StrangeSessions(ctx, s.svc.Now())
	if n > 0 {
		return "device", err
	}
	return "ok", err
}

// mailHealth: "stopped" when mails were given up, "spooled" when none leaves because no smart host is configured.
func (s *Server) mailHealth(stopped int) string {
	switch {
	case stopped > 0:
		return "stopped"
	case !s.opt.SmartHost:
		return "spooled"
	}
	return "ok"
}

// missedSince counts the chats that turned into tickets because nobody took them, in the caller's mailboxes.
func (s *Server) missedSince(ctx context.Context, who gateway.Caller, since int64) (int, error) {
	boxes, err := s.mailboxesFor(ctx, who)
	if err != nil || len(boxes) == 0 {
		return 0, err
	}
	f := gateway.ConversationFilter{Channel: gateway.ByEmail, Limit: 500}
	for _, mb := range boxes {
		f.Mailboxes = append(f.Mailboxes, mb.ID)
	}
	list, err := s.svc.Store.Conversations(ctx, f)
	n := 0
	for _, cv := range list {
		if !cv.QueuedAt.IsZero() && cv.ClaimedAt.IsZero() && ms(cv.QueuedAt) >= since {
			n++
		}
	}
	return n, err
}
