package ssf

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"sync"
	"time"

	"github.com/postern-chat/postern/verify"
	"github.com/postern-chat/postern/verify/dial"
)

const (
	perRequest = 5 * time.Second
	retryAfter = 5 * time.Second // an address that failed is not asked again by everybody who waits
)

// Published are the keys at a transmitter's jwks_uri, under the rules of verify.KeyCache. It may be used by many
// goroutines; one fetches, the others wait.
type Published struct {
	url    string
	client *http.Client

	mu     sync.Mutex
	cache  verify.KeyCache
	failed time.Time
}

// NewPublished checks the address; nothing is fetched before the first event. allow are the loopback or private
// prefixes that its name may resolve to; roots nil = the system's.
func NewPublished(address string, allow []netip.Prefix, roots *tls.Config) (*Published, error) {
	client, err := clientFor(address, allow, roots)
	if err != nil {
		return nil, err
	}
	return &Published{url: address, client: client}, nil
}

func clientFor(address string, allow []netip.Prefix, roots *tls.Config) (*http.Client, error) {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.User != nil || u.Fragment != "" || u.Scheme != "https" && u.Scheme != "http" {
		return nil, errors.New("ssf: the address must be an absolute https URL")
	}
	return dial.Client(dial.Options{Allow: allow, Plain: u.Scheme == "http", TLS: roots, Timeout: perRequest}), nil
}

// Find implements Keys.
func (p *Published) Find(ctx context.Context, kid string, now time.Time) (verify.KeySet, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if _, need := p.cache.Look(kid, now); need != verify.KeyFetch {
		return p.cache.Set, nil
	}
	if d := now.Sub(p.failed); d >= 0 && d < retryAfter {
		return nil, verify.Refuse(verify.IDPUnavailable)
	}
	set, cacheControl, err := p.fetch(ctx)
	if err != nil {
		if ctx.Err() == nil {
			p.cache, p.failed = p.cache.Failed(now), now
		}
		return nil, verify.RefuseCause(verify.IDPUnavailable, err)
	}
	p.cache = p.cache.Took(set, cacheControl, now)
	return set, nil
}

func (p *Published) fetch(ctx context.Context) (verify.KeySet, string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, p.url, nil)
	if err != nil {
		return nil, "", errors.New("ssf: not a URL")
	}
	req.Header.Set("Accept", "application/json")
	body, header, err := ask(p.client, req, verify.MaxKeySet)
	if err != nil {
		return nil, "", err
	}
	set, err := verify.ParseProviderKeys(body)
	return set, header.Get("Cache-Control"), err
}

// ask sends a request that must be answered with 200 and at most limit bytes. Errors never hold the address, which
// may hold a secret.
func ask(client *http.Client, req *http.Request, limit int64) ([]byte, http.Header, error) {
	req.Header.Set("User-Agent", "Postern")
	res, err := client.Do(req)
	if err != nil {
		var u *url.Error
		if errors.As(err, &u) {
			err = u.Err
		}
		return nil, nil, err
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(res.Body, limit+1))
	switch {
	case err != nil:
		return nil, nil, err
	case res.StatusCode != http.StatusOK:
		return nil, nil, errors.New("ssf: answered " + http.StatusText(res.StatusCode))
	case int64(len(body)) > limit:
		return nil, nil, errors.New("ssf: the answer is too large")
	}
	return body, res.Header, nil
}
