package gateway

import (
	"context"
	"time"
)

// Store is the truth for every fact. It is split by noun; one type implements all parts. A method is a domain
// verb and one transaction, and gives the events it appended (each already numbered; nothing is published
// before the commit). Expected refusals are codes; a refused call changes nothing. Times are passed in, but
// what nodes compare is measured by Now.
//
// Lock order: conversations by id → agents by id → topic counters → log head.
type Store interface {
	ConversationStore
	QueueStore
	EventStore
	AgentStore
	VisitorStore
	SettingStore
	HeldStore
	FileStore
	JobStore
	MailSourceStore
	MachineStore
	KeyStore
	ModelStore
	PasskeyStore
	TranscriptStore
	ClockStore
	HookStore
	TypeStore
	AlarmStore
	PartingStore
	SnoozeStore
	FollowStore
	IdleStore
	DuplicateStore
	TieStore
	MailFateStore

	// Now is the clock that decides: the database's on PostgreSQL, the process's on SQLite.
	// A step back is refused with unavailable.
	Now(ctx context.Context) (time.Time, error)
	// Moment is Now, or its last reading, at most a second old, and what this process has measured since: for stamps.
	Moment(ctx context.Context) (time.Time, error)
	// Close ends the pools after the running transactions.
	Close() error
}

// Start is what a new conversation begins with. ID, MessageID and At come from the Service.
type Start struct {
	ID        ID
	Visitor   ID
	Mailbox   ID
	Page      string
	Browser   string
	Locale    string
	Claimed   Claimed
	First     *Message      // may be nil: it waits for the first words
	Context   []Payload     // article.* events of the self-help session, in order
	Missed    time.Duration // the mailbox's limit: MissedAt = now + Missed
	Ticket    bool          // the form: becomes a ticket in the same transaction (why "form")
	Subject   string
	CommandID string      // the client's own UUID: starting twice is once
	Priority  Priority    // 0 = Medium
	Type      string      // id of a ticket type; "" = none
	MinRole   Role        // of that type
	Clock     *ClockStart // nil = nothing is promised
	From      ID          // the ticket whose link led here, or where that goes on now; "" = none
	Sticky    ID          // who is asked first; "" = whoever served the visitor last
	Jobs      []Job       // what its first message brings along
}

// ConversationStore holds the histories' rows.
type ConversationStore interface {
	// StartConversation stores the conversation, its first events and its missed job; with Ticket set it gets
	// its number instead of a place in the queue. The same CommandID of the same visitor gives the same result.
	StartConversation(ctx context.Context, s Start, now time.Time) (Conversation, []Event, error)
	// Conversation reads one row. Errors: not_found.
	Conversation(ctx context.Context, id ID) (Conversation, error)
	// Conversations lists rows by filter, newest activity first, at most 200.
	Conversations(ctx context.Context, f ConversationFilter) ([]Conversation, error)
	// CloseConversation ends the phase, frees the seat and revokes the gate's live changes in the same
	// transaction. Errors: not_found, conversation_closed.
	CloseConversation(ctx context.Context, id ID, by Actor, o Outcome, reason string, now time.Time) ([]Event, error)
	// OpenTicket gives the conversation its number once, frees the seat, revokes live changes.
	// Errors: conflict if it is a ticket already, conversation_closed.
	OpenTicket(ctx context.Context, id ID, by Actor, subject, why string, now time.Time) (Conversation, []Event, error)
	// Rate stores stars and text; again within 24 h replaces. Errors: not_found, invalid reason state, gone.
	Rate(ctx context.Context, id ID, r Rating, now time.Time) ([]Event, error)
	// SetEmail stores the address that the visitor typed, before there is a ticket that answers go to.
	// Errors: not_found, conflict (it is a ticket), conversation_closed.
	SetEmail(ctx context.Context, id ID, email string, now time.Time) ([]Event, error)
}

// ConversationFilter picks rows; zero fields do not filter.
type ConversationFilter struct {
	IDs        []ID
	Mailboxes  []ID
	Visitor    ID
	Assignee   ID
	Unassigned bool
	Statuses   []Status
	Channel    ChannelName
	Outcome    Outcome
	Late       bool   // a clock had run out when it was looked at last
	Risk       bool   // two thirds of a clock had passed then
	OurTurn    bool   // an answer is owed; who has waited longest comes first
	Type       string // id of a ticket type
	Snoozed    bool   // only those that sleep
	Awake      bool   // none of those that sleep
	Text       string // in subject, first words, number; never joined to accounts
	Before     time.Time
	Limit      int
}

