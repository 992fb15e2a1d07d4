package ssf_test

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/postern-chat/postern/verify"
	"github.com/postern-chat/postern/verify/ssf"
)

// asked is a request of a poller.
type asked struct {
	Ack               []string
	SetErrs           map[string]struct{ Err string }
	MaxEvents         int
	ReturnImmediately bool
}

// poll lets a poller meet a transmitter that answers with one text after the other; it gives what it was asked, how
// long the poller paused after each round that paused, and how many rounds failed.
func poll(t *testing.T, take func(verify.Delivery) verify.Reply, answers ...string) (requests []asked, pauses []time.Duration, failures int) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var a asked
		if err := json.NewDecoder(r.Body).Decode(&a); err != nil || r.Method != "POST" || r.Header.Get("Content-Type") != "application/json" || r.Header.Get("Authorization") != "Bearer ours" {
			t.Errorf("asked %s %v: %v", r.Method, r.Header, err)
		}
		requests = append(requests, a)
		if len(requests) > len(answers) {
			cancel()
			_, _ = w.Write([]byte(`{"sets":{}}`))
			return
		}
		answer := answers[len(requests)-1]
		if answer == "503" {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		_, _ = w.Write([]byte(answer))
	}))
	defer site.Close()
	p, err := ssf.NewPoller(site.URL, "Bearer ours", []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, nil)
	if err != nil {
		t.Fatal(err)
	}
	p.Run(ctx, func(_ context.Context, d verify.Delivery) verify.Reply { return take(d) }, func(ctx context.Context, d time.Duration) error {
		pauses = append(pauses, d)
		return ctx.Err()
	}, func(err error) {
		failures++
		if strings.Contains(err.Error(), site.URL) || strings.Contains(err.Error(), "ours") {
			t.Errorf("the error says too much: %v", err)
		}
	})
	return requests, pauses, failures
}

// byText answers each event as its own text says.
func byText(d verify.Delivery) verify.Reply {
	switch string(d.Body) {
	case "good":
		return verify.Reply{Status: 202}
	case "bad":
		return verify.Reply{Status: 400, Body: []byte(`{"err":"invalid_key","description":"d"}`)}
	}
	return verify.Reply{Status: 503}
}

// What became of the events of a round is told with the next one: taken, refused with its code, or nothing.
func TestPoll(t *testing.T) {
	requests, pauses, failures := poll(t, byText,
		`{"sets":{"a":"good","b":"bad"},"moreAvailable":true}`, // goes on at once
		`{"sets":{"c":"good"}}`,
		`503`,
		`{"sets":{"c":"good","d":"not now"},"moreAvailable":true}`, // not at once: nothing can be done about d
		`{}`)
	want := []time.Duration{ssf.PollEvery, ssf.PollAgain, ssf.PollAgain, ssf.PollEvery}
	if failures != 1 || len(pauses) < len(want) || !slices.Equal(pauses[:len(want)], want) {
		t.Errorf("%d failures, pauses %v, want %v and the end", failures, pauses, want)
	}
	var acks [][]string
	for _, r := range requests {
		acks = append(acks, r.Ack)
		if r.MaxEvents != 20 || !r.ReturnImmediately {
			t.Errorf("asked for %d, at once %v", r.MaxEvents, r.ReturnImmediately)
		}
	}
	told := [][]string{{}, {"a"}, {"c"}, {"c"}, {"c"}, {}} // what a failed round did not tell is told again
	if len(acks) != len(told) {
		t.Fatalf("acks %v, want %v", acks, told)
	}
	for i := range told {
		if !slices.Equal(acks[i], told[i]) {
			t.Errorf("round %d acknowledged %v, want %v", i, acks[i], told[i])
		}
	}
	if e := requests[1].SetErrs; len(e) != 1 || e["b"].Err != "invalid_key" {
		t.Errorf("round 1 refused %v", e)
	}
}

func TestPollReadsStrictly(t *testing.T) {
	for name, answer := range map[string]string{
		"not JSON": "x", "a list": "[]", "sets that are a list": `{"sets":[]}`, "an event that is no text": `{"sets":{"a":{}}}`,
		"an event twice": `{"sets":{"a":"good","a":"bad"}}`, "21 events": `{"sets":` + many(21) + `}`, "over 512 KiB": `{"sets":{"a":"` + strings.Repeat("x", 512<<10) + `"}}`,
	} {
		t.Run(name, func(t *testing.T) {
			taken := 0
			_, _, failures := poll(t, func(verify.Delivery) verify.Reply { taken++; return verify.Reply{Status: 202} }, answer)
			if failures != 1 || taken != 0 {
				t.Errorf("%d failures, %d events taken; want 1 and 0", failures, taken)
			}
		})
	}
}

func many(n int) string {
	all := map[string]string{}
	for i := range n {
		all[strings.Repeat("a", i+1)] = "good"
	}
	b, err := json.Marshal(all)
	if err != nil {
		return ""
	}
	return string(b)
}

// A polled event passes the same door as a pushed one.
func TestPolledEventsAreJudged(t *testing.T) {
	s, now := source(t), time.Unix(1795312800, 0)
	sets := map[string]string{
		"good": sign(t, keyOf(t, 1), head(), claims("session-revoked", "u-vic", "good", now)),
		"fake": sign(t, keyOf(t, 2), head(), claims("session-revoked", "u-vic", "fake", now)),
	}
	answer, err := json.Marshal(map[string]any{"sets": sets})
	if err != nil {
		t.Fatal(err)
	}
	var kinds []string
	requests, _, _ := poll(t, func(d verify.Delivery) verify.Reply {
		d.At = now
		events, err := s.Parse(t.Context(), d)
		for _, e := range events {
			kinds = append(kinds, e.Kind+" "+e.ID)
		}
		return s.Answer(d, nil, err)
	}, string(answer))
	if !slices.Equal(kinds, []string{verify.SubjectKill + " good"}) || !slices.Equal(requests[1].Ack, []string{"good"}) {
		t.Errorf("taken %v, acknowledged %v", kinds, requests[1].Ack)
	}
	if errs := slices.Collect(maps.Keys(requests[1].SetErrs)); !slices.Equal(errs, []string{"fake"}) || requests[1].SetErrs["fake"].Err != "invalid_key" {
		t.Errorf("refused %v", requests[1].SetErrs)
	}
}

func TestPollerEnds(t *testing.T) {
	p, err := ssf.NewPoller("https://idp.site.test/poll", "", nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	p.Run(ctx, nil, func(context.Context, time.Duration) error { return errors.New("over") }, func(err error) { t.Error(err) })
	if _, err := ssf.NewPoller("idp.site.test", "", nil, nil); err == nil {
		t.Error("an address without a scheme was taken")
	}
}
