package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"database/sql"
	"fmt"
	"log/slog"
	"net"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/postern-chat/postern/gateway"
	"github.com/postern-chat/postern/gateway/token"
	"github.com/postern-chat/postern/verify"
	"github.com/postern-chat/postern/verify/verifytest"
)

// fixture is a running gateway, its host, its staff, and the clock of its database.
type fixture struct {
	*node
	engine string
	site   *hostSite
	club   *hostSite           // a second host, whose changes are confirmed at idp
	idp    *verifytest.Hostile // its OpenID provider
	caep   *transmitter        // reports security events of the accounts at site
	hook   verify.Secret       // from which the secrets of other login providers are made
	clock  *testClock
	staff  map[string]member
	config Config
	log    *output
	stop   func()              // the gateway, as an operator would
	watch  *watch              // every byte that the gateway sends to staff
	typed  map[string][]string // conversation → what its own visitor typed: consoles of the mailbox see that
}

// member is one of the staff, signed in.
type member struct {
	gateway.Agent
	cookie string
}

type options struct {
	clock  bool          // the database's clock can be set
	beside time.Duration // how far the gateway's own clock is off
	skip   bool          // pauses between attempts cost no time: the clock jumps
	config func(*Config) // bends the deploy file
	made   func(*fixture)
	bend   func(*gateway.Service) // breaks what was joined
}

// testClock is a database's clock that can be set, and the gateway host's own beside it.
type testClock struct {
	mu             sync.Mutex
	offset, beside time.Duration
	db             *sql.DB // PostgreSQL that can be set
}

func (c *testClock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Now().Add(c.offset)
}

func (c *testClock) process() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Now().Add(c.beside)
}

// set moves the database's clock to d off the true time.
func (c *testClock) set(t *testing.T, d time.Duration) {
	t.Helper()
	c.mu.Lock()
	d -= c.offset
	c.mu.Unlock()
	if err := c.add(d); err != nil {
		t.Fatal(err)
	}
}

func (c *testClock) add(d time.Duration) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.db != nil {
		if _, err := c.db.Exec("UPDATE public.clock_offset SET ms = ms + $1", d.Milliseconds()); err != nil {
			return err
		}
	}
	c.offset += d
	return nil
}

// settable gives the URL of a PostgreSQL database whose clock is c.
func (c *testClock) settable(t *testing.T, url string) string {
	t.Helper()
	c.db = openSQL(t, "pgx", url)
	for _, q := range []string{
		"CREATE TABLE public.clock_offset (ms BIGINT NOT NULL)", "INSERT INTO public.clock_offset VALUES (0)",
		`CREATE FUNCTION public.clock_timestamp() RETURNS timestamptz LANGUAGE sql VOLATILE AS
		'SELECT pg_catalog.clock_timestamp() + (SELECT ms FROM public.clock_offset) * INTERVAL ''1 millisecond'''`,
	} {
		if _, err := c.db.Exec(q); err != nil {
			t.Fatal(err)
		}
	}
	return url + "&search_path=public,pg_catalog"
}

func openSQL(t *testing.T, driver, source string) *sql.DB {
	t.Helper()
	db, err := sql.Open(driver, source)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// sql opens the gateway's database behind its back.
func (f *fixture) sql(t *testing.T) *sql.DB {
	t.Helper()
	if f.engine == "PostgreSQL" {
		return openSQL(t, "pgx", f.config.DatabaseURL)
	}
	return openSQL(t, "sqlite", "file:"+filepath.Join(f.config.Data, "postern.db")+"?_pragma=busy_timeout(5000)")
}

// output keeps all that a gateway logs.
type output struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.String()
}

// errors are the lines that say what went wrong inside.
func (o *output) errors() string {
	var bad []string
	for line := range strings.Lines(o.String()) {
		if strings.Contains(line, "level=ERROR") {
			bad = append(bad, line)
		}
	}
	return strings.Join(bad, "")
}

