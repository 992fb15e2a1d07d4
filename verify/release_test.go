package verify_test

import (
	"testing"
	"time"

	"github.com/postern-chat/postern/verify"
)

func TestAbuseDelivery(t *testing.T) {
	t.Run("R19 backend never reached: failed, and no second receipt", func(t *testing.T) {
		w := newWorld(t)
		w.backend.fault = func(verify.Dispatch) error { return &verify.NotReached{Err: errNo} }
		row, err := w.guard.Release(t.Context(), w.proven(cv1, 1).ID)
		if err != nil || row.State != verify.Failed || row.Reason != verify.BackendUnavailable {
			t.Fatalf("Release = %s %s, %v", row.State, row.Reason, err)
		}
		w.backend.fault = nil
		calls := w.backend.calls.Load()
		_, err = w.guard.Release(t.Context(), row.ID)
		w.wantReason(err, verify.ChangeState)
		if w.backend.calls.Load() != calls {
			t.Error("an ended change was delivered again")
		}
		w.wantUnchanged()
	})
	t.Run("a lost answer is asked for, not repeated", func(t *testing.T) {
		w := newWorld(t)
		w.backend.lost = true
		row, err := w.guard.Release(t.Context(), w.proven(cv1, 1).ID)
		if err != nil || row.State != verify.Unsettled {
			t.Fatalf("Release = %s, %v", row.State, err)
		}
		if row, err = w.guard.Settle(t.Context(), row.ID); err != nil || row.State != verify.Applied || w.backend.count() != 1 {
			t.Errorf("Settle = %s, %v, applied %d", row.State, err, w.backend.count())
		}
		w.wantClean()
	})
	t.Run("unknown to the backend after the receipt's end: failed", func(t *testing.T) {
		w := newWorld(t)
		w.backend.fault = func(verify.Dispatch) error { return errNo }
		row, _ := w.guard.Release(t.Context(), w.proven(cv1, 1).ID)
		_, err := w.guard.Settle(t.Context(), row.ID)
		w.wantReason(err, verify.BackendUnavailable)
		w.wantState(row.ID, verify.Unsettled, "")
		w.after(126 * time.Second)
		if row, err = w.guard.Settle(t.Context(), row.ID); err != nil || row.State != verify.Failed {
			t.Errorf("Settle = %s, %v", row.State, err)
		}
		w.wantUnchanged()
	})
	t.Run("L07 killed between mint and delivery: the same receipt goes out, once applied", func(t *testing.T) {
		w := newWorld(t)
		row := w.proven(cv1, 1)
		w.backend.fault = func(verify.Dispatch) error { panic("killed") }
		func() {
			defer func() { _ = recover() }()
			_, _ = w.guard.Release(t.Context(), row.ID)
		}()
		w.wantState(row.ID, verify.Released, "")
		first := w.row(row.ID).Receipt.JWS
		w.backend.fault = nil
		got, err := w.guard.Settle(t.Context(), row.ID)
		if err != nil || got.State != verify.Applied || got.Receipt.JWS != first || w.backend.count() != 1 {
			t.Errorf("Settle = %s, %v", got.State, err)
		}
	})
	t.Run("L07 sent again while the first sender lives: its \"never reached\" is no longer a failure", func(t *testing.T) {
		w := newWorld(t)
		row := w.proven(cv1, 1)
		w.backend.fault = func(verify.Dispatch) error {
			w.backend.fault = nil // the second sender gets through while the first one still tries
			if r, err := w.guard.Release(t.Context(), row.ID); err != nil || r.State != verify.Applied {
				t.Errorf("second sender: %s, %v", r.State, err)
			}
			return &verify.NotReached{Err: errNo}
		}
		got, err := w.guard.Release(t.Context(), row.ID)
		if err != nil || got.State != verify.Applied || w.backend.count() != 1 {
			t.Errorf("first sender: %s, %v; applied %d", got.State, err, w.backend.count())
		}
		w.wantClean()
	})
	t.Run("E01 a row edited to proven is not released", func(t *testing.T) {
		w := newWorld(t)
		o := w.open(w.offered(cv1, cancelPlus), 1)
		w.led.Tamper(o.Row.ID, func(r *verify.Row) {
			r.State, r.Proof = verify.Proven, &verify.Proof{Subject: "u-vic", Level: verify.A3, Finish: "x"}
		})
		_, err := w.guard.Release(t.Context(), o.Row.ID)
		w.wantReason(err, verify.ChangeEdited)
		w.wantState(o.Row.ID, verify.Revoked, verify.ChangeEdited)
		w.wantUnchanged()
	})
	t.Run("proven for over 60 s", func(t *testing.T) {
		w := newWorld(t)
		row := w.proven(cv1, 1)
		w.after(time.Minute)
		_, err := w.guard.Release(t.Context(), row.ID)
		w.wantReason(err, verify.ProofExpired)
		w.wantUnchanged()
	})
	t.Run("the policy became stricter", func(t *testing.T) {
		w := newWorld(t)
		row := w.proven(cv1, 1)
		w.policy = shopPolicy()
		w.policy.Kinds[0].Off = true
		_, err := w.guard.Release(t.Context(), row.ID)
		w.wantReason(err, verify.PolicyUnavailable)
		w.wantUnchanged()
	})
	t.Run("L11 no policy: changes are off", func(t *testing.T) {
		w := newWorld(t)
		w.polErr = errNo
		_, err := w.guard.Draft(t.Context(), w.agent(), cv1, []byte(cancelPlus))
		w.wantReason(err, verify.PolicyUnavailable)
	})
	t.Run("without Check every change is refused", func(t *testing.T) {
		w := newWorld(t)
		w.guard.Check = nil
		_, err := w.guard.Draft(t.Context(), w.agent(), cv1, []byte(cancelPlus))
		w.wantReason(err, verify.GuardUnavailable)
	})
	t.Run("sweep ends what is over", func(t *testing.T) {
		w := newWorld(t)
		w.offered(cv1, cancelPlus)
		w.open(w.offered(cv2, cancelPlus), 1)
		w.after(15 * time.Minute)
		if n, err := w.guard.SweepExpired(t.Context(), 10); n != 2 || err != nil {
			t.Errorf("SweepExpired = %d, %v", n, err)
		}
		w.wantClean()
	})
}
