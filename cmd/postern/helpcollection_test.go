package main

import (
	"encoding/xml"
	"net/http"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/postern-chat/postern/gateway"
	"github.com/postern-chat/postern/kb"
)

// Articles stand in collections: on the home page with their number, on a page of their own, over an article and in the
// sitemap. What nobody may read makes no collection and is related to nothing.
func TestHelpCollections(t *testing.T) {
	t.Run("SQLite", func(t *testing.T) { helpCollections(t, helpCenterOf(t, alone(t))) })
	t.Run("PostgreSQL", func(t *testing.T) { helpCollections(t, helpCenterOf(t, shared(t))) })
}

func helpCollections(t *testing.T, l helpShelves) {
	in := func(collection string, order int, more func(*kb.Article)) func(*kb.Article) {
		return func(a *kb.Article) {
			a.Version.Collection, a.Version.Order = collection, order
			if more != nil {
				more(a)
			}
		}
	}
	gift := l.article(t, "How do I return a gift?", "Ask for its number.", in("Returns & refunds", 2, nil))
	paid := l.article(t, "How do I return an order that I paid by card?", "As any other.", in("returns refunds", 1, nil))
	odd := l.article(t, "Opening hours <of the shop>", "From nine to five.", in("<i>Shop", 3, nil))
	ar := l.article(t, "كيف أعيد هدية؟", "اطلب رقمها.", in("الإرجاع", 0, func(a *kb.Article) { a.Locale = "ar" }))
	l.article(t, "How do agents return an order?", "In the desk.", in("Staff desk", 1, func(a *kb.Article) { a.Visibility = kb.Internal }))
	l.article(t, "How do I return an order of a shop?", "By lorry.", in("Big shops", 1, func(a *kb.Article) {
		a.Mailboxes = []string{string(id(t, gateway.PrefixMailbox))}
	}))
	gone := l.article(t, "How do I return an order of summer?", "Until August.", in("Summer", 1, nil))
	if _, err := l.Service.Articles.Archive(t.Context(), gone, "ag_test", time.Now()); err != nil {
		t.Fatal(err)
	}
	for _, a := range []string{gift, paid, odd, ar} {
		findable(t, a, l.node)
	}
	waitFor(t, "the archived one to leave the index", func() bool { _, ok := l.Service.Index.Any(gone); return !ok })
	secrets := []string{"Staff desk", "staff-desk", "Big shops", "Summer", "agents return", "of a shop?", "of summer"}
	r := l.reader(t)
	page := l.root + "/en/collection/returns-refunds"
	home := r.get(l.root + "/en")
	home.wants(t, http.StatusOK, `href="`+page+`"`, "Articles: 2", "Other articles", returnTitle, `href="`+l.root+`/en/collection/i-shop"`, "&lt;i&gt;Shop")
	home.lacks(t, append(secrets, "how-do-i-return-a-gift", "<i>Shop")...)
	list := r.get(page)
	list.wants(t, http.StatusOK, `<link rel="canonical" href="`+l.url+page+`">`, "<title>returns refunds · ", `<a href="`+l.root+`/en">All help articles</a>`, l.at("en", gift, "how-do-i-return-a-gift"))
	list.lacks(t, append(secrets, "noindex", returnTitle+`"`)...)
	if first, second := strings.Index(list.body, paid), strings.Index(list.body, gift); first < 0 || first > second {
		t.Errorf("not by order: %d, %d", first, second)
	}
	if again := r.get(page, "If-None-Match", list.Header.Get("Etag")); again.StatusCode != http.StatusNotModified {
		t.Errorf("who has it gets it again: %d", again.StatusCode)
	}
	arabic := r.get(l.root + "/ar/collection/" + url.PathEscape("الإرجاع"))
	arabic.wants(t, http.StatusOK, `<html lang="ar" dir="rtl">`, ar)
	for _, none := range []string{"/en/collection/staff-desk", "/en/collection/big-shops", "/en/collection/summer", "/ar/collection/returns-refunds", "/en/collection/returns-refunds?page=2", "/de/collection/x"} {
		p := r.get(l.root + none)
		p.wants(t, http.StatusNotFound, "<html")
		p.lacks(t, secrets[0], secrets[2])
	}
	helpRelated(t, l, gift, paid, secrets)
	var pages struct {
		List []string `xml:"url>loc"`
	}
	if err := xml.Unmarshal([]byte(r.get(l.root+"/sitemap.xml").body), &pages); err != nil {
		t.Fatal(err)
	}
	if len(pages.List) != 9 || !slices.Contains(pages.List, l.url+page) { // six articles, three collections
		t.Errorf("the sitemap has %d pages: %q", len(pages.List), pages.List)
	}
}

