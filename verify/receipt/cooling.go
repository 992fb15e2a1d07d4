package receipt

import (
	"cmp"
	"context"
	"time"

	"github.com/postern-chat/postern/verify"
)

// Pending is a change that was announced and waits, as the backend keeps it under its commitment.
type Pending struct {
	Chg, Sub, SubIss string
	Level            verify.Level // as computed when it was announced
	At               time.Time    // own clock, when it was announced
	NotBefore        time.Time    // At and the own cooling of the kind
	Cancelled        bool         // by the owner: for good
}

// keptPending is how long after its time a pending change may still be asked for.
const keptPending = 72 * time.Hour

// Cooling is the table of announced changes, inside the caller's transaction. Its rows are kept at least until the
// commitment can be asked for no more.
type Cooling interface {
	// Pending returns what is stored under commit; found is false if there is nothing.
	Pending(ctx context.Context, commit string) (p Pending, found bool, err error)
	// Announce stores a row. The commit is unique; the caller has looked before.
	Announce(ctx context.Context, commit string, p Pending) error
}

// Announce takes an announcement: steps 1 to 9 with the cooled minimum, then the row. It applies nothing. cooling
// is how long a change of this kind waits here, 0 = 24 h. fresh says that the owner must be told now, at the contact
// point that the account has now; the same announcement again gets the same row.
//
// Errors: those of Check; receipt.already_used (same commit, other change, or it was applied), receipt.cooling
// (cancelled).
func (c Checker) Announce(ctx context.Context, t Cooling, b Burned, m Message, cooling time.Duration, now time.Time) (p Pending, fresh bool, err error) {
	if cooling <= 0 {
		cooling = verify.CoolingDefault
	}
	proven, err := c.check(m, verify.UseAnnounce, c.Cooled, now)
	if err != nil {
		return p, false, err
	}
	if _, _, used, err := b.Find(ctx, proven.Commit); err != nil || used {
		return p, false, cmp.Or[error](err, verify.Refuse(verify.ReceiptAlreadyUsed))
	}
	p, found, err := t.Pending(ctx, proven.Commit)
	switch {
	case err != nil:
		return p, false, err
	case found && !verify.Equal(p.Chg, proven.Chg):
		return p, false, verify.Refuse(verify.ReceiptAlreadyUsed)
	case found && p.Cancelled:
		return p, false, verify.Refuse(verify.ReceiptCooling)
	case found:
		return p, false, nil
	}
	p = Pending{Chg: proven.Chg, Sub: proven.Sub, SubIss: proven.SubIss, Level: proven.Level, At: now, NotBefore: now.Add(cooling)}
	return p, true, t.Announce(ctx, proven.Commit, p)
}

// CheckPending is Check for a backend whose kinds may cool. A commitment that was announced goes by its row, and
// steps 5 to 7 by it alone: the same change and account, not cancelled, and the own time over, whatever the receipt
// says and however good its evidence. So the gateway cannot shorten the time, and a provider's key that was rotated
// meanwhile does no harm. What was never announced goes through Check.
//
// Errors: those of Check; receipt.cooling (too early, or cancelled), receipt.expired (three days past its time).
func (c Checker) CheckPending(ctx context.Context, t Cooling, m Message, now time.Time) (Proven, error) {
	r, p, err := c.open(m, verify.UseApply, now)
	if err != nil {
		return Proven{}, err
	}
	wait, found, err := t.Pending(ctx, p.Commit)
	if err != nil {
		return Proven{}, err
	}
	if !found {
		return c.Check(m, now)
	}
	p.Level = wait.Level
	return p, c.waited(m, r, p, wait, now)
}

func (c Checker) waited(m Message, r verify.Claims, p Proven, wait Pending, now time.Time) error {
	switch {
	case !verify.Equal(p.Chg, wait.Chg):
		return verify.Refuse(verify.ReceiptChangeMismatch)
	case wait.Cancelled || now.Before(wait.NotBefore):
		return verify.Refuse(verify.ReceiptCooling)
	case now.After(wait.NotBefore.Add(keptPending)):
		return verify.Refuse(verify.ReceiptExpired)
	case p.Sub != wait.Sub || p.SubIss != wait.SubIss || m.Sub != "" && m.Sub != p.Sub, c.Linked == nil || c.Linked(p.SubIss, p.Sub) != nil:
		return verify.Refuse(verify.EvidenceSubjectMismatch)
	case c.Cooled == nil || !wait.Level.AtLeast(c.Cooled(r.Kind)) || !wait.Level.AtLeast(r.Level):
		return verify.Refuse(verify.ReceiptLevel)
	}
	return nil
}
