package verify

import "errors"

// Reason says exactly why the gate refused. It goes into the log, and on the wire only where it teaches
// nothing about an account. Source: proof-gate.md §3.18.
type Reason string

// Reasons. The comment of each group is its code and HTTP status.
const (
	// invalid, 400.
	ChangeSchema           Reason = "change.schema"
	ChangeValue            Reason = "change.value"
	ChangeLabel            Reason = "change.label"
	ChangeSubjectForbidden Reason = "change.subject_forbidden"
	JSONDuplicate          Reason = "json.duplicate"
	JSONInvalid            Reason = "json.invalid"
	EventType              Reason = "event.type"
	EventNotLogin          Reason = "event.not_login" // authentic, but no interactive login; its sender is not told
	StateInvalid           Reason = "state"

	// too_large, 413; unsupported, 415.
	EventTooLarge Reason = "event.too_large"
	EventEncoding Reason = "event.encoding"

	// unauthenticated, 401.
	IdentifyInvalid Reason = "identify.invalid"
	KeyRequired     Reason = "key.required"

	// event_rejected, 401.
	EventSignature Reason = "event.signature"
	EventLate      Reason = "event.late"

	// forbidden, 403.
	RoleRefused           Reason = "role"
	FourEyes              Reason = "four_eyes"
	RecoveryRefused       Reason = "recovery.refused"
	TranscriptDestination Reason = "transcript.destination"
	ChangeUnsaid          Reason = "change.unsaid"   // a value of an offer that only the agent brought
	StepUpRequired        Reason = "stepup.required" // a passkey must be shown first
	SessionDevice         Reason = "session.device"  // of a leaf only: a session came from another device
	PasskeyAdded          Reason = "passkey.added"   // of a leaf only: one of the staff registered a passkey
	PasskeyRemoved        Reason = "passkey.removed" // of a leaf only

	// proof_required, 403.
	ContextLocked      Reason = "context.locked"
	AttachmentUnproven Reason = "attachment.unproven"

	// proof_refused, 403.
	EventChangeMismatch Reason = "event.change_mismatch"
	ProofNoAuthTime     Reason = "proof.no_auth_time"
	ProofStale          Reason = "proof.stale"
	ProofLevel          Reason = "proof.level"
	ClockSkew           Reason = "clock.skew"
	ClockJump           Reason = "clock.jump"
	OIDCExchange        Reason = "oidc.exchange"
	OIDCIss             Reason = "oidc.iss"
	OIDCNonce           Reason = "oidc.nonce"
	OIDCAud             Reason = "oidc.aud"
	FinishKey           Reason = "finish.key"
	FinishConversation  Reason = "finish.conversation"
	FinishDigest        Reason = "finish.digest"
	CodeWrong           Reason = "code.wrong" // a typed code that is not the one; there are tries left

	// subject_mismatch, 403.
	ProofSubject Reason = "proof.subject"

	// proof_used, 409.
	StartUsed  Reason = "start.used"
	FinishUsed Reason = "finish.used"

	// conflict, 409.
	EventReplay       Reason = "event.replay"
	EventKill         Reason = "event.kill"   // a security event about the account ended the change
	LogErased         Reason = "log.erased"   // of the line that an erasure leaves
	LogRestored       Reason = "log.restored" // the database is older than a copy of the log's checkpoint outside it
	ChangeFrozen      Reason = "change.frozen"
	ChangeState       Reason = "change.state"
	ChangeBase        Reason = "change.base"
	ChangeSelfService Reason = "change.self_service"
	ChangeEdited      Reason = "change.edited"
	// Lines about the policy itself; none refuses anything.
	PolicyTightened Reason = "policy.tightened"
	PolicyWaits     Reason = "policy.waits" // the files would loosen it
	PolicyAsked     Reason = "policy.asked"
	PolicyAgreed    Reason = "policy.agreed"
	PolicyRejected  Reason = "policy.rejected"
	OwnerCancelled  Reason = "owner.cancelled" // by the link that the backend had mailed while the change was cooling

	// proof_expired, 410.
	DraftExpired     Reason = "draft.expired"
	OfferExpired     Reason = "offer.expired"
	ChallengeExpired Reason = "challenge.expired"
	StartExpired     Reason = "start.expired"
	FinishExpired    Reason = "finish.expired"
	ProofExpired     Reason = "proof.expired"
	CoolingExpired   Reason = "cooling.expired" // nobody agreed in time
	HandleExpired    Reason = "handle.expired"

	// too_many, 429.
	ChallengeLimit Reason = "challenge.limit"
	CodeLimit      Reason = "code.limit"
	ReadBudget     Reason = "read.budget"
	ReadFreed      Reason = "read.freed" // of a leaf only: a supervisor let an agent go on

	// unavailable, 503.
	IDPUnavailable     Reason = "idp.unavailable"
	SignerUnavailable  Reason = "signer.unavailable"
	PolicyUnavailable  Reason = "policy.unavailable"
	GuardUnavailable   Reason = "guard.unavailable"
	BackendUnavailable Reason = "backend.unavailable"
	BackendRedirect    Reason = "backend.redirect" // the delivery URL answered with a redirect
	BackendRefused     Reason = "backend.refused"  // the backend said no without a proper code

	// backend, 403 or 409.
	ReceiptSig              Reason = "receipt.sig"
	ReceiptIss              Reason = "receipt.iss"
	ReceiptAud              Reason = "receipt.aud"
	ReceiptAudSingle        Reason = "receipt.aud_single"
	ReceiptLifetime         Reason = "receipt.lifetime"
	ReceiptExpired          Reason = "receipt.expired"
	ReceiptChangeMismatch   Reason = "receipt.change_mismatch"
	ReceiptCommit           Reason = "receipt.commit"
	ReceiptAlreadyUsed      Reason = "receipt.already_used"
	ReceiptLevel            Reason = "receipt.level"
	ReceiptCooling          Reason = "receipt.cooling"
	EvidenceMissing         Reason = "evidence.missing"
	EvidenceSig             Reason = "evidence.sig"
	EvidenceIss             Reason = "evidence.iss"
	EvidenceAud             Reason = "evidence.aud"
	EvidenceNonceMismatch   Reason = "evidence.nonce_mismatch"
	EvidenceNoAuthTime      Reason = "evidence.no_auth_time"
	EvidenceStale           Reason = "evidence.stale"
	EvidenceSubjectMismatch Reason = "evidence.subject_mismatch"
	EvidenceWitness         Reason = "evidence.witness"
	FinishSig               Reason = "finish.sig"

	// not_found, 404: the same answer for "not yours".
	NotFound Reason = "not_found"
)

