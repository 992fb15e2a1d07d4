package gateway

import (
	"errors"
	"strconv"
)

// P holds the parameters of an error. They fill the text's placeholders in widget/kit/i18n and never hold
// a secret or an account's data.
type P map[string]string

// Error is a refusal or failure that may be shown: a code of the closed table (architecture.md §6), never prose.
type Error struct {
	Is     string // one of the table's codes
	Why    string // reason, "" where it would teach something about an account
	Params P
	Err    error // cause for the log, never on the wire
}

// Error gives code and cause for logs.
func (e *Error) Error() string {
	s := e.Is
	if e.Why != "" {
		s += " " + e.Why
	}
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

// Code gives the wire code.
func (e *Error) Code() string { return e.Is }

// Reason gives the wire reason, or "".
func (e *Error) Reason() string { return e.Why }

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

// CodeOf gives the code of any error with a Code method in its chain, "" for nil, "internal" for all else.
func CodeOf(err error) string {
	if err == nil {
		return ""
	}
	var c interface{ Code() string }
	if errors.As(err, &c) {
		return c.Code()
	}
	return "internal"
}

// Invalid says that a field of the input is wrong.
func Invalid(field string) *Error { return &Error{Is: "invalid", Params: P{"field": field}} }

// InvalidState says that the row is not in a state in which the verb makes sense.
func InvalidState(state string) *Error {
	return &Error{Is: "invalid", Why: "state", Params: P{"state": state}}
}

// TooLarge says that the field is longer than max (bytes, or pieces where the field says so).
func TooLarge(field string, max int) *Error {
	return &Error{Is: "too_large", Params: P{"field": field, "max": strconv.Itoa(max)}}
}

// TooSlow says that the request did not arrive in time.
func TooSlow() *Error { return &Error{Is: "too_slow"} }

// Unsupported says that the content's type or encoding is not taken.
func Unsupported(what string) *Error { return &Error{Is: "unsupported", Params: P{"what": what}} }

// Unauthenticated says that the caller has not said who he is, or not convincingly.
func Unauthenticated() *Error { return &Error{Is: "unauthenticated"} }

// KeyRequired says that a visitor token came without the signature of the key that it is paired with.
func KeyRequired() *Error { return &Error{Is: "unauthenticated", Why: "key.required"} }

// Forbidden says that this role may not do this, on any row.
func Forbidden() *Error { return &Error{Is: "forbidden", Why: "role"} }

// NoPasskey says that a step-up is wanted of somebody who has registered no passkey yet.
func NoPasskey() *Error { return &Error{Is: "conflict", Why: "stepup.none"} }

// BadPasskey says that an answer to a passkey's challenge proves nothing; the log has why.
func BadPasskey(cause error) *Error { return &Error{Is: "forbidden", Why: "stepup.failed", Err: cause} }

// BelowRole says that the conversation's type asks for a higher role.
func BelowRole(least Role) *Error {
	return &Error{Is: "forbidden", Why: "type.role", Params: P{"role": string(least)}}
}

// FourEyes says that this takes a second person, or one who has been in the role for longer.
func FourEyes() *Error { return &Error{Is: "forbidden", Why: "four_eyes"} }

// ContextLocked says that account data is asked for without an open proof window (proof-gate.md §3.12).
func ContextLocked() *Error { return &Error{Is: "proof_required", Why: "context.locked"} }

// NotFound is also the answer for "exists, but not yours".
func NotFound() *Error { return &Error{Is: "not_found"} }

// Gone says that the thing was there and is not any more.
func Gone() *Error { return &Error{Is: "gone"} }

// Conflict says that the row changed meanwhile; the caller reads it again.
func Conflict() *Error { return &Error{Is: "conflict"} }

// saidMore is the reason of an append that the leak guard has not read with all that was said before it.
const saidMore = "leak.said_more"

// SaidMoreConflict says that an agent's message was stored after those that the leak guard has read with this one.
func SaidMoreConflict() *Error { return &Error{Is: "conflict", Why: saidMore} }

// SaidMore reports whether err is SaidMoreConflict: the message must be judged anew.
func SaidMore(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.Why == saidMore
}

// rightsMoved is the reason of an append whose caller was let in by rights that may have ended.
const rightsMoved = "rights.moved"

// RightsConflict says that rights, or the conversation's row, are not as they were remembered: read them anew.
func RightsConflict() *Error { return &Error{Is: "conflict", Why: rightsMoved} }

// RightsMoved reports whether err is RightsConflict.
func RightsMoved(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.Why == rightsMoved
}

// AlreadyClaimed names the agent who was faster.
func AlreadyClaimed(winner ID, name string) *Error {
	return &Error{Is: "already_claimed", Params: P{"agent": string(winner), "name": name}}
}

// NotAssignee says that somebody else holds the conversation (product.md P52).
func NotAssignee(assignee ID, name string) *Error {
	return &Error{Is: "not_assignee", Params: P{"agent": string(assignee), "name": name}}
}

// ConversationClosed says that the conversation has ended for this verb.
func ConversationClosed() *Error { return &Error{Is: "conversation_closed"} }

// AtCapacity says that the agent holds as many conversations as allowed. Seats count over all mailboxes.
func AtCapacity(agent ID, seats int) *Error {
	return &Error{Is: "at_capacity", Params: P{"agent": string(agent), "seats": strconv.Itoa(seats)}}
}

// MailboxClosed says that the mailbox is outside its hours: the widget shows the message form.
func MailboxClosed() *Error { return &Error{Is: "mailbox_closed"} }

// NobodyAvailable says that no member is present and available: the widget shows the message form.
func NobodyAvailable() *Error { return &Error{Is: "nobody_available"} }

// TooMany says that a limit was reached and after how many milliseconds another try makes sense.
func TooMany(afterMS int64) *Error {
	return &Error{Is: "too_many", Params: P{"after_ms": strconv.FormatInt(afterMS, 10)}}
}

// Unavailable says that a part is down and trying again later helps.
func Unavailable(what string, err error) *Error {
	return &Error{Is: "unavailable", Params: P{"what": what}, Err: err}
}

// Internal wraps what nobody foresaw. It is logged once at the edge and never shown.
func Internal(doing string, err error) *Error {
	return &Error{Is: "internal", Err: &wrapped{doing, err}}
}

type wrapped struct {
	doing string
	err   error
}

func (w *wrapped) Error() string { return w.doing + ": " + w.err.Error() }
func (w *wrapped) Unwrap() error { return w.err }
