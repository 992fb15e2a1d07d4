package sqlstore

import (
	"context"
	"slices"
	"time"

	"github.com/postern-chat/postern/gateway"
)

const (
	qInsertAgent = `INSERT INTO agents (id, email, name, role, capacity, active, chosen, paused_at, paused_for,
last_offer_at, last_beat_at, disabled_at, locale, held_since, tags, languages, password, version)
VALUES ($1,$2,$3,$4,$5,0,FALSE,0,'',0,0,$6,$7,$8,CASE WHEN $9 = '' THEN '[]' ELSE $9 END,CASE WHEN $10 = '' THEN '[]' ELSE $10 END,'',1) ON CONFLICT DO NOTHING`
	// Both CASEs look at the row as it was: the right side of an UPDATE does.
	qUpdateAgent = `UPDATE agents SET email=$2, name=$3, role=$4, capacity=$5, disabled_at=$6, locale=$7,
held_since = CASE WHEN role <> $4 OR email <> $2 OR (disabled_at > 0 AND CAST($6 AS BIGINT) = 0) THEN $8 ELSE held_since END,
admin_until = CASE WHEN role = 'admin' AND disabled_at = 0 AND ($4 <> 'admin' OR CAST($6 AS BIGINT) > 0) THEN $8 ELSE admin_until END,
inactive_at = CASE WHEN disabled_at > 0 AND CAST($6 AS BIGINT) = 0 THEN 0 ELSE inactive_at END,
tags = CASE WHEN $9 = '' THEN tags ELSE $9 END, languages = CASE WHEN $10 = '' THEN languages ELSE $10 END,
version=version+1 WHERE id=$1 AND version=$11`
	qEmailTaken   = `SELECT COUNT(*) FROM agents WHERE email = $1 AND id <> $2`
	qAgentByEmail = qAgents + `WHERE email = $1`
	qAgentList    = qAgents + `ORDER BY lower(name), id`
	qEndSessions  = `DELETE FROM sessions WHERE agent = $1`
)

// settingsTopic is where every change of a setting stands.
const settingsTopic = "settings"

func (x *tx) settingChanged(by gateway.Actor, what string, id gateway.ID, version int64) error {
	if err := x.must(qNextEpoch); err != nil {
		return err
	}
	return x.emit(settingsTopic, by, gateway.SettingChanged{What: what, ID: id, Version: version})
}

// SaveAgent implements gateway.AgentStore. An agent who is disabled is signed out everywhere.
func (s *Store) SaveAgent(ctx context.Context, a gateway.Agent, by gateway.Actor, now time.Time) (gateway.Agent, []gateway.Event, error) {
	events, err := s.change(ctx, "save an agent", now, func(x *tx) error {
		if err := x.saveAgent(a); err != nil {
			return err
		}
		if !a.DisabledAt.IsZero() {
			if _, err := x.exec(qEndSessions, string(a.ID)); err != nil {
				return err
			}
		}
		return x.settingChanged(by, "agent", a.ID, a.Version+1)
	})
	if err != nil {
		return gateway.Agent{}, nil, err
	}
	saved, err := s.Agent(ctx, a.ID)
	return saved, events, err
}

func (x *tx) saveAgent(a gateway.Agent) error {
	var taken int
	if err := x.row(qEmailTaken, a.Email, string(a.ID)).Scan(&taken); err != nil {
		return err
	}
	if taken > 0 {
		return gateway.Invalid("email")
	}
	tags, err := wordsOf(a.Tags)
	if err != nil {
		return err
	}
	languages, err := wordsOf(a.Languages)
	if err != nil {
		return err
	}
	query, args := qInsertAgent, []any{
		string(a.ID), a.Email, a.Name, string(a.Role), a.Capacity, ms(a.DisabledAt), a.Locale, ms(x.now), tags, languages,
	}
	if a.Version > 0 {
		query, args = qUpdateAgent, append(args, a.Version)
	}
	n, err := x.exec(query, args...)
	if unique(err) {
		return gateway.Invalid("email")
	}
	if err == nil && n == 0 {
		err = gateway.Conflict()
	}
	return err
}

// Agent implements gateway.AgentStore.
func (s *Store) Agent(ctx context.Context, id gateway.ID) (gateway.Agent, error) {
	return one(ctx, s, scanAgent, qAgent, string(id))
}

// AgentByEmail implements gateway.AgentStore.
func (s *Store) AgentByEmail(ctx context.Context, email string) (gateway.Agent, error) {
	return one(ctx, s, scanAgent, qAgentByEmail, email)
}

// Agents implements gateway.AgentStore.
func (s *Store) Agents(ctx context.Context) ([]gateway.Agent, error) {
	return all(ctx, s, scanAgent, qAgentList)
}

const (
	qSetPassword = `UPDATE agents SET password = $2, held_since = $3 WHERE id = $1`
	qHeld        = `UPDATE agents SET held_since = $2 WHERE id = $1`
	qPassword    = `SELECT password FROM agents WHERE id = $1`
	qSaveSession = `INSERT INTO sessions (hash, agent, until, device) VALUES ($1,$2,$3,$4)`
	qDropOld     = `DELETE FROM sessions WHERE until <= $1`
	qSession     = `SELECT ` + agentColumns + `, ` + agentHead + `, until, device, stepped_at, stepped_on, told_of
FROM agents JOIN sessions ON agent = id WHERE disabled_at = 0 AND hash = $1 AND until > $2`
	qEndSession = `DELETE FROM sessions WHERE hash = $1`
	// Counts up whenever somebody may have lost a right: whoever remembers rights says up to which count.
	qEpoch     = `SELECT value FROM numbers WHERE name = 'rights'`
	qNextEpoch = `INSERT INTO numbers (name, value) VALUES ('rights', 1) ON CONFLICT (name) DO UPDATE SET value = numbers.value + 1`
)

