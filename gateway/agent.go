package gateway

import "time"

// Role of somebody who acts. Trainee to supervisor are ordered; editor, admin and auditor stand beside them.
type Role string

// The roles of staff, and the actors that are no staff.
const (
	RoleTrainee    Role = "trainee"
	RoleAgent      Role = "agent"
	RoleSenior     Role = "senior"
	RoleSupervisor Role = "supervisor"
	RoleEditor     Role = "editor"
	RoleAdmin      Role = "admin"
	RoleAuditor    Role = "auditor"

	RoleVisitor Role = "visitor"
	RoleHost    Role = "host"   // a login event
	RoleSystem  Role = "system" // timers, jobs, sweeps
)

// Actor is who did something.
type Actor struct {
	Role Role `json:"role"`
	ID   ID   `json:"id,omitempty"`
}

// Agent is a person of the staff, of whatever role.
type Agent struct {
	ID          ID
	Email       string // sign-in name, lower case
	Name        string // shown to visitors
	Role        Role
	Capacity    int       // chats at once over all mailboxes, default 3
	Active      int       // seats taken, also by a running offer
	Chosen      bool      // has set availability at least once (product.md P33)
	PausedAt    time.Time // not zero: counts as assign_only everywhere until "I am back"
	PausedFor   string    // reason word: ring.missed, supervisor
	LastOfferAt time.Time
	LastBeatAt  time.Time
	DisabledAt  time.Time
	ActiveAt    time.Time // last input in the console, to half a minute
	InactiveAt  time.Time // marked as inactive; zero = not
	AwayFrom    time.Time // announced absence; both zero = none
	AwayUntil   time.Time
	HeldSince   time.Time // the last time that others could have a hand in it: made, role, address, enabled, password link
	AdminUntil  time.Time // when it last ceased to be an admin who can sign in; zero = never
	Locale      string
	Tags        []string // what he knows: ids or names of ticket types; nil = SaveAgent leaves them
	Languages   []string // that he speaks, as en or pt-BR; nil = SaveAgent leaves them
	Version     int64
	Seq         uint64 // head of topic ID
}

// Admin reports whether the agent is an admin who can sign in.
func (a Agent) Admin() bool { return a.Role == RoleAdmin && a.DisabledAt.IsZero() }

// Availability is what an agent declares for one mailbox.
type Availability string

// The three values: offers and assignments; assignments only; neither.
const (
	Available    Availability = "available"
	AssignOnly   Availability = "assign_only"
	NotAvailable Availability = "unavailable"
)

// Effective gives what counts for routing: a pause turns available into assign_only everywhere.
func (a Agent) Effective(declared Availability) Availability {
	if declared == Available && !a.PausedAt.IsZero() {
		return AssignOnly
	}
	return declared
}

// Presence is what is observed of an agent.
type Presence string

// Online: a live socket with input within 5 min. IdlePresence: a live socket without. Offline: no beat for 15 s.
const (
	Online       Presence = "online"
	IdlePresence Presence = "idle"
	Offline      Presence = "offline"
)

// Membership is one agent in one mailbox, with his declared availability there.
type Membership struct {
	Agent        ID           `json:"agent"`
	Mailbox      ID           `json:"mailbox"`
	Availability Availability `json:"availability"`
	Since        time.Time    `json:"since"`
	By           ID           `json:"by,omitempty"`     // who set it
	Reason       string       `json:"reason,omitempty"` // why, in a word or a sentence
}
