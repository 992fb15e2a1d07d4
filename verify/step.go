package verify

import (
	"context"
	"io"
	"strconv"
	"time"
)

// step moves the row on and returns it as stored.
func (g *Guard) step(ctx context.Context, m moment, r Row, to State, by Actor, why Reason, until time.Time, burns ...Burn) (Row, error) {
	return g.advance(ctx, r, stepOf(r, to, by, why, m.now, until, burns...))
}

func (g *Guard) advance(ctx context.Context, old Row, s Step) (Row, error) {
	if !s.From.May(s.To()) {
		return old, Refuse(ChangeState)
	}
	if err := g.Ledger.Advance(ctx, s); err != nil {
		return old, err
	}
	return s.Row, nil
}

func stepOf(r Row, to State, by Actor, why Reason, at, until time.Time, burns ...Burn) Step {
	s := Step{Row: r.clone(), From: r.State, FromVersion: r.Version, Actor: by, Reason: why, At: at, Burns: burns}
	s.Row.State, s.Row.Version, s.Row.Reason = to, r.Version+1, why
	s.Row.ChangedAt, s.Row.ExpiresAt = at.UnixMilli(), 0
	if !until.IsZero() {
		s.Row.ExpiresAt = until.UnixMilli()
	}
	return s
}

// refuse writes one leaf for a refusal that moved nothing (at most one per actor, reason and minute, so
// nobody can flood the log) and returns the refusal.
func (g *Guard) refuse(ctx context.Context, m moment, r Row, by Actor, why Reason) error {
	if err := g.note(ctx, m.now, r, by, why); err != nil {
		return err
	}
	return Refuse(why)
}

func (g *Guard) note(ctx context.Context, at time.Time, r Row, by Actor, why Reason) error {
	s := Step{Row: r, From: r.State, Actor: by, Reason: why, At: at}
	once := string(why) + "\n" + string(by.Role) + "\n" + by.ID + "\n" + r.Conversation + "\n" + strconv.FormatInt(at.Unix()/60, 10)
	return g.Ledger.Note(ctx, s.Leaf(), once)
}

// NoteUnauthentic leaves one leaf per source and minute for deliveries that were not believed; nothing
// else happens. Source: proof-gate.md §3.8.
func (g *Guard) NoteUnauthentic(ctx context.Context, source string, why Reason) error {
	m, err := g.begin(ctx)
	if err != nil {
		return err
	}
	return g.note(ctx, m.now, Row{Policy: m.hash}, Actor{Role: HostLogin, ID: source}, why)
}

// NotePolicy leaves a line about the policy with this hash. Errors: those of the ledger.
func (g *Guard) NotePolicy(ctx context.Context, by Actor, why Reason, hash string) error {
	if g == nil || g.Ledger == nil {
		return Refuse(GuardUnavailable)
	}
	now, err := g.Ledger.Now(ctx)
	if err != nil {
		return err
	}
	return g.Ledger.Note(ctx, Step{Row: Row{Policy: hash}, Actor: by, Reason: why, At: now}.Leaf(), "")
}

// NoteDevice leaves a line: the session of this actor was used from another device than the one it was opened on.
// Errors: those of the ledger.
func (g *Guard) NoteDevice(ctx context.Context, by Actor) error {
	return g.NotePolicy(ctx, by, SessionDevice, "")
}

// salt is 128 bits, b64url.
func (g *Guard) salt() (string, error) {
	var b [16]byte
	if _, err := io.ReadFull(g.Rand, b[:]); err != nil {
		return "", RefuseCause(GuardUnavailable, err)
	}
	return b64(b[:]), nil
}

// newID is a ULID with a prefix: 48 bits of milliseconds, 80 bits of randomness, Crockford base32.
func (g *Guard) newID(prefix string, now time.Time) (string, error) {
	var b [16]byte
	if _, err := io.ReadFull(g.Rand, b[6:]); err != nil {
		return "", RefuseCause(GuardUnavailable, err)
	}
	ms := uint64(now.UnixMilli())
	for i := range 6 {
		b[i] = byte(ms >> (40 - 8*i))
	}
	return prefix + crockford(b), nil
}

// crockford writes 128 bits as 26 digits, the first one holding 3 bits.
func crockford(b [16]byte) string {
	const digits = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
	var out [26]byte
	acc, bits, at := uint32(0), 2, 0 // two leading zero bits make 130 = 26 × 5
	for _, x := range b {
		acc, bits = acc<<8|uint32(x), bits+8
		for bits >= 5 {
			bits -= 5
			out[at] = digits[acc>>bits&31]
			at++
		}
	}
	return string(out[:])
}
