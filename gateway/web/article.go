package web

import (
	"context"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/gofiber/fiber/v2"
	"github.com/postern-chat/postern/gateway"
	"github.com/postern-chat/postern/kb"
)

// articleRoutes are the help articles' editor. Drafts and internal texts are for those who write them.
func (s *Server) articleRoutes(a *fiber.App) {
	a.Get("/v1/articles", s.staff(gateway.VerbArticles, s.listArticles))
	a.Post("/v1/articles", s.staff(gateway.VerbArticles, s.saveArticle))
	a.Post("/v1/articles/preview", s.staff(gateway.VerbArticles, s.previewArticle))
	a.Post("/v1/articles/explain", s.staff(gateway.VerbArticles, s.explainSearch))
	a.Get("/v1/articles/:id", s.staff(gateway.VerbArticles, s.showArticle))
	a.Put("/v1/articles/:id", s.staff(gateway.VerbArticles, s.saveArticle))
	a.Post("/v1/articles/:id/publish", s.staff(gateway.VerbArticles, s.publishArticle))
	a.Post("/v1/articles/:id/archive", s.staff(gateway.VerbArticles, s.archiveArticle))
	a.Post("/v1/articles/:id/review", s.staff(gateway.VerbArticles, s.reviewArticle))
}

// articleView adds the times that kb keeps out of JSON, in unix ms, 0 = none. Body is left out of lists.
type articleView struct {
	kb.Article
	UpdatedAt  int64  `json:"updated_at"`
	ReviewBy   int64  `json:"review_by"` // as an editor set it
	ReviewedAt int64  `json:"reviewed_at"`
	ReviewedBy string `json:"reviewed_by,omitempty"`
	DueAt      int64  `json:"due_at"` // when it must be reviewed, set or not
	Overdue    bool   `json:"overdue"`
}

func (s *Server) viewArticle(a kb.Article) articleView {
	if a.Mailboxes == nil {
		a.Mailboxes = []string{}
	}
	if a.Version.Tags == nil {
		a.Version.Tags = []string{}
	}
	if a.Version.Phrasings == nil {
		a.Version.Phrasings = []string{}
	}
	return articleView{
		Article: a, UpdatedAt: ms(a.UpdatedAt), ReviewBy: ms(a.ReviewBy), ReviewedAt: ms(a.ReviewedAt), ReviewedBy: a.ReviewedBy,
		DueAt: ms(a.Due()), Overdue: a.Overdue(s.svc.Now()),
	}
}

func (s *Server) listArticles(c *fiber.Ctx, _ gateway.Caller) (any, error) {
	list, err := s.svc.Articles.Articles(c.UserContext())
	if err != nil {
		return nil, err
	}
	out := make([]articleView, 0, len(list))
	for _, a := range list {
		a.Version.Body = ""
		out = append(out, s.viewArticle(a))
	}
	return fiber.Map{"articles": out}, nil
}

// versionView is one saved state in the list of versions.
type versionView struct {
	Number int64  `json:"number"`
	Title  string `json:"title"`
	By     string `json:"by,omitempty"`
	Note   string `json:"note,omitempty"`
	At     int64  `json:"at"` // unix ms
	Body   string `json:"body,omitempty"`
}

// ratedView is one visitor's answer to "Did this help?"; who said it is not shown.
type ratedView struct {
	Version int64  `json:"version"`
	Solved  bool   `json:"solved"`
	Text    string `json:"text,omitempty"`
	At      int64  `json:"at"` // unix ms
}

// showArticle gives the newest version, the list of versions (the body of ?version=n only) and the latest ratings.
func (s *Server) showArticle(c *fiber.Ctx, _ gateway.Caller) (any, error) {
	want, err := queryNumber(c, "version")
	if err != nil {
		return nil, err
	}
	a, err := s.svc.Articles.Article(c.UserContext(), c.Params("id"))
	if err != nil {
		return nil, err
	}
	versions, err := s.svc.Articles.Versions(c.UserContext(), a.ID)
	if err != nil {
		return nil, err
	}
	list := make([]versionView, 0, len(versions))
	for _, v := range versions {
		line := versionView{Number: v.Number, Title: v.Title, By: v.By, Note: v.Note, At: ms(v.At)}
		if uint64(v.Number) == want {
			line.Body = v.Body
		}
		list = append(list, line)
	}
	ratings, err := s.svc.Articles.Ratings(c.UserContext(), a.ID, 50)
	if err != nil {
		return nil, err
	}
	rated := make([]ratedView, 0, len(ratings))
	for _, r := range ratings {
		rated = append(rated, ratedView{Version: r.Version, Solved: r.Solved, Text: r.Text, At: ms(r.At)})
	}
	return fiber.Map{"article": s.viewArticle(a), "versions": list, "ratings": rated}, nil
}

