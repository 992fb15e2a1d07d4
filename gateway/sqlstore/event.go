package sqlstore

import (
	"context"
	"encoding/json"
	"slices"

	"github.com/postern-chat/postern/gateway"
)

const (
	eventColumns  = `id, kind, topic, seq, at, actor_role, actor_id, payload`
	qEventsAfter  = `SELECT ` + eventColumns + ` FROM events WHERE topic = $1 AND seq > $2 ORDER BY seq LIMIT $3`
	qEventsBefore = `SELECT ` + eventColumns + ` FROM events WHERE topic = $1 AND seq < $2 ORDER BY seq DESC LIMIT $3`
	qEventsLast   = `SELECT ` + eventColumns + ` FROM events WHERE topic = $1 ORDER BY seq DESC LIMIT $2`
	qEventClient  = `SELECT ` + eventColumns + ` FROM events WHERE topic = $1 AND client_id = $2
AND client_id <> ''` // or the partial index is not used, and the whole topic read
	qHeads = `SELECT topic, seq FROM topics WHERE topic IN (`
)

func scanEvent(r scanner) (gateway.Event, error) {
	var e gateway.Event
	var when int64
	var payload string
	err := r.Scan(&e.ID, &e.Kind, &e.Topic, &e.Seq, &when, &e.Actor.Role, &e.Actor.ID, &payload)
	e.At, e.Payload = at(when), json.RawMessage(payload)
	return e, missing(err)
}

// maxPage bounds one page of events.
const maxPage = 1000

func page(limit int) int {
	if limit <= 0 || limit > maxPage {
		return maxPage
	}
	return limit
}

// Events implements gateway.EventStore. A limit of 0 or above 1,000 means 1,000.
func (s *Store) Events(ctx context.Context, topic string, after uint64, limit int) ([]gateway.Event, error) {
	return all(ctx, s, scanEvent, qEventsAfter, topic, int64(after), page(limit))
}

// EventsBefore implements gateway.EventStore. A limit of 0 or above 1,000 means 1,000.
func (s *Store) EventsBefore(ctx context.Context, topic string, seq uint64, limit int) ([]gateway.Event, error) {
	var events []gateway.Event
	var err error
	if seq == 0 {
		events, err = all(ctx, s, scanEvent, qEventsLast, topic, page(limit))
	} else {
		events, err = all(ctx, s, scanEvent, qEventsBefore, topic, int64(seq), page(limit))
	}
	slices.Reverse(events)
	return events, err
}

// maxHeads is how many topics one call of Heads may ask for.
const maxHeads = 200

type head struct {
	topic string
	seq   uint64
}

func scanHead(r scanner) (h head, err error) { return h, r.Scan(&h.topic, &h.seq) }

// Heads implements gateway.EventStore. Errors: too_large above 200 topics.
func (s *Store) Heads(ctx context.Context, topics []string) (map[string]uint64, error) {
	if len(topics) > maxHeads {
		return nil, gateway.TooLarge("topics", maxHeads)
	}
	out := make(map[string]uint64, len(topics))
	if len(topics) == 0 {
		return out, nil
	}
	args := make([]any, len(topics))
	for i, t := range topics {
		args[i] = t
	}
	heads, err := all(ctx, s, scanHead, qHeads+list(0, len(topics))+")", args...)
	for _, h := range heads {
		out[h.topic] = h.seq
	}
	return out, err
}
