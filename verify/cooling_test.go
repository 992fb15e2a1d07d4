package verify_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/postern-chat/postern/verify"
)

// supervisor is one of the staff who has offered nothing.
func supervisor(id string) verify.Actor { return verify.Actor{Role: verify.Supervisor, ID: id} }

// cancelled is what the backend sends when the owner has pressed its link.
func (w *world) cancelled(row verify.Row) verify.LoginEvent {
	w.n++
	return verify.LoginEvent{
		Source: "shop", Host: "shop", ID: fmt.Sprintf("ev_%d", w.n), Body: verify.TokenHash(fmt.Sprint(w.n)), Kind: verify.ChangeResult,
		Result: verify.Result{Challenge: row.Challenge.ID, Commit: row.Challenge.Commit, Answer: verify.Answer{Result: verify.ResultRefused, Reason: verify.OwnerCancelled}},
	}
}

// weak walks a change whose login is worth A1 to proven; the kind may cool.
func (w *world) weak() verify.Row {
	w.Helper()
	w.policy.Kinds[0].Cooling = 24
	o := w.open(w.offered(cv1, cancelPlus), 1)
	e := w.login(o, "u-vic")
	e.Witness = ""
	row, err := w.guard.Finish(w.Context(), w.visitor(cv1, 1), w.finishRequest(o.Row, token(w.observe(e)), 1))
	if err != nil {
		w.Fatalf("Finish: %v", err)
	}
	return row
}

// cooling walks it on until it cools.
func (w *world) cooling() verify.Row {
	w.Helper()
	row, err := w.guard.Release(w.Context(), w.weak().ID)
	if err != nil || row.State != verify.Cooling {
		w.Fatalf("Release: %s %s, %v", row.State, row.Reason, err)
	}
	w.wantUnchanged()
	return row
}

func (w *world) seconds(id string) {
	w.Helper()
	if _, err := w.guard.Second(w.Context(), w.stepped(supervisor("su1")), id); err != nil {
		w.Fatalf("Second: %v", err)
	}
}

func TestCooling(t *testing.T) {
	w := newWorld(t)
	row := w.cooling()
	if until := time.UnixMilli(row.Waits()); until.Before(w.now().Add(23*time.Hour)) || until.After(w.now().Add(25*time.Hour)) {
		t.Errorf("waits until %s", until)
	}
	if row.Receipt != nil || row.Cool.Receipt.JWS == "" {
		t.Errorf("receipts: %v, %v", row.Receipt, row.Cool)
	}
	w.after(25 * time.Hour)
	_, err := w.guard.Release(t.Context(), row.ID)
	w.wantReason(err, verify.ChangeState) // nobody has agreed
	w.seconds(row.ID)
	if row, err = w.guard.Release(t.Context(), row.ID); err != nil || row.State != verify.Applied {
		t.Fatalf("Release: %s %s, %v", row.State, row.Reason, err)
	}
	if n := w.backend.count(); n != 1 {
		t.Errorf("%d changes were applied, want one", n)
	}
	if err := w.guard.Notice(t.Context(), row.ID); err != nil || len(w.backend.notices) != 1 || w.backend.notices[0].Notice != "applied" {
		t.Errorf("Notice: %v, %+v", err, w.backend.notices)
	}
	w.wantClean()
}

