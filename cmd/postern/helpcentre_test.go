package main

import (
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/postern-chat/postern/gateway"
	"github.com/postern-chat/postern/kb"
)

// helpReader is somebody with a browser and no JavaScript: he follows nothing by himself and keeps his cookies.
type helpReader struct {
	t       *testing.T
	n       *node
	ip      string
	cookies map[string]*http.Cookie
}

// helpAnswer is what came back.
type helpAnswer struct {
	*http.Response
	body string
}

func (n *node) reader(t *testing.T) *helpReader {
	return &helpReader{t: t, n: n, ip: newAddress(), cookies: map[string]*http.Cookie{}}
}

func (r *helpReader) do(method, path, form string, header ...string) helpAnswer {
	r.t.Helper()
	req, err := http.NewRequestWithContext(r.t.Context(), method, r.n.url+path, strings.NewReader(form))
	if err != nil {
		r.t.Fatal(err)
	}
	if form != "" {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	req.Header.Set("X-Forwarded-For", r.ip)
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	for _, c := range r.cookies {
		req.AddCookie(c)
	}
	stay := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := stay.Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	for _, c := range res.Cookies() {
		r.cookies[c.Name] = c
	}
	return helpAnswer{res, string(body)}
}

func (r *helpReader) get(path string, header ...string) helpAnswer {
	r.t.Helper()
	return r.do("GET", path, "", header...)
}

// rates sends the form under an article as a browser does.
func (r *helpReader) rates(path, form string) helpAnswer {
	r.t.Helper()
	return r.do("POST", path, form, "Origin", r.n.url, "Sec-Fetch-Site", "same-origin")
}

func (p helpAnswer) wants(t *testing.T, status int, parts ...string) {
	t.Helper()
	if p.StatusCode != status {
		t.Errorf("%.200s: status %d, want %d: %.300s", p.Request.URL, p.StatusCode, status, p.body)
	}
	for _, part := range parts {
		if !strings.Contains(p.body, part) {
			t.Errorf("%.200s: no %q in\n%.4000s", p.Request.URL, part, p.body)
		}
	}
}

func (p helpAnswer) lacks(t *testing.T, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if strings.Contains(p.body, part) {
			t.Errorf("%s shows %q", p.Request.URL, part)
		}
	}
}

// helpShelves is a help center with an article of each sort.
type helpShelves struct {
	*node
	root                                                      string // of the mailbox
	public, arabic, inside, draft, archived, elsewhere, quiet string
}

func helpCenter(t *testing.T) helpShelves {
	t.Helper()
	return helpCenterOf(t, alone(t))
}

