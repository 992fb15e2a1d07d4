package kb

import "time"

// Review is an editor's word on when an article must be looked at again.
type Review struct {
	By   time.Time // zero = StaleAfter its last edit or review
	Done bool      // he has looked at it now, and it is right
	Who  string    // editor
}

// Due is when somebody must look at a published article again: at the date that an editor gave, else StaleAfter it was
// last edited or reviewed. Zero = never: nobody finds it.
func (a Article) Due() time.Time {
	switch {
	case a.Status != Published:
		return time.Time{}
	case !a.ReviewBy.IsZero():
		return a.ReviewBy
	case a.ReviewedAt.After(a.UpdatedAt):
		return a.ReviewedAt.Add(StaleAfter)
	}
	return a.UpdatedAt.Add(StaleAfter)
}

// Overdue reports whether an article's time to be looked at again is over.
func (a Article) Overdue(now time.Time) bool {
	due := a.Due()
	return !due.IsZero() && !now.Before(due)
}
