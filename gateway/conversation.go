package gateway

import "time"

// Channel says how a conversation is carried on.
type ChannelName string

// The two channels of stage 1. Other sources of tickets are more values, never another type.
const (
	ByChat  ChannelName = "chat"
	ByEmail ChannelName = "email"
)

// Status of a conversation. Chat phase: queued → active → closed. Ticket phase: open (our turn) → waiting
// (their turn) → closed.
type Status string

// The statuses of both phases.
const (
	Queued  Status = "queued"
	Active  Status = "active"
	Open    Status = "open"
	Waiting Status = "waiting"
	Closed  Status = "closed"
)

// Outcome says how a phase ended.
type Outcome string

// The four outcomes (architecture.md §5).
const (
	Resolved  Outcome = "resolved"
	Idle      Outcome = "idle"
	Missed    Outcome = "missed"
	Abandoned Outcome = "abandoned"
)

// CanBecome reports whether the transition table allows from → to. Everything else is refused by the Store.
func (s Status) CanBecome(to Status) bool {
	switch s {
	case Queued:
		return to == Active || to == Open || to == Closed
	case Active:
		return to == Queued || to == Closed || to == Open || to == Waiting
	case Open:
		return to == Waiting || to == Closed
	case Waiting:
		return to == Open || to == Closed
	case Closed:
		return to == Open // a reply within 30 days reopens
	}
	return false
}

// Ended reports whether nobody expects anything more.
func (s Status) Ended() bool { return s == Closed }

// Offer is a running ring: the conversation stays queued, the agent's seat is held.
type Offer struct {
	Agent ID        `json:"agent"`
	Until time.Time `json:"until"` // end of the ring
	Ring  int       `json:"ring"`  // number of this ring in the round, from 1
}

// Conversation is one history between a visitor and the agents of a mailbox.
type Conversation struct {
	ID       ID
	Mailbox  ID
	Visitor  ID          // "" for a ticket that came by mail from somebody unknown here
	Channel  ChannelName // chat, then perhaps email
	Status   Status
	Outcome  Outcome // "" while it goes on
	Reason   string  // close reason of the agent, e.g. "answered"
	Number   int64   // ticket number; 0 = no ticket. Set once, unique in the installation
	Subject  string  // ticket subject; "" for a chat
	Assignee ID      // "" = unassigned
	Offer    Offer   // Agent "" = none
	Round    int     // how often it was queued; names the missed job
	Version  int64   // counts changes of this row
	Seq      uint64  // head of topic ID
	StaffSeq uint64  // head of topic ID + "/staff"
	Frozen   bool    // "Not me" was pressed, or three messages were held: every gate verb is refused for good

	StartedAt     time.Time
	QueuedAt      time.Time // start of the wait; kept when an agent drops
	MissedAt      time.Time // the deadline while queued
	ClaimedAt     time.Time
	ClosedAt      time.Time
	LastMessageAt time.Time
	LastAuthor    Role      // whose message was last: it is the other side's turn; also the visitor's after a holding reply
	HoldingAt     time.Time // last holding reply
	FirstWords    string    // first visitor message, cut to 160 characters
	Messages      int       // of the visitor

	Priority Priority // class in which it waits; never 0 in the store
	ServedBy ID       // who had it last, or has it
	Moved    bool     // went to its first mailbox's overflow
	Type     string   // id of its ticket type, "" = none
	MinRole  Role     // lowest that may hold it; "" = any

	SnoozedUntil time.Time // zero = it does not sleep; tickets only
	DeletedAt    time.Time // zero = it is there; else nobody may read it any more

	Page    string // where it began, an https URL without query
	Browser string // product and platform, e.g. "Firefox on Android"
	Locale  string
	Claimed Claimed // what the visitor typed: unproven
	Rating  Rating
}

// Origin is where a conversation came from, as its history shows it (product.md P85).
type Origin string

// The seven origins.
const (
	FromWeb      Origin = "web"
	FromEmail    Origin = "email"
	FromAPI      Origin = "api"
	FromPhone    Origin = "phone"
	FromReview   Origin = "review"
	FromSocial   Origin = "social"
	FromInternal Origin = "internal"
)

// Origin tells it from what is known of the row: a browser's visitor wrote in a widget or a form, else it was a mail.
// A channel that is neither names it itself.
func (c Conversation) Origin() Origin {
	switch {
	case c.Channel != ByChat && c.Channel != ByEmail:
		return Origin(c.Channel)
	case c.Visitor == "":
		return FromEmail
	}
	return FromWeb
}

// Claimed is what a visitor typed about himself. It proves nothing and joins nothing (product.md P112).
type Claimed struct {
	Name   string            `json:"name,omitempty"`
	Email  string            `json:"email,omitempty"`
	Fields map[string]string `json:"fields,omitempty"` // the mailbox's own pre-chat fields
}

// Rating is the visitor's word at the end. Stars 0 = none given.
type Rating struct {
	Stars int       `json:"stars"` // 1…5
	Text  string    `json:"text,omitempty"`
	At    time.Time `json:"at"`
	// Tell hears of it if it is low and was not before; it is not kept.
	Tell []ID `json:"-"`
}

// Low reports whether somebody must be told.
func (r Rating) Low() bool { return r.Stars > 0 && r.Stars <= lowRating }

// lowRating is the most stars that alert a supervisor (product.md P83).
const lowRating = 2

// Staff names the conversation's staff topic: notes, reasons, drafts; never sent to a visitor.
func (id ID) Staff() string { return string(id) + "/staff" }