// QueueStore moves conversations between queue, offer, agent and ticket. Every method is a race that one wins.
type QueueStore interface {
	// Offer takes a seat of agent and rings until; the conversation stays queued. It enqueues the ring's job.
	// Errors: conflict (row moved, or rings elsewhere), at_capacity, forbidden (no member, not available).
	Offer(ctx context.Context, cv, agent ID, version int64, until, now time.Time) ([]Event, error)
	// EndOffer ends a running ring and frees the seat: reason declined, ring.missed (pauses the agent),
	// away, withdrawn. A ring that is over already is no error and no event.
	EndOffer(ctx context.Context, cv, agent ID, ring int, reason string, now time.Time) ([]Event, error)
	// Claim makes agent the assignee of a queued conversation, by an offer or by hand; a ring elsewhere ends.
	// Of any number of callers exactly one succeeds.
	// Errors: not_found; conversation_closed; already_claimed, params agent, name; at_capacity, params seats;
	// forbidden if no member of the mailbox. Source: product.md P36, P39, P50.
	Claim(ctx context.Context, cv, agent ID, how string, now time.Time) ([]Event, error)
	// Assign hands an active conversation or a ticket to a colleague or another mailbox, with a note.
	// Errors: not_found, conversation_closed, at_capacity, forbidden.
	Assign(ctx context.Context, a Assignment, now time.Time) ([]Event, error)
	// Requeue gives an active conversation back with its old queued_at and a new deadline.
	// Errors: conflict if it is not active or not this agent's.
	Requeue(ctx context.Context, cv, agent ID, reason string, missed time.Duration, now time.Time) ([]Event, error)
	// Leave makes an active chat that its agent and its visitor have left a ticket of that agent, open.
	// Errors: conflict if it is not active or not this agent's.
	Leave(ctx context.Context, cv, agent ID, subject string, now time.Time) ([]Event, error)
	// Unassign takes a ticket from its agent; it waits for anybody of its mailbox. Errors: conflict if it is no ticket of
	// his, not_found.
	Unassign(ctx context.Context, cv, agent ID, reason string, now time.Time) ([]Event, error)
	// Miss makes a queued conversation of that round a ticket, or abandoned if the visitor wrote nothing.
	// Exactly one of any number of callers gets events. Source: mail-and-routing.md 2.4.
	Miss(ctx context.Context, cv ID, round int, why, subject string, now time.Time) ([]Event, error)
	// Overflow moves a queued conversation to another mailbox, once, with its place and deadline. Errors: conflict (row
	// moved, rings, or has moved before), not_found.
	Overflow(ctx context.Context, cv ID, version int64, to ID, now time.Time) ([]Event, error)
	// ServedBy gives who had this conversation last, else the visitor's latest with a message since; "" = nobody.
	ServedBy(ctx context.Context, cv ID, since time.Time) (ID, error)
	// Queue lists queued conversations of the mailboxes by class, oldest first; nil = all.
	Queue(ctx context.Context, mailboxes []ID) ([]Conversation, error)
	// Candidates lists members of a mailbox with what Route needs, presence not included. Rung and DeclinedAt are
	// those of cv's present round; with cv "" they are zero.
	Candidates(ctx context.Context, mailbox, cv ID) ([]Candidate, error)
	// Place gives how many wait before this conversation in its mailbox, 0 = next.
	Place(ctx context.Context, cv ID) (int, error)
	// Talks says how long the mailbox's chats lasted that ended and had a message since then.
	Talks(ctx context.Context, mailbox ID, since time.Time) (TalkStats, error)
	// Recount sets every agent's active seats to what the rows say and returns how many were wrong.
	Recount(ctx context.Context) (int, error)
}

// Assignment hands a conversation on.
type Assignment struct {
	Conversation ID
	By           Actor
	ToAgent      ID            // or
	ToMailbox    ID            // then it waits there, unassigned
	Note         *Message      // stored as note.created before conversation.assigned
	Missed       time.Duration // limit of the new mailbox's queue
}

