package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/postern-chat/postern/gateway"
	"github.com/postern-chat/postern/verify"
)

const (
	qPutWindow = `INSERT INTO windows (conversation, change, host, subject, reader, until, sealed)
VALUES ($1,$2,$3,$4,$5,$6,$7) ON CONFLICT (conversation) DO UPDATE SET change = excluded.change, host = excluded.host,
subject = excluded.subject, reader = excluded.reader, until = excluded.until, sealed = excluded.sealed`
	qWindow     = `SELECT change, conversation, host, subject, until, sealed FROM windows WHERE conversation = $1`
	qReader     = `SELECT change, reader FROM windows WHERE conversation = $1`
	qSetReader  = `UPDATE windows SET reader = $2 WHERE conversation = $1`
	qDropWindow = `DELETE FROM windows WHERE conversation = $1`
	qOverdue    = `SELECT conversation FROM windows WHERE until <= $1 ORDER BY conversation LIMIT 100`
	qDropOver   = `DELETE FROM windows WHERE conversation = $1 AND until <= $2 RETURNING change`
	qWindowsOf  = `SELECT conversation FROM windows WHERE host = $1 AND subject = $2 ORDER BY conversation`
	qDropOf     = `DELETE FROM windows WHERE conversation = $1 AND host = $2 AND subject = $3 RETURNING change`
)

func scanWindow(r scanner) (verify.Window, error) {
	var w verify.Window
	err := r.Scan(&w.Change, &w.Conversation, &w.Host, &w.Subject, &w.Until, &w.Sealed)
	return w, missing(err)
}

// openWindow keeps what a step to applied has brought, for the present assignee of the locked conversation. One that
// has ended or was frozen meanwhile gets none.
func (x *tx) openWindow(c gateway.Conversation, w *verify.Window) error {
	if w == nil || !live(c) || c.Frozen {
		return nil
	}
	err := x.must(qPutWindow, string(c.ID), w.Change, w.Host, w.Subject, string(c.Assignee), w.Until, w.Sealed)
	if err != nil {
		return err
	}
	if err := x.emit(c.ID.Staff(), gateway.System(), gateway.WindowOpened{Change: w.Change, Until: w.Until}); err != nil {
		return err
	}
	return x.enqueue(gateway.Job{ID: "window:" + w.Change, Kind: gateway.JobWindow, Due: at(w.Until)})
}

// keepWindow makes the window of a locked conversation follow what was just saved of it: it is shut once the
// conversation has ended, become a ticket or been frozen, and the former reader loses it once it is handed on.
func (x *tx) keepWindow(c gateway.Conversation) error {
	var change, reader string
	err := x.row(qReader, string(c.ID)).Scan(&change, &reader)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	if !live(c) || c.Frozen {
		if err := x.must(qDropWindow, string(c.ID)); err != nil {
			return err
		}
		return x.shut(c.ID, change, "ended")
	}
	if reader == string(c.Assignee) {
		return nil
	}
	if err := x.must(qSetReader, string(c.ID), string(c.Assignee)); err != nil {
		return err
	}
	moved := gateway.WindowMoved{Change: change, Agent: c.Assignee}
	if reader != "" { // he may not be let into the conversation's own topics any more
		if err := x.emitAbout(reader, c.ID, gateway.System(), moved); err != nil {
			return err
		}
	}
	return x.emit(c.ID.Staff(), gateway.System(), moved)
}

// shut tells open consoles to take the facts off the screen.
func (x *tx) shut(cv gateway.ID, change, why string) error {
	return x.emit(cv.Staff(), gateway.System(), gateway.WindowClosed{Change: change, Why: why})
}

// shutIf deletes a window by a query that names it, and tells of it; "" = it was not there any more.
func (x *tx) shutIf(cv gateway.ID, why, query string, args ...any) (change string, err error) {
	err = x.row(query, append([]any{string(cv)}, args...)...).Scan(&change)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	return change, x.shut(cv, change, why)
}

// ReadWindow implements verify.Ledger. A spent budget is kept although the look is refused.
func (l *Ledger) ReadWindow(ctx context.Context, r verify.Reading) (verify.Window, error) {
	var w verify.Window
	var refused *verify.Error
	_, err := l.s.change(ctx, "look into a window", r.At, func(x *tx) (err error) {
		refused = nil
		c, err := x.lock(gateway.ID(r.Conversation))
		if err != nil {
			return verify.RefuseCause(verify.ContextLocked, err)
		}
		w, err = scanWindow(x.row(qWindow, r.Conversation))
		switch {
		case gateway.CodeOf(err) == "not_found", err == nil && !mayLook(c, w, r):
			return verify.RefuseCause(verify.ContextLocked, err)
		case err != nil:
			return err
		}
		over, err := x.spends(r, w)
		if err != nil {
			return err
		}
		if over {
			refused = verify.Refuse(verify.ReadBudget)
			return x.refuseRead(r)
		}
		if _, err := x.exec(qForget, r.By.ID, ms(r.Since)); err != nil {
			return err
		}
		if _, err := x.exec(qLook, r.By.ID, w.Change, ms(r.At)); err != nil {
			return err
		}
		return x.noted(r.Leaf(w), r.At)
	})
	if err == nil && refused != nil {
		err = refused
	}
	if err != nil {
		return verify.Window{}, ledgerError(err)
	}
	return w, nil
}

