package verify

import (
	"slices"
	"time"
)

// State is where a change stands.
//
//	draft → offered → challenged → matched → proven → [cooling] → released → applied
//	             Start over └─┘   Approve └─┘                 Second └─┘   └→ unsettled → applied | failed
//	any live state → expired · denied · disowned · withdrawn · revoked · failed(reason)   (final)
//
// Source: proof-gate.md §3.5.
type State string

// States, live ones first.
const (
	Draft      State = "draft"
	Offered    State = "offered"
	Challenged State = "challenged"
	Matched    State = "matched"
	Proven     State = "proven"
	Cooling    State = "cooling"
	Released   State = "released"
	Unsettled  State = "unsettled"

	Applied   State = "applied"
	Expired   State = "expired"
	Denied    State = "denied"
	Disowned  State = "disowned"
	Withdrawn State = "withdrawn"
	Revoked   State = "revoked"
	Failed    State = "failed"
)

// Lifetimes. Source: proof-gate.md §3.5, §3.13. All are compared with the database clock only.
const (
	DraftLife     = 24 * time.Hour
	OfferLife     = 15 * time.Minute
	ChallengeLife = 10 * time.Minute  // from t0; also of the handle
	MatchLife     = 5 * time.Minute   // never past t0 + ChallengeLife
	StartLife     = 120 * time.Second // start token of the OIDC way
	FinishLife    = 60 * time.Second  // finish token; a typed code has MatchLife
	ProofLife     = 60 * time.Second  // proven, until released
	ReceiptLife   = 120 * time.Second // receipt; released, until the backend answered
	ReplayLife    = 30 * 24 * time.Hour

	authEarly    = 2 * time.Second // auth_time may be this much before t0
	authLate     = 5 * time.Second // and this much after now
	coolingSlack = time.Hour       // time to release what was agreed to at the last moment
	clockSlack   = 5 * time.Second // the clock may be this much behind the high-water mark
	limitWindow  = 10 * time.Minute
	limitPerTalk = 3
)

// next is the state table: for each live state the states it may become. Ends are final.
func next(s State) []State {
	switch s {
	case "":
		return []State{Draft}
	case Draft:
		return []State{Offered, Expired, Withdrawn, Denied, Revoked}
	case Offered:
		return []State{Challenged, Expired, Withdrawn, Denied, Revoked}
	case Challenged:
		return []State{Challenged, Matched, Expired, Withdrawn, Denied, Disowned, Revoked, Failed}
	case Matched:
		return []State{Matched, Proven, Expired, Withdrawn, Denied, Disowned, Revoked, Failed}
	case Proven:
		return []State{Cooling, Released, Expired, Withdrawn, Denied, Disowned, Revoked, Failed}
	case Cooling:
		return []State{Cooling, Released, Expired, Withdrawn, Denied, Disowned, Revoked, Failed}
	case Released:
		return []State{Applied, Failed, Unsettled}
	case Unsettled:
		return []State{Applied, Failed}
	}
	return nil
}

// May reports whether a change may go from s to t.
func (s State) May(t State) bool { return slices.Contains(next(s), t) }

// Final reports whether s is an end.
func (s State) Final() bool { return s != "" && len(next(s)) == 0 }

// Open reports whether s is one of draft … proven: what the end of the conversation ends too.
func (s State) Open() bool {
	return s == Draft || s == Offered || s == Challenged || s == Matched || s == Proven
}

// States lists all states in the order of the drawing, for tests and screens.
func States() []State {
	return []State{
		Draft, Offered, Challenged, Matched, Proven, Cooling, Released, Unsettled,
		Applied, Expired, Denied, Disowned, Withdrawn, Revoked, Failed,
	}
}

// Challenge is opened when the visitor presses "Log in to confirm". Everything in it is fixed then, and a
// Start over makes a new one. Source: proof-gate.md §3.4.
type Challenge struct {
	ID           string `json:"id"` // cl_…
	Change       string `json:"change"`
	Conversation string `json:"conversation"`
	Host         string `json:"host"`     // name of the host entry
	Audience     string `json:"audience"` // the backend's audience, host of the commitment
	Kind         string `json:"kind"`
	Chg          string `json:"chg"`
	Commit       string `json:"commit"`
	Salt         string `json:"salt"`
	T0           int64  `json:"t0"` // unix seconds, database clock
	Key          JWK    `json:"key"`
	JKT          string `json:"jkt"`
	Handle       string `json:"handle"`            // TokenHash of the handle; "" = confirmed at a provider
	Subject      string `json:"subject,omitempty"` // of the host-signed session, the only possible one; "" = any
	ReturnTo     string `json:"return_to"`         // page the login comes back to, without fragment
	Code         bool   `json:"code,omitempty"`    // the login is answered with a code to type, not with a finish token
}

// Commitment is what the login signs.
func (c Challenge) Commitment() Commitment {
	return Commitment{
		Host: c.Audience, Challenge: c.ID, Conversation: c.Conversation,
		Chg: c.Chg, JKT: c.JKT, Salt: c.Salt, T0: c.T0,
	}
}

// ExpiresAt is the end of challenge and handle: t0 + 10 min.
func (c Challenge) ExpiresAt() time.Time { return time.Unix(c.T0, 0).Add(ChallengeLife) }
