package export

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/postern-chat/postern/kb"
)

// shape reads the records of one program.
type shape struct {
	form  Form
	marks []string // keys of which a record has one, for Guess
	read  func(record, groups, *Row)
}

func forms() []shape {
	return []shape{
		{HelpScout, []string{"text", "collectionId"}, helpScout},
		{Zendesk, []string{"section_id", "html_url", "label_names", "source_id", "body"}, zendesk},
		{Chatwoot, []string{"content", "portal_id"}, chatwoot},
	}
}

// record is one article of an export, by key.
type record map[string]json.RawMessage

// readRecord reads a record of the form, or of the first whose marks it has.
func readRecord(raw json.RawMessage, form Form, locale string, g groups, row *Row) {
	var r record
	if err := json.Unmarshal(raw, &r); err != nil {
		row.Refused = "not a record"
		return
	}
	i := slices.IndexFunc(forms(), func(s shape) bool {
		return s.form == form || form == Guess && slices.ContainsFunc(s.marks, func(m string) bool { return r[m] != nil })
	})
	if i < 0 {
		row.Refused = "of no known shape"
		return
	}
	row.Article.Locale, row.Form = locale, forms()[i].form
	forms()[i].read(r, g, row)
	if row.Refused == "" && row.Key == "" {
		row.Refused = "no id"
	}
	if row.Good() {
		row.check()
	}
}

// word reads a text, a number or nothing under one of some keys. Anything else refuses the row.
func (r record) word(row *Row, keys ...string) string {
	for _, k := range keys {
		var v any
		if raw := r[k]; raw == nil || json.Unmarshal(raw, &v) != nil || v == nil {
			continue
		}
		switch v := v.(type) {
		case string:
			if v != "" {
				return v
			}
		case float64:
			return string(r[k])
		default:
			row.Refused = k + " is not a text"
		}
	}
	return ""
}

// yes reads true, or nothing.
func (r record) yes(key string) bool { return string(r[key]) == "true" }

// list reads a list of texts; what else is in it does not count.
func (r record) list(key string) []string {
	var list []any
	if json.Unmarshal(r[key], &list) != nil {
		return nil
	}
	var out []string
	for _, v := range list {
		if s, ok := v.(string); ok {
			out = append(out, s)
		}
	}
	return out
}

// inner reads an object under a key, empty if there is none.
func (r record) inner(key string) record {
	var in record
	if json.Unmarshal(r[key], &in) != nil {
		return record{}
	}
	return in
}

func (r *Row) keyed(parts ...string) {
	if parts[0] != "" {
		r.Key = strings.Join(parts, "/")
	}
}

// helpScout reads an article of Help Scout's Docs API.
func helpScout(r record, g groups, row *Row) {
	row.keyed(r.word(row, "id", "number"))
	v := &row.Article.Version
	v.Title, v.Tags = r.word(row, "name"), append(r.list("keywords"), r.list("tags")...)
	v.Body = row.html(r.word(row, "text"))
	v.Collection = g.name(row.Article.Locale, append(r.list("categories"), r.word(row, "collectionId"))...)
	row.Draft = r.word(row, "status") != "published"
	if r.word(row, "visibility") == "private" {
		row.Article.Visibility = kb.Internal
	}
}

// zendesk reads an article, or a translation of one, of Zendesk's Help Center API. What is for some users only there is
// for agents here: we do not know who its readers were.
func zendesk(r record, g groups, row *Row) {
	locale := firstOf(r.word(row, "locale", "source_locale"), row.Article.Locale)
	row.keyed(r.word(row, "source_id", "id"), tag(locale))
	v := &row.Article.Version
	v.Title, v.Tags = r.word(row, "title", "name"), r.list("label_names")
	v.Body = row.html(r.word(row, "body"))
	v.Collection, v.Order = g.name(locale, r.word(row, "section_id")), order(r.word(row, "position"))
	row.Article.Locale, row.Draft = locale, r.yes("draft")
	if r.word(row, "user_segment_id") != "" || len(r.list("user_segment_ids")) > 0 {
		row.Article.Visibility = kb.Internal
		row.note("was for some users only: for agents here")
	}
}

// chatwoot reads an article of Chatwoot's API, whose text is Markdown.
func chatwoot(r record, _ groups, row *Row) {
	row.keyed(r.word(row, "id", "slug"))
	meta := r.inner("meta")
	v := &row.Article.Version
	v.Title, v.Tags = r.word(row, "title"), meta.list("tags")
	v.Summary = firstOf(r.word(row, "description"), meta.word(row, "description"))
	row.Article.Locale = firstOf(r.word(row, "locale"), r.inner("category").word(row, "locale"), row.Article.Locale)
	v.Collection, v.Order = r.inner("category").word(row, "name"), order(r.word(row, "position"))
	text := r.word(row, "content")
	if looksLikeHTML(text) {
		v.Body = row.html(text)
	} else {
		v.Body = row.withoutNearLinks(strings.ReplaceAll(text, "\r\n", "\n"))
	}
	switch status := r.word(row, "status"); status {
	case "published", "1":
	case "archived", "2":
		row.Skipped = "archived there"
	default:
		row.Draft = true
	}
}

// looksLikeHTML reports whether a text begins as a page's does.
func looksLikeHTML(text string) bool {
	text = strings.ToLower(strings.TrimSpace(text))
	for _, begin := range []string{"<p", "<h", "<div", "<ul", "<ol", "<span", "<strong", "<table"} {
		if rest, ok := strings.CutPrefix(text, begin); ok && rest != "" && strings.ContainsAny(rest[:1], "> 123456\n") {
			return true
		}
	}
	return false
}

// html makes Markdown of HTML and notes what it left out.
func (r *Row) html(text string) string {
	if len(text) > MaxHTML {
		r.Refused = fmt.Sprintf("the text is larger than %d MiB", MaxHTML>>20)
		return ""
	}
	body, notes, err := FromHTML(text)
	if err != nil {
		r.Refused = firstOf(r.Refused, "HTML that cannot be read: "+err.Error())
	}
	r.Notes = append(r.Notes, notes...)
	return body
}
