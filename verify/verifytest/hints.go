package verifytest

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"net/http"
	"testing"
	"time"

	"github.com/postern-chat/postern/verify"
)

// HintsCase is what the Hints suite needs to know of one source.
type HintsCase struct {
	Source verify.Source
	// Login makes an authentic delivery of one interactive login of sub, as the issuer would at that time.
	Login func(sub, id string, at time.Time) verify.Delivery
	// Forge is Login with a secret or key that is not the source's.
	Forge func(sub, id string, at time.Time) verify.Delivery
	// Others make authentic deliveries of events that are no interactive login, by name.
	Others map[string]func(at time.Time) verify.Delivery
	// Dressed is an authentic login whose body also has the words of a bound one: type login.confirmed, a
	// handle, a digest, a witness.
	Dressed func(sub, handle string, at time.Time) verify.Delivery
	// Signed: the signature covers the body, so that no altered body is believed. Else a token stands beside it.
	Signed bool
	// Age and Ahead are how old an event may be, and how far ahead of our clock.
	Age, Ahead time.Duration
	// Gentle sources answer a late event as if it counted: their sender repeats what is refused.
	Gentle bool
}

// Hints is the suite that every verify.Source passes whose events are never bound to a change: forged, altered,
// stale, repeated, wrong subject, dressed up as a confirmation, other kinds, and 10,000 junk bodies.
func Hints(t *testing.T, c HintsCase) {
	at := Noon()
	for name, test := range map[string]func(*testing.T, HintsCase, time.Time){
		"honest": hintHonest, "forged": hintForged, "altered by one byte, anywhere": hintAltered, "stale and early": hintStale,
		"a repetition reads the same": hintRepeated, "the subject is the event's": hintSubject, "dressed up": hintDressed,
		"events that are no login": hintOthers, "10,000 junk bodies": hintJunk, "answers": hintAnswers,
	} {
		t.Run(name, func(t *testing.T) { test(t, c, at) })
	}
}

// harmless asserts that no event could move a change.
func harmless(t *testing.T, events []verify.LoginEvent) {
	t.Helper()
	for _, e := range events {
		if e.Kind != verify.LoginSeen && e.Kind != verify.LoginOther || e.Handle != "" || e.Chg != "" || e.Witness != "" {
			t.Errorf("event %+v could move a change", e)
		}
	}
}

func seen(events []verify.LoginEvent) (n int) {
	for _, e := range events {
		if e.Kind == verify.LoginSeen {
			n++
		}
	}
	return n
}

func hintHonest(t *testing.T, c HintsCase, at time.Time) {
	events, err := c.Source.Parse(t.Context(), c.Login("u-vic", "ev_1", at))
	if err != nil || len(events) != 1 {
		t.Fatalf("Parse = %v, %v", events, err)
	}
	harmless(t, events)
	e := events[0]
	if e.Kind != verify.LoginSeen || e.Subject != "u-vic" || e.ID == "" || e.Body == "" || e.Source == "" || e.Host == "" || e.Issuer == "" {
		t.Errorf("event = %+v", e)
	}
}

func hintForged(t *testing.T, c HintsCase, at time.Time) {
	d := c.Forge("u-vic", "ev_1", at)
	events, err := c.Source.Parse(t.Context(), d)
	if len(events) != 0 || verify.ReasonOf(err) != verify.EventSignature {
		t.Errorf("Parse = %v, %v; want event.signature", events, err)
	}
	if r := c.Source.Answer(d, nil, err); r.Status != http.StatusUnauthorized && r.Status != http.StatusBadRequest {
		t.Errorf("answer = %d, want 401 or 400", r.Status)
	}
}

func hintAltered(t *testing.T, c HintsCase, at time.Time) {
	for i := range c.Login("u-vic", "ev_1", at).Body {
		d := c.Login("u-vic", "ev_1", at)
		d.Body = bytes.Clone(d.Body)
		d.Body[i] ^= 1
		events, err := c.Source.Parse(t.Context(), d)
		if c.Signed && (err == nil || len(events) != 0) {
			t.Errorf("byte %d changed: Parse = %v, %v; want it refused", i, events, err)
		}
		harmless(t, events)
	}
}