// Candidate is an agent as Route sees him. Presence is filled in by the Service from the bus.
type Candidate struct {
	Agent        ID
	Role         Role
	Tags         []string     // what he knows
	Languages    []string     // that he speaks
	Availability Availability // effective: a pause counts
	Presence     Presence
	Active       int
	Capacity     int
	LastOfferAt  time.Time
	LastBeatAt   time.Time
	AwayFrom     time.Time // announced absence
	AwayUntil    time.Time
	Fits         int       // how well that fits the conversation; 0 unless the mailbox prefers specialists
	Rung         int       // rings of the current round that this agent missed or declined
	DeclinedAt   time.Time // his last "no" to this conversation in the current round; zero = none
}

// Append is one event to store in a topic through the group committer.
type Append struct {
	Topic        string
	Conversation ID // lock and check this row; "" = only the topic's counter
	Actor        Actor
	ClientID     string // unique per topic; "" = none
	Payload      Payload
	ID           ID
	At           time.Time

	By          *Rights // the rights that the caller was let in by, if they were remembered; nil = read just now
	MustVisitor ID      // refuse not_found unless the row's visitor is this one
	MustAgent   ID      // refuse not_assignee unless unassigned or this agent's; the first reply claims
	Judged      bool    // an agent's message that the leak guard has read with those up to Said
	Said        uint64  // refuse conflict (SaidMore) if an agent's message stands after this number
	Counts      bool    // a message: moves last_message_at, first_words and the ticket's turn
	Jobs        []Job   // what a visitor's message brings along
	Mail        *Mail   // goes to the outbox in the same transaction, with its job
	Hear        []ID    // of a note: agents whom it mentions and who may read it; they follow from then on
	Back        any     // the submitter's own: it comes back in Stored
}

// Appended is what an append came to.
type Appended struct {
	Event   Event
	More    []Event      // stored beside it: a claim by first reply
	Mailbox ID           // where the conversation is now, as the transaction saw it
	Row     Conversation // as the transaction left it, without Seq and StaffSeq; zero where Conversation was ""
	Again   bool         // the same ClientID was stored before: nothing was stored now
	Held    *Held        // it was held before, of a Judged append: nothing was stored now, and Event is empty
}

// Stored is what became of one Append that was submitted.
type Stored struct {
	Append Append
	Appended
	Err error
}

// Committed is told what became of appends.
type Committed interface {
	// Committed gets, after a commit, all outcomes of it that are this receiver's, in the order of their topics. While it
	// runs nothing else is told, so it must not wait for the store.
	Committed([]Stored)
}

// EventStore appends and reads numbered events.
type EventStore interface {
	// Append stores events in order of arrival, many callers' in one transaction. The same ClientID again
	// gives the first event back and stores nothing. A message's files are attached with it.
	// Errors: those of Append's Must fields, conversation_closed; invalid for a file that is not there any more.
	Append(ctx context.Context, a Append) (Appended, error)
	// Submit is Append for whoever does not wait: it returns once the append is queued, and to hears of it. Appends of
	// one conversation are stored in the order in which they were submitted. An error means that nothing was queued;
	// ctx counts until a batch takes the append.
	Submit(ctx context.Context, a Append, to Committed) error
	// Events reads a topic after seq, at most limit, in order.
	Events(ctx context.Context, topic string, after uint64, limit int) ([]Event, error)
	// EventsBefore reads the page of a topic that ends before seq (0 = the end), in order.
	EventsBefore(ctx context.Context, topic string, seq uint64, limit int) ([]Event, error)
	// Heads gives the last seq of each topic that exists; at most 200 a call.
	Heads(ctx context.Context, topics []string) (map[string]uint64, error)
}

