package web

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/postern-chat/postern/gateway"
	"github.com/postern-chat/postern/gateway/help"
	"github.com/postern-chat/postern/kb"
)

// helpRoot is where the help centers are. A mailbox's is under its slug, with one part for each language.
const helpRoot = "/help"

// helpPageRoutes are the public help centers (self-help.md §7). They show what anybody finds in the widget: published
// public articles. Everything else answers as what never was.
func (s *Server) helpPageRoutes(a *fiber.App) {
	if s.opt.Help == nil {
		return
	}
	a.Get("/robots.txt", s.robots)
	a.Get("/sitemap.xml", s.helpPage(s.helpSitemaps))
	a.Get(helpRoot+"/icon.svg", helpIcon)
	a.Get(helpRoot, s.helpPage(s.helpCenters))
	a.Get(helpRoot+"/preview/:article", s.helpPage(s.previewPage))
	a.Get(helpRoot+"/:mailbox", s.helpPage(s.helpAnyLocale))
	a.Get(helpRoot+"/:mailbox/sitemap.xml", s.helpPage(s.helpSitemap))
	a.Get(helpRoot+"/:mailbox/theme/:name", s.helpTheme)
	a.Get(helpRoot+"/:mailbox/:locale", s.helpPage(s.helpHome))
	a.Get(helpRoot+"/:mailbox/:locale/search", s.helpPage(s.helpSearch))
	a.Get(helpRoot+"/:mailbox/:locale/talk", s.helpPage(s.helpTalk))
	a.Get(helpRoot+"/:mailbox/:locale/request", s.helpPage(s.helpRequest))
	a.Post(helpRoot+"/:mailbox/:locale/request", s.helpPage(s.helpSend))
	a.Get(helpRoot+"/:mailbox/:locale/feed.atom", s.helpPage(s.helpFeed))
	a.Get(helpRoot+"/:mailbox/:locale/collection/:collection", s.helpPage(s.helpCollection))
	a.Post(helpRoot+"/:mailbox/:locale/:article/rate", s.helpPage(s.helpRate))
	a.Get(helpRoot+"/:mailbox/:locale/:article/:title?", s.helpPage(s.helpArticle))
}

// helpVisit is one request to the help center.
type helpVisit struct {
	*fiber.Ctx
	s      *Server
	mb     gateway.Mailbox // zero = none is named
	locale string
	shelf  *kb.Shelf
}

type helpHandler func(v *helpVisit) error

// helpPage reads what the address names, and shows refusals as pages.
func (s *Server) helpPage(h helpHandler) fiber.Handler {
	return func(c *fiber.Ctx) error {
		c.Set(fiber.HeaderReferrerPolicy, "same-origin") // with none, a form of ours would come without its origin
		v := &helpVisit{Ctx: c, s: s, locale: "en"}
		err := v.begin()
		if err == nil {
			err = h(v)
		}
		if err == nil {
			return nil
		}
		code := gateway.CodeOf(err)
		if problemOf(code).Status == http.StatusInternalServerError {
			return err
		}
		return v.problem(code)
	}
}

// begin finds mailbox and locale. Before the index is there nothing is said to be missing.
func (v *helpVisit) begin() error {
	if locale := v.Params("locale"); locale != "" {
		if !localeForm.MatchString(locale) {
			return gateway.NotFound()
		}
		v.locale = locale
	}
	if v.s.opt.Ready != nil {
		if err := v.s.opt.Ready(); err != nil {
			return err
		}
	}
	slug := v.Params("mailbox")
	if slug == "" {
		return nil
	}
	mb, err := v.s.svc.Store.MailboxBySlug(v.UserContext(), slug)
	if err != nil {
		return err
	}
	v.take(mb)
	return nil
}

func (v *helpVisit) take(mb gateway.Mailbox) {
	v.mb, v.shelf = mb, v.s.svc.Index.Shelf(string(mb.ID))
}

// path joins parts to a path of the visit's help center.
func (v *helpVisit) path(parts ...string) string {
	p := helpRoot + "/" + v.mb.Slug
	for _, part := range parts {
		p += "/" + url.PathEscape(part)
	}
	return p
}

// whole makes a path an address.
func (s *Server) whole(path string) string {
	return s.opt.PublicURL.Scheme + "://" + s.opt.PublicURL.Host + path
}

// articlePath is the one address of an article.
func (v *helpVisit) articlePath(a *kb.Article) string {
	return v.path(a.Locale, a.ID, kb.Slug(a.Version.Title))
}

// page begins a page of the visit's help center.
func (v *helpVisit) page(kind help.Kind) help.Page {
	p := help.Page{Kind: kind, Lang: v.s.opt.Help.Texts().Lang(v.locale), Locale: v.locale}
	if m, ok := v.s.ui.manifest["help.css"]; ok {
		p.Sheets = append(p.Sheets, "/assets/"+m.File)
	}
	if v.mb.ID == "" {
		return p
	}
	if _, ok := help.Theme(v.mb.Color); ok {
		p.Sheets = append(p.Sheets, v.path("theme", strings.ToLower(v.mb.Color[1:])+".css"))
	}
	p.Center = help.Center{
		Name: v.mb.Name, Greeting: v.mb.Greeting, Address: v.mb.Address, Mailbox: v.mb.Slug,
		Home: v.path(v.locale), Search: v.path(v.locale, "search"), Talk: v.path(v.locale, "talk"),
		Request: v.path(v.locale, "request"), Feed: v.path(v.locale, "feed.atom"),
	}
	if v.s.tickets(v.mb) {
		p.Center.Tickets = "/tickets/" + url.PathEscape(v.mb.Slug) + "?back=" + url.QueryEscape(p.Center.Home)
	}
	return p
}

