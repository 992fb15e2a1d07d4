package verify_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/postern-chat/postern/verify"
)

// walker takes random steps of all actors, honest and not, over one gate.
type walker struct {
	*world
	r      *rand.Rand
	ids    []string
	opened []verify.Opened
	events []verify.LoginEvent
	honest map[string]bool // challenge → an approved login of a person was sent for it
	tokens []verify.FinishRequest
	keys   []byte
	codes  map[string]string // challenge → the code that its login was answered with
	typed  int               // changes that a code has proved
}

// Invariants 1, 2, 4, 5, 6, 7, 13 and 14 of proof-gate.md §6 hold after every random step.
func TestModelWalk(t *testing.T) {
	reached, cooled, typed, limited := map[verify.State]int{}, 0, 0, 0
	for seed := range uint64(12) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			k := &walker{world: newWorld(t), r: rand.New(rand.NewPCG(seed, 1)), honest: map[string]bool{}, codes: map[string]string{}}
			if seed%2 == 1 {
				k.policy.Kinds[0].Cooling = 24 // a login without the host's witness is enough, and cools
			}
			k.policy.Hosts[0].Code = seed%4 == 3 // the host shows codes to type
			before := map[string]verify.Row{}
			for range 500 {
				k.step()
				k.check(before)
			}
			k.wantClean()
			typed += k.typed
			for _, id := range k.ids {
				r := k.row(id)
				reached[r.State]++
				if r.Reason == verify.CodeLimit {
					limited++
				}
				if r.Cool != nil && r.State == verify.Applied {
					cooled++
				}
			}
		})
	}
	for _, s := range []verify.State{verify.Applied, verify.Expired, verify.Denied, verify.Failed, verify.Withdrawn, verify.Revoked} {
		if reached[s] == 0 {
			t.Errorf("no walk ended in %s: the walk is too tame", s)
		}
	}
	if cooled == 0 {
		t.Error("no walk applied a change that had cooled")
	}
	if typed == 0 || limited == 0 {
		t.Errorf("%d changes were proved by a code, %d ended by wrong ones: the walk is too tame", typed, limited)
	}
	t.Logf("ends: %v, %d of them after cooling; %d by a code, %d ended by wrong ones", reached, cooled, typed, limited)
}

func pick[T any](k *walker, from []T) (T, bool) {
	var zero T
	if len(from) == 0 {
		return zero, false
	}
	return from[len(from)-1-min(k.r.IntN(len(from)), k.r.IntN(len(from)))], true
}

func (k *walker) step() {
	ctx, g := k.Context(), k.guard
	cv := []string{cv1, cv2}[k.r.IntN(2)]
	id, some := pick(k, k.ids)
	switch k.r.IntN(23) {
	case 0, 1:
		if k.r.IntN(2) == 0 {
			return
		}
		if row, err := g.Draft(ctx, k.agent(), cv, []byte(cancelPlus)); err == nil {
			k.ids = append(k.ids, row.ID)
			_, _ = g.Offer(ctx, k.agent(), row.ID)
		}
	case 2, 3, 4:
		if some {
			row := k.row(id)
			o, err := g.Open(ctx, k.visitor(row.Conversation, 1+byte(k.r.IntN(2))), verify.OpenRequest{Change: id, Over: k.r.IntN(4) == 0})
			if err == nil {
				k.opened = append(k.opened, o)
			}
		}
	case 5, 6, 7:
		k.send()
	case 8:
		if e, ok := pick(k, k.events); ok { // replay
			k.take(e)
		}
	case 9, 10, 11:
		k.finish()
	case 12:
		if some {
			_, _ = g.Release(ctx, id)
		}
	case 13:
		if some {
			_, _ = g.Settle(ctx, id)
			k.backend.lost = k.r.IntN(3) == 0
		}
	case 14:
		k.after(time.Duration(k.r.IntN(240)) * time.Second)
		_, _ = g.SweepExpired(ctx, 5)
	case 15:
		if some && k.r.IntN(3) == 0 {
			_, _ = g.Withdraw(ctx, k.agent(), id)
		}
	case 16:
		if k.r.IntN(4) == 0 { // a security event, now and then an old one again
			_, _ = g.Kill(ctx, killEvent(fmt.Sprint("set_", k.r.IntN(30)), "u-vic"))
		}
	case 17, 20:
		k.second()
	case 18, 21, 22:
		k.passes()
	case 19:
		if k.r.IntN(4) == 0 {
			k.cancels()
		}
	}
}

