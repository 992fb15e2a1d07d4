package main

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/BurntSushi/toml"

	"github.com/postern-chat/postern/verify"
	"github.com/postern-chat/postern/verify/dial"
	"github.com/postern-chat/postern/verify/oidc"
	"github.com/postern-chat/postern/verify/receipt"
)

// enforcerWait is how long the gateway's keys or the API may take: less than the gateway waits for us.
const enforcerWait = 4 * time.Second

// EnforcerConfig is the file of 'postern enforcer'. deploy/ENFORCER.md explains it.
type EnforcerConfig struct {
	Listen       string           `toml:"listen"`
	Gateway      string           `toml:"gateway"` // its public_url
	GatewayAllow []string         `toml:"gateway_allow"`
	Audience     string           `toml:"audience"`
	OwnKeyFile   string           `toml:"own_key_file"` // base64url; absent = witnesses are refused
	Data         string           `toml:"data"`
	Upstream     string           `toml:"upstream"` // scheme and host of the API
	Allow        []string         `toml:"allow"`    // loopback or private prefixes that it may resolve to
	TokenFile    string           `toml:"token_file"`
	Providers    []SignerProvider `toml:"provider"`
	Rules        []EnforcerRule   `toml:"rule"`
}

// EnforcerRule is what one kind does at the API.
type EnforcerRule struct {
	Kind    string `toml:"kind"`
	Method  string `toml:"method"`
	Path    string `toml:"path"`
	Body    string `toml:"body"`
	Minimum string `toml:"minimum"`
}

func readEnforcerConfig(path string) (c EnforcerConfig, err error) {
	meta, err := toml.DecodeFile(path, &c)
	if err != nil {
		return c, err
	}
	var bad []error
	for _, k := range meta.Undecoded() {
		bad = append(bad, fmt.Errorf("unknown key %s", k))
	}
	up, err := url.Parse(c.Upstream)
	for _, x := range []struct {
		name  string
		wrong bool
	}{
		{"listen", c.Listen == ""},
		{"gateway", checkPublicURL(c.Gateway) != nil},
		{"audience", c.Audience == ""},
		{"data", c.Data == ""},
		{"upstream", err != nil || up.Host == "" || up.Path != "" || up.RawQuery != "" || up.User != nil || up.Scheme != "http" && up.Scheme != "https"},
	} {
		if x.wrong {
			bad = append(bad, fmt.Errorf("%s: is missing or wrong", x.name))
		}
	}
	return c, errors.Join(bad...)
}

// gatewayKeys fetches what the gateway publishes, at most every five minutes, as its Cache-Control says.
type gatewayKeys struct {
	url    string
	client *http.Client
	now    func() time.Time

	mu  sync.Mutex
	set verify.KeySet
	at  time.Time
}

func (g *gatewayKeys) get(ctx context.Context) (verify.KeySet, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if age := g.now().Sub(g.at); g.set != nil && age >= 0 && age < 5*time.Minute {
		return g.set, nil
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, g.url, nil)
	if err != nil {
		return nil, err
	}
	res, err := g.client.Do(req)
	if err != nil {
		return nil, err
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(io.LimitReader(res.Body, verify.MaxKeySet+1))
	if err != nil || res.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("the gateway's keys: status %d, %w", res.StatusCode, err)
	}
	set, err := verify.ParseKeySet(text)
	if err == nil {
		g.set, g.at = set, g.now()
	}
	return set, err
}

func (c EnforcerConfig) rules() (out []receipt.Rule) {
	for _, r := range c.Rules {
		out = append(out, receipt.Rule{Kind: r.Kind, Method: r.Method, Path: r.Path, Body: r.Body, Minimum: verify.Level(r.Minimum)})
	}
	return out
}

