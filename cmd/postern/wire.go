package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/postern-chat/postern/gateway"
	"github.com/postern-chat/postern/gateway/local"
	"github.com/postern-chat/postern/gateway/mail"
	"github.com/postern-chat/postern/gateway/redis"
	"github.com/postern-chat/postern/gateway/sim"
	"github.com/postern-chat/postern/gateway/sqlstore"
	"github.com/postern-chat/postern/gateway/token"
	"github.com/postern-chat/postern/gateway/web"
	"github.com/postern-chat/postern/kb"
	"github.com/postern-chat/postern/kb/markdown"
	"github.com/postern-chat/postern/verify"
	"github.com/postern-chat/postern/verify/callback"
	"github.com/postern-chat/postern/verify/oidc"
	"github.com/postern-chat/postern/verify/value"
)

// storage is what one SQL engine gives to the cores: one database seen from each side.
type storage struct {
	gateway  gateway.Store
	ledger   verify.Ledger
	articles kb.Store
}

// stores joins the SQL engines. ADD AN ENGINE HERE.
func stores(now func() time.Time) map[string]func(ctx context.Context, c Config) (storage, error) {
	return countedStores(now, nil)
}

// countedStores are stores that tell of every batch of messages.
func countedStores(now func() time.Time, count func(appends int, took time.Duration)) map[string]func(ctx context.Context, c Config) (storage, error) {
	open := func(engine sqlstore.Engine, source func(Config) string) func(context.Context, Config) (storage, error) {
		return func(ctx context.Context, c Config) (storage, error) {
			s, err := sqlstore.Open(ctx, sqlstore.Options{Engine: engine, DataSource: source(c), Rand: rand.Reader, Now: now, OnCommit: count, Hooks: c.hooksByKind()})
			if err != nil {
				return storage{}, err
			}
			return storage{gateway: s, ledger: s.Ledger(), articles: s.Articles()}, nil
		}
	}
	return map[string]func(ctx context.Context, c Config) (storage, error){
		"sqlite":   open(sqlstore.SQLite, func(c Config) string { return filepath.Join(c.Data, "postern.db") }),
		"postgres": open(sqlstore.PostgreSQL, func(c Config) string { return c.DatabaseURL }),
	}
}

// buses joins the buses. ADD A BUS HERE.
func buses(now func() time.Time) map[string]func(ctx context.Context, c Config) (gateway.Bus, error) {
	return map[string]func(ctx context.Context, c Config) (gateway.Bus, error){
		"local": func(context.Context, Config) (gateway.Bus, error) { return local.New(now), nil },
		"redis": func(ctx context.Context, c Config) (gateway.Bus, error) {
			roots, err := c.redisRoots()
			if err != nil {
				return nil, err
			}
			return redis.New(ctx, c.RedisURL, roots, now)
		},
	}
}

// channels joins the ways a ticket's answer leaves. ADD A CHANNEL HERE.
func channels() map[string]func(c Config) gateway.Channel {
	return map[string]func(c Config) gateway.Channel{
		"spool": func(c Config) gateway.Channel { return mail.Spool{Dir: filepath.Join(c.Data, "spool")} },
		"smtp": func(c Config) gateway.Channel {
			addr := net.JoinHostPort(c.SMTP.Host, strconv.Itoa(c.SMTP.Port))
			return mail.SMTP{Addr: addr, User: c.SMTP.User, Password: c.SMTP.Password, Timeout: 30 * time.Second}
		},
	}
}

func pick(given string, other, otherwise string) string {
	if given != "" {
		return other
	}
	return otherwise
}

// openStorage opens the database that the configuration names, and makes the data folder.
func openStorage(ctx context.Context, c Config, now func() time.Time) (storage, error) {
	return openCounted(ctx, c, now, nil)
}

func openCounted(ctx context.Context, c Config, now func() time.Time, count func(appends int, took time.Duration)) (storage, error) {
	if err := os.MkdirAll(c.Data, 0o700); err != nil {
		return storage{}, err
	}
	return countedStores(now, count)[pick(c.DatabaseURL, "postgres", "sqlite")](ctx, c)
}

