package verifytest

import (
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/postern-chat/postern/verify"
)

func (b *bench) kill(once string) verify.Kill {
	return verify.Kill{
		Host: "shop", Subject: "u-vic", By: verify.Actor{Role: verify.HostLogin, ID: "idp"}, Reason: verify.EventKill, At: b.at,
		Once: verify.Burn{Use: verify.BurnEvent, Key: once, Until: b.at.Add(verify.ReplayLife)},
	}
}

// of makes a change and walks it to a state; edit bends the row before its last step.
func (b *bench) of(n int, edit func(*verify.Row), states ...verify.State) verify.Row {
	b.Helper()
	last := len(states) - 1
	r := b.row(n)
	edit(&r)
	if err := b.st.CreateDraft(b.Context(), verify.Step{Row: r, Actor: r.DraftedBy, At: b.at}); err != nil {
		b.Fatalf("CreateDraft: %v", err)
	}
	if last < 0 {
		return r
	}
	r = b.walk(r, states[:last]...)
	s := b.to(r, states[last])
	edit(&s.Row)
	if err := b.st.Advance(b.Context(), s); err != nil {
		b.Fatalf("Advance to %s: %v", states[last], err)
	}
	return s.Row
}

func asIs(*verify.Row) {}

// untouched asserts that a row stands where it stood.
func (b *bench) untouched(name string, want verify.Row) {
	b.Helper()
	got, err := b.st.Change(b.Context(), want.ID)
	if err != nil || got.State != want.State || got.Version != want.Version {
		b.Errorf("%s: the change is %s v%d (%v), want %s v%d", name, got.State, got.Version, err, want.State, want.Version)
	}
}

func kills(t *testing.T, b *bench) {
	const other = "cv_01KAH0000000000000000000DD"
	b.st.PutConversation(verify.Conversation{ID: other, Open: true, Visitor: "vi_01KAH0000000000000000000WW", Assignee: "ag_01KAH0000000000000000000AG", Started: Noon()})
	session := func(r *verify.Row) {
		if r.Challenge != nil {
			r.Challenge.Subject = "u-vic"
		}
	}
	toMatched := []verify.State{verify.Offered, verify.Challenged, verify.Matched}
	dead := []verify.Row{
		b.of(1, session, toMatched[:2]...),
		b.of(2, asIs, toMatched...),
		b.of(3, asIs, append(slices.Clone(toMatched), verify.Proven)...),
		b.of(4, asIs, append(slices.Clone(toMatched), verify.Proven, verify.Cooling)...),
		b.of(5, func(r *verify.Row) { r.Conversation = other }, toMatched...),
	}
	mal := func(r *verify.Row) {
		if r.Proof != nil {
			r.Proof.Subject = "u-mal"
		}
	}
	left := map[string]verify.Row{
		"a draft":  b.of(10, asIs),
		"an offer": b.of(11, asIs, toMatched[:1]...),
		"a challenge that nobody's session names": b.of(12, asIs, toMatched[:2]...),
		"another subject's":                       b.of(13, mal, toMatched...),
		"of another host":                         b.of(14, func(r *verify.Row) { r.Host = "elsewhere" }, toMatched...),
		"released":                                b.of(15, asIs, append(slices.Clone(toMatched), verify.Proven, verify.Released)...),
		"over":                                    b.of(16, asIs, append(slices.Clone(toMatched), verify.Denied)...),
	}
	n := b.size()
	rows, err := b.st.Kill(t.Context(), b.kill("k1"))
	if err != nil || len(rows) != len(dead) || b.size() != n+int64(len(dead)) {
		t.Errorf("Kill = %d rows, %v, %d new leaves; want %d each", len(rows), err, b.size()-n, len(dead))
	}
	for _, r := range dead {
		got, err := b.st.Change(t.Context(), r.ID)
		if err != nil || got.State != verify.Revoked || got.Reason != verify.EventKill || got.Version != r.Version+1 {
			t.Errorf("change %s (was %s) = %s %s, %v; want revoked", r.ID, r.State, got.State, got.Reason, err)
		}
	}
	for name, r := range left {
		b.untouched(name, r)
	}
	if rep, err := verify.Audit(t.Context(), b.st); err != nil || len(rep.Bad) != 0 {
		t.Errorf("audit: %+v, %v", rep.Bad, err)
	}
}

func killOnce(t *testing.T, b *bench) {
	b.walk(b.draft(1), verify.Offered, verify.Challenged, verify.Matched)
	n := b.size()
	won := make([]int, 16)
	var wg sync.WaitGroup
	for i := range won {
		wg.Go(func() {
			rows, err := b.st.Kill(t.Context(), b.kill("k1"))
			won[i] = len(rows)
			if err != nil && verify.ReasonOf(err) != verify.EventReplay || err == nil && len(rows) != 1 {
				t.Errorf("racer %d: %d rows, %v", i, len(rows), err)
			}
		})
	}
	wg.Wait()
	total := 0
	for _, w := range won {
		total += w
	}
	if total != 1 || b.size() != n+1 {
		t.Errorf("%d ended, %d new leaves; want 1 and 1", total, b.size()-n)
	}
	later := b.walk(b.draft(2), verify.Offered, verify.Challenged, verify.Matched)
	if _, err := b.st.Kill(t.Context(), b.kill("k1")); verify.ReasonOf(err) != verify.EventReplay {
		t.Errorf("the same kill again = %v, want event.replay", err)
	}
	b.untouched("a change made after the kill", later)
	if rows, err := b.st.Kill(t.Context(), b.kill("k2")); err != nil || len(rows) != 1 {
		t.Errorf("another kill = %d rows, %v; want 1", len(rows), err)
	}
	if rows, err := b.st.Kill(t.Context(), b.kill("k3")); err != nil || len(rows) != 0 {
		t.Errorf("a kill without anything to end = %d rows, %v", len(rows), err)
	}
}

// Steps and kills of the same changes at once: whichever comes first, nothing of the subject lives on, and each step
// has its leaf.
func killRace(t *testing.T, b *bench) {
	var rows []verify.Row
	for i := range 8 {
		rows = append(rows, b.walk(b.draft(i), verify.Offered, verify.Challenged, verify.Matched))
	}
	var wg sync.WaitGroup
	for _, r := range rows {
		wg.Go(func() {
			if err := b.st.Advance(t.Context(), b.to(r, verify.Proven)); err != nil && verify.ReasonOf(err) != verify.ChangeState {
				t.Errorf("step: %v", err)
			}
		})
	}
	for i := range 4 {
		wg.Go(func() {
			if _, err := b.st.Kill(t.Context(), b.kill(fmt.Sprint("k", i))); err != nil {
				t.Errorf("kill %d: %v", i, err)
			}
		})
	}
	wg.Wait()
	for _, r := range rows {
		if got, err := b.st.Change(t.Context(), r.ID); err != nil || got.State != verify.Revoked {
			t.Errorf("change %s is %s, %v; want revoked", r.ID, got.State, err)
		}
	}
	if rep, err := verify.Audit(t.Context(), b.st); err != nil || len(rep.Bad) != 0 {
		t.Errorf("audit: %+v, %v", rep.Bad, err)
	}
}
