package verify

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"
)

// archivedProvider is a key set that ID tokens were believed by.
type archivedProvider struct {
	Relying
	keys KeySet
}

// archive is all archived keys of a bundle.
type archive struct {
	provider map[string]archivedProvider // by hash
	gateway  map[string][]KeySet         // by public URL
	log      []ArchivedKeys
}

func (a *archive) add(raw []byte) error {
	k, set, err := openArchive(raw)
	if err != nil {
		return err
	}
	switch k.Use {
	case KeysOfProvider:
		a.provider[archiveHash(raw)] = archivedProvider{Relying{Issuer: k.Issuer, Client: k.Client, Strong: k.Strong, Skew: k.Skew}, set}
	case KeysOfGateway:
		a.gateway[k.Issuer] = append(a.gateway[k.Issuer], set)
	case KeysOfLog:
		a.log = append(a.log, k)
	default:
		return errors.New("verify: keys of an unknown use")
	}
	return nil
}

// verifiers are the keys that may sign checkpoints: the log's key has a new name when the gateway's address changes.
func (a *archive) verifiers() (out []string) {
	for _, k := range a.log {
		out = append(out, k.Verifier)
	}
	return out
}

// origin reports whether the log has had this name.
func (a *archive) origin(name string) bool {
	return slices.ContainsFunc(a.log, func(k ArchivedKeys) bool { return k.Issuer == name })
}

// expected is what the lines must say of a change, and what is wrong with its proof already.
type expected struct {
	id                                          string
	state                                       State
	leaf                                        int64
	erased, erasure                             bool
	chg, sealedChg, challenge, evidence, sealed string
	level                                       Level
	minted                                      []mintedAt // its receipts
	receipts, idTokens, witnesses, unopened     int
	wrong                                       []string
}

// mintedAt is where the log stood when a receipt was made, and whether the line that it names is one that it may be
// made of: the proof of the change, or, of one that has cooled, its second approval.
type mintedAt struct {
	log    LogPointer
	root   [32]byte
	cooled bool
	proved bool
}

func (m mintedAt) rests(l Leaf) bool {
	if m.cooled {
		return l.From == Cooling && l.To == Cooling && l.Role == Supervisor && l.Reason == ""
	}
	return l.From == Matched && l.To == Proven
}

// blame is the line that a wrong proof is named with: the one that the receipt speaks of, else the change's last.
func (e *expected) blame() int64 {
	for _, m := range e.minted {
		if m.log.Leaf >= 0 {
			return m.log.Leaf
		}
	}
	return e.leaf
}

func (e *expected) say(format string, a ...any) { e.wrong = append(e.wrong, fmt.Sprintf(format, a...)) }

// checkChanges checks the changes of one file. It only reads the checker.
func (c *checker) checkChanges(raw []byte) []*expected {
	var out []*expected
	for line := range bytes.Lines(raw) {
		e := &expected{leaf: -1}
		out = append(out, e)
		var b BundleChange
		if len(line) > maxChangeRow || json.Unmarshal(line, &b) != nil { // what counts in it is held against what is signed
			e.say("a change that cannot be read")
			continue
		}
		c.checkChange(e, b)
	}
	return out
}

func (c *checker) checkChange(e *expected, b BundleChange) {
	e.id, e.state, e.leaf, e.erased, e.chg = b.ID, b.State, b.Leaf, b.Erased, b.Chg
	e.sealedChg = sealChg(b.Seal, b.Chg)
	if b.ID == "" {
		e.say("a change without an id")
	}
	if e.erased {
		if b.Seal != "" || b.Chg != "" || b.Receipt != "" || b.Cool != nil && b.Cool.Receipt.JWS != "" || b.Proof != nil && (b.Proof.Subject != "" || b.Proof.Evidence != Evidence{Kind: b.Proof.Evidence.Kind}) {
			e.say("the change is said to be erased and is not")
		}
		return
	}
	if b.Challenge != nil {
		e.challenge = b.Challenge.ID
		c.checkChallenge(e, b)
	}
	if b.Proof != nil && b.Proof.Evidence.Kind != "" && b.Challenge != nil {
		e.evidence, e.level = b.Proof.Evidence.Hash(), b.Proof.Level
		e.sealed = seal(b.Seal, b.Proof.Issuer, b.Proof.Subject)
		c.checkLogin(e, *b.Challenge, *b.Proof)
	}
	if b.Cool != nil && b.Proof != nil && b.Challenge != nil {
		c.checkReceipt(e, b, b.Cool.Receipt.JWS, UseAnnounce)
	}
	switch {
	case (b.Receipt != "" || b.Cool != nil) && (b.Proof == nil || b.Challenge == nil):
		e.say("a receipt without its proof")
	case b.Receipt != "":
		c.checkReceipt(e, b, b.Receipt, UseApply)
	case b.State == Released || b.State == Unsettled || b.State == Applied:
		e.say("the change is %s without a receipt", b.State)
	}
}

