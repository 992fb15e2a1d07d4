package sqlstore

import (
	"fmt"
	"sync"
	"testing"

	"github.com/postern-chat/postern/gateway"
	"github.com/postern-chat/postern/gateway/gatewaytest"
	"github.com/postern-chat/postern/kb"
)

func arrival(id, origin, body string) kb.Arrival {
	return kb.Arrival{Origin: origin, Publish: true, Article: kb.Article{
		ID: id, Locale: "en", Visibility: kb.Public, Version: kb.Version{Title: "Title", Body: body},
	}}
}

func TestTakeOver(t *testing.T) {
	for name, s := range map[string]*Store{"sqlite": openSQLite(t), "postgres": openPostgres(t)} {
		t.Run(name, func(t *testing.T) { takesOver(t, s.Articles()) })
	}
}

func takesOver(t *testing.T, k *Articles) {
	ctx, now := t.Context(), gatewaytest.Noon()
	try := func(in kb.Arrival, want kb.Outcome) kb.Article {
		t.Helper()
		a, out, err := k.TakeOver(ctx, in, now)
		if err != nil || out != want {
			t.Fatalf("%s, %v; want %s", out, err, want)
		}
		return a
	}
	found := func(want int64) {
		t.Helper()
		list, err := k.Changed(ctx, 0, 10)
		if err != nil || len(list) == 0 != (want == 0) || want > 0 && (list[0].Published != want || list[0].Version.Number != want) {
			t.Errorf("found %+v, %v; want version %d", list, err, want)
		}
	}
	dry := arrival("ar_1", "o", "one")
	dry.Dry = true
	try(dry, kb.Added)
	if list, err := k.Articles(ctx); err != nil || len(list) != 0 {
		t.Errorf("a dry run stored %+v, %v", list, err)
	}
	draft := arrival("ar_1", "o", "one")
	draft.Publish = false
	if a := try(draft, kb.Added); a.Status != kb.Draft || a.Version.Number != 1 {
		t.Errorf("a draft: %+v", a)
	}
	found(0)
	try(draft, kb.Same)
	if a := try(arrival("ar_2", "o", "one"), kb.Shown); a.ID != "ar_1" || a.Published != 1 {
		t.Errorf("published: %+v", a)
	}
	found(1)
	try(arrival("ar_3", "o", "one"), kb.Same)
	dry.Article.Version.Body = "two"
	try(dry, kb.Updated)
	found(1)
	if a := try(arrival("ar_4", "o", "two"), kb.Updated); a.ID != "ar_1" || a.Published != 2 || a.Version.Body != "two" {
		t.Errorf("changed: %+v", a)
	}
	found(2)
	mine := kb.Article{ID: "ar_1", Locale: "en", Version: kb.Version{Number: 2, Title: "Mine", Body: "mine"}}
	if _, err := k.SaveVersion(ctx, mine, now); err != nil {
		t.Fatal(err)
	}
	try(arrival("ar_5", "o", "two"), kb.Same)
	if a := try(arrival("ar_5", "o", "three"), kb.Edited); a.Version.Title != "Mine" || a.Published != 2 {
		t.Errorf("an editor's: %+v", a)
	}
	if _, err := k.Archive(ctx, "ar_1", "ag_1", now); err != nil {
		t.Fatal(err)
	}
	try(arrival("ar_6", "o", "four"), kb.Gone)
	for _, bad := range []kb.Arrival{arrival("", "o2", "x"), arrival("ar_7", "", "x")} {
		if _, _, err := k.TakeOver(ctx, bad, now); gateway.CodeOf(err) != "invalid" {
			t.Errorf("without an id or origin: %v", err)
		}
	}
	// The id of an article that is there already, under another origin: nothing of it is stored.
	if _, _, err := k.TakeOver(ctx, arrival("ar_1", "other", "x"), now); gateway.CodeOf(err) != "conflict" {
		t.Errorf("over another article: %v", err)
	}
	try(arrival("ar_8", "other", "x"), kb.Added)
	if list, err := k.Articles(ctx); err != nil || len(list) != 2 {
		t.Errorf("in the end %d articles, %v", len(list), err)
	}
}

// Of eight imports at once one stores an article, and none half of one.
func TestTakeOverRace(t *testing.T) {
	for name, s := range map[string]*Store{"sqlite": openSQLite(t), "postgres": openPostgres(t)} {
		t.Run(name, func(t *testing.T) {
			k := s.Articles()
			var race sync.WaitGroup
			outs, errs := make([]kb.Outcome, 8), make([]error, 8)
			for i := range outs {
				race.Go(func() {
					_, outs[i], errs[i] = k.TakeOver(t.Context(), arrival(fmt.Sprint("ar_", i), "o", "one"), gatewaytest.Noon())
				})
			}
			race.Wait()
			added := 0
			for i, out := range outs {
				if errs[i] != nil || out != kb.Added && out != kb.Same {
					t.Errorf("import %d: %s, %v", i, out, errs[i])
				}
				if out == kb.Added {
					added++
				}
			}
			list, err := k.Changed(t.Context(), 0, 10)
			if err != nil || added != 1 || len(list) != 1 {
				t.Errorf("%d added, found %+v, %v", added, list, err)
			}
		})
	}
}
