package web

import (
	"context"

	"github.com/gofiber/fiber/v2"
	"github.com/postern-chat/postern/gateway"
	"github.com/postern-chat/postern/kb"
)

// learnRoutes are where editors decide what visitors' questions teach. Nothing is approved by itself.
func (s *Server) learnRoutes(a *fiber.App) {
	a.Get("/v1/phrasings", s.staff(gateway.VerbArticles, s.listPhrasings))
	a.Post("/v1/phrasings", s.staff(gateway.VerbArticles, s.assignPhrasing))
	a.Post("/v1/phrasings/decide", s.staff(gateway.VerbArticles, s.decidePhrasings))
	a.Get("/v1/deflection", s.staff(gateway.VerbArticles, s.showDeflection))
}

// phrasingView is a phrasing with the title of its article.
type phrasingView struct {
	kb.Phrasing
	Title string `json:"title"`
	At    int64  `json:"at"` // unix ms
}

// listPhrasings gives those of a state (?state=, proposed if none), of one article or all.
func (s *Server) listPhrasings(c *fiber.Ctx, _ gateway.Caller) (any, error) {
	state := kb.PhrasingState(c.Query("state", string(kb.Proposed)))
	if state != kb.Proposed && state != kb.Approved && state != kb.Rejected {
		return nil, gateway.Invalid("state")
	}
	list, err := s.svc.Articles.Phrasings(c.UserContext(), state, c.Query("article"), kb.MaxDecided)
	if err != nil {
		return nil, err
	}
	out := make([]phrasingView, 0, len(list))
	for _, p := range list {
		a, _ := s.svc.Index.Any(p.Article)
		out = append(out, phrasingView{Phrasing: p, Title: a.Version.Title, At: ms(p.At)})
	}
	return fiber.Map{"phrasings": out}, nil
}

// decidePhrasings approves or rejects many at once; approved ones count in every node's ranking from then on.
func (s *Server) decidePhrasings(c *fiber.Ctx, who gateway.Caller) (any, error) {
	var in struct {
		IDs   []string         `json:"ids"`
		State kb.PhrasingState `json:"state"`
	}
	if err := body(c, &in); err != nil {
		return nil, err
	}
	switch {
	case in.State != kb.Approved && in.State != kb.Rejected:
		return nil, gateway.Invalid("state")
	case len(in.IDs) == 0:
		return nil, gateway.Invalid("ids")
	case len(in.IDs) > kb.MaxDecided:
		return nil, gateway.TooLarge("ids", kb.MaxDecided)
	}
	for _, id := range in.IDs {
		if !gateway.ID(id).Is(gateway.PrefixPhrasing) {
			return nil, gateway.Invalid("ids")
		}
	}
	articles, err := s.svc.Articles.Decide(c.UserContext(), in.IDs, in.State, string(who.Actor.ID), s.svc.Now())
	if err != nil {
		return nil, err
	}
	if len(articles) > 0 {
		s.articlesMoved(c.UserContext())
	}
	return fiber.Map{"articles": len(articles)}, nil
}

// assignPhrasing proposes a question of the reports for an article.
func (s *Server) assignPhrasing(c *fiber.Ctx, who gateway.Caller) (any, error) {
	var in struct {
		Article string `json:"article"`
		Text    string `json:"text"`
	}
	if err := body(c, &in); err != nil {
		return nil, err
	}
	if err := gateway.CheckText("text", in.Text, gateway.MaxSearch); err != nil {
		return nil, err
	}
	return nil, s.svc.Teach(c.UserContext(), who, in.Article, in.Text)
}

// articlesMoved wakes every node's index. A lost hint is found by the next sweep.
func (s *Server) articlesMoved(ctx context.Context) {
	heads, err := s.svc.Store.Heads(ctx, []string{"kb"})
	if err == nil {
		err = s.svc.Bus.Publish(context.WithoutCancel(ctx), gateway.Hint{Topic: "kb", Seq: heads["kb"]})
	}
	if err != nil {
		s.log.Warn("publish articles", "code", gateway.CodeOf(err))
	}
}

// reported reads what a report is asked for.
func reported(c *fiber.Ctx) (days int, mailbox gateway.ID, err error) {
	if days, err = number(c, "days", 30, 366); err != nil {
		return 0, "", err
	}
	mailbox = gateway.ID(c.Query("mailbox"))
	if mailbox != "" && !mailbox.Is(gateway.PrefixMailbox) {
		return 0, "", gateway.Invalid("mailbox")
	}
	return days, mailbox, nil
}

// showDeflection reports self-help of the last ?days= (30), of ?mailbox= or all.
func (s *Server) showDeflection(c *fiber.Ctx, who gateway.Caller) (any, error) {
	days, mailbox, err := reported(c)
	if err != nil {
		return nil, err
	}
	d, err := s.svc.Deflection(c.UserContext(), who, days, mailbox)
	if err != nil {
		return nil, err
	}
	type line struct {
		kb.ArticleDeflects
		Title string `json:"title"`
	}
	lines := make([]line, 0, len(d.Articles))
	for _, a := range d.Articles {
		known, _ := s.svc.Index.Any(a.Article)
		lines = append(lines, line{a, known.Version.Title})
	}
	return fiber.Map{
		"sessions": d.Sessions, "confirmed": d.Confirmed, "assumed": d.Assumed, "chatted": d.Chatted, "waiting": d.Waiting, "articles": lines,
	}, nil
}
