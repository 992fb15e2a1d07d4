package sqlstore

import (
	"context"
	"time"

	"github.com/postern-chat/postern/verify"
)

const (
	qSlip       = `SELECT use, key, change, challenge, source, until FROM slips WHERE use = $1 AND key = $2`
	qInsertSlip = `INSERT INTO slips (use, key, change, challenge, source, until) VALUES ($1,$2,$3,$4,$5,$6)`
	qDropSlips  = `DELETE FROM slips WHERE until < $1`
)

// Issue implements verify.Ledger.
func (l *Ledger) Issue(ctx context.Context, s verify.Slip, now time.Time, burns ...verify.Burn) error {
	_, err := l.s.change(ctx, "issue a slip", now, func(x *tx) error {
		if err := x.spend(burns); err != nil {
			return err
		}
		if _, err := x.exec(qDropSlips, ms(now)); err != nil {
			return err
		}
		return x.must(qInsertSlip, s.Use, s.Key, s.Change, s.Challenge, s.Source, ms(s.Until))
	})
	return ledgerError(err)
}

// Spend implements verify.Ledger.
func (l *Ledger) Spend(ctx context.Context, b verify.Burn) error {
	_, err := l.s.change(ctx, "spend a burn", time.Time{}, func(x *tx) error { return x.spend([]verify.Burn{b}) })
	return ledgerError(err)
}

// spend carries out burns. Errors: Burn.Taken of the first that exists.
func (x *tx) spend(burns []verify.Burn) error {
	for _, b := range burns {
		if fresh, err := x.burn(b); err != nil || !fresh {
			return firstOf(err, b.Taken())
		}
	}
	return nil
}

// Slip implements verify.Ledger.
func (l *Ledger) Slip(ctx context.Context, use, key string) (verify.Slip, error) {
	s, err := one(ctx, l.s, func(r scanner) (s verify.Slip, err error) {
		var until int64
		err = r.Scan(&s.Use, &s.Key, &s.Change, &s.Challenge, &s.Source, &until)
		s.Until = at(until)
		return s, missing(err)
	}, qSlip, use, key)
	return s, ledgerError(err)
}
