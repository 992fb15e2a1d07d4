package verify_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/postern-chat/postern/verify"
)

func TestHonestChange(t *testing.T) {
	w := newWorld(t)
	row := w.proven(cv1, 1)
	row, err := w.guard.Release(t.Context(), row.ID)
	if err != nil || row.State != verify.Applied {
		t.Fatalf("Release = %s, %v; want applied", row.State, err)
	}
	if n := w.backend.count(); n != 1 {
		t.Errorf("applied %d times, want once", n)
	}
	if row.Proof.Level != verify.A3 || row.Proof.Subject != "u-vic" {
		t.Errorf("proof = %+v", row.Proof)
	}
	want := "change.drafted change.offered challenge.opened login.observed proof.established change.released change.applied"
	var kinds []string
	for _, e := range w.led.Events() {
		kind, _, _ := strings.Cut(e, " ")
		kinds = append(kinds, kind)
	}
	if got := strings.Join(kinds, " "); got != want {
		t.Errorf("events = %s\nwant %s", got, want)
	}
	w.wantClean()
	leaves, _ := w.led.Leaves(t.Context(), 0, 100)
	for _, l := range leaves { // invariant 15: no typed value, subject or secret in a leaf
		for _, secret := range []string{"u-vic", "plus", row.Challenge.Salt, row.Proof.Evidence.Witness} {
			if strings.Contains(string(l), secret) {
				t.Errorf("leaf %s holds %q", l, secret)
			}
		}
	}
}

// Every refusal of an event: what was sent, what becomes of the change.
func TestAbuseEvents(t *testing.T) {
	for _, c := range []struct {
		name   string
		bend   func(w *world, e *verify.LoginEvent)
		state  verify.State
		reason verify.Reason // of the verdict
	}{
		{"B20 a login without handle is a hint", func(_ *world, e *verify.LoginEvent) { e.Handle = "" }, verify.Challenged, ""},
		{"B22 chg of another change", func(_ *world, e *verify.LoginEvent) { e.Chg = verify.TokenHash("other") }, verify.Failed, verify.EventChangeMismatch},
		{"B22 chg missing", func(_ *world, e *verify.LoginEvent) { e.Chg = "" }, verify.Failed, verify.EventChangeMismatch},
		{"B23 another subject than the session's", func(_ *world, e *verify.LoginEvent) { e.Subject = "u-mal" }, verify.Failed, verify.ProofSubject},
		{"B24 another host's source names the handle", func(_ *world, e *verify.LoginEvent) { e.Source, e.Host = "other", "other" }, verify.Challenged, verify.HandleExpired},
		{"B20 an unknown kind is a hint", func(_ *world, e *verify.LoginEvent) { e.Kind = "LOGIN" }, verify.Challenged, ""},
		{"guessed handle", func(_ *world, e *verify.LoginEvent) { e.Handle = verify.TokenHash("guess") }, verify.Challenged, verify.HandleExpired},
		{"C01 a login 3 s before t0", func(_ *world, e *verify.LoginEvent) { e.AuthTime -= 3 }, verify.Failed, verify.ProofStale},
		{"C01 a login 2 s before t0 counts", func(_ *world, e *verify.LoginEvent) { e.AuthTime -= 2 }, verify.Matched, ""},
		{"C07 a login 6 s ahead", func(_ *world, e *verify.LoginEvent) { e.AuthTime += 6 }, verify.Failed, verify.ClockSkew},
		{"C07 a login 5 s ahead counts", func(_ *world, e *verify.LoginEvent) { e.AuthTime += 5 }, verify.Matched, ""},
		{"no auth_time", func(_ *world, e *verify.LoginEvent) { e.AuthTime = 0 }, verify.Failed, verify.ProofNoAuthTime},
		{"R16 no witness: A1 is not enough", func(_ *world, e *verify.LoginEvent) { e.Witness = "" }, verify.Failed, verify.ProofLevel},
		{"R16 a witness of the wrong size is none", func(_ *world, e *verify.LoginEvent) { e.Witness = "AAAA" }, verify.Failed, verify.ProofLevel},
		{"C05 challenge 10 min 1 s old", func(w *world, _ *verify.LoginEvent) { w.after(10*time.Minute + time.Second) }, verify.Expired, verify.ChallengeExpired},
		{"Deny on the host's page", func(_ *world, e *verify.LoginEvent) { e.Kind = verify.LoginDenied }, verify.Denied, ""},
		{"D02 Not me", func(_ *world, e *verify.LoginEvent) { e.Kind = verify.LoginDisowned }, verify.Disowned, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			cv, _ := w.led.Conversation(t.Context(), cv1)
			cv.Host, cv.Subject = "shop", "u-vic"
			w.led.PutConversation(cv)
			o := w.open(w.offered(cv1, cancelPlus), 1)
			e := w.login(o, "u-vic")
			c.bend(w, &e)
			before := w.led.Snapshot()
			v := w.observe(e)
			if v.Reason != c.reason {
				t.Errorf("verdict = %+v, want reason %q", v, c.reason)
			}
			if (c.state == verify.Challenged) != (w.led.Snapshot() == before) {
				t.Errorf("something moved that should not, or did not")
			}
			if got := w.row(o.Row.ID).State; got != c.state {
				t.Errorf("state = %s, want %s", got, c.state)
			}
			if strings.Contains(v.Return, "#postern=") != (c.state == verify.Matched) {
				t.Errorf("return = %q: only a match carries a token", v.Return)
			}
			w.wantUnchanged()
			w.wantClean()
		})
	}
}

