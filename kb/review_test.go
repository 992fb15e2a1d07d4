package kb_test

import (
	"testing"
	"time"

	"github.com/postern-chat/postern/kb"
)

func TestOverdue(t *testing.T) {
	now := time.Unix(2_000_000_000, 0)
	ago := func(days int) time.Time { return now.AddDate(0, 0, -days) }
	for name, c := range map[string]struct {
		a    kb.Article
		want bool
	}{
		"edited 180 days ago":                      {kb.Article{UpdatedAt: ago(180)}, true},
		"edited later":                             {kb.Article{UpdatedAt: ago(179)}, false},
		"reviewed since":                           {kb.Article{UpdatedAt: ago(400), ReviewedAt: ago(179)}, false},
		"reviewed long ago, edited since":          {kb.Article{UpdatedAt: ago(10), ReviewedAt: ago(300)}, false},
		"reviewed long ago too":                    {kb.Article{UpdatedAt: ago(400), ReviewedAt: ago(180)}, true},
		"its date is over, though edited just now": {kb.Article{UpdatedAt: now, ReviewBy: now}, true},
		"its date is to come, though old":          {kb.Article{UpdatedAt: ago(900), ReviewBy: now.Add(time.Second)}, false},
	} {
		c.a.Status = kb.Published
		if got := c.a.Overdue(now); got != c.want {
			t.Errorf("%s: overdue %v", name, got)
		}
		for _, s := range []kb.Status{kb.Draft, kb.Archived} {
			if c.a.Status = s; c.a.Overdue(now) || !c.a.Due().IsZero() {
				t.Errorf("%s: overdue as %s", name, s)
			}
		}
	}
}
