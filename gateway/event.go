package gateway

import (
	"encoding/json"
	"strconv"
	"time"

	"github.com/postern-chat/postern/kb"
)

// Kind names an event: noun, dot, past tense. The closed list is the Kind methods below.
type Kind string

// Event is one stored fact in one topic. Seq has no gaps within a topic.
type Event struct {
	ID      ID              `json:"id"`
	Kind    Kind            `json:"ev"`
	Topic   string          `json:"topic"`
	Seq     uint64          `json:"seq"`
	At      time.Time       `json:"-"`
	Actor   Actor           `json:"by"`
	Payload json.RawMessage `json:"data"`
}

// MarshalJSON writes the event frame of PROTOCOL.md: at is in milliseconds since 1970.
func (e Event) MarshalJSON() ([]byte, error) { return e.Frame(), nil }

// Frame is the event frame of PROTOCOL.md, encoded once for everybody who gets it. The payload stands in it as it was
// stored.
func (e Event) Frame() []byte {
	b := make([]byte, 0, 160+len(e.Payload)+len(e.Topic)+len(e.Actor.ID))
	b = appendField(b, `{"id":`, string(e.ID))
	b = appendField(b, `,"ev":`, string(e.Kind))
	b = appendField(b, `,"topic":`, e.Topic)
	b = strconv.AppendUint(append(b, `,"seq":`...), e.Seq, 10)
	b = appendField(b, `,"by":{"role":`, string(e.Actor.Role))
	if e.Actor.ID != "" {
		b = appendField(b, `,"id":`, string(e.Actor.ID))
	}
	b = append(b, `},"data":`...)
	if len(e.Payload) == 0 {
		b = append(b, "null"...)
	}
	b = append(b, e.Payload...)
	b = strconv.AppendInt(append(b, `,"at":`...), e.At.UnixMilli(), 10)
	return append(b, '}')
}

// appendField writes a name and its text. What is not plain ASCII goes through the encoder.
func appendField(b []byte, name, value string) []byte {
	b = append(b, name...)
	for i := range len(value) {
		if c := value[i]; c < ' ' || c > '~' || c == '"' || c == '\\' || c == '<' || c == '>' || c == '&' {
			quoted, _ := json.Marshal(value) // a string cannot fail
			return append(b, quoted...)
		}
	}
	b = append(append(b, '"'), value...)
	return append(b, '"')
}

// UnmarshalJSON reads the event frame.
func (e *Event) UnmarshalJSON(b []byte) error {
	type plain Event
	in := struct {
		*plain
		At int64 `json:"at"`
	}{plain: (*plain)(e)}
	if err := json.Unmarshal(b, &in); err != nil {
		return err
	}
	e.At = time.UnixMilli(in.At).UTC()
	return nil
}

// Payload is what one kind of event says.
type Payload interface{ Kind() Kind }

// ConversationStarted opens a history.
type ConversationStarted struct {
	Mailbox ID      `json:"mailbox"`
	Page    string  `json:"page,omitempty"`
	Browser string  `json:"browser,omitempty"`
	Locale  string  `json:"locale,omitempty"`
	Claimed Claimed `json:"claimed"` // typed, unproven
}

// ConversationQueued says that it waits for a person until MissedAt.
type ConversationQueued struct {
	Mailbox  ID    `json:"mailbox"`
	Round    int   `json:"round"`
	QueuedAt int64 `json:"queued_at"` // unix ms; earlier than the event when it came back
	MissedAt int64 `json:"missed_at"` // unix ms
	Back     bool  `json:"back,omitempty"`
}

// ConversationOffered says that it rings at an agent. Staff and mailbox topics only.
type ConversationOffered struct {
	Agent ID    `json:"agent"`
	Until int64 `json:"until"` // unix ms
	Ring  int   `json:"ring"`
}

// ConversationClaimed names the one who took it.
type ConversationClaimed struct {
	Agent ID     `json:"agent"`
	Name  string `json:"name"`
	How   string `json:"how"` // offer, hand, reply, assign
}

// ConversationAssigned says that it was handed to a colleague or another mailbox.
type ConversationAssigned struct {
	Agent   ID     `json:"agent,omitempty"`
	Mailbox ID     `json:"mailbox,omitempty"`
	Name    string `json:"name,omitempty"` // agent's or mailbox's
}

// ConversationReleased says that an offer ended or an agent gave it back.
type ConversationReleased struct {
	Agent  ID     `json:"agent"`
	Reason string `json:"reason"` // declined, ring.missed, away, logout, withdrawn, released
}

// ConversationMissed says that nobody claimed the conversation before its mailbox's deadline. It goes on by
// e-mail, in the same history, under Number.
type ConversationMissed struct {
	Number   int64  `json:"number"`    // told to the visitor; unique in the installation
	WaitedMS int64  `json:"waited_ms"` // queued to missed, database clock
	Why      string `json:"why"`       // deadline, left, hours
}

