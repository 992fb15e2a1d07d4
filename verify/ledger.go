package verify

import (
	"context"
	"encoding/json"
	"time"
)

// Row is the one stored row of a change. A store keeps it as columns for what it searches by (see doc.go)
// and the rest as the JSON of the whole row; what is hashed or compared is text, never rewritten.
// Times are unix milliseconds of the database clock.
type Row struct {
	ID           string     `json:"id"` // ch_…
	Conversation string     `json:"conversation"`
	Host         string     `json:"host"` // name of the host entry
	Change       Change     `json:"change"`
	Chg          string     `json:"chg"`    // digest; frozen when offered
	Policy       string     `json:"policy"` // hash of the policy it was offered under
	Seal         string     `json:"seal"`   // salt of the personal values in its leaves; deleted = erased
	State        State      `json:"state"`
	Version      int64      `json:"version"` // 1 when drafted, one more with each step
	Reason       Reason     `json:"reason,omitempty"`
	DraftedBy    Actor      `json:"drafted_by"`
	OfferedBy    Actor      `json:"offered_by,omitzero"`
	Challenge    *Challenge `json:"challenge,omitempty"` // the living one; Start over replaces it
	Proof        *Proof     `json:"proof,omitempty"`
	Receipt      *Minted    `json:"receipt,omitempty"`
	Cool         *Cool      `json:"cool,omitempty"`   // of a change that cools or has cooled
	Answer       *Answer    `json:"answer,omitempty"` // the backend's, once it came
	CreatedAt    int64      `json:"created_at"`
	ChangedAt    int64      `json:"changed_at"`
	ExpiresAt    int64      `json:"expires_at"`       // end of the present state; 0 = none
	Leaf         int64      `json:"leaf"`             // index of the leaf of its last step; set by the store
	Erased       int64      `json:"erased,omitempty"` // when its personal values were deleted; 0 = they are here
}

// clone copies the row with everything it points to.
func (r Row) clone() Row {
	r.Change.Fields = copyMap(r.Change.Fields)
	r.Challenge, r.Proof = copyOf(r.Challenge), copyOf(r.Proof)
	r.Receipt, r.Cool, r.Answer = copyOf(r.Receipt), copyOf(r.Cool), copyOf(r.Answer)
	return r
}

func copyOf[T any](p *T) *T {
	if p == nil {
		return nil
	}
	v := *p
	return &v
}

func copyMap(m map[string]string) map[string]string {
	c := make(map[string]string, len(m))
	for k, v := range m {
		c[k] = v
	}
	return c
}

// Burn is something that may be used once: inserted in the transaction of the step, unique by use and key.
type Burn struct {
	Use   string // commit, finish, event, note, start, state, announce, second, guess
	Key   string
	Value string    // what a repetition must be answered with, if anything
	Until time.Time // may be forgotten then; zero = never
}

// Uses of a Burn.
const (
	BurnCommit = "commit"
	BurnFinish = "finish"
	BurnEvent  = "event"
	BurnNote   = "note"
	BurnMail   = "mail"  // key: the day whose checkpoint was mailed
	BurnStart  = "start" // key: that of the slip
	BurnState  = "state" // key: that of the login's slip
	// Of a change that cools: key commit and id, value the change and who agreed.
	BurnAnnounce = "announce"
	BurnSecond   = "second"
	// BurnGuess is one try of a typed code: key the challenge and which try it is.
	BurnGuess = "guess"
)

// Taken is the refusal for a burn that exists already.
func (b Burn) Taken() *Error {
	switch b.Use {
	case BurnFinish:
		return Refuse(FinishUsed)
	case BurnEvent:
		return Refuse(EventReplay)
	case BurnStart:
		return Refuse(StartUsed)
	case BurnState:
		return Refuse(StateInvalid)
	}
	return Refuse(ChangeState)
}

// Slip is what is kept of a secret that a browser of the OIDC way carries: a start token, or the cookie of a
// login under way. Source: proof-gate.md §3.7.
type Slip struct {
	Use       string // SlipStart, SlipLogin
	Key       string // TokenHash of the secret
	Change    string
	Challenge string // dead with its challenge
	Source    string
	Until     time.Time
}

// Uses of a Slip.
const (
	SlipStart = "start"
	SlipLogin = "login"
)

// Limit is a count that a step must not exceed: at most Max challenges opened in the row's conversation
// after Since. The store counts and records in the transaction of the step.
type Limit struct {
	Max   int
	Since time.Time
}

