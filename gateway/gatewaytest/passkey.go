package gatewaytest

import (
	"time"

	"github.com/postern-chat/postern/gateway"
)

// passkeys: a challenge is answered once, whoever races; a counter only grows; a session keeps where it stepped up.
func passkeys(w *World) {
	s, ctx := w.Store, w.Context()
	a, b := w.NewAgent("Ada", 1), w.NewAgent("Bob", 1)
	w.ok(s.SaveSession(ctx, "h", a, "Firefox on Linux", w.Now().Add(time.Hour), w.Now()))
	begin := func(purpose, challenge string) gateway.Ceremony {
		c := gateway.Ceremony{Session: "h", Purpose: purpose, Challenge: challenge, Until: w.Now().Add(gateway.PasskeyChallenge)}
		w.ok(s.BeginCeremony(ctx, c, w.Now()))
		return c
	}
	key := gateway.Passkey{ID: w.ID(gateway.PrefixPasskey), Agent: a, Name: "Desk", Credential: []byte{1, 2}, PublicKey: []byte{3}, Flags: 5, SignCount: 7}

	dead, live := begin(gateway.ToRegister, "one"), begin(gateway.ToRegister, "two")
	w.refused(s.AddPasskey(ctx, key, dead, w.Now()), "gone")
	w.ok(s.AddPasskey(ctx, key, live, w.Now()))
	w.refused(s.AddPasskey(ctx, key, live, w.Now()), "gone")
	other := key
	other.ID, other.Agent = w.ID(gateway.PrefixPasskey), b
	w.refused(s.AddPasskey(ctx, other, begin(gateway.ToRegister, "three"), w.Now()), "conflict")
	got, err := s.Passkeys(ctx, a)
	w.ok(err)
	if len(got) != 1 || got[0].Name != "Desk" || string(got[0].Credential) != "\x01\x02" || got[0].SignCount != 7 || got[0].Flags != 5 || !got[0].UsedAt.IsZero() {
		w.Errorf("kept %+v", got)
	}

	step := begin(gateway.ToStepUp, "four")
	w.refused(s.StepUp(ctx, key, step, "Firefox on Linux", w.Now()), "conflict") // the counter stands still
	key.SignCount = 8
	won := 0
	for _, err := range race(8, func(int) error { return s.StepUp(ctx, key, step, "Firefox on Linux", w.Now()) }) {
		if err == nil {
			won++
		} else {
			w.refused(err, "gone")
		}
	}
	sess, err := s.Session(ctx, "h", w.Now())
	w.ok(err)
	if won != 1 || !sess.Stepped("Firefox on Linux").Equal(w.Now()) || !sess.Stepped("Chrome on Windows").IsZero() || sess.Device != "Firefox on Linux" {
		w.Errorf("%d of 8 stepped up: %+v", won, sess)
	}
	over := begin(gateway.ToStepUp, "five")
	key.SignCount = 9
	w.Pass(gateway.PasskeyChallenge)
	_, err = s.Ceremony(ctx, "h", gateway.ToStepUp, w.Now())
	w.refused(err, "not_found")
	w.refused(s.StepUp(ctx, key, over, "Firefox on Linux", w.Now()), "gone")

	w.refused(s.RemovePasskey(ctx, b, key.ID, w.Now()), "not_found")
	w.ok(s.RemovePasskey(ctx, a, key.ID, w.Now()))
	w.refused(s.StepUp(ctx, key, begin(gateway.ToStepUp, "six"), "Firefox on Linux", w.Now()), "conflict")
	w.refused(s.RemovePasskey(ctx, a, key.ID, w.Now()), "not_found")
	tooMany(w, a, begin)
	devices(w)
}

func tooMany(w *World, a gateway.ID, begin func(purpose, challenge string) gateway.Ceremony) {
	for i := range gateway.MaxPasskeys + 1 {
		k := gateway.Passkey{ID: w.ID(gateway.PrefixPasskey), Agent: a, Name: "Key", Credential: []byte{9, byte(i)}, PublicKey: []byte{3}}
		err := w.Store.AddPasskey(w.Context(), k, begin(gateway.ToRegister, "n"), w.Now())
		if i < gateway.MaxPasskeys {
			w.ok(err)
		} else {
			w.refused(err, "too_large")
		}
	}
}

func devices(w *World) {
	s, ctx := w.Store, w.Context()
	told := func(device string, want bool) {
		w.Helper()
		first, events, err := s.TellDevice(ctx, "h", device, w.Now())
		if err != nil || first != want || len(events) != map[bool]int{true: 1}[want] {
			w.Errorf("told of %s: %v, %d events, %v", device, first, len(events), err)
		}
	}
	count := func(want int) {
		w.Helper()
		if n, err := s.StrangeSessions(ctx, w.Now()); err != nil || n != want {
			w.Errorf("%d sessions from elsewhere, %v, want %d", n, err, want)
		}
	}
	count(0)
	told("Chrome on Windows", true)
	told("Chrome on Windows", false)
	told("curl on Linux", true)
	count(1)
	w.ok(s.EndSession(ctx, "h"))
	told("Chrome on Windows", false)
	count(0)
}
