package verify_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/postern-chat/postern/verify"
)

// typed walks a change at a host that cannot redirect to matched: the login's code is in the verdict.
func (w *world) typed() (verify.Opened, verify.Verdict) {
	w.Helper()
	w.policy.Hosts[0].Code, w.policy.Kinds[0].Cooling = true, 24
	o := w.open(w.offered(cv1, cancelPlus), 1)
	v := w.observe(w.login(o, "u-vic"))
	if v.To != verify.Matched || len(v.Code) != 8 || strings.Contains(v.Return, "#") {
		w.Fatalf("observed: %+v", v)
	}
	return o, v
}

func (w *world) codeRequest(row verify.Row, code string, key byte) verify.FinishRequest {
	return verify.FinishRequest{
		Conversation: row.Conversation, Change: row.ID, Code: code, Chg: row.Chg, Sig: w.sign(row, row.Chg, row.Challenge.ID+"\n"+code, key),
	}
}

func (w *world) types(o verify.Opened, code string, key byte) error {
	w.Helper()
	_, err := w.guard.Finish(w.Context(), w.visitor(o.Row.Conversation, key), w.codeRequest(o.Row, code, key))
	return err
}

// wrong is the n-th code that is not this one.
func wrong(code string, n int) string {
	other := fmt.Sprintf("%08d", n)
	if other >= code {
		other = fmt.Sprintf("%08d", n+1)
	}
	return other
}

// A typed code is worth A1, whatever witness came: a plain kind cools, and what needs more is refused.
func TestTypedCode(t *testing.T) {
	w := newWorld(t)
	o, v := w.typed()
	again := w.row(o.Row.ID)
	if again.Proof.Level != verify.A1 || again.Proof.Evidence.Kind != verify.EvidenceOfWitness || again.Proof.Finish != "" {
		t.Errorf("proof: %+v", again.Proof)
	}
	if packed, err := again.Pack(); err != nil || strings.Contains(packed, v.Code) || strings.Contains(packed, verify.CodeHash(o.Row.Challenge.ID, v.Code)) {
		t.Errorf("what is stored tells the code: %s, %v", packed, err)
	}
	if err := w.types(o, v.Code, 1); err != nil {
		t.Fatalf("typed: %v", err)
	}
	w.wantReason(w.types(o, v.Code, 1), verify.FinishUsed)
	row, err := w.guard.Release(t.Context(), o.Row.ID)
	if err != nil || row.State != verify.Cooling {
		t.Fatalf("released: %s %s, %v", row.State, row.Reason, err)
	}
	w.after(25 * time.Hour)
	w.seconds(row.ID)
	if row, err = w.guard.Release(t.Context(), row.ID); err != nil || row.State != verify.Applied {
		t.Fatalf("released: %s %s, %v", row.State, row.Reason, err)
	}
	w.wantClean()

	w = newWorld(t)
	w.policy.Hosts[0].Code = true // no cooling: A1 is not enough for anything
	o = w.open(w.offered(cv1, cancelPlus), 1)
	if v := w.observe(w.login(o, "u-vic")); v.Reason != verify.ProofLevel || v.Code != "" {
		t.Errorf("without cooling: %+v", v)
	}
	w.wantUnchanged()
}

// The same delivery again is answered with the same code, and with no second one.
func TestTypedCodeAgain(t *testing.T) {
	w := newWorld(t)
	w.policy.Hosts[0].Code, w.policy.Kinds[0].Cooling = true, 24
	o := w.open(w.offered(cv1, cancelPlus), 1)
	e := w.login(o, "u-vic")
	one, two := w.observe(e), w.observe(e)
	if one != two || one.Code == "" {
		t.Errorf("%+v and then %+v", one, two)
	}
	e.ID, e.Body = "ev_other", verify.TokenHash("other")
	if v := w.observe(e); v.Code != "" || v.Reason != verify.HandleExpired {
		t.Errorf("another event for the same handle: %+v", v)
	}
}

