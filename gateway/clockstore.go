package gateway

import (
	"context"
	"time"
)

// ClockStore holds what conversations were promised, and what of it was told. It never computes a time.
type ClockStore interface {
	// Clocks reads promises and messages of conversations; those without a promise are left out.
	Clocks(ctx context.Context, cvs []ID) (map[ID]ClockFacts, error)
	// ClockMarks gives the keys of what was told of a conversation (Mark.Key).
	ClockMarks(ctx context.Context, cv ID) (map[string]bool, error)
	// KeepClocks stores what a look at a conversation's clocks came to: what is told now and was not yet, whether it is
	// late, and the next look with its job, in one transaction. Of several who keep the same appointment one does.
	// Errors: conflict if the row has moved since it was looked at, not_found.
	KeepClocks(ctx context.Context, l ClockLook, now time.Time) ([]Event, error)
	// Escalate tells of a level once. Errors: conflict if that level was told, conversation_closed, not_found.
	Escalate(ctx context.Context, cv ID, by Actor, t Telling, now time.Time) ([]Event, error)
	// FirstAnswers says of the newest conversations that began since, and in which a visitor wrote, when he was answered;
	// mailbox "" = all.
	FirstAnswers(ctx context.Context, mailbox ID, since time.Time, limit int) ([]FirstAnswer, error)
	// ResumeClocks makes jobs of looks that are overdue since before, as after a node that did not know them.
	ResumeClocks(ctx context.Context, before, now time.Time) (int, error)
}

// ClockFacts are what a conversation's clocks are told from.
type ClockFacts struct {
	Promise Promise
	Said    []Said // in order, without mails of unverified senders after the first
	LookAt  time.Time
}

// ClockLook is what a look at a conversation's clocks came to.
type ClockLook struct {
	Conversation ID
	Version      int64     // of the row that was looked at
	LookAt       time.Time // the appointment that is kept; if another stands there nothing happens
	Next         time.Time // zero = none: it has ended
	Late         bool
	Risk         bool
	Tell         []Telling
}

// Telling is an event of a conversation's clocks: it goes to the staff's side, to the mailbox and to each of To, once
// under its key.
type Telling struct {
	Key     string
	Payload Payload
	To      []ID
	Jobs    []Job // what else is to be done once it is told
}
