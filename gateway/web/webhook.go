package web

import (
	"strings"

	"github.com/gofiber/fiber/v2"
	"github.com/postern-chat/postern/gateway"
)

// hookLogRoutes show who outside is told of events, and the log of deliveries. Addresses and secrets stand in the deploy
// file only.
func (s *Server) hookLogRoutes(a *fiber.App) {
	a.Get("/v1/webhooks", s.staff(gateway.VerbSettings, s.webhooks))
	a.Post("/v1/webhooks/:name/replay", s.staff(gateway.VerbSettings, s.replayHook))
}

// hookRowView is one delivery as an admin reads it.
type hookRowView struct {
	Event        gateway.ID   `json:"event"`
	Kind         gateway.Kind `json:"kind"`
	To           string       `json:"to"`
	Conversation gateway.ID   `json:"conversation"`
	At           int64        `json:"at"`
	State        string       `json:"state"` // waiting, sent, stopped
	Tries        int          `json:"tries"`
	Status       int          `json:"status,omitempty"` // of the last answer
	TookMS       int64        `json:"took_ms"`
	TriedAt      int64        `json:"tried_at,omitempty"`
	Due          int64        `json:"due,omitempty"` // the next try
}

func (s *Server) webhooks(c *fiber.Ctx, who gateway.Caller) (any, error) {
	endpoints, err := s.svc.Endpoints(who)
	if err != nil {
		return nil, err
	}
	list, err := s.svc.HookLog(c.UserContext(), who)
	if err != nil {
		return nil, err
	}
	log := make([]hookRowView, 0, len(list))
	for _, h := range list {
		log = append(log, hookRowView{
			Event: h.Event, Kind: h.Kind, To: h.To, Conversation: h.Conversation, At: ms(h.At), State: h.State, Tries: h.Tries,
			Status: h.Status, TookMS: h.Took.Milliseconds(), TriedAt: ms(h.TriedAt), Due: ms(h.Due),
		})
	}
	return fiber.Map{"endpoints": append([]gateway.Hook{}, endpoints...), "log": log, "kinds": gateway.HookKinds()}, nil
}

func (s *Server) replayHook(c *fiber.Ctx, who gateway.Caller) (any, error) {
	var in struct {
		Event gateway.ID `json:"event"`
	}
	if err := body(c, &in); err != nil {
		return nil, err
	}
	if len(in.Event) > 40 {
		return nil, gateway.Invalid("event")
	}
	return nil, s.svc.ReplayHook(c.UserContext(), who, in.Event, strings.Clone(c.Params("name")))
}
