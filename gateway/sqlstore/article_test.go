package sqlstore

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/postern-chat/postern/gateway"
	"github.com/postern-chat/postern/gateway/gatewaytest"
	"github.com/postern-chat/postern/kb"
)

func TestArticles(t *testing.T) {
	for name, s := range map[string]*Store{"sqlite": openSQLite(t), "postgres": openPostgres(t)} {
		t.Run(name, func(t *testing.T) { articles(t, s.Articles()) })
	}
}

func articles(t *testing.T, k *Articles) {
	ctx, now := t.Context(), gatewaytest.Noon()
	ok := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	draft := kb.Article{ID: "ar_1", Locale: "en", Visibility: kb.Internal, Version: kb.Version{Title: "One", Body: "secret"}}
	_, err := k.SaveVersion(ctx, draft, now)
	ok(err)
	if list, err := k.Changed(ctx, 0, 10); err != nil || len(list) != 0 {
		t.Errorf("a draft is found: %+v, %v", list, err)
	}
	_, err = k.Publish(ctx, "ar_1", 1, "ag_1", now)
	ok(err)
	draft.Visibility, draft.Version.Title, draft.Version.Number = kb.Public, "Two", 1
	draft.Version.Collection, draft.Version.Order = "Plans", 2
	second, err := k.SaveVersion(ctx, draft, now)
	ok(err)
	if v := second.Version; v.Number != 2 || v.Title != "Two" || v.Collection != "Plans" || v.Order != 2 || second.Published != 1 {
		t.Errorf("second version: %+v", second)
	}
	for name, c := range map[string]struct {
		id   string
		on   int64
		code string
	}{
		"on a version that is not the newest": {"ar_1", 1, "conflict"},
		"on a version that is not there":      {"ar_1", 9, "conflict"},
		"as if it were new":                   {"ar_1", 0, "conflict"},
		"of an article that is not there":     {"ar_2", 1, "not_found"},
		"without an id":                       {"", 0, "invalid"},
	} {
		lost := kb.Article{ID: c.id, Version: kb.Version{Number: c.on, Title: "Lost"}}
		if _, err := k.SaveVersion(ctx, lost, now); gateway.CodeOf(err) != c.code {
			t.Errorf("saved %s: %v, want %s", name, err, c.code)
		}
	}
	if versions, err := k.Versions(ctx, "ar_1"); err != nil || len(versions) != 2 || versions[0].Title != "Two" {
		t.Errorf("after refused saves: %+v, %v", versions, err)
	}
	list, err := k.Changed(ctx, 0, 10)
	ok(err)
	if len(list) != 1 || list[0].Version.Title != "One" || list[0].Visibility != kb.Internal || list[0].Change != 1 {
		t.Errorf("published: %+v", list)
	}
	if _, err := k.Publish(ctx, "ar_1", 9, "ag_1", now); gateway.CodeOf(err) != "not_found" {
		t.Errorf("publishing a version that is not there: %v", err)
	}
	for _, solved := range []bool{true, false} {
		ok(k.Rate(ctx, kb.Rating{Article: "ar_1", Version: 1, Visitor: "vi_1", Solved: solved, At: now}))
	}
	gone, err := k.Archive(ctx, "ar_1", "ag_1", now)
	ok(err)
	if gone.Status != kb.Archived || gone.Change != 2 || gone.Solved != 0 || gone.Unsolved != 1 {
		t.Errorf("archived: %+v", gone)
	}
	if versions, err := k.Versions(ctx, "ar_1"); err != nil || len(versions) != 2 || versions[0].Title != "Two" {
		t.Errorf("versions: %+v, %v", versions, err)
	}
	_, err = k.SavePin(ctx, kb.Pin{ID: "p", Article: "ar_1", Pattern: "/plans*", From: now})
	ok(err)
	if pins, err := k.Pins(ctx); err != nil || len(pins) != 1 || !pins[0].From.Equal(now) {
		t.Errorf("pins: %+v, %v", pins, err)
	}
	ok(k.DeletePin(ctx, "p"))
}