// AgentStore holds the staff.
type AgentStore interface {
	// SaveAgent creates (Version 0) or updates name, role, capacity, disabled. It keeps HeldSince and AdminUntil by
	// itself: they say when hands changed, whatever a says. Errors: conflict, invalid (e-mail taken).
	SaveAgent(ctx context.Context, a Agent, by Actor, now time.Time) (Agent, []Event, error)
	Agent(ctx context.Context, id ID) (Agent, error)
	AgentByEmail(ctx context.Context, email string) (Agent, error)
	Agents(ctx context.Context) ([]Agent, error)
	// SetPassword stores an argon2id string and ends all sessions of the agent; HeldSince is now.
	SetPassword(ctx context.Context, agent ID, hash string, now time.Time) error
	Password(ctx context.Context, agent ID) (hash string, err error)
	// SaveSession stores a session under the hash of its token, with the coarse name of the device that it was opened on
	// ("" = by no browser); Session reads and EndSession ends it.
	SaveSession(ctx context.Context, hash string, agent ID, device string, until, now time.Time) error
	// SaveLink is SaveSession for a link that sets the password: whoever reads it can take the account over, so
	// HeldSince is now.
	SaveLink(ctx context.Context, hash string, agent ID, until, now time.Time) error
	Session(ctx context.Context, hash string, now time.Time) (Session, error)
	EndSession(ctx context.Context, hash string) error
	// Epoch counts how often somebody may have lost a right: a session or a membership ended, a role or a setting
	// changed. What is read after it holds as long as it stands.
	Epoch(ctx context.Context) (int64, error)
	// Sessions says which of these sessions live, and which role each one's agent has now.
	Sessions(ctx context.Context, hashes []string, now time.Time) (map[string]Role, error)
	// Memberships lists by agent or by mailbox; "" = any.
	Memberships(ctx context.Context, agent, mailbox ID) ([]Membership, error)
	// SetMembers makes exactly these agents the mailbox's members; new ones start not available.
	SetMembers(ctx context.Context, mailbox ID, agents []ID, by Actor, now time.Time) ([]Event, error)
	// SetAvailability declares; mailbox "" = all of the agent's. It ends a pause. Logged with by and reason.
	SetAvailability(ctx context.Context, agent, mailbox ID, a Availability, by Actor, reason string, now time.Time) ([]Event, error)
	// Pause and Resume: while paused an agent counts as assign_only everywhere.
	Pause(ctx context.Context, agent ID, reason string, by Actor, now time.Time) ([]Event, error)
	Resume(ctx context.Context, agent ID, now time.Time) ([]Event, error)
	// Beats writes when these agents were last seen, in one statement.
	Beats(ctx context.Context, agents []ID, now time.Time) error
	// Acted writes that these agents did something in the console, in one statement.
	Acted(ctx context.Context, agents []ID, now time.Time) error
	// SetAway stores an announced absence. Errors: not_found.
	SetAway(ctx context.Context, agent ID, from, until time.Time, by Actor, now time.Time) ([]Event, error)
	// Lapse marks or disables the agent if by the rule it is time now, and leaves the letter that tells him; else nothing
	// happens. Who is disabled is signed out. Errors: not_found.
	Lapse(ctx context.Context, agent ID, rule Inactivity, now time.Time) ([]Event, error)
}

// KeyStore holds API keys by the hash of the key.
type KeyStore interface {
	// SaveAPIKey stores a new key.
	SaveAPIKey(ctx context.Context, k APIKey, hash string) error
	// APIKey reads a living key. Errors: not_found.
	APIKey(ctx context.Context, hash string) (APIKey, error)
	// APIKeys lists all keys, also those that have ended, oldest first.
	APIKeys(ctx context.Context) ([]APIKey, error)
	// EndAPIKey ends a key for good. Errors: not_found (or ended already).
	EndAPIKey(ctx context.Context, id ID, now time.Time) error
}

// VisitorStore holds browsers and their keys.
type VisitorStore interface {
	// PairVisitor stores a token's hash with its key on first sight, or checks it: the same pair gives the
	// stored visitor. Errors: unauthenticated key.required for another key or none.
	PairVisitor(ctx context.Context, v Visitor, now time.Time) (Visitor, error)
	// VisitorByToken reads without storing. Errors: not_found.
	VisitorByToken(ctx context.Context, tokenHash string) (Visitor, error)
	Visitor(ctx context.Context, id ID) (Visitor, error)
	// SetIdentity stores what a host-signed token said. One of the old form (HowLegacy) is not stored over one that names
	// an account: then nothing happens. jti burns in the same transaction (host, jti unique).
	// Errors: unauthenticated identify.invalid when it was used before.
	SetIdentity(ctx context.Context, id ID, i Identity, jti string, now time.Time) ([]Event, error)
}

