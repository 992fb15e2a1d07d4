package callback

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/postern-chat/postern/verify"
)

var (
	secret   = verify.Secret("secret of the host, over 24 bytes")
	loopback = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
)

func executor(t *testing.T, url string, allow []netip.Prefix) *Executor {
	t.Helper()
	e, err := New(map[string]Target{"shop": {URL: url, Secret: secret, Allow: allow}}, time.Now, func(context.Context, time.Duration) error { return nil })
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func apply() verify.Dispatch {
	return verify.Dispatch{
		Host: "shop", ID: "rc_1_change_apply", Type: "change.apply", Challenge: "cl_1", Conversation: "cv_1", Subject: "u-vic", Commit: "c", T0: 1,
		Change:   verify.Change{V: "1", Kind: "plan.change", Base: "*", Fields: map[string]string{"plan": "plus"}},
		Evidence: verify.Evidence{Kind: "witness", AuthTime: 2, Witness: "w"}, Receipt: "a.b.c",
	}
}

func TestDelivery(t *testing.T) {
	var body []byte
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ = io.ReadAll(r.Body)
		if _, err := verify.CheckHook(r.Header, []verify.Secret{secret}, time.Now(), body); err != nil {
			t.Errorf("the delivery is not signed: %v", err)
		}
		_, _ = w.Write([]byte(`{"result":"applied","version":"8"}`))
	}))
	defer s.Close()
	a, err := executor(t, s.URL, loopback).Apply(t.Context(), apply())
	if err != nil || a.Result != verify.ResultApplied || a.Version != "8" {
		t.Fatalf("Apply = %+v, %v", a, err)
	}
	var m map[string]any
	if err := json.Unmarshal(body, &m); err != nil {
		t.Fatal(err)
	}
	for _, k := range []string{"type", "challenge", "conversation", "change", "sub", "commit", "t0", "evidence", "receipt"} {
		if m[k] == nil {
			t.Errorf("body lacks %s", k)
		}
	}
	d := apply()
	d.Type = "change.settle"
	if _, err := executor(t, s.URL, loopback).Settle(t.Context(), d); err != nil || strings.Contains(string(body), "receipt") || strings.Contains(string(body), "u-vic") {
		t.Errorf("settle carried %s (%v): nothing in it may be applicable", body, err)
	}
}

func TestAnnouncementAnswers(t *testing.T) {
	for _, c := range []struct {
		name   string
		status int
		body   string
		want   verify.Answer
		fails  bool
	}{
		{"taken", 200, `{}`, verify.Answer{Result: verify.ResultAnnounced}, false},
		{"taken, with its time", 200, `{"not_before":1795399200}`, verify.Answer{Result: verify.ResultAnnounced, NotBefore: 1795399200}, false},
		{"a time that is none", 200, `{"not_before":"soon"}`, verify.Answer{}, true},
		{"no JSON", 200, `ok`, verify.Answer{}, true},
		{"does not know announcements", 204, ``, verify.Answer{Result: verify.ResultRefused, Reason: verify.BackendRefused}, false},
		{"later", 202, `{}`, verify.Answer{Result: verify.ResultRefused, Reason: verify.BackendRefused}, false},
		{"no", 403, `{"code":"receipt.level"}`, verify.Answer{Result: verify.ResultRefused, Reason: verify.ReceiptLevel}, false},
		{"broken", 500, ``, verify.Answer{}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(c.status)
				_, _ = io.WriteString(w, c.body)
			}))
			defer s.Close()
			d := apply()
			d.Type = "change.announce"
			a, err := executor(t, s.URL, loopback).Announce(t.Context(), d)
			if (err != nil) != c.fails || a != c.want {
				t.Errorf("Announce = %+v, %v", a, err)
			}
		})
	}
}

