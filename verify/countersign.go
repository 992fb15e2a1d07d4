package verify

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"slices"
	"time"
)

// signerSkew is how far the database clock, by which claims are made, may be from the signer's own.
const signerSkew = 60 // seconds

// maxToMint is how old a challenge may be when its receipt is made: its own life, and the time to mint.
const maxToMint = int64((ChallengeLife + ProofLife) / time.Second)

// Countersigner is what a signer in a process of its own knows by itself. It does not believe the gateway: a web
// process in wrong hands gets no signature for a login that was not made for exactly this change.
// Source: proof-gate.md §3.13, §5.
type Countersigner struct {
	Issuer    string   // of the receipts that it signs
	Audiences []string // of the backends that they may be for
	IDPs      []CountersignIDP
	Announced Announcements // nil = no change may cool
}

// Announcement is what a signer remembers of an announcement that it has signed.
type Announcement struct {
	Commit string `json:"commit"`
	Sub    string `json:"sub"`
	SubIss string `json:"sub_iss"`
	Level  Level  `json:"level"`
	At     int64  `json:"at"` // unix seconds
}

// Announcements keeps them beyond the end of the process, at least for CoolingMax and an hour.
type Announcements interface {
	// Keep stores one; the first of a commitment stands.
	Keep(a Announcement) error
	// Find gives the one of a commitment.
	Find(commit string) (Announcement, bool)
}

// CountersignIDP is an OpenID provider with a way to its keys that does not go by the gateway.
type CountersignIDP struct {
	Relying
	// Key is the provider's key of a kid. Errors: idp.unavailable, or any for a key that it does not have.
	Key func(ctx context.Context, kid string) (Key, error)
}

// Check judges claims before they are signed: their shape, the commitment, the approval, the times, and an ID token
// again with the provider's keys. A witness can be judged by its host only, which does. An announcement is judged the
// same and kept; the receipt of a change that has cooled rests on it, for its login is long over and the provider's
// keys may be others.
//
// Errors: receipt.iss .aud .lifetime .expired .commit .level .cooling, evidence.missing .iss .sig .aud .nonce_mismatch
// .no_auth_time .stale .subject_mismatch, finish.sig, clock.skew, idp.unavailable.
func (c Countersigner) Check(ctx context.Context, r Claims, now time.Time) error {
	switch {
	case r.Iss != c.Issuer || c.Issuer == "" || r.Use != UseApply && (r.Use != UseAnnounce || c.Announced == nil):
		return Refuse(ReceiptIss)
	case !slices.Contains(c.Audiences, r.Aud) || r.Aud == "":
		return Refuse(ReceiptAud)
	case r.Exp <= r.Iat || r.Exp-r.Iat > int64(ReceiptLife/time.Second):
		return Refuse(ReceiptLifetime)
	case r.Iat < now.Unix()-signerSkew || r.Iat > now.Unix()+signerSkew:
		return Refuse(ClockSkew)
	case r.ApprovedAt < r.T0 || r.ApprovedAt > r.Iat:
		return Refuse(ReceiptExpired)
	}
	if err := c.bound(r); err != nil {
		return err
	}
	if r.Use == UseApply && c.Announced != nil {
		if a, ok := c.Announced.Find(r.Commit); ok {
			return cooledClaims(a, r)
		}
	}
	if r.Iat-r.T0 > maxToMint {
		return Refuse(ReceiptExpired)
	}
	level, err := c.evidence(ctx, r, now)
	if err != nil {
		return err
	}
	if !level.AtLeast(r.Level) || !r.Level.AtLeast(A1) {
		return Refuse(ReceiptLevel)
	}
	if r.Use == UseAnnounce {
		return c.Announced.Keep(Announcement{Commit: r.Commit, Sub: r.Sub, SubIss: r.SubIss, Level: level, At: r.Iat})
	}
	return nil
}

// cooledClaims judges the receipt of a change that was announced: it says the same account, and comes an hour later at
// the earliest. What was announced goes no shorter way.
func cooledClaims(a Announcement, r Claims) error {
	waited := r.Iat - a.At
	switch {
	case r.Sub != a.Sub || r.SubIss != a.SubIss:
		return Refuse(EvidenceSubjectMismatch)
	case waited < int64(coolingMin/time.Second):
		return Refuse(ReceiptCooling)
	case waited > int64((CoolingMax+coolingSlack)/time.Second)+signerSkew:
		return Refuse(ReceiptExpired)
	case !a.Level.AtLeast(r.Level) || !r.Level.AtLeast(A1):
		return Refuse(ReceiptLevel)
	}
	return nil
}