// SettingStore holds mailboxes, saved replies and switches.
type SettingStore interface {
	SaveMailbox(ctx context.Context, m Mailbox, by Actor, now time.Time) (Mailbox, []Event, error)
	Mailbox(ctx context.Context, id ID) (Mailbox, error)
	MailboxBySlug(ctx context.Context, slug string) (Mailbox, error)
	Mailboxes(ctx context.Context) ([]Mailbox, error)
	SaveReply(ctx context.Context, r SavedReply, by Actor, now time.Time) (SavedReply, []Event, error)
	DeleteReply(ctx context.Context, id ID, by Actor, now time.Time) ([]Event, error)
	Replies(ctx context.Context) ([]SavedReply, error)
	// Setting and SetSetting keep small JSON values by name (switched-off kinds, last test event).
	Setting(ctx context.Context, name string) (value string, err error)
	SetSetting(ctx context.Context, name, value string, by Actor, now time.Time) ([]Event, error)
	// KeepSetting stores a value that nobody has to be told of: no event, so no console learns when it changed.
	KeepSetting(ctx context.Context, name, value string) error
	// SwapSetting stores value only if was ("" = none yet) is still what stands there. Errors: conflict.
	SwapSetting(ctx context.Context, name, was, value string, by Actor, now time.Time) ([]Event, error)
}

// HeldStore keeps what the leak guard held back, and reads what it needs to judge.
type HeldStore interface {
	// Proven reports whether a login at the host has proven, for a change of this conversation, who is there.
	Proven(ctx context.Context, cv ID) (bool, error)
	// Said reads the newest messages of agents in a topic, at most limit, in order.
	Said(ctx context.Context, topic string, limit int) ([]Event, error)
	// Hold keeps a message, tells the staff's side (message.held), notes it in the log, and with the third that counts
	// freezes the conversation and revokes its live changes: all in one transaction. The same ClientID again gives
	// what was kept, or the event if it was sent, and changes nothing. Its files stay loose.
	// Errors: not_found, conversation_closed, not_assignee.
	Hold(ctx context.Context, h Hold, now time.Time) (Held, Event, []Event, error)
	// Held reads one, with its text while it waits. Errors: not_found.
	Held(ctx context.Context, message ID) (Held, error)
	// HeldIn reads those that wait in a conversation, oldest first.
	HeldIn(ctx context.Context, cv ID) ([]Held, error)
	// WithdrawHeld ends one that waits and erases its text. Errors: not_found, conflict.
	WithdrawHeld(ctx context.Context, message ID, by Actor, now time.Time) ([]Event, error)
	// ReleaseHeld stores one that waits as its author's message, with its files and its mail. Errors: not_found,
	// conflict, conversation_closed, invalid for a file that is not there any more (LooseLife is over).
	ReleaseHeld(ctx context.Context, r Release, now time.Time) ([]Event, error)
}

// FileStore holds uploads in parts.
type FileStore interface {
	// CreateFile also enqueues the job that removes the file after LooseLife if no message names it. The quotas are
	// counted in its transaction. Errors: too_many (OwnerQuota, MailboxQuota, TalkQuota), invalid, too_large, conflict.
	CreateFile(ctx context.Context, f File) error
	// AppendPart stores part n (from 0). The same part again is no error; another size is. Errors: invalid, too_large.
	AppendPart(ctx context.Context, id ID, n int, data []byte) (File, error)
	File(ctx context.Context, id ID) (File, error)
	// SetFileType records the type found in the content once the file is complete.
	SetFileType(ctx context.Context, id ID, mediaType string) error
	Part(ctx context.Context, id ID, n int) ([]byte, error)
	DeleteFile(ctx context.Context, id ID) error
	// DropLoose deletes the file unless a message names it, and says whether it did. Append attaches the files of a
	// message in its own transaction, so of the two one wins: a message never names a file that is gone.
	DropLoose(ctx context.Context, id ID) (bool, error)
	// RewriteFile replaces the content of a complete file that has no type yet, and gives it its type: nobody has read
	// what was there before. scrubbed is how many secrets are missing now. Errors: conflict (it has a type).
	RewriteFile(ctx context.Context, id ID, mediaType string, data []byte, scrubbed int) error
	// AddToLibrary makes a complete file of no conversation public. Errors: not_found, conflict (there are MaxLibrary).
	AddToLibrary(ctx context.Context, id ID, by Actor, now time.Time) ([]Event, error)
	// RemoveFromLibrary deletes it and its bytes. Errors: not_found.
	RemoveFromLibrary(ctx context.Context, id ID, by Actor, now time.Time) ([]Event, error)
	// Library lists the public files by name, at most MaxLibrary.
	Library(ctx context.Context) ([]File, error)
}

