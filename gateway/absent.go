package gateway

import (
	"context"
	"time"
)

// absentAgents gives the active chats of agents away for two minutes back to their queues, or makes them tickets of theirs
// if the visitor has gone too.
func (r *Runner) absentAgents(ctx context.Context, now time.Time) error {
	active, err := r.Store.Conversations(ctx, ConversationFilter{Statuses: []Status{Active}, Channel: ByChat, Limit: 200})
	if err != nil || len(active) == 0 {
		return err
	}
	seen, err := r.Presences(ctx)
	if err != nil {
		return nil // bus down: the last known presence counts (mail-and-routing.md 2.3)
	}
	visitors, err := r.visitorsPresent(ctx)
	if err != nil {
		return nil
	}
	gone := map[ID]time.Time{} // chats that neither side is in
	defer func() { r.bothGone = gone }()
	for _, cv := range active {
		if _, here := seen[cv.Assignee]; here {
			delete(r.agentGone, cv.Assignee)
			continue
		}
		if !visitors[cv.Visitor] {
			if gone[cv.ID] = r.bothGone[cv.ID]; gone[cv.ID].IsZero() {
				gone[cv.ID] = now
			}
		}
		since, known := r.agentGone[cv.Assignee]
		if !known {
			r.agentGone[cv.Assignee] = now
			continue
		}
		if now.Sub(since) < AwayBeforeReturn {
			continue
		}
		if err := r.dropped(ctx, cv, gone[cv.ID], now); err != nil && CodeOf(err) != "conflict" {
			return err
		}
	}
	return nil
}

// dropped decides about a chat whose agent is away. alone: since when its visitor is away as well, zero = he is there. A
// visitor who has just lost his connection has the time to come back.
func (r *Runner) dropped(ctx context.Context, cv Conversation, alone, now time.Time) error {
	switch {
	case alone.IsZero() || cv.Messages == 0:
		return r.requeue(ctx, cv, cv.Assignee, "away")
	case now.Sub(alone) < VisitorGone:
		return nil
	}
	events, err := r.Store.Leave(ctx, cv.ID, cv.Assignee, Subject(cv.FirstWords), now)
	if err != nil {
		return err
	}
	r.publish(ctx, events...)
	r.wake()
	return nil
}
