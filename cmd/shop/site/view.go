package site

import (
	"bytes"
	"embed"
	"html/template"
	"io/fs"
	"net/http"
	"path"
	"strings"
	"time"
)

//go:embed page/*.html
var pageFiles embed.FS

//go:embed static
var staticFiles embed.FS

// views are the parsed pages by name. Each file under page/ but layout.html is one page.
type views map[string]*template.Template

func parseViews() (views, error) {
	names, err := fs.Glob(pageFiles, "page/*.html")
	if err != nil {
		return nil, err
	}
	all := views{}
	for _, name := range names {
		page := strings.TrimSuffix(path.Base(name), ".html")
		t := template.New("layout.html").Funcs(template.FuncMap{
			"day":    func(t time.Time) string { return t.UTC().Format("2 January 2006") },
			"moment": func(t time.Time) string { return t.UTC().Format("2 January 2006, 15:04:05 MST") },
			"euros":  euros,
		})
		if all[page], err = t.ParseFS(pageFiles, "page/layout.html", name); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// page is what every template gets.
type page struct {
	Title    string
	Path     string
	Gateway  string
	Mailbox  string
	Embed    bool   // the page carries the support widget
	Leads    bool   // its form leads to the gateway
	Script   string // the page's own script under static/, "" = none
	Customer *Customer
	CSRF     string
	Error    string // what the person can do about it, in words
	Notice   string
	Data     any
}

// show renders a page. A page that the customer fills in again after a mistake is shown with status 422.
func (s *Site) show(w http.ResponseWriter, r *http.Request, status int, name string, p page) {
	v := visitOf(r)
	p.Path, p.Gateway, p.CSRF = r.URL.Path, s.Gateway, s.formToken(v)
	if p.Mailbox == "" {
		p.Mailbox = s.mailbox(r)
	}
	if v.customer.ID != "" {
		p.Customer = &v.customer
	}
	p.Embed = name != "confirm" && name != "confirm-login" && name != "confirm-ended" && name != "reset" && name != "cancel" && name != "idp-login"
	p.Leads = p.Leads || name == "idp-login"
	if name == "reset" || name == "cancel" {
		p.Script = "reset.js"
	}
	var out bytes.Buffer
	if err := s.views[name].Execute(&out, p); err != nil {
		s.fail(w, r, err)
		return
	}
	s.headers(w.Header(), p)
	w.WriteHeader(status)
	_, _ = w.Write(out.Bytes()) // who has gone away needs no page
}

// headers: nothing inline, nothing from strangers but the widget, no frame around any page.
// Browsers hold the addresses that a form's answer leads on to against form-action: the login of the provider ends
// at the gateway.
func (s *Site) headers(h http.Header, p page) {
	scripts, frames, referrer, forms := "'none'", "'none'", "strict-origin-when-cross-origin", "'self'"
	if p.Leads {
		forms += " " + s.Gateway
	}
	switch {
	case p.Embed:
		scripts, frames = "'self' "+s.Gateway, s.Gateway
	case p.Script != "": // it was opened with a secret
		scripts, referrer = "'self'", "no-referrer"
	default: // its address has the handle in it
		referrer = "same-origin"
	}
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", "default-src 'none'; script-src "+scripts+"; frame-src "+frames+
		"; style-src 'self'; img-src 'self'; connect-src 'self'; form-action "+forms+"; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'")
	h.Set("X-Frame-Options", "DENY")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-store")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Referrer-Policy", referrer)
}

// fail answers what is our own fault, without details.
func (s *Site) fail(w http.ResponseWriter, r *http.Request, err error) {
	s.Log.ErrorContext(r.Context(), "shop: request failed", "path", r.URL.Path, "err", err)
	http.Error(w, "Something went wrong on our side. Please try again in a moment.", http.StatusInternalServerError)
}

// mailbox is the support mailbox that the page's widget speaks to.
func (s *Site) mailbox(r *http.Request) string {
	for _, d := range Desks() {
		if r.URL.Query().Get("mailbox") == d.Slug {
			return d.Slug
		}
	}
	return s.Mailbox
}

// Desk is a part of the shop's support with a mailbox and a page of its own, /support/{Slug}.
type Desk struct{ Slug, Name, About string }

// Desks are the three mailboxes that the shop's pages lead to.
func Desks() []Desk {
	return []Desk{
		{"orders", "Orders and delivery", "Where a parcel is, what was in it, and what to do when a tin arrives dented."},
		{"accounts", "Accounts and plans", "Your login, your Tea Post plan, renewals and settings."},
		{"wholesale", "Wholesale", "Cafés, shops and offices: prices from 5 kg, samples and terms."},
	}
}