func TestAnswers(t *testing.T) {
	for _, c := range []struct {
		name   string
		status int
		body   string
		want   verify.Answer
		fails  bool // may have arrived: asked for later
		tries  int32
	}{
		{"taken, answered later", 202, ``, verify.Answer{Result: verify.ResultPending}, false, 1},
		{"refused with a code", 403, `{"code":"receipt.level"}`, verify.Answer{Result: verify.ResultRefused, Reason: verify.ReceiptLevel}, false, 1},
		{"used", 409, `{"code":"receipt.already_used"}`, verify.Answer{Result: verify.ResultRefused, Reason: verify.ReceiptAlreadyUsed}, false, 1},
		{"refused with words", 403, `{"code":"<script>"}`, verify.Answer{Result: verify.ResultRefused, Reason: verify.BackendRefused}, false, 1},
		{"no such page", 404, `not found`, verify.Answer{Result: verify.ResultRefused, Reason: verify.BackendRefused}, false, 1},
		{"unknown to settle", 200, `{"result":"unknown"}`, verify.Answer{Result: verify.ResultUnknown}, false, 1},
		{"a crash", 500, ``, verify.Answer{}, true, 3},
		{"not JSON", 200, `<html>`, verify.Answer{}, true, 3},
		{"two results", 200, `{"result":"applied","result":"unknown"}`, verify.Answer{}, true, 3},
		{"over 16 KiB", 200, `{"result":"applied","x":"` + strings.Repeat("x", 17<<10) + `"}`, verify.Answer{}, true, 3},
	} {
		t.Run(c.name, func(t *testing.T) {
			var n atomic.Int32
			s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				n.Add(1)
				w.WriteHeader(c.status)
				_, _ = w.Write([]byte(c.body))
			}))
			defer s.Close()
			a, err := executor(t, s.URL, loopback).Apply(t.Context(), apply())
			var never *verify.NotReached
			if a != c.want || (err != nil) != c.fails || errors.As(err, &never) || n.Load() != c.tries {
				t.Errorf("Apply = %+v, %v after %d tries; want %+v after %d", a, err, n.Load(), c.want, c.tries)
			}
		})
	}
}

func TestAbuseAddresses(t *testing.T) {
	t.Run("R20 a redirect is not followed", func(t *testing.T) {
		var hit atomic.Bool
		victim := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { hit.Store(true) }))
		defer victim.Close()
		s := httptest.NewServer(http.RedirectHandler(victim.URL, http.StatusFound))
		defer s.Close()
		a, err := executor(t, s.URL, loopback).Apply(t.Context(), apply())
		if err != nil || a.Reason != verify.BackendRedirect || hit.Load() {
			t.Errorf("Apply = %+v, %v; followed: %v", a, err, hit.Load())
		}
	})
	t.Run("R21 a name that resolves to an unlisted private address", func(t *testing.T) {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		_, port, _ := net.SplitHostPort(l.Addr().String())
		for _, u := range []string{"https://localhost:" + port, "http://localhost:" + port, "http://" + l.Addr().String()} {
			_, err = executor(t, u, nil).Apply(t.Context(), apply())
			var never *verify.NotReached
			if !errors.As(err, &never) || !strings.Contains(err.Error(), "dial:") {
				t.Errorf("%s: %v, want it refused at dial", u, err)
			}
		}
	})
	t.Run("R19 nobody listens", func(t *testing.T) {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		url := "http://" + l.Addr().String()
		l.Close()
		_, err = executor(t, url, loopback).Apply(t.Context(), apply())
		var never *verify.NotReached
		if !errors.As(err, &never) {
			t.Errorf("Apply = %v, want NotReached", err)
		}
	})
}

func TestNew(t *testing.T) {
	for _, u := range []string{"", "ftp://x.example", "https://u:p@x.example", "/postern", "https://x.example/#f"} {
		if _, err := New(map[string]Target{"shop": {URL: u, Secret: secret}}, time.Now, Wait); err == nil {
			t.Errorf("New took %q", u)
		}
	}
	if err := Wait(t.Context(), 0); err != nil {
		t.Error(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := Wait(ctx, time.Hour); err == nil {
		t.Error("Wait outlived its context")
	}
}
