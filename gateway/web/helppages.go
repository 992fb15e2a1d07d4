package web

import (
	"crypto/rand"
	"encoding/base64"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/postern-chat/postern/gateway"
	"github.com/postern-chat/postern/gateway/help"
	"github.com/postern-chat/postern/kb"
)

const (
	helpPerPage = 60   // articles of one page of the list
	helpFound   = 10   // results of a search
	helpPages   = 2000 // pages of the list that can be asked for
	helpNewest  = 20   // versions that a preview leads to
	helpSummary = 200  // characters of a text that stands for a missing summary
)

// articleForm is an article's id.
var articleForm = regexp.MustCompile(`^ar_[A-Za-z0-9_-]{1,60}$`)

// helpCenters leads to the one help center, or lists those of mailboxes that a site embeds. An embedded mailbox's name
// is known to that site's visitors; another one is not told to strangers.
func (s *Server) helpCenters(v *helpVisit) error {
	boxes, err := s.embedded(v)
	if err != nil {
		return err
	}
	if len(boxes) == 1 {
		v.Set(fiber.HeaderCacheControl, "no-store")
		return v.Redirect(helpRoot+"/"+boxes[0].Slug, http.StatusFound)
	}
	if len(boxes) == 0 {
		return gateway.NotFound()
	}
	v.locale = v.choose([]string{"en", "ar"})
	p := v.page(help.Centers)
	p.Canonical, p.NoIndex = s.whole(helpRoot), true // its language is the reader's
	for _, mb := range boxes {
		p.Links = append(p.Links, help.Link{URL: helpRoot + "/" + mb.Slug, Title: mb.Name, Text: mb.Greeting})
	}
	return v.send(http.StatusOK, p, time.Time{})
}

// embedded lists the mailboxes that a site may embed.
func (s *Server) embedded(v *helpVisit) ([]gateway.Mailbox, error) {
	boxes, err := s.svc.Store.Mailboxes(v.UserContext())
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(boxes, func(mb gateway.Mailbox) bool { return len(mb.Origins) == 0 }), nil
}

// choose gives the first language of the browser that is among those there are, else the first of them.
func (v *helpVisit) choose(have []string) string {
	asked := v.Get(fiber.HeaderAcceptLanguage)
	for part := range strings.SplitSeq(asked[:min(len(asked), 500)], ",") {
		tag, _, _ := strings.Cut(strings.TrimSpace(part), ";")
		base, _, _ := strings.Cut(tag, "-")
		for _, want := range []string{tag, base} {
			if i := slices.IndexFunc(have, func(l string) bool { return strings.EqualFold(l, want) }); i >= 0 {
				return have[i]
			}
		}
	}
	return have[0]
}

// locales are the help center's, English first; one without articles is English.
func (v *helpVisit) locales() []string {
	out := make([]string, 0, len(v.shelf.Rows))
	for _, r := range v.shelf.Rows {
		out = append(out, r.Locale)
	}
	if i := slices.Index(out, "en"); i > 0 {
		out = slices.Insert(slices.Delete(out, i, i+1), 0, "en")
	}
	if len(out) == 0 {
		out = []string{"en", "ar"}
	}
	return out
}

// helpAnyLocale leads to the language of the browser.
func (s *Server) helpAnyLocale(v *helpVisit) error {
	v.Set(fiber.HeaderVary, fiber.HeaderAcceptLanguage)
	v.Set(fiber.HeaderCacheControl, "no-store")
	return v.Redirect(v.path(v.choose(v.locales())), http.StatusFound)
}

// row gives the locale's articles. A language of ours without any is an empty help center, another one is none.
func (v *helpVisit) row() (kb.Row, error) {
	row, ok := v.shelf.Row(v.locale)
	if _, ours := v.s.opt.Help.Texts()[v.locale]; !ok && !ours {
		return row, gateway.NotFound()
	}
	return row, nil
}