// cooling picks a change that cools.
func (k *walker) cooling() (verify.Row, bool) {
	var all []verify.Row
	for _, id := range k.ids {
		if r := k.row(id); r.State == verify.Cooling {
			all = append(all, r)
		}
	}
	return pick(k, all)
}

// second agrees to a change that cools, as whoever: only a supervisor who has not offered it may.
func (k *walker) second() {
	row, some := k.cooling()
	if !some {
		return
	}
	by := []verify.Actor{{Role: verify.Supervisor, ID: "su1"}, {Role: verify.Supervisor, ID: "ag1"}, {Role: verify.Senior, ID: "sn1"}, {Role: verify.Admin, ID: "ad1"}, k.visitor(row.Conversation, 1)}[max(0, k.r.IntN(9)-4)]
	if _, err := k.guard.Second(k.Context(), k.stepped(by), row.ID); err == nil && by.ID != "su1" {
		k.Fatalf("%s %s gave the second approval of a change that ag1 had offered", by.Role, by.ID)
	}
}

// passes lets hours go by if something cools, and tries to release it.
func (k *walker) passes() {
	row, some := k.cooling()
	if !some {
		return
	}
	k.after(time.Duration(1+k.r.IntN(32)) * time.Hour)
	_, _ = k.guard.Release(k.Context(), row.ID)
	_, _ = k.guard.SweepExpired(k.Context(), 50)
}

// cancels is the owner's press at the backend, which may or may not reach the gateway.
func (k *walker) cancels() {
	row, some := k.cooling()
	if !some {
		return
	}
	k.backend.cancel(row.Challenge.Commit)
	if k.r.IntN(2) == 0 {
		_, _ = k.guard.Result(k.Context(), k.cancelled(row))
	}
}

// send makes a login event: honest, or wrong in one way.
func (k *walker) send() {
	o, ok := pick(k, k.opened)
	if !ok {
		return
	}
	if _, err := k.guard.Look(k.Context(), k.handle(o)); err != nil {
		return
	}
	e := k.login(o, "u-vic")
	switch k.r.IntN(12) {
	case 0:
		e.Chg = verify.TokenHash("other")
	case 1:
		e.AuthTime -= 3600
	case 2:
		e.Handle = ""
	case 3:
		e.Witness = ""
		k.honest[o.Row.Challenge.ID] = true
	case 6, 7, 8, 9:
		if k.policy.Kinds[0].Cooling > 0 { // worth A1: enough with cooling
			e.Witness = ""
		}
		k.honest[o.Row.Challenge.ID] = true
	case 4:
		e.Kind = verify.LoginDenied
	case 5:
		if k.r.IntN(3) == 0 {
			e.Kind = verify.LoginDisowned
			break
		}
		k.honest[o.Row.Challenge.ID] = true
	default:
		k.honest[o.Row.Challenge.ID] = true
	}
	k.events = append(k.events, e)
	k.take(e)
}

func (k *walker) take(e verify.LoginEvent) {
	v, err := k.guard.Observe(k.Context(), e)
	if err != nil || v.To != verify.Matched {
		return
	}
	row := k.row(v.Change)
	if row.Challenge.ID != v.Challenge {
		return
	}
	for key := byte(1); key <= 2; key++ {
		if k.visitor(row.Conversation, key).Key.Thumbprint() == row.Challenge.JKT {
			if v.Code != "" {
				k.guesses(row, v.Code, key)
				continue
			}
			k.tokens, k.keys = append(k.tokens, k.finishRequest(row, token(v), key)), append(k.keys, key)
		}
	}
}