// checkChallenge recomputes the commitment.
func (c *checker) checkChallenge(e *expected, b BundleChange) {
	ch := *b.Challenge
	commit, err := ch.Commitment().Hash()
	if err != nil || !Equal(commit, ch.Commit) || ch.Chg != b.Chg || ch.Conversation != b.Conversation ||
		ch.Change != b.ID || ch.Key.Thumbprint() != ch.JKT {
		e.say("the commitment is not that of the change")
	}
}

// checkLogin checks the evidence of a login again, as a backend would have.
func (c *checker) checkLogin(e *expected, ch Challenge, p Proof) {
	latest := ch.ExpiresAt()
	level := A1
	switch p.Evidence.Kind {
	case EvidenceIDToken:
		e.idTokens++
		level = c.checkIDToken(e, ch, p, latest)
	case EvidenceOfWitness:
		level = A3
		key, ok := c.o.HostKeys[ch.Audience]
		if !ok {
			key = c.o.HostKeys[""]
		}
		if len(key) == 0 {
			e.unopened++
			break
		}
		e.witnesses++
		if !Equal(p.Evidence.Witness, Witness(key, ch.Commit, ch.Chg, p.Subject, p.Evidence.AuthTime)) || p.Issuer != ch.Audience {
			e.say("the witness is not the host's")
		}
	case EvidenceEvent:
	default:
		e.say("evidence of an unknown kind")
	}
	if p.Evidence.Kind != EvidenceIDToken && (p.Evidence.AuthTime < ch.T0-2 || p.Evidence.AuthTime > latest.Unix()+5) {
		e.say("the login was not made for this challenge: its time is out of bounds")
	}
	if !level.AtLeast(p.Level) {
		e.say("the proof claims %s, its evidence is worth %s", p.Level, level)
	}
}

func (c *checker) checkIDToken(e *expected, ch Challenge, p Proof, latest time.Time) Level {
	set, ok := c.keys.provider[p.Keys]
	if !ok {
		e.say("the key set that the ID token was believed by is not archived")
		return E0
	}
	t, err := OpenIDToken(p.Evidence.JWT, set.keys, latest)
	if err != nil {
		e.say("the ID token is not signed by the provider's archived keys")
		return E0
	}
	level, why := set.Judge(t, ch.Commit, ch.T0, latest, 15*time.Minute)
	if why != "" {
		e.say("the ID token is no login for this change: %s", why)
	}
	if t.Subject != p.Subject || t.Issuer != p.Issuer {
		e.say("the ID token is another account's")
	}
	return level
}