// languageNames are languages in their own words; another one is named by its code.
func languageName(locale string) string {
	names := map[string]string{
		"en": "English", "ar": "العربية", "de": "Deutsch", "fr": "Français", "es": "Español", "pt": "Português",
		"pt-BR": "Português (Brasil)", "it": "Italiano", "nl": "Nederlands", "pl": "Polski", "tr": "Türkçe", "ru": "Русский",
		"uk": "Українська", "fa": "فارسی", "he": "עברית", "hi": "हिन्दी", "ja": "日本語", "ko": "한국어", "zh-CN": "简体中文",
	}
	if name, ok := names[locale]; ok {
		return name
	}
	return locale
}

// helpPolicy is the Content-Security-Policy of pages without a script.
const helpPolicy = "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; base-uri 'none'; " +
	"require-trusted-types-for 'script'; frame-ancestors 'none'"

// kept says how long a copy of an answer is good for. Whoever keeps one asks before each use.
const kept = "public, max-age=0, must-revalidate"

// send draws a page. One that everybody gets alike can be kept, with the hash of its bytes as its tag and at, unless
// zero, as its date.
func (v *helpVisit) send(status int, p help.Page, at time.Time) error {
	var b bytes.Buffer
	if err := v.s.opt.Help.Write(&b, p); err != nil {
		return gateway.Internal("draw a help page", err)
	}
	if p.NoIndex {
		v.Set("X-Robots-Tag", "noindex")
	}
	if p.Nonce == "" {
		v.Set(fiber.HeaderContentSecurityPolicy, helpPolicy)
	}
	v.Type("html", "utf-8")
	if p.NoIndex || status != http.StatusOK {
		v.Set(fiber.HeaderCacheControl, "no-store")
		return v.Status(status).Send(b.Bytes())
	}
	return v.keepable(b.Bytes(), at)
}

// sendXML writes a feed or a sitemap.
func (v *helpVisit) sendXML(kind string, at time.Time, write func(io.Writer) error) error {
	var b bytes.Buffer
	if err := write(&b); err != nil {
		return gateway.Internal("write XML", err)
	}
	v.Set(fiber.HeaderContentType, kind+"; charset=utf-8")
	return v.keepable(b.Bytes(), at)
}

// keepable answers with the bytes, or with 304 to whoever has them. The date counts only without a tag, and only if it
// is the very same: publishing an older version must not look unchanged.
func (v *helpVisit) keepable(body []byte, at time.Time) error {
	sum := sha256.Sum256(body)
	tag := `"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`
	v.Set(fiber.HeaderCacheControl, kept)
	v.Set(fiber.HeaderETag, tag)
	date := ""
	if !at.IsZero() {
		date = at.UTC().Format(http.TimeFormat)
		v.Set(fiber.HeaderLastModified, date)
	}
	same := date != "" && v.Get(fiber.HeaderIfModifiedSince) == date
	if have := v.Get(fiber.HeaderIfNoneMatch); have != "" {
		same = hasTag(have, tag)
	}
	if same {
		return v.SendStatus(http.StatusNotModified)
	}
	return v.Send(body)
}

// hasTag looks for a tag in an If-None-Match line, weakly.
func hasTag(line, tag string) bool {
	for part := range strings.SplitSeq(line, ",") {
		part = strings.TrimSpace(part)
		if part == "*" || strings.TrimPrefix(part, "W/") == tag {
			return true
		}
	}
	return false
}

// problem says in the help center's own look why there is nothing.
func (v *helpVisit) problem(code string) error {
	p := v.page(help.Problem)
	p.Code, p.NoIndex = code, true
	p.Title = "404"
	status := problemOf(code).Status
	if status != http.StatusNotFound {
		p.Title = ""
	}
	if code == "unavailable" || code == "too_many" {
		v.Set(fiber.HeaderRetryAfter, "5")
	}
	v.s.meter.refused(code)
	return v.send(status, p, time.Time{})
}

// themeName is a colour's style sheet.
var themeName = regexp.MustCompile(`^([0-9a-f]{6})\.css$`)

// helpTheme gives the style sheet of a colour: it is in the name, so it never changes.
func (s *Server) helpTheme(c *fiber.Ctx) error {
	m := themeName.FindStringSubmatch(c.Params("name"))
	if m == nil {
		return gateway.NotFound()
	}
	css, _ := help.Theme("#" + m[1]) // the form is checked
	c.Set(fiber.HeaderCacheControl, "public, max-age=31536000, immutable")
	c.Type("css", "utf-8")
	return c.SendString(css)
}

func helpIcon(c *fiber.Ctx) error {
	c.Set(fiber.HeaderCacheControl, "public, max-age=86400")
	c.Type("svg", "utf-8")
	return c.SendString(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="7" fill="#2f4bc7"/>` +
		`<path d="M8 25V14a8 8 0 0 1 16 0v11M13 25V15m6 10V15" fill="none" stroke="#fff" stroke-width="2.6" stroke-linecap="round"/></svg>`)
}
