package verifytest

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/postern-chat/postern/verify"
)

func slipOf(n int, until time.Time) verify.Slip {
	return verify.Slip{
		Use: verify.SlipLogin, Key: fmt.Sprint("cookie ", n), Change: "ch_1", Challenge: "cl_1", Source: "idp", Until: until,
	}
}

func slips(_ *testing.T, b *bench) {
	ctx, end := b.Context(), b.at.Add(time.Minute)
	burn := verify.Burn{Use: verify.BurnStart, Key: "start", Until: end}
	if err := b.st.Issue(ctx, slipOf(1, end), b.at, burn); err != nil {
		b.Fatal(err)
	}
	got, err := b.st.Slip(ctx, verify.SlipLogin, "cookie 1")
	if err != nil || !got.Until.Equal(end) || got.Change != "ch_1" || got.Challenge != "cl_1" || got.Source != "idp" || got.Key != "cookie 1" {
		b.Errorf("Slip = %+v, %v", got, err)
	}
	if err := b.st.Issue(ctx, slipOf(2, end), b.at, burn); verify.ReasonOf(err) != verify.StartUsed {
		b.Errorf("a second slip for one start token: %v", err)
	}
	for use, key := range map[string]string{verify.SlipLogin: "cookie 2", verify.SlipStart: "cookie 1"} {
		if _, err := b.st.Slip(ctx, use, key); verify.ReasonOf(err) != verify.NotFound {
			b.Errorf("%s %s: %v", use, key, err)
		}
	}
	state := verify.Burn{Use: verify.BurnState, Key: "cookie 1", Until: end}
	if err := b.st.Spend(ctx, state); err != nil {
		b.Error(err)
	}
	if err := b.st.Spend(ctx, state); verify.ReasonOf(err) != verify.StateInvalid {
		b.Errorf("a second callback: %v", err)
	}
	if _, err := b.st.Burned(ctx, state); err != nil {
		b.Error(err)
	}
	if err := b.st.Issue(ctx, slipOf(3, end.Add(time.Hour)), end.Add(time.Millisecond)); err != nil {
		b.Error(err)
	}
	if _, err := b.st.Slip(ctx, verify.SlipLogin, "cookie 1"); verify.ReasonOf(err) != verify.NotFound {
		b.Errorf("a slip whose time is over is still there: %v", err)
	}
}

func startRace(_ *testing.T, b *bench) {
	var won, used atomic.Int32
	var all sync.WaitGroup
	for n := range 64 {
		all.Go(func() {
			err := b.st.Issue(b.Context(), slipOf(n, b.at.Add(time.Minute)), b.at, verify.Burn{Use: verify.BurnStart, Key: "one", Until: b.at.Add(time.Minute)})
			switch {
			case err == nil:
				won.Add(1)
			case verify.ReasonOf(err) == verify.StartUsed:
				used.Add(1)
			default:
				b.Error(err)
			}
		})
	}
	all.Wait()
	if won.Load() != 1 || used.Load() != 63 {
		b.Errorf("%d won, %d were told start.used; want 1 and 63", won.Load(), used.Load())
	}
}

func guessRace(_ *testing.T, b *bench) {
	var won atomic.Int32
	var all sync.WaitGroup
	place := verify.Burn{Use: verify.BurnGuess, Key: "cl_1\n1", Value: "ch_1", Until: b.at.Add(time.Minute)}
	for range 64 {
		all.Go(func() {
			if err := b.st.Spend(b.Context(), place); err == nil {
				won.Add(1)
			} else if verify.ReasonOf(err) != verify.ChangeState {
				b.Error(err)
			}
		})
	}
	all.Wait()
	if won.Load() != 1 {
		b.Errorf("%d won, want one", won.Load())
	}
	place.Key = "cl_1\n2"
	if err := b.st.Spend(b.Context(), place); err != nil {
		b.Errorf("the next place: %v", err)
	}
}
