package sqlstore

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/postern-chat/postern/gateway/gatewaytest"
	"github.com/postern-chat/postern/kb"
)

func TestCountHelp(t *testing.T) {
	for name, s := range map[string]*Store{"sqlite": openSQLite(t), "postgres": openPostgres(t)} {
		t.Run(name, func(t *testing.T) { countsHelp(t, s.Articles()) })
	}
}

// What an index reads of ratings is what was counted, whenever it reads; a count is a change of those it moves, and of no
// other. Editors see the ratings of now.
func countsHelp(t *testing.T, k *Articles) {
	ctx, now := t.Context(), gatewaytest.Noon()
	since := now.AddDate(0, 0, -90)
	for _, id := range []string{"ar_1", "ar_2", "ar_3"} {
		published(t, k, id)
	}
	ok := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	rate := func(article string, n int, solved bool) {
		t.Helper()
		for i := range n {
			ok(k.Rate(ctx, kb.Rating{Article: article, Version: 1, Visitor: fmt.Sprint("vi_", i), Solved: solved, At: now}))
		}
	}
	changed := func(after int64) (last int64, out []string) {
		t.Helper()
		list, err := k.Changed(ctx, after, 10)
		ok(err)
		for _, a := range list {
			out, last = append(out, fmt.Sprint(a.ID, " ", a.Solved, "/", a.Unsolved)), a.Change
		}
		return last, out
	}
	rate("ar_1", 3, true)
	rate("ar_2", 2, false)
	last, list := changed(0)
	if want := []string{"ar_1 0/0", "ar_2 0/0", "ar_3 0/0"}; !slices.Equal(list, want) {
		t.Errorf("before the count an index reads %q", list)
	}
	if a, err := k.Article(ctx, "ar_1"); err != nil || a.Solved != 3 {
		t.Errorf("an editor reads %+v, %v", a, err)
	}
	ok(k.CountHelp(ctx, since, now))
	if last, list = changed(last); !slices.Equal(list, []string{"ar_1 3/0", "ar_2 0/2"}) {
		t.Errorf("counted: %q", list)
	}
	ok(k.CountHelp(ctx, since, now))
	if _, list = changed(last); len(list) != 0 {
		t.Errorf("counted again, nothing new: %q", list)
	}
	rate("ar_1", 1, false) // he changed his mind
	ok(k.CountHelp(ctx, since, now))
	if _, list = changed(last); !slices.Equal(list, []string{"ar_1 2/1"}) {
		t.Errorf("after another answer: %q", list)
	}
	helpsOnPages(t, k, since, now)
}

// helpsOnPages counts visitors whom an article helped on a page, each once, not for ever, and of its mailbox only.
func helpsOnPages(t *testing.T, k *Articles, since, now time.Time) {
	n := 0
	solved := func(at time.Time, visitor, mailbox, page, article string, kind kb.StepKind) {
		t.Helper()
		n++
		step := kb.Step{ID: fmt.Sprint("hs_", n), At: at, Kind: kind, Visitor: visitor, Mailbox: mailbox, Page: page, Articles: []string{article}}
		if err := k.AddStep(t.Context(), step); err != nil {
			t.Fatal(err)
		}
	}
	const here = "https://shop.test/orders"
	for range 3 {
		solved(now, "vi_1", "mb_1", here, "ar_3", kb.StepSolved) // the same visitor again and again
	}
	solved(now, "vi_1", "mb_1", here, "ar_2", kb.StepSolved)
	solved(now, "vi_2", "mb_1", here, "ar_2", kb.StepSolved)
	solved(now, "vi_3", "mb_1", here, "ar_1", kb.StepUnsolved)
	solved(now, "vi_3", "mb_1", "https://shop.test/plans", "ar_1", kb.StepSolved)
	solved(now, "vi_3", "mb_2", here, "ar_1", kb.StepSolved)
	solved(now, "vi_3", "mb_1", "", "ar_1", kb.StepSolved)
	solved(since.Add(-time.Minute), "vi_4", "mb_1", here, "ar_1", kb.StepSolved)
	if list, err := k.Helpful(t.Context(), "mb_1", here, 9); err != nil || len(list) != 0 {
		t.Errorf("before the count: %q, %v", list, err)
	}
	for range 2 {
		if err := k.CountHelp(t.Context(), since, now); err != nil {
			t.Fatal(err)
		}
		if list, err := k.Helpful(t.Context(), "mb_1", here, 9); err != nil || !slices.Equal(list, []string{"ar_2", "ar_3"}) {
			t.Errorf("here: %q, %v", list, err)
		}
	}
	if list, err := k.Helpful(t.Context(), "mb_1", here, 1); err != nil || !slices.Equal(list, []string{"ar_2"}) {
		t.Errorf("the first: %q, %v", list, err)
	}
}