func TestAbuseReplay(t *testing.T) {
	w := newWorld(t)
	o := w.open(w.offered(cv1, cancelPlus), 1)
	e := w.login(o, "u-vic")
	first := w.observe(e)
	before := w.led.Snapshot()
	t.Run("B13 the same event again: same answer, no second effect", func(t *testing.T) {
		if again := w.observe(e); again != first {
			t.Errorf("second answer %+v, want %+v", again, first)
		}
	})
	t.Run("B13 the same id with another body", func(t *testing.T) {
		e2 := e
		e2.Body = verify.TokenHash("other")
		_, err := w.guard.Observe(t.Context(), e2)
		w.wantReason(err, verify.EventReplay)
	})
	t.Run("another id for a used handle", func(t *testing.T) {
		e2 := e
		e2.ID = "ev_other"
		if v := w.observe(e2); v.Reason != verify.HandleExpired || v.Return == "" || token(v) != "" {
			t.Errorf("verdict = %+v, want a dead handle with a tokenless return", v)
		}
	})
	if w.led.Snapshot() != before {
		t.Error("a replay moved something")
	}
	t.Run("C09 clock jump: one leaf, nothing moves until it has caught up", func(t *testing.T) {
		w := newWorld(t)
		o := w.open(w.offered(cv1, cancelPlus), 1)
		e := w.login(o, "u-vic")
		head, _ := w.led.Head(t.Context())
		w.after(-time.Hour)
		for range 2 {
			_, err := w.guard.Observe(t.Context(), e)
			w.wantReason(err, verify.ClockJump)
		}
		if after, _ := w.led.Head(t.Context()); after.Size != head.Size+1 {
			t.Errorf("%d new leaves, want 1", after.Size-head.Size)
		}
		w.wantState(o.Row.ID, verify.Challenged, "")
		w.after(time.Hour)
		if v := w.observe(e); v.To != verify.Matched {
			t.Errorf("after catching up: %+v", v)
		}
		w.wantClean()
	})
}

