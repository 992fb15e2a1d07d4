package kb

import (
	"context"
	"time"
)

// Limits of an article (self-help.md §1).
const (
	MaxTitle     = 200 // characters
	MaxPhrasing  = 200 // characters
	MaxPhrasings = 200 // approved ones per article and locale
	MaxBody      = 256 << 10
	MaxSummary   = 500 // characters
	MaxTags      = 20
)

// Status of an article's text in one locale.
type Status string

// A draft is never found; an archived one answers "gone".
const (
	Draft     Status = "draft"
	Published Status = "published"
	Archived  Status = "archived"
)

// Visibility says who may find it.
type Visibility string

// Public articles reach everybody, internal ones agents only.
const (
	Public   Visibility = "public"
	Internal Visibility = "internal"
)

// Article is one text in one locale, as its newest version or its published one has it.
type Article struct {
	ID         string     `json:"id"` // ar_…
	Locale     string     `json:"locale"`
	Status     Status     `json:"status"`
	Visibility Visibility `json:"visibility"`
	Mailboxes  []string   `json:"mailboxes"`          // only there; empty = everywhere
	Original   string     `json:"original,omitempty"` // article that this one translates, "" = none
	Published  int64      `json:"published"`          // number of the published version, 0 = none
	Change     int64      `json:"change"`             // number of the last change of any article, for the index
	Version    Version    `json:"version"`
	Learned    []string   `json:"learned,omitempty"` // approved questions of visitors, in order of their ids
	Solved     int64      `json:"solved"`            // "this answered my question"
	Unsolved   int64      `json:"unsolved"`
	UpdatedAt  time.Time  `json:"-"`
	ReviewBy   time.Time  `json:"-"` // when it must be looked at again, zero = nobody said; Due counts then
	ReviewedAt time.Time  `json:"-"` // zero = never
	ReviewedBy string     `json:"-"` // editor
}

// Version is one saved state; it never changes. A save makes a new one, which stays a draft until published.
type Version struct {
	Number     int64     `json:"number"`
	Title      string    `json:"title"`
	Summary    string    `json:"summary"`
	Tags       []string  `json:"tags"`
	Phrasings  []string  `json:"phrasings"`            // questions in visitors' words
	Body       string    `json:"body"`                 // Markdown
	Collection string    `json:"collection,omitempty"` // name of the group that it stands in, "" = none
	Order      int       `json:"order,omitempty"`      // place among its articles, from 1 on; 0 = after those that have one
	By         string    `json:"by,omitempty"`
	Note       string    `json:"note,omitempty"`
	At         time.Time `json:"-"`
}

// Pin shows an article on pages whose address matches.
type Pin struct {
	ID      string    `json:"id"`
	Article string    `json:"article"`
	Pattern string    `json:"pattern"` // path with * as a wildcard, or a whole https address
	Mailbox string    `json:"mailbox,omitempty"`
	Locale  string    `json:"locale,omitempty"`
	From    time.Time `json:"-"`
	Until   time.Time `json:"-"`
	Order   int       `json:"order"`
}

// Rating is one visitor's answer to "Did this help?".
type Rating struct {
	Article string
	Version int64
	Visitor string
	Solved  bool
	Text    string
	At      time.Time
}

// Store keeps articles. A method is one transaction.
type Store interface {
	LearnStore
	ArrivalStore

	// SaveVersion stores a new version as a draft; ID "" is refused. a.Version.Number is the version that was edited:
	// only the newest one can be, and of many who edit it one wins. 0 creates the article.
	// Errors: conflict, not_found, invalid.
	SaveVersion(ctx context.Context, a Article, now time.Time) (Article, error)
	// Publish makes version number the one that is found; Archive takes the article out.
	Publish(ctx context.Context, id string, number int64, by string, now time.Time) (Article, error)
	Archive(ctx context.Context, id, by string, now time.Time) (Article, error)
	// Review stores when an article must be looked at again and, if it was looked at now, that and who did.
	// Errors: not_found.
	Review(ctx context.Context, id string, r Review, now time.Time) (Article, error)
	// Article reads with the newest version; PublishedArticle with the published one. Errors: not_found, gone.
	Article(ctx context.Context, id string) (Article, error)
	Articles(ctx context.Context) ([]Article, error)
	Versions(ctx context.Context, id string) ([]Version, error)
	// Changed reads published and withdrawn articles with Change > after, in order, with their published
	// version: what an index lacks. Their ratings are those of the last CountHelp; elsewhere they are those of now.
	Changed(ctx context.Context, after int64, limit int) ([]Article, error)
	SavePin(ctx context.Context, p Pin) (Pin, error)
	DeletePin(ctx context.Context, id string) error
	Pins(ctx context.Context) ([]Pin, error)
	// Rate stores one answer per visitor, article and version; a later one replaces it.
	Rate(ctx context.Context, r Rating) error
	Ratings(ctx context.Context, article string, limit int) ([]Rating, error)
}
