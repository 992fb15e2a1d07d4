package web

import (
	"context"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/postern-chat/postern/gateway"
)

// adminRoutes are the settings.
func (s *Server) adminRoutes(a *fiber.App) {
	a.Get("/v1/mailboxes", s.staff(gateway.VerbSeeSettings, s.listMailboxes))
	a.Post("/v1/mailboxes", s.staff(gateway.VerbSettings, s.saveMailbox))
	a.Put("/v1/mailboxes/:id", s.staff(gateway.VerbSettings, s.saveMailbox))
	a.Put("/v1/mailboxes/:id/members", s.staff(gateway.VerbSettings, s.setMembers))
	a.Get("/v1/agents", s.staff(gateway.VerbSeeSettings, s.listAgents))
	a.Post("/v1/agents", s.staff(gateway.VerbSettings, s.saveAgent))
	a.Put("/v1/agents/:id", s.staff(gateway.VerbSettings, s.saveAgent))
	a.Post("/v1/agents/:id/link", s.staff(gateway.VerbSettings, s.agentLink))
	a.Get("/v1/rules", s.staff(gateway.VerbSettings, s.listRules))
	a.Put("/v1/rules", s.staff(gateway.VerbSettings, s.saveRules))
	a.Post("/v1/rules/test", s.staff(gateway.VerbSettings, s.testRules))
	a.Get("/v1/outbox", s.staff(gateway.VerbSettings, s.outbox))
	a.Get("/v1/machine-mail", s.staff(gateway.VerbSettings, s.machineMail))
	a.Put("/v1/machine-mail/allowed", s.staff(gateway.VerbSettings, s.allowSenders))
}

// mailboxView is a mailbox as its admin edits it.
type mailboxView struct {
	gateway.Mailbox
	RingS   int          `json:"ring_s"`
	MissedS int          `json:"missed_s"`
	OverS   int          `json:"overflow_s"`
	WorkDay int          `json:"work_day"` // minutes; told only
	AtOnce  []string     `json:"at_once"`  // the product's words for management; told only
	Members []gateway.ID `json:"members"`
}

func (s *Server) listMailboxes(c *fiber.Ctx, who gateway.Caller) (any, error) {
	boxes, err := s.mailboxesFor(c.UserContext(), who)
	if err != nil {
		return nil, err
	}
	ms, err := s.svc.Store.Memberships(c.UserContext(), "", "")
	if err != nil {
		return nil, err
	}
	out := make([]mailboxView, 0, len(boxes))
	for _, mb := range boxes {
		v := mailboxView{Mailbox: mb, RingS: int(mb.Ring.Seconds()), MissedS: int(mb.Missed.Seconds()), OverS: int(mb.OverflowAfter.Seconds()), WorkDay: int(mb.WorkDay().Minutes()), AtOnce: gateway.DefaultAtOnce(), Members: []gateway.ID{}}
		for _, m := range ms {
			if m.Mailbox == mb.ID {
				v.Members = append(v.Members, m.Agent)
			}
		}
		out = append(out, v)
	}
	return fiber.Map{"mailboxes": out}, nil
}

func (s *Server) saveMailbox(c *fiber.Ctx, who gateway.Caller) (any, error) {
	var in mailboxView
	if err := body(c, &in); err != nil {
		return nil, err
	}
	mb := in.Mailbox
	mb.ID = gateway.ID(c.Params("id"))
	mb.Ring, mb.Missed = time.Duration(in.RingS)*time.Second, time.Duration(in.MissedS)*time.Second
	mb.OverflowAfter = time.Duration(in.OverS) * time.Second
	if err := s.checkOverflow(c.UserContext(), mb); err != nil {
		return nil, err
	}
	if err := checkMailbox(mb); err != nil {
		return nil, err
	}
	if err := mb.CheckIdle(); err != nil {
		return nil, err
	}
	if err := mb.CheckReasons(s.svc.Harmless); err != nil {
		return nil, err
	}
	now := s.svc.Now()
	if mb.ID == "" {
		id, err := gateway.NewID(gateway.PrefixMailbox, now, s.svc.Rand)
		if err != nil {
			return nil, err
		}
		mb.ID, mb.Version = id, 0
	}
	out, events, err := s.svc.Store.SaveMailbox(c.UserContext(), mb, who.Actor, now)
	if err != nil {
		return nil, err
	}
	s.svc.Publish(c.UserContext(), events...)
	return fiber.Map{"mailbox": mailboxView{
		Mailbox: out, RingS: in.RingS, MissedS: in.MissedS, OverS: in.OverS, WorkDay: int(out.WorkDay().Minutes()), AtOnce: gateway.DefaultAtOnce(), Members: in.Members,
	}}, nil
}

