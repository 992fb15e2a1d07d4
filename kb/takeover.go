package kb

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"time"
)

// Arrival is an article on its way from another program.
type Arrival struct {
	Article Article // ID is the one it gets if it is new; Version.Number does not count
	Origin  string  // names it there; the same article has the same in every export
	Publish bool    // make it found
	Dry     bool    // decide only, change nothing
}

// Outcome is what became of an arrival.
type Outcome string

// The outcomes. What an editor did here is never undone: Edited and Gone leave the article as it is.
const (
	Added   Outcome = "new"
	Updated Outcome = "changed"
	Shown   Outcome = "published" // the text was here as a draft
	Same    Outcome = "same"
	Edited  Outcome = "edited here" // and changed there: an editor must choose
	Gone    Outcome = "archived here"
)

// Digest names what an article says: two with the same one say the same.
func (a Article) Digest() string {
	v := a.Version
	said := []any{a.Locale, a.Visibility, a.Mailboxes, v.Title, v.Summary, v.Tags, v.Phrasings, v.Body}
	if v.Collection != "" || v.Order != 0 { // without, it is what it was before there were any
		said = append(said, v.Collection, v.Order)
	}
	raw, _ := json.Marshal(said) // words only: it cannot fail
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:])
}

// ArrivalStore takes articles of other programs.
type ArrivalStore interface {
	// TakeOver stores an arrival: a new article, or a new version of the one that came under the same origin, and
	// publishes it if asked, all in one transaction. Of any number of the same arrival at once one is stored.
	// Errors: invalid for an empty id or origin.
	TakeOver(ctx context.Context, in Arrival, now time.Time) (Article, Outcome, error)
}