func TestTypedCodeRefusals(t *testing.T) {
	w := newWorld(t)
	o, v := w.typed()
	w.wantReason(w.types(o, v.Code, 2), verify.FinishKey) // another browser: nothing is compared, nothing counted
	_, err := w.guard.Finish(t.Context(), w.visitor(cv2, 1), w.codeRequest(o.Row, v.Code, 1))
	w.wantReason(err, verify.NotFound)
	_, err = w.guard.Finish(t.Context(), w.agent(), w.codeRequest(o.Row, v.Code, 1))
	w.wantReason(err, verify.RoleRefused)
	req := w.codeRequest(o.Row, v.Code, 1)
	req.Conversation = cv2
	_, err = w.guard.Finish(t.Context(), w.visitor(cv1, 1), req)
	w.wantReason(err, verify.FinishConversation)
	req = w.codeRequest(o.Row, wrong(v.Code, 1), 1)
	req.Code = v.Code // signed over another code
	_, err = w.guard.Finish(t.Context(), w.visitor(cv1, 1), req)
	w.wantReason(err, verify.FinishKey)
	for range 9 {
		w.wantReason(w.types(o, v.Code+"0", 1), verify.CodeWrong) // no code at all: costs no try
	}
	_, err = w.guard.Finish(t.Context(), w.visitor(cv1, 1), w.finishRequest(o.Row, strings.Repeat("A", 43), 1))
	w.wantReason(err, verify.FinishExpired)
	w.wantState(o.Row.ID, verify.Matched, "")
	w.after(verify.MatchLife)
	w.wantReason(w.types(o, v.Code, 1), verify.FinishExpired)
	w.wantState(o.Row.ID, verify.Expired, verify.FinishExpired)

	w = newWorld(t)
	o, v = w.typed()
	w.policy.Hosts[0].Code = false // switched off meanwhile
	w.wantReason(w.types(o, v.Code, 1), verify.PolicyUnavailable)
	w.wantState(o.Row.ID, verify.Failed, verify.PolicyUnavailable)
	w.wantUnchanged()
}

// Five wrong guesses end the change; then the right code is none either, and a new login gives another.
func TestTypedCodeLimit(t *testing.T) {
	w := newWorld(t)
	o, v := w.typed()
	for n := range 4 {
		w.wantReason(w.types(o, wrong(v.Code, n), 1), verify.CodeWrong)
		w.wantState(o.Row.ID, verify.Matched, "")
	}
	w.wantReason(w.types(o, wrong(v.Code, 4), 1), verify.CodeLimit)
	w.wantState(o.Row.ID, verify.Failed, verify.CodeLimit)
	w.wantReason(w.types(o, v.Code, 1), verify.CodeLimit)
	next, fresh := w.typed()
	w.wantReason(w.types(next, wrong(fresh.Code, 7), 1), verify.CodeWrong)
	if err := w.types(next, fresh.Code, 1); err != nil || fresh.Code == v.Code {
		t.Errorf("a new login: %q after %q, %v", fresh.Code, v.Code, err)
	}
	w.wantClean()
}

// However many guess at once, five are compared.
func TestTypedCodeRace(t *testing.T) {
	w := newWorld(t)
	o, v := w.typed()
	var all sync.WaitGroup
	errs := make([]error, 40)
	for n := range errs {
		req := w.codeRequest(o.Row, wrong(v.Code, n), 1)
		all.Add(1)
		go func() {
			defer all.Done()
			_, errs[n] = w.guard.Finish(w.Context(), w.visitor(cv1, 1), req)
		}()
	}
	all.Wait()
	tried := 0
	for _, err := range errs {
		if r := verify.ReasonOf(err); r == verify.CodeWrong {
			tried++
		} else if r != verify.CodeLimit && r != verify.ChangeState && r != verify.FinishExpired {
			t.Errorf("%v", err)
		}
	}
	if tried > 4 {
		t.Errorf("%d guesses were told that they are wrong, besides the last one", tried)
	}
	w.wantReason(w.types(o, v.Code, 1), verify.CodeLimit)
	w.wantState(o.Row.ID, verify.Failed, verify.CodeLimit)
}

// A host that begins to use codes is a loosening; one that stops is none.
func TestTypedCodeLoosens(t *testing.T) {
	without, with := shopPolicy(), shopPolicy()
	with.Hosts[0].Code = true
	if verify.Tightens(without, with) || !verify.Tightens(with, without) || !verify.Tightens(with, with) {
		t.Error("a typed code is not judged as what it is")
	}
	for _, p := range []verify.Policy{verify.Stricter(without, with), verify.Stricter(with, without)} {
		if h, ok := p.Host("shop"); !ok || h.Code {
			t.Errorf("in force: %+v, %v", h, ok)
		}
	}
	if h, _ := verify.Stricter(with, with).Host("shop"); !h.Code {
		t.Error("both want it")
	}
}