// articleInput is what an editor saves. Version is the number that he edited, 0 for a new article.
type articleInput struct {
	Locale     string        `json:"locale"`
	Visibility kb.Visibility `json:"visibility"`
	Mailboxes  []string      `json:"mailboxes"`
	Original   string        `json:"original"` // article that it translates
	Title      string        `json:"title"`
	Summary    string        `json:"summary"`
	Tags       []string      `json:"tags"`
	Phrasings  []string      `json:"phrasings"`
	Body       string        `json:"body"`
	Collection string        `json:"collection"` // "" = none
	Order      int           `json:"order"`      // in its collection, 0 = after those that have one
	Note       string        `json:"note"`
	Version    int64         `json:"version"`
}

// saveArticle stores a new version, which stays a draft. Errors: conflict when somebody saved meanwhile.
func (s *Server) saveArticle(c *fiber.Ctx, who gateway.Caller) (any, error) {
	var in articleInput
	if err := body(c, &in); err != nil {
		return nil, err
	}
	in.tidy()
	if err := in.check(); err != nil {
		return nil, err
	}
	id, now := c.Params("id"), s.svc.Now()
	if id == "" {
		in.Version = 0
		fresh, err := gateway.NewID(gateway.PrefixArticle, now, s.svc.Rand)
		if err != nil {
			return nil, err
		}
		id = string(fresh)
	} else if in.Version < 1 {
		return nil, gateway.Invalid("version")
	}
	if err := s.checkOriginal(c.UserContext(), id, in); err != nil {
		return nil, err
	}
	a, err := s.svc.Articles.SaveVersion(c.UserContext(), kb.Article{
		ID: id, Locale: in.Locale, Visibility: in.Visibility, Mailboxes: in.Mailboxes, Original: in.Original,
		Version: kb.Version{
			Number: in.Version, Title: in.Title, Summary: in.Summary, Tags: in.Tags, Phrasings: in.Phrasings, Body: in.Body,
			Collection: in.Collection, Order: in.Order, By: string(who.Actor.ID), Note: in.Note, At: now,
		},
	}, now)
	if err != nil {
		return nil, err
	}
	return fiber.Map{"article": s.viewArticle(a)}, nil
}

// checkOriginal refuses a translation of itself, of what is a translation, or of what is not there: a chain would have
// no beginning that all its parts agree on. Errors: invalid.
func (s *Server) checkOriginal(ctx context.Context, id string, in articleInput) error {
	if in.Original == "" {
		return nil
	}
	if in.Original == id || !articleForm.MatchString(in.Original) {
		return gateway.Invalid("original")
	}
	first, err := s.svc.Articles.Article(ctx, in.Original)
	if gateway.CodeOf(err) == "not_found" || err == nil && (first.Original != "" || first.Locale == in.Locale) {
		return gateway.Invalid("original")
	}
	return err
}

func (in *articleInput) tidy() {
	in.Title, in.Summary, in.Note = strings.TrimSpace(in.Title), strings.TrimSpace(in.Summary), strings.TrimSpace(in.Note)
	in.Tags, in.Phrasings = trimmed(in.Tags), trimmed(in.Phrasings)
	in.Collection = strings.Join(strings.Fields(in.Collection), " ")
	if in.Visibility == "" {
		in.Visibility = kb.Public
	}
}

func trimmed(list []string) []string {
	out := []string{}
	for _, s := range list {
		if s = strings.TrimSpace(s); s != "" {
			out = append(out, s)
		}
	}
	return out
}

// localeForm is a language tag as the widget's language files are named.
var localeForm = regexp.MustCompile(`^[a-z]{2,3}(-[A-Za-z]{2,4})?$`)

// check keeps to the limits of self-help.md §1.
func (in articleInput) check() error {
	for _, f := range []struct {
		name, text string
		max        int
		needed     bool
	}{
		{"title", in.Title, kb.MaxTitle, true},
		{"summary", in.Summary, kb.MaxSummary, false},
		{"note", in.Note, kb.MaxSummary, false},
		{"collection", in.Collection, kb.MaxCollection, false},
		{"body", in.Body, kb.MaxBody, true},
	} {
		if err := checkWords(f.name, f.text, f.max, f.needed); err != nil {
			return err
		}
	}
	switch {
	case !localeForm.MatchString(in.Locale):
		return gateway.Invalid("locale")
	case in.Visibility != kb.Public && in.Visibility != kb.Internal:
		return gateway.Invalid("visibility")
	case in.Order < 0 || in.Order > kb.MaxOrder:
		return gateway.Invalid("order")
	case len(in.Tags) > kb.MaxTags:
		return gateway.TooLarge("tags", kb.MaxTags)
	case len(in.Phrasings) > kb.MaxPhrasings:
		return gateway.TooLarge("phrasings", kb.MaxPhrasings)
	case len(in.Mailboxes) > 200:
		return gateway.TooLarge("mailboxes", 200)
	}
	return checkLists(in)
}