func (s *Server) helpHome(v *helpVisit) error {
	row, err := v.row()
	if err != nil {
		return err
	}
	p := v.page(help.Home)
	if p.Links, err = v.paged(&p, row.Loose, v.path(v.locale)); err != nil {
		return err
	}
	p.Title = ""
	p.NoIndex, p.Others = len(row.ByTitle) == 0, len(row.Collections) > 0
	p.Description = v.mb.Greeting
	if p.Before == "" {
		p.Best = v.links(row.Best)
		for _, c := range row.Collections {
			p.Collections = append(p.Collections, help.Link{URL: v.collectionPath(v.locale, c), Title: c.Name, Count: int64(len(c.Articles))})
		}
	}
	p.Locales = v.homes()
	for _, l := range v.locales() {
		if p.Before == "" && v.shelf.Len() > 0 {
			p.Alternates = append(p.Alternates, help.Alternate{Lang: l, URL: s.whole(v.path(l))})
		}
	}
	if len(p.Alternates) > 0 {
		p.Alternates = append(p.Alternates, help.Alternate{Lang: "x-default", URL: s.whole(v.path())})
	}
	return v.send(http.StatusOK, p, newest(row))
}

// paged gives the part of a list that ?page= asks for, and the page its neighbours and its own address.
func (v *helpVisit) paged(p *help.Page, list []*kb.Article, path string) ([]help.Link, error) {
	at, err := number(v.Ctx, "page", 1, helpPages)
	first := (at - 1) * helpPerPage
	if err != nil || at < 1 || first > 0 && first >= len(list) {
		return nil, gateway.NotFound()
	}
	listAt := func(n int) string {
		if n == 1 {
			return path
		}
		return path + "?page=" + strconv.Itoa(n)
	}
	if at > 1 {
		p.Before = listAt(at - 1)
	}
	if first+helpPerPage < len(list) {
		p.After = listAt(at + 1)
	}
	p.Canonical = v.s.whole(listAt(at))
	return v.links(list[first:min(first+helpPerPage, len(list))]), nil
}

// homes are the help center in each of its languages; the one that is read has no address.
func (v *helpVisit) homes() (out []help.Link) {
	for _, l := range v.locales() {
		link := help.Link{Title: languageName(l), Lang: l}
		if l != v.locale {
			link.URL = v.path(l)
		}
		out = append(out, link)
	}
	return out
}

// newest is when the row's youngest version was saved.
func newest(row kb.Row) (at time.Time) {
	if len(row.Newest) > 0 {
		at = row.Newest[0].Version.At
	}
	return at
}

func (v *helpVisit) links(list []*kb.Article) []help.Link {
	out := make([]help.Link, 0, len(list))
	for _, a := range list {
		out = append(out, help.Link{URL: v.articlePath(a), Title: a.Version.Title, Text: a.Version.Summary, Lang: a.Locale})
	}
	return out
}

// helpArticle shows a published public article at its one address; older addresses lead there.
func (s *Server) helpArticle(v *helpVisit) error {
	a, err := v.article()
	if err != nil {
		return err
	}
	own := v.articlePath(&a)
	title, err := url.PathUnescape(v.Params("title"))
	if err != nil || title != kb.Slug(a.Version.Title) || v.Params("locale") != a.Locale {
		v.Set(fiber.HeaderCacheControl, kept)
		return v.Redirect(own, http.StatusMovedPermanently)
	}
	p := v.page(help.Article)
	p.Title, p.Description, p.Canonical = a.Version.Title, describe(a.Version.Summary, s.svc.Page(a.Version.Body)), s.whole(own)
	p.Read = v.reading(a.Version)
	p.Read.Rate = v.path(a.Locale, a.ID, "rate")
	p.Read.Related, p.Crumbs = v.links(s.svc.Index.Related(v.shelf, &a)), v.crumbs(a)
	if rated := v.Query("rated"); rated == "yes" || rated == "no" || rated == "done" {
		p.Read.Rated, p.NoIndex = rated, true
	}
	p.Alternates, p.Locales = v.translations(a)
	s.helpStep(v, gateway.ArticleOpened{Article: gateway.ID(a.ID), Title: a.Version.Title}, 0)
	at := a.Version.At
	if len(p.Read.Related) > 0 {
		at = time.Time{} // others change the page too: it has its tag, and no date of its own
	}
	return v.send(http.StatusOK, p, at)
}

