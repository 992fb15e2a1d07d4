package kb_test

import (
	"strings"
	"testing"

	"github.com/postern-chat/postern/kb"
)

func TestSlug(t *testing.T) {
	for _, c := range []struct{ name, title, want string }{
		{"words", "How do I change my login e-mail?", "how-do-i-change-my-login-e-mail"},
		{"an apostrophe ends no word", "Where's my order’s invoice", "wheres-my-orders-invoice"},
		{"another script", "كيف أعيد طلبًا؟", "كيف-أعيد-طلبًا"},
		{"signs around", " --- 2 for 1! --- ", "2-for-1"},
		{"nothing to read", "🙂 / ?", "article"},
		{"broken bytes", "a\xffb/../c", "a-b-c"},
		{"one long word", strings.Repeat("ط", 100), strings.Repeat("ط", 40)},
		{"long", strings.Repeat("ab ", 100), strings.TrimSuffix(strings.Repeat("ab-", 27), "-")},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := kb.Slug(c.title); got != c.want {
				t.Errorf("Slug = %q, want %q", got, c.want)
			}
		})
	}
}