// checkOverflow refuses an overflow that is not there, is the mailbox itself, or serves another host.
func (s *Server) checkOverflow(ctx context.Context, mb gateway.Mailbox) error {
	if mb.OverflowAfter < 0 || mb.OverflowAfter > time.Hour {
		return gateway.Invalid("overflow_s")
	}
	if mb.Overflow == "" {
		return nil
	}
	to, err := s.svc.Store.Mailbox(ctx, mb.Overflow)
	if err != nil || to.ID == mb.ID || to.Host != mb.Host {
		return gateway.Invalid("overflow")
	}
	return nil
}

// Forms of a slug and of a colour.
var (
	slugForm  = regexp.MustCompile(`^[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?$`)
	colorForm = regexp.MustCompile(`^#[0-9A-Fa-f]{6}$`)
)

// checkMailbox refuses what would lock visitors out or let a foreign page in.
func checkMailbox(mb gateway.Mailbox) error {
	if err := gateway.CheckText("name", mb.Name, 4*gateway.MaxName); err != nil {
		return err
	}
	switch {
	case !slugForm.MatchString(mb.Slug):
		return gateway.Invalid("slug")
	case !gateway.PlausibleEmail(mb.Address):
		return gateway.Invalid("address")
	case mb.Ring < 5*time.Second || mb.Ring > 2*time.Minute:
		return gateway.Invalid("ring_s")
	case mb.Missed < 10*time.Second || mb.Missed > time.Hour:
		return gateway.Invalid("missed_s")
	case mb.Color != "" && !colorForm.MatchString(mb.Color):
		return gateway.Invalid("color")
	case len(mb.Greeting) > 500:
		return gateway.TooLarge("greeting", 500)
	case len(mb.Signature) > 1000:
		return gateway.TooLarge("signature", 1000)
	case mb.MailPerHour < 0 || mb.MailPerHour > 100_000:
		return gateway.Invalid("mail_per_hour")
	case len(mb.Holidays) > 200:
		return gateway.TooLarge("holidays", 200)
	case len(mb.Fields) > 10:
		return gateway.TooLarge("fields", 10)
	case len(mb.Origins) > 50:
		return gateway.TooLarge("origins", 50)
	}
	if mb.SLA != nil {
		if err := mb.SLA.Check(); err != nil {
			return err
		}
	}
	if err := mb.CheckClosings(); err != nil {
		return err
	}
	for _, o := range mb.Origins {
		if !goodOrigin(o) {
			return gateway.Invalid("origins")
		}
	}
	return mb.CheckHours()
}

// goodOrigin takes https origins, and http on loopback hosts only (web.md §3).
func goodOrigin(o string) bool {
	u, err := url.Parse(o)
	if err != nil || u.Host == "" || u.Path != "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil || strings.Contains(o, "*") {
		return false
	}
	host := u.Hostname()
	return u.Scheme == "https" || u.Scheme == "http" && (host == "localhost" || host == "127.0.0.1" || host == "::1")
}

func (s *Server) setMembers(c *fiber.Ctx, who gateway.Caller) (any, error) {
	var in struct {
		Agents []gateway.ID `json:"agents"`
	}
	if err := body(c, &in); err != nil {
		return nil, err
	}
	events, err := s.svc.Store.SetMembers(c.UserContext(), gateway.ID(c.Params("id")), in.Agents, who.Actor, s.svc.Now())
	if err != nil {
		return nil, err
	}
	s.svc.Publish(c.UserContext(), events...)
	return nil, nil
}

