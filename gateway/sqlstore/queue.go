package sqlstore

import (
	"context"
	"strconv"
	"time"

	"github.com/postern-chat/postern/gateway"
)

// Offer implements gateway.QueueStore.
func (s *Store) Offer(ctx context.Context, cv, agent gateway.ID, version int64, until, now time.Time) ([]gateway.Event, error) {
	return s.change(ctx, "offer", now, func(x *tx) error {
		c, err := x.lock(cv)
		if err != nil {
			return err
		}
		if c.Status != gateway.Queued || c.Version != version || c.Offer.Agent != "" {
			return gateway.Conflict()
		}
		if err := x.mayRing(agent, c); err != nil {
			return err
		}
		return x.ring(&c, agent, until)
	})
}

const qOffered = `UPDATE agents SET last_offer_at = $2 WHERE id = $1`

// mayRing locks the agent and takes a seat. Errors: forbidden, at_capacity.
func (x *tx) mayRing(agent gateway.ID, c gateway.Conversation) error {
	agents, err := x.lockAgents(agent)
	if err != nil {
		return err
	}
	declared, err := x.declared(agent, c.Mailbox)
	if err != nil {
		return err
	}
	if agents[agent].Effective(declared) != gateway.Available || agents[agent].Away(x.now) {
		return gateway.Forbidden()
	}
	if !agents[agent].Role.AtLeast(c.MinRole) {
		return gateway.BelowRole(c.MinRole)
	}
	if err := x.takeSeat(agents[agent]); err != nil {
		return err
	}
	return x.must(qOffered, string(agent), ms(x.now))
}

func (x *tx) ring(c *gateway.Conversation, agent gateway.ID, until time.Time) error {
	c.Offer = gateway.Offer{Agent: agent, Until: until, Ring: c.Offer.Ring + 1}
	if err := x.save(c); err != nil {
		return err
	}
	by := gateway.System()
	p := gateway.ConversationOffered{Agent: agent, Until: ms(until), Ring: c.Offer.Ring}
	for _, topic := range []gateway.ID{c.Mailbox, agent} {
		if err := x.emitAbout(string(topic), c.ID, by, p); err != nil {
			return err
		}
	}
	if err := x.emit(c.ID.Staff(), by, p); err != nil {
		return err
	}
	id := "ring:" + string(c.ID) + ":" + strconv.Itoa(c.Round) + ":" + strconv.Itoa(c.Offer.Ring)
	return x.enqueue(gateway.Job{ID: id, Kind: gateway.JobRing, Due: until, Payload: conversationJob(c.ID)})
}

// EndOffer implements gateway.QueueStore.
func (s *Store) EndOffer(ctx context.Context, cv, agent gateway.ID, ring int, reason string, now time.Time) ([]gateway.Event, error) {
	return s.change(ctx, "end an offer", now, func(x *tx) error {
		c, err := x.lock(cv)
		if err != nil {
			return err
		}
		if c.Status != gateway.Queued || c.Offer.Agent != agent || c.Offer.Ring != ring || agent == "" {
			return nil
		}
		agents, err := x.lockAgents(agent)
		if err != nil {
			return err
		}
		if err := x.dropOffer(&c, gateway.Actor{Role: gateway.RoleAgent, ID: agent}, reason); err != nil {
			return err
		}
		if err := x.save(&c); err != nil || !gateway.Pauses(reason) {
			return err
		}
		return x.pause(agents[agent], reason, gateway.System())
	})
}

// Claim implements gateway.QueueStore.
func (s *Store) Claim(ctx context.Context, cv, agent gateway.ID, how string, now time.Time) ([]gateway.Event, error) {
	return s.change(ctx, "claim", now, func(x *tx) error {
		c, err := x.lock(cv)
		if err != nil {
			return err
		}
		return x.claim(&c, agent, gateway.Actor{Role: gateway.RoleAgent, ID: agent}, how)
	})
}

const qAgentName = `SELECT name FROM agents WHERE id = $1`

func (x *tx) agentName(id gateway.ID) (name string, err error) {
	err = x.row(qAgentName, string(id)).Scan(&name)
	return name, missing(err)
}

// claimable refuses a row that has somebody or has ended.
func (x *tx) claimable(c gateway.Conversation) error {
	if c.Status.Ended() {
		return gateway.ConversationClosed()
	}
	if c.Assignee == "" {
		return nil
	}
	name, err := x.agentName(c.Assignee)
	if err != nil {
		return err
	}
	return gateway.AlreadyClaimed(c.Assignee, name)
}