// join opens the leaves that the configuration names and puts the service together.
func (a *App) join(ctx context.Context, c Config) (err error) {
	a.meter = web.NewMeter()
	if a.store, err = openCounted(ctx, c, a.outside.decides, a.meter.Commit); err != nil {
		return err
	}
	redis.LogTo(a.log, a.outside.now)
	if a.bus, err = buses(a.outside.now)[pick(c.RedisURL, "redis", "local")](ctx, c); err != nil {
		return err
	}
	if a.outside.wrap != nil {
		a.bus = a.outside.wrap(a.bus)
	}
	secret, err := keep(c.SecretFile, filepath.Join(c.Data, "secret"), newSecret)
	if err != nil {
		return err
	}
	tokens := mail.Tokens{Key: secret}
	composer, letters, err := a.writers(c, tokens)
	if err != nil {
		return err
	}
	index := &kb.Index{}
	a.Service = &gateway.Service{
		Store: a.store.gateway, Articles: a.store.articles, Bus: a.bus, Index: index, Markdown: markdown.Parse, Page: markdown.Article, Sniff: http.DetectContentType,
		Composer: composer, Rating: tokens, Continuing: tokens, Letters: letters,
		Mail:  channels()[pick(c.SMTP.Host, "smtp", "spool")](c),
		Leaks: gateway.NewLeakGuard(), Tails: gateway.NewLeakTails(), Rights: gateway.NewRightsMemory(), Clocks: gateway.NewClockMemory(), AtOnce: new(gateway.AtOnceMemory), Outbox: gateway.NewOutbox(),
		Now: a.outside.now, Rand: rand.Reader, Log: a.log, OnJob: a.meter.Job,
	}
	a.secret = secret
	if a.Service.Hooks, err = c.webhooks(a.outside.now); err != nil {
		return err
	}
	if a.Service.Assist, err = c.assist(); err != nil {
		return err
	}
	if err := a.index(ctx); err != nil {
		return err
	}
	return a.gate(ctx, c, secret)
}

// gate puts the proof gate together. Without a readable policy conversations run and changes are off.
func (a *App) gate(ctx context.Context, c Config, secret []byte) error {
	policy, off, err := c.Policy()
	if err != nil {
		return err
	}
	a.Service.Policy = func() (verify.Policy, error) {
		if off != "" {
			return policy, errors.New(off)
		}
		p, err := a.Service.InForce(policy)
		if err != nil {
			return policy, err
		}
		return a.Service.Restrict(p)
	}
	if a.Service.Legacy, err = c.legacySecrets(); err != nil {
		return err
	}
	if a.Service.Sessions, err = c.sessionKeys(); err != nil {
		return err
	}
	if off != "" {
		a.log.Warn("account changes are off", "why", off)
	}
	signer, err := a.signer(c)
	if err != nil {
		return err
	}
	targets, sources, err := c.hosts()
	if err != nil {
		return err
	}
	executor, err := callback.New(targets, a.outside.now, a.outside.pause)
	if err != nil {
		return err
	}
	a.Service.Side, err = c.sideAccess(targets, a.outside, rand.Reader)
	if err != nil {
		return err
	}
	providers, err := c.providers(a.outside)
	if err != nil {
		return err
	}
	a.sources, a.copies = sources, c.copies()
	if a.logKey, err = verify.DeriveLogKey(a.URL.Host+"/log", secret); err != nil {
		return err
	}
	a.Service.Guard = &verify.Guard{
		Ledger: a.store.ledger, Executor: executor, Signer: signer, Policy: a.Service.Policy, Check: value.Check, Unsaid: a.Service.Unsaid,
		Rand: rand.Reader, Providers: providers,
		Secret: secret, Issuer: c.PublicURL, Origin: a.URL.Host + "/log",
	}
	if err := a.endRestored(ctx); err != nil { // before any policy is adopted
		return err
	}
	if off != "" {
		return nil
	}
	if a.outside.demo {
		return a.Service.BeginPolicy(ctx, policy)
	}
	return a.Service.AdoptPolicy(ctx, policy)
}

// hosts makes what the deploy file's hosts and sources need: deliveries out, login events in.
func (c Config) hosts() (map[string]callback.Target, map[string]verify.Source, error) {
	targets, in := map[string]callback.Target{}, map[string]verify.Source{}
	for _, h := range c.Hosts {
		secret, err := c.deliverySecret(h.Name)
		if err != nil {
			return nil, nil, err
		}
		allow, err := prefixes(h.Allow)
		if err != nil {
			return nil, nil, err
		}
		if secret != nil {
			targets[h.Name] = callback.Target{URL: h.DeliveryURL, Secret: secret, Allow: allow}
		}
		for _, s := range c.Sources {
			join := forms()[s.Adapter].make
			if s.Host != h.Name || join == nil {
				continue
			}
			if in[s.Name], err = join(s, h, c.PublicURL); err != nil {
				return nil, nil, fmt.Errorf("source %s: %w", s.Name, err)
			}
		}
	}
	return targets, in, nil
}

