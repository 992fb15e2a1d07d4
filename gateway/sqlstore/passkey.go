package sqlstore

import (
	"context"
	"encoding/base64"
	"time"

	"github.com/postern-chat/postern/gateway"
	"github.com/postern-chat/postern/verify"
)

const (
	qPasskeys = `SELECT id, agent, name, credential, public_key, flags, sign_count, created_at, used_at FROM passkeys
WHERE agent = $1 ORDER BY created_at, id`
	qPasskeyCount  = `SELECT COUNT(*) FROM passkeys WHERE agent = $1`
	qInsertPasskey = `INSERT INTO passkeys (id, agent, name, credential, public_key, flags, sign_count, created_at, used_at)
VALUES ($1,$2,$3,$4,$5,$6,$7,$8,0) ON CONFLICT DO NOTHING`
	// A counter that stands still or goes back is a copy's; one that is always 0 counts nothing.
	qUsePasskey = `UPDATE passkeys SET sign_count = $3, flags = $4, used_at = $5
WHERE id = $1 AND agent = $2 AND (sign_count < $3 OR (sign_count = 0 AND CAST($3 AS BIGINT) = 0))`
	qDropPasskey = `DELETE FROM passkeys WHERE id = $1 AND agent = $2`
	qCeremony    = `SELECT session, purpose, challenge, until FROM passkey_challenges
WHERE session = $1 AND purpose = $2 AND until > $3`
	qBeginCeremony = `INSERT INTO passkey_challenges (session, purpose, challenge, until) VALUES ($1,$2,$3,$4)
ON CONFLICT (session, purpose) DO UPDATE SET challenge = excluded.challenge, until = excluded.until`
	qBurnCeremony   = `DELETE FROM passkey_challenges WHERE session = $1 AND purpose = $2 AND challenge = $3 AND until > $4`
	qDropCeremonies = `DELETE FROM passkey_challenges WHERE until <= $1`
	qStepUp         = `UPDATE sessions SET stepped_at = $3, stepped_on = $4 WHERE hash = $1 AND agent = $2`
	qTellDevice     = `UPDATE sessions SET told_of = $2 WHERE hash = $1 AND told_of <> $2`
	qSessionAgent   = `SELECT agent FROM sessions WHERE hash = $1`
	qStrange        = `SELECT COUNT(*) FROM sessions WHERE told_of <> '' AND until > $1`
)

func scanPasskey(r scanner) (gateway.Passkey, error) {
	var p gateway.Passkey
	var credential, key string
	var flags, count, made, used int64
	if err := r.Scan(&p.ID, &p.Agent, &p.Name, &credential, &key, &flags, &count, &made, &used); err != nil {
		return p, err
	}
	p.Flags, p.SignCount, p.CreatedAt = byte(flags), uint32(count), at(made)
	if used > 0 {
		p.UsedAt = at(used)
	}
	var err error
	if p.Credential, err = base64.RawURLEncoding.DecodeString(credential); err == nil {
		p.PublicKey, err = base64.RawURLEncoding.DecodeString(key)
	}
	return p, err
}

func scanCeremony(r scanner) (gateway.Ceremony, error) {
	var c gateway.Ceremony
	var until int64
	err := r.Scan(&c.Session, &c.Purpose, &c.Challenge, &until)
	c.Until = at(until)
	return c, err
}

// Passkeys implements gateway.PasskeyStore.
func (s *Store) Passkeys(ctx context.Context, agent gateway.ID) ([]gateway.Passkey, error) {
	return all(ctx, s, scanPasskey, qPasskeys, string(agent))
}

// BeginCeremony implements gateway.PasskeyStore.
func (s *Store) BeginCeremony(ctx context.Context, c gateway.Ceremony, now time.Time) error {
	_, err := s.change(ctx, "begin a ceremony", now, func(x *tx) error {
		if _, err := x.exec(qDropCeremonies, ms(now)); err != nil {
			return err
		}
		return x.must(qBeginCeremony, c.Session, c.Purpose, c.Challenge, ms(c.Until))
	})
	return err
}

// Ceremony implements gateway.PasskeyStore. Errors: not_found.
func (s *Store) Ceremony(ctx context.Context, session, purpose string, now time.Time) (gateway.Ceremony, error) {
	return one(ctx, s, scanCeremony, qCeremony, session, purpose, ms(now))
}

