// Package receipt is what an account backend imports: it checks a delivery of the gateway before anything
// is changed (proof-gate.md §3.9).
//
// The backend trusts neither the gateway's word nor its screen: it recomputes the change's digest from the
// arguments that it is about to execute, the commitment from the claims, and the evidence with its own key.
// A gateway that holds its own signing key still gets no other change past Check. It imports the verify
// core only; the database is the caller's, in the caller's transaction (Once).
package receipt

import (
	"time"

	"github.com/postern-chat/postern/verify"
)

// MaxMessage is the size limit of a delivery, in bytes.
const MaxMessage = 64 << 10

const (
	leeway   = 5   // seconds that iat, approved_at and auth_time may be ahead
	early    = 2   // seconds that auth_time may be before t0
	maxLife  = 120 // seconds, exp − iat
	maxSince = 780 // seconds since t0: 10 min, 60 s to mint, 120 s receipt
)

// Message is one delivery as it came in.
type Message struct {
	Type      string // change.apply, change.settle, owner.notice, …
	Change    verify.Change
	Sub       string
	Commit    string
	Challenge string
	Notice    string
	Claimed   string // of a notice "claimed": an e-mail that somebody typed at support
	Link      string // of a notice "transcript": a page of the gateway, for the owner alone
	Receipt   string
}

// ParseMessage reads the body of a delivery strictly. A change with unknown or case-variant keys is refused.
// Errors: json.duplicate, json.invalid, change.schema, change.value.
func ParseMessage(body []byte) (Message, error) {
	o, err := verify.ReadObject(body, MaxMessage)
	if err != nil {
		return Message{}, err
	}
	var m Message
	for key, to := range map[string]*string{
		"type": &m.Type, "sub": &m.Sub, "commit": &m.Commit, "challenge": &m.Challenge, "notice": &m.Notice, "claimed": &m.Claimed, "link": &m.Link, "receipt": &m.Receipt,
	} {
		if !o.Has(key) {
			continue
		}
		if *to, err = o.String(key); err != nil {
			return Message{}, err
		}
	}
	if o.Has("change") {
		m.Change, err = verify.ParseChange(o["change"])
	}
	return m, err
}

// Checker holds what the backend knows by itself. Nothing in it comes from the gateway at run time.
type Checker struct {
	Gateway  string                         // pinned iss
	Audience string                         // mine: aud, host of the commitment
	Keys     verify.KeySet                  // pinned keys of the gateway; a retired one is not in it
	OwnKey   []byte                         // makes the witness; nil = witnesses are refused
	IDPs     []IDP                          // providers whose ID tokens are evidence; none = ID tokens are refused
	Minimum  func(kind string) verify.Level // own minimum per kind; "" refuses the kind
	Linked   func(subIss, sub string) error // nil error: there is such an account here
	// Cooled is the own minimum per kind for a change that cools first; nil, or "" for a kind: none may.
	Cooled func(kind string) verify.Level
}

// IDP is an OpenID provider as the backend knows it: its issuer, the gateway's client id there, which logins
// count as phishing-resistant, and its keys. The backend fetches them from the provider itself, never by way of
// the gateway; a key that the provider no longer publishes is not in the set.
type IDP struct {
	verify.Relying
	Keys verify.KeySet
}

// Proven is a change that this login, and no other, has asked for.
type Proven struct {
	Sub, SubIss string
	Change      verify.Change
	Chg         string
	Commit      string
	Challenge   string
	Level       verify.Level // as computed here
	Log         verify.LogPointer
	Iat         int64 // of the receipt, unix seconds
}

// Check runs steps 1 to 9 on a delivery about to be executed. A nil error means: apply m.Change to the
// account of Sub, once, by Once. A retry of a delivery that was answered is found by Once, even after the
// receipt's end: call Lookup first.
//
// Errors: receipt.sig .iss .aud_single .aud .lifetime .expired .change_mismatch .commit .level,
// evidence.missing .witness .sig .iss .aud .nonce_mismatch .no_auth_time .stale .subject_mismatch, finish.sig,
// clock.skew.
func (c Checker) Check(m Message, now time.Time) (Proven, error) {
	return c.check(m, verify.UseApply, c.Minimum, now)
}

func (c Checker) check(m Message, use string, minimum func(kind string) verify.Level, now time.Time) (Proven, error) {
	r, p, err := c.open(m, use, now)
	if err != nil {
		return Proven{}, err
	}
	if p.Level, err = c.evidence(r, now.Unix()); err != nil {
		return Proven{}, err
	}
	return p, c.rest(m, r, p.Level, minimum, now.Unix())
}

