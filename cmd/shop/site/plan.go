package site

import (
	"context"
	"slices"

	"github.com/postern-chat/postern/verify"
)

// Offer is one of the two plans.
type Offer struct {
	Slug, Name, About string
	Teas, Cents       int
}

// Price is the price of a month in euros.
func (o Offer) Price() string { return euros(o.Cents) }

func offers() []Offer {
	return []Offer{
		{"basic", "Tea Post Basic", "Two teas a month, 40 g each, chosen by us from the season.", 2, 1400},
		{"plus", "Tea Post Plus", "Four teas a month, one of them never in the shop, and free delivery on everything else.", 4, 2400},
	}
}

func planBy(slug string) (Offer, bool) {
	all := offers()
	i := slices.IndexFunc(all, func(o Offer) bool { return o.Slug == slug })
	if i < 0 {
		return Offer{}, false
	}
	return all[i], true
}

func planName(slug string) string {
	if o, ok := planBy(slug); ok {
		return o.Name
	}
	return "None"
}

// renewalOff ends the renewal of exactly the plan that was named. receipt is "" when the customer did it here.
// Errors: change.state (no such plan, or off already).
func renewalOff(ctx context.Context, t queryer, customer, plan, receipt string, at int64) error {
	res, err := t.ExecContext(ctx, `
		UPDATE plans SET off_at = $3, receipt = $4
		WHERE customer = $1 AND plan = $2 AND off_at = 0`, customer, plan, at, receipt)
	if err != nil {
		return err
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return verify.RefuseCause(verify.ChangeState, err)
	}
	return countUp(ctx, t, customer)
}

// switchPlan moves to another plan from the next box on. Errors: change.state (no plan, the same one, or ending).
func switchPlan(ctx context.Context, t queryer, customer, plan string) error {
	res, err := t.ExecContext(ctx, "UPDATE plans SET plan = $2 WHERE customer = $1 AND plan <> $2 AND off_at = 0", customer, plan)
	if err != nil {
		return err
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return verify.RefuseCause(verify.ChangeState, err)
	}
	return countUp(ctx, t, customer)
}

// countUp notes that something of the account has changed.
func countUp(ctx context.Context, t queryer, customer string) error {
	return change(ctx, t, customer, "id", customer)
}

// resume turns the renewal on again. Errors: change.state (no plan, or not off).
func resume(ctx context.Context, t queryer, customer string) error {
	res, err := t.ExecContext(ctx, "UPDATE plans SET off_at = 0, receipt = '' WHERE customer = $1 AND off_at <> 0", customer)
	if err != nil {
		return err
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return verify.RefuseCause(verify.ChangeState, err)
	}
	return countUp(ctx, t, customer)
}