// ConversationEnded says that a phase ended.
type ConversationEnded struct {
	Outcome Outcome `json:"outcome"`
	Reason  string  `json:"reason,omitempty"`
}

// ConversationReopened says that a closed ticket goes on.
type ConversationReopened struct{}

// ConversationRated is the visitor's word.
type ConversationRated struct {
	Stars int    `json:"stars"`
	Text  string `json:"text,omitempty"`
}

// ConversationFrozen says that the account's owner pressed "Not me", or, without a change, that the leak guard held
// messages too often: every gate verb is refused from here on.
type ConversationFrozen struct {
	Change string `json:"change"`
}

// ClockWarned says that two thirds of a conversation's time for an answer have passed. Like ClockBroken it stands in the
// staff's, the mailbox's and the hearers' topics only.
type ClockWarned struct {
	Clock ClockName `json:"clock"`
	Due   int64     `json:"due"` // unix ms
}

// ClockBroken says that the time is over.
type ClockBroken struct {
	Clock ClockName `json:"clock"`
	Due   int64     `json:"due"` // unix ms
}

// ConversationEscalated says that it needs somebody else's help, and what he has to know. Staff topic, the mailbox's and
// the hearers' only.
type ConversationEscalated struct {
	Level  int              `json:"level"`            // 1 senior support, 2 engineering or product, 3 management
	Reason string           `json:"reason,omitempty"` // of whoever did it by hand, or the visitor's words that did; "" = the time was over
	Told   []Hearer         `json:"told"`
	Report EscalationReport `json:"report"`
}

// ConversationClassified says what it is about, and which role may hold it at least. Staff topic and the mailbox's only.
type ConversationClassified struct {
	Type string `json:"type"` // "" = nothing certain
	Name string `json:"name,omitempty"`
	Role Role   `json:"role,omitempty"`
}

// MailboxAlarmed says that conversations have waited for an answer longer than one work day: once a day, in the
// mailbox's topic and the leaders'.
type MailboxAlarmed struct {
	Mailbox   ID     `json:"mailbox"`
	Day       string `json:"day"` // YYYY-MM-DD in the mailbox's zone
	Over      int    `json:"over"`
	LongestMS int64  `json:"longest_ms"` // open time
	Oldest    []ID   `json:"oldest"`     // who has waited longest first, at most ten
}

// MessageCreated carries a message to both sides.
type MessageCreated struct{ Message }

// NoteCreated carries a note to the staff's side.
type NoteCreated struct{ Message }

// MessageHeld says that the leak guard kept an agent's message back. Staff topic only, and without the text.
type MessageHeld struct {
	Message ID         `json:"message"`
	Kinds   []LeakKind `json:"kinds,omitempty"`   // none in side-access mode: agents read this
	Blocked bool       `json:"blocked,omitempty"` // it was not even kept
}

// MessageWithdrawn says that a held message was given up. Staff topic only.
type MessageWithdrawn struct {
	Message ID `json:"message"`
}

// MessageReleased says that a supervisor sent a held message after all. Staff topic only.
type MessageReleased struct {
	Message ID     `json:"message"`
	Reason  string `json:"reason"`
}

// MessagePosted says that an agent's answer in a ticket goes then, unless he takes it back. Staff topic only, and without
// the text.
type MessagePosted struct {
	Message ID    `json:"message"`
	Until   int64 `json:"until"`            // unix ms
	Closes  bool  `json:"closes,omitempty"` // the ticket ends with it
}

// MessageUndone says that he took it back. Staff topic only.
type MessageUndone struct {
	Message ID `json:"message"`
}

// ConversationSnoozed says that a ticket sleeps. Staff and mailbox topics only.
type ConversationSnoozed struct {
	Until int64 `json:"until"` // unix ms
}

// ConversationWoken says that it does not any more. Staff and mailbox topics only.
type ConversationWoken struct {
	Why string `json:"why"` // due, visitor, agent, closed
}

// ConversationIdling says that the visitor has been silent for long: unless he writes or stays, it ends then.
type ConversationIdling struct {
	Until  int64 `json:"until"`            // unix ms
	Mailed bool  `json:"mailed,omitempty"` // it was said by mail too
}

// ConversationStayed says that the visitor is still there.
type ConversationStayed struct{}

// ConversationDuplicate says that a conversation was closed because the same is asked in another one. Staff topics of
// both only.
type ConversationDuplicate struct {
	Of     ID    `json:"of,omitempty"` // this one is the duplicate of Of, or
	By     ID    `json:"by,omitempty"` // By is one of this
	Number int64 `json:"number,omitempty"`
}

// ConversationDeleted says that a ticket is gone for good. Mailbox topic only.
type ConversationDeleted struct{}