// Step is one transition of one change. The store carries it out in one transaction: compare, change,
// burn, append exactly one leaf and the conversation event (Event), enqueue the job (Job).
type Step struct {
	Row         Row   // the row after the step: change id, conversation and all
	From        State // compared; "" = the row is new
	FromVersion int64 // compared
	Actor       Actor
	Reason      Reason
	At          time.Time // database clock, read by Ledger.Now just before
	Burns       []Burn
	Archive     []KeyArchive // kept with the step, unless they are there already
	Limit       *Limit       // set when a challenge is opened
	Kind        *Kind        // set at draft and offer: the words that people are shown with the event
	Window      *Window      // set when a read is applied: stored with the step, over an older one of the conversation
}

// To is the state after the step.
func (s Step) To() State { return s.Row.State }

// Event is the kind of the conversation event that the store appends in the same transaction.
func (s Step) Event() string {
	switch s.Row.State {
	case Draft:
		return "change.drafted"
	case Challenged:
		return "challenge.opened"
	case Matched:
		return "login.observed"
	case Proven:
		return "proof.established"
	}
	return "change." + string(s.Row.State)
}

// Job is the work that the step leaves behind, enqueued in the same transaction: "release", "settle",
// "notice" (each a method of Guard, with the change's id), or "".
func (s Step) Job() string {
	switch s.Row.State {
	case Proven:
		if BuiltIn(s.Row.Change.Kind) {
			return ""
		}
		return "release"
	case Released, Unsettled:
		return "settle"
	case Disowned, Applied:
		return "notice"
	case Cooling: // once it was agreed to
		if s.Row.Cool != nil && s.Row.Cool.Second.ID != "" {
			return "release"
		}
	}
	return ""
}

// JobAt is when that work is due: at once, but a released change is looked after only when whoever released
// it must have ended, an unsettled one is asked for a minute later (and each minute again), and one that cools is
// released when its time is over.
func (s Step) JobAt() time.Time {
	switch s.Row.State {
	case Released:
		return time.UnixMilli(s.Row.ExpiresAt)
	case Unsettled:
		return s.At.Add(time.Minute)
	case Cooling:
		return time.UnixMilli(max(s.Row.Waits(), s.At.UnixMilli()))
	}
	return s.At
}

// Leaf is the step's line in the log.
func (s Step) Leaf() Leaf { return leafOf(s) }

// Conversation is what the gate must know of a conversation. The store reads it fresh each time.
type Conversation struct {
	ID       string
	Open     bool   // a chat that goes on; a ticket or an ended chat is not open
	Frozen   bool   // after "Not me": people can write, every verb of the gate answers change.state
	Assignee string // agent id, "" = none
	Visitor  string // vi_…
	Host     string // host entry of the session token, "" = none
	Subject  string // subject of the session token, the only possible one, "" = any
	Base     string // account version of the session token, "" = none
	Origins  []string
	Mailbox  string // name, for the host's page
	Browser  string // "Firefox on Windows", for the host's page
	Started  time.Time
}

// Head is size and root of the log (RFC 6962 over SHA-256).
type Head struct {
	Size int64
	Root [32]byte
}

// RowState says where a change stands and which leaf said so.
type RowState struct {
	ID    string
	State State
	Leaf  int64
}