// providers makes the OpenID providers of the deploy file, by name of their source.
func (c Config) providers(o outside) (map[string]verify.Provider, error) {
	out := map[string]verify.Provider{}
	for _, s := range c.Sources {
		if s.Adapter != verify.AdapterOIDC {
			continue
		}
		key, secret, err := s.credentials()
		if err != nil {
			return nil, err
		}
		allow, err := prefixes(s.Allow)
		if err != nil {
			return nil, err
		}
		p, err := oidc.New(oidc.Config{
			Issuer: s.Issuer, Client: s.ClientID, Redirect: c.PublicURL + web.CallbackPath, Key: key, Secret: secret, Strong: s.Strong,
			Allow: allow, Now: o.now, Rand: rand.Reader,
		})
		if err != nil {
			return nil, fmt.Errorf("source %s: %w", s.Name, err)
		}
		out[s.Name] = p
	}
	return out, nil
}

// pause waits, or returns early when ctx ends.
func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

func prefixes(list []string) ([]netip.Prefix, error) {
	var out []netip.Prefix
	for _, s := range list {
		p, err := netip.ParsePrefix(s)
		if err != nil {
			ip, e := netip.ParseAddr(s)
			if e != nil {
				return nil, err
			}
			p = netip.PrefixFrom(ip, ip.BitLen())
		}
		out = append(out, p)
	}
	return out, nil
}

// serve puts the listener's handlers together.
func (a *App) serve(ctx context.Context, c Config, node string, assets fs.FS) (*web.Server, error) {
	trusted, err := prefixes(c.TrustedProxies)
	if err != nil {
		return nil, err
	}
	scrapers, err := prefixes(c.MetricsAllow)
	if err != nil {
		return nil, err
	}
	sign, err := c.signEvent()
	if err != nil {
		return nil, err
	}
	spool := filepath.Join(c.Data, "spool")
	if !a.outside.demo {
		spool = "" // other people's letters
		if c.SMTP.Host == "" {
			a.log.Warn("no smart host is configured: mails stay in the folder spool of the data folder")
		}
	}
	passkeys, err := a.passkeys()
	if err != nil {
		return nil, err
	}
	pages, err := helpPages()
	if err != nil {
		return nil, err
	}
	return web.New(ctx, web.Options{
		Passkeys: passkeys, Help: pages,
		Service: a.Service, Passes: token.Passes{Secret: a.secret}, Passwords: token.Passwords{Rand: rand.Reader},
		PublicURL: a.URL, Node: node, Log: a.log, Trusted: trusted, Assets: assets, Sources: a.sources,
		Keys: a.keys, Popups: popups(c), Limits: walls(c.Limits), SpoolDir: spool, SmartHost: c.SMTP.Host != "",
		Metrics: web.MetricsAccess{Allow: scrapers, Token: c.MetricsToken}, Meter: a.meter,
		Staff:     func(q gateway.Staffing) gateway.Staffed { return sim.Staff(q, 1) },
		SignEvent: sign, Checkpoint: a.checkpoint, Bundle: a.bundle, Ready: a.ready,
	})
}

// passkeys is nil where browsers give none: at an address without a host name. Then nothing sensitive is offered.
func (a *App) passkeys() (web.Passkeys, error) {
	p, err := token.NewPasskeys(a.URL, rand.Reader)
	switch {
	case gateway.CodeOf(err) == "invalid":
		a.log.Warn("public_url has no host name: browsers give it no passkeys, so nothing sensitive can be offered")
		return nil, nil
	case err != nil:
		return nil, err
	}
	return p, nil
}

func walls(l Limits) web.Limits {
	return web.Limits{
		Sockets: l.Connections, SocketsPerAddress: l.ConnectionsPerAddress, Commands: float64(l.Commands),
		FileBytes: int64(l.FileBytes), Memory: int64(l.Memory),
	}
}

// popups are the hosts whose entry allows a login in a window of its own.
func popups(c Config) map[string]bool {
	out := map[string]bool{}
	for _, h := range c.Hosts {
		out[h.Name] = h.Popup
	}
	return out
}

// keep reads the configured file, or its default, which it makes at the first start.
func keep(configured, preset string, fresh func() ([]byte, error)) ([]byte, error) {
	if configured != "" {
		return os.ReadFile(configured)
	}
	b, err := os.ReadFile(preset)
	if !errors.Is(err, fs.ErrNotExist) {
		return b, err
	}
	if b, err = fresh(); err != nil {
		return nil, err
	}
	return b, os.WriteFile(preset, b, 0o600)
}

func newSecret() ([]byte, error) {
	b := make([]byte, 32)
	if _, err := rand.Read(b); err != nil {
		return nil, err
	}
	return []byte(base64.RawURLEncoding.EncodeToString(b)), nil
}

func newSigningKey() ([]byte, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), nil
}