func TestAbuseFinish(t *testing.T) {
	for _, c := range []struct {
		name  string
		bend  func(w *world, by *verify.Actor, r *verify.FinishRequest, row verify.Row)
		state verify.State
		want  verify.Reason
	}{
		{"D01 the token lands in another browser", func(w *world, by *verify.Actor, r *verify.FinishRequest, row verify.Row) {
			*by = w.visitor(cv2, 2)
			r.Sig, r.Conversation, r.Change = w.sign(row, row.Chg, r.Token, 2), cv2, ""
		}, verify.Failed, verify.FinishKey},
		{"D04 the widget of another conversation", func(w *world, by *verify.Actor, r *verify.FinishRequest, _ verify.Row) {
			*by = w.visitor(cv2, 1)
			r.Conversation = cv2
		}, verify.Failed, verify.FinishConversation},
		{"D05 another key", func(w *world, by *verify.Actor, r *verify.FinishRequest, row verify.Row) {
			*by = w.visitor(cv1, 2)
			r.Sig = w.sign(row, row.Chg, r.Token, 2)
		}, verify.Failed, verify.FinishKey},
		{"D05 another key, in the right browser", func(w *world, _ *verify.Actor, r *verify.FinishRequest, row verify.Row) {
			r.Sig = w.sign(row, row.Chg, r.Token, 2)
		}, verify.Failed, verify.FinishKey},
		{"D05 another key, and it says another chg", func(w *world, _ *verify.Actor, r *verify.FinishRequest, row verify.Row) {
			r.Chg = verify.TokenHash("other")
			r.Sig = w.sign(row, r.Chg, r.Token, 2)
		}, verify.Failed, verify.FinishKey},
		{"D05 no signature", func(_ *world, _ *verify.Actor, r *verify.FinishRequest, _ verify.Row) { r.Sig = "" }, verify.Failed, verify.FinishKey},
		{"D06 no key at all", func(_ *world, by *verify.Actor, _ *verify.FinishRequest, _ verify.Row) { by.Key = verify.JWK{} }, verify.Matched, verify.KeyRequired},
		{"D09 the token after 60 s", func(w *world, _ *verify.Actor, _ *verify.FinishRequest, _ verify.Row) { w.after(60 * time.Second) }, verify.Expired, verify.FinishExpired},
		{"E11 a signature over another chg", func(w *world, _ *verify.Actor, r *verify.FinishRequest, row verify.Row) {
			r.Chg = verify.TokenHash("other")
			r.Sig = w.sign(row, r.Chg, r.Token, 1)
		}, verify.Failed, verify.FinishDigest},
		{"E11 a signature over another chg that says it is over this one", func(w *world, _ *verify.Actor, r *verify.FinishRequest, row verify.Row) {
			r.Sig = w.sign(row, verify.TokenHash("other"), r.Token, 1)
		}, verify.Failed, verify.FinishKey},
		{"a guessed token touches nothing", func(_ *world, _ *verify.Actor, r *verify.FinishRequest, _ verify.Row) {
			r.Token = verify.TokenHash("guess")
		}, verify.Matched, verify.FinishExpired},
		{"G01 an agent", func(w *world, by *verify.Actor, _ *verify.FinishRequest, _ verify.Row) { *by = w.agent() }, verify.Matched, verify.RoleRefused},
		{"E01 the value was edited in SQL", func(w *world, _ *verify.Actor, _ *verify.FinishRequest, row verify.Row) {
			w.led.Tamper(row.ID, func(r *verify.Row) { r.Change.Fields["plan"] = "basic" })
		}, verify.Revoked, verify.ChangeEdited},
		{"J04 the conversation became a ticket", func(w *world, _ *verify.Actor, _ *verify.FinishRequest, _ verify.Row) {
			if err := w.led.Close(cv1); err != nil {
				w.Fatal(err)
			}
		}, verify.Revoked, verify.FinishExpired},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			o := w.open(w.offered(cv1, cancelPlus), 1)
			v := w.observe(w.login(o, "u-vic"))
			by, req := w.visitor(cv1, 1), w.finishRequest(o.Row, token(v), 1)
			c.bend(w, &by, &req, o.Row)
			_, err := w.guard.Finish(t.Context(), by, req)
			w.wantReason(err, c.want)
			if got := w.row(o.Row.ID).State; got != c.state {
				t.Errorf("state = %s, want %s", got, c.state)
			}
			if _, err := w.guard.Release(t.Context(), o.Row.ID); err == nil {
				t.Error("an unfinished change was released")
			}
			w.wantUnchanged()
			w.wantClean()
		})
	}
}