// open is steps 1 to 4.
func (c Checker) open(m Message, use string, now time.Time) (r verify.Claims, p Proven, err error) {
	o, err := verify.Door{Keys: c.Keys, Typ: verify.ReceiptType}.Open(m.Receipt, now)
	if err != nil {
		return r, p, verify.RefuseCause(verify.ReceiptSig, err)
	}
	if err := c.envelope(o, use, now); err != nil {
		return r, p, err
	}
	if r, err = verify.DecodeClaims(o); err != nil {
		return r, p, verify.RefuseCause(verify.ReceiptSig, err)
	}
	p = Proven{Sub: r.Sub, SubIss: r.SubIss, Change: m.Change, Commit: r.Commit, Challenge: r.Challenge, Log: r.Log, Iat: r.Iat}
	if p.Chg, err = m.Change.Digest(); err != nil || !verify.Equal(p.Chg, r.Chg) || m.Change.Kind != r.Kind || m.Change.V != "1" {
		return r, p, verify.Refuse(verify.ReceiptChangeMismatch)
	}
	return r, p, c.commitment(r)
}

// envelope is step 2, and aud in one string.
func (c Checker) envelope(o verify.Object, wanted string, now time.Time) error {
	iat, errI := o.Int("iat")
	exp, errE := o.Int("exp")
	iss, _ := o.String("iss")
	use, _ := o.String("use")
	aud, errA := o.String("aud")
	switch {
	case errI != nil || errE != nil:
		return verify.Refuse(verify.ReceiptLifetime)
	case iss != c.Gateway || c.Gateway == "" || use != wanted:
		return verify.Refuse(verify.ReceiptIss)
	case errA != nil:
		return verify.Refuse(verify.ReceiptAudSingle)
	case aud != c.Audience || c.Audience == "":
		return verify.Refuse(verify.ReceiptAud)
	case exp-iat > maxLife || exp <= iat || iat > now.Unix()+leeway:
		return verify.Refuse(verify.ReceiptLifetime)
	case now.Unix() >= exp:
		return verify.Refuse(verify.ReceiptExpired)
	}
	return nil
}

// commitment is step 4: the claims hashed again, with my audience as host.
func (c Checker) commitment(r verify.Claims) error {
	want, err := r.Commitment(c.Audience).Hash()
	if err != nil || !verify.Equal(want, r.Commit) {
		return verify.Refuse(verify.ReceiptCommit)
	}
	return nil
}

// evidence is step 5: the level that the evidence reaches here, whatever the receipt says.
func (c Checker) evidence(r verify.Claims, now int64) (verify.Level, error) {
	if r.Ev == nil {
		return "", verify.Refuse(verify.EvidenceMissing)
	}
	level := verify.A1
	switch r.Ev.Kind {
	case verify.EvidenceIDToken:
		return c.idToken(r, now)
	case verify.EvidenceEvent:
	case verify.EvidenceOfWitness:
		if len(c.OwnKey) == 0 || !verify.Equal(verify.Witness(c.OwnKey, r.Commit, r.Chg, r.Sub, r.Ev.AuthTime), r.Ev.Witness) {
			return "", verify.Refuse(verify.EvidenceWitness)
		}
		level = verify.A3
	default:
		return "", verify.Refuse(verify.EvidenceMissing)
	}
	switch {
	case r.SubIss != c.Audience || r.Sub == "":
		return "", verify.Refuse(verify.EvidenceSubjectMismatch)
	case r.Ev.AuthTime == 0:
		return "", verify.Refuse(verify.EvidenceNoAuthTime)
	case r.Ev.AuthTime < r.T0-early:
		return "", verify.Refuse(verify.EvidenceStale)
	case r.Ev.AuthTime > now+leeway:
		return "", verify.Refuse(verify.ClockSkew)
	}
	return level, nil
}

// rest is steps 6 to 9.
func (c Checker) rest(m Message, r verify.Claims, level verify.Level, minimum func(kind string) verify.Level, now int64) error {
	text, err := verify.FinishMessage(r.Challenge, r.Chg, r.Commit, r.Fin.Token)
	switch {
	case err != nil || !r.Cnf.JWK.Verify(text, r.Fin.Sig):
		return verify.Refuse(verify.FinishSig)
	case r.ApprovedAt < r.T0 || r.ApprovedAt > now+leeway || now-r.T0 > maxSince || r.T0 > now+leeway:
		return verify.Refuse(verify.ReceiptExpired)
	case m.Sub != "" && m.Sub != r.Sub, c.Linked == nil || c.Linked(r.SubIss, r.Sub) != nil:
		return verify.Refuse(verify.EvidenceSubjectMismatch)
	case minimum == nil || !level.AtLeast(minimum(r.Kind)) || !level.AtLeast(r.Level):
		return verify.Refuse(verify.ReceiptLevel)
	}
	return nil
}
