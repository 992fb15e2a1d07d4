package gateway

// Verb names what a caller wants to do. Every method of Service asks Allowed first.
type Verb string

// The verbs of the console, the widget and the admin pages. What moves a change past its offer is not among
// staff verbs at all: proof-gate.md §3.14 gives it to the visitor alone.
const (
	VerbRead         Verb = "read"  // conversations of own mailboxes
	VerbReply        Verb = "reply" // send, claim, note, close, assign
	VerbNote         Verb = "note"
	VerbEscalate     Verb = "escalate"     // ask for somebody else's help
	VerbAvailability Verb = "availability" // own
	VerbForce        Verb = "force"        // another agent's availability
	VerbDraft        Verb = "change.draft" // plain and read kinds
	VerbOffer        Verb = "change.offer" // plain and read kinds, own conversation
	VerbOfferHigh    Verb = "change.offer_sensitive"
	VerbReleaseHeld  Verb = "message.release" // what the leak guard held, of another author
	VerbPasskeys     Verb = "passkeys"        // register one, and step up with it
	VerbFreeReads    Verb = "reads.free"      // let an agent look into account data again
	VerbArticles     Verb = "articles"
	VerbReplies      Verb = "replies"
	VerbSettings     Verb = "settings" // mailboxes, agents, origins, kinds off
	VerbSeeSettings  Verb = "settings.read"
	VerbAudit        Verb = "audit"
	VerbSeeChanges   Verb = "changes"
	VerbExport       Verb = "audit.export" // the log with receipts and logins: it names accounts, so nobody who can answer a visitor gets it
)

// Allowed is the one table role × verb. What is not in it is refused.
func Allowed(r Role, v Verb) bool {
	for _, x := range allowed(v) {
		if x == r {
			return true
		}
	}
	return false
}

func allowed(v Verb) []Role {
	switch v {
	case VerbRead, VerbNote, VerbEscalate, VerbAvailability:
		return []Role{RoleTrainee, RoleAgent, RoleSenior, RoleSupervisor, RoleAdmin}
	case VerbReply:
		return []Role{RoleTrainee, RoleAgent, RoleSenior, RoleSupervisor, RoleAdmin}
	case VerbDraft, VerbOffer:
		return []Role{RoleAgent, RoleSenior, RoleSupervisor}
	case VerbOfferHigh:
		return []Role{RoleSenior, RoleSupervisor}
	case VerbReleaseHeld, VerbFreeReads:
		return []Role{RoleSupervisor}
	case VerbPasskeys:
		return []Role{RoleSenior, RoleSupervisor, RoleAdmin}
	case VerbForce:
		return []Role{RoleSupervisor, RoleAdmin}
	case VerbArticles:
		return []Role{RoleEditor, RoleAdmin}
	case VerbReplies:
		return []Role{RoleAgent, RoleSenior, RoleSupervisor, RoleAdmin}
	case VerbSettings:
		return []Role{RoleAdmin}
	case VerbSeeSettings:
		return []Role{RoleTrainee, RoleAgent, RoleSenior, RoleSupervisor, RoleEditor, RoleAdmin, RoleAuditor}
	case VerbAudit:
		return []Role{RoleAuditor, RoleAdmin, RoleSupervisor}
	case VerbExport:
		return []Role{RoleAuditor}
	case VerbSeeChanges:
		return []Role{RoleAuditor, RoleAdmin, RoleSupervisor}
	}
	return nil
}

// Verbs lists every verb, for the test that tries each cell of the table.
func Verbs() []Verb {
	return []Verb{
		VerbRead, VerbReply, VerbNote, VerbEscalate, VerbAvailability, VerbForce, VerbDraft, VerbOffer, VerbOfferHigh,
		VerbReleaseHeld, VerbFreeReads, VerbPasskeys, VerbArticles, VerbReplies, VerbSettings, VerbSeeSettings, VerbAudit, VerbSeeChanges, VerbExport,
	}
}

// StaffRoles lists every role a person of the staff can have.
func StaffRoles() []Role {
	return []Role{RoleTrainee, RoleAgent, RoleSenior, RoleSupervisor, RoleEditor, RoleAdmin, RoleAuditor}
}
