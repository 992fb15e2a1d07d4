package kb_test

import (
	"slices"
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

// Articles stand in their collections by order, then by title; a collection is where its first article says. One that is
// internal, or another mailbox's, makes no collection.
func TestShelfCollections(t *testing.T) {
	one := func(id, title, collection string, order int) kb.Article {
		return kb.Article{
			ID: id, Locale: "en", Status: kb.Published, Visibility: kb.Public,
			Version: kb.Version{Title: title, Collection: collection, Order: order},
		}
	}
	inside, elsewhere := one("ar_8", "inside", "Secret", 1), one("ar_9", "elsewhere", "Wholesale", 1)
	inside.Visibility, elsewhere.Mailboxes = kb.Internal, []string{"mb_other"}
	var x kb.Index
	x.Set([]kb.Article{
		one("ar_1", "b", "Orders", 0), one("ar_2", "a", "orders!", 0), one("ar_3", "c", "Orders", 2), one("ar_4", "d", "Plans", 1),
		one("ar_5", "e", "", 5), one("ar_6", "f", "Accounts", 0), inside, elsewhere,
	}, plain)
	s := x.Shelf("mb_1")
	en, _ := s.Row("en")
	var got []string
	for _, c := range en.Collections {
		got = append(got, c.Slug+" "+c.Name+": "+names(c.Articles))
	}
	want := "plans Plans: ar_4|orders Orders: ar_3 ar_2 ar_1|accounts Accounts: ar_6"
	if all := strings.Join(got, "|"); all != want || names(en.Loose) != "ar_5" || s.Pages() != 9 {
		t.Errorf("%s, loose %s, %d pages; want %s", all, names(en.Loose), s.Pages(), want)
	}
	if _, ok := en.Collection("secret"); ok {
		t.Error("an internal article's collection is shown")
	}
}

// What is related shares words with an article: never itself, its translation, an internal one, another mailbox's or
// another language's; the same whatever was asked before, and no more than three.
func TestRelated(t *testing.T) {
	list := []kb.Article{
		article("ar_0", "Return an order", "Send the parcel back."), article("ar_1", "How do I return an order", "Print the label."),
		article("ar_2", "Return of an order: when do I get my money", "Within five days."), article("ar_3", "The label to return an order with", "Print it."),
		article("ar_4", "Pay for the return of an order", "Returns are free."), article("ar_5", "Change the colour of the pages", "Open the settings."),
		article("ar_6", "Return an order of staff", "Ask the desk."), article("ar_7", "Return an order to the wholesaler", "By lorry."),
		article("ar_8", "Return an order again", "Once more."),
	}
	list[6].Visibility, list[7].Mailboxes, list[8].Original = kb.Internal, []string{"mb_other"}, "ar_0"
	german := article("ar_9", "Return an order", "Schicke es.")
	german.Locale = "de"
	var x, y kb.Index
	x.Set(append(list, german), plain)
	slices.Reverse(list)
	y.Set(append([]kb.Article{german}, list...), plain)
	related := func(x *kb.Index, id string) string {
		s := x.Shelf("mb_1")
		a, ok := s.Article(id)
		if !ok {
			t.Fatalf("%s is not on the shelf", id)
		}
		return names(x.Related(s, &a))
	}
	got := related(&x, "ar_0")
	if n := len(strings.Fields(got)); n != 3 || strings.ContainsAny(got, "056789") {
		t.Errorf("related to a return: %s", got)
	}
	if again, other := related(&x, "ar_0"), related(&y, "ar_0"); again != got || other != got {
		t.Errorf("asked again %s, on another node %s, at first %s", again, other, got)
	}
	if got := related(&x, "ar_5"); got != "" {
		t.Errorf("related to the settings: %s", got)
	}
}
