package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/postern-chat/postern/gateway/sqlstore"
	"github.com/postern-chat/postern/gateway/token"
)

const (
	clockOff  = 2 * time.Second // between this machine and the database: what a chat's times show
	diskBad   = 5               // percent left
	diskCare  = 15
	spareFDs  = 256 // besides sockets: database, Redis, files, the listener
	poolConns = 16  // of one gateway to PostgreSQL
)

// database looks at the schema, the server, the clock, and whether anybody can sign in.
func (d *doctor) database(ctx context.Context, c Config, o outside) {
	if c.DatabaseURL == "" {
		if _, err := os.Stat(c.database().DataSource); errors.Is(err, fs.ErrNotExist) {
			d.care(true, "database.none", "there is no database yet in "+c.Data, "'postern migrate' or the first start makes it")
			return
		}
	}
	before := o.now()
	f, err := sqlstore.Look(ctx, c.database())
	if d.failed(err, "database.down", "the database does not answer", "start it, and check database_url, its user's rights and the network between") {
		return
	}
	after := o.now()
	d.care(f.Have == 0, "schema.none", "the database has no schema yet", "'postern migrate' or the first start makes it")
	d.care(f.Have > 0 && f.Have < f.Want, "schema.old", fmt.Sprintf("the schema is at %d, this program brings it to %d", f.Have, f.Want), "back up, then 'postern migrate' or start this program")
	d.bad(f.Have > f.Want, "schema.new", fmt.Sprintf("the schema is at %d, this program knows %d", f.Have, f.Want), "use the newer program")
	off := max(before.Sub(f.Now), f.Now.Sub(after))
	d.bad(!f.Now.IsZero() && off > clockOff, "clock.off", fmt.Sprintf("this machine and the database differ by %s", off.Round(100*time.Millisecond)), "run a time service (chrony, systemd-timesyncd) on both")
	now := after
	if !f.Now.IsZero() {
		now = f.Now
	}
	d.bad(f.High.Sub(now) > clockOff, "clock.back", fmt.Sprintf("the log of changes has a time %s ahead of the clock: account changes are refused", f.High.Sub(now).Round(time.Second)), "set the clock right; changes go on when it has caught up")
	d.server(f)
	if d.current = f.Have == f.Want; d.current {
		d.people(ctx, c, o)
	}
}

// server looks at what decides whether PostgreSQL keeps its promises.
func (d *doctor) server(f sqlstore.Facts) {
	s := f.Settings
	if s == nil {
		return
	}
	for _, name := range []string{"fsync", "full_page_writes", "synchronous_commit"} {
		d.bad(s[name] == "off", "database."+name, name+" is off: an acknowledged message may be lost in a power cut", "set "+name+" = on in postgresql.conf")
	}
	d.bad(s["replica"] == "true", "database.replica", "the database is a replica: nothing can be written", "name the primary in database_url")
	d.bad(s["server_encoding"] != "UTF8", "database.encoding", "the database is in "+s["server_encoding"], "make it with ENCODING 'UTF8'")
	n, err := strconv.Atoi(s["max_connections"])
	d.care(err == nil && n < 2*poolConns, "database.connections", fmt.Sprintf("max_connections is %d; each gateway keeps up to %d", n, poolConns), "raise it to 16 for each gateway and some more")
}