// article finds the article that the address names. Errors: gone for one that was published here and is not any more;
// not_found for everything else: drafts, internal ones, those of other mailboxes, and what never was, alike.
func (v *helpVisit) article() (kb.Article, error) {
	id := v.Params("article")
	if !articleForm.MatchString(id) {
		return kb.Article{}, gateway.NotFound()
	}
	if a, ok := v.shelf.Article(id); ok {
		return a, nil
	}
	if _, ok := v.s.svc.Index.Any(id); ok {
		return kb.Article{}, gateway.NotFound()
	}
	if !v.s.limits.command("help " + v.s.addr(v.Ctx)) { // each costs a look at the database
		return kb.Article{}, gateway.TooMany(1000)
	}
	gone, err := v.s.svc.WasPublic(v.UserContext(), id, v.mb.ID)
	if err != nil {
		return kb.Article{}, err
	}
	if gone {
		return kb.Article{}, gateway.Gone()
	}
	return kb.Article{}, gateway.NotFound()
}

func (v *helpVisit) reading(version kb.Version) *help.Reading {
	return &help.Reading{
		Title: version.Title, Lead: version.Summary, Nodes: v.s.svc.Page(version.Body), At: version.At, Version: version.Number,
	}
}

// describe is what searches elsewhere show under the title.
func describe(summary string, nodes []kb.Node) string {
	if summary != "" {
		return summary
	}
	text := strings.Join(strings.Fields(kb.PlainText(nodes)), " ")
	if r := []rune(text); len(r) > helpSummary {
		text = string(r[:helpSummary]) + "…"
	}
	return text
}

// translations are the article's other languages, for searches elsewhere and for the reader. One language alone needs
// no list.
func (v *helpVisit) translations(a kb.Article) (out []help.Alternate, links []help.Link) {
	same := v.shelf.Translations(a)
	if len(same) < 2 {
		return nil, nil
	}
	for _, t := range same {
		link := help.Link{Title: languageName(t.Locale), Lang: t.Locale}
		if t.Locale != a.Locale {
			link.URL = v.articlePath(t)
		}
		links = append(links, link)
		out = append(out, help.Alternate{Lang: t.Locale, URL: v.s.whole(v.articlePath(t))})
	}
	if i := slices.IndexFunc(links, func(l help.Link) bool { return l.Lang == "en" }); i > 0 { // as on the home page
		english := links[i]
		links = slices.Insert(slices.Delete(links, i, i+1), 0, english)
	}
	return out, links
}

// helpSearch looks for articles in the locale's. Pages of results are for their reader alone.
func (s *Server) helpSearch(v *helpVisit) error {
	if _, err := v.row(); err != nil {
		return err
	}
	p := v.page(help.Search)
	p.NoIndex = true
	q := strings.TrimSpace(strings.ToValidUTF8(v.Query("q"), "\uFFFD"))
	if len(q) > gateway.MaxSearch {
		return gateway.TooLarge("q", gateway.MaxSearch)
	}
	p.Query = q
	if q == "" {
		return v.send(http.StatusOK, p, time.Time{})
	}
	if !s.limits.command("help " + s.addr(v.Ctx)) {
		return gateway.TooMany(1000)
	}
	found := s.svc.Index.Search(kb.Query{Text: q, Mailbox: string(v.mb.ID), Locale: v.locale, Limit: helpFound})
	p.Title, p.Searched = q, true
	shown := gateway.ArticleSuggested{Query: gateway.Subject(q)}
	if found.Fits() {
		for _, r := range found.Results {
			a, ok := v.shelf.Article(r.Article)
			if !ok {
				continue // published between the two looks
			}
			p.Links = append(p.Links, v.links([]*kb.Article{&a})...)
			shown.Articles = append(shown.Articles, gateway.ID(a.ID))
		}
	}
	if err := v.remember(); err != nil {
		return err
	}
	s.helpStep(v, shown, found.Coverage)
	return v.send(http.StatusOK, p, time.Time{})
}

