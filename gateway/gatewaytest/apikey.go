package gatewaytest

import (
	"testing"

	"github.com/postern-chat/postern/gateway"
)

// apiKeys: a key is found by its hash while it lives, and by nothing else.
func apiKeys(w *World) {
	s, ctx := w.Store, w.Context()
	k := gateway.APIKey{ID: w.ID("ak_"), Name: "shop's desk", Mailbox: w.Mailbox, Scopes: []string{gateway.ScopeDraft}, CreatedAt: w.Now()}
	if err := s.SaveAPIKey(ctx, k, "hash of it"); err != nil {
		w.Fatal(err)
	}
	same := func(t *testing.T, got gateway.APIKey, err error) {
		t.Helper()
		if err != nil || got.ID != k.ID || got.Name != k.Name || got.Mailbox != k.Mailbox || len(got.Scopes) != 1 || got.Scopes[0] != k.Scopes[0] || !got.EndedAt.IsZero() {
			t.Errorf("kept %+v, %v", got, err)
		}
	}
	got, err := s.APIKey(ctx, "hash of it")
	same(w.T, got, err)
	if _, err := s.APIKey(ctx, string(k.ID)); gateway.CodeOf(err) != "not_found" {
		w.Errorf("found by its id: %v", err)
	}
	list, err := s.APIKeys(ctx)
	if err != nil || len(list) != 1 {
		w.Fatalf("%d keys, %v", len(list), err)
	}
	same(w.T, list[0], err)
	if err := s.EndAPIKey(ctx, k.ID, w.Now()); err != nil {
		w.Fatal(err)
	}
	if err := s.EndAPIKey(ctx, k.ID, w.Now()); gateway.CodeOf(err) != "not_found" {
		w.Errorf("ended twice: %v", err)
	}
	if _, err := s.APIKey(ctx, "hash of it"); gateway.CodeOf(err) != "not_found" {
		w.Errorf("found after its end: %v", err)
	}
}
