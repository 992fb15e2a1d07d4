package verify

import (
	"context"
	"net/http"
	"time"
)

// Choices of a bound login event. Any other event is a hint (E0) and moves nothing.
const (
	LoginConfirmed = "login.confirmed"
	LoginDenied    = "login.denied"
	LoginDisowned  = "login.disowned"
)

// Kinds of events that name no challenge. Only SubjectKill does anything. Source: proof-gate.md §3.8.
const (
	LoginSeen   = "login.seen"   // an interactive login, seen by the way: E0
	LoginOther  = "login.other"  // authentic, but no interactive login: event.not_login
	SubjectKill = "subject.kill" // ends the live changes of the subject
)

// ChangeResult is no login: the backend answers a delivery that it took with 202. Source: proof-gate.md §3.9.
const ChangeResult = "change.result"

// LoginEvent is an authentic login, as its Source read it. Authentic means only that the source said it:
// whether it counts is Match's business. Source: proof-gate.md §3.8.
type LoginEvent struct {
	Source   string // name of the source, as in /v1/events/{source}
	Host     string // host entry the source belongs to; a handle of another host is unknown to it
	ID       string // unique per source for 30 days
	Body     string // TokenHash of the body: the same id with another body is a replay
	Issuer   string // who vouches for Subject; the host's audience for a webhook
	Subject  string
	Kind     string // login.confirmed, .denied, .disowned; subject.kill; else a hint
	AuthTime int64  // unix seconds; 0 = missing
	ACR      string
	AMR      []string
	Client   string
	Handle   string // "" = not bound: E0
	Chg      string // digest of what the host displayed
	Witness  string // the host's MAC over the commitment; opaque to the gateway
	Result   Result // of change.result
}

// Result is what a backend says later of a change that it took with 202.
type Result struct {
	Challenge string
	Commit    string
	Answer    Answer // applied or refused
}

// Delivery is one request as it came in: method, headers and the raw body, nothing decoded.
type Delivery struct {
	Method string
	Header http.Header
	Body   []byte
	At     time.Time // database clock
}

// Reply is what goes back to the sender.
type Reply struct {
	Status      int
	ContentType string
	Language    string // Content-Language; "" = the body is for machines
	Body        []byte
}

// Source turns deliveries of one issuer with one key set into login events.
//
// Parse refuses everything that is not authentic, fresh and well-formed; it never reads a change and never
// looks at the clock (Delivery.At). Answer says what the sender of d reads: the verdicts in the order of the
// events, or the error of Parse or of the Guard. The same delivery must get the same bytes.
// Every implementation passes verifytest.Source, or verifytest.Hints if it never binds a login to a change.
type Source interface {
	Parse(ctx context.Context, d Delivery) ([]LoginEvent, error)
	Answer(d Delivery, verdicts []Verdict, err error) Reply
}

// Verdict is what became of one login event.
type Verdict struct {
	Change    string // ch_…; "" for a hint
	Challenge string
	To        State // state the change went to; "" = nothing moved
	Level     Level
	Reason    Reason // why it was refused; "" = not refused
	Return    string // where the host sends the browser; carries the finish token only after a match
	Typed     bool   // after a match the host shows Code instead
	Code      string // eight digits that the visitor types into the widget
	Source    string `json:",omitempty"` // of a login at a provider: where it was made
}
