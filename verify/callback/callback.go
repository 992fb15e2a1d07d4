// Package callback delivers receipts to the host's backend over HTTP (proof-gate.md §3.9 "Delivery").
//
// It posts to the one pinned URL of each host, signed as a Standard Webhook, never follows a redirect, uses
// no proxy, and its dialer refuses every loopback, private or link-local address that the host entry does
// not allow: at the moment of dialling, so a name that changes its address gains nothing.
package callback

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/netip"
	"net/url"
	"time"

	"github.com/postern-chat/postern/verify"
	"github.com/postern-chat/postern/verify/dial"
)

const (
	perAttempt = 5 * time.Second
	maxAnswer  = 16 << 10
)

// Target is where one host takes its deliveries.
type Target struct {
	URL    string         // https, or http to a loopback address that Allow contains
	Secret verify.Secret  // the newest of its source
	Allow  []netip.Prefix // loopback or private prefixes that the URL may resolve to
	TLS    *tls.Config    // nil = the system's roots; the minimum version is 1.2 in any case
}

// Executor implements verify.Executor.
type Executor struct {
	targets map[string]target
	now     func() time.Time
	wait    func(ctx context.Context, d time.Duration) error
	pauses  []time.Duration
}

type target struct {
	Target
	client *http.Client
}

// New checks the targets, by name of host entry. now stamps the signature; wait pauses between the three
// attempts (30 s and 75 s: the third ends inside the receipt's 120 s) and returns early when ctx ends.
func New(targets map[string]Target, now func() time.Time, wait func(context.Context, time.Duration) error) (*Executor, error) {
	e := &Executor{targets: map[string]target{}, now: now, wait: wait, pauses: []time.Duration{0, 30 * time.Second, 75 * time.Second}}
	for name, t := range targets {
		u, err := url.Parse(t.URL)
		if err != nil || u.Host == "" || u.User != nil || u.Fragment != "" || u.Scheme != "https" && u.Scheme != "http" {
			return nil, fmt.Errorf("callback: host %s: the delivery URL must be absolute https", name)
		}
		if len(t.Secret) == 0 {
			return nil, fmt.Errorf("callback: host %s: the secret is missing", name)
		}
		e.targets[name] = target{Target: t, client: dial.Client(dial.Options{Allow: t.Allow, Plain: u.Scheme == "http", TLS: t.TLS, Timeout: perAttempt})}
	}
	return e, nil
}

// Wait is the pause of a running process.
func Wait(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

// Announce implements verify.Executor: up to three attempts within the minute that a proven change has.
func (e *Executor) Announce(ctx context.Context, d verify.Dispatch) (verify.Answer, error) {
	return e.send(ctx, d, []time.Duration{0, 10 * time.Second, 20 * time.Second})
}

// Apply implements verify.Executor: up to three attempts with the same body.
func (e *Executor) Apply(ctx context.Context, d verify.Dispatch) (verify.Answer, error) {
	return e.send(ctx, d, e.pauses)
}

// Settle implements verify.Executor: one attempt; the caller asks again.
func (e *Executor) Settle(ctx context.Context, d verify.Dispatch) (verify.Answer, error) {
	return e.send(ctx, d, e.pauses[:1])
}

// Notify implements verify.Executor: any 2xx will do.
func (e *Executor) Notify(ctx context.Context, d verify.Dispatch) error {
	_, err := e.send(ctx, d, e.pauses[:1])
	return err
}

// message is the body of a delivery.
type message struct {
	Type         string           `json:"type"`
	Notice       string           `json:"notice,omitempty"`
	Claimed      string           `json:"claimed,omitempty"`
	Link         string           `json:"link,omitempty"`
	Challenge    string           `json:"challenge"`
	Conversation string           `json:"conversation"`
	Change       *verify.Change   `json:"change,omitempty"`
	Sub          string           `json:"sub,omitempty"`
	Commit       string           `json:"commit"`
	T0           int64            `json:"t0,omitempty"`
	Evidence     *verify.Evidence `json:"evidence,omitempty"`
	Receipt      string           `json:"receipt,omitempty"`
}

// bodyOf says only what each type needs: a settle carries nothing that could be applied.
func bodyOf(d verify.Dispatch) ([]byte, error) {
	m := message{Type: d.Type, Notice: d.Notice, Claimed: d.Claimed, Link: d.Link, Challenge: d.Challenge, Conversation: d.Conversation, Commit: d.Commit}
	switch d.Type {
	case "change.apply", "change.announce":
		m.Change, m.Sub, m.T0, m.Evidence, m.Receipt = &d.Change, d.Subject, d.T0, &d.Evidence, d.Receipt
	case "owner.notice":
		m.Sub = d.Subject
	}
	return json.Marshal(m)
}

func (e *Executor) send(ctx context.Context, d verify.Dispatch, pauses []time.Duration) (verify.Answer, error) {
	t, ok := e.targets[d.Host]
	if !ok {
		return verify.Answer{}, &verify.NotReached{Err: errors.New("callback: unknown host")}
	}
	body, err := bodyOf(d)
	if err != nil {
		return verify.Answer{}, err
	}
	arrived := false
	for _, p := range pauses {
		if err = e.wait(ctx, p); err != nil {
			break
		}
		var a verify.Answer
		var reached bool
		a, reached, err = e.attempt(ctx, t, d.Type == "change.announce", d.ID, body)
		if err == nil {
			return a, nil
		}
		arrived = arrived || reached
	}
	if !arrived {
		return verify.Answer{}, &verify.NotReached{Err: err}
	}
	return verify.Answer{}, err
}

// attempt posts once. reached tells whether a connection stood, so that the request may have arrived.
func (e *Executor) attempt(ctx context.Context, t target, announce bool, id string, body []byte) (a verify.Answer, reached bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, perAttempt)
	defer cancel()
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { reached = true }})
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, t.URL, bytes.NewReader(body))
	if err != nil {
		return verify.Answer{}, false, errors.New("callback: the request could not be made")
	}
	req.GetBody = nil // one connection, one try: the transport must not repeat it by itself
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "Postern")
	verify.SignHook(req.Header, t.Secret, id, e.now(), body)
	res, err := t.client.Do(req)
	if err != nil {
		return verify.Answer{}, reached, errors.New("callback: no answer: " + short(err))
	}
	defer res.Body.Close()
	text, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer+1))
	if err != nil || len(text) > maxAnswer {
		return verify.Answer{}, true, errors.New("callback: the answer is broken or over 16 KiB")
	}
	if announce {
		a, err = announced(res.StatusCode, text)
	} else {
		a, err = answer(res.StatusCode, text)
	}
	return a, true, err
}