// helpRelated looks under an article: at most three others, never itself, and none that nobody may read.
func helpRelated(t *testing.T, l helpShelves, gift, paid string, secrets []string) {
	r := l.reader(t)
	own := l.at("en", gift, "how-do-i-return-a-gift")
	read := r.get(own)
	read.wants(t, http.StatusOK, "Related articles", paid, l.public, `<a href="`+l.root+`/en/collection/returns-refunds"><bdi>returns refunds</bdi></a>`)
	read.lacks(t, append(secrets, `<a href="`+own+`"`)...)
	if read.Header.Get("Last-Modified") != "" || read.Header.Get("Etag") == "" {
		t.Errorf("a page that others change has a date: %v", read.Header)
	}
	_, related, _ := strings.Cut(read.body, "Related articles")
	if n := strings.Count(related, "<li>"); n < 2 || n > 3+2 { // two languages in the footer
		t.Errorf("%d related articles", n)
	}
}

// An editor's collection and its limits; a draft's is not shown before it is published.
func TestEditorChoosesCollection(t *testing.T) {
	l := helpCenter(t)
	ed := l.desk(t, "ed", gateway.RoleEditor)
	in := func(collection string, order, version int) map[string]any {
		return map[string]any{
			"locale": "en", "visibility": "public", "mailboxes": []string{}, "original": "", "title": "Return a gift", "summary": "", "tags": []string{}, "phrasings": []string{},
			"body": "Ask.", "collection": collection, "order": order, "note": "", "version": version,
		}
	}
	ed.refused("too_large", "POST", "/v1/articles", in(strings.Repeat("ä", kb.MaxCollection+1), 0, 0))
	ed.refused("invalid", "POST", "/v1/articles", in("a\x00b", 0, 0))
	ed.refused("invalid", "POST", "/v1/articles", in("Returns", -1, 0))
	ed.refused("invalid", "POST", "/v1/articles", in("Returns", kb.MaxOrder+1, 0))
	saved := ed.ok("POST", "/v1/articles", in("  Returns \n and more ", 7, 0))["article"].(map[string]any)
	version := saved["version"].(map[string]any)
	if version["collection"] != "Returns and more" || version["order"] != float64(7) {
		t.Errorf("saved %v", version)
	}
	article := saved["id"].(string)
	ed.ok("POST", "/v1/articles/"+article+"/publish", map[string]any{"version": 1})
	findable(t, article, l.node)
	ed.ok("PUT", "/v1/articles/"+article, in("Secret plans", 1, 1))
	r := l.reader(t)
	r.get(l.root+"/en").wants(t, http.StatusOK, "Returns and more")
	r.get(l.root+"/en").lacks(t, "Secret plans")
	r.get(l.root+"/en/collection/secret-plans").wants(t, http.StatusNotFound)
}

// An import brings collections along; one that only says them anew changes the article.
func TestKBImportCollections(t *testing.T) {
	c := alone(t)
	n := startNode(t, c)
	dir := filepath.Join(t.TempDir(), "export")
	article := `{"articles":[{"id":1,"section_id":7,"position":3,"title":"Return an order","locale":"en-us","body":"<p>Send it.</p>"}]}`
	writeFile(t, filepath.Join(dir, "articles.json"), article)
	run := func() string {
		t.Helper()
		return say(t, exitOK, databaseOf(c), "kb", "import", dir, "--publish", "--data", c.Data)
	}
	in := func() kb.Version {
		t.Helper()
		list, err := n.Service.Articles.Articles(t.Context())
		if err != nil || len(list) != 1 {
			t.Fatalf("%v, %v", list, err)
		}
		return list[0].Version
	}
	if out := run(); !strings.Contains(out, "1 new") || in().Collection != "" || in().Order != 0 {
		t.Errorf("without names: %s, %+v", out, in())
	}
	writeFile(t, filepath.Join(dir, "sections.json"), `{"sections":[{"id":7,"name":"Returns","locale":"en-us"}]}`)
	if out := run(); !strings.Contains(out, "1 changed, 1 skipped") || in().Collection != "Returns" || in().Order != 3 {
		t.Errorf("with names: %s, %+v", out, in())
	}
	if out := run(); !strings.Contains(out, "1 same, 1 skipped") || in().Number != 2 {
		t.Errorf("again: %s, %+v", out, in())
	}
}