// people looks at who can sign in.
func (d *doctor) people(ctx context.Context, c Config, o outside) {
	st, err := openStorage(ctx, c, o.decides)
	if d.failed(err, "database.down", "the database does not answer", "see the message") {
		return
	}
	defer func() { _ = st.gateway.Close() }() // only read
	agents, err := st.gateway.Agents(ctx)
	if d.failed(err, "database.down", "the staff cannot be read", "see the message") {
		return
	}
	admins, p := 0, token.Passwords{Rand: rand.Reader}
	for _, a := range agents {
		if !a.DisabledAt.IsZero() {
			continue
		}
		if a.Admin() {
			admins++
		}
		hash, err := st.gateway.Password(ctx, a.ID)
		d.bad(err == nil && strings.HasSuffix(a.Email, "@shop.example") && p.Check(hash, demoPassword), "staff.demo",
			a.Email+" signs in with the demo's password, which is public", "disable the account in the admin pages, or begin with a database of your own")
	}
	d.care(admins == 0, "staff.none", "there is no admin: nobody can set anything up", "postern agent add EMAIL --role admin")
	d.care(admins == 1, "staff.one", "there is one admin only: looser rules wait 72 h instead of 24 h, and nobody can stand in", "add a second admin")
}

// redis looks at the bus between gateways.
func (d *doctor) redis(ctx context.Context, c Config, o outside) {
	if c.RedisURL == "" {
		d.care(c.DatabaseURL != "", "redis.none", "no redis_url: this must be the only gateway of its database, or messages cross over only every two seconds", "set redis_url if there are several")
		return
	}
	bus, err := buses(o.now)["redis"](ctx, c)
	if err == nil {
		_, err = bus.Members(ctx, "doctor")
		err = errors.Join(err, bus.Close())
	}
	d.failed(err, "redis.down", "Redis does not answer: messages cross over between gateways only every two seconds", "start it, and check redis_url")
}

// signer asks the signer for its keys.
func (d *doctor) signer(ctx context.Context, c Config, o outside) {
	if c.Signer == "" {
		return
	}
	_, err := newSocketSigner(strings.TrimPrefix(c.Signer, "unix:"), o.now).fetch(ctx)
	d.failed(err, "signer.down", "the signer does not answer: no account change can be released", "start 'postern signer', and let the gateway's user reach its socket (deploy/SIGNER.md)")
}

// smtp opens a connection to the smart host and says nothing.
func (d *doctor) smtp(ctx context.Context, c Config, _ outside) {
	if c.SMTP.Host == "" {
		return
	}
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", net.JoinHostPort(c.SMTP.Host, strconv.Itoa(c.SMTP.Port)))
	if !d.failed(err, "mail.down", "the smart host does not answer", "check smtp.host and smtp.port; mails wait and are tried again") {
		_ = conn.Close()
	}
}

// machine looks at what the process gets from the system.
func (d *doctor) machine(c Config) {
	d.care(os.Geteuid() == 0, "user.root", "this runs as root", "run it as a user of its own (deploy/postern.service does)")
	files, err := openFiles()
	if err == nil {
		want := uint64(c.Limits.Connections + spareFDs)
		d.bad(files < want, "files.limit", fmt.Sprintf("the process may open %d files, and %d websockets are allowed", files, c.Limits.Connections), fmt.Sprintf("ulimit -n %d (LimitNOFILE= in the unit), or lower limits.connections", want))
	}
	if left, all, err := diskSpace(c.Data); err == nil && all > 0 {
		percent := left * 100 / all
		d.bad(percent < diskBad, "disk.full", fmt.Sprintf("%d %% of the data folder's disk are left", percent), "make room before messages cannot be stored")
		d.care(percent >= diskBad && percent < diskCare, "disk.low", fmt.Sprintf("%d %% of the data folder's disk are left", percent), "make room")
	}
	d.writable("data.readonly", c.Data)
	if c.CheckpointFile != "" {
		d.writable("checkpoint.readonly", filepath.Dir(c.CheckpointFile))
	}
}

// writable tries to make a file in a folder. One that is not there yet is made at the first start.
func (d *doctor) writable(code, dir string) {
	f, err := os.CreateTemp(dir, ".doctor-*")
	if errors.Is(err, fs.ErrNotExist) {
		return
	}
	if !d.failed(err, code, "nothing can be written to "+dir, "give it to the gateway's user") {
		_ = errors.Join(f.Close(), os.Remove(f.Name()))
	}
}