// Ledger is where changes live. One SQL database in production, memory in tests (verifytest.NewMemory);
// both pass verifytest.Ledger. No answer is ever cached.
type Ledger interface {
	// Now is the database clock. It refuses with clock.jump while the clock is over 5 s behind the
	// high-water mark that the newest leaf left in the head row.
	Now(ctx context.Context) (time.Time, error)

	// CreateDraft inserts the row of a new change, with its leaf, event and job, in one transaction.
	// The conversation must be open and not frozen (change.state).
	CreateDraft(ctx context.Context, s Step) error

	// Advance carries out one step in one transaction, or nothing at all.
	//
	// Errors: clock.jump (At over 5 s behind the high-water mark); change.state (id, state or version
	// differ, the step is not in the table, the conversation is not open or is frozen and the step leads
	// to challenged … proven, another change of the same widget key is challenged); challenge.limit;
	// Burn.Taken of the first burn that exists. A step to disowned freezes the conversation.
	Advance(ctx context.Context, s Step) error

	// Kill carries out k.Once and then k.Steps over the live rows of k.Host's account k.Subject, each with the
	// body of Advance, in one transaction, or nothing at all. It gives the rows as they are after it. The
	// rows are read again under the locks of their conversations, so that a change that moves meanwhile is
	// ended as it then is, and one that has got away (released or later) is left alone. Windows on the account's data
	// are deleted with them; the rows of their changes are given too, as they are.
	//
	// Errors: clock.jump (only if there is something to end); Burn.Taken of k.Once.
	Kill(ctx context.Context, k Kill) ([]Row, error)

	// ReadWindow gives the window of a conversation to its assigned agent, while it lives and the conversation is
	// open and not frozen, and appends Reading.Leaf. The first look of an agent into a window counts; who has had
	// Max of them after Since gets none more until FreeReads: that refusal is kept, with Reading.Refusal once and
	// an event for the supervisors.
	//
	// Errors: context.locked; read.budget; clock.jump.
	ReadWindow(ctx context.Context, r Reading) (Window, error)
	// FreeReads ends what ReadWindow keeps of a spent budget, with Freeing.Leaf. Errors: not_found (it is not spent).
	FreeReads(ctx context.Context, f Freeing) error
	// SpentReads lists who has spent the budget, longest ago first.
	SpentReads(ctx context.Context) ([]Spent, error)
	// ShutWindows deletes the windows with Until ≤ now and gives their conversations. A window also ends, in the
	// transaction of what ends it, with its conversation (closed, a ticket, frozen), with a kill of its subject, and
	// is shown to the next assignee only when the conversation is handed on.
	ShutWindows(ctx context.Context, now time.Time) ([]string, error)

	// Note appends a leaf without a step: a refusal or an alarm. once, if set, is a burn key: a second
	// note under it is dropped silently. A note is taken even while the clock is behind; its time is then
	// the high-water mark.
	Note(ctx context.Context, l Leaf, once string) error

	// Issue keeps a slip and carries out the burns in one transaction, or nothing at all. Slips whose time was
	// over at now may be forgotten then. Errors: Burn.Taken of the first burn that exists.
	Issue(ctx context.Context, s Slip, now time.Time, burns ...Burn) error
	// Slip reads a slip, whether or not its time is over. Errors: not_found.
	Slip(ctx context.Context, use, key string) (Slip, error)
	// Spend carries out one burn by itself. Errors: Burn.Taken.
	Spend(ctx context.Context, b Burn) error

	// Archive keeps a key set, unless it is there already.
	Archive(ctx context.Context, a KeyArchive) error
	// Erase deletes the personal values of a change that has ended (Row.Erase says which), wherever the store has
	// them, and appends l, in one transaction. A change that is erased already is left alone. Errors: not_found,
	// change.state (it goes on).
	Erase(ctx context.Context, id string, l Leaf) error

	// Change reads one row. Errors: not_found.
	Change(ctx context.Context, id string) (Row, error)
	// ByHandle reads the row whose living challenge has this handle hash. Errors: not_found.
	ByHandle(ctx context.Context, handleHash string) (Row, error)
	// ByFinish reads the row whose proof has this finish-token hash. Errors: not_found.
	ByFinish(ctx context.Context, finishHash string) (Row, error)
	// Live reads the rows of a conversation in draft … unsettled, oldest first.
	Live(ctx context.Context, conversation string) ([]Row, error)
	// Due reads up to limit rows in draft … cooling with ExpiresAt ≤ now, oldest first.
	Due(ctx context.Context, now time.Time, limit int) ([]Row, error)
	// ToSettle reads up to limit rows in released or unsettled, oldest first.
	ToSettle(ctx context.Context, limit int) ([]Row, error)
	// Burned reads the burn with b's use and key. Errors: not_found.
	Burned(ctx context.Context, b Burn) (Burn, error)
	// Conversation reads what the gate must know. Errors: not_found.
	Conversation(ctx context.Context, id string) (Conversation, error)

	Log
}

// Log is the read side of the transparency log.
type Log interface {
	// Head is size and root as of the last committed leaf.
	Head(ctx context.Context) (Head, error)
	// Leaves reads up to limit leaves from index from on, as stored bytes.
	Leaves(ctx context.Context, from int64, limit int) ([][]byte, error)
	// Hashes reads stored hashes by their index (Grow says how they are numbered).
	Hashes(ctx context.Context, index []int64) ([][32]byte, error)
	// States reads up to limit changes with an id after the given one, in order of id.
	States(ctx context.Context, after string, limit int) ([]RowState, error)
	// Moment lets read see log and changes as they are at one moment, whatever goes on meanwhile.
	Moment(ctx context.Context, read func(BundleSource) error) error
}

// BundleSource is the log with all that is needed to check it again, at one moment.
type BundleSource interface {
	// Size is the number of lines.
	Size(ctx context.Context) (int64, error)
	// Leaves and Hashes are those of Log.
	Leaves(ctx context.Context, from int64, limit int) ([][]byte, error)
	Hashes(ctx context.Context, index []int64) ([][32]byte, error)
	// Changes reads up to limit rows with an id after the given one, in order of id.
	Changes(ctx context.Context, after string, limit int) ([]Row, error)
	// Archives reads up to limit archived key sets with a hash after the given one, in order of hash.
	Archives(ctx context.Context, after string, limit int) ([]KeyArchive, error)
}

// Pack is the JSON of the row for the store's text column.
func (r Row) Pack() (string, error) {
	b, err := json.Marshal(r)
	return string(b), err
}

// UnpackRow is the inverse of Pack.
func UnpackRow(s string) (Row, error) {
	var r Row
	err := json.Unmarshal([]byte(s), &r)
	return r, err
}
