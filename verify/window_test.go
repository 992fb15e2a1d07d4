package verify_test

import (
	"context"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/postern-chat/postern/verify"
)

// answers is a backend that adds facts to what it has applied, or comes late.
type answers struct {
	*backend
	facts string
	late  bool
}

func (a answers) Apply(ctx context.Context, d verify.Dispatch) (verify.Answer, error) {
	got, err := a.backend.Apply(ctx, d)
	if got.Facts = a.facts; a.late && err == nil {
		return verify.Answer{Result: verify.ResultPending}, nil
	}
	return got, err
}

const readPlan = `{"kind":"account.read","fields":{"fields":"orders,plan"}}`

// answering is a world whose backend gives facts.
func answering(t *testing.T, a answers) *world {
	w := newWorld(t)
	for _, k := range verify.Catalogue() {
		if k.Name == verify.ReadKind {
			k.Host = "shop"
			w.policy.Kinds = append(w.policy.Kinds, k)
		}
	}
	a.backend = w.backend
	w.guard.Executor = a
	return w
}

// asks walks a change to its backend's answer, honestly.
func (w *world) asks(raw string) verify.Row {
	w.Helper()
	o := w.open(w.offered(cv1, raw), 1)
	v := w.observe(w.login(o, "u-vic"))
	row, err := w.guard.Finish(w.Context(), w.visitor(cv1, 1), w.finishRequest(o.Row, token(v), 1))
	if err != nil {
		w.Fatalf("Finish: %v", err)
	}
	if row, err = w.guard.Release(w.Context(), row.ID); err != nil {
		w.Fatalf("Release: %v", err)
	}
	return row
}

// What a backend may answer to a read: what was asked for, as strings, and no more.
func TestFactsOfAnswers(t *testing.T) {
	for name, c := range map[string]struct {
		raw, facts string
		to         verify.State
		want       map[string]string // nil = locked
	}{
		"what was asked":       {readPlan, `{"plan":"Plus","orders":"1\n2"}`, verify.Applied, map[string]string{"plan": "Plus", "orders": "1\n2"}},
		"less":                 {readPlan, `{"plan":""}`, verify.Applied, map[string]string{"plan": ""}},
		"nothing":              {readPlan, `{}`, verify.Applied, map[string]string{}},
		"no facts":             {readPlan, ``, verify.Failed, nil},
		"a name not asked for": {readPlan, `{"plan":"Plus","status":"x"}`, verify.Failed, nil},
		"a number":             {readPlan, `{"plan":1}`, verify.Failed, nil},
		"a list":               {readPlan, `["plan"]`, verify.Failed, nil},
		"twice":                {readPlan, `{"plan":"a","plan":"b"}`, verify.Failed, nil},
		"a bidi override":      {readPlan, `{"plan":"a\u202eb"}`, verify.Failed, nil},
		"over 16 KiB":          {readPlan, `{"plan":"` + strings.Repeat("x", verify.MaxFacts) + `"}`, verify.Failed, nil},
		"with a real change":   {cancelPlus, `{"plan":"Plus"}`, verify.Applied, nil},
	} {
		t.Run(name, func(t *testing.T) {
			w := answering(t, answers{facts: c.facts})
			row := w.asks(c.raw)
			if row.State != c.to || c.to == verify.Failed && row.Reason != verify.BackendRefused {
				t.Errorf("the change is %s (%s), want %s", row.State, row.Reason, c.to)
			}
			got, err := w.guard.Facts(t.Context(), w.agent(), cv1)
			if c.want == nil {
				w.wantReason(err, verify.ContextLocked)
			} else if err != nil || !maps.Equal(got.Values, c.want) || got.Change != row.ID {
				t.Errorf("facts = %+v, %v", got, err)
			}
			if text := w.led.Snapshot(); strings.Contains(text, "Plus") {
				t.Errorf("the rows or the log hold a fact: %s", text)
			}
			w.wantClean()
		})
	}
}

