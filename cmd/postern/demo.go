package main

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"encoding/base64"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"time"

	shopsite "github.com/postern-chat/postern/cmd/shop/site"
	"github.com/postern-chat/postern/gateway/web"
	"github.com/postern-chat/postern/verify"
)

// Names of the demo that stand in its files and database; ports and origins are written anew at each start.
const (
	demoHost     = "shop"
	demoProvider = "shop-login"
	demoClient   = "postern"
	demoAudience = "https://accounts.shop.example"
	demoPassword = "postern-demo"
	demoTries    = 100 // ports tried after the asked one
)

// demo is the gateway and the shop in one process, on loopback only.
type demo struct {
	data    string
	model   string // base URL of a language model's server, "" = none
	login   bool   // plain changes are confirmed by a login at the shop as an OpenID provider
	app     *App
	shop    *shopsite.Site
	server  *http.Server
	shopURL string
	keys    demoKeys
	failed  chan error
}

// demoKeys are the secrets of the shop's side. The gateway reads only the event secret and the public session key.
type demoKeys struct {
	event, own, client []byte
	session, provider  *ecdsa.PrivateKey
}

// runDemo is 'postern demo': everything with sample data, until a signal.
func runDemo(ctx context.Context, c call) int {
	flags := flag.NewFlagSet("postern demo", flag.ContinueOnError)
	flags.SetOutput(c.err)
	data := flags.String("data", ".demo", "Folder for everything the demo keeps; delete it to begin anew.")
	port := flags.Int("port", 8080, "Port of the gateway; the next free one when it is taken; 0 = any.")
	shopPort := flags.Int("shop-port", 8090, "Port of the shop; the next free one when it is taken; 0 = any.")
	provider := flags.Bool("provider", false, "The shop is an OpenID provider too: plain changes are confirmed by a login there, on the gateway's page.")
	model := flags.String("model", "", "Base URL of an OpenAI-compatible server on this machine (http://127.0.0.1:PORT/v1): it drafts and answers where an admin switches it on.")
	if err := flags.Parse(c.args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return exitOK
		}
		return exitUsage
	}
	if flags.NArg() > 0 {
		return usage(c.err, nil, flags.Args())
	}
	d, err := startDemo(ctx, &demo{data: *data, login: *provider, model: *model}, *port, *shopPort, c.err)
	if err != nil {
		fmt.Fprintln(c.err, "postern:", err)
		return exitFailed
	}
	d.greet(c.out)
	code := exitOK
	select {
	case <-ctx.Done():
		fmt.Fprintln(c.out, "\nStopping …")
	case err := <-d.app.Failed():
		fmt.Fprintln(c.err, "postern: the gateway's listener ended:", err)
		code = exitFailed
	case err := <-d.failed:
		fmt.Fprintln(c.err, "postern: the shop's listener ended:", err)
		code = exitFailed
	}
	if err := d.close(context.WithoutCancel(ctx)); err != nil {
		fmt.Fprintln(c.err, "postern:", err)
		return exitFailed
	}
	return code
}

// startDemo takes the ports, writes the files, starts both and seeds what is missing.
func startDemo(ctx context.Context, d *demo, port, shopPort int, log io.Writer) (_ *demo, err error) {
	d.failed = make(chan error, 1)
	var gate, shop net.Listener
	defer func() {
		if err == nil {
			return
		}
		for _, l := range []net.Listener{gate, shop} {
			if l != nil {
				_ = l.Close()
			}
		}
	}()
	if gate, err = nextFree(port); err != nil {
		return nil, err
	}
	if shop, err = nextFree(shopPort); err != nil {
		return nil, err
	}
	d.shopURL = fmt.Sprintf("http://127.0.0.1:%d", portOf(shop))
	cfg, err := d.config(portOf(gate))
	if err != nil {
		return nil, err
	}
	around := here()
	around.demo = true
	if d.app, err = start(ctx, cfg, gate, logger(log, "warn"), around); err != nil {
		return nil, err
	}
	if err := errors.Join(d.openShop(ctx, cfg, shop), seedDemo(ctx, d.app, d.shopURL)); err != nil {
		return nil, errors.Join(err, d.close(ctx))
	}
	return d, nil
}

func portOf(l net.Listener) int { return l.Addr().(*net.TCPAddr).Port }

// nextFree listens on the port, or on the first free one after it.
func nextFree(port int) (net.Listener, error) {
	var err error
	for p := port; p < port+demoTries && p < 1<<16; p++ {
		var l net.Listener
		if l, err = net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(p))); err == nil {
			return l, nil
		}
	}
	return nil, fmt.Errorf("no free port from %d on: %w", port, err)
}

