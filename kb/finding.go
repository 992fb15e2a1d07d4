package kb

import (
	"cmp"
	"slices"
	"time"
)

// From when on an article stands in a report (self-help.md §7).
const (
	StaleAfter  = 180 * 24 * time.Hour // neither edited nor reviewed
	fewShown    = 5                    // shown so often and never opened
	fewRead     = 3                    // opened so often and never said to help
	fewUnsolved = 2                    // said not to help
)

// Why an article needs an editor.
const (
	LowRated    = "low_rated"    // more visitors said no than yes
	NeverOpened = "never_opened" // shown, never opened
	NeverSolved = "never_solved" // opened, never said to help
	AskedAnyway = "asked_anyway" // most who read it asked a person all the same
	Stale       = "stale"        // past its date to be reviewed; or nobody edited or reviewed it for long, and it is read
)

// Finding is one reason why an article needs an editor. An article can have several.
type Finding struct {
	Why string `json:"why"`
	ArticleDeflects
	Title    string    `json:"title"`
	EditedAt time.Time `json:"-"` // its newest version's
}

// Findings gives the articles that need an editor, worst first within each reason. articles are the published ones.
func Findings(d Deflected, articles []Article, now time.Time) (out []Finding) {
	of := map[string]ArticleDeflects{}
	for _, a := range d.Articles {
		of[a.Article] = a
	}
	for _, a := range articles {
		n := of[a.ID]
		n.Article = a.ID
		for _, c := range []struct {
			why  string
			true bool
		}{
			{LowRated, n.Unsolved >= fewUnsolved && n.Unsolved > n.Solved},
			{NeverOpened, n.Shown >= fewShown && n.Read == 0},
			{NeverSolved, n.Read >= fewRead && n.Solved == 0 && n.Unsolved < fewUnsolved},
			{AskedAnyway, n.Chatted >= fewRead && 2*n.Chatted > n.Read},
			{Stale, a.Overdue(now) && (n.Read > 0 || !a.ReviewBy.IsZero())},
		} {
			if c.true {
				out = append(out, Finding{c.why, n, a.Version.Title, a.UpdatedAt})
			}
		}
	}
	order := []string{LowRated, NeverSolved, AskedAnyway, NeverOpened, Stale}
	slices.SortStableFunc(out, func(a, b Finding) int {
		return cmp.Or(
			cmp.Compare(slices.Index(order, a.Why), slices.Index(order, b.Why)), cmp.Compare(b.Unsolved, a.Unsolved),
			cmp.Compare(b.Read, a.Read), cmp.Compare(b.Shown, a.Shown), cmp.Compare(a.Article, b.Article),
		)
	})
	return out
}