// claim makes agent the assignee of a locked, unassigned row: a chat takes a seat, a ticket none.
func (x *tx) claim(c *gateway.Conversation, agent gateway.ID, by gateway.Actor, how string) error {
	if err := x.claimable(*c); err != nil {
		return err
	}
	agents, err := x.lockAgents(agent, c.Offer.Agent)
	if err != nil {
		return err
	}
	if _, err := x.declared(agent, c.Mailbox); err != nil {
		return err
	}
	if !agents[agent].Role.AtLeast(c.MinRole) {
		return gateway.BelowRole(c.MinRole)
	}
	if c.Status == gateway.Queued {
		if err := x.claimQueued(c, agents[agent], by); err != nil {
			return err
		}
	}
	c.Assignee, c.ClaimedAt = agent, x.now
	if err := x.save(c); err != nil {
		return err
	}
	if err := x.follows(c.ID, agent, by, how); err != nil {
		return err
	}
	return x.tell(*c, by, gateway.ConversationClaimed{Agent: agent, Name: agents[agent].Name, How: how})
}

// claimQueued turns the seat that a ring holds into the chat's, or takes one; a ring elsewhere ends.
func (x *tx) claimQueued(c *gateway.Conversation, a gateway.Agent, by gateway.Actor) error {
	if c.Offer.Agent == a.ID {
		c.Offer = gateway.Offer{Ring: c.Offer.Ring}
	} else {
		if err := x.takeSeat(a); err != nil {
			return err
		}
		if err := x.dropOffer(c, by, "withdrawn"); err != nil {
			return err
		}
	}
	c.Status = gateway.Active
	return nil
}

// Assign implements gateway.QueueStore.
func (s *Store) Assign(ctx context.Context, a gateway.Assignment, now time.Time) ([]gateway.Event, error) {
	return s.change(ctx, "assign", now, func(x *tx) error {
		c, err := x.lock(a.Conversation)
		if err != nil {
			return err
		}
		if c.Status.Ended() {
			return gateway.ConversationClosed()
		}
		if a.ToAgent != "" {
			return x.assignAgent(&c, a)
		}
		return x.assignMailbox(&c, a)
	})
}

func (x *tx) note(c gateway.Conversation, a gateway.Assignment) error {
	if a.Note == nil {
		return nil
	}
	return x.emit(c.ID.Staff(), a.By, gateway.NoteCreated{Message: *a.Note})
}

func (x *tx) assignAgent(c *gateway.Conversation, a gateway.Assignment) error {
	agents, err := x.lockAgents(a.ToAgent, seat(*c))
	if err != nil {
		return err
	}
	to := agents[a.ToAgent]
	declared, err := x.declared(to.ID, c.Mailbox)
	if gateway.CodeOf(err) == "forbidden" && to.ID == a.By.ID && to.Role == gateway.RoleSupervisor {
		err = nil // he takes over wherever he looks
	}
	if err != nil {
		return err
	}
	if (declared == gateway.NotAvailable || to.Away(x.now)) && to.ID != a.By.ID || !to.DisabledAt.IsZero() {
		return gateway.Forbidden()
	}
	if !to.Role.AtLeast(c.MinRole) {
		return gateway.BelowRole(c.MinRole)
	}
	if err := x.moveSeat(c, to, a.By); err != nil {
		return err
	}
	c.Assignee, c.ClaimedAt = to.ID, x.now
	if err := x.save(c); err != nil {
		return err
	}
	if err := x.note(*c, a); err != nil {
		return err
	}
	if err := x.follows(c.ID, to.ID, a.By, "assign"); err != nil {
		return err
	}
	p := gateway.ConversationAssigned{Agent: to.ID, Name: to.Name}
	if err := x.emitAbout(string(to.ID), c.ID, a.By, p); err != nil {
		return err
	}
	return x.tell(*c, a.By, p)
}

// moveSeat gives a chat's seat to another agent; a ticket holds none.
func (x *tx) moveSeat(c *gateway.Conversation, to gateway.Agent, by gateway.Actor) error {
	switch {
	case c.Status == gateway.Queued:
		return x.claimQueued(c, to, by)
	case c.Status == gateway.Active && c.Assignee != to.ID:
		if err := x.takeSeat(to); err != nil {
			return err
		}
		return x.freeSeat(c.Assignee)
	}
	return nil
}

func (x *tx) assignMailbox(c *gateway.Conversation, a gateway.Assignment) error {
	var name string
	if err := missing(x.row(qMailboxName, string(a.ToMailbox)).Scan(&name)); err != nil {
		return err
	}
	if _, err := x.lockAgents(seat(*c)); err != nil {
		return err
	}
	if err := x.leave(c, a.By, "withdrawn"); err != nil {
		return err
	}
	if err := x.note(*c, a); err != nil {
		return err
	}
	p := gateway.ConversationAssigned{Mailbox: a.ToMailbox, Name: name}
	if err := x.emitAbout(string(c.Mailbox), c.ID, a.By, p); err != nil {
		return err
	}
	c.Mailbox, c.Assignee = a.ToMailbox, ""
	chat := c.Status == gateway.Queued || c.Status == gateway.Active
	if chat {
		x.again(c, a.Missed)
	}
	if err := x.save(c); err != nil {
		return err
	}
	if err := x.emit(string(c.ID), a.By, p); err != nil {
		return err
	}
	if chat {
		return x.queued(*c, a.By, true)
	}
	return x.emitAbout(string(c.Mailbox), c.ID, a.By, p)
}

