package web

import (
	"context"
	"strconv"
	"strings"

	"github.com/gofiber/fiber/v2"
	"github.com/postern-chat/postern/gateway"
)

// agentRoutes are what the console reads beside the socket.
func (s *Server) agentRoutes(a *fiber.App) {
	a.Get("/v1/conversations", s.staff(gateway.VerbRead, s.listConversations))
	a.Get("/v1/conversations/:id", s.staff(gateway.VerbRead, s.showConversation))
	a.Delete("/v1/conversations/:id", s.staff(gateway.VerbForce, s.deleteTicket))
	a.Get("/v1/conversations/:id/events", s.either(s.conversationEvents))
	a.Get("/v1/conversations/:id/account", s.staff("", s.account))
	a.Get("/v1/reads/spent", s.staff(gateway.VerbFreeReads, s.spentReads))
	a.Delete("/v1/reads/spent/:id", s.staff(gateway.VerbFreeReads, s.freeReads))
	a.Get("/v1/conversations/:id/history", s.staff(gateway.VerbRead, s.history))
	a.Get("/v1/endings", s.staff(gateway.VerbForce, s.endings))
	a.Get("/v1/follows", s.staff(gateway.VerbRead, s.follows))
	a.Get("/v1/clocks", s.staff(gateway.VerbRead, s.clocks))
	a.Get("/v1/acknowledged", s.staff(gateway.VerbForce, s.acknowledged))
	a.Get("/v1/types", s.staff(gateway.VerbSeeSettings, s.listTypes))
	a.Put("/v1/types", s.staff(gateway.VerbSettings, s.saveTypes))
	a.Get("/v1/conversations/:id/escalation", s.staff(gateway.VerbEscalate, s.escalation))
	a.Get("/v1/availability", s.staff(gateway.VerbSeeSettings, s.availability))
	a.Put("/v1/availability/:agent", s.staff(gateway.VerbForce, s.forceAvailability))
	a.Get("/v1/replies", s.staff(gateway.VerbRead, s.listReplies))
	a.Post("/v1/replies", s.staff(gateway.VerbReplies, s.saveReply))
	a.Put("/v1/replies/:id", s.staff(gateway.VerbReplies, s.saveReply))
	a.Delete("/v1/replies/:id", s.staff(gateway.VerbReplies, s.deleteReply))
	a.Post("/v1/conversations/:id/assign", s.staff(gateway.VerbForce, s.reassign))
	a.Post("/v1/conversations/:id/note", s.staff(gateway.VerbForce, s.noteOn))
	a.Put("/v1/availability/:agent/away", s.staff(gateway.VerbAvailability, s.setAway))
	a.Post("/v1/availability/:agent/checkin", s.staff(gateway.VerbForce, s.checkIn))
	a.Get("/v1/inactivity", s.staff(gateway.VerbForce, s.inactivity))
	a.Put("/v1/inactivity", s.staff(gateway.VerbSettings, s.setInactivity))
	a.Get("/v1/staffing", s.staff(gateway.VerbForce, s.staffing))
	a.Get("/v1/overview", s.staff(gateway.VerbSeeSettings, s.overview))
}

// mailboxesFor lists the mailboxes that an agent works in; supervisors, admins and auditors see all.
func (s *Server) mailboxesFor(ctx context.Context, who gateway.Caller) ([]gateway.Mailbox, error) {
	all, err := s.svc.Store.Mailboxes(ctx)
	if err != nil {
		return nil, err
	}
	switch who.Actor.Role {
	case gateway.RoleSupervisor, gateway.RoleAdmin, gateway.RoleAuditor, gateway.RoleEditor:
		return all, nil
	}
	mine, err := s.svc.Store.Memberships(ctx, who.Actor.ID, "")
	if err != nil {
		return nil, err
	}
	in := map[gateway.ID]bool{}
	for _, m := range mine {
		in[m.Mailbox] = true
	}
	out := []gateway.Mailbox{}
	for _, mb := range all {
		if in[mb.ID] {
			out = append(out, mb)
		}
	}
	return out, nil
}

