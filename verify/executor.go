package verify

import "context"

// Results of a delivery.
const (
	ResultApplied = "applied" // done, now or earlier
	ResultRefused = "refused" // the backend said no; Reason tells why
	ResultPending = "pending" // 202: will be answered later
	ResultUnknown = "unknown" // to settle: never seen

	ResultAnnounced = "announced" // to announce: the owner is told, cooling has begun
)

// Answer is what the backend said.
type Answer struct {
	Result  string `json:"result"`
	Version string `json:"version,omitempty"` // of the account after the change
	Reason  Reason `json:"reason,omitempty"`  // code of a refusal, cleaned
	// NotBefore is when the backend will take the receipt at the earliest, unix seconds; 0 = it did not say.
	NotBefore int64 `json:"not_before,omitempty"`
	// Facts is what the backend answered to a ReadKind, a JSON object of strings: never part of a row's text, a leaf
	// or an event. "" = none.
	Facts string `json:"-"`
}

// Dispatch is one delivery to the host's backend. Source: proof-gate.md §3.9 "Delivery".
type Dispatch struct {
	Host         string // name of the host entry: URL and secret are configured there, nowhere else
	ID           string // webhook-id, the same for each attempt
	Type         string // change.apply, change.announce, change.settle, owner.notice
	Notice       string // of owner.notice: disowned, applied, cooling, claimed, transcript
	Claimed      string // of a notice "claimed": the e-mail that somebody typed
	Link         string // of a notice "transcript": where the owner can read a conversation after a login
	Challenge    string
	Conversation string
	Change       Change
	Subject      string
	Commit       string
	T0           int64 // unix seconds
	Evidence     Evidence
	Receipt      string
}

// NotReached says that no connection came about, so the backend cannot have seen the delivery.
// Any other error of an Executor means that it may have arrived.
type NotReached struct{ Err error }

// Error names the cause, for the log.
func (e *NotReached) Error() string { return "verify: backend not reached: " + e.Err.Error() }

// Unwrap gives the cause.
func (e *NotReached) Unwrap() error { return e.Err }

// Executor carries deliveries to the host's backend. Only Guard calls it.
//
// Apply and Announce send the same bytes on each attempt and never follow a redirect. Errors: a
// *NotReached if it certainly never arrived, any other if it may have.
type Executor interface {
	Announce(ctx context.Context, d Dispatch) (Answer, error)
	Apply(ctx context.Context, d Dispatch) (Answer, error)
	Settle(ctx context.Context, d Dispatch) (Answer, error)
	Notify(ctx context.Context, d Dispatch) error
}