const qMailboxName = `SELECT name FROM mailboxes WHERE id = $1`

// again puts a chat back into a queue: a new round and deadline, the old place.
func (x *tx) again(c *gateway.Conversation, missed time.Duration) {
	c.Status, c.Assignee, c.Offer, c.Round = gateway.Queued, "", gateway.Offer{}, c.Round+1
	c.MissedAt, c.ClaimedAt = x.now.Add(missed), time.Time{}
}

// Requeue implements gateway.QueueStore.
func (s *Store) Requeue(ctx context.Context, cv, agent gateway.ID, reason string, missed time.Duration, now time.Time) ([]gateway.Event, error) {
	return s.change(ctx, "requeue", now, func(x *tx) error {
		c, err := x.lock(cv)
		if err != nil {
			return err
		}
		if c.Status != gateway.Active || c.Assignee != agent {
			return gateway.Conflict()
		}
		if _, err := x.lockAgents(agent); err != nil {
			return err
		}
		if err := x.freeSeat(agent); err != nil {
			return err
		}
		x.again(&c, missed)
		if err := x.save(&c); err != nil {
			return err
		}
		by := gateway.Actor{Role: gateway.RoleAgent, ID: agent}
		if err := x.tell(c, by, gateway.ConversationReleased{Agent: agent, Reason: reason}); err != nil {
			return err
		}
		return x.queued(c, by, true)
	})
}

// Overflow implements gateway.QueueStore.
func (s *Store) Overflow(ctx context.Context, cv gateway.ID, version int64, to gateway.ID, now time.Time) ([]gateway.Event, error) {
	return s.change(ctx, "overflow", now, func(x *tx) error {
		c, err := x.lock(cv)
		if err != nil {
			return err
		}
		if c.Status != gateway.Queued || c.Version != version || c.Moved || c.Offer.Agent != "" {
			return gateway.Conflict()
		}
		p := gateway.ConversationAssigned{Mailbox: to}
		if err := missing(x.row(qMailboxName, string(to)).Scan(&p.Name)); err != nil {
			return err
		}
		by := gateway.System()
		if err := x.emitAbout(string(c.Mailbox), c.ID, by, p); err != nil {
			return err
		}
		c.Mailbox, c.Moved = to, true
		if err := x.save(&c); err != nil {
			return err
		}
		if err := x.emit(string(c.ID), by, p); err != nil {
			return err
		}
		return x.queued(c, by, true)
	})
}

const qServedBy = `SELECT o.served_by FROM conversations c JOIN conversations o ON o.visitor = c.visitor
WHERE c.id = $1 AND c.visitor <> '' AND o.served_by <> '' AND o.last_message_at >= $2
ORDER BY CASE WHEN o.id = c.id THEN 0 ELSE 1 END, o.last_message_at DESC, o.id DESC LIMIT 1`

// ServedBy implements gateway.QueueStore.
func (s *Store) ServedBy(ctx context.Context, cv gateway.ID, since time.Time) (gateway.ID, error) {
	id, err := one(ctx, s, scanText, qServedBy, string(cv), ms(since))
	if gateway.CodeOf(err) == "not_found" {
		return "", nil
	}
	return gateway.ID(id), err
}

const qMissedWhy = `UPDATE conversations SET missed_why = $2 WHERE id = $1`

// Miss implements gateway.QueueStore.
func (s *Store) Miss(ctx context.Context, cv gateway.ID, round int, why, subject string, now time.Time) ([]gateway.Event, error) {
	return s.change(ctx, "miss", now, func(x *tx) error {
		c, err := x.lock(cv)
		if err != nil {
			return err
		}
		if c.Status != gateway.Queued || c.Round != round {
			return nil
		}
		if c.Messages == 0 {
			return x.end(&c, gateway.System(), gateway.Abandoned, why)
		}
		if err := x.becomeTicket(&c, gateway.System(), subject); err != nil {
			return err
		}
		if err := x.must(qMissedWhy, string(cv), why); err != nil {
			return err
		}
		waited := ms(now) - ms(c.QueuedAt)
		if err := x.tell(c, gateway.System(), gateway.ConversationMissed{Number: c.Number, WaitedMS: waited, Why: why}); err != nil {
			return err
		}
		return x.ticketOpened(c, gateway.System(), "missed")
	})
}

