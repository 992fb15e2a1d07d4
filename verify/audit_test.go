package verify_test

import (
	"bytes"
	"context"
	"testing"

	"github.com/postern-chat/postern/verify"
)

func TestAbuseLog(t *testing.T) {
	for _, c := range []struct {
		name   string
		tamper func(w *world, id string)
		leaf   int64
	}{
		{"K01 one byte changed in a leaf", func(w *world, _ string) { w.led.TamperLeaf(func(l [][]byte) { l[77][20] ^= 1 }) }, 77},
		{"K01 a leaf rewritten in good JSON", func(w *world, _ string) {
			w.led.TamperLeaf(func(l [][]byte) { l[78] = bytes.Replace(l[78], []byte(`"role":"`), []byte(`"role":"x`), 1) })
		}, 78},
		{"K03 two leaves swapped", func(w *world, _ string) { w.led.TamperLeaf(func(l [][]byte) { l[40], l[41] = l[41], l[40] }) }, 40},
		{"K04 applied without a leaf", func(w *world, id string) { w.led.Tamper(id, func(r *verify.Row) { r.State = verify.Applied }) }, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			first := w.offered(cv1, cancelPlus)
			for range 60 {
				row := w.offered(cv1, cancelPlus)
				if _, err := w.guard.Withdraw(t.Context(), w.agent(), row.ID); err != nil {
					t.Fatal(err)
				}
			}
			w.wantClean()
			c.tamper(w, first.ID)
			rep, err := verify.Audit(t.Context(), w.led)
			if err != nil || len(rep.Bad) == 0 || rep.Bad[0].Leaf != c.leaf {
				t.Fatalf("audit = %+v, %v; want leaf %d first", rep.Bad, err, c.leaf)
			}
			if c.leaf == 1 && rep.Bad[0].Change != first.ID {
				t.Errorf("audit names %s, want %s", rep.Bad[0].Change, first.ID)
			}
		})
	}
}

// moving is a log whose changes go on between the reading of its head and of their states.
type moving struct {
	verify.Log
	move func()
}

func (m *moving) States(ctx context.Context, after string, limit int) ([]verify.RowState, error) {
	if m.move != nil {
		m.move()
		m.move = nil
	}
	return m.Log.States(ctx, after, limit)
}

// An audit while changes move finds nothing where nothing is wrong, and finds what only pretends to have moved.
func TestAuditWhileChangesMove(t *testing.T) {
	for _, c := range []struct {
		name string
		move func(w *world, id string)
		bad  bool
	}{
		{"a step, a new change, a refusal", func(w *world, id string) {
			if _, err := w.guard.Withdraw(t.Context(), w.agent(), id); err != nil {
				t.Fatal(err)
			}
			w.open(w.offered(cv2, cancelPlus), 2)
			if err := w.guard.NoteUnauthentic(t.Context(), "shop", verify.EventLate); err != nil {
				t.Fatal(err)
			}
		}, false},
		{"a line beyond the end", func(w *world, id string) {
			w.led.Tamper(id, func(r *verify.Row) { r.State, r.Leaf = verify.Applied, 1<<40 })
		}, true},
		{"the line of another step", func(w *world, id string) {
			w.offered(cv2, cancelPlus)
			w.led.Tamper(id, func(r *verify.Row) { r.State, r.Leaf = verify.Applied, 3 })
		}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			row := w.offered(cv1, cancelPlus)
			rep, err := verify.Audit(t.Context(), &moving{w.led, func() { c.move(w, row.ID) }})
			if err != nil || (len(rep.Bad) > 0) != c.bad || c.bad && rep.Bad[0].Change != row.ID {
				t.Errorf("audit = %+v, %v; want findings: %v", rep.Bad, err, c.bad)
			}
			if !c.bad {
				w.wantClean()
			}
		})
	}
}