// A review date stays with the article over versions, tells every node, and does not say that somebody looked.
func TestArticleReview(t *testing.T) {
	for name, s := range map[string]*Store{"sqlite": openSQLite(t), "postgres": openPostgres(t)} {
		t.Run(name, func(t *testing.T) { reviews(t, s.Articles()) })
	}
}

func reviews(t *testing.T, k *Articles) {
	ctx, now := t.Context(), gatewaytest.Noon()
	if _, err := k.Review(ctx, "ar_1", kb.Review{Done: true, Who: "ag_1"}, now); gateway.CodeOf(err) != "not_found" {
		t.Errorf("nothing was reviewed: %v", err)
	}
	a, err := k.SaveVersion(ctx, kb.Article{ID: "ar_1", Locale: "en", Version: kb.Version{Title: "One"}}, now)
	if err != nil || !a.ReviewBy.IsZero() || !a.ReviewedAt.IsZero() || a.ReviewedBy != "" {
		t.Fatalf("new: %+v, %v", a, err)
	}
	if _, err := k.Publish(ctx, "ar_1", 1, "ag_1", now); err != nil {
		t.Fatal(err)
	}
	by, later := now.AddDate(0, 1, 0), now.Add(time.Hour)
	if a, err = k.Review(ctx, "ar_1", kb.Review{By: by, Who: "ag_1"}, now); err != nil || !a.ReviewBy.Equal(by) || !a.ReviewedAt.IsZero() {
		t.Errorf("a date: %+v, %v", a, err)
	}
	if a, err = k.Review(ctx, "ar_1", kb.Review{Done: true, Who: "ag_2"}, later); err != nil || !a.ReviewBy.IsZero() || !a.ReviewedAt.Equal(later) || a.ReviewedBy != "ag_2" || !a.UpdatedAt.Equal(now) {
		t.Errorf("reviewed: %+v, %v", a, err)
	}
	if list, err := k.Changed(ctx, 2, 10); err != nil || len(list) != 1 || list[0].ReviewedBy != "ag_2" || list[0].Change != 3 {
		t.Errorf("what nodes learn: %+v, %v", list, err)
	}
	a.Version.Title = "Two"
	if a, err = k.SaveVersion(ctx, a, later); err != nil || a.ReviewedBy != "ag_2" || !a.ReviewedAt.Equal(later) {
		t.Errorf("after the next save: %+v, %v", a, err)
	}
}

// Of sixteen editors who save on the same version one wins; the others are told, and none of their texts is stored.
func TestArticleSaveRace(t *testing.T) {
	for name, s := range map[string]*Store{"sqlite": openSQLite(t), "postgres": openPostgres(t)} {
		t.Run(name, func(t *testing.T) {
			k := s.Articles()
			for on := range int64(3) { // a new article, and two later versions
				var race sync.WaitGroup
				errs := make([]error, 16)
				for i := range errs {
					race.Go(func() {
						a := kb.Article{ID: "ar_1", Locale: "en", Version: kb.Version{Number: on, Title: fmt.Sprint(on, " by ", i)}}
						_, errs[i] = k.SaveVersion(t.Context(), a, gatewaytest.Noon())
					})
				}
				race.Wait()
				won := ""
				for i, err := range errs {
					switch code := gateway.CodeOf(err); {
					case err == nil && won == "":
						won = fmt.Sprint(on, " by ", i)
					case code != "conflict":
						t.Errorf("editor %d: %v, want conflict", i, err)
					}
				}
				versions, err := k.Versions(t.Context(), "ar_1")
				if err != nil || int64(len(versions)) != on+1 || versions[0].Title != won {
					t.Errorf("on version %d: %+v, %v; want one more, %q", on, versions, err, won)
				}
			}
		})
	}
}
