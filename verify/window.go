package verify

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/json"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
)

// ReadKind is the one kind that changes nothing: its proof opens a window on named account data, for the assigned
// agent. Source: proof-gate.md §3.12.
const ReadKind = "account.read"

// ReadField is the one field of ReadKind: the sorted set of the names that are asked for.
const ReadField = "fields"

// Limits of reading.
const (
	WindowLife = 10 * time.Minute // from auth_time
	MaxFacts   = 16 << 10         // bytes of names and values
	readBudget = 40               // windows per agent …
	readSpan   = time.Hour        // … in this time
)

// Window is what a backend answered to a proven ReadKind, sealed, and until when the assigned agent may see it. A
// conversation has at most one: a newer one takes its place. Its row is deleted when it ends.
type Window struct {
	Change       string
	Conversation string
	Host         string // host entry whose account it is
	Subject      string
	Until        int64  // unix ms: auth_time + WindowLife, and never later than WindowLife from now
	Sealed       string // b64url of nonce and AES-256-GCM; the key is derived, and never stored
}

// Reading is one agent's look into a conversation's window. The ledger decides it, counts it and writes its leaf in
// one transaction.
type Reading struct {
	Conversation string
	By           Actor
	Policy       string
	At           time.Time // database clock, read by Ledger.Now just before
	Max          int       // windows that an agent may look into …
	Since        time.Time // … after this time, or since somebody let him go on
}

// Leaf is the log's line about a look into a window: the change stays what it is, and there is no reason.
func (r Reading) Leaf(w Window) Leaf {
	return Leaf{
		V: "1", Actor: r.By.ID, Role: r.By.Role, Conversation: r.Conversation, Change: w.Change, Policy: r.Policy,
		From: Applied, To: Applied,
	}.Stamp(r.At)
}

// Look reports whether the line is about a look into a window.
func (l Leaf) Look() bool { return l.From == Applied && l.To == Applied && l.Reason == "" }

// Refusal is the log's line about an agent who has spent his budget.
func (r Reading) Refusal() Leaf {
	l := r.Leaf(Window{})
	l.From, l.To, l.Reason = "", "", ReadBudget
	return l
}

// Freeing lets an agent who has spent his budget of windows go on with a new one.
type Freeing struct {
	Agent string
	By    Actor
	At    time.Time
}

// Leaf is the log's line about it: who, and whom, as a hash.
func (f Freeing) Leaf() Leaf {
	return Leaf{
		V: "1", Actor: f.By.ID, Role: f.By.Role, Reason: ReadFreed, Sealed: seal("read", "agent", f.Agent),
	}.Stamp(f.At)
}

// Spent is an agent who must be let go on before he sees another window.
type Spent struct {
	Agent string
	At    time.Time
}

// Facts is an open window's content, for the screen of the assigned agent and for nothing else.
type Facts struct {
	Change string
	Until  time.Time
	Values map[string]string
}

// Facts opens the conversation's window for the assigned agent. Each call that gives facts has a leaf of its own.
//
// Errors: context.locked for everybody and everything else, whether or not there is a window; read.budget.
func (g *Guard) Facts(ctx context.Context, by Actor, conversation string) (Facts, error) {
	m, err := g.begin(ctx)
	switch {
	case by.Role.seniority() == 0 || by.ID == "", ReasonOf(err) == PolicyUnavailable:
		return Facts{}, Refuse(ContextLocked)
	case err != nil:
		return Facts{}, err
	}
	w, err := g.Ledger.ReadWindow(ctx, Reading{
		Conversation: conversation, By: by, Policy: m.hash, At: m.now, Max: readBudget, Since: m.now.Add(-readSpan),
	})
	if ReasonOf(err) == NotFound {
		return Facts{}, Refuse(ContextLocked)
	}
	if err != nil {
		return Facts{}, err
	}
	values, err := g.unseal(w)
	return Facts{Change: w.Change, Until: time.UnixMilli(w.Until).UTC(), Values: values}, err
}

// FreeReads lets an agent look into windows again. Only a supervisor may, and never himself.
// Errors: role, four_eyes, not_found (his budget is not spent).
func (g *Guard) FreeReads(ctx context.Context, by Actor, agent string) error {
	now, err := g.Ledger.Now(ctx) // no policy has a word in it
	switch {
	case err != nil:
		return err
	case by.Role != Supervisor:
		return g.refuse(ctx, moment{now: now}, Row{}, by, RoleRefused)
	case by.ID == agent:
		return g.refuse(ctx, moment{now: now}, Row{}, by, FourEyes)
	}
	return g.Ledger.FreeReads(ctx, Freeing{Agent: agent, By: by, At: now})
}

