package sqlstore

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/postern-chat/postern/gateway"
	"github.com/postern-chat/postern/gateway/gatewaytest"
	"github.com/postern-chat/postern/kb"
)

func TestLearn(t *testing.T) {
	for name, s := range map[string]*Store{"sqlite": openSQLite(t), "postgres": openPostgres(t)} {
		t.Run(name, func(t *testing.T) { learns(t, s.Articles()) })
	}
}

// published stores an article that is found.
func published(t *testing.T, k *Articles, id string) {
	t.Helper()
	a := kb.Article{ID: id, Locale: "en", Visibility: kb.Public, Version: kb.Version{Title: "Title of " + id, Body: "text"}}
	if _, err := k.SaveVersion(t.Context(), a, gatewaytest.Noon()); err != nil {
		t.Fatal(err)
	}
	if _, err := k.Publish(t.Context(), id, 1, "ag_1", gatewaytest.Noon()); err != nil {
		t.Fatal(err)
	}
}

func learns(t *testing.T, k *Articles) {
	ctx, now := t.Context(), gatewaytest.Noon()
	published(t, k, "ar_1")
	published(t, k, "ar_2")
	propose := func(id, article, text, source string) {
		t.Helper()
		p := kb.Phrasing{ID: id, Article: article, Text: text}
		if err := k.Propose(ctx, p, kb.Source{ID: source, How: kb.HowSolved}, now); err != nil {
			t.Fatal(err)
		}
	}
	propose("ph_1", "ar_1", "Where does my parcel hang around?", "vi_1")
	propose("ph_9", "ar_1", "where does my PARCEL hang around", "vi_1")  // the same visitor again
	propose("ph_8", "ar_1", "where does my parcel hang around!", "cv_2") // somebody else, the same words
	propose("ph_2", "ar_1", "parcel lost in transit", "vi_3")
	propose("ph_3", "ar_2", "wrong colour of tin", "vi_3")
	list, err := k.Phrasings(ctx, kb.Proposed, "", 10)
	if err != nil || len(list) != 3 || list[0].ID != "ph_1" || list[0].Count != 2 || len(list[0].Sources) != 2 {
		t.Fatalf("proposed: %+v, %v", list, err)
	}
	before, err := k.Changed(ctx, 0, 10)
	if err != nil || len(before) != 2 || len(before[0].Learned)+len(before[1].Learned) != 0 {
		t.Errorf("a proposal counts already: %+v, %v", before, err)
	}
	if _, err := k.Decide(ctx, []string{"ph_2", "ph_none"}, kb.Approved, "ag_1", now); gateway.CodeOf(err) != "not_found" {
		t.Errorf("a phrasing that is not there: %v", err)
	}
	if list, _ := k.Phrasings(ctx, kb.Approved, "", 10); len(list) != 0 {
		t.Errorf("a refused decision left %+v", list)
	}
	articles, err := k.Decide(ctx, []string{"ph_1", "ph_2", "ph_3"}, kb.Approved, "ag_1", now)
	if err != nil || !slices.Equal(articles, []string{"ar_1", "ar_2"}) {
		t.Errorf("approved for %v, %v", articles, err)
	}
	after, err := k.Changed(ctx, before[1].Change, 10)
	if err != nil || len(after) != 2 || !slices.Equal(after[0].Learned, []string{"Where does my parcel hang around?", "parcel lost in transit"}) {
		t.Errorf("changed: %+v, %v", after, err)
	}
	if again, err := k.Decide(ctx, []string{"ph_1"}, kb.Approved, "ag_1", now); err != nil || len(again) != 0 {
		t.Errorf("approved twice: %v, %v", again, err)
	}
	if articles, err = k.Decide(ctx, []string{"ph_2"}, kb.Rejected, "ag_1", now); err != nil || !slices.Equal(articles, []string{"ar_1"}) {
		t.Errorf("taken back for %v, %v", articles, err)
	}
	propose("ph_7", "ar_1", "parcel lost in transit", "vi_9")
	if list, _ := k.Phrasings(ctx, kb.Proposed, "", 10); len(list) != 0 {
		t.Errorf("a rejected phrasing came back: %+v", list)
	}
	last, err := k.Changed(ctx, after[1].Change, 10)
	if err != nil || len(last) != 1 || len(last[0].Learned) != 1 {
		t.Errorf("after it was taken back: %+v, %v", last, err)
	}
	if err := k.Propose(ctx, kb.Phrasing{ID: "ph_6", Article: "ar_none", Text: "x"}, kb.Source{ID: "vi_1"}, now); gateway.CodeOf(err) != "not_found" {
		t.Errorf("for an article that is not there: %v", err)
	}
}