func startFixture(t *testing.T, engine string, o options) *fixture {
	t.Helper()
	f := &fixture{engine: engine, site: newSite(t), caep: newTransmitter(t), hook: make([]byte, 32), clock: &testClock{beside: o.beside}, staff: map[string]member{}, log: &output{}, watch: newWatch(), typed: map[string][]string{}}
	f.site.now = f.clock.now
	base := alone
	if engine == "PostgreSQL" {
		base = shared
	}
	f.config = f.site.config(t, base(t))
	if _, err := rand.Read(f.hook); err != nil {
		t.Fatal(err)
	}
	f.caep.sources(t, &f.config, f.hook)
	f.config.TrustedProxies = []string{"127.0.0.1/32"} // each row comes from an address of its own
	if o.clock && engine == "PostgreSQL" {
		f.config.DatabaseURL = f.clock.settable(t, f.config.DatabaseURL)
	}
	f.config.Limits.Commands = 100_000 // the rows follow each other faster than a person could
	f.join(t)
	if o.config != nil {
		o.config(&f.config)
	}
	if o.made != nil {
		o.made(f)
	}
	f.start(t, o)
	f.people(t)
	return f
}

// start runs the gateway on whatever the database holds.
func (f *fixture) start(t *testing.T, o options) {
	t.Helper()
	address := "127.0.0.1:0"
	if f.node != nil { // again, after stop: at the same place
		address = "127.0.0.1:" + f.node.URL.Port()
	}
	l, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	wait := pause
	if o.skip {
		wait = func(_ context.Context, d time.Duration) error { return f.clock.add(d) }
	}
	f.config.PublicURL = fmt.Sprintf("http://localhost:%d", l.Addr().(*net.TCPAddr).Port)
	log := slog.New(slog.NewTextHandler(f.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	a, err := start(t.Context(), f.config, f.watch.listener(l), log, outside{now: f.clock.process, decides: f.clock.now, pause: wait, wrap: losing(), bend: o.bend})
	if err != nil {
		t.Fatal(err)
	}
	f.stop = sync.OnceFunc(func() {
		if err := a.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(f.stop)
	f.node = &node{App: a, url: f.config.PublicURL}
	f.site.gate, f.club.gate = f.node, f.node
}

// restart ends the gateway and starts one on the same database, with what edit makes of the deploy file.
func (f *fixture) restart(t *testing.T, o options, edit func(*Config)) {
	t.Helper()
	f.stop()
	edit(&f.config)
	box := f.box
	f.start(t, o)
	f.box = box
}

// people makes the mailbox and the staff of the fixture: tr1 ag1 ag2 sn1 su1 ad1 ad2 au1 ed1.
func (f *fixture) people(t *testing.T) {
	t.Helper()
	ctx, now, by := t.Context(), f.clock.now(), gateway.System()
	var err error
	f.box, _, err = f.Service.Store.SaveMailbox(ctx, gateway.Mailbox{
		ID: id(t, gateway.PrefixMailbox), Slug: "support", Name: "Support", Address: "support@shop.test", Zone: "UTC",
		Ring: 20 * time.Second, Missed: 2 * time.Minute, Origins: []string{"https://shop.test"}, Host: "shop",
	}, by, now)
	if err != nil {
		t.Fatal(err)
	}
	var members []gateway.ID
	for i, role := range []gateway.Role{
		gateway.RoleTrainee, gateway.RoleAgent, gateway.RoleAgent, gateway.RoleSenior, gateway.RoleSupervisor,
		gateway.RoleAdmin, gateway.RoleAdmin, gateway.RoleAuditor, gateway.RoleEditor,
	} {
		name := strings.Fields("tr1 ag1 ag2 sn1 su1 ad1 ad2 au1 ed1")[i]
		a, _, err := f.Service.Store.SaveAgent(ctx, gateway.Agent{
			ID: id(t, gateway.PrefixAgent), Email: name + "@shop.test", Name: name, Role: role, Capacity: 1000,
		}, by, now)
		if err != nil {
			t.Fatal(err)
		}
		tok, err := token.New(rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		if err := f.Service.Store.SaveSession(ctx, token.Hash(tok), a.ID, "", now.Add(48*time.Hour), now); err != nil {
			t.Fatal(err)
		}
		f.staff[name] = member{a, "__Host-postern-agent=" + tok}
		members = append(members, a.ID)
	}
	if _, err := f.Service.Store.SetMembers(ctx, f.box.ID, members, by, now); err != nil {
		t.Fatal(err)
	}
}

// audit checks log and database against each other, as 'postern audit verify' does.
func (f *fixture) audit(t *testing.T) {
	t.Helper()
	report, err := verify.Audit(t.Context(), f.store.ledger)
	if err != nil || len(report.Bad) > 0 {
		t.Errorf("audit: %d leaves, %v, %v", report.Size, report.Bad, err)
	}
}
