package conformance

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"

	"github.com/postern-chat/postern/verify"
)

const racers = 64

// applied delivers an honest change and wants it applied: the accounts must change, once. It gives the answer.
func (x *try) applied(ctx context.Context, g *rogue) ([]byte, error) {
	before, err := x.o.State(ctx)
	if err != nil {
		return nil, fmt.Errorf("state: %w", err)
	}
	m, err := g.message()
	if err != nil {
		return nil, err
	}
	if err := x.deliver(ctx, m); err != nil {
		return nil, err
	}
	if x.last.status != 200 || result(x.last.body) != verify.ResultApplied {
		return nil, fmt.Errorf("answered %d %s to an honest change, must be 200 with result applied", x.last.status, x.last.code)
	}
	after, err := x.o.State(ctx)
	if err != nil {
		return nil, fmt.Errorf("state: %w", err)
	}
	if bytes.Equal(before, after) {
		return nil, errors.New("an honest change was answered as applied, and the dump of the accounts is the same: the state command does not show what is tested")
	}
	return x.last.body, nil
}

func result(body []byte) string {
	var out struct {
		Result string `json:"result"`
	}
	if json.Unmarshal(body, &out) != nil {
		return ""
	}
	return out.Result
}

// same delivers m and wants the stored answer.
func (x *try) same(ctx context.Context, m message, want []byte) error {
	r, err := x.post(ctx, m)
	if err == nil && (r.status != 200 || !bytes.Equal(bytes.TrimSpace(r.body), bytes.TrimSpace(want))) {
		err = fmt.Errorf("answered %d %s, must be the stored answer %s", r.status, r.body, want)
	}
	return err
}

func honestChange(ctx context.Context, x *try) error {
	g, err := x.honest(ctx)
	if err != nil {
		return err
	}
	_, err = x.applied(ctx, g)
	return err
}

// honestRSA is the same with the provider's other algorithm.
func honestRSA(ctx context.Context, x *try) error {
	g, err := x.honest(ctx)
	if err != nil {
		return err
	}
	if g.claims.Ev.JWT, err = g.idToken(nil, kidRSA, "RS256"); err != nil {
		return err
	}
	_, err = x.applied(ctx, g)
	return err
}

// smallerLog is a receipt whose log head is behind an earlier one's. The host alarms its people; the change is proven.
func smallerLog(ctx context.Context, x *try) error {
	g, err := x.honest(ctx)
	if err != nil {
		return err
	}
	g.claims.Log.Size, g.claims.Log.Leaf = 1, 0
	_, err = x.applied(ctx, g)
	return err
}

// deliveredOften is R02: twice, then by racers; and a race for a change that nobody has delivered before.
func deliveredOften(ctx context.Context, x *try) error {
	g, err := x.honest(ctx)
	if err != nil {
		return err
	}
	first, err := x.applied(ctx, g)
	if err != nil {
		return err
	}
	m, err := g.message()
	if err != nil {
		return err
	}
	return x.unchanged(ctx, func() error {
		if err := x.same(ctx, m, first); err != nil {
			return err
		}
		return x.race(func() error { return x.same(ctx, m, first) })
	})
}

// racedFirst lets racers deliver a change for the first time: all get one answer, and one more changes nothing.
func racedFirst(ctx context.Context, x *try) error {
	g, err := x.honest(ctx)
	if err != nil {
		return err
	}
	m, err := g.message()
	if err != nil {
		return err
	}
	var mu sync.Mutex
	answers := map[string]int{}
	err = x.race(func() error {
		r, err := x.post(ctx, m)
		mu.Lock()
		answers[fmt.Sprintf("%d %s", r.status, bytes.TrimSpace(r.body))]++
		mu.Unlock()
		return err
	})
	if err != nil {
		return err
	}
	if len(answers) != 1 {
		return fmt.Errorf("%d racers got %d different answers: %v", racers, len(answers), answers)
	}
	return x.unchanged(ctx, func() error {
		if err := x.deliver(ctx, m); err != nil {
			return err
		}
		if x.last.status != 200 || result(x.last.body) != verify.ResultApplied {
			return fmt.Errorf("after the race it answered %d %s", x.last.status, x.last.body)
		}
		return nil
	})
}

func (x *try) race(f func() error) error {
	errs := make([]error, racers)
	var all sync.WaitGroup
	for i := range errs {
		all.Go(func() { errs[i] = f() })
	}
	all.Wait()
	for _, err := range errs { // the first one says it
		if err != nil {
			return err
		}
	}
	return nil
}

// newReceipt is R03: the proof of an applied change cannot be used again.
func newReceipt(ctx context.Context, x *try) error {
	g, err := x.honest(ctx)
	if err != nil {
		return err
	}
	first, err := x.applied(ctx, g)
	if err != nil {
		return err
	}
	g.claims.JTI += "-again"
	again, err := g.message()
	if err != nil {
		return err
	}
	if err := x.unchanged(ctx, func() error { return x.same(ctx, again, first) }); err != nil {
		return err
	}
	g.change = x.another()
	other, err := g.message()
	if err != nil {
		return err
	}
	codes := []string{"receipt.already_used", "receipt.change_mismatch", "receipt.commit"}
	if x.o.Profile == Witness {
		codes = append(codes, "evidence.witness")
	}
	return x.unchanged(ctx, func() error { return x.refused(ctx, other, codes) })
}

// settled asks what became of a change: unknown before, the stored answer after.
func settled(ctx context.Context, x *try) error {
	g, err := x.honest(ctx)
	if err != nil {
		return err
	}
	ask := message{"type": "change.settle", "challenge": g.claims.Challenge, "commit": g.claims.Commit}
	if err := x.unchanged(ctx, func() error { return x.deliver(ctx, ask) }); err != nil {
		return err
	}
	if x.last.status != 200 || result(x.last.body) != verify.ResultUnknown {
		return fmt.Errorf("settle before any delivery: %d %s, must be 200 with result unknown", x.last.status, x.last.body)
	}
	first, err := x.applied(ctx, g)
	if err != nil {
		return err
	}
	return x.unchanged(ctx, func() error { return x.same(ctx, ask, first) })
}

// unknownType is a message that this backend need not know.
func unknownType(ctx context.Context, x *try) error {
	return x.unchanged(ctx, func() error {
		if err := x.deliver(ctx, message{"type": "conformance.unknown"}); err != nil {
			return err
		}
		if x.last.status != 204 {
			return fmt.Errorf("answered %d to an unknown type, must be 204", x.last.status)
		}
		return nil
	})
}

// denied presses Deny on the host's page: no witness may come of it.
func denied(ctx context.Context, x *try) error {
	return x.unchanged(ctx, func() error {
		g, err := x.prepare()
		if err != nil {
			return err
		}
		if err := g.seal(); err != nil {
			return err
		}
		e, err := g.press(ctx, "deny")
		if err == nil && (e.Type != verify.LoginDenied || e.Witness != "") {
			err = fmt.Errorf("the host sent %q with a witness of %d bytes after Deny", e.Type, len(e.Witness))
		}
		return err
	})
}