// Invariant 13 of proof-gate.md §6: no cooled change applies before the backend's own full time, or after a cancel.
func TestInvariant13Cooling(t *testing.T) {
	t.Run("before our own time", func(t *testing.T) {
		w := newWorld(t)
		row := w.cooling()
		w.seconds(row.ID)
		w.after(24*time.Hour - time.Minute)
		_, err := w.guard.Release(t.Context(), row.ID)
		w.wantReason(err, verify.ReceiptCooling)
		w.wantState(row.ID, verify.Cooling, "")
		w.wantUnchanged()
	})
	t.Run("the policy became longer meanwhile", func(t *testing.T) {
		w := newWorld(t)
		row := w.cooling()
		w.seconds(row.ID)
		w.policy.Kinds[0].Cooling = 48
		w.after(25 * time.Hour)
		_, err := w.guard.Release(t.Context(), row.ID)
		w.wantReason(err, verify.ReceiptCooling)
		w.policy.Kinds[0].Cooling = 0
		_, err = w.guard.Release(t.Context(), row.ID)
		w.wantReason(err, verify.ProofLevel)
		w.wantState(row.ID, verify.Failed, verify.ProofLevel)
		w.wantUnchanged()
	})
	t.Run("a gateway that does not wait meets the backend's own time", func(t *testing.T) {
		w := newWorld(t)
		row := w.weak()
		w.policy.Kinds[0].Cooling = 1 // looser than the backend's 24 h, and the answer is not believed
		row, err := w.guard.Release(t.Context(), row.ID)
		if err != nil {
			t.Fatal(err)
		}
		w.seconds(row.ID)
		w.led.Tamper(row.ID, func(r *verify.Row) { r.Cool.Until = w.now().UnixMilli() })
		w.after(2 * time.Hour)
		_, _ = w.guard.Release(t.Context(), row.ID)
		w.wantState(row.ID, verify.Failed, verify.ReceiptCooling)
		w.wantUnchanged()
	})
	t.Run("cancelled, and the gateway was told", func(t *testing.T) {
		w := newWorld(t)
		row := w.cooling()
		w.seconds(row.ID)
		w.backend.cancel(row.Challenge.Commit)
		if _, err := w.guard.Result(t.Context(), w.cancelled(row)); err != nil {
			t.Fatal(err)
		}
		w.wantState(row.ID, verify.Denied, verify.OwnerCancelled)
		w.after(25 * time.Hour)
		_, err := w.guard.Release(t.Context(), row.ID)
		w.wantReason(err, verify.ChangeState)
		w.wantUnchanged()
		w.wantClean()
	})
	t.Run("cancelled, and the gateway was not told", func(t *testing.T) {
		w := newWorld(t)
		row := w.cooling()
		w.seconds(row.ID)
		w.backend.cancel(row.Challenge.Commit)
		w.after(25 * time.Hour)
		_, _ = w.guard.Release(t.Context(), row.ID)
		w.wantState(row.ID, verify.Failed, verify.ReceiptCooling)
		w.wantUnchanged()
	})
}

func TestSecondApproval(t *testing.T) {
	w := newWorld(t)
	row := w.cooling()
	for _, c := range []struct {
		name string
		by   verify.Actor
		want verify.Reason
	}{
		{"an agent", w.agent(), verify.RoleRefused},
		{"a senior", verify.Actor{Role: verify.Senior, ID: "sn1"}, verify.RoleRefused},
		{"an admin", verify.Actor{Role: verify.Admin, ID: "ad1"}, verify.RoleRefused},
		{"an API key", verify.Actor{Role: verify.API, ID: "key"}, verify.RoleRefused},
		{"the visitor", w.visitor(cv1, 1), verify.RoleRefused},
		{"the offerer, promoted since", supervisor("ag1"), verify.FourEyes},
		{"without a step-up", supervisor("su1"), verify.StepUpRequired},
	} {
		_, err := w.guard.Second(t.Context(), c.by, row.ID)
		if verify.ReasonOf(err) != c.want {
			t.Errorf("%s: %v, want %s", c.name, err, c.want)
		}
	}
	if got := w.row(row.ID); got.Version != row.Version || got.Cool.Second.ID != "" {
		t.Errorf("a refused approval moved the change: %+v", got.Cool)
	}
	w.seconds(row.ID)
	_, err := w.guard.Second(t.Context(), w.stepped(supervisor("su2")), row.ID)
	w.wantReason(err, verify.ChangeState)
	w.wantClean()
}

// A second approval that stands in the row without its burn was written behind our back.
func TestSecondApprovalEdited(t *testing.T) {
	w := newWorld(t)
	row := w.cooling()
	w.led.Tamper(row.ID, func(r *verify.Row) {
		r.Cool.Second, r.Cool.SecondAt = supervisor("su1"), w.now().UnixMilli()
	})
	w.after(25 * time.Hour)
	_, err := w.guard.Release(t.Context(), row.ID)
	w.wantReason(err, verify.ChangeEdited)
	w.wantState(row.ID, verify.Revoked, verify.ChangeEdited)
	w.wantUnchanged()
}