// Ten minutes from the login, for the assigned agent of the right role, under the policy that is in force.
func TestFactsFor(t *testing.T) {
	w := answering(t, answers{facts: `{"plan":"Plus"}`})
	row := w.asks(readPlan)
	end := time.Unix(row.Proof.Evidence.AuthTime, 0).Add(verify.WindowLife)
	for _, role := range []verify.Role{verify.Agent, verify.Senior, verify.Supervisor} {
		if f, err := w.guard.Facts(t.Context(), verify.Actor{Role: role, ID: "ag1"}, cv1); err != nil || !f.Until.Equal(end) {
			t.Errorf("%s: %v, %v, want the end at %v", role, f.Until, err, end)
		}
	}
	for _, by := range []verify.Actor{
		{Role: verify.Trainee, ID: "ag1"},
		{Role: verify.Editor, ID: "ag1"},
		{Role: verify.Admin, ID: "ag1"},
		{Role: verify.Auditor, ID: "ag1"},
		{Role: verify.AI, ID: "ag1"},
		{Role: verify.API, ID: "ag1"},
		{Role: verify.System},
		w.visitor(cv1, 1),
		{Role: verify.Supervisor, ID: "ag2"},
		{Role: verify.Agent},
	} {
		_, err := w.guard.Facts(t.Context(), by, cv1)
		w.wantReason(err, verify.ContextLocked)
	}
	_, err := w.guard.Facts(t.Context(), w.agent(), cv2)
	w.wantReason(err, verify.ContextLocked)

	w.polErr = verify.Refuse(verify.PolicyUnavailable)
	_, err = w.guard.Facts(t.Context(), w.agent(), cv1)
	w.wantReason(err, verify.ContextLocked)
	w.polErr = nil

	secret := w.guard.Secret
	w.guard.Secret = []byte("another secret of 32 bytes or so")
	_, err = w.guard.Facts(t.Context(), w.agent(), cv1)
	w.wantReason(err, verify.ContextLocked)
	w.guard.Secret = secret

	w.after(end.Sub(w.now()) - time.Millisecond)
	if _, err := w.guard.Facts(t.Context(), w.agent(), cv1); err != nil {
		t.Errorf("at the last moment: %v", err)
	}
	w.after(time.Millisecond)
	_, err = w.guard.Facts(t.Context(), w.agent(), cv1)
	w.wantReason(err, verify.ContextLocked)
	w.wantClean()
}

// A backend that answers later opens the window then, for what is left of the ten minutes.
func TestLateFacts(t *testing.T) {
	w := answering(t, answers{facts: `{"plan":"Plus"}`, late: true})
	row := w.asks(readPlan)
	w.wantState(row.ID, verify.Unsettled, "")
	_, err := w.guard.Facts(t.Context(), w.agent(), cv1)
	w.wantReason(err, verify.ContextLocked)
	w.after(4 * time.Minute)
	e := resultOf(row, "ev_late", verify.Answer{Result: verify.ResultApplied, Facts: `{"plan":"Plus"}`})
	if _, err := w.guard.Result(t.Context(), e); err != nil {
		t.Fatal(err)
	}
	f, err := w.guard.Facts(t.Context(), w.agent(), cv1)
	if left := f.Until.Sub(w.now()); err != nil || f.Values["plan"] != "Plus" || left > 6*time.Minute {
		t.Errorf("late: %+v, %v, %v left", f, err, left)
	}
	w.wantClean()
}

// Only a supervisor lets an agent go on, and never himself.
func TestFreeReads(t *testing.T) {
	w := newWorld(t)
	for _, c := range []struct {
		by    verify.Actor
		agent string
		want  verify.Reason
	}{
		{verify.Actor{Role: verify.Senior, ID: "sn1"}, "ag1", verify.RoleRefused},
		{verify.Actor{Role: verify.Admin, ID: "ad1"}, "ag1", verify.RoleRefused},
		{verify.Actor{Role: verify.Supervisor, ID: "su1"}, "su1", verify.FourEyes},
		{verify.Actor{Role: verify.Supervisor, ID: "su1"}, "ag1", verify.NotFound},
	} {
		w.wantReason(w.guard.FreeReads(t.Context(), c.by, c.agent), c.want)
	}
}

// What was typed goes to the conversation's host, and to nobody while there is none.
func TestClaimed(t *testing.T) {
	w := newWorld(t)
	if err := w.guard.Claimed(t.Context(), cv1, "someone@example.com"); err != nil || len(w.backend.notices) != 0 {
		t.Errorf("without a host: %v, %v", w.backend.notices, err)
	}
	w.led.PutConversation(verify.Conversation{ID: cv1, Open: true, Visitor: "vi_" + cv1, Host: "shop"})
	if err := w.guard.Claimed(t.Context(), cv1, "someone@example.com"); err != nil || len(w.backend.notices) != 1 {
		t.Fatalf("claimed: %v, %v", w.backend.notices, err)
	}
	if d := w.backend.notices[0]; d.Notice != "claimed" || d.Claimed != "someone@example.com" || d.Subject != "" || d.Type != "owner.notice" || d.Host != "shop" {
		t.Errorf("the host is told %+v", d)
	}
}