// FollowChanged says whether an agent hears of a conversation from now on. In his own topic only.
type FollowChanged struct {
	Wanted bool   `json:"wanted"`
	Why    string `json:"why"` // hand, mention, reply, offer, assign
}

// MessageRead says how far one side has read.
type MessageRead struct {
	UpTo uint64 `json:"up_to"` // seq of the topic
}

// ArticleSuggested counts what the visitor was shown for his words.
type ArticleSuggested struct {
	Query    string `json:"query"`
	Articles []ID   `json:"articles"`
}

// ArticleOpened says that the visitor read one.
type ArticleOpened struct {
	Article ID     `json:"article"`
	Title   string `json:"title"`
	Query   string `json:"query,omitempty"`
}

// ArticleRated is the answer to "Did this help?".
type ArticleRated struct {
	Article ID     `json:"article"`
	Solved  bool   `json:"solved"`
	Text    string `json:"text,omitempty"`
}

// GuideOpened says that the visitor opened a guide card's page.
type GuideOpened struct {
	Message ID `json:"message"` // the card's message
}

// GuideDone says that the visitor did there what he came for.
type GuideDone struct {
	Message ID `json:"message"`
}

// AvailabilityChanged says what an agent now declares for a mailbox, or that a pause began or ended.
type AvailabilityChanged struct {
	Agent        ID           `json:"agent"`
	Mailbox      ID           `json:"mailbox,omitempty"` // "" = the pause, which covers all
	Availability Availability `json:"availability"`
	Paused       bool         `json:"paused,omitempty"`
	Reason       string       `json:"reason,omitempty"`
}

// TicketOpened says that the conversation goes on by e-mail.
type TicketOpened struct {
	Number  int64  `json:"number"`
	Subject string `json:"subject"`
	Why     string `json:"why"`          // missed, form, mail, agent, left
	To      string `json:"to,omitempty"` // where the answer goes, masked; "" = it waits in the widget
}

// TicketDelivered says that the mail server took a mail.
type TicketDelivered struct {
	Message ID `json:"message"`
}

// TicketReplied says that a mail came in.
type TicketReplied struct {
	Message  ID   `json:"message"`
	Verified bool `json:"verified"`
}

// TicketBounced says that a mail will not arrive.
type TicketBounced struct {
	Message ID     `json:"message,omitempty"`
	Code    string `json:"code"`
}

// GateMoved carries every change.*, challenge.* and proof.* event: one row of the proof gate moved. It holds
// no token, no subject and no account fact; Fields stand only in the offer, which the visitor must see.
type GateMoved struct {
	K       Kind                         `json:"-"`
	Change  string                       `json:"change"`           // ch_…
	Name    string                       `json:"kind"`             // change kind
	State   string                       `json:"state"`            // after the step
	Title   map[string]string            `json:"title,omitempty"`  // the kind's template per language
	Labels  map[string]map[string]string `json:"labels,omitempty"` // field → language → label
	Fields  map[string]string            `json:"fields,omitempty"`
	Guide   string                       `json:"guide,omitempty"`  // self-service page
	Until   int64                        `json:"until,omitempty"`  // unix ms, when this state ends by itself
	Reason  string                       `json:"reason,omitempty"` // staff topic only
	Receipt string                       `json:"receipt,omitempty"`
}

// WindowOpened says that the assigned agent may ask for the account card until then. Like the other two it holds no
// account fact. Staff topic only.
type WindowOpened struct {
	Change string `json:"change"`
	Until  int64  `json:"until"` // unix ms
}

// WindowMoved takes the account card off the screens of everybody but its new reader. Staff topic, and the former
// reader's own.
type WindowMoved struct {
	Change string `json:"change"`
	Agent  ID     `json:"agent,omitempty"` // "" = nobody's, the conversation waits again
}

// WindowClosed takes the account card off every screen. Staff topic only.
type WindowClosed struct {
	Change string `json:"change"`
	Why    string `json:"why"` // over, ended, kill
}

// LoginObserved says that a login was seen at the host: of itself it moves nothing (level E0).
type LoginObserved struct {
	Source string `json:"source"`
	Match  bool   `json:"match"`
}

// IdentityClaimed says that the host signed who is in its session (no proof; then without name and address,
// which are account facts), or that the visitor typed it.
type IdentityClaimed struct {
	How   string `json:"how"` // typed, signed
	Name  string `json:"name,omitempty"`
	Email string `json:"email,omitempty"`
}

// IdentityProven says that a login proved the account behind this browser for one change.
type IdentityProven struct {
	Host string `json:"host"`
}

// SettingChanged tells nodes and consoles which setting to read again.
type SettingChanged struct {
	What    string `json:"what"` // mailbox, agent, reply, kind, origin, library; session: one of this agent's came from another device
	ID      ID     `json:"id,omitempty"`
	Version int64  `json:"version"`
}

