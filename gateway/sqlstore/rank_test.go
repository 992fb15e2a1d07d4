package sqlstore

import (
	"encoding/json"
	"fmt"
	"math/rand"
	"slices"
	"strings"
	"testing"

	"github.com/postern-chat/postern/gateway/gatewaytest"
	"github.com/postern-chat/postern/kb"
)

// The same articles, learned questions and ratings are ranked to the last bit alike from both databases, by a node that
// followed each change and by one that started at the end (K11).
func TestBothDatabasesRankAlike(t *testing.T) {
	type side struct {
		k        *Articles
		followed kb.Index
	}
	sides := []*side{{k: openSQLite(t).Articles()}, {k: openPostgres(t).Articles()}}
	plain := func(s string) string { return s }
	r := rand.New(rand.NewSource(5))
	said := strings.Fields("order return parcel refund delivery plan renewal card invoice address gift label señal straße 配送時間 طلب how my the is where")
	text := func(n int) string {
		out := make([]string, n)
		for i := range out {
			out[i] = said[r.Intn(len(said))]
		}
		return strings.Join(out, " ")
	}
	ctx, now := t.Context(), gatewaytest.Noon()
	ok := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	for i := range 60 {
		a := kb.Article{ID: fmt.Sprintf("ar_%02d", i), Locale: "en", Visibility: kb.Public, Version: kb.Version{Title: text(4), Body: text(30), Phrasings: []string{text(5)}}}
		question, helped, publish := text(5), r.Intn(40), r.Intn(5) > 0
		for _, s := range sides {
			_, err := s.k.SaveVersion(ctx, a, now)
			ok(err)
			if !publish {
				continue
			}
			_, err = s.k.Publish(ctx, a.ID, 1, "ag_1", now)
			ok(err)
			for v := range helped {
				ok(s.k.Rate(ctx, kb.Rating{Article: a.ID, Version: 1, Visitor: fmt.Sprint("vi_", v), Solved: v%3 > 0, At: now}))
			}
			ok(s.k.Propose(ctx, kb.Phrasing{ID: "ph_" + a.ID, Article: a.ID, Text: question}, kb.Source{ID: "vi_1", How: kb.HowSolved}, now))
			_, err = s.k.Decide(ctx, []string{"ph_" + a.ID}, kb.Approved, "ag_1", now)
			ok(err)
			if i%20 == 19 {
				ok(s.k.CountHelp(ctx, now, now))
			}
			if i%7 == 6 {
				_, err = s.k.Archive(ctx, a.ID, "ag_1", now)
				ok(err)
			}
			ok(s.followed.Sync(ctx, s.k, plain))
		}
	}
	var started [2]kb.Index
	for i, s := range sides {
		ok(s.followed.Sync(ctx, s.k, plain))
		ok(started[i].Sync(ctx, s.k, plain))
	}
	moved := 0
	for range 40 {
		q := kb.Query{Text: text(3), Before: text(3), Limit: 50}
		want, err := json.Marshal(sides[0].followed.Search(q))
		ok(err)
		for name, x := range map[string]*kb.Index{"PostgreSQL": &sides[1].followed, "SQLite, started": &started[0], "PostgreSQL, started": &started[1]} {
			if got, err := json.Marshal(x.Search(q)); err != nil || string(got) != string(want) {
				t.Fatalf("%+v, %s:\n%s\n%s", q, name, got, want)
			}
		}
		moved += len(sides[0].followed.Search(q).Results)
	}
	rated := slices.ContainsFunc(started[0].All(), func(a kb.Article) bool { return a.Solved+a.Unsolved >= 20 && len(a.Learned) == 1 })
	if moved < 100 || !rated {
		t.Errorf("%d results, ratings count: %v: the test looks at nothing", moved, rated)
	}
}