func TestUnauthentic(t *testing.T) {
	w := newWorld(t)
	for range 5 {
		if err := w.guard.NoteUnauthentic(t.Context(), "shop", verify.EventSignature); err != nil {
			t.Fatal(err)
		}
	}
	w.after(time.Minute)
	if err := w.guard.NoteUnauthentic(t.Context(), "shop", verify.EventSignature); err != nil {
		t.Fatal(err)
	}
	if h, _ := w.led.Head(t.Context()); h.Size != 2 {
		t.Errorf("%d leaves, want one per source and minute", h.Size)
	}
	w.wantClean()
}

func TestAbuseRaces(t *testing.T) {
	t.Run("E12 64 parallel finishes: one proven, one receipt, applied once", func(t *testing.T) {
		w := newWorld(t)
		o := w.open(w.offered(cv1, cancelPlus), 1)
		req := w.finishRequest(o.Row, token(w.observe(w.login(o, "u-vic"))), 1)
		by := w.visitor(cv1, 1)
		errs := together(64, func() error { _, err := w.guard.Finish(t.Context(), by, req); return err })
		won := 0
		for _, err := range errs {
			if err == nil {
				won++
			} else if verify.ReasonOf(err) != verify.FinishUsed {
				t.Errorf("a loser got %v", err)
			}
		}
		together(8, func() error { _, err := w.guard.Release(t.Context(), o.Row.ID); return err })
		if won != 1 || w.backend.count() != 1 {
			t.Errorf("%d proven, applied %d times; want 1 and 1", won, w.backend.count())
		}
		w.wantState(o.Row.ID, verify.Applied, "")
		w.wantClean()
	})
	t.Run("B13 16 copies of one event: one match, one answer", func(t *testing.T) {
		w := newWorld(t)
		o := w.open(w.offered(cv1, cancelPlus), 1)
		e := w.login(o, "u-vic")
		var mu sync.Mutex
		seen := map[verify.Verdict]int{}
		together(16, func() error {
			v, err := w.guard.Observe(t.Context(), e)
			mu.Lock()
			seen[v]++
			mu.Unlock()
			return err
		})
		if len(seen) != 1 {
			t.Errorf("answers = %v, want one", seen)
		}
		w.wantClean()
	})
	t.Run("D16 crossed finish tokens, then a fresh honest flow of each", func(t *testing.T) {
		w := newWorld(t)
		one, two := w.open(w.offered(cv1, cancelPlus), 1), w.open(w.offered(cv2, cancelPlus), 2)
		t1, t2 := token(w.observe(w.login(one, "u-vic"))), token(w.observe(w.login(two, "u-mal")))
		_, err := w.guard.Finish(t.Context(), w.visitor(cv1, 1), verify.FinishRequest{Conversation: cv1, Change: one.Row.ID, Token: t2, Sig: w.sign(two.Row, two.Row.Chg, t2, 1)})
		w.wantReason(err, verify.FinishKey)
		_, err = w.guard.Finish(t.Context(), w.visitor(cv2, 2), verify.FinishRequest{Conversation: cv2, Change: two.Row.ID, Token: t1, Sig: w.sign(one.Row, one.Row.Chg, t1, 2)})
		w.wantReason(err, verify.FinishKey)
		w.wantUnchanged()
		for i, cv := range []string{cv1, cv2} {
			if r, err := w.guard.Release(t.Context(), w.proven(cv, byte(i+1)).ID); err != nil || r.State != verify.Applied {
				t.Errorf("%s: %s, %v", cv, r.State, err)
			}
		}
		if w.backend.count() != 2 {
			t.Errorf("applied %d, want 2", w.backend.count())
		}
	})
}

// meeting is a ledger whose first two readers of a change go on only when both have read it.
type meeting struct {
	verify.Ledger
	read atomic.Int32
	wait sync.WaitGroup
}

