package web

import (
	"context"
	"encoding/json"

	"github.com/gofiber/fiber/v2"
	"github.com/postern-chat/postern/gateway"
	"github.com/postern-chat/postern/kb"
)

// helpCommand finds the commands of self-help.
func helpCommand(name string) (handler, bool) {
	switch name {
	case "article.search":
		return (*socket).searchArticles, true
	case "article.open":
		return (*socket).openArticle, true
	case "article.rate":
		return (*socket).rateArticle, true
	}
	return nil, false
}

// foundView is an answer; fits false = nothing of ours answers this: offer a person.
func foundView(q string, f kb.Found) map[string]any {
	list := f.Results
	if list == nil || !f.Fits() {
		list = []kb.Result{}
	}
	return map[string]any{"q": q, "results": list, "fits": f.Fits()}
}

func (k *socket) searchArticles(ctx context.Context, c gateway.Caller, raw json.RawMessage) (any, error) {
	var in struct {
		Q            string     `json:"q"`
		Conversation gateway.ID `json:"conversation"`
		Typing       bool       `json:"typing"`
	}
	if err := args(raw, &in); err != nil {
		return nil, err
	}
	found, shown, err := k.s.svc.SearchArticles(ctx, c, gateway.Search{Text: in.Q, Typing: in.Typing})
	if err != nil {
		return nil, err
	}
	if shown != nil && !in.Typing {
		if err := k.selfHelp(ctx, c, in.Conversation, shown, found.Coverage); err != nil {
			return nil, err
		}
	}
	view := foundView(in.Q, found)
	if !in.Typing && k.s.svc.MayAnswer(ctx, c, in.Q) {
		view["ask"] = true // POST /v1/answer may have an answer to show beside the suggestions
	}
	return view, nil
}

func (k *socket) openArticle(ctx context.Context, c gateway.Caller, raw json.RawMessage) (any, error) {
	var in struct {
		Article      string     `json:"article"`
		Q            string     `json:"q"`
		Conversation gateway.ID `json:"conversation"`
	}
	if err := args(raw, &in); err != nil {
		return nil, err
	}
	page, opened, err := k.s.svc.OpenArticle(c, in.Article, in.Q)
	if err != nil {
		return nil, err
	}
	if opened != nil {
		if err := k.selfHelp(ctx, c, in.Conversation, opened, 0); err != nil {
			return nil, err
		}
	}
	return map[string]any{"article": page}, nil
}

func (k *socket) rateArticle(ctx context.Context, c gateway.Caller, raw json.RawMessage) (any, error) {
	var in struct {
		Article      string     `json:"article"`
		Solved       bool       `json:"solved"`
		Text         string     `json:"text"`
		Conversation gateway.ID `json:"conversation"`
	}
	if err := args(raw, &in); err != nil {
		return nil, err
	}
	rated, err := k.s.svc.RateArticle(ctx, c, in.Article, in.Solved, in.Text)
	if err != nil {
		return nil, err
	}
	return nil, k.selfHelp(ctx, c, in.Conversation, rated, 0)
}

// selfHelp stores a step in the conversation that goes on, or keeps it for the one that may follow; either way it is
// kept for the reports, and may teach the search.
func (k *socket) selfHelp(ctx context.Context, c gateway.Caller, cv gateway.ID, p gateway.Payload, coverage float64) error {
	if cv == "" {
		k.remember(p)
	} else if err := k.s.svc.InConversation(ctx, c, cv, p); err != nil {
		return err
	}
	at := gateway.Helping{Page: k.browser().page, Locale: k.browser().locale, Coverage: coverage, Conversation: cv, Before: k.steps()}
	k.s.svc.Helped(ctx, c, p, at)
	return nil
}

// helpRoutes are the HTTP side of self-help for the console.
func (s *Server) helpRoutes(a *fiber.App) {
	a.Get("/v1/suggest", s.suggest)
	a.Get("/v1/conversations/:id/suggest", s.staff(gateway.VerbRead, s.suggestFor))
}

// suggest is public: it gives titles that anybody can read in the widget.
func (s *Server) suggest(c *fiber.Ctx) error {
	mb, err := s.svc.Store.MailboxBySlug(c.UserContext(), c.Query("mailbox"))
	if err != nil {
		return err
	}
	if !s.limits.command("suggest " + s.addr(c)) {
		return gateway.TooMany(1000)
	}
	list, err := s.svc.Suggest(c.UserContext(), mb.ID, s.page(c.Query("page")), c.Query("locale"))
	if err != nil {
		return err
	}
	return c.JSON(fiber.Map{"results": list})
}

func (s *Server) suggestFor(c *fiber.Ctx, who gateway.Caller) (any, error) {
	found, guide, err := s.svc.SuggestFor(c.UserContext(), who, gateway.ID(c.Params("id")))
	if err != nil {
		return nil, err
	}
	view := foundView("", found)
	if a, ok := s.svc.Index.Public(guide); ok {
		view["guide"] = map[string]any{"article": a.ID, "title": a.Version.Title}
	}
	return view, nil
}