// burnCeremony lets a challenge be answered once. Errors: gone.
func (x *tx) burnCeremony(c gateway.Ceremony) error {
	n, err := x.exec(qBurnCeremony, c.Session, c.Purpose, c.Challenge, ms(x.now))
	if err == nil && n == 0 {
		err = gateway.Gone()
	}
	return err
}

// AddPasskey implements gateway.PasskeyStore.
func (s *Store) AddPasskey(ctx context.Context, p gateway.Passkey, answered gateway.Ceremony, now time.Time) error {
	_, err := s.change(ctx, "add a passkey", now, func(x *tx) error {
		agents, err := x.lockAgents(p.Agent) // so that no two go over the limit together
		if err != nil {
			return err
		}
		if err := x.burnCeremony(answered); err != nil {
			return err
		}
		var have int
		if err := x.row(qPasskeyCount, string(p.Agent)).Scan(&have); err != nil {
			return err
		}
		if have >= gateway.MaxPasskeys {
			return gateway.TooLarge("passkeys", gateway.MaxPasskeys)
		}
		n, err := x.exec(qInsertPasskey, string(p.ID), string(p.Agent), p.Name, base64.RawURLEncoding.EncodeToString(p.Credential),
			base64.RawURLEncoding.EncodeToString(p.PublicKey), int64(p.Flags), int64(p.SignCount), ms(now))
		if err == nil && n == 0 {
			err = gateway.Conflict()
		}
		if err != nil {
			return err
		}
		return x.passkeyNews(agents[p.Agent], p.ID, verify.PasskeyAdded)
	})
	return err
}

func (x *tx) passkeyNews(a gateway.Agent, key gateway.ID, why verify.Reason) error {
	leaf, letter, err := gateway.PasskeyNews(a, key, why, x.now)
	if err != nil {
		return err
	}
	if err := x.leaf(leaf, x.now, ""); err != nil {
		return err
	}
	return x.enqueue(letter)
}

// StepUp implements gateway.PasskeyStore.
func (s *Store) StepUp(ctx context.Context, p gateway.Passkey, answered gateway.Ceremony, device string, now time.Time) error {
	_, err := s.change(ctx, "step up", now, func(x *tx) error {
		if err := x.burnCeremony(answered); err != nil {
			return err
		}
		n, err := x.exec(qUsePasskey, string(p.ID), string(p.Agent), int64(p.SignCount), int64(p.Flags), ms(now))
		if err != nil {
			return err
		}
		if n == 0 {
			return gateway.Conflict()
		}
		return x.must(qStepUp, answered.Session, string(p.Agent), ms(now), device)
	})
	return err
}

// RemovePasskey implements gateway.PasskeyStore. Errors: not_found.
func (s *Store) RemovePasskey(ctx context.Context, agent, id gateway.ID, now time.Time) error {
	_, err := s.change(ctx, "remove a passkey", now, func(x *tx) error {
		agents, err := x.lockAgents(agent)
		if err != nil {
			return err
		}
		if err := x.must(qDropPasskey, string(id), string(agent)); err != nil {
			return err
		}
		return x.passkeyNews(agents[agent], id, verify.PasskeyRemoved)
	})
	return err
}

// TellDevice implements gateway.PasskeyStore.
func (s *Store) TellDevice(ctx context.Context, session, device string, now time.Time) (first bool, events []gateway.Event, err error) {
	events, err = s.change(ctx, "tell of a device", now, func(x *tx) error {
		n, err := x.exec(qTellDevice, session, device)
		if first = n > 0; err != nil || !first {
			return err
		}
		var agent gateway.ID
		if err := x.row(qSessionAgent, session).Scan(&agent); err != nil {
			return err
		}
		return x.settingChanged(gateway.System(), "session", agent, 1)
	})
	return first && err == nil, events, err
}

// StrangeSessions implements gateway.PasskeyStore.
func (s *Store) StrangeSessions(ctx context.Context, now time.Time) (int, error) {
	return one(ctx, s, func(r scanner) (n int, err error) { return n, r.Scan(&n) }, qStrange, ms(now))
}