func helpCenterOf(t *testing.T, c Config) helpShelves {
	t.Helper()
	c.TrustedProxies = []string{"127.0.0.1/32"} // each reader comes from an address of his own
	l := helpShelves{node: startNode(t, c)}
	l.root = "/help/" + l.box.Slug
	l.public = l.article(t, "How do I return an order?", "Send the **parcel** back within 30 days.", func(a *kb.Article) {
		a.Version.Summary, a.Version.Phrasings = "Within 30 days, free of charge.", []string{"send it back"}
	})
	l.arabic = l.article(t, "كيف أعيد طلبًا؟", "أرسل الطرد خلال 30 يومًا.", func(a *kb.Article) { a.Locale, a.Original = "ar", l.public })
	l.inside = l.article(t, "Refund limits of the team", "Agents may refund 50.", func(a *kb.Article) { a.Visibility = kb.Internal })
	l.archived = l.article(t, "Summer sale", "Until August.", nil)
	l.quiet = l.article(t, "Retired team rule", "Agents only.", func(a *kb.Article) { a.Visibility = kb.Internal })
	l.elsewhere = l.article(t, "Wholesale prices", "For shops.", func(a *kb.Article) { a.Mailboxes = []string{string(id(t, gateway.PrefixMailbox))} })
	st := l.Service.Articles
	for _, old := range []string{l.archived, l.quiet} {
		if _, err := st.Archive(t.Context(), old, "ag_test", time.Now()); err != nil {
			t.Fatal(err)
		}
	}
	draft, err := st.SaveVersion(t.Context(), kb.Article{
		ID: string(id(t, gateway.PrefixArticle)), Locale: "en", Visibility: kb.Public, Version: kb.Version{Title: "Secret autumn launch", Body: "In October."},
	}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	l.draft = draft.ID
	findable(t, l.public, l.node)
	findable(t, l.arabic, l.node)
	waitFor(t, "the archived one to leave the index", func() bool { _, ok := l.Service.Index.Any(l.archived); return !ok })
	waitFor(t, "the internal one to leave the index", func() bool { _, ok := l.Service.Index.Any(l.quiet); return !ok })
	return l
}

func (l helpShelves) at(locale, article, title string) string {
	return l.root + "/" + locale + "/" + article + "/" + title
}

const returnTitle = "how-do-i-return-an-order"

// A reader finds and reads an article without JavaScript, at one address, which searches elsewhere are told.
func TestHelpCenterReads(t *testing.T) {
	l := helpCenter(t)
	r := l.reader(t)
	r.get("/help").wants(t, http.StatusFound)
	home := r.get(l.root)
	if home.StatusCode != http.StatusFound || home.Header.Get("Location") != l.root+"/en" || home.Header.Get("Vary") == "" {
		t.Errorf("without a language: %d %v", home.StatusCode, home.Header)
	}
	if ar := r.get(l.root, "Accept-Language", "fr-FR, ar-EG;q=0.8, en;q=0.5"); ar.Header.Get("Location") != l.root+"/ar" {
		t.Errorf("for an Egyptian: %v", ar.Header)
	}
	own := l.at("en", l.public, returnTitle)
	home = r.get(l.root + "/en")
	home.wants(t, http.StatusOK, `<html lang="en" dir="ltr">`, `href="`+own+`"`, "Within 30 days", `hreflang="ar" href="`+l.url+l.root+`/ar"`, `hreflang="x-default" href="`+l.url+l.root+`"`)
	read := r.get(own)
	read.wants(
		t, http.StatusOK, `<link rel="canonical" href="`+l.url+own+`">`, "<strong>parcel</strong>", `<meta name="description" content="Within 30 days, free of charge.">`,
		`hreflang="en" href="`+l.url+own+`"`, `hreflang="ar" href="`+l.url+l.root+"/ar/"+l.arabic+"/", "<title>How do I return an order? · ", l.root+"/en/talk",
	)
	read.lacks(t, "noindex", "<script", "Set-Cookie")
	if len(r.cookies) != 0 {
		t.Errorf("who only reads got cookies: %v", r.cookies)
	}
	for _, old := range []string{l.root + "/en/" + l.public, l.at("en", l.public, "an-older-title"), l.at("ar", l.public, returnTitle)} {
		if p := r.get(old); p.StatusCode != http.StatusMovedPermanently || p.Header.Get("Location") != own {
			t.Errorf("%s: %d to %q, want 301 to %s", old, p.StatusCode, p.Header.Get("Location"), own)
		}
	}
	ar := r.get(r.get(l.root + "/ar/" + l.arabic).Header.Get("Location"))
	ar.wants(t, http.StatusOK, `<html lang="ar" dir="rtl">`, "هل أفادك هذا؟", "أرسل الطرد")
	if p := r.do("HEAD", own, ""); p.StatusCode != http.StatusOK || p.body != "" {
		t.Errorf("HEAD: %d %q", p.StatusCode, p.body)
	}
}

// Drafts, internal articles, those of other mailboxes and what never was answer alike, wherever one asks; an article
// that was public and is archived says so.
func TestHelpCenterHides(t *testing.T) {
	t.Run("SQLite", func(t *testing.T) { helpCenterOf(t, alone(t)).hides(t) })
	t.Run("PostgreSQL", func(t *testing.T) { helpCenterOf(t, shared(t)).hides(t) })
}

func (l helpShelves) hides(t *testing.T) {
	r := l.reader(t)
	unknown := r.get(l.root + "/en/" + string(id(t, gateway.PrefixArticle)))
	unknown.wants(t, http.StatusNotFound, "This page is not here", `<meta name="robots" content="noindex">`)
	for name, hidden := range map[string]string{"draft": l.draft, "internal": l.inside, "archived internal": l.quiet, "elsewhere": l.elsewhere} {
		p := r.get(l.root + "/en/" + hidden)
		if p.StatusCode != unknown.StatusCode || p.body != unknown.body || fmt.Sprint(p.Header["X-Robots-Tag"], p.Header["Cache-Control"], p.Header["Etag"]) != fmt.Sprint(unknown.Header["X-Robots-Tag"], unknown.Header["Cache-Control"], unknown.Header["Etag"]) {
			t.Errorf("%s answers other than what never was: %d %s", name, p.StatusCode, p.body)
		}
		l.reader(t).rates(l.root+"/en/"+hidden+"/rate", "solved=yes").wants(t, http.StatusNotFound)
		if list, err := l.Service.Articles.Ratings(t.Context(), hidden, 5); err != nil || len(list) != 0 {
			t.Errorf("%s was rated: %v %v", name, list, err)
		}
	}
	r.get(l.root+"/en/"+l.archived).wants(t, http.StatusGone, "taken down")
	// What it was when it was published counts, not what an editor made of it since.
	for id, to := range map[string]kb.Visibility{l.archived: kb.Internal, l.quiet: kb.Public} {
		a, err := l.Service.Articles.Article(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		a.Visibility = to
		if _, err := l.Service.Articles.SaveVersion(t.Context(), a, time.Now()); err != nil {
			t.Fatal(err)
		}
	}
	r.get(l.root+"/en/"+l.archived).wants(t, http.StatusGone)
	r.get(l.root+"/en/"+l.quiet).wants(t, http.StatusNotFound)
	secrets := []string{"Secret autumn", "Refund limits", "Retired team", "Wholesale prices", "Summer sale"}
	for _, path := range []string{
		"/en", "/ar", "/en?page=1", "/en/search?q=refund+limits+of+the+team", "/en/search?q=secret+autumn+launch", "/en/feed.atom", "/sitemap.xml", "/en/search?q=wholesale+prices",
	} {
		p := r.get(l.root + path)
		for _, secret := range secrets {
			if strings.Contains(strings.SplitN(p.body, "</header>", 2)[len(strings.SplitN(p.body, "</header>", 2))-1], secret) {
				t.Errorf("%s shows %q", path, secret)
			}
		}
		p.wants(t, http.StatusOK)
	}
	// A newer draft of what is public shows nothing of itself.
	a, err := l.Service.Articles.Article(t.Context(), l.public)
	if err != nil {
		t.Fatal(err)
	}
	a.Version.Title, a.Version.Body = "Unannounced rules", "Within 5 days."
	if _, err := l.Service.Articles.SaveVersion(t.Context(), a, time.Now()); err != nil {
		t.Fatal(err)
	}
	r.get(l.at("en", l.public, returnTitle)).lacks(t, "Unannounced", "5 days")
	for _, path := range []string{
		"/help/nobody", "/help/nobody/en", l.root + "/de", l.root + "/xx-yy-zz", l.root + "/en/ar_%00", l.root + "/en/..%2f..", l.root + "/en?page=2", l.root + "/en?page=-1",
		l.root + "/en?page=x", l.root + "/en/" + strings.Repeat("a", 3000), l.root + "/sitemap.xml?part=9",
	} {
		r.get(path).wants(t, http.StatusNotFound, "<html")
	}
}

// Every page keeps to one policy: nothing from elsewhere, nothing framed, no script but the chat's; every answer that
// may be kept has a tag, and who has it gets nothing again.
func TestHelpCenterHeaders(t *testing.T) {
	l := helpCenter(t)
	r := l.reader(t)
	own := l.at("en", l.public, returnTitle)
	outside := regexp.MustCompile(`(?:src|href|action)="(?:https?:)?//([^/"]+)`)
	for _, path := range []string{"/en", own[len(l.root):], "/en/search?q=return", "/en/search", "/en/nothing", "/en/talk"} {
		p := r.get(l.root + path)
		csp := p.Header.Get("Content-Security-Policy")
		for _, want := range []string{"default-src 'none'", "style-src 'self'", "form-action 'self'", "base-uri 'none'", "frame-ancestors 'none'"} {
			if !strings.Contains(csp, want) {
				t.Errorf("%s: policy %q lacks %q", path, csp, want)
			}
		}
		if strings.Contains(csp, "script-src") != (path == "/en/talk") || strings.Contains(csp, "unsafe") || strings.Contains(p.body, "style=") {
			t.Errorf("%s: policy %q", path, csp)
		}
		for _, m := range outside.FindAllStringSubmatch(p.body, -1) {
			if "http://"+m[1] != l.url {
				t.Errorf("%s leads to %s", path, m[1])
			}
		}
		if p.Header.Get("Referrer-Policy") != "same-origin" || p.Header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: %v", path, p.Header)
		}
	}
	for _, path := range []string{l.root + "/en", own, l.root + "/en/feed.atom", l.root + "/sitemap.xml"} {
		p := r.get(path)
		tag, date := p.Header.Get("Etag"), p.Header.Get("Last-Modified")
		if tag == "" || date == "" || p.Header.Get("Cache-Control") != "public, max-age=0, must-revalidate" {
			t.Fatalf("%s: %v", path, p.Header)
		}
		for name, c := range map[string]struct {
			header []string
			want   int
		}{
			"its tag":                     {[]string{"If-None-Match", tag}, http.StatusNotModified},
			"among others, weakly":        {[]string{"If-None-Match", `"x", W/` + tag}, http.StatusNotModified},
			"another tag, whatever date":  {[]string{"If-None-Match", `"x"`, "If-Modified-Since", date}, http.StatusOK},
			"its date":                    {[]string{"If-Modified-Since", date}, http.StatusNotModified},
			"a later date is another one": {[]string{"If-Modified-Since", time.Now().Add(time.Hour).UTC().Format(http.TimeFormat)}, http.StatusOK},
		} {
			if again := r.get(path, c.header...); again.StatusCode != c.want || again.StatusCode == http.StatusNotModified && again.body != "" {
				t.Errorf("%s, %s: %d, want %d", path, name, again.StatusCode, c.want)
			}
		}
	}
	before := r.get(own).Header.Get("Etag")
	a, err := l.Service.Articles.Article(t.Context(), l.public)
	if err != nil {
		t.Fatal(err)
	}
	a.Version.Body = "Within 60 days."
	if a, err = l.Service.Articles.SaveVersion(t.Context(), a, time.Now()); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Service.Articles.Publish(t.Context(), a.ID, a.Version.Number, "ag_test", time.Now()); err != nil {
		t.Fatal(err)
	}
	waitFor(t, "the new version to be shown", func() bool {
		p := r.get(own, "If-None-Match", before)
		return p.StatusCode == http.StatusOK && strings.Contains(p.body, "60 days")
	})
}

// What an article says is shown as words: no HTML, no picture of another host, no address that runs.
func TestHelpCenterShowsWords(t *testing.T) {
	n := startNode(t, alone(t))
	body := "<script>alert(1)</script>\n\nx <img src=x onerror=alert(1)> [run](javascript:alert(1)) [out](https://other.test/a?b=1&c=%22) ![far](https://spy.test/p.png) ![near](/v1/p.png)\n\n# One\n\n`a<b`\n\n```\n</pre><script>\n```\n\n" + strings.Repeat("> ", 20) + "deep"
	article := n.article(t, `"><script>alert('title')</script>`, body, func(a *kb.Article) { a.Version.Summary = `"><b>sum` })
	long := n.article(t, strings.Repeat("word ", 39), strings.Repeat("*a* ", 40_000), nil)
	findable(t, article, n)
	findable(t, long, n)
	r := n.reader(t)
	p := r.get(r.get("/help/" + n.box.Slug + "/en/" + article).Header.Get("Location"))
	p.wants(t, http.StatusOK, "&lt;script&gt;alert(1)", `<a href="https://other.test/a?b=1&amp;c=%22" rel="noopener noreferrer">out</a>`, `<img src="/v1/p.png" alt="near"`, "far", "<h2 dir=\"auto\">One")
	p.lacks(t, "<script", "onerror=alert(1)>", "javascript:", "spy.test", "<b>sum")
	if got := strings.Count(p.body, "<h1"); got != 1 {
		t.Errorf("%d first headings", got)
	}
	r.get(r.get("/help/"+n.box.Slug+"/en/"+long).Header.Get("Location")).wants(t, http.StatusOK, "word-word")
	for _, path := range []string{"/feed.atom", "", "/search?q=" + url.QueryEscape(`"><script>alert(1)</script> title`)} {
		r.get("/help/"+n.box.Slug+"/en"+path).lacks(t, "<script>", "<b>sum")
	}
}

// Searches: words in any form find it, nothing found is said, and no input breaks the page.
func TestHelpCenterSearches(t *testing.T) {
	l := helpCenter(t)
	r := l.reader(t)
	find := func(q string) helpAnswer { return l.reader(t).get(l.root + "/en/search?q=" + url.QueryEscape(q)) }
	for _, q := range []string{"return an order", "retrun order", "send it back"} {
		find(q).wants(t, http.StatusOK, l.at("en", l.public, returnTitle), `noindex`)
	}
	find("quantum chromodynamics").wants(t, http.StatusOK, "Nothing found.", l.root+"/en/talk")
	l.reader(t).get(l.root+"/ar/search?q="+url.QueryEscape("كيف أعيد طلبا")).wants(t, http.StatusOK, "/ar/"+l.arabic+"/")
	r.get(l.root+"/en/search").wants(t, http.StatusOK, "Ask in your own words")
	for _, q := range []string{"x", "🙂🙂", "\x00\xff", strings.Repeat("return ", 1000), "مرحبا hello 你好", `"><i>`, "how do i"} {
		find(q).wants(t, http.StatusOK, "<html")
	}
	find(strings.Repeat("a", gateway.MaxSearch+1)).wants(t, http.StatusRequestEntityTooLarge, "too long")
	r.get(l.root + "/en/search?q=zzz+unheard+of+thing")
	steps, err := l.Service.Articles.Steps(t.Context(), time.Now().Add(-time.Hour), time.Now().Add(time.Hour), 1000)
	if err != nil {
		t.Fatal(err)
	}
	missed := 0
	for _, s := range steps {
		if s.Query == "zzz unheard of thing" && !s.Fits && s.Kind == kb.StepSearch && s.Mailbox == string(l.box.ID) && s.Locale == "en" {
			missed++
		}
	}
	if missed != 1 {
		t.Errorf("the search without result is in %d steps, want 1: %+v", missed, steps)
	}
}

// "Did this help?" by a form: once a reader, only from a page of ours, with limits; refused ones move nothing.
func TestHelpCenterRates(t *testing.T) {
	l := helpCenter(t)
	rate := l.root + "/en/" + l.public + "/rate"
	ratings := func() []kb.Rating {
		list, err := l.Service.Articles.Ratings(t.Context(), l.public, 50)
		if err != nil {
			t.Fatal(err)
		}
		return list
	}
	for name, header := range map[string][]string{
		"another site's form": {"Origin", "https://evil.test", "Sec-Fetch-Site", "cross-site"}, "a sandbox": {"Origin", "null"},
		"says nothing": {}, "our origin, another site": {"Origin", l.url, "Sec-Fetch-Site", "cross-site"}, "a sister": {"Origin", l.url, "Sec-Fetch-Site", "same-site"},
		"another port": {"Origin", "http://localhost:1"},
	} {
		if p := l.reader(t).do("POST", rate, "solved=yes", header...); p.StatusCode != http.StatusForbidden || len(p.Cookies()) != 0 {
			t.Errorf("%s: %d %v", name, p.StatusCode, p.Cookies())
		}
	}
	r := l.reader(t)
	r.rates(rate, "solved=perhaps").wants(t, http.StatusBadRequest, "did not work")
	r.rates(rate, "solved=no&text="+strings.Repeat("a", 3<<10)).wants(t, http.StatusRequestEntityTooLarge)
	r.rates(rate, "solved=no&text="+strings.Repeat("a", 17<<10)).wants(t, http.StatusRequestEntityTooLarge)
	r.do("POST", rate, `{"solved":"yes"}`, "Content-Type", "application/json", "Origin", l.url).wants(t, http.StatusUnsupportedMediaType)
	if list := ratings(); len(list) != 0 {
		t.Fatalf("what was refused was stored: %+v", list)
	}
	r = l.reader(t)
	p := r.rates(rate, "version=1&solved=no")
	if p.StatusCode != http.StatusSeeOther || p.Header.Get("Location") != l.at("en", l.public, returnTitle)+"?rated=no#helped" {
		t.Fatalf("rated: %d %v %s", p.StatusCode, p.Header, p.body)
	}
	c := r.cookies["__Host-postern-reader"]
	if c == nil || !c.HttpOnly || !c.Secure || c.SameSite != http.SameSiteStrictMode || c.MaxAge != 0 || !c.Expires.IsZero() {
		t.Fatalf("the reader's cookie: %+v", c)
	}
	next, _, _ := strings.Cut(p.Header.Get("Location"), "#")
	after := r.get(next)
	after.wants(t, http.StatusOK, "<textarea", "noindex")
	if after.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("the answer of one is kept for all: %v", after.Header)
	}
	p = r.rates(rate, "solved=no&text="+url.QueryEscape("Where is the label?"))
	r.get(strings.TrimSuffix(p.Header.Get("Location"), "#helped")).wants(t, http.StatusOK, "Thank you")
	if list := ratings(); len(list) != 1 || list[0].Solved || list[0].Text != "Where is the label?" || strings.Contains(list[0].Visitor, c.Value) {
		t.Errorf("ratings %+v", list)
	}
	r.rates(rate, "solved=yes")
	l.reader(t).rates(rate, "solved=yes")
	if list := ratings(); len(list) != 2 || !list[0].Solved || !list[1].Solved {
		t.Errorf("two readers: %+v", list)
	}
	flood := l.reader(t)
	refused := 0
	for range 40 {
		if flood.rates(rate, "solved=yes").StatusCode == http.StatusTooManyRequests {
			refused++
		}
	}
	if refused == 0 {
		t.Error("40 ratings at once from one address were all taken")
	}
}

