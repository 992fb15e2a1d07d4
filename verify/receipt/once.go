package receipt

import (
	"context"

	"github.com/postern-chat/postern/verify"
)

// Burned is the table of commitments that were applied, inside the caller's transaction. Its rows are
// commit (unique), chg and answer; they are kept for at least the life of the account.
type Burned interface {
	// Find returns what is stored under commit; found is false if there is nothing.
	Find(ctx context.Context, commit string) (chg string, answer []byte, found bool, err error)
	// Insert stores a row. fresh is false, and nothing is stored, if the commit is there already
	// (INSERT … ON CONFLICT DO NOTHING and a row count).
	Insert(ctx context.Context, commit, chg string, answer []byte) (fresh bool, err error)
}

// Lookup answers a delivery that was applied before: the same commit and change get the stored answer.
// The digest is computed from the message, so nothing about the first delivery has to be believed.
// Errors: receipt.already_used (same commit, other change), those of the table.
func Lookup(ctx context.Context, t Burned, m Message) (answer []byte, found bool, err error) {
	chg, answer, found, err := t.Find(ctx, m.Commit)
	if err != nil || !found || m.Commit == "" {
		return nil, false, err
	}
	mine, err := m.Change.Digest()
	if err != nil || !verify.Equal(mine, chg) {
		return nil, false, verify.Refuse(verify.ReceiptAlreadyUsed)
	}
	return answer, true, nil
}

// Once is step 10: in the caller's transaction it burns the commitment and then applies. Of many racers one
// applies; the others get the stored answer. If apply fails, its error must roll the transaction back, burn
// and all. answer must be known before: it is what each repetition is told.
// Errors: receipt.already_used, those of apply and of the table.
func Once(ctx context.Context, t Burned, p Proven, answer []byte, apply func() error) ([]byte, error) {
	fresh, err := t.Insert(ctx, p.Commit, p.Chg, answer)
	if err != nil {
		return nil, err
	}
	if fresh {
		return answer, apply()
	}
	chg, stored, found, err := t.Find(ctx, p.Commit)
	switch {
	case err != nil:
		return nil, err
	case !found || !verify.Equal(chg, p.Chg):
		return nil, verify.Refuse(verify.ReceiptAlreadyUsed)
	}
	return stored, nil
}
