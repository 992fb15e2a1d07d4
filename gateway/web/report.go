package web

import (
	"github.com/gofiber/fiber/v2"
	"github.com/postern-chat/postern/gateway"
	"github.com/postern-chat/postern/kb"
)

// reportRoutes tell editors what the help lacks, and draft an article from a conversation that answered it.
func (s *Server) reportRoutes(a *fiber.App) {
	a.Get("/v1/reports", s.staff(gateway.VerbArticles, s.showReport))
	a.Get("/v1/conversations/:id/article", s.staff(gateway.VerbArticles, s.articleFromChat))
}

// gapView is a gap; who asked is only counted.
type gapView struct {
	kb.Gap
	Title    string   `json:"title"`
	Visitors int      `json:"visitors"`
	At       int64    `json:"at"` // unix ms
	Chats    []string `json:"chats"`
}

// findingView is an article that needs an editor.
type findingView struct {
	kb.Finding
	EditedAt int64    `json:"edited_at"` // unix ms
	Texts    []string `json:"texts"`
}

// showReport reports the last ?days= (30), of ?mailbox= or all.
func (s *Server) showReport(c *fiber.Ctx, who gateway.Caller) (any, error) {
	days, mailbox, err := reported(c)
	if err != nil {
		return nil, err
	}
	r, err := s.svc.HelpReport(c.UserContext(), who, days, mailbox)
	if err != nil {
		return nil, err
	}
	gaps, findings := make([]gapView, 0, len(r.Gaps)), make([]findingView, 0, len(r.Findings))
	for _, g := range r.Gaps {
		gaps = append(gaps, gapView{Gap: g.Gap, Title: g.Title, Visitors: len(g.Visitors), At: ms(g.At), Chats: g.Chats})
	}
	for _, f := range r.Findings {
		findings = append(findings, findingView{Finding: f.Finding, EditedAt: ms(f.EditedAt), Texts: f.Texts})
	}
	return fiber.Map{"gaps": gaps, "findings": findings}, nil
}

func (s *Server) articleFromChat(c *fiber.Ctx, who gateway.Caller) (any, error) {
	d, err := s.svc.ArticleFromChat(c.UserContext(), who, gateway.ID(c.Params("id")))
	if err != nil {
		return nil, err
	}
	return fiber.Map{"draft": d}, nil
}