// mayLook reports whether it is the assigned agent who looks, in time.
func mayLook(c gateway.Conversation, w verify.Window, r verify.Reading) bool {
	return live(c) && !c.Frozen && c.Assignee != "" && string(c.Assignee) == r.By.ID && ms(r.At) < w.Until
}

const (
	qLook   = `INSERT INTO window_reads (agent, change, at) VALUES ($1,$2,$3) ON CONFLICT (agent, change) DO NOTHING`
	qForget = `DELETE FROM window_reads WHERE agent = $1 AND at <= $2` // a window lives shorter than the budget's hour
	qLooked = `SELECT COUNT(*) FROM window_reads WHERE agent = $1 AND change = $2`
	qLooks  = `SELECT COUNT(*) FROM window_reads WHERE agent = $1 AND at > $2`
	qBudget = `SELECT spent_at, freed_at FROM read_budgets WHERE agent = $1`
	qNewOne = `INSERT INTO read_budgets (agent, spent_at, freed_at) VALUES ($1,0,0) ON CONFLICT (agent) DO NOTHING`
	qSpend  = `UPDATE read_budgets SET spent_at = $2 WHERE agent = $1 AND spent_at = 0`
	qFree   = `UPDATE read_budgets SET spent_at = 0, freed_at = $2 WHERE agent = $1 AND spent_at > 0`
	qSpent  = `SELECT agent, spent_at FROM read_budgets WHERE spent_at > 0 ORDER BY spent_at, agent`
)

// spends reports whether this look would be one too many. It holds the agent's budget until the end, so that two
// looks at once are counted one after the other.
func (x *tx) spends(r verify.Reading, w verify.Window) (bool, error) {
	if _, err := x.exec(qNewOne, r.By.ID); err != nil {
		return false, err
	}
	var spent, freed int64
	if err := x.row(qBudget+x.s.d.lock, r.By.ID).Scan(&spent, &freed); err != nil || spent > 0 {
		return spent > 0, err
	}
	var n int
	if err := x.row(qLooked, r.By.ID, w.Change).Scan(&n); err != nil || n > 0 {
		return false, err
	}
	err := x.row(qLooks, r.By.ID, max(ms(r.Since), freed)).Scan(&n)
	return n >= r.Max, err
}

// refuseRead keeps that the budget is spent, and tells the supervisors once.
func (x *tx) refuseRead(r verify.Reading) error {
	n, err := x.exec(qSpend, r.By.ID, ms(r.At))
	if err != nil || n == 0 {
		return err
	}
	if err := x.settingChanged(gateway.System(), "reads", gateway.ID(r.By.ID), 0); err != nil {
		return err
	}
	return x.noted(r.Refusal(), r.At)
}

// noted appends a line that must not be later than the clock says.
func (x *tx) noted(l verify.Leaf, when time.Time) error {
	if err := x.flush(); err != nil {
		return err
	}
	var high int64
	if err := x.row(qHigh + x.s.d.lock).Scan(&high); err != nil {
		return err
	}
	if ms(when) < high-behind {
		return verify.Refuse(verify.ClockJump)
	}
	return x.leaf(l, when, "")
}

// FreeReads implements verify.Ledger.
func (l *Ledger) FreeReads(ctx context.Context, f verify.Freeing) error {
	_, err := l.s.change(ctx, "free an agent's budget", f.At, func(x *tx) error {
		if err := x.must(qFree, f.Agent, ms(f.At)); err != nil {
			return err
		}
		by := gateway.Actor{Role: gateway.Role(f.By.Role), ID: gateway.ID(f.By.ID)}
		if err := x.settingChanged(by, "reads", gateway.ID(f.Agent), 0); err != nil {
			return err
		}
		return x.noted(f.Leaf(), f.At)
	})
	return ledgerError(err)
}

// SpentReads implements verify.Ledger.
func (l *Ledger) SpentReads(ctx context.Context) ([]verify.Spent, error) {
	list, err := all(ctx, l.s, func(r scanner) (s verify.Spent, err error) {
		var when int64
		err = r.Scan(&s.Agent, &when)
		s.At = at(when)
		return s, err
	}, qSpent)
	return list, ledgerError(err)
}

// ShutWindows implements verify.Ledger.
func (l *Ledger) ShutWindows(ctx context.Context, now time.Time) ([]string, error) {
	due, err := all(ctx, l.s, scanText, qOverdue, ms(now))
	if err != nil {
		return nil, ledgerError(err)
	}
	var shut []string
	for _, cv := range due {
		_, err := l.s.change(ctx, "shut a window", now, func(x *tx) error {
			if _, err := x.lock(gateway.ID(cv)); err != nil {
				return err
			}
			_, err := x.shutIf(gateway.ID(cv), "over", qDropOver, ms(now))
			return err
		})
		if err != nil {
			return shut, ledgerError(err)
		}
		shut = append(shut, cv)
	}
	return shut, nil
}