// config writes the demo's deploy files and gives the configuration that names them.
func (d *demo) config(port int) (Config, error) {
	url := fmt.Sprintf("http://localhost:%d", port)
	c, _, err := Load([]string{"--data", d.data, "--public-url", url, "--listen", fmt.Sprintf("127.0.0.1:%d", port)}, nil, io.Discard)
	if err != nil {
		return c, err
	}
	keys := filepath.Join(d.data, "keys")
	if err := os.MkdirAll(keys, 0o700); err != nil {
		return c, err
	}
	public, err := d.makeKeys(keys)
	if err != nil {
		return c, err
	}
	c.PolicyFile = filepath.Join(d.data, "policy.toml")
	secrets := filepath.Join(keys, "events")
	session := filepath.Join(keys, "session.pub.pem")
	for name, text := range map[string]string{
		c.PolicyFile: shopsite.PolicyTOML(demoHost, d.shopURL), session: string(public),
		secrets: "whsec_" + base64.StdEncoding.EncodeToString(d.keys.event) + "\n",
	} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			return c, err
		}
	}
	c.Hosts = []HostConfig{{
		Name: demoHost, Audience: demoAudience, Site: d.shopURL + "/", VerifyURL: d.shopURL + "/support-verify",
		DeliveryURL: d.shopURL + "/postern", RecoveryURL: d.shopURL + "/forgot", SessionKeyFile: session, Allow: []string{"127.0.0.1/32"},
		Popup: true,
	}}
	c.Sources = []SourceConfig{{Name: demoHost, Adapter: "webhook", Host: demoHost, SecretsFile: secrets}}
	if d.login { // every login is made there: what needs more cools
		c.Hosts[0].VerifyURL = ""
		c.Sources = append(c.Sources, SourceConfig{
			Name: demoProvider, Adapter: verify.AdapterOIDC, Host: demoHost, Issuer: d.shopURL, ClientID: demoClient,
			ClientSecretFile: filepath.Join(keys, "client-secret"), Allow: []string{"127.0.0.1/32"},
		})
	}
	if d.model != "" {
		c.AI.BaseURL, c.AI.ChatModel, c.AI.Allow = d.model, "demo", []string{"127.0.0.1/32"}
	}
	if bad := c.Validate(); len(bad) > 0 {
		return c, bad
	}
	return c, nil
}

// makeKeys makes the shop's secrets at the first start and reads them at later ones.
func (d *demo) makeKeys(dir string) (sessionPublic []byte, err error) {
	read := func(name string) []byte {
		b, e := keep("", filepath.Join(dir, name), newSecret)
		err = errors.Join(err, e)
		return b
	}
	d.keys.event, d.keys.own, d.keys.client = read("event-secret"), read("witness-secret"), read("client-secret")
	if err != nil {
		return nil, err
	}
	for name, key := range map[string]**ecdsa.PrivateKey{"session.pem": &d.keys.session, "provider.pem": &d.keys.provider} {
		text, err := keep("", filepath.Join(dir, name), newSigningKey)
		if err != nil {
			return nil, err
		}
		if *key, err = readSigningKey(text); err != nil {
			return nil, err
		}
	}
	return publicPEM(d.keys.session)
}

// openShop starts the shop on its listener.
func (d *demo) openShop(ctx context.Context, c Config, l net.Listener) (err error) {
	site := shopsite.Config{
		Data: filepath.Join(d.data, "shop"), URL: d.shopURL, Gateway: c.PublicURL, Audience: demoAudience,
		EventSecret: verify.Secret(d.keys.event), Source: demoHost, OwnKey: d.keys.own, SessionKey: d.keys.session, Log: d.app.log,
	}
	if d.login {
		site.Provider = &shopsite.Provider{
			Key: d.keys.provider, Client: demoClient, Secret: string(bytes.TrimSpace(d.keys.client)), Redirect: c.PublicURL + web.CallbackPath,
		}
	}
	d.shop, err = shopsite.Open(ctx, site)
	if err != nil {
		return err
	}
	if err := d.shop.SeedCustomers(ctx, demoPassword); err != nil {
		return err
	}
	d.server = &http.Server{Handler: d.shop.Handler(), ReadHeaderTimeout: 10 * time.Second, IdleTimeout: time.Minute}
	go func() {
		if err := d.server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			d.failed <- err
		}
	}()
	return nil
}

// close stops the shop's listener, then the gateway, whose last deliveries may still reach the shop's answer.
func (d *demo) close(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, drainTime)
	defer cancel()
	errs := []error{d.app.Close(ctx)}
	if d.server != nil {
		errs = append(errs, d.server.Shutdown(ctx))
	}
	if d.shop != nil {
		errs = append(errs, d.shop.Close())
	}
	return errors.Join(errs...)
}

// greet prints where everything is and who can sign in.
func (d *demo) greet(w io.Writer) {
	url := d.app.URL.String()
	fmt.Fprintf(w, `
  Postern demo: everything runs on this machine only. Data: %s

  Shop      %s/          the visitor's side, with the chat button
  Console   %s/console   where agents answer
  Admin     %s/admin     settings, articles, verification, mail spool
  Help      %s/help      the public help centers

  Everyone's password is %q.

  Agents and admin (console)
`, d.data, d.shopURL, url, url, url, demoPassword)
	for _, a := range demoStaff() {
		fmt.Fprintf(w, "    %-24s %-11s %s\n", a.email, a.role, a.what)
	}
	fmt.Fprint(w, "\n  Customers (shop)\n")
	for _, c := range shopsite.Customers() {
		fmt.Fprintf(w, "    %-24s %s\n", c.Email, c.Name)
	}
	fmt.Fprintf(w, `
  Try
    1  Open the shop, press the chat button, search "change email", read an article, rate it.
    2  Sign in to the console in a private window, choose "available", talk to yourself.
    3  Offer "Cancel the renewal" in the Verify tab; confirm it in the shop as robin.
    4  Write from %s/help?mailbox=accounts and let nobody answer: after 30 s it is a ticket.

  The key that signs receipts is in this process; elsewhere 'postern signer' keeps it in one of its own.
  Ctrl-C stops it; the next start keeps the data.
`, d.shopURL)
}
