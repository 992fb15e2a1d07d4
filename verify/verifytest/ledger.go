package verifytest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/postern-chat/postern/verify"
)

// Store is a ledger with the two switches that the suite needs. A SQL store's test wraps it: a conversation
// is inserted with its fields that the schema has, at least ID, Open, Frozen, Visitor and Assignee.
type Store interface {
	verify.Ledger
	PutConversation(c verify.Conversation)
	SetClock(now func() time.Time)
}

// Noon is when the suite's clock starts.
func Noon() time.Time { return time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC) }

// Ledger is the suite that every verify.Ledger passes. open returns an empty store each time.
func Ledger(t *testing.T, open func(t *testing.T) Store) {
	for _, c := range []struct {
		name string
		test func(*testing.T, *bench)
	}{
		{"a step is kept as it was given, with one leaf", roundTrip},
		{"a wrong old state or version changes nothing", compareAndSwap},
		{"a step that is not in the table changes nothing", offTable},
		{"sixteen racers on one proof: one winner", race},
		{"a burn that exists undoes the whole step", burnTaken},
		{"the fourth challenge in ten minutes is refused", limit},
		{"one living challenge per widget key", oneKey},
		{"a closed or frozen conversation takes no step up to proven", closedTalk},
		{"a disowned change freezes its conversation", freezes},
		{"a clock jump back refuses everything but a note", clockJump},
		{"a note under the same name is taken once", noteOnce},
		{"reads find by handle, finish token, conversation and time", reads},
		{"the log's tree grows leaf by leaf and audits clean", grows},
		{"a change that cools is due when its time is over, and steps also after the talk", coolsOn},
		{"a slip and its burns are kept together or not at all", slips},
		{"a kill ends what is the subject's, up to cooling, and nothing else", kills},
		{"a kill under the same name is carried out once, also by sixteen racers", killOnce},
		{"a kill misses no change that moves meanwhile", killRace},
		{"a window is shown to its assigned agent, in time, with a leaf for each look", windowsShown},
		{"a window ends with a freeze, with a kill of its subject, and with its time", windowsEnd},
		{"a spent budget of windows stays spent until somebody frees it", readBudgets},
		{"64 racers on one start token: one winner", startRace},
		{"64 racers on one place for a guess: one winner", guessRace},
		{"an archived key set is kept once, with the step or alone", archives},
		{"an erased change keeps its state and its lines, and nothing personal", erases},
		{"a moment shows log and changes as they were", moment},
		{"a cancelled context leaves nothing behind", cancelled},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := &bench{T: t, st: open(t), at: Noon()}
			b.st.SetClock(func() time.Time { b.mu.Lock(); defer b.mu.Unlock(); return b.at })
			b.st.PutConversation(verify.Conversation{ID: cvID, Open: true, Visitor: "vi_01KAH0000000000000000000VV", Assignee: "ag_01KAH0000000000000000000AG", Started: Noon()})
			c.test(t, b)
		})
	}
}

const cvID = "cv_01KAH0000000000000000000BB"

type bench struct {
	*testing.T
	st Store
	mu sync.Mutex
	at time.Time
}

func (b *bench) set(at time.Time) { b.mu.Lock(); b.at = at; b.mu.Unlock() }

func (b *bench) row(n int) verify.Row {
	return verify.Row{
		ID: fmt.Sprintf("ch_01KAH00000000000000000%04d", n), Conversation: cvID, Host: "shop",
		Change: verify.Change{V: "1", Kind: "plan.change", Base: "*", Fields: map[string]string{"plan": "plüs <&>"}},
		Chg:    fmt.Sprintf("chg%d", n), Policy: "policy", Seal: "seal", State: verify.Draft, Version: 1,
		DraftedBy: verify.Actor{Role: verify.Agent, ID: "ag_1"},
		CreatedAt: b.at.UnixMilli() + int64(n), ChangedAt: b.at.UnixMilli(), ExpiresAt: b.at.Add(time.Hour).UnixMilli(),
	}
}

func (b *bench) draft(n int) verify.Row {
	b.Helper()
	r := b.row(n)
	if err := b.st.CreateDraft(b.Context(), verify.Step{Row: r, Actor: r.DraftedBy, At: b.at}); err != nil {
		b.Fatalf("CreateDraft: %v", err)
	}
	return r
}