// JobStore leases durable work to one node at a time.
type JobStore interface {
	// Enqueue is for work that no other method's transaction enqueues. The same id again is nothing.
	Enqueue(ctx context.Context, j Job) error
	// LeaseJob gives the oldest due job to owner until lease, or ok false. Webhooks are left to LeaseHook.
	LeaseJob(ctx context.Context, owner string, lease time.Duration, now time.Time) (j Job, ok bool, err error)
	// JobsDue counts the jobs that are due and not done, leased or not.
	JobsDue(ctx context.Context, now time.Time) (int, error)
	// FinishJob marks it done; RetryJob frees it until due; StopJob ends it as failed and keeps the code to show.
	FinishJob(ctx context.Context, id, owner string, now time.Time) error
	RetryJob(ctx context.Context, id, owner string, due time.Time, code string) error
	StopJob(ctx context.Context, id, owner, code string, now time.Time) error
	// Mail reads one mail of the outbox; Delivered marks it sent and appends ticket.delivered; Bounced appends
	// ticket.bounced, and marks the recipient if he takes no mail: a mail to him that is stored later is kept back as one
	// that was given up. Outbox lists what is waiting or stopped, newest first, at most 200.
	Mail(ctx context.Context, message ID) (Mail, error)
	Delivered(ctx context.Context, message ID, now time.Time) ([]Event, error)
	Bounced(ctx context.Context, message ID, b Bounce, now time.Time) ([]Event, error)
	Outbox(ctx context.Context) ([]OutboxRow, error)
	// MailSent reports whether a Message-ID is ours, and to whose conversation and recipient it went.
	MailSent(ctx context.Context, messageID string) (Mail, error)
	// StoreIncoming stores a mail once (dedupe key) with its message: into conversation, or as a new ticket
	// when Start is set, or into the list of machines' mail, without a conversation. Errors: conflict when the key is known.
	StoreIncoming(ctx context.Context, in Incoming, now time.Time) (Conversation, []Event, error)
}

// Incoming is one mail that came in, judged by Ingest.
type Incoming struct {
	Key          string // mailbox + Message-ID + SHA-256 of the body
	Conversation ID     // join this, or
	Start        *Start // open this ticket
	Message      Message
	Files        []MailFile // named in Message by the store, as far as the conversation has room
	Raw          []byte
	Original     Original
	Jobs         []Job         // what its message brings along, unless Start has its own
	Alive        string        // the address that is proven to have written it; "" = none. It may have mail again
	Machine      *Machine      // or list it: a program wrote it, and it belongs to no ticket
	Confirm      bool          // with Start: the sender is proven, and is told that it came
	MessageID    string        // its own, without brackets; "" = it has none
	Auto         bool          // a program wrote it: it reopens nothing
	Verified     bool          // the sender is proven to be the ticket's address
	Copies       []string      // whom else the mail names
	Note         bool          // it answers a forward: a note of the staff's side, nobody's turn
	Position     *MailPosition // moves in the same transaction; nil = the mail came from no source that has one
}

// OutboxRow is one mail as the console lists it.
type OutboxRow struct {
	Message      ID        `json:"message"`
	Conversation ID        `json:"conversation"`
	To           string    `json:"to"`
	State        string    `json:"state"` // waiting, sent, stopped
	Attempts     int       `json:"attempts"`
	Code         string    `json:"code,omitempty"`
	Dead         bool      `json:"dead,omitempty"` // it was given up, and its recipient takes no mail
	At           time.Time `json:"at"`
}