func (s *Server) listAgents(c *fiber.Ctx, _ gateway.Caller) (any, error) {
	list, err := s.agentViews(c.UserContext())
	if err != nil {
		return nil, err
	}
	return fiber.Map{"agents": list}, nil
}

func (s *Server) saveAgent(c *fiber.Ctx, who gateway.Caller) (any, error) {
	var in struct {
		Email    string       `json:"email"`
		Name     string       `json:"name"`
		Role     gateway.Role `json:"role"`
		Capacity int          `json:"capacity"`
		Disabled bool         `json:"disabled"`
		Version  int64        `json:"version"`
		// Left out, both stay as they are.
		Tags      []string `json:"tags"`
		Languages []string `json:"languages"`
	}
	if err := body(c, &in); err != nil {
		return nil, err
	}
	now := s.svc.Now()
	a := gateway.Agent{
		ID: gateway.ID(c.Params("id")), Email: strings.ToLower(strings.TrimSpace(in.Email)), Name: strings.TrimSpace(in.Name),
		Role: in.Role, Capacity: in.Capacity, Version: in.Version, Tags: in.Tags, Languages: in.Languages,
	}
	if in.Disabled {
		a.DisabledAt = now
	}
	if err := checkAgent(a, who.Actor.ID); err != nil {
		return nil, err
	}
	if !s.svc.Harmless(a.Name) { // visitors read it
		return nil, gateway.Invalid("name")
	}
	if a.ID == "" {
		id, err := gateway.NewID(gateway.PrefixAgent, now, s.svc.Rand)
		if err != nil {
			return nil, err
		}
		a.ID, a.Version = id, 0
	}
	out, events, err := s.svc.Store.SaveAgent(c.UserContext(), a, who.Actor, now)
	if err != nil {
		return nil, err
	}
	s.svc.Publish(c.UserContext(), events...)
	return fiber.Map{"agent": viewAgent(out)}, nil
}

// checkAgent refuses nonsense, and an admin who would lock himself out.
func checkAgent(a gateway.Agent, me gateway.ID) error {
	if err := a.CheckSpecialities(); err != nil {
		return err
	}
	if err := gateway.CheckText("name", a.Name, 4*gateway.MaxName); err != nil {
		return err
	}
	known := false
	for _, r := range gateway.StaffRoles() {
		known = known || r == a.Role
	}
	switch {
	case !gateway.PlausibleEmail(a.Email):
		return gateway.Invalid("email")
	case !known:
		return gateway.Invalid("role")
	case a.Capacity < 1 || a.Capacity > 50:
		return gateway.Invalid("capacity")
	case a.ID == me && (a.Role != gateway.RoleAdmin || !a.DisabledAt.IsZero()):
		return gateway.Invalid("role")
	}
	return nil
}

// linkLife is how long a first-password link works.
const linkLife = 72 * time.Hour

// agentLink makes the one-time link with which an agent sets his password. The token stands in the fragment,
// so that no server log sees it.
func (s *Server) agentLink(c *fiber.Ctx, _ gateway.Caller) (any, error) {
	t, err := s.opt.Passwords.Token()
	if err != nil {
		return nil, err
	}
	now := s.svc.Now()
	hash := s.opt.Passwords.TokenHash("link\n" + t)
	if err := s.svc.Store.SaveLink(c.UserContext(), hash, gateway.ID(c.Params("id")), now.Add(linkLife), now); err != nil {
		return nil, err
	}
	return fiber.Map{"url": s.opt.PublicURL.String() + "/console#password=" + t, "until": ms(now.Add(linkLife))}, nil
}

func (s *Server) outbox(c *fiber.Ctx, _ gateway.Caller) (any, error) {
	list, err := s.svc.Store.Outbox(c.UserContext())
	if err != nil {
		return nil, err
	}
	if list == nil {
		list = []gateway.OutboxRow{}
	}
	return fiber.Map{"mail": list}, nil
}
