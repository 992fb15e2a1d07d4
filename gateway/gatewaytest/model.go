package gatewaytest

import (
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"github.com/postern-chat/postern/gateway"
	"github.com/postern-chat/postern/verify"
)

// modelBudget races callers for what is left of a day, in each scope.
func modelBudget(w *World) {
	visitor, other := w.ID(gateway.PrefixVisitor), w.ID(gateway.PrefixVisitor)
	limits := gateway.ModelLimits{VisitorCalls: 5, MailboxCalls: 9, DayCalls: 12, DayTokens: 1000}
	try := func(n int, s gateway.ModelSpend) int {
		var done atomic.Int64
		for _, err := range race(n, func(int) error {
			err := w.Store.SpendModel(w.Context(), s, limits, w.Now())
			if err == nil {
				done.Add(1)
			}
			return err
		}) {
			if err != nil {
				w.refused(err, "too_many")
			}
		}
		return int(done.Load())
	}
	counts := func(scope gateway.ID, calls, tokens int64) {
		w.Helper()
		u, err := w.Store.ModelUsed(w.Context(), scope, w.Now())
		w.ok(err)
		if u.Calls != calls || u.Tokens != tokens {
			w.Errorf("%q has %+v, want %d calls and %d tokens", scope, u, calls, tokens)
		}
	}
	for i, c := range []struct {
		spend gateway.ModelSpend
		want  int
	}{
		{gateway.ModelSpend{Visitor: visitor, Mailbox: w.Mailbox, Tokens: 10}, 5}, // the visitor's
		{gateway.ModelSpend{Visitor: other, Mailbox: w.Mailbox, Tokens: 10}, 4},   // the mailbox's
		{gateway.ModelSpend{Tokens: 10}, 3},                                       // the day's
	} {
		if got := try(12, c.spend); got != c.want {
			w.Errorf("%d: %d calls, want %d", i, got, c.want)
		}
	}
	counts("", 12, 120)
	counts(w.Mailbox, 9, 90)
	counts(visitor, 5, 50)
	w.ok(w.Store.SettleModel(w.Context(), gateway.ModelSpend{Visitor: visitor, Mailbox: w.Mailbox}, -4, w.Now()))
	counts("", 12, 116)
	counts(visitor, 5, 46)

	w.Pass(24 * time.Hour)
	counts("", 0, 0)
	if got := try(12, gateway.ModelSpend{Tokens: 400}); got != 2 {
		w.Errorf("%d calls of 400 tokens, want 2", got)
	}
	w.refused(w.Store.SpendModel(w.Context(), gateway.ModelSpend{Tokens: 1001}, limits, w.Now()), "too_many")
	w.refused(w.Store.SpendModel(w.Context(), gateway.ModelSpend{}, gateway.ModelLimits{}, w.Now()), "too_many")
	counts("", 2, 800)
}

func modelVectors(w *World) {
	var hashes []string
	for i := range 250 {
		hashes = append(hashes, fmt.Sprintf("%03d", i))
		w.ok(w.Store.SaveModelVector(w.Context(), "m", hashes[i], []float32{float32(i), -0.5}))
	}
	w.ok(w.Store.SaveModelVector(w.Context(), "m", "000", []float32{7})) // the first stays
	got, err := w.Store.ModelVectors(w.Context(), "m", append(hashes, "none"))
	w.ok(err)
	if len(got) != 250 || !slices.Equal(got["000"], []float32{0, -0.5}) || !slices.Equal(got["249"], []float32{249, -0.5}) {
		w.Errorf("%d vectors, %v, %v", len(got), got["000"], got["249"])
	}
	if got, err = w.Store.ModelVectors(w.Context(), "other", hashes); err != nil || len(got) != 0 {
		w.Errorf("another model has %d, %v", len(got), err)
	}
	if got, err = w.Store.ModelVectors(w.Context(), "m", nil); err != nil || len(got) != 0 {
		w.Errorf("of none %d, %v", len(got), err)
	}
	w.ok(w.Store.NoteLeaf(w.Context(), verify.Leaf{V: "1", Reason: "assist.canary"}.Stamp(w.Now()), w.Now()))
}