// newEnforcer joins what the file names. Its journal is closed by the caller.
func newEnforcer(c EnforcerConfig, now func() time.Time, log *slog.Logger) (*receipt.Enforcer, *journal, error) {
	e := &receipt.Enforcer{Now: now, Log: log, Rules: c.rules()}
	if err := e.Check(); err != nil {
		return nil, nil, err
	}
	own, err := optionalFile(c.OwnKeyFile)
	if err != nil {
		return nil, nil, err
	}
	key, err := base64.RawURLEncoding.DecodeString(own)
	if err != nil || own != "" && len(key) < 32 {
		return nil, nil, errors.New("own_key_file: must hold at least 32 bytes in base64url")
	}
	if e.Token, err = optionalFile(c.TokenFile); err != nil {
		return nil, nil, err
	}
	if e.Upstream, err = url.Parse(c.Upstream); err != nil {
		return nil, nil, err
	}
	if e.Client, err = clientFor(c.Upstream, c.Allow); err != nil {
		return nil, nil, err
	}
	if e.Checker, err = c.checker(key, now); err != nil {
		return nil, nil, err
	}
	if err := os.MkdirAll(c.Data, 0o700); err != nil {
		return nil, nil, err
	}
	j, err := openJournal(filepath.Join(c.Data, "burned.jsonl"))
	e.Burns = j
	return e, j, err
}

// checker is the receipt check with the gateway's and the providers' keys of the moment.
func (c EnforcerConfig) checker(own []byte, now func() time.Time) (func(context.Context) (receipt.Checker, error), error) {
	client, err := clientFor(c.Gateway, c.GatewayAllow)
	if err != nil {
		return nil, err
	}
	gateway := &gatewayKeys{url: c.Gateway + "/.well-known/postern.json", client: client, now: now}
	type pinned struct {
		verify.Relying
		keys func(context.Context) (verify.KeySet, error)
	}
	var idps []pinned
	for _, p := range c.Providers {
		allow, err := prefixes(p.Allow)
		if err != nil {
			return nil, err
		}
		idp, err := oidc.Pinned(oidc.Config{Issuer: p.Issuer, Client: p.Client, Allow: allow, Now: now, Rand: rand.Reader})
		if err != nil {
			return nil, err
		}
		idps = append(idps, pinned{verify.Relying{Issuer: p.Issuer, Client: p.Client, Strong: p.Strong, Skew: p.Skew}, idp.KeysNow})
	}
	return func(ctx context.Context) (receipt.Checker, error) {
		keys, err := gateway.get(ctx)
		k := receipt.Checker{Gateway: c.Gateway, Audience: c.Audience, Keys: keys, OwnKey: own}
		for _, p := range idps {
			set, e := p.keys(ctx)
			if e == nil { // without keys the provider's tokens are refused, others' are not
				k.IDPs = append(k.IDPs, receipt.IDP{Relying: p.Relying, Keys: set})
			}
		}
		return k, err
	}, nil
}

func clientFor(address string, allow []string) (*http.Client, error) {
	list, err := prefixes(allow)
	return dial.Client(dial.Options{Allow: list, Plain: strings.HasPrefix(address, "http:"), Timeout: enforcerWait}), err
}

func optionalFile(path string) (string, error) {
	if path == "" {
		return "", nil
	}
	text, err := os.ReadFile(path)
	return strings.TrimSpace(string(text)), err
}

// runEnforcer is 'postern enforcer --config FILE'.
func runEnforcer(ctx context.Context, c call) int {
	path, ok := c.ownFile("enforcer")
	if !ok {
		return exitUsage
	}
	conf, err := readEnforcerConfig(path)
	if err == nil {
		err = enforceUntil(ctx, conf, logger(c.err, "info"), c.out)
	}
	if err != nil {
		fmt.Fprintln(c.err, "postern:", err)
		return exitFailed
	}
	return exitOK
}

// enforceUntil serves until ctx ends, then lets requests finish.
func enforceUntil(ctx context.Context, c EnforcerConfig, log *slog.Logger, out io.Writer) (err error) {
	e, j, err := newEnforcer(c, time.Now, log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, j.Close()) }()
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", c.Listen)
	if err != nil {
		return err
	}
	server := enforcerServer(e)
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(l) }()
	fmt.Fprintln(out, "Postern enforcer is at", l.Addr())
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*enforcerWait)
	defer cancel()
	return server.Shutdown(last)
}

func enforcerServer(e *receipt.Enforcer) *http.Server {
	return &http.Server{
		Handler: e, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second, WriteTimeout: 20 * time.Second, IdleTimeout: time.Minute,
		MaxHeaderBytes: 16 << 10, DisableGeneralOptionsHandler: true, ErrorLog: slog.NewLogLogger(e.Log.Handler(), slog.LevelWarn),
	}
}
