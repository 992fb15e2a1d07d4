package web

import (
	"context"
	"fmt"
	"testing"

	"github.com/postern-chat/postern/gateway"
)

// TestTouchesComeInTurn: a storm of changed rows must not fill a console's queue, and none is left out.
func TestTouchesComeInTurn(t *testing.T) {
	tell := func(context.Context, ...gateway.Hint) error { return nil }
	touches := newToucher(&Hub{topics: map[string]*topic{}}, nil, tell)
	const rows = 20_000
	for range 2 { // the second time changes nothing
		for i := range rows {
			touches.touched("mb_1", gateway.ID(fmt.Sprint("cv_", i)), nil)
		}
	}
	next := 0
	for next < rows {
		ids, of := touches.take()
		if len(ids) == 0 || len(ids) > maxQueueFrames/4 || len(ids) != len(of) {
			t.Fatalf("%d rows at once, %d touches", len(ids), len(of))
		}
		for i, id := range ids {
			if id != gateway.ID(fmt.Sprint("cv_", next)) || of[i] == nil {
				t.Fatalf("%s where cv_%d is next", id, next)
			}
			next++
		}
		if len(touches.wake) == 0 && next < rows {
			t.Fatal("nobody comes for the rest")
		}
		for len(touches.wake) > 0 {
			<-touches.wake
		}
	}
	if ids, _ := touches.take(); len(ids) != 0 || len(touches.pending) != 0 {
		t.Errorf("%d rows and %d touches are left", len(ids), len(touches.pending))
	}
}
