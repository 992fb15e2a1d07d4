package verify_test

import (
	"strings"
	"testing"
	"time"

	"github.com/postern-chat/postern/verify"
)

func killEvent(id, sub string) verify.LoginEvent {
	return verify.LoginEvent{Source: "idp", Host: "shop", Issuer: "https://idp.site.test", ID: id, Body: verify.TokenHash(id), Kind: verify.SubjectKill, Subject: sub}
}

// A security event ends what its subject has proven, and the browser that comes back with the token learns nothing.
func TestKill(t *testing.T) {
	w := newWorld(t)
	vic := w.offered(cv1, cancelPlus)
	v := w.observe(w.login(w.open(vic, 1), "u-vic"))
	_, token, _ := strings.Cut(v.Return, "#postern=")
	back := w.finishRequest(w.row(vic.ID), token, 1)
	mal := w.offered(cv2, cancelPlus)
	w.observe(w.login(w.open(mal, 2), "u-mal"))
	rows, err := w.guard.Kill(t.Context(), killEvent("set_1", "u-vic"))
	if err != nil || len(rows) != 1 || rows[0].ID != vic.ID {
		t.Fatalf("Kill = %+v, %v", rows, err)
	}
	if row, _ := w.led.Change(t.Context(), vic.ID); row.State != verify.Revoked || row.Reason != verify.EventKill {
		t.Errorf("vic's change is %s (%s), want revoked", row.State, row.Reason)
	}
	if row, _ := w.led.Change(t.Context(), mal.ID); row.State != verify.Matched {
		t.Errorf("mal's change is %s, want matched", row.State)
	}
	if _, err := w.guard.Finish(t.Context(), w.visitor(cv1, 1), back); verify.ReasonOf(err) != verify.FinishExpired {
		t.Errorf("Finish = %v, want finish.expired", err)
	}
	w.wantClean()
}

func TestKillRefuses(t *testing.T) {
	for _, c := range []struct {
		name string
		bend func(e *verify.LoginEvent)
		want verify.Reason
	}{
		{"a login event", func(e *verify.LoginEvent) { e.Kind = verify.LoginSeen }, verify.EventType},
		{"without a subject", func(e *verify.LoginEvent) { e.Subject = "" }, verify.EventType},
		{"without a host", func(e *verify.LoginEvent) { e.Host = "" }, verify.EventType},
		{"without an issuer", func(e *verify.LoginEvent) { e.Issuer = "" }, verify.EventType},
		{"without an id", func(e *verify.LoginEvent) { e.ID = "" }, verify.EventType},
		{"for another host", func(e *verify.LoginEvent) { e.Source, e.Host = "other", "other" }, ""},
		{"for somebody without a change", func(e *verify.LoginEvent) { e.Subject = "u-mal" }, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			row := w.offered(cv1, cancelPlus)
			w.observe(w.login(w.open(row, 1), "u-vic"))
			head, _ := w.led.Head(t.Context())
			e := killEvent("set_1", "u-vic")
			c.bend(&e)
			rows, err := w.guard.Kill(t.Context(), e)
			if verify.ReasonOf(err) != c.want || len(rows) != 0 {
				t.Errorf("Kill = %+v, %v; want reason %q", rows, err, c.want)
			}
			if now, _ := w.led.Change(t.Context(), row.ID); now.State != verify.Matched {
				t.Errorf("the change is %s, want matched", now.State)
			}
			if after, _ := w.led.Head(t.Context()); after.Size != head.Size {
				t.Errorf("%d new leaves, want none", after.Size-head.Size)
			}
		})
	}
}

// The same event by another source of the same host is the same event; another issuer's with the same id is not.
func TestKillRepeated(t *testing.T) {
	w := newWorld(t)
	again := func(e verify.LoginEvent) int {
		t.Helper()
		row := w.offered(cv1, cancelPlus)
		w.observe(w.login(w.open(row, 1), "u-vic"))
		rows, err := w.guard.Kill(t.Context(), e)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.guard.Withdraw(t.Context(), w.agent(), row.ID); (err == nil) != (len(rows) == 0) {
			t.Errorf("%d ended, and Withdraw = %v", len(rows), err)
		}
		w.after(11 * time.Minute) // out of the limit of challenges
		return len(rows)
	}
	if n := again(killEvent("set_1", "u-vic")); n != 1 {
		t.Errorf("the first ended %d, want 1", n)
	}
	twin := killEvent("set_1", "u-vic")
	twin.Source = "idp-poll"
	if n := again(twin); n != 0 {
		t.Errorf("its repetition ended %d, want 0", n)
	}
	twin.Issuer = "https://other-idp.site.test"
	if n := again(twin); n != 1 {
		t.Errorf("another issuer's ended %d, want 1", n)
	}
}

// Events that name no challenge move nothing, whatever else they carry.
func TestHints(t *testing.T) {
	for kind, want := range map[string]verify.Reason{verify.LoginSeen: "", verify.LoginOther: verify.EventNotLogin, verify.SubjectKill: ""} {
		w := newWorld(t)
		row := w.offered(cv1, cancelPlus)
		e := w.login(w.open(row, 1), "u-vic")
		e.Kind = kind
		before := w.led.Snapshot()
		v, err := w.guard.Observe(t.Context(), e)
		if err != nil || v.To != "" || v.Level != verify.E0 || v.Reason != want || v.Change != "" {
			t.Errorf("%s: Observe = %+v, %v", kind, v, err)
		}
		if w.led.Snapshot() != before {
			t.Errorf("%s moved something", kind)
		}
	}
}
