// Package export reads articles out of what other programs keep or give: a folder of Markdown files with front matter,
// and exports in the shape of Help Scout Docs, Zendesk Guide and Chatwoot. It only reads, and trusts nothing of what it
// reads: a row is an article within kb's limits, or the reason why it is none. HTML becomes Markdown by way of kb's
// node tree, so that nothing in it can be more than words, lists, links and pictures.
//
// To add a shape: a row in forms(), which turns one record into a Row.
package export

import "github.com/postern-chat/postern/kb"

// Form names what is read.
type Form string

// The forms. Guess looks at each file and record.
const (
	Guess     Form = ""
	Markdown  Form = "markdown"
	HelpScout Form = "helpscout"
	Zendesk   Form = "zendesk"
	Chatwoot  Form = "chatwoot"
)

// Forms lists the names that can be asked for.
func Forms() []Form { return []Form{Markdown, HelpScout, Zendesk, Chatwoot} }

// Limits of what is read.
const (
	MaxFile  = 64 << 20 // bytes of an export
	MaxHTML  = 2 << 20  // bytes of one body before it is Markdown
	MaxFiles = 20_000   // of a folder
	MaxLevel = 12       // folders in folders
)

// Row is one article as another program had it, or why there is none.
type Row struct {
	Form  Form   // of this row
	Where string // file, and place in it from 1 on: "guides/return.md", "articles.json 3"
	Key   string // what names it over there; the same article of a later export has the same
	// Article has a locale, a visibility and a version without number; it keeps to kb's limits.
	Article kb.Article
	Draft   bool     // it was not public there
	Notes   []string // what was left out or changed
	Skipped string   // why it is no article at all: a picture, a second one of the same key
	Refused string   // why it is not taken though it should be one
}

// Good reports whether the row has an article.
func (r Row) Good() bool { return r.Skipped == "" && r.Refused == "" }

func (r *Row) note(text string) { r.Notes = append(r.Notes, text) }
