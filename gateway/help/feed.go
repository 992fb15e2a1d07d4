package help

import (
	"encoding/xml"
	"io"
	"time"
)

// Entry is one article in a feed or a sitemap.
type Entry struct {
	URL   string // whole
	Title string
	Text  string
	At    time.Time
}

// Feed is an Atom feed (RFC 4287).
type Feed struct {
	Title, Lang, Self, Home string
	Entries                 []Entry // newest first
}

type atomLink struct {
	Rel  string `xml:"rel,attr"`
	Href string `xml:"href,attr"`
}

type atomEntry struct {
	ID      string   `xml:"id"`
	Title   string   `xml:"title"`
	Updated string   `xml:"updated"`
	Link    atomLink `xml:"link"`
	Summary string   `xml:"summary,omitempty"`
}

type atomFeed struct {
	XMLName xml.Name    `xml:"http://www.w3.org/2005/Atom feed"`
	Lang    string      `xml:"xml:lang,attr"`
	ID      string      `xml:"id"`
	Title   string      `xml:"title"`
	Updated string      `xml:"updated"`
	Author  string      `xml:"author>name"`
	Links   []atomLink  `xml:"link"`
	Entries []atomEntry `xml:"entry"`
}

// Write writes the feed. One without entries was updated at the beginning of time.
func (f Feed) Write(w io.Writer) error {
	out := atomFeed{
		Lang: f.Lang, ID: f.Self, Title: f.Title, Author: f.Title, Updated: stamp(time.Unix(0, 0)),
		Links: []atomLink{{"self", f.Self}, {"alternate", f.Home}},
	}
	for i, e := range f.Entries {
		if i == 0 {
			out.Updated = stamp(e.At)
		}
		out.Entries = append(out.Entries, atomEntry{e.URL, e.Title, stamp(e.At), atomLink{"alternate", e.URL}, e.Text})
	}
	return writeXML(w, out)
}

type siteURL struct {
	Loc     string `xml:"loc"`
	LastMod string `xml:"lastmod,omitempty"`
}

// WriteSitemap writes addresses as sitemaps.org has it; at most 50,000 may stand in one.
func WriteSitemap(w io.Writer, entries []Entry) error {
	var out struct {
		XMLName xml.Name  `xml:"http://www.sitemaps.org/schemas/sitemap/0.9 urlset"`
		URLs    []siteURL `xml:"url"`
	}
	out.URLs = siteURLs(entries)
	return writeXML(w, out)
}

// WriteSitemaps writes the list of sitemaps.
func WriteSitemaps(w io.Writer, entries []Entry) error {
	var out struct {
		XMLName xml.Name  `xml:"http://www.sitemaps.org/schemas/sitemap/0.9 sitemapindex"`
		URLs    []siteURL `xml:"sitemap"`
	}
	out.URLs = siteURLs(entries)
	return writeXML(w, out)
}

func siteURLs(entries []Entry) []siteURL {
	out := make([]siteURL, len(entries))
	for i, e := range entries {
		out[i].Loc = e.URL
		if !e.At.IsZero() {
			out[i].LastMod = stamp(e.At)
		}
	}
	return out
}

func writeXML(w io.Writer, v any) error {
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	return xml.NewEncoder(w).Encode(v)
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }
