package verify_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/postern-chat/postern/verify"
	"github.com/postern-chat/postern/verify/receipt"
	"github.com/postern-chat/postern/verify/value"
	"github.com/postern-chat/postern/verify/verifytest"
)

const (
	cv1  = "cv_01KAH0000000000000000000BB"
	cv2  = "cv_01KAH0000000000000000000CC"
	aud  = "https://acct.site.test"
	gate = "https://chat.site.test"
)

// world is a gate over a memory ledger, with a backend that runs the real receipt check.
type world struct {
	*testing.T
	guard   *verify.Guard
	led     *verifytest.Memory
	mu      sync.Mutex
	at      time.Time
	policy  verify.Policy
	polErr  error
	backend *backend
	n       int
}

func newWorld(t *testing.T) *world {
	w := &world{T: t, at: verifytest.Noon(), policy: shopPolicy()}
	w.policy.Sources = append(w.policy.Sources, verify.SourceEntry{Name: "other", Adapter: "webhook", Host: "other"})
	w.led = verifytest.NewMemory(w.now)
	signer, err := verify.NewLocalSigner(goldenKey(t, 7), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	w.backend = &backend{w: w, ownKey: []byte("the host's own key, 32 bytes long"), table: map[string][2]string{}, waits: map[string]*wait{}}
	w.backend.check = receipt.Checker{
		Gateway: gate, Audience: aud, Keys: verify.KeySet{signer.Key()}, OwnKey: w.backend.ownKey,
		Minimum: func(string) verify.Level { return verify.A2 },
		Cooled:  func(string) verify.Level { return verify.A1 },
		Linked: func(_, sub string) error {
			return map[bool]error{false: errors.New("none")}[strings.HasPrefix(sub, "u-")]
		},
	}
	w.guard = &verify.Guard{
		Ledger: w.led, Executor: w.backend, Signer: signer, Check: value.Check, Rand: rand.Reader,
		Policy: func() (verify.Policy, error) { return w.policy, w.polErr },
		Unsaid: func(context.Context, string, []verify.Shown) (string, error) { return "", nil },
		Secret: []byte("0123456789abcdef0123456789abcdef"), Issuer: gate, Origin: "chat.site.test/log",
	}
	for _, id := range []string{cv1, cv2} {
		w.led.PutConversation(verify.Conversation{
			ID: id, Open: true, Visitor: "vi_" + id, Assignee: "ag1", Origins: []string{"https://site.test"}, Started: w.at, Browser: "Firefox", Mailbox: "Billing",
		})
	}
	return w
}

func shopPolicy() verify.Policy {
	en := func(s string) map[string]string { return map[string]string{"en": s} }
	return verify.Policy{
		Hosts: []verify.Host{{Name: "shop", Audience: aud, Site: "https://site.test/", VerifyURL: "https://site.test/support-verify", Delivery: "https://acct.site.test/postern"}},
		Sources: []verify.SourceEntry{
			{Name: "shop", Adapter: "webhook", Host: "shop"}, {Name: "idp", Adapter: "ssf", Host: "shop"}, {Name: "idp-poll", Adapter: "ssf", Host: "shop"},
		},
		Kinds: []verify.Kind{
			{Name: "renewal.cancel", Host: "shop", Tier: verify.TierPlain, Title: en("Cancel"), Fields: []verify.Field{{Name: "plan", As: "enum", Values: []string{"basic", "plus"}, Label: en("Plan")}}},
			{Name: "email.change", Host: "shop", Tier: verify.TierSensitive, Title: en("E-mail"), SelfService: "/settings", Assisted: true, Fields: []verify.Field{{Name: "email", As: "email", Label: en("New e-mail")}}},
			{Name: "name.change", Host: "shop", Tier: verify.TierPlain, Title: en("Name"), SelfService: "/settings", Fields: []verify.Field{{Name: "name", As: "text", Label: en("Name"), Max: 6000}}},
		},
	}
}

func (w *world) now() time.Time               { w.mu.Lock(); defer w.mu.Unlock(); return w.at }
func (w *world) after(d time.Duration)        { w.mu.Lock(); w.at = w.at.Add(d); w.mu.Unlock() }
func (w *world) agent() verify.Actor          { return verify.Actor{Role: verify.Agent, ID: "ag1"} }
func (w *world) key(i byte) *ecdsa.PrivateKey { return goldenKey(w.T, i) }

// visitor is the visitor of a conversation whose socket proved key number i.
func (w *world) visitor(cv string, i byte) verify.Actor {
	w.Helper()
	k, err := verify.NewJWK(&w.key(i).PublicKey)
	if err != nil {
		w.Fatal(err)
	}
	return verify.Actor{Role: verify.Visitor, ID: "vi_" + cv, Key: k}
}

const cancelPlus = `{"kind":"renewal.cancel","fields":{"plan":"plus"}}`

func (w *world) offered(cv, raw string) verify.Row {
	w.Helper()
	row, err := w.guard.Draft(w.Context(), w.agent(), cv, []byte(raw))
	if err != nil {
		w.Fatalf("Draft: %v", err)
	}
	if row, err = w.guard.Offer(w.Context(), w.agent(), row.ID); err != nil {
		w.Fatalf("Offer: %v", err)
	}
	return row
}

func (w *world) open(row verify.Row, key byte) verify.Opened {
	w.Helper()
	o, err := w.guard.Open(w.Context(), w.visitor(row.Conversation, key), verify.OpenRequest{Change: row.ID, Page: "https://site.test/plan#top"})
	if err != nil {
		w.Fatalf("Open: %v", err)
	}
	return o
}

func (w *world) handle(o verify.Opened) string {
	_, h, _ := strings.Cut(o.URL, "?h=")
	return h
}

// login is what the host's page sends after an honest, fresh login of sub.
func (w *world) login(o verify.Opened, sub string) verify.LoginEvent {
	w.Helper()
	w.n++
	view, err := w.guard.Look(w.Context(), w.handle(o))
	if err != nil {
		w.Fatalf("Look: %v", err)
	}
	chg, _ := view.Change.Digest() // the host computes it from what it shows
	at := w.now().Unix()
	return verify.LoginEvent{
		Source: "shop", Host: "shop", Issuer: aud, ID: fmt.Sprintf("ev_%d", w.n), Body: verify.TokenHash(fmt.Sprint(w.n)), Kind: verify.LoginConfirmed,
		Handle: w.handle(o), Chg: chg, Subject: sub, AuthTime: at, Witness: verify.Witness(w.backend.ownKey, view.Commit, chg, sub, at),
	}
}

func (w *world) observe(e verify.LoginEvent) verify.Verdict {
	w.Helper()
	v, err := w.guard.Observe(w.Context(), e)
	if err != nil {
		w.Fatalf("Observe: %v", err)
	}
	return v
}

func token(v verify.Verdict) string {
	_, tok, _ := strings.Cut(v.Return, "#postern=")
	return tok
}

func (w *world) sign(row verify.Row, chg, tok string, key byte) string {
	w.Helper()
	m, err := verify.FinishMessage(row.Challenge.ID, chg, row.Challenge.Commit, verify.TokenHash(tok))
	if err != nil {
		w.Fatal(err)
	}
	sum := sha256.Sum256(m)
	r, s, err := ecdsa.Sign(rand.Reader, w.key(key), sum[:])
	if err != nil {
		w.Fatal(err)
	}
	sig := make([]byte, 64)
	r.FillBytes(sig[:32])
	s.FillBytes(sig[32:])
	return base64.RawURLEncoding.EncodeToString(sig)
}

func (w *world) finishRequest(row verify.Row, tok string, key byte) verify.FinishRequest {
	return verify.FinishRequest{Conversation: row.Conversation, Change: row.ID, Token: tok, Sig: w.sign(row, row.Chg, tok, key)}
}

// proven walks a change to proven, honestly.
func (w *world) proven(cv string, key byte) verify.Row {
	w.Helper()
	o := w.open(w.offered(cv, cancelPlus), key)
	v := w.observe(w.login(o, "u-vic"))
	row, err := w.guard.Finish(w.Context(), w.visitor(cv, key), w.finishRequest(o.Row, token(v), key))
	if err != nil {
		w.Fatalf("Finish: %v", err)
	}
	return row
}

func (w *world) row(id string) verify.Row {
	w.Helper()
	r, err := w.led.Change(w.Context(), id)
	if err != nil {
		w.Fatal(err)
	}
	return r
}

// wantState asserts state and reason, and that the backend's accounts did not move.
func (w *world) wantState(id string, s verify.State, r verify.Reason) {
	w.Helper()
	if got := w.row(id); got.State != s || got.Reason != r {
		w.Errorf("change is %s (%s), want %s (%s)", got.State, got.Reason, s, r)
	}
}

func (w *world) wantReason(err error, want verify.Reason) {
	w.Helper()
	if verify.ReasonOf(err) != want {
		w.Errorf("error = %v, want reason %s", err, want)
	}
}

func (w *world) wantUnchanged() {
	w.Helper()
	if n := w.backend.count(); n != 0 {
		w.Errorf("%d changes reached the accounts, want none", n)
	}
}

func (w *world) wantClean() {
	w.Helper()
	rep, err := verify.Audit(w.Context(), w.led)
	if err != nil || len(rep.Bad) != 0 {
		w.Errorf("audit = %+v, %v", rep.Bad, err)
	}
}

// backend is the host's side: the real receipt check over a table in memory.
type backend struct {
	w       *world
	check   receipt.Checker
	ownKey  []byte
	mu      sync.Mutex
	table   map[string][2]string // commit → chg, answer
	waits   map[string]*wait     // commit → announced change
	applied []verify.Change
	notices []verify.Dispatch
	fault   func(d verify.Dispatch) error // before the request, or instead of the answer
	lost    bool                          // apply, but lose the answer
	calls   atomic.Int32
}

func (b *backend) Find(_ context.Context, commit string) (string, []byte, bool, error) {
	row, ok := b.table[commit]
	return row[0], []byte(row[1]), ok, nil
}

func (b *backend) Insert(_ context.Context, commit, chg string, answer []byte) (bool, error) {
	if _, ok := b.table[commit]; ok {
		return false, nil
	}
	b.table[commit] = [2]string{chg, string(answer)}
	return true, nil
}

func (b *backend) count() int { b.mu.Lock(); defer b.mu.Unlock(); return len(b.applied) }

// take is the endpoint: look up, check, burn and apply in one critical section.
func (b *backend) take(ctx context.Context, m receipt.Message) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if _, found, err := receipt.Lookup(ctx, b, m); found || err != nil {
		return err
	}
	p, err := b.check.CheckPending(ctx, cooling{b}, m, b.w.now())
	if err != nil {
		return err
	}
	_, err = receipt.Once(ctx, b, p, []byte("applied"), func() error { b.applied = append(b.applied, p.Change); b.inTime(p.Commit); return nil })
	return err
}

func (b *backend) Apply(ctx context.Context, d verify.Dispatch) (verify.Answer, error) {
	b.calls.Add(1)
	if b.fault != nil {
		if err := b.fault(d); err != nil {
			return verify.Answer{}, err
		}
	}
	err := b.take(ctx, receipt.Message{Type: d.Type, Change: d.Change, Sub: d.Subject, Commit: d.Commit, Challenge: d.Challenge, Receipt: d.Receipt})
	switch {
	case b.lost:
		return verify.Answer{}, errors.New("the answer was lost")
	case err != nil:
		return verify.Answer{Result: verify.ResultRefused, Reason: verify.ReasonOf(err)}, nil
	}
	return verify.Answer{Result: verify.ResultApplied}, nil
}

// wait is a change that was announced, and what the owner was seen to do, kept apart from what the check reads.
type wait struct {
	receipt.Pending
	told, cancelled time.Time
}

// inTime holds invariant 13: nothing that was announced is applied before its full day, or after a cancel.
func (b *backend) inTime(commit string) {
	if k := b.waits[commit]; k != nil && (!k.cancelled.IsZero() || b.w.now().Before(k.told.Add(24*time.Hour))) {
		b.w.Errorf("invariant 13: %s was applied at %s, announced at %s, cancelled at %s", commit, b.w.now(), k.told, k.cancelled)
	}
}

func (b *backend) Pending(_ context.Context, commit string) (receipt.Pending, bool, error) {
	k, ok := b.waits[commit]
	if !ok {
		return receipt.Pending{}, false, nil
	}
	return k.Pending, true, nil
}

func (b *backend) Announced(_ context.Context, commit string, p receipt.Pending) error {
	b.waits[commit] = &wait{Pending: p, told: b.w.now()}
	return nil
}

// cooling is the backend's table of announced changes.
type cooling struct{ *backend }

func (c cooling) Announce(ctx context.Context, commit string, p receipt.Pending) error {
	return c.Announced(ctx, commit, p)
}

func (b *backend) cancel(commit string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.waits[commit].Cancelled, b.waits[commit].cancelled = true, b.w.now()
}

func (b *backend) Announce(ctx context.Context, d verify.Dispatch) (verify.Answer, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.fault != nil {
		if err := b.fault(d); err != nil {
			return verify.Answer{}, err
		}
	}
	m := receipt.Message{Type: d.Type, Change: d.Change, Sub: d.Subject, Commit: d.Commit, Challenge: d.Challenge, Receipt: d.Receipt}
	p, _, err := b.check.Announce(ctx, cooling{b}, b, m, 0, b.w.now())
	if err != nil {
		return verify.Answer{Result: verify.ResultRefused, Reason: verify.ReasonOf(err)}, nil
	}
	return verify.Answer{Result: verify.ResultAnnounced, NotBefore: p.NotBefore.Unix()}, nil
}

func (b *backend) Settle(_ context.Context, d verify.Dispatch) (verify.Answer, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if _, ok := b.table[d.Commit]; ok {
		return verify.Answer{Result: verify.ResultApplied}, nil
	}
	return verify.Answer{Result: verify.ResultUnknown}, nil
}

func (b *backend) Notify(_ context.Context, d verify.Dispatch) error {
	b.notices = append(b.notices, d)
	return nil
}

// stepped is an actor whose session has just stepped up.
func (w *world) stepped(by verify.Actor) verify.Actor {
	by.SteppedAt = w.now()
	return by
}
