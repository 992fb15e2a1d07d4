package verify

import (
	"context"
	"time"
)

// Kill is the end of every live change of one account, up to cooling. Source: proof-gate.md §3.5, §3.8.
type Kill struct {
	Host    string // host entry whose account it is
	Subject string
	By      Actor
	Reason  Reason
	At      time.Time // database clock, read by Ledger.Now just before
	Once    Burn      // the security event: of any number of repetitions one has an effect
}

// Steps are the steps that end what the kill is about among rows. It is pure: the ledger carries them out inside the
// transaction that burns Once.
func (k Kill) Steps(rows []Row) []Step {
	var steps []Step
	for _, r := range rows {
		if r.Host == k.Host && r.Subject() != "" && r.Subject() == k.Subject && (r.State.Open() || r.State == Cooling) {
			steps = append(steps, stepOf(r, Revoked, k.By, k.Reason, k.At, time.Time{}))
		}
	}
	return steps
}

// Subject is the account that a change is about as far as anything has shown: who logged in for it, else whom the
// host's signed session named when the challenge was opened. "" = nothing has: a draft, an offer, or a challenge
// opened in a session that nobody signed. Only a later login can prove those, and it is made after the kill.
func (r Row) Subject() string {
	switch {
	case r.Proof != nil && r.Proof.Subject != "":
		return r.Proof.Subject
	case r.Challenge != nil:
		return r.Challenge.Subject
	}
	return ""
}

// Kill ends every live change of the account that a security event is about, up to cooling, in one transaction, with
// one leaf each, and says which. The same event again (issuer and id, whatever source it came by) ends nothing.
// Whoever has no live change leaves no leaf.
//
// Errors: event.type (not a kill), those of begin and of the ledger.
func (g *Guard) Kill(ctx context.Context, e LoginEvent) ([]Row, error) {
	m, err := g.begin(ctx)
	if err != nil {
		return nil, err
	}
	if e.Kind != SubjectKill || e.Subject == "" || e.Host == "" || e.Issuer == "" || e.ID == "" {
		return nil, Refuse(EventType)
	}
	if !m.sends(e) {
		return nil, Refuse(PolicyUnavailable)
	}
	rows, err := g.Ledger.Kill(ctx, Kill{
		Host: e.Host, Subject: e.Subject, By: Actor{Role: HostLogin, ID: e.Source}, Reason: EventKill, At: m.now,
		Once: Burn{Use: BurnEvent, Key: "kill\n" + e.Host + "\n" + e.Issuer + "\n" + e.ID, Until: m.now.Add(ReplayLife)},
	})
	if ReasonOf(err) == EventReplay {
		return nil, nil
	}
	return rows, err
}