// Only those who write articles see a preview, with its versions; to all others it is not there.
func TestHelpCenterPreview(t *testing.T) {
	l := helpCenter(t)
	path := "/help/preview/" + l.draft
	unknown := l.reader(t).get("/help/preview/" + string(id(t, gateway.PrefixArticle)))
	unknown.wants(t, http.StatusNotFound)
	agent, editor := l.desk(t, "agent", gateway.RoleAgent), l.desk(t, "editor", gateway.RoleEditor)
	with := func(d desk) *helpReader {
		r := l.reader(t)
		r.cookies[d.cookie.Name] = d.cookie
		return r
	}
	for name, r := range map[string]*helpReader{"nobody": l.reader(t), "an agent": with(agent)} {
		if p := r.get(path); p.StatusCode != http.StatusNotFound || p.body != unknown.body {
			t.Errorf("%s sees %d %s", name, p.StatusCode, p.body)
		}
	}
	ed := with(editor)
	p := ed.get(path)
	p.wants(t, http.StatusOK, "Secret autumn launch", "In October.", "A draft", "noindex", "/admin#/articles/"+l.draft)
	p.lacks(t, `rel="canonical"`, "/rate")
	if p.Header.Get("Cache-Control") != "no-store" || p.Header.Get("X-Robots-Tag") != "noindex" {
		t.Errorf("a preview may be kept or found: %v", p.Header)
	}
	a, err := l.Service.Articles.Article(t.Context(), l.public)
	if err != nil {
		t.Fatal(err)
	}
	a.Version.Body = "Within 90 days."
	if _, err := l.Service.Articles.SaveVersion(t.Context(), a, time.Now()); err != nil {
		t.Fatal(err)
	}
	ed.get("/help/preview/"+l.public).wants(t, http.StatusOK, "90 days", "Version 2.", "A draft", "?version=1")
	ed.get("/help/preview/"+l.public+"?version=1").wants(t, http.StatusOK, "30 days", "This version is published.")
	ed.get("/help/preview/"+l.public+"?version=3").wants(t, http.StatusNotFound)
	ed.get("/help/preview/"+l.inside).wants(t, http.StatusOK, "Agents may refund 50.")
	ed.get("/help/preview/nothing").wants(t, http.StatusNotFound)
}

