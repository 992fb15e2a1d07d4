package main

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
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
	"github.com/postern-chat/postern/gateway/sqlstore"
	"github.com/postern-chat/postern/gateway/token"
	"github.com/postern-chat/postern/gateway/web"
	"github.com/postern-chat/postern/kb"
	"github.com/postern-chat/postern/kb/markdown"
	"github.com/postern-chat/postern/verify"
)

// stores joins the SQL engines. ADD AN ENGINE HERE.
func stores() map[string]func(ctx context.Context, c Config) (gateway.Store, error) {
	open := func(engine sqlstore.Engine, source func(Config) string) func(context.Context, Config) (gateway.Store, error) {
		return func(ctx context.Context, c Config) (gateway.Store, error) {
			return sqlstore.Open(ctx, sqlstore.Options{Engine: engine, DataSource: source(c), Rand: rand.Reader, Now: time.Now})
		}
	}
	return map[string]func(ctx context.Context, c Config) (gateway.Store, error){
		"sqlite":   open(sqlstore.SQLite, func(c Config) string { return filepath.Join(c.Data, "postern.db") }),
		"postgres": open(sqlstore.PostgreSQL, func(c Config) string { return c.DatabaseURL }),
	}
}

// buses joins the buses. ADD A BUS HERE.
func buses() map[string]func(ctx context.Context, c Config) (gateway.Bus, error) {
	return map[string]func(ctx context.Context, c Config) (gateway.Bus, error){
		"local": func(context.Context, Config) (gateway.Bus, error) { return local.New(time.Now), nil },
		"redis": func(ctx context.Context, c Config) (gateway.Bus, error) { return redis.New(ctx, c.RedisURL, time.Now) },
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

// join opens the leaves that the configuration names and puts the service together.
func (a *App) join(ctx context.Context, c Config) (err error) {
	if err := os.MkdirAll(c.Data, 0o700); err != nil {
		return err
	}
	if a.store, err = stores()[pick(c.DatabaseURL, "postgres", "sqlite")](ctx, c); err != nil {
		return err
	}
	if a.bus, err = buses()[pick(c.RedisURL, "redis", "local")](ctx, c); err != nil {
		return err
	}
	secret, err := keep(c.SecretFile, filepath.Join(c.Data, "secret"), newSecret)
	if err != nil {
		return err
	}
	index := &kb.Index{}
	a.Service = &gateway.Service{
		Store: a.store, Bus: a.bus, Index: index, Markdown: markdown.Parse, Sniff: http.DetectContentType,
		Composer: mail.Composer{Tokens: mail.Tokens{Key: secret}, Domain: a.URL.Hostname()},
		Mail:     channels()[pick(c.SMTP.Host, "smtp", "spool")](c),
		Now:      time.Now, Rand: rand.Reader, Log: a.log,
	}
	a.Service.Policy = func() (verify.Policy, error) { return verify.Policy{}, verify.Refuse(verify.PolicyUnavailable) }
	a.secret = secret
	return nil
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
	return web.New(ctx, web.Options{
		Service: a.Service, Passes: token.Passes{Secret: a.secret}, Passwords: token.Passwords{Rand: rand.Reader},
		PublicURL: a.URL, Node: node, Log: a.log, Trusted: trusted, Assets: assets, SpoolDir: filepath.Join(c.Data, "spool"),
	})
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