// bound checks that the claims hang together: one commitment over them all, approved by the widget key in it.
func (c Countersigner) bound(r Claims) error {
	want, err := r.Commitment(r.Aud).Hash()
	if err != nil || !Equal(want, r.Commit) {
		return Refuse(ReceiptCommit)
	}
	text, err := FinishMessage(r.Challenge, r.Chg, r.Commit, r.Fin.Token)
	if err != nil || !r.Cnf.JWK.Verify(text, r.Fin.Sig) {
		return Refuse(FinishSig)
	}
	return nil
}

func (c Countersigner) evidence(ctx context.Context, r Claims, now time.Time) (Level, error) {
	if r.Ev == nil || r.Sub == "" {
		return "", Refuse(EvidenceMissing)
	}
	level := A1
	switch r.Ev.Kind {
	case EvidenceIDToken:
		return c.idToken(ctx, r, now)
	case EvidenceOfWitness:
		if r.Ev.Witness == "" {
			return "", Refuse(EvidenceMissing)
		}
		level = A3
	case EvidenceEvent:
	default:
		return "", Refuse(EvidenceMissing)
	}
	switch {
	case r.SubIss != r.Aud:
		return "", Refuse(EvidenceSubjectMismatch)
	case r.Ev.AuthTime == 0:
		return "", Refuse(EvidenceNoAuthTime)
	case r.Ev.AuthTime < r.T0-int64(authEarly/time.Second):
		return "", Refuse(EvidenceStale)
	case r.Ev.AuthTime > r.Iat+int64(authLate/time.Second):
		return "", Refuse(ClockSkew)
	}
	return level, nil
}

// idToken checks the token again, by the gateway's clock: that one decided, and Check has found it close to ours.
func (c Countersigner) idToken(ctx context.Context, r Claims, now time.Time) (Level, error) {
	i := slices.IndexFunc(c.IDPs, func(p CountersignIDP) bool { return p.Issuer == r.SubIss && p.Issuer != "" })
	if i < 0 {
		return "", Refuse(EvidenceIss)
	}
	p := c.IDPs[i]
	kid, err := IDTokenDoor(nil).KeyID(r.Ev.JWT)
	if err != nil {
		return "", RefuseCause(EvidenceSig, err)
	}
	key, err := p.Key(ctx, kid)
	if ReasonOf(err) == IDPUnavailable {
		return "", err
	} else if err != nil {
		return "", RefuseCause(EvidenceSig, err)
	}
	t, err := OpenIDToken(r.Ev.JWT, KeySet{key}, now)
	if err != nil {
		return "", RefuseCause(EvidenceSig, err)
	}
	level, why := p.Judge(t, r.Commit, r.T0, time.Unix(r.Iat, 0), pastExp)
	if why != "" {
		return "", Refuse(EvidenceReason(why))
	}
	if !Equal(t.Subject, r.Sub) {
		return "", Refuse(EvidenceSubjectMismatch)
	}
	return level, nil
}

// pastExp is how long ago an ID token's exp may be when it is evidence: freshness comes from t0.
const pastExp = 15 * time.Minute

// EvidenceReason is the word, about evidence in a receipt, for what Relying.Judge says of the same fault.
func EvidenceReason(why Reason) Reason {
	switch why {
	case OIDCIss:
		return EvidenceIss
	case OIDCAud:
		return EvidenceAud
	case OIDCNonce:
		return EvidenceNonceMismatch
	case ProofNoAuthTime:
		return EvidenceNoAuthTime
	case ProofStale:
		return EvidenceStale
	}
	return why
}

// DecodeClaims fills the claims from an object whose keys were found to be exact and single; a claim that the
// format does not have is an error.
func DecodeClaims(o Object) (c Claims, err error) {
	b, err := json.Marshal(o)
	if err != nil {
		return c, err
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(&c); err != nil {
		return c, err
	}
	again, err := json.Marshal(c)
	if err != nil {
		return c, err
	}
	back, err := ReadObject(again, MaxJWT)
	if err != nil {
		return c, err
	}
	for key := range o { // a key in the wrong case would have been folded into a right one
		if !back.Has(key) {
			return c, errors.New("verify: a claim in the wrong case")
		}
	}
	return c, nil
}