// A translation names an original in another language that is none itself.
func TestTranslationNamesAnOriginal(t *testing.T) {
	l := helpCenter(t)
	ed := l.desk(t, "ed", gateway.RoleEditor)
	in := func(locale, original string) map[string]any {
		return map[string]any{
			"locale": locale, "visibility": "public", "mailboxes": []string{}, "original": original, "title": "Rückgabe", "summary": "", "tags": []string{}, "phrasings": []string{},
			"body": "30 Tage.", "note": "", "version": 0,
		}
	}
	for name, original := range map[string]string{"itself a translation": l.arabic, "nothing": string(id(t, gateway.PrefixArticle)), "no id": "x/../y"} {
		if status, answer := ed.call("POST", "/v1/articles", in("de", original)); status != http.StatusBadRequest || answer["code"] != "invalid" {
			t.Errorf("%s: %d %v", name, status, answer)
		}
	}
	ed.refused("invalid", "POST", "/v1/articles", in("en", l.public))
	saved := ed.ok("POST", "/v1/articles", in("de", l.public))["article"].(map[string]any)
	if saved["original"] != l.public {
		t.Errorf("saved %v", saved)
	}
}

// Feed and sitemap are XML that lists whole addresses; robots leads to the sitemaps, and those to every article.
func TestHelpCenterLists(t *testing.T) {
	l := helpCenter(t)
	r := l.reader(t)
	robots := r.get("/robots.txt")
	robots.wants(t, http.StatusOK, "Disallow: /\n", "Allow: /help\n", "Sitemap: "+l.url+"/sitemap.xml")
	type list struct {
		Maps  []string `xml:"sitemap>loc"`
		Pages []string `xml:"url>loc"`
	}
	read := func(path string, v any) helpAnswer {
		p := r.get(path)
		if err := xml.Unmarshal([]byte(p.body), v); err != nil {
			t.Fatalf("%s: %v in %s", path, err, p.body)
		}
		return p
	}
	var maps, pages list
	read("/sitemap.xml", &maps)
	if len(maps.Maps) != 1 {
		t.Fatalf("sitemaps: %v", maps.Maps)
	}
	read(strings.TrimPrefix(maps.Maps[0], l.url), &pages)
	if len(pages.Pages) != 2 {
		t.Errorf("articles: %v", pages.Pages)
	}
	for _, u := range pages.Pages {
		r.get(strings.TrimPrefix(u, l.url)).wants(t, http.StatusOK, `<link rel="canonical" href="`+u+`">`)
	}
	var feed struct {
		XMLName xml.Name `xml:"http://www.w3.org/2005/Atom feed"`
		ID      string   `xml:"id"`
		Updated string   `xml:"updated"`
		Entries []struct {
			ID      string `xml:"id"`
			Title   string `xml:"title"`
			Updated string `xml:"updated"`
		} `xml:"entry"`
	}
	p := read(l.root+"/en/feed.atom", &feed)
	if len(feed.Entries) != 1 || feed.Entries[0].Title != "How do I return an order?" || feed.Entries[0].ID != l.url+l.at("en", l.public, returnTitle) || feed.Updated != feed.Entries[0].Updated || !strings.HasPrefix(p.Header.Get("Content-Type"), "application/atom+xml") {
		t.Errorf("feed: %+v %v", feed, p.Header)
	}
	if _, err := time.Parse(time.RFC3339, feed.Updated); err != nil {
		t.Error(err)
	}
}

