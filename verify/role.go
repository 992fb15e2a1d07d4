package verify

import "time"

// Role is what an actor is. The order trainee < agent < senior < supervisor counts; the others stand beside.
type Role string

// Roles. Source: proof-gate.md §3.14.
const (
	Visitor    Role = "visitor"
	Trainee    Role = "trainee"
	Agent      Role = "agent"
	Senior     Role = "senior"
	Supervisor Role = "supervisor"
	Editor     Role = "editor"
	Admin      Role = "admin"
	Auditor    Role = "auditor"
	AI         Role = "ai"
	API        Role = "api"
	System     Role = "system" // jobs and clocks
	HostLogin  Role = "host"   // a source of login events
)

// Actor is who asks. Key is the widget key that a visitor's socket proved in hello; it is empty for all
// others and never stored with the actor.
type Actor struct {
	Role Role   `json:"role"`
	ID   string `json:"id"`
	Key  JWK    `json:"-"`
	// SteppedAt is when this actor's session last proved, on this device, that the person is there; zero = never. It
	// is told by the caller and never stored with the actor. Source: proof-gate.md §3.14.
	SteppedAt time.Time `json:"-"`
}

// StepUpLife is how long a step-up opens what is sensitive.
const StepUpLife = 5 * time.Minute

// Stepped reports whether a step-up made at this time still counts at now. Both are the database's clock.
func Stepped(at, now time.Time) bool {
	return !at.IsZero() && !at.After(now.Add(steppedSlack)) && now.Before(at.Add(StepUpLife))
}

// steppedSlack lets two readings of one clock on two connections differ.
const steppedSlack = time.Second

// seniority ranks the staff that may act on changes; 0 = none.
func (r Role) seniority() int {
	switch r {
	case Agent:
		return 1
	case Senior:
		return 2
	case Supervisor:
		return 3
	}
	return 0
}

func mayDraft(r Role, t Tier) bool {
	if r == Visitor {
		return true
	}
	if t == TierSensitive {
		return r.seniority() >= 2
	}
	return r.seniority() >= 1 || r == AI || r == API
}

// open reports whether a kind is offered without a step-up. What is not known to be harmless takes one.
func (k Kind) open() bool { return k.Tier == TierRead || k.Tier == TierPlain }

func mayOffer(r Role, t Tier) bool {
	if t == TierSensitive {
		return r.seniority() >= 2
	}
	return r.seniority() >= 1
}
