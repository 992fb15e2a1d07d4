package verify

import "time"

// Match says what one authentic login event does to one challenge. It is pure and total: it reads nothing
// else, and every input has an answer. Order of the checks: bound, live, the three choices, digest, time,
// subject, level. Source: proof-gate.md §3.6 step 5, §3.5 "Refusals".
//
// To is "" when nothing may move (a hint, or a handle that is not this challenge's).
func Match(ch Challenge, e LoginEvent, p Policy, now time.Time) Verdict {
	v := Verdict{Change: ch.Change, Challenge: ch.ID, Level: E0}
	end := func(to State, r Reason) Verdict {
		v.To, v.Reason = to, r
		return v
	}
	switch {
	case !bound(e):
		return Verdict{Level: E0}
	case ch.Handle == "" || !Equal(TokenHash(e.Handle), ch.Handle) || e.Host != ch.Host:
		return Verdict{Level: E0, Reason: HandleExpired}
	case !now.Before(ch.ExpiresAt()):
		return end(Expired, ChallengeExpired)
	case e.Kind == LoginDenied:
		return end(Denied, "")
	case e.Kind == LoginDisowned:
		return end(Disowned, "")
	}
	if r := mismatch(ch, e, now); r != "" {
		return end(Failed, r)
	}
	k, ok := p.KindAt(ch.Kind, ch.Host)
	if !ok || k.Off || k.Host != ch.Host {
		return end(Failed, PolicyUnavailable)
	}
	v.Level = levelOf(e)
	if ch.Code { // it can be read out to somebody: A1, whatever the witness is worth to the backend
		v.Level, v.Typed = A1, true
	}
	if h, _ := p.Host(k.Host); ch.Code && !h.Code {
		return end(Failed, PolicyUnavailable)
	}
	if !k.Takes(v.Level) {
		return end(Failed, ProofLevel)
	}
	return end(Matched, "")
}

// bound reports whether the event names a challenge and makes one of the three choices.
func bound(e LoginEvent) bool {
	return e.Handle != "" && (e.Kind == LoginConfirmed || e.Kind == LoginDenied || e.Kind == LoginDisowned)
}

func mismatch(ch Challenge, e LoginEvent, now time.Time) Reason {
	auth := time.Unix(e.AuthTime, 0)
	switch {
	case e.Chg == "" || !Equal(e.Chg, ch.Chg):
		return EventChangeMismatch
	case e.AuthTime == 0:
		return ProofNoAuthTime
	case auth.Before(time.Unix(ch.T0, 0).Add(-authEarly)):
		return ProofStale
	case auth.After(now.Add(authLate)):
		return ClockSkew
	case e.Subject == "" || ch.Subject != "" && !Equal(e.Subject, ch.Subject):
		return ProofSubject
	}
	return ""
}

// levelOf is what the evidence is worth to a backend that checks it alone. The gateway cannot check a
// witness; a false one is refused by the backend, which computes the level again.
func levelOf(e LoginEvent) Level {
	if b, ok := unb64(e.Witness); ok && len(b) == 32 {
		return A3
	}
	return A1
}

func evidenceOf(e LoginEvent) Evidence {
	if levelOf(e) == A3 {
		return Evidence{Kind: EvidenceOfWitness, AuthTime: e.AuthTime, Witness: e.Witness}
	}
	return Evidence{Kind: EvidenceEvent, AuthTime: e.AuthTime}
}
