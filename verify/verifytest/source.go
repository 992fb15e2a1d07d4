package verifytest

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net/http"
	"testing"
	"time"

	"github.com/postern-chat/postern/verify"
)

// SourceCase is what the Source suite needs to know of one source.
type SourceCase struct {
	Source verify.Source
	// Sign makes an authentic delivery of the event, with the given id, as the issuer would at that time.
	Sign func(e verify.LoginEvent, id string, at time.Time) verify.Delivery
	// Forge is Sign with a secret or key that is not the source's.
	Forge func(e verify.LoginEvent, id string, at time.Time) verify.Delivery
}

// Source is the suite that every verify.Source passes: forged, altered, late, repeated, wrong subject, and
// 10,000 junk bodies.
func Source(t *testing.T, c SourceCase) {
	at := Noon()
	honest := verify.LoginEvent{Kind: verify.LoginConfirmed, Handle: verify.TokenHash("h"), Chg: verify.TokenHash("c"), Subject: "u-vic", AuthTime: at.Unix(), Witness: verify.TokenHash("w")}
	refused := func(t *testing.T, d verify.Delivery, want verify.Reason) {
		t.Helper()
		events, err := c.Source.Parse(t.Context(), d)
		if len(events) != 0 || verify.ReasonOf(err) != want {
			t.Errorf("Parse = %v, %v; want reason %s", events, err, want)
		}
	}
	t.Run("honest", func(t *testing.T) {
		events, err := c.Source.Parse(t.Context(), c.Sign(honest, "ev_1", at))
		if err != nil || len(events) != 1 {
			t.Fatalf("Parse = %v, %v", events, err)
		}
		e := events[0]
		if e.Subject != "u-vic" || e.Handle != honest.Handle || e.Chg != honest.Chg || e.AuthTime != honest.AuthTime || e.Witness != honest.Witness ||
			e.ID == "" || e.Body == "" || e.Source == "" || e.Host == "" {
			t.Errorf("event = %+v", e)
		}
	})
	t.Run("forged", func(t *testing.T) { refused(t, c.Forge(honest, "ev_1", at), verify.EventSignature) })
	t.Run("altered by one byte, anywhere", func(t *testing.T) {
		for i := range c.Sign(honest, "ev_1", at).Body {
			d := c.Sign(honest, "ev_1", at)
			d.Body = bytes.Clone(d.Body)
			d.Body[i] ^= 1
			refused(t, d, verify.EventSignature)
		}
	})
	t.Run("late by 121 s, early by 121 s", func(t *testing.T) {
		for _, by := range []time.Duration{-121 * time.Second, 121 * time.Second} {
			d := c.Sign(honest, "ev_1", at.Add(by))
			d.At = at
			refused(t, d, verify.EventLate)
		}
	})
	t.Run("a repetition reads the same", func(t *testing.T) {
		a, errA := c.Source.Parse(t.Context(), c.Sign(honest, "ev_1", at))
		b, errB := c.Source.Parse(t.Context(), c.Sign(honest, "ev_1", at))
		if errA != nil || errB != nil || a[0].ID != b[0].ID || a[0].Body != b[0].Body {
			t.Errorf("%+v, %v and %+v, %v", a, errA, b, errB)
		}
		v := []verify.Verdict{{To: verify.Matched, Level: verify.A3, Return: "https://site.test/#postern=x"}}
		if x, y := c.Source.Answer(verify.Delivery{}, v, nil), c.Source.Answer(verify.Delivery{}, v, nil); x.Status != 200 || !bytes.Equal(x.Body, y.Body) {
			t.Errorf("answers %d %s and %s", x.Status, x.Body, y.Body)
		}
	})
	t.Run("the subject is the event's, never a header's", func(t *testing.T) {
		d := c.Sign(honest, "ev_1", at)
		d.Header.Set("X-Subject", "u-mal")
		events, err := c.Source.Parse(t.Context(), d)
		if err != nil || events[0].Subject != "u-vic" {
			t.Errorf("Parse = %+v, %v", events, err)
		}
	})
	t.Run("10,000 junk bodies", func(t *testing.T) {
		r := rand.New(rand.NewPCG(1, 2))
		for range 10_000 {
			d := c.Sign(honest, "ev_1", at)
			d.Body = junk(r, d.Body)
			if events, err := c.Source.Parse(t.Context(), d); err == nil || len(events) != 0 {
				t.Fatalf("junk %q was believed: %v", d.Body, events)
			}
		}
		if rep := c.Source.Answer(verify.Delivery{}, nil, verify.Refuse(verify.EventSignature)); rep.Status < 400 {
			t.Errorf("answer to a refusal = %d", rep.Status)
		}
	})
	t.Run("an error that is no refusal shows nothing", func(t *testing.T) {
		rep := c.Source.Answer(verify.Delivery{}, nil, fmt.Errorf("secret detail"))
		if rep.Status != http.StatusInternalServerError || bytes.Contains(rep.Body, []byte("secret")) {
			t.Errorf("answer = %d %s", rep.Status, rep.Body)
		}
	})
}

// junk changes body somewhere: cut, doubled, random bytes over it, or all random.
func junk(r *rand.Rand, body []byte) []byte {
	b := bytes.Clone(body)
	switch r.IntN(4) {
	case 0:
		return b[:r.IntN(len(b))]
	case 1:
		return append(b, b[r.IntN(len(b)):]...)
	case 2:
		for range 1 + r.IntN(8) {
			b[r.IntN(len(b))] ^= byte(1 + r.IntN(255))
		}
		if bytes.Equal(b, body) {
			return b[1:]
		}
		return b
	}
	b = make([]byte, r.IntN(200))
	for i := range b {
		b[i] = byte(r.IntN(256))
	}
	return b
}
