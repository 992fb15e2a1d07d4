package verify_test

import (
	"sync"
	"testing"

	"github.com/postern-chat/postern/verify"
)

// unsettled is a change that the backend took without an answer.
func (w *world) unsettled() verify.Row {
	w.Helper()
	row := w.proven(cv1, 1)
	w.backend.lost = true
	row, err := w.guard.Release(w.Context(), row.ID)
	if err != nil || row.State != verify.Unsettled {
		w.Fatalf("Release = %s, %v; want unsettled", row.State, err)
	}
	return row
}

func resultOf(row verify.Row, id string, a verify.Answer) verify.LoginEvent {
	return verify.LoginEvent{
		Source: "shop", Host: "shop", ID: id, Body: verify.TokenHash(id + a.Result), Kind: verify.ChangeResult,
		Result: verify.Result{Challenge: row.Challenge.ID, Commit: row.Challenge.Commit, Answer: a},
	}
}

// A backend's late answer counts once, and only for what waits for it.
func TestResult(t *testing.T) {
	applied := verify.Answer{Result: verify.ResultApplied, Version: "3"}
	for _, c := range []struct {
		name string
		bend func(e *verify.LoginEvent)
		to   verify.State
		want verify.Reason
	}{
		{"applied", func(*verify.LoginEvent) {}, verify.Applied, ""},
		{"refused", func(e *verify.LoginEvent) {
			e.Result.Answer = verify.Answer{Result: verify.ResultRefused, Reason: verify.ReceiptLevel}
		}, verify.Failed, ""},
		{"R22 an unknown commitment", func(e *verify.LoginEvent) { e.Result.Commit = verify.TokenHash("x") }, verify.Unsettled, verify.ChangeState},
		{"R22 another challenge", func(e *verify.LoginEvent) { e.Result.Challenge = "cl_x" }, verify.Unsettled, verify.ChangeState},
		{"another host's source", func(e *verify.LoginEvent) { e.Source, e.Host = "other", "other" }, verify.Unsettled, verify.ChangeState},
		{"pending again", func(e *verify.LoginEvent) { e.Result.Answer.Result = verify.ResultPending }, verify.Unsettled, verify.EventType},
		{"unknown", func(e *verify.LoginEvent) { e.Result.Answer.Result = verify.ResultUnknown }, verify.Unsettled, verify.EventType},
		{"a login", func(e *verify.LoginEvent) { e.Kind = verify.LoginConfirmed }, verify.Unsettled, verify.EventType},
		{"without an id", func(e *verify.LoginEvent) { e.ID = "" }, verify.Unsettled, verify.EventType},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			row := w.unsettled()
			e := resultOf(row, "ev_r", applied)
			c.bend(&e)
			before := w.led.Snapshot()
			v, err := w.guard.Result(t.Context(), e)
			if verify.ReasonOf(err) != c.want || err == nil && (v.To != c.to || v.Change != row.ID) {
				t.Errorf("Result = %+v, %v; want %s and %q", v, err, c.to, c.want)
			}
			now := w.row(row.ID)
			if now.State != c.to || err == nil && (now.Answer == nil || *now.Answer != e.Result.Answer || now.Reason != e.Result.Answer.Reason) {
				t.Errorf("the change is %s %s %+v, want %s", now.State, now.Reason, now.Answer, c.to)
			}
			if err != nil && w.led.Snapshot() != before {
				t.Error("a refusal moved something")
			}
			w.wantClean()
		})
	}
}

// Only released and unsettled changes listen.
func TestResultOfOtherStates(t *testing.T) {
	w := newWorld(t)
	row := w.offered(cv1, cancelPlus)
	w.observe(w.login(w.open(row, 1), "u-vic"))
	matched := w.row(row.ID)
	if _, err := w.guard.Result(t.Context(), resultOf(matched, "ev_r", verify.Answer{Result: verify.ResultApplied})); verify.ReasonOf(err) != verify.ChangeState {
		t.Errorf("Result of a matched change = %v", err)
	}
	w.wantState(row.ID, verify.Matched, "")
}

// The same event again gets the same answer; another with its id, or after it, none.
func TestResultRepeated(t *testing.T) {
	w := newWorld(t)
	row := w.unsettled()
	applied := verify.Answer{Result: verify.ResultApplied}
	head, _ := w.led.Head(t.Context())
	var all sync.WaitGroup
	for range 16 {
		all.Go(func() {
			v, err := w.guard.Result(t.Context(), resultOf(row, "ev_r", applied))
			if err != nil || v.To != verify.Applied {
				t.Errorf("Result = %+v, %v; want applied", v, err)
			}
		})
	}
	all.Wait()
	if after, _ := w.led.Head(t.Context()); after.Size != head.Size+1 {
		t.Errorf("%d leaves, want one", after.Size-head.Size)
	}
	other := resultOf(row, "ev_r", verify.Answer{Result: verify.ResultRefused, Reason: verify.BackendRefused})
	if _, err := w.guard.Result(t.Context(), other); verify.ReasonOf(err) != verify.EventReplay {
		t.Errorf("the same id with another body = %v, want event.replay", err)
	}
	if _, err := w.guard.Result(t.Context(), resultOf(row, "ev_2", applied)); verify.ReasonOf(err) != verify.ChangeState {
		t.Errorf("a second result = %v, want change.state", err)
	}
	w.wantState(row.ID, verify.Applied, "")
}