// ShutWindows deletes the windows whose time is over and gives their conversations. Errors: those of the ledger.
func (g *Guard) ShutWindows(ctx context.Context) ([]string, error) {
	now, err := g.Ledger.Now(ctx)
	if err != nil {
		return nil, err
	}
	return g.Ledger.ShutWindows(ctx, now)
}

// FactsOf takes the facts out of a backend's answer, as they came; "" = it has none, or too many. What they may be,
// the Guard decides.
func FactsOf(o Object) string {
	if raw := o["facts"]; len(raw) <= MaxFacts {
		return string(raw)
	}
	return ""
}

// judged is the backend's answer as far as it may count: a read without proper facts was refused, and facts that come
// with anything else are dropped.
func judged(c Change, a Answer) Answer {
	switch {
	case a.Result != ResultApplied, c.Kind != ReadKind:
		a.Facts = ""
	case !asked(c, a.Facts):
		return Answer{Result: ResultRefused, Reason: BackendRefused}
	}
	return a
}

// asked reports whether the facts are what the owner approved, and no more.
func asked(c Change, facts string) bool {
	o, err := ReadObject([]byte(facts), MaxFacts)
	if err != nil {
		return false
	}
	names := strings.Split(c.Fields[ReadField], ",")
	for name := range o {
		value, err := o.String(name)
		if err != nil || !slices.Contains(names, name) || !cleanText(strings.ReplaceAll(value, "\n", " ")) {
			return false
		}
	}
	return true
}

// window is what the step to applied keeps of a read; nil if it was none, or its time is over already.
func (g *Guard) window(m moment, row Row, facts string) (*Window, error) {
	if facts == "" || row.Proof == nil {
		return nil, nil
	}
	until := earlier(time.Unix(row.Proof.Evidence.authTime(), 0), m.now).Add(WindowLife)
	if !until.After(m.now) {
		return nil, nil
	}
	w := Window{
		Change: row.ID, Conversation: row.Conversation, Host: row.Host, Subject: row.Proof.Subject, Until: until.UnixMilli(),
	}
	aead, err := g.factsKey()
	if err != nil {
		return nil, err
	}
	nonce := make([]byte, aead.NonceSize())
	if _, err := io.ReadFull(g.Rand, nonce); err != nil {
		return nil, RefuseCause(GuardUnavailable, err)
	}
	w.Sealed = b64(aead.Seal(nonce, nonce, []byte(facts), w.bound()))
	return &w, nil
}

func (g *Guard) unseal(w Window) (map[string]string, error) {
	aead, err := g.factsKey()
	if err != nil {
		return nil, err
	}
	raw, ok := unb64(w.Sealed)
	if !ok || len(raw) < aead.NonceSize() {
		return nil, Refuse(ContextLocked)
	}
	text, err := aead.Open(nil, raw[:aead.NonceSize()], raw[aead.NonceSize():], w.bound())
	if err != nil { // somebody edited the row, or the secret is another one
		return nil, RefuseCause(ContextLocked, err)
	}
	var facts map[string]string
	err = json.Unmarshal(text, &facts)
	return facts, err
}

// bound is what the seal also vouches for: a row with another end, or under another conversation, does not open.
func (w Window) bound() []byte {
	return []byte(w.Change + "\n" + w.Conversation + "\n" + w.Host + "\n" + strconv.FormatInt(w.Until, 10))
}

func (g *Guard) factsKey() (cipher.AEAD, error) {
	mac := hmac.New(sha256.New, g.Secret)
	mac.Write([]byte("postern.facts.v1"))
	block, err := aes.NewCipher(mac.Sum(nil))
	if err != nil {
		return nil, RefuseCause(GuardUnavailable, err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil, RefuseCause(GuardUnavailable, err)
	}
	return aead, nil
}

// authTime is when the login was made, unix seconds; 0 = the evidence does not say. An ID token was checked before it
// became evidence.
func (e Evidence) authTime() int64 {
	if e.Kind != EvidenceIDToken {
		return e.AuthTime
	}
	parts := strings.Split(e.JWT, ".")
	if len(parts) != 3 {
		return 0
	}
	text, _ := unb64(parts[1])
	o, err := ReadObject(text, MaxJWT)
	if err != nil {
		return 0
	}
	at, err := o.Int("auth_time")
	if err != nil {
		return 0
	}
	return at
}
