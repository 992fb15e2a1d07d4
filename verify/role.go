package verify

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
}

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

func mayOffer(r Role, t Tier) bool {
	if t == TierSensitive {
		return r.seniority() >= 2
	}
	return r.seniority() >= 1
}