// checkReceipt checks a receipt's signature, and that it says what change, challenge and proof say.
func (c *checker) checkReceipt(e *expected, b BundleChange, jws, use string) {
	e.receipts++
	ch, p := b.Challenge, b.Proof
	r, err := c.openReceipt(jws, ch.ExpiresAt())
	if err != nil {
		e.say("the receipt is not signed by the gateway's archived keys")
		return
	}
	root, err := DecodeRoot(r.Log.Root)
	if err != nil || r.Log.Size < 0 || r.Log.Leaf < 0 || r.Log.Leaf >= r.Log.Size || !c.keys.origin(r.Log.Origin) {
		e.say("the receipt does not say where the log stood")
	} else {
		e.minted = append(e.minted, mintedAt{log: r.Log, root: root, cooled: b.Cool != nil && use == UseApply})
		if r.Log.Size > c.manifest.Size {
			e.say("the receipt saw a log of %d lines: the tail is gone", r.Log.Size)
		}
	}
	want := Claims{
		Iss: r.Iss, Aud: ch.Audience, JTI: r.JTI, Iat: r.Iat, Exp: r.Exp, Use: use, Sub: p.Subject, SubIss: p.Issuer,
		Kind: ch.Kind, Chg: ch.Chg, Commit: ch.Commit, Challenge: ch.ID, Conversation: ch.Conversation, Salt: ch.Salt, T0: ch.T0,
		ApprovedAt: p.ApprovedAt, Level: p.Level, Policy: r.Policy, Cnf: Cnf{JWK: ch.Key}, Fin: Fin{Token: p.Finish, Sig: p.Sig},
		Ev: &p.Evidence, Log: r.Log,
	}
	if !reflect.DeepEqual(want, r) {
		e.say("the receipt is not that of the change and its proof")
	}
	if r.Exp-r.Iat > 120 || r.Exp < r.Iat || r.ApprovedAt < r.T0 || r.ApprovedAt > r.Iat+5 || !timely(b, r) {
		e.say("the receipt's times are out of bounds")
	}
	text, err := FinishMessage(ch.ID, ch.Chg, ch.Commit, p.Finish)
	if err != nil || !ch.Key.Verify(text, p.Sig) {
		e.say("the finish signature is not the browser's")
	}
}

// timely reports whether a receipt was made soon after its challenge or, of a change that has cooled, when it had waited
// and a second person had agreed.
func timely(b BundleChange, r Claims) bool {
	if b.Cool == nil || r.Use == UseAnnounce {
		return r.Iat-r.T0 <= maxToMint
	}
	return b.Cool.SecondAt > 0 && r.Iat*1000 >= b.Cool.Until-1000 && r.Iat-r.T0 <= int64((CoolingMax+coolingSlack+ChallengeLife)/time.Second)
}

func (c *checker) openReceipt(jws string, at time.Time) (r Claims, err error) {
	err = errDoorKey
	for issuer, sets := range c.keys.gateway {
		for _, keys := range sets {
			var o Object
			if o, err = (Door{Keys: keys, Typ: ReceiptType}).Open(jws, at); err != nil {
				continue
			}
			if iss, e := o.String("iss"); e != nil || iss != issuer {
				err = errDoorKey
				continue
			}
			_, rest, _ := strings.Cut(jws, ".")
			payload, _, _ := strings.Cut(rest, ".")
			b, _ := unb64(payload) // the door has read it
			d := json.NewDecoder(bytes.NewReader(b))
			d.DisallowUnknownFields()
			return r, d.Decode(&r)
		}
	}
	return r, err
}

// follow holds a line against the change that it is about.
func (c *checker) follow(n int64, l Leaf) {
	if what := c.states.step(n, l); what != "" {
		c.r.bad(n, l.Change, what)
	}
	if l.Change == "" {
		return
	}
	e := c.want[l.Change]
	if e == nil {
		if l.From != l.To || l.stays() {
			c.r.bad(n, l.Change, "the line's change is not there")
		}
		return
	}
	if l.Reason == LogErased {
		e.erasure = e.erasure || l.From == l.To
		return
	}
	for i, m := range e.minted {
		if m.log.Leaf == n {
			e.minted[i].proved = m.rests(l)
		}
	}
	if e.erased {
		return
	}
	if chg := e.leafChg(l.V); l.Chg != "" && l.Chg != chg {
		c.r.bad(n, l.Change, "the line is about another change's values")
	}
	proof := slices.Contains([]State{Proven, Released, Unsettled, Applied}, l.To)
	if e.evidence == "" || l.Challenge != e.challenge || !proof && l.Evidence == "" {
		return
	}
	if l.Evidence != e.evidence || l.Sealed != e.sealed || l.Level != e.level {
		c.r.bad(n, l.Change, "the line was made over another login")
	}
}

// leafChg is how the change's digest stands in lines of a form.
func (e *expected) leafChg(v string) string {
	if v == "1" {
		return e.chg
	}
	return e.sealedChg
}