func checkLists(in articleInput) error {
	for _, tag := range in.Tags {
		if err := checkWords("tags", tag, 100, true); err != nil {
			return err
		}
	}
	for _, p := range in.Phrasings {
		if err := checkWords("phrasings", p, kb.MaxPhrasing, true); err != nil {
			return err
		}
	}
	for _, mb := range in.Mailboxes {
		if !gateway.ID(mb).Is(gateway.PrefixMailbox) {
			return gateway.Invalid("mailboxes")
		}
	}
	return nil
}

// checkWords counts characters, as kb's limits do, but for the body, which is counted in bytes.
func checkWords(field, text string, max int, needed bool) error {
	if text == "" && !needed {
		return nil
	}
	size := utf8.RuneCountInString(text)
	if max == kb.MaxBody {
		size = len(text)
	}
	if size > max {
		return gateway.TooLarge(field, max)
	}
	return gateway.CheckText(field, text, kb.MaxBody)
}

// publishArticle makes a version the one that is found, on every node.
func (s *Server) publishArticle(c *fiber.Ctx, who gateway.Caller) (any, error) {
	var in struct {
		Version int64 `json:"version"`
	}
	if err := body(c, &in); err != nil {
		return nil, err
	}
	if in.Version < 1 {
		return nil, gateway.Invalid("version")
	}
	a, err := s.svc.Articles.Publish(c.UserContext(), c.Params("id"), in.Version, string(who.Actor.ID), s.svc.Now())
	return s.articleMoved(c.UserContext(), a, err)
}

func (s *Server) archiveArticle(c *fiber.Ctx, who gateway.Caller) (any, error) {
	if err := body(c, &struct{}{}); err != nil {
		return nil, err
	}
	a, err := s.svc.Articles.Archive(c.UserContext(), c.Params("id"), string(who.Actor.ID), s.svc.Now())
	return s.articleMoved(c.UserContext(), a, err)
}

// articleMoved wakes every node's index: the store has written the kb topic's event itself.
func (s *Server) articleMoved(ctx context.Context, a kb.Article, err error) (any, error) {
	if err != nil {
		return nil, err
	}
	s.articlesMoved(ctx)
	return fiber.Map{"article": s.viewArticle(a)}, nil
}

// previewArticle draws Markdown as the widget will.
func (s *Server) previewArticle(c *fiber.Ctx, _ gateway.Caller) (any, error) {
	var in struct {
		Body string `json:"body"`
	}
	if err := body(c, &in); err != nil {
		return nil, err
	}
	if len(in.Body) > kb.MaxBody {
		return nil, gateway.TooLarge("body", kb.MaxBody)
	}
	nodes := s.svc.Page(in.Body)
	if nodes == nil {
		nodes = []kb.Node{}
	}
	return fiber.Map{"nodes": nodes}, nil
}

// number reads a whole number that a query may leave out.
func number(c *fiber.Ctx, name string, preset, most int) (int, error) {
	v := c.Query(name)
	if v == "" {
		return preset, nil
	}
	n, err := strconv.Atoi(v)
	if err != nil || n < 0 || n > most {
		return 0, gateway.Invalid(name)
	}
	return n, nil
}

// explainInput is a try of the search. Agent = with an agent's eyes; Before = the turn before in a conversation.
type explainInput struct {
	Q       string `json:"q"`
	Before  string `json:"before"`
	Mailbox string `json:"mailbox"`
	Locale  string `json:"locale"`
	Agent   bool   `json:"agent"`
	Typing  bool   `json:"typing"`
}

// maxTried is how many results the playground explains.
const maxTried = 10

// explainSearch is the playground: what a visitor or an agent would find, and each score in its parts.
func (s *Server) explainSearch(c *fiber.Ctx, _ gateway.Caller) (any, error) {
	var in explainInput
	if err := body(c, &in); err != nil {
		return nil, err
	}
	switch {
	case len(in.Q) > gateway.MaxSearch:
		return nil, gateway.TooLarge("q", gateway.MaxSearch)
	case len(in.Before) > gateway.MaxSearch:
		return nil, gateway.TooLarge("before", gateway.MaxSearch)
	case in.Mailbox != "" && !gateway.ID(in.Mailbox).Is(gateway.PrefixMailbox):
		return nil, gateway.Invalid("mailbox")
	case in.Locale != "" && !localeForm.MatchString(in.Locale):
		return nil, gateway.Invalid("locale")
	}
	return s.svc.Index.Explain(kb.Query{
		Text: in.Q, Before: in.Before, Mailbox: in.Mailbox, Locale: in.Locale, Agent: in.Agent, Typing: in.Typing, Limit: maxTried,
	}), nil
}
