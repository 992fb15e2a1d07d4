package gateway

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"
)

// Hook is an endpoint outside that is told of events by a webhook. It stands in the deploy file, with its secret.
type Hook struct {
	Name      string   `json:"name"`
	Host      string   `json:"host"`      // of its URL; the rest may hold a secret
	Events    []Kind   `json:"events"`    // none = all of HookKinds
	Mailboxes []string `json:"mailboxes"` // slugs; none = all
}

// HookKinds lists the events that may leave. None of them carries a message or a note.
func HookKinds() []Kind {
	return []Kind{
		ConversationClaimed{}.Kind(), ConversationAssigned{}.Kind(), ConversationReleased{}.Kind(), ConversationMissed{}.Kind(),
		ConversationEnded{}.Kind(), ConversationReopened{}.Kind(), ConversationRated{}.Kind(), ConversationEscalated{}.Kind(),
		ClockBroken{}.Kind(), TicketOpened{}.Kind(), TicketReplied{}.Kind(), TicketBounced{}.Kind(),
	}
}

// HooksByKind says which endpoints want which event.
func HooksByKind(list []Hook) map[Kind][]string {
	out := map[Kind][]string{}
	for _, h := range list {
		for _, k := range HookKinds() {
			if len(h.Events) == 0 || slices.Contains(h.Events, k) {
				out[k] = append(out[k], h.Name)
			}
		}
	}
	return out
}

// Hooks posts to the endpoints of the deploy file.
type Hooks interface {
	Endpoints() []Hook
	// Post sends a body, signed, under the id by which its receiver knows a repetition. status is the answer's, 0 = none.
	// Errors: not_found (no such endpoint), gone (it wants no more), unavailable for all else but success.
	Post(ctx context.Context, to, id string, body []byte) (status int, err error)
}

// HookStore keeps the log of deliveries. The jobs are made in the transactions of their events.
type HookStore interface {
	// LeaseHook is LeaseJob for webhooks: an endpoint that does not answer must not hold up any other work.
	LeaseHook(ctx context.Context, owner string, lease time.Duration, now time.Time) (Job, bool, error)
	// HookTried stores what one try came to.
	HookTried(ctx context.Context, t HookTry) error
	// HookLog lists deliveries, newest event first: those that wait, stopped, or were tried.
	HookLog(ctx context.Context, limit int) ([]HookRow, error)
	// ReplayHook sends an event to an endpoint once more, with as many tries as the first time. Errors: not_found,
	// conflict while it is being sent.
	ReplayHook(ctx context.Context, event ID, to string, now time.Time) error
}

// HookTry is one try of a delivery.
type HookTry struct {
	Job    string
	At     time.Time
	Took   time.Duration
	Status int    // of the answer, 0 = none
	Code   string // "" = it was taken
}

// HookRow is one delivery.
type HookRow struct {
	Event        ID
	Kind         Kind
	To           string
	Conversation ID
	At           time.Time // of the event
	State        string    // waiting, sent, stopped
	Tries        int
	Status       int // of the last answer
	Took         time.Duration
	TriedAt      time.Time // zero = not yet
	Due          time.Time // of the next try, zero = none
}

// hookJob is the payload of a webhook's job. The event itself stands where it happened.
type hookJob struct {
	To    string `json:"to"`
	Kind  Kind   `json:"kind"`
	Topic string `json:"topic"`
	Seq   uint64 `json:"seq"`
	At    int64  `json:"at"` // unix ms
}

// HookID names the job of an event's delivery.
func HookID(event ID, to string) string { return string(JobHook) + ":" + string(event) + ":" + to }

// NewHookJob is the job that tells an endpoint of an event.
func NewHookJob(e Event, to string) Job {
	payload, _ := json.Marshal(hookJob{to, e.Kind, e.Topic, e.Seq, e.At.UnixMilli()}) // words and numbers cannot fail
	return Job{ID: HookID(e.ID, to), Kind: JobHook, Due: e.At, Payload: payload}
}

// ReadHookJob fills in what a delivery's job says of it.
func ReadHookJob(j Job, r *HookRow) error {
	var p hookJob
	if err := json.Unmarshal(j.Payload, &p); err != nil {
		return err
	}
	event := strings.TrimSuffix(strings.TrimPrefix(j.ID, string(JobHook)+":"), ":"+p.To)
	r.Event, r.Kind, r.To, r.Conversation, r.At = ID(event), p.Kind, p.To, aboutConversation(p.Topic), time.UnixMilli(p.At)
	return nil
}