// short is the inner cause of a client error: without the URL, which may hold more than a log should.
func short(err error) string {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err.Error()
	}
	return err.Error()
}

// answer reads what the backend said. Only what the contract knows is a final answer; all else may be an
// accident after the fact, so it is an error and will be asked for.
func answer(status int, text []byte) (verify.Answer, error) {
	switch {
	case status == http.StatusOK:
		return applied(text)
	case status == http.StatusAccepted, status == http.StatusNoContent:
		return verify.Answer{Result: verify.ResultPending}, nil
	case status >= 300 && status < 400:
		return verify.Answer{Result: verify.ResultRefused, Reason: verify.BackendRedirect}, nil
	case status >= 400 && status < 500 && status != http.StatusTooManyRequests && status != http.StatusRequestTimeout:
		return verify.Answer{Result: verify.ResultRefused, Reason: refusal(text)}, nil
	}
	return verify.Answer{}, fmt.Errorf("callback: the backend answered %d", status)
}

// announced reads what the backend said of an announcement: only 200 means that the owner is told. A backend that
// does not know the type (204) has told nobody.
func announced(status int, text []byte) (verify.Answer, error) {
	switch status {
	case http.StatusOK:
	case http.StatusAccepted, http.StatusNoContent:
		return verify.Answer{Result: verify.ResultRefused, Reason: verify.BackendRefused}, nil
	default:
		return answer(status, text)
	}
	o, err := verify.ReadObject(text, maxAnswer)
	if err != nil {
		return verify.Answer{}, errors.New("callback: the answer is not one JSON object")
	}
	a := verify.Answer{Result: verify.ResultAnnounced}
	if o.Has("not_before") {
		if a.NotBefore, err = o.Int("not_before"); err != nil {
			return verify.Answer{}, errors.New("callback: not_before is no integer")
		}
	}
	return a, nil
}

func applied(text []byte) (verify.Answer, error) {
	o, err := verify.ReadObject(text, maxAnswer)
	if err != nil {
		return verify.Answer{}, errors.New("callback: the answer is not one JSON object")
	}
	a := verify.Answer{}
	if a.Result, err = o.String("result"); err != nil {
		return verify.Answer{}, errors.New("callback: the answer has no result")
	}
	if o.Has("version") {
		a.Version, _ = o.String("version")
	}
	a.Facts = verify.FactsOf(o)
	switch a.Result {
	case verify.ResultApplied, verify.ResultUnknown, verify.ResultPending:
		return a, nil
	case verify.ResultRefused, "failed":
		return verify.Answer{Result: verify.ResultRefused, Reason: refusal(text)}, nil
	}
	return verify.Answer{}, errors.New("callback: an unknown result")
}

// refusal is the backend's code if it looks like one: words of a backend never reach a screen or a log.
func refusal(text []byte) verify.Reason {
	o, err := verify.ReadObject(text, maxAnswer)
	if err != nil {
		return verify.BackendRefused
	}
	code, err := o.String("code")
	if err != nil || code == "" || verify.Reason(code).Code() == "internal" {
		return verify.BackendRefused
	}
	return verify.Reason(code)
}