// ArticleChanged is the kb topic's event: apply what changed since the last number.
type ArticleChanged struct {
	Article ID `json:"article"`
}

// Kind implementations: the one place where a payload meets its name.

func (ConversationStarted) Kind() Kind  { return "conversation.started" }
func (ConversationQueued) Kind() Kind   { return "conversation.queued" }
func (ConversationOffered) Kind() Kind  { return "conversation.offered" }
func (ConversationClaimed) Kind() Kind  { return "conversation.claimed" }
func (ConversationAssigned) Kind() Kind { return "conversation.assigned" }
func (ConversationReleased) Kind() Kind { return "conversation.released" }
func (ConversationMissed) Kind() Kind   { return "conversation.missed" }
func (ConversationEnded) Kind() Kind    { return "conversation.closed" }
func (ConversationReopened) Kind() Kind { return "conversation.reopened" }
func (ConversationRated) Kind() Kind    { return "conversation.rated" }
func (ConversationFrozen) Kind() Kind   { return "conversation.frozen" }
func (MessageCreated) Kind() Kind       { return "message.created" }
func (NoteCreated) Kind() Kind          { return "note.created" }
func (MessageHeld) Kind() Kind          { return "message.held" }
func (MessageWithdrawn) Kind() Kind     { return "message.withdrawn" }
func (MessageReleased) Kind() Kind      { return "message.released" }
func (MessagePosted) Kind() Kind        { return "message.posted" }
func (MessageUndone) Kind() Kind        { return "message.undone" }
func (ConversationSnoozed) Kind() Kind  { return "conversation.snoozed" }
func (ConversationWoken) Kind() Kind    { return "conversation.woken" }
func (ConversationIdling) Kind() Kind   { return "conversation.idling" }
func (ConversationStayed) Kind() Kind   { return "conversation.stayed" }
func (ConversationDuplicate) Kind() Kind {
	return "conversation.duplicate"
}
func (ConversationDeleted) Kind() Kind { return "conversation.deleted" }
func (FollowChanged) Kind() Kind       { return "follow.changed" }
func (MessageRead) Kind() Kind         { return "message.read" }
func (ArticleSuggested) Kind() Kind    { return "article.suggested" }
func (ArticleOpened) Kind() Kind       { return "article.opened" }
func (ArticleRated) Kind() Kind        { return "article.rated" }
func (GuideOpened) Kind() Kind         { return "guide.opened" }
func (GuideDone) Kind() Kind           { return "guide.done" }
func (AvailabilityChanged) Kind() Kind { return "availability.changed" }
func (TicketOpened) Kind() Kind        { return "ticket.opened" }
func (TicketDelivered) Kind() Kind     { return "ticket.delivered" }
func (TicketReplied) Kind() Kind       { return "ticket.replied" }
func (TicketBounced) Kind() Kind       { return "ticket.bounced" }
func (g GateMoved) Kind() Kind         { return g.K }
func (WindowOpened) Kind() Kind        { return "window.opened" }
func (WindowMoved) Kind() Kind         { return "window.moved" }
func (WindowClosed) Kind() Kind        { return "window.closed" }
func (LoginObserved) Kind() Kind       { return "login.observed" }
func (IdentityClaimed) Kind() Kind     { return "identity.claimed" }
func (IdentityProven) Kind() Kind      { return "identity.proven" }
func (SettingChanged) Kind() Kind      { return "setting.changed" }
func (ArticleChanged) Kind() Kind      { return "article.changed" }

func (ClockWarned) Kind() Kind           { return "clock.warned" }
func (ClockBroken) Kind() Kind           { return "clock.broken" }
func (ConversationEscalated) Kind() Kind { return "conversation.escalated" }
func (ConversationMerged) Kind() Kind    { return "conversation.merged" }
func (ConversationUnmerged) Kind() Kind  { return "conversation.unmerged" }
func (ConversationSplit) Kind() Kind     { return "conversation.split" }
func (ConversationContinued) Kind() Kind { return "conversation.continued" }
func (TicketForwarded) Kind() Kind       { return "ticket.forwarded" }

func (ConversationClassified) Kind() Kind { return "conversation.classified" }
func (MailboxAlarmed) Kind() Kind         { return "mailbox.alarmed" }

// Suggestion is one line of self-help shown to a visitor or an agent.
type Suggestion struct {
	Article ID      `json:"article"`
	Title   string  `json:"title"`
	Summary string  `json:"summary"`
	Score   float64 `json:"score"`
}

// Page is an article as the widget draws it.
type Page struct {
	Article ID        `json:"article"`
	Title   string    `json:"title"`
	Version int64     `json:"version"` // number of the published version
	Nodes   []kb.Node `json:"nodes"`
}