// One visitor fills no list, and an article takes no more than its limit, however many decide at once.
func TestLearnLimits(t *testing.T) {
	for name, s := range map[string]*Store{"sqlite": openSQLite(t), "postgres": openPostgres(t)} {
		t.Run(name, func(t *testing.T) {
			k, ctx, now := s.Articles(), t.Context(), gatewaytest.Noon()
			published(t, k, "ar_1")
			for i := range 2 * kb.MaxOfSource {
				p := kb.Phrasing{ID: fmt.Sprintf("ph_v%d", i), Article: "ar_1", Text: fmt.Sprint("flood number ", i)}
				if err := k.Propose(ctx, p, kb.Source{ID: "vi_1"}, now); err != nil {
					t.Fatal(err)
				}
			}
			if list, _ := k.Phrasings(ctx, kb.Proposed, "ar_1", 100); len(list) != kb.MaxOfSource {
				t.Errorf("one visitor proposed %d", len(list))
			}
			var ids [2][]string
			for i := range kb.MaxPhrasings + 10 {
				p := kb.Phrasing{ID: fmt.Sprintf("ph_%d", i), Article: "ar_1", Text: fmt.Sprint("question number ", i)}
				if err := k.Propose(ctx, p, kb.Source{ID: fmt.Sprint("vi_s", i)}, now); err != nil {
					t.Fatal(err)
				}
				ids[i%2] = append(ids[i%2], p.ID)
			}
			var race sync.WaitGroup
			var errs [2]error
			for i := range errs {
				race.Go(func() { _, errs[i] = k.Decide(ctx, ids[i], kb.Approved, "ag_1", now) })
			}
			race.Wait()
			if (errs[0] == nil) == (errs[1] == nil) || gateway.CodeOf(errs[0]) != "too_large" && gateway.CodeOf(errs[1]) != "too_large" {
				t.Errorf("two halves of too many: %v, %v; want one of them too_large", errs[0], errs[1])
			}
			if list, _ := k.Phrasings(ctx, kb.Approved, "ar_1", 1000); len(list) != kb.MaxPhrasings/2+5 {
				t.Errorf("%d are approved", len(list))
			}
		})
	}
}

func TestSteps(t *testing.T) {
	for name, s := range map[string]*Store{"sqlite": openSQLite(t), "postgres": openPostgres(t)} {
		t.Run(name, func(t *testing.T) {
			k, ctx, now := s.Articles(), t.Context(), gatewaytest.Noon()
			for i, kind := range []kb.StepKind{kb.StepSearch, kb.StepRead, kb.StepSolved} {
				step := kb.Step{
					ID: fmt.Sprint("hs_", i), At: now.Add(time.Duration(i) * time.Minute), Kind: kind, Visitor: "vi_1", Mailbox: "mb_1",
					Locale: "en", Query: "where is it", Articles: []string{"ar_1", "ar_2"}, Coverage: 0.25, Fits: true,
				}
				if err := k.AddStep(ctx, step); err != nil {
					t.Fatal(err)
				}
			}
			got, err := k.Steps(ctx, now, now.Add(2*time.Minute), 10)
			if err != nil || len(got) != 2 || got[0].Kind != kb.StepSearch || got[0].Coverage != 0.25 || !got[0].Fits || len(got[0].Articles) != 2 {
				t.Errorf("steps: %+v, %v", got, err)
			}
			if chats, err := k.Chats(ctx, now, now.Add(time.Hour)); err != nil || len(chats) != 0 {
				t.Errorf("chats: %+v, %v", chats, err)
			}
		})
	}
}
