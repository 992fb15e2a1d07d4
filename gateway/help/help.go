// Package help draws the public help center: its pages, feed, sitemap and a mailbox's colours. It draws what it is
// given: who may see what is decided before. Nothing on a page comes from another host, no page but the one with the
// chat has a script, and no article's text is ever taken for HTML. A page is added as a template here and a handler in
// gateway/web/helpcentre.go.
package help

import (
	"embed"
	"errors"
	"html/template"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/postern-chat/postern/kb"
)

//go:embed page/*.html
var pageFiles embed.FS

// Kind is a kind of page.
type Kind string

// The pages. Centers lists the help centers of an installation; Problem says why there is nothing to show.
const (
	Centers    Kind = "centers"
	Home       Kind = "home"
	Collection Kind = "collection"
	Search     Kind = "search"
	Article    Kind = "article"
	Talk       Kind = "talk"
	Request    Kind = "request"
	Problem    Kind = "problem"
)

// Page is what a page shows. Addresses are paths of this site, but Canonical and Alternates, which are whole.
type Page struct {
	Kind        Kind
	Lang        string // of the page's own words; Texts.Lang gives it
	Locale      string // of the articles
	Title       string // "" = the center's name alone
	Description string
	Canonical   string // "" = none
	Alternates  []Alternate
	NoIndex     bool
	Sheets      []string // style sheets
	Center      Center
	Locales     []Link // the same page, or the home, in the other languages
	Query       string
	Searched    bool
	Best, Links []Link
	Collections []Link
	Others      bool   // Links are those in no collection
	Crumbs      []Link // what the page stands in, below the home
	Before      string // the page of links before, "" = none
	After       string
	Read        *Reading
	Draft       *Draft
	Asked       *Form
	Said        string // of Talk: what the form could not send
	Code        string // of a problem: the wire's code
	Nonce       string // of Talk's scripts
}

// Alternate is the same page in another language; "x-default" lets the browser's language decide.
type Alternate struct{ Lang, URL string }

// Center is a mailbox's help center.
type Center struct {
	Name     string
	Greeting string
	Address  string // of e-mails, "" = none
	Mailbox  string // slug
	Home     string
	Search   string
	Talk     string
	Request  string
	Tickets  string // page of one's own conversations, "" = none
	Feed     string
}

// Form is the request form: empty, refused with what was written, or sent.
type Form struct {
	Once              string // names this sending: twice is once
	Type, Priority    string
	Email, Text       string
	Types, Priorities []string
	Fields            []Field
	Wrong             map[string]string // name of an input → key of the words that say why
	Number            int64             // of the ticket, 0 = not sent
}

// Field is a question of the mailbox.
type Field struct {
	Name, Label, Value string
	Required           bool
}

// Link leads to an article, a collection or a help center.
type Link struct {
	URL, Title, Text, Lang string
	Count                  int64 // articles of a collection
}

// Reading is an article that is read.
type Reading struct {
	Title   string
	Lead    string
	Nodes   []kb.Node
	At      time.Time // of the version
	Version int64
	Rate    string // where its form goes, "" = it cannot be rated
	Rated   string // "", "yes", "no", "done"
	Related []Link
}

// Draft is what an editor's preview says above an article.
type Draft struct {
	Version  int64
	Public   bool // this version is the one that is found
	Edit     string
	Versions []Link
}

// Pages draws. Make it with New.
type Pages struct {
	texts Texts
	tpl   *template.Template
}

// Texts are the pages' own words: language → key → text with {parameters}.
type Texts map[string]map[string]string

// Lang gives the language of the texts that fits a locale; English where there is none.
func (t Texts) Lang(locale string) string {
	lang, _, _ := strings.Cut(strings.ToLower(locale), "-")
	if _, ok := t[lang]; ok {
		return lang
	}
	return "en"
}

// New parses the pages. Errors: texts without English.
func New(texts Texts) (*Pages, error) {
	if len(texts["en"]) == 0 {
		return nil, errors.New("the help center's texts have no English")
	}
	tpl, err := template.New("page").Funcs(template.FuncMap{"dir": Dir, "local": local}).ParseFS(pageFiles, "page/*.html")
	if err != nil {
		return nil, err
	}
	return &Pages{texts: texts, tpl: tpl}, nil
}

// Texts gives the words that New was given.
func (p *Pages) Texts() Texts { return p.texts }

// Write draws a page.
func (p *Pages) Write(w io.Writer, page Page) error {
	return p.tpl.ExecuteTemplate(w, "layout.html", view{Page: page, texts: p.texts[page.Lang]})
}

// view is a page with its words.
type view struct {
	Page
	texts map[string]string
}

// T gives the text of a key with its {parameters} filled, name by name. In a line that runs from right to left a
// parameter keeps its own direction.
func (v view) T(key string, params ...any) string {
	text, ok := v.texts[key]
	if !ok {
		return key
	}
	for i := 0; i+1 < len(params); i += 2 {
		name, _ := params[i].(string)
		text = strings.ReplaceAll(text, "{"+name+"}", v.shown(params[i+1]))
	}
	return text
}

func (v view) shown(param any) string {
	switch p := param.(type) {
	case string:
		if Dir(v.Lang) == "rtl" {
			return "\u2068" + p + "\u2069"
		}
		return p
	case int64:
		return strconv.FormatInt(p, 10)
	}
	return ""
}

// Day writes a date out in the page's language, in UTC.
func (v view) Day(at time.Time) string {
	at = at.UTC()
	return v.T("help.date", "day", int64(at.Day()), "month", v.T("help.month."+strconv.Itoa(int(at.Month()))), "year", int64(at.Year()))
}

// ISO is the date for machines.
func (v view) ISO(at time.Time) string { return at.UTC().Format(time.DateOnly) }

// ProblemKey names the words of a problem.
func (v view) ProblemKey() string {
	if _, ok := v.texts["help.problem."+v.Code+".title"]; ok {
		return "help.problem." + v.Code
	}
	return "help.problem.not_found"
}

// rightToLeft are the languages that are written so.
const rightToLeft = " ar arc ckb dv fa he ks ps sd ug ur yi "

// Dir is the writing direction of a locale.
func Dir(locale string) string {
	lang, _, _ := strings.Cut(strings.ToLower(locale), "-")
	if lang != "" && strings.Contains(rightToLeft, " "+lang+" ") {
		return "rtl"
	}
	return "ltr"
}

// local reports whether an address is a path of this site: pictures of others would tell them who reads what.
func local(url string) bool { return strings.HasPrefix(url, "/") && !strings.HasPrefix(url, "//") }