// A mailbox's colour comes as a style sheet of its own, readable in both schemes; without articles there are friendly
// words; the chat's page may frame the widget, and no other page of ours may.
func TestHelpCenterLook(t *testing.T) {
	n := startNode(t, alone(t))
	box := n.box
	box.Color, box.Greeting = "#FFCC00", "We sell <pots>."
	box, _, err := n.Service.Store.SaveMailbox(t.Context(), box, gateway.System(), time.Now())
	if err != nil {
		t.Fatal(err)
	}
	r := n.reader(t)
	empty := r.get("/help/" + box.Slug + "/en")
	empty.wants(t, http.StatusOK, "No articles yet", "We sell &lt;pots&gt;.", `href="/help/`+box.Slug+`/theme/ffcc00.css"`, "noindex")
	css := r.get("/help/" + box.Slug + "/theme/ffcc00.css")
	css.wants(t, http.StatusOK, ":root{--accent:light-dark(#", "#ffcc00)")
	if !strings.HasPrefix(css.Header.Get("Content-Type"), "text/css") || !strings.Contains(css.Header.Get("Cache-Control"), "immutable") {
		t.Errorf("theme: %v", css.Header)
	}
	for _, bad := range []string{"ffcc0.css", "}body.css", "ffcc00", "FFCC00.css"} {
		r.get("/help/"+box.Slug+"/theme/"+bad).wants(t, http.StatusNotFound)
	}
	talk := r.get("/help/" + box.Slug + "/en/talk")
	nonce := regexp.MustCompile(`script-src 'nonce-([^']+)'; frame-src 'self'`).FindStringSubmatch(talk.Header.Get("Content-Security-Policy"))
	if nonce == nil || strings.Count(talk.body, "<script") != 2 || talk.Header.Get("Cache-Control") != "no-store" {
		t.Fatalf("the chat's page: %v\n%s", talk.Header, talk.body)
	}
	talk.wants(t, http.StatusOK, `data-mailbox="`+box.Slug+`"`, `id="off"`, "mailto:"+box.Address, "noindex")
	if again := r.get("/help/" + box.Slug + "/en/talk"); strings.Contains(again.body, nonce[1]) {
		t.Error("a nonce came twice")
	}
}
