package web

import (
	"net/http"
	"net/url"
	"time"

	"github.com/postern-chat/postern/gateway"
	"github.com/postern-chat/postern/gateway/help"
	"github.com/postern-chat/postern/kb"
)

// collectionPath is the one address of a collection in a locale.
func (v *helpVisit) collectionPath(locale string, c kb.Collection) string {
	return v.path(locale, "collection", c.Slug)
}

// helpCollection lists the articles of a collection. One without a published public article is none.
func (s *Server) helpCollection(v *helpVisit) error {
	row, err := v.row()
	if err != nil {
		return err
	}
	slug, err := url.PathUnescape(v.Params("collection"))
	if err != nil {
		return gateway.NotFound()
	}
	c, ok := row.Collection(slug)
	if !ok {
		return gateway.NotFound()
	}
	p := v.page(help.Collection)
	if p.Links, err = v.paged(&p, c.Articles, v.collectionPath(v.locale, c)); err != nil {
		return err
	}
	p.Title, p.Locales = c.Name, v.homes()
	return v.send(http.StatusOK, p, newestOf(c.Articles))
}

// crumbs is the collection that an article stands in, if any.
func (v *helpVisit) crumbs(a kb.Article) []help.Link {
	row, _ := v.shelf.Row(a.Locale)
	c, ok := row.Collection(kb.Slug(a.Version.Collection))
	if a.Version.Collection == "" || !ok {
		return nil
	}
	return []help.Link{{URL: v.collectionPath(a.Locale, c), Title: c.Name}}
}

// newestOf is when the youngest of some versions was saved.
func newestOf(list []*kb.Article) (at time.Time) {
	for _, a := range list {
		if a.Version.At.After(at) {
			at = a.Version.At
		}
	}
	return at
}