func (l *meeting) Change(ctx context.Context, id string) (verify.Row, error) {
	row, err := l.Ledger.Change(ctx, id)
	if l.read.Add(1) <= 2 {
		l.wait.Done()
		l.wait.Wait()
	}
	return row, err
}

func together(n int, f func() error) []error {
	errs := make([]error, n)
	var wg sync.WaitGroup
	for i := range errs {
		wg.Go(func() { errs[i] = f() })
	}
	wg.Wait()
	return errs
}

func TestAbuseOpen(t *testing.T) {
	t.Run("C06 offer 15 min 1 s old", func(t *testing.T) {
		w := newWorld(t)
		row := w.offered(cv1, cancelPlus)
		w.after(15*time.Minute + time.Second)
		_, err := w.guard.Open(t.Context(), w.visitor(cv1, 1), verify.OpenRequest{Change: row.ID})
		w.wantReason(err, verify.OfferExpired)
		w.wantState(row.ID, verify.Expired, verify.OfferExpired)
	})
	t.Run("C06 two come at the same moment, and hear the same", func(t *testing.T) {
		w := newWorld(t)
		row := w.offered(cv1, cancelPlus)
		w.after(15*time.Minute + time.Second)
		both := &meeting{Ledger: w.guard.Ledger}
		both.wait.Add(2)
		w.guard.Ledger = both
		for _, err := range together(2, func() error {
			_, err := w.guard.Open(t.Context(), w.visitor(cv1, 1), verify.OpenRequest{Change: row.ID})
			return err
		}) {
			w.wantReason(err, verify.OfferExpired)
		}
		w.wantState(row.ID, verify.Expired, verify.OfferExpired)
		w.wantClean()
	})
	t.Run("D06 a visitor without key", func(t *testing.T) {
		w := newWorld(t)
		row := w.offered(cv1, cancelPlus)
		before := w.led.Snapshot()
		_, err := w.guard.Open(t.Context(), verify.Actor{Role: verify.Visitor, ID: "vi_" + cv1}, verify.OpenRequest{Change: row.ID})
		w.wantReason(err, verify.KeyRequired)
		_, err = w.guard.Open(t.Context(), w.visitor(cv2, 1), verify.OpenRequest{Change: row.ID})
		w.wantReason(err, verify.NotFound)
		if w.led.Snapshot() != before {
			t.Error("a refused open moved something")
		}
	})
	t.Run("D15 a second tab gets the same challenge, Start over kills it", func(t *testing.T) {
		w := newWorld(t)
		row := w.offered(cv1, cancelPlus)
		a, b := w.open(row, 1), w.open(row, 1)
		if a.URL != b.URL || a.Row.Challenge.ID != b.Row.Challenge.ID {
			t.Errorf("second tab got %s, want %s", b.URL, a.URL)
		}
		old := w.login(a, "u-vic")
		c, err := w.guard.Open(t.Context(), w.visitor(cv1, 1), verify.OpenRequest{Change: row.ID, Over: true})
		if err != nil || c.URL == a.URL {
			t.Fatalf("Start over = %s, %v", c.URL, err)
		}
		if v := w.observe(old); v.Reason != verify.HandleExpired {
			t.Errorf("the old handle answered %+v", v)
		}
		if _, err := w.guard.Look(t.Context(), w.handle(a)); verify.ReasonOf(err) != verify.HandleExpired {
			t.Errorf("old handle: %v", err)
		}
		w.wantState(row.ID, verify.Challenged, "")
		w.wantClean()
	})
	t.Run("D18 only the mailbox's origins come back", func(t *testing.T) {
		for page, want := range map[string]string{
			"https://evil.test":                      "https://site.test/",
			"https://site.test@evil.test/":           "https://site.test/",
			"javascript:alert(1)//https://site.test": "https://site.test/",
			"http://site.test/":                      "https://site.test/",
			"https://site.test.evil.test/":           "https://site.test/",
			"//site.test/x":                          "https://site.test/",
			"https://site.test/plan?a=1#frag":        "https://site.test/plan?a=1",
		} {
			w := newWorld(t)
			row := w.offered(cv1, cancelPlus)
			o, err := w.guard.Open(t.Context(), w.visitor(cv1, 1), verify.OpenRequest{Change: row.ID, Page: page})
			if err != nil || o.Row.Challenge.ReturnTo != want {
				t.Errorf("%s → %s, %v; want %s", page, o.Row.Challenge.ReturnTo, err, want)
			}
		}
	})
	t.Run("L01 the 4th challenge in 10 min", func(t *testing.T) {
		w := newWorld(t)
		row := w.offered(cv1, cancelPlus)
		var o verify.Opened
		for range 3 {
			var err error
			if o, err = w.guard.Open(t.Context(), w.visitor(cv1, 1), verify.OpenRequest{Change: row.ID, Over: true}); err != nil {
				t.Fatal(err)
			}
		}
		before := w.led.Snapshot()
		for range 20 {
			_, err := w.guard.Open(t.Context(), w.visitor(cv1, 1), verify.OpenRequest{Change: row.ID, Over: true})
			w.wantReason(err, verify.ChallengeLimit)
		}
		if w.led.Snapshot() != before || w.observe(w.login(o, "u-vic")).To != verify.Matched {
			t.Error("the open challenge was touched")
		}
	})
	t.Run("E02 withdrawn and offered again: a new challenge", func(t *testing.T) {
		w := newWorld(t)
		o := w.open(w.offered(cv1, cancelPlus), 1)
		e := w.login(o, "u-vic")
		if _, err := w.guard.Withdraw(t.Context(), w.agent(), o.Row.ID); err != nil {
			t.Fatal(err)
		}
		o2 := w.open(w.offered(cv1, cancelPlus), 1)
		if v := w.observe(e); v.Reason != verify.HandleExpired || o2.URL == o.URL {
			t.Errorf("old handle: %+v", v)
		}
		w.wantState(o2.Row.ID, verify.Challenged, "")
	})
	t.Run("E03 a second change while one is matched needs its own login", func(t *testing.T) {
		w := newWorld(t)
		o := w.open(w.offered(cv1, cancelPlus), 1)
		tok := token(w.observe(w.login(o, "u-vic")))
		second := w.offered(cv1, `{"kind":"renewal.cancel","fields":{"plan":"basic"}}`)
		req := w.finishRequest(o.Row, tok, 1)
		req.Change = second.ID
		_, err := w.guard.Finish(t.Context(), w.visitor(cv1, 1), req)
		w.wantReason(err, verify.FinishConversation)
		w.wantState(second.ID, verify.Offered, "")
		w.wantUnchanged()
	})
	t.Run("D14 after an applied change the next one needs a new login", func(t *testing.T) {
		w := newWorld(t)
		if _, err := w.guard.Release(t.Context(), w.proven(cv1, 1).ID); err != nil {
			t.Fatal(err)
		}
		next := w.offered(cv1, cancelPlus)
		if _, err := w.guard.Release(t.Context(), next.ID); verify.ReasonOf(err) != verify.ChangeState {
			t.Errorf("Release = %v", err)
		}
		w.wantState(next.ID, verify.Offered, "")
	})
	t.Run("D02 Not me freezes the conversation and tells the owner", func(t *testing.T) {
		w := newWorld(t)
		other := w.offered(cv1, cancelPlus)
		o := w.open(w.offered(cv1, cancelPlus), 1)
		e := w.login(o, "u-vic")
		e.Kind = verify.LoginDisowned
		w.observe(e)
		w.wantState(other.ID, verify.Revoked, verify.ChangeState)
		_, err := w.guard.Draft(t.Context(), w.agent(), cv1, []byte(cancelPlus))
		w.wantReason(err, verify.ChangeState)
		if !slices.Contains(w.led.Jobs(), "notice "+o.Row.ID) {
			t.Errorf("jobs = %v, want a notice", w.led.Jobs())
		}
		if err := w.guard.Notice(t.Context(), o.Row.ID); err != nil || len(w.backend.notices) != 1 || w.backend.notices[0].Subject != "u-vic" {
			t.Errorf("notices = %+v, %v", w.backend.notices, err)
		}
		w.wantClean()
	})
}

