package kb

import (
	"context"
	"strings"
	"time"
)

// Limits of what visitors teach (self-help.md §6).
const (
	MinAsked    = 3   // words of a question that ask something
	MaxProposed = 500 // open proposals of one article
	MaxOfSource = 5   // proposals of one visitor or conversation for one article
	MaxDecided  = 500 // phrasings decided at once
)

// PhrasingState is what an editor decided about a question.
type PhrasingState string

// A proposed phrasing changes no ranking; only an editor makes it an approved one.
const (
	Proposed PhrasingState = "proposed"
	Approved PhrasingState = "approved"
	Rejected PhrasingState = "rejected"
)

// How a phrasing came to be proposed.
const (
	HowSolved   = "solved"   // the visitor searched it, read the article and said that it helped
	HowSent     = "sent"     // an agent sent the article, and the conversation ended resolved
	HowAssigned = "assigned" // an editor gave a search without result to the article
)

// Phrasing is a question in visitors' words that an article answered, without personal data.
type Phrasing struct {
	ID        string        `json:"id"` // ph_…
	Article   string        `json:"article"`
	Text      string        `json:"text"`
	State     PhrasingState `json:"state"`
	Count     int64         `json:"count"`   // visitors and conversations that it came from
	Sources   []Source      `json:"sources"` // the newest of them
	By        string        `json:"by,omitempty"`
	At        time.Time     `json:"-"` // of the newest source
	DecidedAt time.Time     `json:"-"`
}

// Source is one visitor or conversation that a phrasing came from.
type Source struct {
	ID  string `json:"id"` // vi_…, cv_… or ag_…
	How string `json:"how"`
}

// StepKind is a kind of step of self-help.
type StepKind string

// The steps. A search is one that the visitor has finished typing.
const (
	StepSearch   StepKind = "search"
	StepRead     StepKind = "read"
	StepSolved   StepKind = "solved"
	StepUnsolved StepKind = "unsolved"
	StepSent     StepKind = "sent" // an agent's: he sent the article to the visitor
)

// Step is one thing that a visitor did in the help, or that an agent did with it for him.
type Step struct {
	ID       string
	At       time.Time
	Kind     StepKind
	Visitor  string
	Mailbox  string
	Locale   string
	Query    string   // as asked, without personal data; "" = none
	Articles []string // shown, or the one read or rated
	Coverage float64  // of a search
	Fits     bool     // of a search: it was shown results
	Page     string   // where the visitor was, without query; "" = not known
}

// Chat is a conversation as deflection counts it: its visitor asked a person.
type Chat struct {
	ID       string
	Visitor  string
	At       time.Time
	Resolved bool
}

// LearnStore keeps what visitors teach. A method is one transaction.
type LearnStore interface {
	// Propose counts the question for the article: equal texts are one phrasing, a source counts once, and what is
	// decided stays decided. Above MaxProposed and MaxOfSource nothing is stored. Errors: not_found for the article.
	Propose(ctx context.Context, p Phrasing, by Source, now time.Time) error
	// Phrasings lists those of a state, most counted first; article "" = of all.
	Phrasings(ctx context.Context, state PhrasingState, article string, limit int) ([]Phrasing, error)
	// Decide approves or rejects phrasings and gives the articles whose ranking that changes. Approved ones count from
	// the next Changed on. One that is in that state already is left alone. All or none.
	// Errors: not_found; too_large when an article would have more than MaxPhrasings.
	Decide(ctx context.Context, ids []string, to PhrasingState, by string, now time.Time) (articles []string, err error)
	// AddStep stores a step, the same ID again is nothing; Steps and Chats read those from (with) to (without), in order of time.
	AddStep(ctx context.Context, s Step) error
	// CountHelp makes the ratings so far count in ranking, as a change of each article whose numbers moved, and counts
	// anew which articles solved most on each page since then.
	CountHelp(ctx context.Context, since, now time.Time) error
	// Helpful gives the articles that solved most on a page as of the last count, those of most visitors first.
	Helpful(ctx context.Context, mailbox, page string, limit int) ([]string, error)
	Steps(ctx context.Context, from, to time.Time, limit int) ([]Step, error)
	Chats(ctx context.Context, from, to time.Time) ([]Chat, error)
}

// Folded is the form in which two questions are the same: their words, without marks and case.
func Folded(text string) string { return strings.Join(words(cut(text)), " ") }
