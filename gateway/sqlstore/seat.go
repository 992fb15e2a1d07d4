package sqlstore

import (
	"encoding/json"

	"github.com/postern-chat/postern/gateway"
)

const (
	agentColumns = `id, email, name, role, capacity, active, chosen, paused_at, paused_for, last_offer_at,
last_beat_at, disabled_at, locale, held_since, admin_until, active_at, inactive_at, away_from, away_until, tags, languages, version`
	agentHead  = `COALESCE((SELECT seq FROM topics WHERE topic = agents.id), 0)`
	qAgents    = `SELECT ` + agentColumns + `, ` + agentHead + ` FROM agents `
	qAgent     = qAgents + `WHERE id = $1`
	qLockAgent = `SELECT ` + agentColumns + `, 0 FROM agents WHERE id = $1`
	qTakeSeat  = `UPDATE agents SET active = active + 1 WHERE id = $1 AND active < capacity AND disabled_at = 0`
	qFreeSeat  = `UPDATE agents SET active = active - 1 WHERE id = $1 AND active > 0`
	qDeclared  = `SELECT availability FROM members WHERE agent = $1 AND mailbox = $2`
)

func scanAgent(r scanner) (gateway.Agent, error) {
	var a gateway.Agent
	var paused, offer, beat, disabled, held, admin, active, inactive, from, until int64
	var tags, languages string
	err := r.Scan(&a.ID, &a.Email, &a.Name, &a.Role, &a.Capacity, &a.Active, &a.Chosen, &paused, &a.PausedFor, &offer,
		&beat, &disabled, &a.Locale, &held, &admin, &active, &inactive, &from, &until, &tags, &languages, &a.Version, &a.Seq)
	a.Tags, a.Languages = wordsIn(tags), wordsIn(languages)
	a.HeldSince, a.AdminUntil = at(held), at(admin)
	a.ActiveAt, a.InactiveAt, a.AwayFrom, a.AwayUntil = at(active), at(inactive), at(from), at(until)
	a.PausedAt, a.LastOfferAt, a.LastBeatAt, a.DisabledAt = at(paused), at(offer), at(beat), at(disabled)
	return a, missing(err)
}

// wordsIn reads a list of words; a broken one is empty: it says what somebody knows, nothing that he may.
func wordsIn(text string) []string {
	out := []string{}
	if json.Unmarshal([]byte(text), &out) != nil {
		return []string{}
	}
	return out
}

// wordsOf writes a list of words; nil is "", which leaves what is stored.
func wordsOf(list []string) (string, error) {
	if list == nil {
		return "", nil
	}
	text, err := json.Marshal(list)
	return string(text), err
}

// lockAgents reads these agents' rows and holds them, in order of id. Errors: not_found.
func (x *tx) lockAgents(ids ...gateway.ID) (map[gateway.ID]gateway.Agent, error) {
	out := map[gateway.ID]gateway.Agent{}
	for _, id := range sorted(ids...) {
		a, err := scanAgent(x.row(qLockAgent+x.s.d.lock, string(id)))
		if err != nil {
			return nil, err
		}
		out[id] = a
	}
	return out, nil
}

// takeSeat takes one of the locked agent's seats. Errors: forbidden if disabled, at_capacity.
func (x *tx) takeSeat(a gateway.Agent) error {
	if !a.DisabledAt.IsZero() {
		return gateway.Forbidden()
	}
	n, err := x.exec(qTakeSeat, string(a.ID))
	if err == nil && n == 0 {
		err = gateway.AtCapacity(a.ID, a.Capacity)
	}
	return err
}

func (x *tx) freeSeat(agent gateway.ID) error {
	if agent == "" {
		return nil
	}
	_, err := x.exec(qFreeSeat, string(agent))
	return err
}

// seat is the agent whose seat the conversation takes: who is in the chat, or at whom it rings.
func seat(c gateway.Conversation) gateway.ID {
	switch c.Status {
	case gateway.Active:
		return c.Assignee
	case gateway.Queued:
		return c.Offer.Agent
	}
	return ""
}

// declared is what a member says for a mailbox. Errors: forbidden if he is none.
func (x *tx) declared(agent, mailbox gateway.ID) (v gateway.Availability, err error) {
	err = x.row(qDeclared, string(agent), string(mailbox)).Scan(&v)
	if gateway.CodeOf(missing(err)) == "not_found" {
		return "", gateway.Forbidden()
	}
	return v, err
}

// dropOffer ends a ring in the locked row, with its agent's row locked: seat, events, who let it pass.
func (x *tx) dropOffer(c *gateway.Conversation, by gateway.Actor, reason string) error {
	if c.Offer.Agent == "" {
		return nil
	}
	o := c.Offer
	c.Offer = gateway.Offer{Ring: o.Ring}
	if err := x.freeSeat(o.Agent); err != nil {
		return err
	}
	if _, err := x.exec(qEndRing, string(c.ID), c.Round, o.Ring, string(o.Agent), reason, ms(x.now)); err != nil {
		return err
	}
	p := gateway.ConversationReleased{Agent: o.Agent, Reason: reason}
	for _, topic := range []gateway.ID{c.Mailbox, o.Agent} {
		if err := x.emitAbout(string(topic), c.ID, by, p); err != nil {
			return err
		}
	}
	return x.emit(c.ID.Staff(), by, p)
}

const qEndRing = `INSERT INTO rings (conversation, round, ring, agent, ended, ended_at) VALUES ($1,$2,$3,$4,$5,$6)
ON CONFLICT (conversation, round, ring) DO NOTHING`

// leave frees what the conversation holds of agents: a running ring, or the assignee's seat.
func (x *tx) leave(c *gateway.Conversation, by gateway.Actor, reason string) error {
	if c.Status == gateway.Queued {
		return x.dropOffer(c, by, reason)
	}
	return x.freeSeat(seat(*c))
}

// tell puts an event into the conversation's and its mailbox's topics.
func (x *tx) tell(c gateway.Conversation, by gateway.Actor, p gateway.Payload) error {
	if err := x.emit(string(c.ID), by, p); err != nil {
		return err
	}
	return x.emitAbout(string(c.Mailbox), c.ID, by, p)
}
