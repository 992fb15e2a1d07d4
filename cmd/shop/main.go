// Command shop runs the demo shop alone, beside a gateway that runs elsewhere; `postern demo` runs both in one
// process. Keys of its own are made in the data folder at the first start.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/postern-chat/postern/cmd/shop/site"
	"github.com/postern-chat/postern/verify"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := run(ctx, os.Args[1:], os.Getenv, os.Stdout)
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "shop:", err)
		os.Exit(1)
	}
}

// options are the flags; each is also a variable: --secret-file is SHOP_SECRET_FILE.
type options struct {
	listen, data, url, gateway, audience, source, mailbox, secretFile, passwordFile string
}

func (o *options) parse(args []string, env func(string) string) error {
	f := flag.NewFlagSet("shop", flag.ContinueOnError)
	for _, x := range []struct {
		to                *string
		name, preset, doc string
	}{
		{&o.listen, "listen", "127.0.0.1:8090", "Address and port of the shop."},
		{&o.data, "data", "./shop-data", "Folder for the database, the keys and the mail that the shop writes."},
		{&o.url, "url", "http://127.0.0.1:8090", "How browsers reach the shop: scheme, host, port."},
		{&o.gateway, "gateway", "http://localhost:8080", "The gateway's public_url."},
		{&o.audience, "audience", "", "The audience of the gateway's host entry; empty = url."},
		{&o.source, "source", "shop", "The name of the gateway's source of login events."},
		{&o.mailbox, "mailbox", "orders", "Slug of the mailbox that most pages speak to."},
		{&o.secretFile, "secret-file", "", "The source's secrets file (whsec_ lines); the first one is used. Needed."},
		{&o.passwordFile, "seed-password-file", "", "File with a password: two customers are made with it. Empty = none."},
	} {
		preset := x.preset
		if v := env("SHOP_" + strings.ToUpper(strings.ReplaceAll(x.name, "-", "_"))); v != "" {
			preset = v
		}
		f.StringVar(x.to, x.name, preset, x.doc)
	}
	return f.Parse(args)
}

// run serves until ctx ends, then lets requests finish for five seconds.
func run(ctx context.Context, args []string, env func(string) string, out io.Writer) error {
	var o options
	if err := o.parse(args, env); err != nil {
		return err
	}
	c, err := o.config()
	if err != nil {
		return err
	}
	c.Log = slog.New(slog.NewTextHandler(out, nil))
	s, err := site.Open(ctx, c)
	if err != nil {
		return err
	}
	defer func() { _ = s.Close() }()
	if err := o.seed(ctx, s); err != nil {
		return err
	}
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", o.listen)
	if err != nil {
		return err
	}
	server := &http.Server{Handler: s.Handler(), ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 30 * time.Second, WriteTimeout: 60 * time.Second, IdleTimeout: 2 * time.Minute}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(l) }()
	c.Log.Info("the shop is open", "url", o.url, "gateway", o.gateway)
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	return server.Shutdown(last)
}

func (o options) config() (c site.Config, err error) {
	text, err := os.ReadFile(o.secretFile)
	if err != nil {
		return c, fmt.Errorf("--secret-file: %w", err)
	}
	secrets, err := verify.ParseSecrets(string(text))
	if err != nil {
		return c, err
	}
	c = site.Config{Data: o.data, URL: o.url, Gateway: o.gateway, Audience: o.audience, Source: o.source, Mailbox: o.mailbox, EventSecret: secrets[0]}
	if c.OwnKey, err = ownKey(o.data); err != nil {
		return c, err
	}
	c.SessionKey, err = sessionKey(o.data)
	return c, err
}

func (o options) seed(ctx context.Context, s *site.Site) error {
	if o.passwordFile == "" {
		return nil
	}
	text, err := os.ReadFile(o.passwordFile)
	if err != nil {
		return err
	}
	return s.SeedCustomers(ctx, strings.TrimSpace(string(text)))
}