// aboutConversation gives the conversation whose topic, or staff's topic, that is; "" = none's.
func aboutConversation(topic string) ID {
	id, _, _ := strings.Cut(topic, "/")
	if ID(id).Is(PrefixConversation) {
		return ID(id)
	}
	return ""
}

// HookTopic reports whether events of this topic are told to endpoints: each stands in one conversation's topic, whatever
// other topics it stands in.
func HookTopic(topic string) bool { return aboutConversation(topic) != "" }

// hookBody is what an endpoint reads.
type hookBody struct {
	ID           ID              `json:"id"`
	Type         Kind            `json:"type"`
	At           int64           `json:"at"` // unix ms
	By           Actor           `json:"by"`
	Mailbox      hookMailbox     `json:"mailbox"`
	Conversation hookTold        `json:"conversation"`
	Data         json.RawMessage `json:"data"`
}

type hookMailbox struct {
	ID   ID     `json:"id"`
	Slug string `json:"slug"`
	Name string `json:"name"`
}

type hookTold struct {
	ID      ID          `json:"id"`
	Number  int64       `json:"number,omitempty"`
	Channel ChannelName `json:"channel"`
}

// deliver tells one endpoint of one event.
func (s *Service) deliver(ctx context.Context, j Job) error {
	var p hookJob
	if err := json.Unmarshal(j.Payload, &p); err != nil || p.Seq == 0 {
		return Invalid("payload")
	}
	if s.Hooks == nil {
		return Gone()
	}
	all := s.Hooks.Endpoints()
	i := slices.IndexFunc(all, func(h Hook) bool { return h.Name == p.To })
	if i < 0 {
		return Gone() // it stands in the deploy file no more
	}
	e, body, wanted, err := s.hookBody(ctx, all[i], p)
	if err != nil || !wanted {
		return err
	}
	began := s.Now()
	status, err := s.Hooks.Post(ctx, p.To, string(e.ID), body)
	t := HookTry{Job: j.ID, At: began, Took: s.Now().Sub(began), Status: status, Code: CodeOf(err)}
	if kept := s.Store.HookTried(ctx, t); err == nil {
		err = kept
	}
	return err
}

// hookBody writes what the endpoint reads of an event; wanted is false for one of a mailbox that it does not follow.
func (s *Service) hookBody(ctx context.Context, h Hook, p hookJob) (e Event, body []byte, wanted bool, err error) {
	events, err := s.Store.Events(ctx, p.Topic, p.Seq-1, 1)
	if err != nil {
		return e, nil, false, err
	}
	if len(events) == 0 || events[0].Seq != p.Seq {
		return e, nil, false, NotFound()
	}
	e = events[0]
	cv, err := s.Store.Conversation(ctx, aboutConversation(p.Topic))
	if err != nil {
		return e, nil, false, err
	}
	mb, err := s.Store.Mailbox(ctx, cv.Mailbox)
	if err != nil || len(h.Mailboxes) > 0 && !slices.Contains(h.Mailboxes, mb.Slug) {
		return e, nil, false, err
	}
	body, err = json.Marshal(hookBody{
		ID: e.ID, Type: e.Kind, At: e.At.UnixMilli(), By: e.Actor, Mailbox: hookMailbox{mb.ID, mb.Slug, mb.Name},
		Conversation: hookTold{cv.ID, cv.Number, cv.Channel}, Data: e.Payload,
	})
	return e, body, true, err
}

// Endpoints lists who is told of events, without addresses and secrets. Errors: forbidden.
func (s *Service) Endpoints(c Caller) ([]Hook, error) {
	if err := c.may(VerbSettings); err != nil || s.Hooks == nil {
		return nil, err
	}
	return s.Hooks.Endpoints(), nil
}

// maxHookLog is how many deliveries the log shows.
const maxHookLog = 200

// HookLog lists deliveries, newest event first. Errors: forbidden.
func (s *Service) HookLog(ctx context.Context, c Caller) ([]HookRow, error) {
	if err := c.may(VerbSettings); err != nil {
		return nil, err
	}
	return s.Store.HookLog(ctx, maxHookLog)
}

// ReplayHook sends an event to an endpoint once more. Errors: forbidden, not_found, conflict while it is being sent.
func (s *Service) ReplayHook(ctx context.Context, c Caller, event ID, to string) error {
	if err := c.may(VerbSettings); err != nil {
		return err
	}
	now, err := s.Store.Now(ctx)
	if err != nil {
		return err
	}
	return s.Store.ReplayHook(ctx, event, to, now)
}