// guesses are what may be typed for a code: it, a wrong one, or at once as many wrong ones as end the change.
func (k *walker) guesses(row verify.Row, code string, key byte) {
	k.codes[row.Challenge.ID] = code
	for _, try := range []string{code, wrong(code, 0), code} {
		k.tokens, k.keys = append(k.tokens, k.codeRequest(row, try, key)), append(k.keys, key)
	}
	for n := range 6 * max(0, k.r.IntN(3)-1) {
		if _, err := k.guard.Finish(k.Context(), k.visitor(row.Conversation, key), k.codeRequest(row, wrong(code, n), key)); err == nil {
			k.Fatalf("finished %s with a wrong code", row.ID)
		}
	}
}

func (k *walker) finish() {
	req, ok := pick(k, k.tokens)
	if !ok {
		return
	}
	key := byte(1 + k.r.IntN(2))
	for i, r := range k.tokens {
		if r == req && k.r.IntN(4) != 0 {
			key = k.keys[i]
		}
	}
	row, err := k.guard.Finish(k.Context(), k.visitor(req.Conversation, key), req)
	if err == nil && k.codes[row.Challenge.ID] != req.Code {
		k.Fatalf("finished %s with the code %q", row.ID, req.Code)
	}
	if err == nil && req.Code != "" {
		k.typed++
	}
	if err == nil && k.r.IntN(2) == 0 {
		_, _ = k.guard.Release(k.Context(), row.ID)
	}
}

// check holds the invariants against every row.
func (k *walker) check(before map[string]verify.Row) {
	k.Helper()
	applied := 0
	for _, id := range k.ids {
		r := k.row(id)
		old, known := before[id]
		if known && old.State.Final() && (r.State != old.State || r.Version != old.Version) {
			k.Fatalf("invariant 11: %s left its end %s", id, old.State)
		}
		if known && old.Receipt != nil && (r.Receipt == nil || *r.Receipt != *old.Receipt) {
			k.Fatalf("invariant 4: %s has a second receipt", id)
		}
		before[id] = r
		if r.Receipt == nil {
			continue
		}
		ch, p := r.Challenge, r.Proof
		for _, b := range []verify.Burn{{Use: verify.BurnCommit, Key: ch.Commit}, {Use: verify.BurnFinish, Key: p.Finish}} {
			if _, err := k.led.Burned(k.Context(), b); err != nil {
				k.Fatalf("invariant 1: %s released without its %s burned", id, b.Use)
			}
		}
		if c := r.Cool; p.Level == verify.A1 && (c == nil || c.Second.ID != "su1" || r.Receipt.Exp*1000 < c.At+24*3600*1000) {
			k.Fatalf("invariant 13: %s was released without its full time and second approval: %+v", id, c)
		}
		if !k.honest[ch.ID] {
			k.Fatalf("invariant 7: %s released without an honest login for %s", id, ch.ID)
		}
		if chg, _ := r.Change.Digest(); chg != r.Chg || chg != ch.Chg {
			k.Fatalf("invariant 2: %s has three digests", id)
		}
		if at := authTime(k.T, p.Evidence); at < ch.T0-2 || at > p.ApprovedAt+5 {
			k.Fatalf("invariant 5: %s took a login outside its bounds", id)
		}
		if r.State == verify.Applied {
			applied++
		}
	}
	if n := k.backend.count(); n < applied {
		k.Fatalf("%d changes say applied, the accounts saw %d", applied, n)
	}
	if n := k.backend.count(); n > len(k.backend.table) {
		k.Fatalf("invariant 4: %d applications of %d commitments", n, len(k.backend.table))
	}
}
