package sqlstore

import (
	"context"
	"slices"

	"github.com/postern-chat/postern/gateway"
	"github.com/postern-chat/postern/verify"
)

const qOfSubject = `SELECT DISTINCT conversation FROM changes WHERE host = $1 AND subject = $2 AND state IN
('challenged','matched','proven','cooling') ORDER BY conversation`

// Kill implements verify.Ledger. The burn comes first: no other transaction takes this key, so of racing repetitions
// one goes on and the others wait for it with no lock in their hands. Then the conversations, in order of id.
func (l *Ledger) Kill(ctx context.Context, k verify.Kill) ([]verify.Row, error) {
	var ended []verify.Row
	_, err := l.s.change(ctx, "end the changes of a subject", k.At, func(x *tx) error {
		ended = nil // of a try that lost a race of locks
		if err := x.spend([]verify.Burn{k.Once}); err != nil {
			return err
		}
		talks, err := x.texts(qOfSubject, k.Host, k.Subject)
		if err != nil {
			return err
		}
		seen, err := x.texts(qWindowsOf, k.Host, k.Subject)
		if err != nil {
			return err
		}
		talks = append(talks, seen...)
		slices.Sort(talks) // by bytes, whatever the database's collation
		talks = slices.Compact(talks)
		var locked []gateway.Conversation
		for _, id := range talks {
			c, err := x.place(gateway.ID(id))
			if err != nil {
				return err
			}
			locked = append(locked, c)
		}
		for _, c := range locked {
			some, err := x.kill(c, k)
			if err != nil {
				return err
			}
			ended = append(ended, some...)
		}
		return nil
	})
	if err != nil {
		return nil, ledgerError(err)
	}
	return ended, nil
}

// kill ends what the kill is about in one locked conversation, as its rows are now.
func (x *tx) kill(c gateway.Conversation, k verify.Kill) ([]verify.Row, error) {
	rows, err := x.QueryContext(x.ctx, qLiveChanges, string(c.ID))
	if err != nil {
		return nil, err
	}
	changes, err := collect(rows, scanChange)
	if err != nil {
		return nil, err
	}
	var ended []verify.Row
	for _, s := range k.Steps(changes) {
		if err := x.advance(c, s); err != nil {
			return nil, err
		}
		ended = append(ended, s.Row)
	}
	change, err := x.shutIf(c.ID, "kill", qDropOf, k.Host, k.Subject)
	if err != nil || change == "" {
		return ended, err
	}
	row, err := scanChange(x.row(qChange, change))
	return append(ended, row), err
}

func (x *tx) texts(query string, args ...any) ([]string, error) {
	rows, err := x.QueryContext(x.ctx, query, args...)
	if err != nil {
		return nil, err
	}
	return collect(rows, scanText)
}
