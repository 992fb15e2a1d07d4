package web

import (
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/postern-chat/postern/gateway"
	"github.com/postern-chat/postern/gateway/help"
	"github.com/postern-chat/postern/kb"
)

// mapPart is how many addresses stand in one sitemap; 50,000 may.
const mapPart = 10_000

// robots lets searches elsewhere read the help centers and nothing else.
func (s *Server) robots(c *fiber.Ctx) error {
	c.Set(fiber.HeaderCacheControl, "public, max-age=3600")
	c.Type("txt", "utf-8")
	return c.Status(http.StatusOK).SendString("User-agent: *\nDisallow: /\nAllow: /help\nAllow: /assets/\n" +
		"Disallow: /help/*/search\nDisallow: /help/*/talk\nDisallow: /help/*/request\nDisallow: /help/preview/\nSitemap: " + s.whole("/sitemap.xml") + "\n")
}

// helpSitemaps lists the sitemaps of the mailboxes that a site embeds.
func (s *Server) helpSitemaps(v *helpVisit) error {
	boxes, err := s.embedded(v)
	if err != nil {
		return err
	}
	var list []help.Entry
	for _, mb := range boxes {
		v.take(mb)
		for part := range (v.shelf.Pages() + mapPart - 1) / mapPart {
			list = append(list, help.Entry{URL: s.whole(v.path("sitemap.xml")) + "?part=" + strconv.Itoa(part+1)})
		}
	}
	return v.sendXML("application/xml", time.Time{}, func(w io.Writer) error { return help.WriteSitemaps(w, list) })
}

// helpSitemap lists a help center's collections and articles in each language; ?part=n gives the n-th 10,000.
func (s *Server) helpSitemap(v *helpVisit) error {
	part, err := number(v.Ctx, "part", 1, 1000)
	first := (part - 1) * mapPart
	if err != nil || part < 1 || first > 0 && first >= v.shelf.Pages() {
		return gateway.NotFound()
	}
	var all []help.Entry
	at := time.Time{}
	for _, row := range v.shelf.Rows {
		for _, c := range row.Collections {
			all = append(all, help.Entry{URL: s.whole(v.collectionPath(row.Locale, c)), Title: c.Name, At: newestOf(c.Articles)})
		}
		for _, a := range row.ByTitle {
			all = append(all, s.entry(v, a))
			if a.Version.At.After(at) {
				at = a.Version.At
			}
		}
	}
	all = all[first:min(first+mapPart, len(all))]
	return v.sendXML("application/xml", at, func(w io.Writer) error { return help.WriteSitemap(w, all) })
}

func (s *Server) entry(v *helpVisit, a *kb.Article) help.Entry {
	return help.Entry{URL: s.whole(v.articlePath(a)), Title: a.Version.Title, Text: a.Version.Summary, At: a.Version.At}
}

// helpFeed is an Atom feed of the newest articles in a language.
func (s *Server) helpFeed(v *helpVisit) error {
	row, err := v.row()
	if err != nil {
		return err
	}
	f := help.Feed{
		Title: strings.TrimSpace(v.mb.Name), Lang: v.locale, Self: s.whole(v.path(v.locale, "feed.atom")), Home: s.whole(v.path(v.locale)),
	}
	for _, a := range row.Newest {
		f.Entries = append(f.Entries, s.entry(v, a))
	}
	return v.sendXML("application/atom+xml", newest(row), f.Write)
}