// to is the step of r to a state, with the challenge and proof that the state has.
func (b *bench) to(r verify.Row, s verify.State) verify.Step {
	step := verify.Step{From: r.State, FromVersion: r.Version, Actor: verify.Actor{Role: verify.System}, At: b.at}
	r.State, r.Version = s, r.Version+1
	switch s {
	case verify.Challenged:
		r.Challenge = &verify.Challenge{ID: "cl_" + r.ID, Change: r.ID, Conversation: r.Conversation, Handle: "handle " + r.ID + fmt.Sprint(r.Version), JKT: "key " + r.ID, T0: b.at.Unix(), Commit: "commit " + r.ID}
	case verify.Matched:
		r.Proof = &verify.Proof{Finish: "finish " + r.ID, Subject: "u-vic"}
	}
	step.Row = r
	return step
}

func (b *bench) walk(r verify.Row, states ...verify.State) verify.Row {
	b.Helper()
	for _, s := range states {
		step := b.to(r, s)
		if err := b.st.Advance(b.Context(), step); err != nil {
			b.Fatalf("Advance to %s: %v", s, err)
		}
		r = step.Row
	}
	return r
}

func (b *bench) size() int64 {
	b.Helper()
	h, err := b.st.Head(b.Context())
	if err != nil {
		b.Fatalf("Head: %v", err)
	}
	return h.Size
}

// refused asserts that err has the reason and that neither row nor log moved.
func (b *bench) refused(err error, want verify.Reason, r verify.Row, leaves int64) {
	b.Helper()
	if verify.ReasonOf(err) != want {
		b.Errorf("error = %v, want reason %s", err, want)
	}
	got, err := b.st.Change(b.Context(), r.ID)
	if err != nil || got.State != r.State || got.Version != r.Version {
		b.Errorf("row = %s v%d (%v), want %s v%d", got.State, got.Version, err, r.State, r.Version)
	}
	if n := b.size(); n != leaves {
		b.Errorf("log has %d leaves, want %d", n, leaves)
	}
}

func roundTrip(t *testing.T, b *bench) {
	r := b.draft(1)
	got, err := b.st.Change(t.Context(), r.ID)
	if err != nil {
		t.Fatal(err)
	}
	want, _ := r.Pack()
	if text, _ := got.Pack(); text != want {
		t.Errorf("read back\n%s\nwant\n%s", text, want)
	}
	leaves, err := b.st.Leaves(t.Context(), 0, 10)
	if err != nil || len(leaves) != 1 || !strings.Contains(string(leaves[0]), `"to":"draft"`) {
		t.Errorf("leaves = %s (%v), want the draft's one", leaves, err)
	}
	if err := b.st.CreateDraft(t.Context(), verify.Step{Row: r, At: b.at}); err == nil {
		t.Error("the same id was created twice")
	}
}

func compareAndSwap(_ *testing.T, b *bench) {
	r := b.walk(b.draft(1), verify.Offered)
	n := b.size()
	stale := b.to(r, verify.Challenged)
	stale.FromVersion--
	b.refused(b.st.Advance(b.Context(), stale), verify.ChangeState, r, n)
	wrong := b.to(r, verify.Matched)
	wrong.From = verify.Challenged
	b.refused(b.st.Advance(b.Context(), wrong), verify.ChangeState, r, n)
}

func offTable(_ *testing.T, b *bench) {
	r := b.walk(b.draft(1), verify.Offered)
	for _, s := range []verify.State{verify.Draft, verify.Matched, verify.Proven, verify.Released, verify.Applied} {
		b.refused(b.st.Advance(b.Context(), b.to(r, s)), verify.ChangeState, r, b.size())
	}
	r = b.walk(r, verify.Withdrawn)
	for _, s := range verify.States() { // ends are final
		b.refused(b.st.Advance(b.Context(), b.to(r, s)), verify.ChangeState, r, b.size())
	}
}

func race(t *testing.T, b *bench) {
	r := b.walk(b.draft(1), verify.Offered, verify.Challenged, verify.Matched)
	n := b.size()
	errs := make([]error, 16)
	var wg sync.WaitGroup
	for i := range errs {
		wg.Go(func() {
			s := b.to(r, verify.Proven)
			s.Burns = []verify.Burn{{Use: verify.BurnFinish, Key: "f"}}
			errs[i] = b.st.Advance(t.Context(), s)
		})
	}
	wg.Wait()
	won := 0
	for _, err := range errs {
		switch {
		case err == nil:
			won++
		case !errors.Is(err, verify.Refuse(verify.ChangeState)) && !errors.Is(err, verify.Refuse(verify.FinishUsed)):
			t.Errorf("a loser got %v", err)
		}
	}
	if won != 1 || b.size() != n+1 {
		t.Errorf("winners %d, new leaves %d; want 1 and 1", won, b.size()-n)
	}
}