// SetPassword implements gateway.AgentStore. Errors: not_found.
func (s *Store) SetPassword(ctx context.Context, agent gateway.ID, hash string, now time.Time) error {
	_, err := s.change(ctx, "set a password", now, func(x *tx) error {
		if err := x.must(qSetPassword, string(agent), hash, ms(now)); err != nil {
			return err
		}
		if _, err := x.exec(qEndSessions, string(agent)); err != nil {
			return err
		}
		return x.must(qNextEpoch)
	})
	return err
}

func scanText(r scanner) (v string, err error) { return v, r.Scan(&v) }

// Password implements gateway.AgentStore; "" = none set yet. Errors: not_found.
func (s *Store) Password(ctx context.Context, agent gateway.ID) (string, error) {
	return one(ctx, s, scanText, qPassword, string(agent))
}

// SaveSession implements gateway.AgentStore. It forgets sessions that are over.
func (s *Store) SaveSession(ctx context.Context, hash string, agent gateway.ID, device string, until, now time.Time) error {
	_, err := s.change(ctx, "save a session", now, func(x *tx) error {
		return x.saveSession(hash, agent, device, until)
	})
	return err
}

// SaveLink implements gateway.AgentStore. Errors: not_found.
func (s *Store) SaveLink(ctx context.Context, hash string, agent gateway.ID, until, now time.Time) error {
	_, err := s.change(ctx, "save a password link", now, func(x *tx) error {
		if err := x.saveSession(hash, agent, "", until); err != nil {
			return err
		}
		return x.must(qHeld, string(agent), ms(now))
	})
	return err
}

func (x *tx) saveSession(hash string, agent gateway.ID, device string, until time.Time) error {
	if _, err := x.agentName(agent); err != nil {
		return err
	}
	if _, err := x.exec(qDropOld, ms(x.now)); err != nil {
		return err
	}
	return x.must(qSaveSession, hash, string(agent), ms(until), device)
}

// Session implements gateway.AgentStore. Errors: not_found for one that is unknown, over, or a disabled agent's.
func (s *Store) Session(ctx context.Context, hash string, now time.Time) (gateway.Session, error) {
	return one(ctx, s, scanSession, qSession, hash, ms(now))
}

// wider is a row with more columns after those that somebody else scans.
type wider struct {
	scanner
	more []any
}

// Scan implements scanner.
func (w wider) Scan(dest ...any) error { return w.scanner.Scan(append(dest, w.more...)...) }

func scanSession(r scanner) (s gateway.Session, err error) {
	var until, stepped int64
	s.Agent, err = scanAgent(wider{r, []any{&until, &s.Device, &stepped, &s.SteppedOn, &s.ToldOf}})
	s.Until = at(until)
	if stepped > 0 {
		s.SteppedAt = at(stepped)
	}
	return s, err
}

// EndSession implements gateway.AgentStore. One that is not there is no error.
func (s *Store) EndSession(ctx context.Context, hash string) error {
	_, err := s.change(ctx, "end a session", time.Time{}, func(x *tx) error {
		if _, err := x.exec(qEndSession, hash); err != nil {
			return err
		}
		return x.must(qNextEpoch)
	})
	return err
}

func scanEpoch(r scanner) (n int64, err error) {
	if err = missing(r.Scan(&n)); gateway.CodeOf(err) == "not_found" {
		return 0, nil // nobody has lost a right yet
	}
	return n, err
}

// Epoch implements gateway.AgentStore.
func (s *Store) Epoch(ctx context.Context) (int64, error) {
	n, err := scanEpoch(s.queryRow(ctx, qEpoch))
	return n, failure("read", err)
}

const qSessions = `SELECT s.hash, a.role FROM sessions s JOIN agents a ON a.id = s.agent
WHERE s.until > $1 AND a.disabled_at = 0 AND s.hash IN (`

// Sessions implements gateway.AgentStore.
func (s *Store) Sessions(ctx context.Context, hashes []string, now time.Time) (map[string]gateway.Role, error) {
	out := map[string]gateway.Role{}
	for part := range slices.Chunk(hashes, 200) {
		args := []any{ms(now)}
		for _, h := range part {
			args = append(args, h)
		}
		_, err := all(ctx, s, func(r scanner) (hash string, err error) {
			var role gateway.Role
			err = r.Scan(&hash, &role)
			out[hash] = role
			return hash, err
		}, qSessions+list(1, len(part))+")", args...)
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

const qBeat = `UPDATE agents SET last_beat_at = $1 WHERE id IN (`

// Beats implements gateway.AgentStore.
func (s *Store) Beats(ctx context.Context, agents []gateway.ID, now time.Time) error {
	return s.stampAgents(ctx, "beat", qBeat, agents, now)
}

// stampAgents runs a query that ends in "IN (" with the time and the agents.
func (s *Store) stampAgents(ctx context.Context, doing, query string, agents []gateway.ID, now time.Time) error {
	ids := sorted(agents...)
	if len(ids) == 0 {
		return nil
	}
	args := append([]any{ms(now)}, anys(ids)...)
	_, err := s.change(ctx, doing, now, func(x *tx) error {
		_, err := x.ExecContext(x.ctx, query+list(1, len(ids))+")", args...)
		return err
	})
	return err
}