func TestAbuseDraft(t *testing.T) {
	long := strings.Repeat("x", 5<<10)
	for _, c := range []struct {
		name, raw string
		want      verify.Reason
	}{
		{"A10 recovery", `{"kind":"recovery.password","fields":{}}`, verify.RecoveryRefused},
		{"A10 recovery in capitals", `{"kind":"Recovery.MFA","fields":{}}`, verify.RecoveryRefused},
		{"E04 a label beside", `{"kind":"email.change","fields":{"email":"a@b.example"},"label":"confirm your newsletter"}`, verify.ChangeLabel},
		{"E04 a label among the fields", `{"kind":"email.change","fields":{"email":"a@b.example","label":"x"}}`, verify.ChangeLabel},
		{"E05 bidi", `{"kind":"name.change","fields":{"name":"a\u202eb"}}`, verify.ChangeValue},
		{"E05 zero-width", `{"kind":"name.change","fields":{"name":"a\u200bb"}}`, verify.ChangeValue},
		{"E05 newline", `{"kind":"name.change","fields":{"name":"a\nb"}}`, verify.ChangeValue},
		{"E05 NUL", `{"kind":"name.change","fields":{"name":"a\u0000b"}}`, verify.ChangeValue},
		{"E05 line separator", `{"kind":"name.change","fields":{"name":"a\u2028b"}}`, verify.ChangeValue},
		{"E05 5 KiB", `{"kind":"name.change","fields":{"name":"` + long + `"}}`, verify.ChangeValue},
		{"E06 not NFC", `{"kind":"name.change","fields":{"name":"e\u0301"}}`, verify.ChangeValue},
		{"E06 domain is no A-label", `{"kind":"email.change","fields":{"email":"a@bücher.example"}}`, verify.ChangeValue},
		{"E07 a number", `{"kind":"name.change","fields":{"name":9007199254740993}}`, verify.ChangeValue},
		{"E08 an unknown field", `{"kind":"email.change","fields":{"email":"a@b.example","role":"owner"}}`, verify.ChangeSchema},
		{"E09 case variants", `{"kind":"email.change","fields":{"email":"a@b.example","Email":"c@d.example"}}`, verify.ChangeSchema},
		{"E09 the wrong case alone", `{"kind":"email.change","fields":{"Email":"c@d.example"}}`, verify.ChangeSchema},
		{"E10 a subject", `{"kind":"email.change","fields":{"email":"a@b.example"},"sub":"u-vic"}`, verify.ChangeSubjectForbidden},
		{"duplicate key", `{"kind":"email.change","kind":"name.change","fields":{}}`, verify.JSONDuplicate},
		{"duplicate field", `{"kind":"email.change","fields":{"email":"a@b.example","email":"c@d.example"}}`, verify.JSONDuplicate},
		{"unknown kind", `{"kind":"no.kind","fields":{}}`, verify.ChangeSchema},
		{"enum out of the list", `{"kind":"renewal.cancel","fields":{"plan":"gold"}}`, verify.ChangeValue},
		{"a missing field", `{"kind":"renewal.cancel","fields":{}}`, verify.ChangeSchema},
		{"not JSON", `nope`, verify.JSONInvalid},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			_, err := w.guard.Draft(t.Context(), verify.Actor{Role: verify.Supervisor, ID: "su1"}, cv1, []byte(c.raw))
			w.wantReason(err, c.want)
			live, _ := w.led.Live(t.Context(), cv1)
			head, _ := w.led.Head(t.Context())
			if len(live) != 0 || head.Size != int64(map[bool]int{true: 1}[c.want == verify.RecoveryRefused]) {
				t.Errorf("%d changes, %d leaves after a refusal", len(live), head.Size)
			}
		})
	}
}