// Queue implements gateway.QueueStore.
func (s *Store) Queue(ctx context.Context, mailboxes []gateway.ID) ([]gateway.Conversation, error) {
	var w filter
	w.add("status = 'queued'")
	w.in("mailbox", texts(mailboxes))
	where := w.where[0]
	if len(w.where) > 1 {
		where += " AND " + w.where[1]
	}
	return all(ctx, s, scanConversation, qConversations+"WHERE "+where+" ORDER BY priority, queued_at, id", w.args...)
}

const qCandidates = `SELECT a.id, a.role, a.tags, a.languages, m.availability, a.paused_at, a.active, a.capacity, a.last_offer_at, a.last_beat_at, a.away_from, a.away_until,
(SELECT COUNT(*) FROM rings r JOIN conversations c ON c.id = r.conversation AND c.round = r.round
  WHERE r.conversation = $2 AND r.agent = a.id),
(SELECT COALESCE(MAX(r.ended_at), 0) FROM rings r JOIN conversations c ON c.id = r.conversation AND c.round = r.round
  WHERE r.conversation = $2 AND r.agent = a.id AND r.ended = 'declined')
FROM members m JOIN agents a ON a.id = m.agent WHERE m.mailbox = $1 AND a.disabled_at = 0 ORDER BY a.id`

func scanCandidate(r scanner) (gateway.Candidate, error) {
	var c gateway.Candidate
	var paused, offer, beat, declined, from, until int64
	var tags, languages string
	err := r.Scan(&c.Agent, &c.Role, &tags, &languages, &c.Availability, &paused, &c.Active, &c.Capacity, &offer, &beat, &from, &until, &c.Rung, &declined)
	c.Availability = gateway.Agent{PausedAt: at(paused)}.Effective(c.Availability)
	c.LastOfferAt, c.LastBeatAt, c.DeclinedAt = at(offer), at(beat), at(declined)
	c.AwayFrom, c.AwayUntil = at(from), at(until)
	c.Tags, c.Languages = wordsIn(tags), wordsIn(languages)
	return c, err
}

// Candidates implements gateway.QueueStore.
func (s *Store) Candidates(ctx context.Context, mailbox, cv gateway.ID) ([]gateway.Candidate, error) {
	return all(ctx, s, scanCandidate, qCandidates, string(mailbox), string(cv))
}

const qPlace = `SELECT COUNT(*) FROM conversations o, conversations c
WHERE c.id = $1 AND o.mailbox = c.mailbox AND o.status = 'queued'
AND (o.priority < c.priority OR (o.priority = c.priority
  AND (o.queued_at < c.queued_at OR (o.queued_at = c.queued_at AND o.id < c.id))))`

// Place implements gateway.QueueStore.
func (s *Store) Place(ctx context.Context, cv gateway.ID) (int, error) {
	return one(ctx, s, scanInt, qPlace, string(cv))
}

const qTalks = `SELECT COUNT(*), CAST(COALESCE(AVG(closed_at - claimed_at), 0) AS BIGINT) FROM conversations
WHERE mailbox = $1 AND last_message_at >= $2 AND status = 'closed' AND channel = 'chat' AND claimed_at > 0`

// Talks implements gateway.QueueStore.
func (s *Store) Talks(ctx context.Context, mailbox gateway.ID, since time.Time) (gateway.TalkStats, error) {
	return one(ctx, s, func(r scanner) (t gateway.TalkStats, err error) {
		var mean int64
		err = r.Scan(&t.Chats, &mean)
		t.Mean = time.Duration(mean) * time.Millisecond
		return t, err
	}, qTalks, string(mailbox), ms(since))
}

func scanInt(r scanner) (n int, err error) { return n, r.Scan(&n) }

const (
	qAllAgents = `SELECT id FROM agents ORDER BY id`
	qSeats     = `SELECT COUNT(*) FROM conversations WHERE (status = 'active' AND assignee = $1)
OR (status = 'queued' AND offer_agent = $1)`
	qSetSeats = `UPDATE agents SET active = $2 WHERE id = $1 AND active <> $2`
)

// Recount implements gateway.QueueStore.
func (s *Store) Recount(ctx context.Context) (int, error) {
	wrong := 0
	_, err := s.change(ctx, "recount seats", time.Time{}, func(x *tx) error {
		wrong = 0
		rows, err := x.QueryContext(x.ctx, qAllAgents+x.s.d.lock)
		if err != nil {
			return err
		}
		ids, err := collect(rows, func(r scanner) (id string, err error) { return id, r.Scan(&id) })
		if err != nil {
			return err
		}
		for _, id := range ids {
			var seats int64
			if err := x.row(qSeats, id).Scan(&seats); err != nil {
				return err
			}
			n, err := x.exec(qSetSeats, id, seats)
			if err != nil {
				return err
			}
			wrong += int(n)
		}
		return nil
	})
	return wrong, err
}