func hintStale(t *testing.T, c HintsCase, at time.Time) {
	for _, by := range []time.Duration{-c.Age - time.Second, c.Ahead + time.Second} {
		d := c.Login("u-vic", "ev_1", at.Add(by))
		d.At = at
		events, err := c.Source.Parse(t.Context(), d)
		if seen(events) != 0 || err == nil && !c.Gentle {
			t.Errorf("made %v off: Parse = %v, %v", by, events, err)
		}
	}
	for _, by := range []time.Duration{-c.Age, c.Ahead} {
		d := c.Login("u-vic", "ev_1", at.Add(by))
		d.At = at
		if events, err := c.Source.Parse(t.Context(), d); err != nil || seen(events) != 1 {
			t.Errorf("made %v off: Parse = %v, %v; want it seen", by, events, err)
		}
	}
}

func hintRepeated(t *testing.T, c HintsCase, at time.Time) {
	d := c.Login("u-vic", "ev_1", at)
	a, errA := c.Source.Parse(t.Context(), d)
	b, errB := c.Source.Parse(t.Context(), d)
	if errA != nil || errB != nil || a[0].ID != b[0].ID || a[0].Body != b[0].Body {
		t.Errorf("%+v, %v and %+v, %v", a, errA, b, errB)
	}
	other, err := c.Source.Parse(t.Context(), c.Login("u-vic", "ev_2", at))
	if err != nil || other[0].ID == a[0].ID {
		t.Errorf("another event has the id %q too, %v", a[0].ID, err)
	}
	v := []verify.Verdict{{Level: verify.E0}}
	x, y := c.Source.Answer(d, v, nil), c.Source.Answer(d, v, nil)
	if x.Status != y.Status || !bytes.Equal(x.Body, y.Body) {
		t.Errorf("answers %d %s and %d %s", x.Status, x.Body, y.Status, y.Body)
	}
}

func hintSubject(t *testing.T, c HintsCase, at time.Time) {
	d := c.Login("u-mal", "ev_1", at)
	d.Header.Set("X-Subject", "u-vic")
	d.Header.Set("X-User-Id", "u-vic")
	events, err := c.Source.Parse(t.Context(), d)
	if err != nil || len(events) != 1 || events[0].Subject != "u-mal" {
		t.Errorf("Parse = %+v, %v; want u-mal", events, err)
	}
}

func hintDressed(t *testing.T, c HintsCase, at time.Time) {
	events, err := c.Source.Parse(t.Context(), c.Dressed("u-vic", verify.TokenHash("h"), at))
	if err == nil && len(events) == 0 {
		t.Error("neither refused nor seen")
	}
	harmless(t, events)
}

func hintOthers(t *testing.T, c HintsCase, at time.Time) {
	if len(c.Others) == 0 {
		t.Fatal("no other kinds are given")
	}
	like := c.Source.Answer(c.Login("u-vic", "ev_1", at), []verify.Verdict{{Level: verify.E0}}, nil)
	for name, make := range c.Others {
		d := make(at)
		events, err := c.Source.Parse(t.Context(), d)
		if err != nil || len(events) == 0 || seen(events) != 0 {
			t.Errorf("%s: Parse = %+v, %v; want it ignored", name, events, err)
		}
		harmless(t, events)
		if r := c.Source.Answer(d, []verify.Verdict{{Level: verify.E0, Reason: verify.EventNotLogin}}, nil); r.Status != like.Status {
			t.Errorf("%s: answer %d, want that of a login, %d", name, r.Status, like.Status)
		}
	}
}

func hintJunk(t *testing.T, c HintsCase, at time.Time) {
	r := rand.New(rand.NewPCG(3, 4))
	honest := c.Login("u-vic", "ev_1", at)
	for range 10_000 {
		d := honest
		d.Body = junk(r, d.Body)
		events, err := c.Source.Parse(t.Context(), d)
		if c.Signed && (err == nil || len(events) != 0) || err != nil && len(events) != 0 {
			t.Fatalf("junk %q was believed: %v", d.Body, events)
		}
		harmless(t, events)
		if t.Failed() {
			return
		}
	}
}

func hintAnswers(t *testing.T, c HintsCase, at time.Time) {
	d := c.Login("u-vic", "ev_1", at)
	if r := c.Source.Answer(d, nil, verify.Refuse(verify.EventSignature)); r.Status < 200 || bytes.Contains(r.Body, []byte("u-vic")) && r.Status != 200 {
		t.Errorf("answer to a refusal = %d %s", r.Status, r.Body)
	}
	r := c.Source.Answer(c.Forge("u-vic", "ev_1", at), nil, errors.New("secret detail"))
	if r.Status < 400 || bytes.Contains(r.Body, []byte("secret")) {
		t.Errorf("answer to an error that is no refusal = %d %s", r.Status, r.Body)
	}
}