// 3.14: each verb of Guard, each role.
func TestRoles(t *testing.T) {
	sensitive := `{"kind":"email.change","fields":{"email":"a@b.example"}}`
	may := map[string][]verify.Role{
		"draft plain":     {verify.Agent, verify.Senior, verify.Supervisor, verify.AI, verify.API, verify.Visitor},
		"draft sensitive": {verify.Senior, verify.Supervisor, verify.Visitor},
		"offer plain":     {verify.Agent, verify.Senior, verify.Supervisor},
		"offer sensitive": {verify.Senior, verify.Supervisor},
		"open":            {verify.Visitor}, "deny": {verify.Visitor},
		"withdraw another's": {verify.Senior, verify.Supervisor},
	}
	for _, role := range []verify.Role{verify.Visitor, verify.Trainee, verify.Agent, verify.Senior, verify.Supervisor, verify.Editor, verify.Admin, verify.Auditor, verify.AI, verify.API, verify.System, verify.HostLogin, ""} {
		for verb, allowed := range may {
			t.Run(fmt.Sprintf("%s as %s", verb, role), func(t *testing.T) {
				w := newWorld(t)
				by := w.visitor(cv1, 1)
				by.Role = role
				if role != verify.Visitor {
					by.ID = "x1"
				}
				cv, _ := w.led.Conversation(t.Context(), cv1)
				senior := verify.Actor{Role: verify.Senior, ID: "se1"}
				draft := func(raw string) string {
					r, err := w.guard.Draft(t.Context(), senior, cv1, []byte(raw))
					if err != nil {
						t.Fatal(err)
					}
					return r.ID
				}
				var err error
				switch verb {
				case "draft plain":
					_, err = w.guard.Draft(t.Context(), by, cv1, []byte(cancelPlus))
				case "draft sensitive":
					_, err = w.guard.Draft(t.Context(), by, cv1, []byte(sensitive))
				case "offer plain", "offer sensitive":
					id := draft(map[string]string{"offer plain": cancelPlus, "offer sensitive": sensitive}[verb])
					cv.Assignee = by.ID
					w.led.PutConversation(cv)
					_, err = w.guard.Offer(t.Context(), w.stepped(by), id)
				case "open":
					_, err = w.guard.Open(t.Context(), by, verify.OpenRequest{Change: w.offered(cv1, cancelPlus).ID})
				case "deny":
					_, err = w.guard.Deny(t.Context(), by, w.offered(cv1, cancelPlus).ID)
				case "withdraw another's":
					_, err = w.guard.Withdraw(t.Context(), by, w.offered(cv1, cancelPlus).ID)
				}
				if ok := slices.Contains(allowed, role); ok != (err == nil) {
					t.Errorf("err = %v, allowed = %v", err, ok)
				} else if !ok {
					w.wantReason(err, verify.RoleRefused)
				}
			})
		}
	}
	t.Run("an agent in somebody else's conversation", func(t *testing.T) {
		w := newWorld(t)
		r, _ := w.guard.Draft(t.Context(), w.agent(), cv1, []byte(cancelPlus))
		_, err := w.guard.Offer(t.Context(), verify.Actor{Role: verify.Supervisor, ID: "ag2"}, r.ID)
		w.wantReason(err, verify.RoleRefused)
	})
	t.Run("E01 a second offer is refused: the first one is frozen", func(t *testing.T) {
		w := newWorld(t)
		_, err := w.guard.Offer(t.Context(), w.agent(), w.offered(cv1, cancelPlus).ID)
		w.wantReason(err, verify.ChangeFrozen)
	})
	t.Run("guide first: a kind with its own page is not offered", func(t *testing.T) {
		w := newWorld(t)
		r, err := w.guard.Draft(t.Context(), w.agent(), cv1, []byte(`{"kind":"name.change","fields":{"name":"Vic"}}`))
		if err != nil {
			t.Fatal(err)
		}
		_, err = w.guard.Offer(t.Context(), w.agent(), r.ID)
		w.wantReason(err, verify.ChangeSelfService)
	})
}

var errNo = errors.New("no")
