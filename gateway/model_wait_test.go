package gateway

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/postern-chat/postern/kb"
)

// spending is a store of which only what a question's vector needs is asked.
type spending struct{ Store }

func (spending) Now(context.Context) (time.Time, error)          { return time.Now(), nil }
func (spending) Setting(context.Context, string) (string, error) { return `["mb_1"]`, nil }
func (spending) SpendModel(context.Context, ModelSpend, ModelLimits, time.Time) error {
	return nil
}

// vectors is a model that only makes vectors, by a function.
type vectors func(ctx context.Context) ([][]float32, int, error)

func (vectors) Name() string { return "embed" }
func (vectors) Complete(context.Context, kb.Prompt) (kb.Completion, error) {
	return kb.Completion{}, errors.New("no words")
}
func (v vectors) Embed(ctx context.Context, _ []string) ([][]float32, int, error) { return v(ctx) }

// A model's server that is slow, down, late or wrong costs a search at most 300 ms, by the clock of the test, and what
// comes is to the last bit the ranking by words (P30, K12).
func TestSearchWaitsLittleForVectors(t *testing.T) {
	for name, c := range map[string]struct {
		model vectors
		takes time.Duration // exactly
		moved bool
	}{
		"slow":  {func(ctx context.Context) ([][]float32, int, error) { <-ctx.Done(); return nil, 0, ctx.Err() }, vectorWait, false},
		"down":  {func(context.Context) ([][]float32, int, error) { return nil, 0, errors.New("refused") }, 0, false},
		"wrong": {func(context.Context) ([][]float32, int, error) { return [][]float32{{1, 2, 3}}, 3, nil }, 0, false},
		"late": {func(ctx context.Context) ([][]float32, int, error) {
			select {
			case <-ctx.Done():
				return nil, 0, ctx.Err()
			case <-time.After(251 * time.Millisecond):
				return [][]float32{{0, 1}}, 2, nil
			}
		}, vectorWait, false},
		"in time": {func(context.Context) ([][]float32, int, error) {
			time.Sleep(200 * time.Millisecond)
			return [][]float32{{0, 1}}, 2, nil
		}, 200 * time.Millisecond, true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &Service{Store: spending{}, Index: &kb.Index{}, Assist: &Assist{Model: c.model}, Log: slog.New(slog.NewTextHandler(io.Discard, nil))}
				text := func(id, title string) kb.Article {
					return kb.Article{ID: id, Locale: "en", Status: kb.Published, Visibility: kb.Public, Published: 1, Version: kb.Version{Number: 1, Title: title, Body: title}}
				}
				s.Index.Set([]kb.Article{text("ar_1", "Delivery of parcels"), text("ar_2", "Delivery of letters")}, func(s string) string { return s })
				s.Index.SetVectors(map[string][]float32{"ar_1": {1, 0}, "ar_2": {0, 1}})
				vic := Caller{Actor: Actor{Role: RoleVisitor, ID: "vi_1"}, Visitor: Visitor{ID: "vi_1"}, Mailbox: "mb_1"}
				words := fmt.Sprint(s.Index.Search(kb.Query{Text: "delivery", Mailbox: "mb_1"}))
				began := time.Now()
				found, _, err := s.SearchArticles(t.Context(), vic, Search{Text: "delivery"})
				if took := time.Since(began); err != nil || took != c.takes || took > 300*time.Millisecond {
					t.Errorf("took %v, want %v; %v", took, c.takes, err)
				}
				if same := fmt.Sprint(found) == words; same == c.moved || len(found.Results) != 2 || c.moved && found.Results[0].Article != "ar_2" {
					t.Errorf("found %v, by words %v", found, words)
				}
			})
		})
	}
}
