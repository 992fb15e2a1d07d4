package gateway

import "strings"

// LeakKind names what kind of text the guard found. Staff reads the kind, never whether a value was right.
type LeakKind string

// The kinds. Each has a text in the console's i18n.
const (
	LeakCard    LeakKind = "card"      // payment card number (ISO/IEC 7812, Luhn)
	LeakBank    LeakKind = "bank"      // IBAN (ISO 13616, mod 97) or an account number said to be one
	LeakEmail   LeakKind = "email"     // somebody's address, whole or masked
	LeakPhone   LeakKind = "phone"     // telephone number
	LeakAddress LeakKind = "address"   // postal address
	LeakPart    LeakKind = "part"      // last digits, postcode: held right or wrong (proof-gate.md §2, T25)
	LeakBirth   LeakKind = "birthdate" // date of birth
	LeakSecret  LeakKind = "secret"    // password, PIN, API key, token
	LeakCode    LeakKind = "code"      // one-time, recovery or backup code
	LeakLink    LeakKind = "link"      // address that only looks like the site's
	LeakFact    LeakKind = "fact"      // a loaded account fact that no pattern describes
	LeakFile    LeakKind = "file"      // a file of the agent's own for somebody unproven (attachment.unproven)
	LeakDown    LeakKind = "guard"     // the guard itself failed: held unread (guard.unavailable)
)

// LeakKinds lists every kind, for the tests that ask each for a text.
func LeakKinds() []LeakKind {
	return []LeakKind{
		LeakCard, LeakBank, LeakEmail, LeakPhone, LeakAddress, LeakPart, LeakBirth, LeakSecret, LeakCode, LeakLink,
		LeakFact, LeakFile, LeakDown,
	}
}

// LeakAction is what becomes of an outgoing text, from mild to strict.
type LeakAction string

// The four actions (proof-gate.md §3.15).
const (
	LeakAllow  LeakAction = "allow"
	LeakRedact LeakAction = "redact" // sent with the found digits masked: what the visitor typed himself
	LeakHold   LeakAction = "hold"   // kept back until a supervisor releases it
	LeakBlock  LeakAction = "block"  // never sent and never stored: a live key or token
)

// Outgoing is one text on its way to a visitor, with what the guard must know to judge it.
type Outgoing struct {
	Text   string
	Names  []string // file names, titles, captions: everything beside the text that the visitor reads
	Before []string // the last five agent messages of the conversation, oldest first
	Typed  []string // what the visitor typed himself in this conversation: repeating it leaks nothing
	Public []string // texts of ours that stand in public: addresses, greeting, signature
	Sites  []string // hosts of the site and the gateway, for look-alikes
	// Articles gives published public articles that hold a piece of the text as it stands: what is in print is no leak.
	// It is asked for each thing found; nil = none.
	Articles func(piece string) []string
	Proven   *Facts // facts of an open read window of this conversation: may be said; nil = none
	Known    bool   // a login has proven in this conversation who reads it
	Loaded   *Facts // facts of a claimed identity: must not be said (side-access mode); nil = none
}

// Verdict is the guard's answer.
type Verdict struct {
	Action  LeakAction
	Kinds   []LeakKind // what was found, each once, in order of the text; none of an allowed text
	Text    string     // what may be sent: Outgoing.Text, masked where Action is redact
	Foreign bool       // found although the reader is known (leaf leak.foreign): never shown to anybody
	Quiet   bool       // side-access mode is on: the author learns that it waits, and nothing more
}

// How many earlier messages are read with a text, and how much of a long one: a thing that is split over messages
// stands at their ends.
const (
	LeakWindow = 5
	leakTail   = 240 // bytes
)

// maxLeakHits is how many things one text may have before it is held without a look at each.
const maxLeakHits = 64

// LeakGuard judges outgoing text. It is pure: the same Outgoing gives the same Verdict. It only reads after
// NewLeakGuard and may be used by many at once.
type LeakGuard struct {
	words map[string]leakSense // what a word can mean near a number
	spell map[string]string    // number words → digits
	tlds  map[string]bool
	ibans map[string]int // country → length
}

// NewLeakGuard reads the word lists of leak_words.go.
func NewLeakGuard() *LeakGuard {
	return &LeakGuard{words: leakSenses(), spell: leakNumberWords(), tlds: leakSet(leakTLDs), ibans: leakIBANs()}
}

// Check judges one outgoing text. A crash inside is a hold of kind guard: closed when in doubt.
func (g *LeakGuard) Check(out Outgoing) (v Verdict) {
	defer func() {
		if recover() != nil {
			v = Verdict{Action: LeakHold, Kinds: []LeakKind{LeakDown}}
		}
	}()
	now := g.read(out.Text)
	found := g.whole(now, out)
	for _, name := range out.Names {
		found = append(found, g.whole(g.read(name), out)...)
	}
	found = append(found, g.split(now, out)...)
	return g.judge(found, out)
}

// whole looks at one text alone.
func (g *LeakGuard) whole(t leakText, out Outgoing) []leakHit {
	s := g.scan(t, out)
	s.links()
	s.emails()
	s.secrets()
	s.numbers()
	s.places()
	s.births()
	s.facts(out)
	return s.hits
}

// judge drops what may be said and gives the strictest answer to the rest.
func (g *LeakGuard) judge(found []leakHit, out Outgoing) Verdict {
	v := Verdict{Action: LeakAllow, Text: out.Text}
	if len(found) == 0 {
		return v
	}
	var said leakKnown
	if len(found) <= maxLeakHits { // of more, nothing is excused
		said = g.known(out)
		said.print(g, found, out.Articles)
	}
	var masks []leakHit
	for _, h := range found {
		action := h.action
		switch {
		case said.proven(h):
			continue
		case !said.typed(h), masked(h.kind) && !h.inText:
		case masked(h.kind):
			action, masks = LeakRedact, append(masks, h)
		default:
			continue
		}
		v.add(h.kind, action)
	}
	if v.Action == LeakRedact {
		v.Text = maskDigits(out.Text, masks)
	}
	v.Foreign = (out.Proven != nil || out.Known) && (v.Action == LeakHold || v.Action == LeakBlock)
	return v
}

func (v *Verdict) add(kind LeakKind, action LeakAction) {
	if rank(action) > rank(v.Action) {
		v.Action = action
	}
	for _, k := range v.Kinds {
		if k == kind {
			return
		}
	}
	v.Kinds = append(v.Kinds, kind)
}

func rank(a LeakAction) int {
	return strings.Index("allow redact hold   block", string(a))
}

// masked reports whether a thing of the kind is not sent back even to the visitor who typed it: a whole card number
// or a password does not belong into mails and histories (product.md P137).
func masked(k LeakKind) bool { return k == LeakCard || k == LeakSecret }