// helpTalk opens the chat.
func (s *Server) helpTalk(v *helpVisit) error {
	if _, err := v.row(); err != nil {
		return err
	}
	return s.talk(v, "")
}

// talk draws the one page with a script: the widget's own. said is written into the chat's form.
func (s *Server) talk(v *helpVisit, said string) error {
	var b [16]byte
	if _, err := rand.Read(b[:]); err != nil {
		return gateway.Internal("make a nonce", err)
	}
	p := v.page(help.Talk)
	p.NoIndex, p.Nonce, p.Said = true, base64.StdEncoding.EncodeToString(b[:]), said
	v.Set(fiber.HeaderContentSecurityPolicy, strings.Replace(helpPolicy, "style-src 'self'", "style-src 'self'; script-src 'nonce-"+p.Nonce+"'; frame-src 'self'", 1))
	return v.send(http.StatusOK, p, time.Time{})
}

// previewPage shows editors a version as readers will see it. To everybody else it is not there.
func (s *Server) previewPage(v *helpVisit) error {
	who, err := s.session(v.Ctx)
	if err != nil || !gateway.Allowed(who.Role, gateway.VerbArticles) {
		if code := gateway.CodeOf(err); err == nil || code == "unauthenticated" {
			err = gateway.NotFound()
		}
		return err
	}
	want, err := queryNumber(v.Ctx, "version")
	if err != nil || !articleForm.MatchString(v.Params("article")) {
		return gateway.NotFound()
	}
	a, err := s.svc.Articles.Article(v.UserContext(), v.Params("article"))
	if err != nil {
		return err
	}
	versions, err := s.svc.Articles.Versions(v.UserContext(), a.ID)
	if err != nil {
		return err
	}
	version := a.Version
	if want != 0 {
		i := slices.IndexFunc(versions, func(x kb.Version) bool { return uint64(x.Number) == want })
		if i < 0 {
			return gateway.NotFound()
		}
		version = versions[i]
	}
	if err := v.takeAny(a); err != nil {
		return err
	}
	v.locale = a.Locale
	p := v.page(help.Article)
	p.Title, p.NoIndex = version.Title, true
	p.Read = v.reading(version)
	p.Draft = &help.Draft{Version: version.Number, Public: a.Status == kb.Published && a.Published == version.Number, Edit: "/admin#/articles/" + a.ID}
	for _, x := range versions[:min(helpNewest, len(versions))] {
		l := help.Link{Title: strconv.FormatInt(x.Number, 10), Text: x.Title}
		if x.Number != version.Number {
			l.URL = helpRoot + "/preview/" + a.ID + "?version=" + l.Title
		}
		p.Draft.Versions = append(p.Draft.Versions, l)
	}
	return v.send(http.StatusOK, p, time.Time{})
}

// takeAny chooses the first mailbox of an article for its look; one without mailboxes is shown without.
func (v *helpVisit) takeAny(a kb.Article) error {
	boxes, err := v.s.svc.Store.Mailboxes(v.UserContext())
	if err != nil {
		return err
	}
	for _, mb := range boxes {
		if len(a.Mailboxes) == 0 || slices.Contains(a.Mailboxes, string(mb.ID)) {
			v.take(mb)
			return nil
		}
	}
	return nil
}