// Code is the wire code that the reason belongs to (architecture.md §6). An unknown reason is "internal".
func (r Reason) Code() string {
	switch r {
	case ChangeSchema, ChangeValue, ChangeLabel, ChangeSubjectForbidden, JSONDuplicate, JSONInvalid, EventType, EventNotLogin, StateInvalid:
		return "invalid"
	case EventTooLarge:
		return "too_large"
	case EventEncoding:
		return "unsupported"
	case IdentifyInvalid, KeyRequired:
		return "unauthenticated"
	case EventSignature, EventLate:
		return "event_rejected"
	case RoleRefused, FourEyes, RecoveryRefused, TranscriptDestination, ChangeUnsaid, StepUpRequired, SessionDevice, PasskeyAdded, PasskeyRemoved:
		return "forbidden"
	case ContextLocked, AttachmentUnproven:
		return "proof_required"
	case ProofSubject:
		return "subject_mismatch"
	case StartUsed, FinishUsed:
		return "proof_used"
	case EventReplay, EventKill, LogErased, LogRestored, ChangeFrozen, ChangeState, ChangeBase, ChangeSelfService, ChangeEdited, OwnerCancelled,
		PolicyTightened, PolicyWaits, PolicyAsked, PolicyAgreed, PolicyRejected, ReceiptAlreadyUsed:
		return "conflict"
	case DraftExpired, OfferExpired, ChallengeExpired, StartExpired, FinishExpired, ProofExpired, CoolingExpired, HandleExpired:
		return "proof_expired"
	case ChallengeLimit, CodeLimit, ReadBudget, ReadFreed:
		return "too_many"
	case IDPUnavailable, SignerUnavailable, PolicyUnavailable, GuardUnavailable, BackendUnavailable,
		BackendRedirect, BackendRefused:
		return "unavailable"
	case NotFound:
		return "not_found"
	}
	return r.proofCode()
}

func (r Reason) proofCode() string {
	switch r {
	case EventChangeMismatch, ProofNoAuthTime, ProofStale, ProofLevel, ClockSkew, ClockJump,
		OIDCExchange, OIDCIss, OIDCNonce, OIDCAud,
		FinishKey, FinishConversation, FinishDigest, CodeWrong,
		ReceiptSig, ReceiptIss, ReceiptAud, ReceiptAudSingle, ReceiptLifetime, ReceiptExpired, ReceiptChangeMismatch,
		ReceiptCommit, ReceiptLevel, ReceiptCooling, EvidenceMissing, EvidenceSig, EvidenceIss, EvidenceAud, EvidenceNonceMismatch, EvidenceNoAuthTime, EvidenceStale,
		EvidenceSubjectMismatch, EvidenceWitness, FinishSig:
		return "proof_refused"
	}
	return "internal"
}

// Error is every refusal of the gate: a Reason, the field it is about (may be empty) and a cause for the
// log. It never carries a value that somebody typed.
type Error struct {
	reason Reason
	field  string
	err    error
}

// Refuse makes the error for a reason.
func Refuse(r Reason) *Error { return &Error{reason: r} }

// RefuseField makes the error for a reason that is about one named field.
func RefuseField(r Reason, field string) *Error { return &Error{reason: r, field: field} }

// RefuseCause makes the error for a reason and keeps the cause for errors.Is and the log.
func RefuseCause(r Reason, cause error) *Error { return &Error{reason: r, err: cause} }

// Code is the wire code, so that any edge can map it to a status.
func (e *Error) Code() string { return e.reason.Code() }

// Reason is the exact reason, for the log.
func (e *Error) Reason() string { return string(e.reason) }

// Params are the wire params: "field" where one field is to blame, else none.
func (e *Error) Params() map[string]string {
	if e.field == "" {
		return nil
	}
	return map[string]string{"field": e.field}
}

// Error is code, reason and field, for logs.
func (e *Error) Error() string {
	s := "verify: " + e.Code() + " " + string(e.reason)
	if e.field != "" {
		s += " (" + e.field + ")"
	}
	if e.err != nil {
		s += ": " + e.err.Error()
	}
	return s
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.err }

// Is makes two refusals equal if their reason is, so errors.Is(err, Refuse(ChangeState)) works.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.reason == e.reason
}

// ReasonOf is the reason of an error of the gate, "" for any other error.
func ReasonOf(err error) Reason {
	var e *Error
	if errors.As(err, &e) {
		return e.reason
	}
	return ""
}