// agentViews lists the staff with their presence.
func (s *Server) agentViews(ctx context.Context) ([]agentView, error) {
	list, err := s.svc.Store.Agents(ctx)
	if err != nil {
		return nil, err
	}
	seen, err := s.svc.Presences(ctx)
	if err != nil {
		s.log.Warn("presence", "code", gateway.CodeOf(err)) // the list is worth more than its dots
	}
	out := make([]agentView, 0, len(list))
	for _, a := range list {
		v := viewAgent(a)
		if v.Presence = seen[a.ID]; v.Presence == "" {
			v.Presence = gateway.Offline
		}
		out = append(out, v)
	}
	return out, nil
}

// listConversations lists rows of the agent's mailboxes by view or by single filters.
func (s *Server) listConversations(c *fiber.Ctx, who gateway.Caller) (any, error) {
	boxes, err := s.mailboxesFor(c.UserContext(), who)
	if err != nil {
		return nil, err
	}
	f := gateway.ConversationFilter{Text: c.Query("q"), Limit: 100}
	if len(f.Text) > 200 {
		return nil, gateway.TooLarge("q", 200)
	}
	want := gateway.ID(c.Query("mailbox"))
	for _, mb := range boxes {
		if want == "" || want == mb.ID {
			f.Mailboxes = append(f.Mailboxes, mb.ID)
		}
	}
	if len(f.Mailboxes) == 0 {
		return fiber.Map{"conversations": []rowView{}}, nil
	}
	if err := viewFilter(&f, c.Query("view"), who.Actor.ID); err != nil {
		return nil, err
	}
	list, err := s.svc.Store.Conversations(c.UserContext(), f)
	if err != nil {
		return nil, err
	}
	shown, err := s.clocked(c.UserContext(), list)
	if err != nil {
		return nil, err
	}
	return fiber.Map{"conversations": keepView(shown, f, s.svc.Now())}, nil
}

func viewFilter(f *gateway.ConversationFilter, view string, me gateway.ID) error {
	switch view {
	case "", "all":
	case "incoming":
		f.Statuses = []gateway.Status{gateway.Queued}
	case "live":
		f.Channel, f.Statuses = gateway.ByChat, []gateway.Status{gateway.Queued, gateway.Active}
	case "snoozed":
		f.Snoozed, f.Statuses = true, []gateway.Status{gateway.Open, gateway.Waiting}
		return nil
	case "mine":
		f.Assignee, f.Statuses = me, []gateway.Status{gateway.Active, gateway.Open, gateway.Waiting}
	case "unassigned":
		f.Unassigned, f.Statuses = true, []gateway.Status{gateway.Queued, gateway.Open}
	case "waiting":
		f.Statuses = []gateway.Status{gateway.Waiting}
	case "missed":
		f.Channel, f.Statuses = gateway.ByEmail, []gateway.Status{gateway.Open}
	case "late":
		f.Late, f.Statuses = true, []gateway.Status{gateway.Queued, gateway.Active, gateway.Open, gateway.Waiting}
	case "risk":
		f.Risk, f.Statuses = true, []gateway.Status{gateway.Queued, gateway.Active, gateway.Open, gateway.Waiting}
	case "closed":
		f.Statuses = []gateway.Status{gateway.Closed}
	default:
		return gateway.Invalid("view")
	}
	f.Awake = view != "" && view != "all" && view != "closed"
	return nil
}

