// Package notify tells endpoints outside of events by webhooks (product.md P127).
//
// It posts to the URLs of the deploy file only, signed as a Standard Webhook, one connection for each request, without
// redirects and proxies. Its dialer refuses every loopback, private or link-local address that the endpoint's entry does
// not allow, at the moment of dialling. What is told to whom is decided in gateway/hook.go.
package notify

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"time"

	"github.com/postern-chat/postern/gateway"
	"github.com/postern-chat/postern/verify"
	"github.com/postern-chat/postern/verify/dial"
)

const (
	perTry    = 5 * time.Second
	maxAnswer = 4 << 10 // bytes that are read of an answer; nothing of it is kept
)

// Endpoint is where one receiver takes webhooks. Hook.Host is filled in by New.
type Endpoint struct {
	gateway.Hook
	URL     string          // https, or http to a loopback address that Allow contains
	Secrets []verify.Secret // newest first, at most two while they change: each signs
	Allow   []netip.Prefix  // loopback or private prefixes that the URL may resolve to
	TLS     *tls.Config     // nil = the system's roots; the minimum version is 1.2 in any case
}

// Webhooks implements gateway.Hooks.
type Webhooks struct {
	list []endpoint
	now  func() time.Time
}

type endpoint struct {
	Endpoint
	client *http.Client
}

// New checks the endpoints. now stamps the signatures.
func New(list []Endpoint, now func() time.Time) (*Webhooks, error) {
	w := &Webhooks{now: now}
	for _, e := range list {
		u, err := url.Parse(e.URL)
		if err != nil || u.Host == "" || u.User != nil || u.Fragment != "" || u.Scheme != "https" && u.Scheme != "http" {
			return nil, fmt.Errorf("notify: webhook %s: the URL must be absolute https", e.Name)
		}
		if len(e.Secrets) == 0 {
			return nil, fmt.Errorf("notify: webhook %s: the secret is missing", e.Name)
		}
		e.Host = u.Host
		client := dial.Client(dial.Options{Allow: e.Allow, Plain: u.Scheme == "http", TLS: e.TLS, Timeout: perTry})
		w.list = append(w.list, endpoint{e, client})
	}
	return w, nil
}

// Endpoints implements gateway.Hooks.
func (w *Webhooks) Endpoints() []gateway.Hook {
	out := make([]gateway.Hook, 0, len(w.list))
	for _, e := range w.list {
		out = append(out, e.Hook)
	}
	return out
}

// Post implements gateway.Hooks: one try. Any 2xx is success; 410 says that the receiver wants no more of it.
func (w *Webhooks) Post(ctx context.Context, to, id string, body []byte) (status int, err error) {
	for _, e := range w.list {
		if e.Name == to {
			return e.post(ctx, id, w.now(), body)
		}
	}
	return 0, gateway.NotFound()
}

func (e endpoint) post(ctx context.Context, id string, now time.Time, body []byte) (status int, err error) {
	ctx, cancel := context.WithTimeout(ctx, perTry)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, e.URL, bytes.NewReader(body))
	if err != nil {
		return 0, gateway.Unavailable("webhook", errors.New("notify: the request could not be made"))
	}
	req.GetBody = nil // one connection, one try: the transport must not repeat it by itself
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "Postern")
	e.sign(req.Header, id, now, body)
	res, err := e.client.Do(req)
	if err != nil {
		return 0, gateway.Unavailable("webhook", errors.New("notify: no answer: "+short(err)))
	}
	defer func() { _ = res.Body.Close() }()
	_, _ = io.Copy(io.Discard, io.LimitReader(res.Body, maxAnswer)) // whatever it says, the status counts
	switch {
	case res.StatusCode >= 200 && res.StatusCode < 300:
		return res.StatusCode, nil
	case res.StatusCode == http.StatusGone:
		return res.StatusCode, gateway.Gone()
	}
	return res.StatusCode, gateway.Unavailable("webhook", fmt.Errorf("notify: the endpoint answered %d", res.StatusCode))
}

// sign writes a signature for each secret: a receiver that knows one of them believes it.
func (e endpoint) sign(h http.Header, id string, now time.Time, body []byte) {
	const header = "webhook-signature"
	all := ""
	for _, s := range e.Secrets {
		verify.SignHook(h, s, id, now, body)
		if all != "" {
			all += " "
		}
		all += h.Get(header)
	}
	h.Set(header, all)
}

// short is the inner cause of a client error: without the URL, which may hold more than a log should.
func short(err error) string {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err.Error()
	}
	return err.Error()
}
