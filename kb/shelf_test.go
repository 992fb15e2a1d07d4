package kb_test

import (
	"strings"
	"testing"
	"time"

	"github.com/postern-chat/postern/kb"
)

func names(list []*kb.Article) string {
	var out []string
	for _, a := range list {
		out = append(out, a.ID)
	}
	return strings.Join(out, " ")
}

// A shelf has the public articles of a mailbox by language, in an order that is the same everywhere, with translations
// of one another found through their original; it is made once for each state of the index.
func TestShelf(t *testing.T) {
	at := time.Unix(1_000_000, 0)
	one := func(id, locale, title string, change func(*kb.Article)) kb.Article {
		a := kb.Article{ID: id, Locale: locale, Status: kb.Published, Visibility: kb.Public, Version: kb.Version{Title: title, At: at}}
		if change != nil {
			change(&a)
		}
		return a
	}
	list := []kb.Article{
		one("ar_3", "en", "beta", func(a *kb.Article) { a.Version.At, a.Solved = at.Add(time.Hour), 3 }),
		one("ar_1", "en", "Alpha", func(a *kb.Article) { a.Solved, a.Unsolved = 5, 9 }),
		one("ar_2", "en", "alpha", func(a *kb.Article) { a.Solved = 7 }),
		one("ar_4", "ar", "ب", func(a *kb.Article) { a.Original = "ar_3" }),
		one("ar_5", "ar", "ا", func(a *kb.Article) { a.Original = "ar_3" }),
		one("ar_6", "en", "inside", func(a *kb.Article) { a.Visibility = kb.Internal }),
		one("ar_7", "de", "anderswo", func(a *kb.Article) { a.Mailboxes = []string{"mb_other"} }),
		one("ar_8", "en", "again", func(a *kb.Article) { a.Original = "ar_3" }),
	}
	var x kb.Index
	x.Set(list, func(s string) string { return s })
	s := x.Shelf("mb_1")
	if len(s.Rows) != 2 || s.Rows[0].Locale != "ar" || s.Rows[1].Locale != "en" || s.Len() != 6 {
		t.Fatalf("rows %+v", s.Rows)
	}
	en, _ := s.Row("en")
	if got := names(en.ByTitle); got != "ar_8 ar_1 ar_2 ar_3" {
		t.Errorf("by title: %s", got)
	}
	if got := names(en.Newest); got != "ar_3 ar_1 ar_2 ar_8" {
		t.Errorf("newest: %s", got)
	}
	if got := names(en.Best); got != "ar_2 ar_3" {
		t.Errorf("best: %s", got)
	}
	for _, id := range []string{"ar_3", "ar_4"} {
		a, ok := s.Article(id)
		if got := names(s.Translations(a)); !ok || got != "ar_4 ar_3" {
			t.Errorf("translations of %s: %s", id, got)
		}
	}
	for _, id := range []string{"ar_6", "ar_7", "ar_9"} {
		if _, ok := s.Article(id); ok {
			t.Errorf("%s stands on the shelf", id)
		}
	}
	if x.Shelf("mb_1") != s || x.Shelf("mb_other").Len() != 7 {
		t.Error("a shelf was made twice, or is another mailbox's")
	}
	x.Set(list[:1], func(s string) string { return s })
	if x.Shelf("mb_1").Len() != 1 || s.Len() != 6 {
		t.Error("a new state of the index is not seen, or an old shelf changed")
	}
}
