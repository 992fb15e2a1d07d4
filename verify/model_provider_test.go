package verify_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/postern-chat/postern/verify"
)

// authTime is when the login of some evidence was.
func authTime(t *testing.T, e verify.Evidence) int64 {
	t.Helper()
	if e.Kind != verify.EvidenceIDToken {
		return e.AuthTime
	}
	claims := jwt.MapClaims{}
	if _, _, err := jwt.NewParser().ParseUnverified(e.JWT, claims); err != nil {
		t.Fatal(err)
	}
	at, _ := claims["auth_time"].(float64)
	return int64(at)
}

// visitorAtIDP takes random steps of the OIDC way: links and cookies of all ages, logins honest and bent, presses.
type visitorAtIDP struct {
	*walker
	idp     *login2
	starts  []string
	logins  []verify.Started
	genuine map[string]bool // challenge → an unbent login matched it
}

// The invariants of TestModelWalk hold on the other way too. Approval is a press of its own here.
func TestModelWalkProvider(t *testing.T) {
	reached := map[verify.State]int{}
	for seed := range uint64(12) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			w, p := newStepUp(t)
			k := &visitorAtIDP{walker: &walker{world: w, r: rand.New(rand.NewPCG(seed, 2)), honest: map[string]bool{}}, idp: p, genuine: map[string]bool{}}
			before := map[string]verify.Row{}
			for range 500 {
				k.move()
				k.check(before)
			}
			k.wantClean()
			for _, id := range k.ids {
				reached[k.row(id).State]++
			}
		})
	}
	for _, s := range []verify.State{verify.Applied, verify.Expired, verify.Denied, verify.Failed, verify.Withdrawn} {
		if reached[s] == 0 {
			t.Errorf("no walk ended in %s: the walk is too tame", s)
		}
	}
	t.Logf("ends: %v", reached)
}

func (k *visitorAtIDP) move() {
	ctx, g := k.Context(), k.guard
	id, some := pick(k.walker, k.ids)
	switch k.r.IntN(20) {
	case 0:
		if k.r.IntN(2) == 0 {
			return
		}
		cv := []string{cv1, cv2}[k.r.IntN(2)]
		if row, err := g.Draft(ctx, k.agent(), cv, []byte(cancelPlus)); err == nil {
			k.ids = append(k.ids, row.ID)
			_, _ = g.Offer(ctx, k.agent(), row.ID)
		}
	case 1, 2, 3, 4:
		if some {
			row := k.row(id)
			o, err := g.Open(ctx, k.visitor(row.Conversation, 1+byte(k.r.IntN(2))), verify.OpenRequest{Change: id, Over: k.r.IntN(4) == 0})
			if err == nil {
				k.starts = append(k.starts, startToken(k.T, o))
			}
		}
	case 5, 6, 7:
		if token, ok := pick(k.walker, k.starts); ok {
			if s, err := g.Start(ctx, token); err == nil {
				k.logins = append(k.logins, s)
			}
		}
	case 8, 9, 10:
		k.comeBack()
	case 11, 12, 13:
		k.press()
	case 14, 15:
		k.finish()
	case 16:
		if some {
			_, _ = g.Release(ctx, id)
		}
	case 17:
		if some {
			_, _ = g.Settle(ctx, id)
			k.backend.lost = k.r.IntN(3) == 0
		}
	case 18:
		k.after(time.Duration(k.r.IntN(90)) * time.Second)
		_, _ = g.SweepExpired(ctx, 5)
	case 19:
		if some && k.r.IntN(4) == 0 {
			_, _ = g.Withdraw(ctx, k.agent(), id)
		}
	}
}

// comeBack ends a login: honest, or with one claim bent, or with the state of another browser.
func (k *visitorAtIDP) comeBack() {
	s, ok := pick(k.walker, k.logins)
	if !ok {
		return
	}
	a := verify.LoginAnswer{State: stateOf(k.T, s), Code: "c"}
	bends := []func(c jwt.MapClaims){
		func(c jwt.MapClaims) { c["auth_time"] = c["auth_time"].(int64) - 3600 },
		func(c jwt.MapClaims) { delete(c, "auth_time") },
		func(c jwt.MapClaims) { c["nonce"] = "n" },
		func(c jwt.MapClaims) { c["aud"] = "other" },
		func(c jwt.MapClaims) { c["exp"] = c["iat"] },
	}
	k.idp.bend = nil
	switch i := k.r.IntN(12); {
	case i < len(bends):
		k.idp.bend = bends[i]
	case i == len(bends):
		other, _ := pick(k.walker, k.logins)
		a.State = stateOf(k.T, other)
	}
	v, err := k.guard.Return(k.Context(), s.Cookie, a)
	if err == nil && v.To == verify.Matched && k.idp.bend == nil {
		k.genuine[v.Challenge] = true
	}
}

// press is one press on the confirm page of some login, old or new.
func (k *visitorAtIDP) press() {
	s, ok := pick(k.walker, k.logins)
	if !ok {
		return
	}
	choice := []string{verify.PressApprove, verify.PressApprove, verify.PressApprove, verify.PressDeny, verify.PressDisown}[k.r.IntN(5)]
	if choice == verify.PressDisown && k.r.IntN(4) != 0 {
		return
	}
	v, err := k.guard.Press(k.Context(), s.Cookie, choice)
	if err != nil || v.To != verify.Matched {
		return
	}
	if k.genuine[v.Challenge] {
		k.honest[v.Challenge] = true
	}
	row := k.row(v.Change)
	for key := byte(1); key <= 2; key++ {
		if k.visitor(row.Conversation, key).Key.Thumbprint() == row.Challenge.JKT {
			k.tokens, k.keys = append(k.tokens, k.finishRequest(row, token(v), key)), append(k.keys, key)
		}
	}
}