func TestCoolingEnds(t *testing.T) {
	t.Run("nobody agrees", func(t *testing.T) {
		w := newWorld(t)
		row := w.cooling()
		w.after(74 * time.Hour)
		if n, err := w.guard.SweepExpired(t.Context(), 10); n != 1 || err != nil {
			t.Errorf("swept %d, %v", n, err)
		}
		w.wantState(row.ID, verify.Expired, verify.CoolingExpired)
		w.wantUnchanged()
	})
	t.Run("agreed to too late", func(t *testing.T) {
		w := newWorld(t)
		row := w.cooling()
		w.after(74 * time.Hour)
		_, err := w.guard.Second(t.Context(), w.stepped(supervisor("su1")), row.ID)
		w.wantReason(err, verify.CoolingExpired)
	})
	t.Run("a security event about the account", func(t *testing.T) {
		w := newWorld(t)
		row := w.cooling()
		if _, err := w.guard.Kill(t.Context(), killEvent("set_1", "u-vic")); err != nil {
			t.Fatal(err)
		}
		w.wantState(row.ID, verify.Revoked, verify.EventKill)
	})
	t.Run("the conversation is frozen", func(t *testing.T) {
		w := newWorld(t)
		row := w.cooling()
		cv, err := w.led.Conversation(t.Context(), cv1)
		if err != nil {
			t.Fatal(err)
		}
		cv.Frozen = true
		w.led.PutConversation(cv)
		_, err = w.guard.Second(t.Context(), w.stepped(supervisor("su1")), row.ID)
		w.wantReason(err, verify.ChangeState)
	})
	t.Run("the end of the talk leaves it alone", func(t *testing.T) {
		w := newWorld(t)
		row := w.cooling()
		if err := w.guard.Revoke(t.Context(), w.agent(), cv1, ""); err != nil {
			t.Fatal(err)
		}
		w.wantState(row.ID, verify.Cooling, "")
	})
}

func TestAnnouncement(t *testing.T) {
	t.Run("a backend that cannot be reached", func(t *testing.T) {
		w := newWorld(t)
		w.backend.fault = func(verify.Dispatch) error { return errors.New("down") }
		row, err := w.guard.Release(t.Context(), w.weak().ID)
		if err != nil || row.State != verify.Failed || row.Reason != verify.BackendUnavailable {
			t.Errorf("%s %s, %v", row.State, row.Reason, err)
		}
	})
	t.Run("a backend that lets nothing cool", func(t *testing.T) {
		w := newWorld(t)
		w.backend.check.Cooled = nil
		row, err := w.guard.Release(t.Context(), w.weak().ID)
		if err != nil || row.State != verify.Failed || row.Reason != verify.ReceiptLevel {
			t.Errorf("%s %s, %v", row.State, row.Reason, err)
		}
	})
	t.Run("one announcement a challenge", func(t *testing.T) {
		w := newWorld(t)
		row := w.weak()
		n := 0
		w.backend.fault = func(verify.Dispatch) error {
			n++
			_, err := w.guard.Release(t.Context(), row.ID) // another node, in the same moment
			w.wantReason(err, verify.ChangeState)
			return nil
		}
		if row, err := w.guard.Release(t.Context(), row.ID); err != nil || row.State != verify.Cooling || n != 1 {
			t.Errorf("%s, %d announcements, %v", row.State, n, err)
		}
	})
	t.Run("the kind must say for how long", func(t *testing.T) {
		w := newWorld(t)
		o := w.open(w.offered(cv1, cancelPlus), 1)
		e := w.login(o, "u-vic")
		e.Witness = ""
		if v := w.observe(e); v.To != verify.Failed || v.Reason != verify.ProofLevel {
			t.Errorf("%s %s", v.To, v.Reason)
		}
	})
}

func TestWhatCools(t *testing.T) {
	for _, c := range []struct {
		kind verify.Kind
		want verify.Level
	}{
		{verify.Kind{Tier: verify.TierPlain}, ""},
		{verify.Kind{Tier: verify.TierSensitive}, ""},
		{verify.Kind{Tier: verify.TierPlain, Cooling: 1}, verify.A1},
		{verify.Kind{Tier: verify.TierPlain, Cooling: 1, Level: verify.A2}, ""},
		{verify.Kind{Tier: verify.TierPlain, Cooling: 1, Level: verify.A3}, ""},
		{verify.Kind{Tier: verify.TierSensitive, Cooling: 1}, verify.A2},
		{verify.Kind{Tier: verify.TierSensitive, Cooling: 1, Level: verify.A1}, verify.A2},
		{verify.Kind{Tier: verify.TierSensitive, Cooling: 1, Level: verify.A3}, ""},
		{verify.Kind{Tier: verify.TierRead, Cooling: 1}, ""},
		{verify.Kind{Tier: "other", Cooling: 1}, verify.A2},
	} {
		if got := c.kind.Cools(); got != c.want {
			t.Errorf("%+v cools at %q, want %q", c.kind, got, c.want)
		}
	}
}