// showConversation gives the row, what self-help the visitor tried, the changes that go on, and what was held.
func (s *Server) showConversation(c *fiber.Ctx, who gateway.Caller) (any, error) {
	cv, err := s.svc.Conversation(c.UserContext(), who, gateway.ID(c.Params("id")))
	if err != nil {
		return nil, err
	}
	changes, err := s.svc.Changes(c.UserContext(), who, cv.ID)
	if err != nil {
		return nil, err
	}
	views := make([]changeView, 0, len(changes))
	for _, row := range changes {
		views = append(views, s.viewChange(row, true))
	}
	row, err := s.clocked(c.UserContext(), []gateway.Conversation{cv})
	if err != nil {
		return nil, err
	}
	earlier, shown := 0, row[0]
	if cv.Visitor != "" {
		v, err := s.svc.Store.Visitor(c.UserContext(), cv.Visitor)
		if err != nil {
			return nil, err
		}
		shown.Identity = &identityView{v.Identity.How}
		list, err := s.svc.Store.Conversations(c.UserContext(), gateway.ConversationFilter{Visitor: cv.Visitor, Limit: 50})
		if err != nil {
			return nil, err
		}
		earlier = len(list) - 1
	}
	mb, err := s.svc.Store.Mailbox(c.UserContext(), cv.Mailbox)
	if err != nil {
		return nil, err
	}
	tried, err := s.svc.Tried(c.UserContext(), who, cv.ID)
	if err != nil {
		return nil, err
	}
	held, err := s.svc.HeldIn(c.UserContext(), who, cv.ID)
	if err != nil {
		return nil, err
	}
	partings, err := s.svc.PartingsIn(c.UserContext(), who, cv.ID)
	if err != nil {
		return nil, err
	}
	proposed, err := s.svc.ProposedOutcome(c.UserContext(), cv.ID)
	if err != nil {
		return nil, err
	}
	risks, err := s.svc.Risks(c.UserContext(), who, cv.ID)
	if err != nil {
		return nil, err
	}
	return fiber.Map{
		"conversation": shown, "changes": views, "kinds": s.kindsFor(mb), "held": viewHeld(held), "risks": risks,
		"partings": viewPartings(partings), "proposed": proposed, "reasons": mb.CloseReasons(),
		"assist": s.svc.Assists(c.UserContext(), cv.Mailbox),
		"context": fiber.Map{
			"searches": tried.Searches, "read": tried.Read, "page": cv.Page, "browser": cv.Browser, "earlier": max(earlier, 0),
		},
	}, nil
}

// conversationEvents pages backwards through a history; staff also gets its own side.
func (s *Server) conversationEvents(c *fiber.Ctx, who gateway.Caller) (any, error) {
	cv, err := s.svc.Conversation(c.UserContext(), who, gateway.ID(c.Params("id")))
	if err != nil {
		return nil, err
	}
	before, err := queryNumber(c, "before")
	if err != nil {
		return nil, err
	}
	limit, err := queryNumber(c, "limit")
	if err != nil || limit == 0 || limit > 500 {
		limit = 200
	}
	events, err := s.svc.Store.EventsBefore(c.UserContext(), string(cv.ID), before, int(limit))
	if err != nil {
		return nil, err
	}
	out := fiber.Map{"events": orEmpty(events), "head": cv.Seq}
	if who.Staff() {
		staff, err := s.svc.Store.EventsBefore(c.UserContext(), cv.ID.Staff(), 0, 500)
		if err != nil {
			return nil, err
		}
		out["staff"], out["staff_head"] = orEmpty(staff), cv.StaffSeq
	}
	return out, nil
}

func orEmpty(list []gateway.Event) []gateway.Event {
	if list == nil {
		return []gateway.Event{}
	}
	return list
}

func queryNumber(c *fiber.Ctx, name string) (uint64, error) {
	v := c.Query(name)
	if v == "" {
		return 0, nil
	}
	n, err := strconv.ParseUint(v, 10, 63)
	if err != nil {
		return 0, gateway.Invalid(name)
	}
	return n, nil
}

// history lists the conversations of the same browser, never of the same typed address.
func (s *Server) history(c *fiber.Ctx, who gateway.Caller) (any, error) {
	cv, err := s.svc.Conversation(c.UserContext(), who, gateway.ID(c.Params("id")))
	if err != nil {
		return nil, err
	}
	out := []rowView{}
	if cv.Visitor != "" {
		list, err := s.svc.Store.Conversations(c.UserContext(), gateway.ConversationFilter{Visitor: cv.Visitor, Limit: 50})
		if err != nil {
			return nil, err
		}
		for _, other := range list {
			if other.ID != cv.ID {
				out = append(out, staffView(other))
			}
		}
	}
	return fiber.Map{"conversations": out}, nil
}

