package verify_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/postern-chat/postern/verify"
)

// bundled is the world's log as an auditor gets it.
func (w *world) bundled() verify.BundleReport {
	w.Helper()
	key, err := verify.DeriveLogKey(w.guard.Origin, w.guard.Secret)
	if err != nil {
		w.Fatal(err)
	}
	archive, err := key.Archive()
	if err != nil {
		w.Fatal(err)
	}
	gateway, err := verify.ArchiveGateway(gate, w.backend.check.Keys)
	if err != nil {
		w.Fatal(err)
	}
	for _, a := range []verify.KeyArchive{archive, gateway} {
		if err := w.led.Archive(w.Context(), a); err != nil {
			w.Fatal(err)
		}
	}
	var b bytes.Buffer
	if err := w.led.Moment(w.Context(), func(src verify.BundleSource) error {
		return verify.WriteBundle(w.Context(), &b, src, key, verify.BundlePart{})
	}); err != nil {
		w.Fatal(err)
	}
	r, err := verify.CheckBundle(w.Context(), bytes.NewReader(b.Bytes()), verify.BundleCheck{Workers: 1})
	if err != nil {
		w.Fatal(err)
	}
	return r
}

// A change that has cooled has two receipts, a day apart; the bundle takes both, and nothing that was moved in between.
func TestBundleCooled(t *testing.T) {
	applied := func(t *testing.T) (*world, string) {
		w := newWorld(t)
		row := w.cooling()
		w.seconds(row.ID)
		w.after(25 * time.Hour)
		if row, err := w.guard.Release(t.Context(), row.ID); err != nil || row.State != verify.Applied {
			t.Fatalf("Release: %s %s, %v", row.State, row.Reason, err)
		}
		return w, row.ID
	}
	t.Run("honest", func(t *testing.T) {
		w, _ := applied(t)
		if r := w.bundled(); len(r.Bad) != 0 || r.Receipts != 2 {
			t.Errorf("%+v", r)
		}
	})
	t.Run("still cooling", func(t *testing.T) {
		w := newWorld(t)
		w.cooling()
		if r := w.bundled(); len(r.Bad) != 0 || r.Receipts != 1 {
			t.Errorf("%+v", r)
		}
	})
	for name, bend := range map[string]func(r *verify.Row){
		"released before its time":       func(r *verify.Row) { r.Cool.Until += (48 * time.Hour).Milliseconds() },
		"nobody had agreed":              func(r *verify.Row) { r.Cool.Second, r.Cool.SecondAt = verify.Actor{}, 0 },
		"no announcement":                func(r *verify.Row) { r.Cool = nil },
		"the receipt as an announcement": func(r *verify.Row) { r.Cool.Receipt = *r.Receipt },
		"the announcement as a receipt":  func(r *verify.Row) { r.Receipt.JWS = r.Cool.Receipt.JWS },
	} {
		t.Run(name, func(t *testing.T) {
			w, id := applied(t)
			w.led.Tamper(id, bend)
			if r := w.bundled(); len(r.Bad) == 0 {
				t.Error("it is not found")
			}
		})
	}
	t.Run("erased", func(t *testing.T) {
		w, id := applied(t)
		if err := w.guard.Erase(t.Context(), verify.Actor{Role: verify.System}, id); err != nil {
			t.Fatal(err)
		}
		if row := w.row(id); row.Cool == nil || row.Cool.Receipt.JWS != "" || row.Cool.Receipt.ID == "" {
			t.Errorf("the announcement is still there: %+v", row.Cool)
		}
		if r := w.bundled(); len(r.Bad) != 0 {
			t.Errorf("%+v", r)
		}
	})
}