func burnTaken(t *testing.T, b *bench) {
	one := b.walk(b.draft(1), verify.Offered, verify.Challenged)
	two := b.walk(b.draft(2), verify.Offered, verify.Challenged)
	s := b.to(one, verify.Matched)
	s.Burns = []verify.Burn{{Use: verify.BurnEvent, Key: "shop\nev_1", Value: "memo"}}
	if err := b.st.Advance(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	s2 := b.to(two, verify.Matched)
	s2.Burns = []verify.Burn{{Use: verify.BurnCommit, Key: "c2"}, s.Burns[0]}
	b.refused(b.st.Advance(t.Context(), s2), verify.EventReplay, two, b.size())
	if _, err := b.st.Burned(t.Context(), verify.Burn{Use: verify.BurnCommit, Key: "c2"}); verify.ReasonOf(err) != verify.NotFound {
		t.Errorf("a refused step burned its other key (%v)", err)
	}
	got, err := b.st.Burned(t.Context(), verify.Burn{Use: verify.BurnEvent, Key: "shop\nev_1"})
	if err != nil || got.Value != "memo" {
		t.Errorf("Burned = %+v, %v; want the memo", got, err)
	}
}

func limit(t *testing.T, b *bench) {
	r := b.walk(b.draft(1), verify.Offered)
	open := func() error {
		s := b.to(r, verify.Challenged)
		s.Limit = &verify.Limit{Max: 3, Since: b.at.Add(-10 * time.Minute)}
		err := b.st.Advance(t.Context(), s)
		if err == nil {
			r = s.Row
		}
		return err
	}
	for i := range 3 {
		if err := open(); err != nil {
			t.Fatalf("challenge %d: %v", i+1, err)
		}
	}
	b.refused(open(), verify.ChallengeLimit, r, b.size())
	b.set(b.at.Add(10*time.Minute + time.Second))
	if err := open(); err != nil {
		t.Errorf("after the window: %v", err)
	}
}

func oneKey(t *testing.T, b *bench) {
	one := b.walk(b.draft(1), verify.Offered, verify.Challenged)
	two := b.walk(b.draft(2), verify.Offered)
	s := b.to(two, verify.Challenged)
	s.Row.Challenge.JKT = one.Challenge.JKT
	b.refused(b.st.Advance(t.Context(), s), verify.ChangeState, two, b.size())
	b.walk(one, verify.Denied)
	if err := b.st.Advance(t.Context(), s); err != nil {
		t.Errorf("after the first ended: %v", err)
	}
}

func closedTalk(t *testing.T, b *bench) {
	for _, c := range []verify.Conversation{{ID: cvID, Open: false}, {ID: cvID, Open: true, Frozen: true}} {
		n := map[bool]int{false: 1, true: 2}[c.Frozen]
		b.st.PutConversation(verify.Conversation{ID: cvID, Open: true})
		r := b.walk(b.draft(n), verify.Offered, verify.Challenged)
		b.st.PutConversation(c)
		b.refused(b.st.Advance(t.Context(), b.to(r, verify.Matched)), verify.ChangeState, r, b.size())
		other := b.row(10 + n)
		if err := b.st.CreateDraft(t.Context(), verify.Step{Row: other, At: b.at}); verify.ReasonOf(err) != verify.ChangeState {
			t.Errorf("draft in such a conversation: %v", err)
		}
		b.walk(r, verify.Revoked)
	}
}

func freezes(t *testing.T, b *bench) {
	b.walk(b.draft(1), verify.Offered, verify.Challenged, verify.Disowned)
	cv, err := b.st.Conversation(t.Context(), cvID)
	if err != nil || !cv.Frozen {
		t.Errorf("conversation = %+v, %v; want it frozen", cv, err)
	}
}

func clockJump(t *testing.T, b *bench) {
	r := b.walk(b.draft(1), verify.Offered)
	b.set(b.at.Add(-time.Hour))
	if _, err := b.st.Now(t.Context()); verify.ReasonOf(err) != verify.ClockJump {
		t.Errorf("Now = %v, want clock.jump", err)
	}
	n := b.size()
	b.refused(b.st.Advance(t.Context(), b.to(r, verify.Challenged)), verify.ClockJump, r, n)
	if err := b.st.Note(t.Context(), verify.Leaf{V: "1", Reason: verify.ClockJump}, ""); err != nil || b.size() != n+1 {
		t.Errorf("Note = %v, %d leaves; want it taken", err, b.size())
	}
	b.set(Noon().Add(-4 * time.Second))
	if _, err := b.st.Now(t.Context()); err != nil {
		t.Errorf("4 s behind: %v, want it allowed", err)
	}
}

func noteOnce(t *testing.T, b *bench) {
	for range 3 {
		if err := b.st.Note(t.Context(), verify.Leaf{V: "1", Reason: verify.EventSignature}, "shop 12:00"); err != nil {
			t.Fatal(err)
		}
	}
	if n := b.size(); n != 1 {
		t.Errorf("%d leaves, want 1", n)
	}
}

func reads(t *testing.T, b *bench) {
	one := b.walk(b.draft(1), verify.Offered, verify.Challenged)
	two := b.walk(b.draft(2), verify.Offered, verify.Challenged, verify.Matched)
	three := b.walk(b.draft(3), verify.Withdrawn)
	four := b.walk(b.draft(4), verify.Offered, verify.Challenged, verify.Matched, verify.Proven, verify.Released)
	if r, err := b.st.ByHandle(t.Context(), one.Challenge.Handle); err != nil || r.ID != one.ID {
		t.Errorf("ByHandle = %s, %v", r.ID, err)
	}
	if r, err := b.st.ByFinish(t.Context(), two.Proof.Finish); err != nil || r.ID != two.ID {
		t.Errorf("ByFinish = %s, %v", r.ID, err)
	}
	for _, f := range []func() error{
		func() error { _, err := b.st.ByHandle(t.Context(), ""); return err },
		func() error { _, err := b.st.ByFinish(t.Context(), ""); return err },
		func() error { _, err := b.st.Change(t.Context(), "ch_none"); return err },
		func() error { _, err := b.st.Conversation(t.Context(), "cv_none"); return err },
	} {
		if err := f(); verify.ReasonOf(err) != verify.NotFound {
			t.Errorf("error = %v, want not_found", err)
		}
	}
	again := b.walk(one, verify.Challenged) // Start over: the old handle is dead
	if _, err := b.st.ByHandle(t.Context(), one.Challenge.Handle); verify.ReasonOf(err) != verify.NotFound {
		t.Errorf("old handle: %v", err)
	}
	live, err := b.st.Live(t.Context(), cvID)
	wantIDs(t, "Live", live, err, again.ID, two.ID, four.ID)
	due, err := b.st.Due(t.Context(), b.at.Add(2*time.Hour), 10)
	wantIDs(t, "Due", due, err, again.ID, two.ID)
	due, err = b.st.Due(t.Context(), b.at, 10)
	wantIDs(t, "Due now", due, err)
	open, err := b.st.ToSettle(t.Context(), 10)
	wantIDs(t, "ToSettle", open, err, four.ID)
	states, err := b.st.States(t.Context(), two.ID, 10)
	if err != nil || len(states) != 2 || states[0].ID != three.ID || states[0].State != verify.Withdrawn {
		t.Errorf("States = %+v, %v", states, err)
	}
}

func wantIDs(t *testing.T, what string, rows []verify.Row, err error, ids ...string) {
	t.Helper()
	var got []string
	for _, r := range rows {
		got = append(got, r.ID)
	}
	if err != nil || strings.Join(got, " ") != strings.Join(ids, " ") {
		t.Errorf("%s = %v, %v; want %v", what, got, err, ids)
	}
}

func grows(t *testing.T, b *bench) {
	for i := range 9 {
		b.walk(b.draft(i), verify.Offered, verify.Withdrawn)
		rep, err := verify.Audit(t.Context(), b.st)
		if err != nil || len(rep.Bad) != 0 || rep.Size != int64(3*(i+1)) || rep.Changes != i+1 {
			t.Fatalf("after %d changes: %+v, %v", i+1, rep, err)
		}
	}
}

func cancelled(t *testing.T, b *bench) {
	r := b.walk(b.draft(1), verify.Offered)
	ctx, cancel := contextCancelled(t)
	cancel()
	if err := b.st.Advance(ctx, b.to(r, verify.Withdrawn)); err == nil {
		t.Error("a cancelled step went through")
	}
	b.refused(verify.Refuse(verify.ChangeState), verify.ChangeState, r, 2)
}

func contextCancelled(t *testing.T) (context.Context, context.CancelFunc) {
	return context.WithCancel(t.Context())
}