func (s *Server) availability(c *fiber.Ctx, _ gateway.Caller) (any, error) {
	list, err := s.svc.Store.Memberships(c.UserContext(), "", "")
	if err != nil {
		return nil, err
	}
	agents, err := s.agentViews(c.UserContext())
	if err != nil {
		return nil, err
	}
	return fiber.Map{"memberships": list, "agents": agents}, nil
}

func (s *Server) forceAvailability(c *fiber.Ctx, who gateway.Caller) (any, error) {
	var in struct {
		Mailbox gateway.ID           `json:"mailbox"`
		Value   gateway.Availability `json:"value"`
		Reason  string               `json:"reason"`
	}
	if err := body(c, &in); err != nil {
		return nil, err
	}
	return nil, s.svc.ForceAvailability(c.UserContext(), who, gateway.ID(c.Params("agent")), in.Mailbox, in.Value, in.Reason)
}

// listReplies gives what the agent may insert: shared, his mailboxes', his own.
func (s *Server) listReplies(c *fiber.Ctx, who gateway.Caller) (any, error) {
	all, err := s.svc.Store.Replies(c.UserContext())
	if err != nil {
		return nil, err
	}
	out := []gateway.SavedReply{}
	for _, r := range all {
		if r.Owner == "" || r.Owner == who.Actor.ID {
			out = append(out, r)
		}
	}
	return fiber.Map{"replies": out}, nil
}

// saveReply creates or updates: agents their own, admins and supervisors the shared ones too.
func (s *Server) saveReply(c *fiber.Ctx, who gateway.Caller) (any, error) {
	var in gateway.SavedReply
	if err := body(c, &in); err != nil {
		return nil, err
	}
	in.Title, in.Text = strings.TrimSpace(in.Title), strings.TrimSpace(in.Text)
	if err := gateway.CheckText("title", in.Title, 200); err != nil {
		return nil, err
	}
	if err := gateway.CheckText("text", in.Text, gateway.MaxMessage); err != nil {
		return nil, err
	}
	in.ID = gateway.ID(c.Params("id"))
	if err := s.mayReply(c.UserContext(), who, in.ID, in.Owner); err != nil {
		return nil, err
	}
	now := s.svc.Now()
	if in.ID == "" {
		id, err := gateway.NewID(gateway.PrefixReply, now, s.svc.Rand)
		if err != nil {
			return nil, err
		}
		in.ID, in.Version = id, 0
	}
	out, events, err := s.svc.Store.SaveReply(c.UserContext(), in, who.Actor, now)
	if err != nil {
		return nil, err
	}
	s.svc.Publish(c.UserContext(), events...)
	return fiber.Map{"reply": out}, nil
}

// mayReply lets agents touch their own texts only.
func (s *Server) mayReply(ctx context.Context, who gateway.Caller, id, owner gateway.ID) error {
	if who.Actor.Role == gateway.RoleAdmin || who.Actor.Role == gateway.RoleSupervisor {
		return nil
	}
	if owner != who.Actor.ID {
		return gateway.Forbidden()
	}
	if id == "" {
		return nil
	}
	all, err := s.svc.Store.Replies(ctx)
	if err != nil {
		return err
	}
	for _, r := range all {
		if r.ID == id && r.Owner == who.Actor.ID {
			return nil
		}
	}
	return gateway.NotFound()
}

func (s *Server) deleteReply(c *fiber.Ctx, who gateway.Caller) (any, error) {
	id := gateway.ID(c.Params("id"))
	if err := s.mayReply(c.UserContext(), who, id, who.Actor.ID); err != nil {
		return nil, err
	}
	events, err := s.svc.Store.DeleteReply(c.UserContext(), id, who.Actor, s.svc.Now())
	if err != nil {
		return nil, err
	}
	s.svc.Publish(c.UserContext(), events...)
	return nil, nil
}
