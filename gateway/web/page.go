package web

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"html/template"
	"io/fs"
	"slices"
	"strings"

	"github.com/gofiber/fiber/v2"
	"github.com/postern-chat/postern/gateway"
)

// ui is the built widget: hashed files and the manifest that names them.
type ui struct {
	files    fs.FS
	manifest map[string]asset
}

// asset is one line of manifest.json.
type asset struct {
	File      string `json:"file"`
	Integrity string `json:"integrity"` // sha384-…
	CSS       string `json:"css,omitempty"`
}

// newUI reads the manifest; a tree without one is an UI that is not built yet, which is no error.
func newUI(files fs.FS) (*ui, error) {
	u := &ui{files: files, manifest: map[string]asset{}}
	if files == nil {
		return u, nil
	}
	raw, err := fs.ReadFile(files, "manifest.json")
	if errors.Is(err, fs.ErrNotExist) {
		return u, nil
	}
	if err == nil {
		err = json.Unmarshal(raw, &u.manifest)
	}
	if err != nil {
		return nil, gateway.Internal("read the UI's manifest", err)
	}
	return u, nil
}

func (u *ui) built() bool { return len(u.manifest) > 0 }

// pageRoutes serve loader, frame, console, admin and the hashed assets.
func (s *Server) pageRoutes(a *fiber.App) {
	a.Get("/widget/loader.js", s.loader)
	a.Get("/widget/frame", s.frame)
	a.Get("/assets/:name", s.asset)
	a.Get("/console", s.appPage("console"))
	a.Get("/admin", s.appPage("admin"))
	a.Get("/", func(c *fiber.Ctx) error { return c.Redirect("/console", fiber.StatusFound) })
}

func (s *Server) loader(c *fiber.Ctx) error {
	m, ok := s.ui.manifest["loader.js"]
	if !ok {
		return gateway.Unavailable("ui", nil)
	}
	c.Set(fiber.HeaderCacheControl, "max-age=300, stale-while-revalidate=86400")
	c.Set("Cross-Origin-Resource-Policy", "cross-origin")
	c.Set(fiber.HeaderAccessControlAllowOrigin, "*")
	return s.send(c, m.File)
}

// asset serves what carries its hash in its name: it never changes.
func (s *Server) asset(c *fiber.Ctx) error {
	c.Set(fiber.HeaderCacheControl, "public, max-age=31536000, immutable")
	c.Set("Cross-Origin-Resource-Policy", "cross-origin")
	c.Set(fiber.HeaderAccessControlAllowOrigin, "*")
	return s.send(c, c.Params("name"))
}

// send answers with a file of the UI, compressed beforehand if the client takes it.
func (s *Server) send(c *fiber.Ctx, name string) error {
	if !s.ui.built() || !fs.ValidPath(name) || strings.Contains(name, "/") {
		return gateway.NotFound()
	}
	c.Set(fiber.HeaderVary, fiber.HeaderAcceptEncoding)
	accepts := c.Get(fiber.HeaderAcceptEncoding)
	c.Type(name[strings.LastIndexByte(name, '.')+1:], "utf-8")
	for _, e := range [...]struct{ encoding, ending string }{{"br", ".br"}, {"gzip", ".gz"}} {
		if !strings.Contains(accepts, e.encoding) {
			continue
		}
		if raw, err := fs.ReadFile(s.ui.files, name+e.ending); err == nil {
			c.Set(fiber.HeaderContentEncoding, e.encoding)
			return c.Send(raw)
		}
	}
	raw, err := fs.ReadFile(s.ui.files, name)
	if err != nil {
		return gateway.NotFound()
	}
	return c.Send(raw)
}

// shell is the one HTML page of ours: no inline script, no inline style.
var shell = template.Must(template.New("shell").Parse(`<!doctype html>
<html lang="en" data-app="{{.App}}"{{with .Code}} data-code="{{.}}"{{end}}{{if .Mailbox}} data-mailbox="{{.Mailbox}}"{{end}}{{if .Origins}} data-origins="{{.Origins}}"{{end}}>
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover">
<meta name="color-scheme" content="light dark"><title>{{.Title}}</title>
<link rel="icon" href="data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 32 32'%3E%3Crect width='32' height='32' rx='7' fill='%232f4bc7'/%3E%3Cpath d='M8 25V14a8 8 0 0 1 16 0v11M13 25V15m6 10V15' fill='none' stroke='%23fff' stroke-width='2.6' stroke-linecap='round'/%3E%3C/svg%3E">
{{with .CSS}}<link rel="stylesheet" href="/assets/{{.}}">
{{end}}</head><body><div id="app"></div><script type="module" nonce="{{.Nonce}}" src="/assets/{{.Script}}"></script></body></html>
`))

type shellData struct {
	App, Title, Nonce, Script, CSS, Mailbox, Origins string
	Code                                             string // why a /verify/* page has nothing to show
}

// frame is the visitor's panel: only the mailbox's origins may embed it, and the help center here.
func (s *Server) frame(c *fiber.Ctx) error {
	mb, err := s.svc.Store.MailboxBySlug(c.UserContext(), c.Query("mailbox"))
	if err != nil {
		return err
	}
	origins := mb.Origins
	if s.opt.Help != nil {
		origins = append(slices.Clone(origins), s.whole(""))
	}
	ancestors := "'none'"
	if len(origins) > 0 {
		ancestors = strings.Join(origins, " ")
	}
	c.Set("Cross-Origin-Resource-Policy", "cross-origin")
	return s.shell(c, "visitor", ancestors, shellData{Title: mb.Name, Mailbox: mb.Slug, Origins: strings.Join(origins, " ")})
}

func (s *Server) appPage(name string) fiber.Handler {
	return func(c *fiber.Ctx) error { return s.shell(c, name, "'none'", shellData{Title: "Postern"}) }
}

func (s *Server) shell(c *fiber.Ctx, app, ancestors string, d shellData) error {
	m, ok := s.ui.manifest[app+".js"]
	if !ok {
		return c.Status(fiber.StatusServiceUnavailable).SendString("UI not built: run make ui")
	}
	var b [16]byte
	if _, err := rand.Read(b[:]); err != nil {
		return gateway.Internal("make a nonce", err)
	}
	d.App, d.Script, d.CSS, d.Nonce = app, m.File, m.CSS, base64.StdEncoding.EncodeToString(b[:])
	c.Set(fiber.HeaderContentSecurityPolicy, policyOf(d.Nonce, ancestors))
	c.Set(fiber.HeaderCacheControl, "no-store")
	c.Type("html", "utf-8")
	return shell.Execute(c.Response().BodyWriter(), d)
}

// policyOf is the Content-Security-Policy of our pages (web.md §3).
func policyOf(nonce, ancestors string) string {
	return "default-src 'none'; script-src 'nonce-" + nonce + "'; style-src 'self'; img-src 'self' data: blob:; " +
		"connect-src 'self'; media-src 'self' data:; base-uri 'none'; form-action 'none'; " +
		"require-trusted-types-for 'script'; frame-ancestors " + ancestors
}
