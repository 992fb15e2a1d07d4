package server

import (
	"context"
	"database/sql"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver that makes the databases
)

// postgresFolders is where Debian and Ubuntu keep what is not on PATH.
const postgresFolders = "/usr/lib/postgresql/*/bin"

// Postgres is a private PostgreSQL cluster: C collation, UTF-8, fsync on, so that what it promises after a
// crash is what it promises in production.
type Postgres struct {
	Addr string // host:port

	process *process
	count   atomic.Int64
}

// NewPostgres gives the PostgreSQL of this test process and starts it the first time.
func NewPostgres(t testing.TB) *Postgres {
	t.Helper()
	running.mu.Lock()
	defer running.mu.Unlock()
	if running.postgres == nil {
		p, err := running.startPostgres()
		if err != nil {
			t.Fatal(err)
		}
		running.postgres = p
	}
	return running.postgres
}

// NewLonePostgres starts a cluster for this test alone, for tests that kill it. It ends with the test.
func NewLonePostgres(t testing.TB) *Postgres {
	t.Helper()
	running.mu.Lock()
	defer running.mu.Unlock()
	p, err := running.startPostgres()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.process.end(); err != nil {
			t.Error(err)
		}
	})
	return p
}

// NewDatabase makes one new, empty database in the PostgreSQL of this test process, gives its URL, and
// drops it with the test, whoever is still connected.
func NewDatabase(t testing.TB) string {
	t.Helper()
	return NewPostgres(t).NewDatabase(t)
}

// NewDatabase makes one new, empty database, gives its URL, and drops it with the test.
func (p *Postgres) NewDatabase(t testing.TB) string {
	t.Helper()
	name := "test_" + strconv.FormatInt(p.count.Add(1), 10)
	if err := p.exec("CREATE DATABASE " + name); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if p.process.down() {
			return // a lone cluster that the test killed
		}
		if err := p.exec("DROP DATABASE " + name + " WITH (FORCE)"); err != nil {
			t.Error(err)
		}
	})
	return p.url(name)
}

// Kill ends the cluster's first process at once, as a power cut does; the others end when they notice.
func (p *Postgres) Kill(t testing.TB) {
	t.Helper()
	if err := p.process.kill(); err != nil {
		t.Fatal(err)
	}
}

// Start brings a killed cluster back on the same port and waits until it has recovered.
func (p *Postgres) Start(t testing.TB) {
	t.Helper()
	// A cluster refuses to start while a process of the killed one has not yet noticed its end.
	deadline := time.Now().Add(startLimit)
	err := p.process.start()
	for err != nil && time.Now().Before(deadline) {
		time.Sleep(50 * time.Millisecond)
		err = p.process.start()
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := p.ready(); err != nil {
		t.Fatal(err)
	}
}

func (p *Postgres) url(database string) string {
	u := url.URL{Scheme: "postgres", User: url.User("postern"), Host: p.Addr, Path: "/" + database, RawQuery: "sslmode=disable"}
	return u.String()
}

func (p *Postgres) exec(query string) error {
	db, err := sql.Open("pgx", p.url("postgres"))
	if err != nil {
		return err
	}
	defer db.Close()
	ctx, cancel := context.WithTimeout(context.Background(), startLimit)
	defer cancel()
	if _, err = db.ExecContext(ctx, query); err != nil {
		return fmt.Errorf("server: postgres: %w", err)
	}
	return nil
}

// ready polls until the cluster answers a query: its port accepts before recovery has ended.
func (p *Postgres) ready() error {
	deadline := time.Now().Add(startLimit)
	for {
		err := p.exec("SELECT 1")
		if err == nil || time.Now().After(deadline) {
			return err
		}
		select {
		case <-p.process.done:
			return fmt.Errorf("server: postgres ended at once: %s", tail(p.process.log))
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func (g *group) startPostgres() (*Postgres, error) {
	initdb, err := binary("initdb", "postgresql", postgresFolders)
	if err != nil {
		return nil, err
	}
	bin, err := binary("postgres", "postgresql", postgresFolders)
	if err != nil {
		return nil, err
	}
	as, err := account("postgres")
	if err != nil {
		return nil, err
	}
	dir, err := g.folder(as)
	if err != nil {
		return nil, err
	}
	port, err := FreePort()
	if err != nil {
		return nil, err
	}
	data := filepath.Join(dir, "data")
	run := func(bin string, args ...string) *exec.Cmd {
		cmd := exec.Command(bin, args...)
		cmd.Dir, cmd.Env = dir, append(os.Environ(), "LC_ALL=C", "HOME="+dir)
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: as}
		return cmd
	}
	// Anyone on this machine may connect for the minutes of a test: it holds test data only.
	if out, err := run(initdb, "-D", data, "-U", "postern", "-A", "trust", "-E", "UTF8", "--locale=C").CombinedOutput(); err != nil {
		return nil, fmt.Errorf("server: initdb: %w: %s", err, out)
	}
	addr := net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
	p := &Postgres{Addr: addr, process: &process{name: "postgres", addr: addr, log: filepath.Join(dir, "log"), quit: syscall.SIGQUIT, make: func() *exec.Cmd {
		return run(bin, "-D", data, "-h", "127.0.0.1", "-p", strconv.Itoa(port), "-k", dir,
			"-c", "fsync=on", "-c", "max_connections=200", "-c", "shared_buffers=64MB")
	}}}
	g.lone = append(g.lone, p.process)
	if err := p.process.start(); err != nil {
		return nil, err
	}
	return p, p.ready()
}
