package bench

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"time"
)

// Helper is a server program that a measurement needs beside the gateways: private, on loopback, with a folder of its
// own that it loses with Stop.
type Helper struct {
	URL string // redis://… or postgres://… without a database

	addr  string
	dir   string
	quit  os.Signal
	cmd   *exec.Cmd
	ended chan error
	bins  string // folder of the other programs of the same product
}

// FreeAddress is a loopback address that was free a moment ago.
func FreeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

// StartRedis starts a Redis that keeps nothing on disk.
// Errors: redis-server is not installed, or does not start.
func StartRedis(ctx context.Context) (*Helper, error) {
	bin, err := program("redis-server")
	if err != nil {
		return nil, err
	}
	h, err := newHelper("redis://", os.Interrupt)
	if err != nil {
		return nil, err
	}
	host, port, _ := net.SplitHostPort(h.addr) // our own
	cmd := exec.Command(bin, "--bind", host, "--port", port, "--dir", h.dir, "--save", "", "--appendonly", "no", "--daemonize", "no")
	if err := h.start(ctx, cmd); err != nil {
		return nil, errors.Join(err, h.Stop())
	}
	return h, nil
}

// StartPostgres makes a cluster that promises what it does in production (fsync and synchronous_commit on), and starts
// it; as root, under the account postgres. Errors: PostgreSQL is not installed, or does not start.
func StartPostgres(ctx context.Context) (*Helper, error) {
	initdb, err := program("initdb", postgresFolders)
	if err != nil {
		return nil, err
	}
	as, err := unprivileged("postgres")
	if err != nil {
		return nil, err
	}
	h, err := newHelper("postgres://postern@", syscall.SIGINT)
	if err != nil {
		return nil, err
	}
	h.bins = filepath.Dir(initdb)
	if as != nil {
		err = os.Chown(h.dir, int(as.Uid), int(as.Gid))
	}
	host, port, _ := net.SplitHostPort(h.addr) // our own
	data := filepath.Join(h.dir, "data")
	run := func(name string, args ...string) *exec.Cmd {
		cmd := exec.Command(filepath.Join(h.bins, name), args...)
		cmd.Dir, cmd.Env = h.dir, append(os.Environ(), "LC_ALL=C", "HOME="+h.dir)
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: as, Setpgid: true}
		return cmd
	}
	if err == nil {
		var out []byte
		// Who is on this machine may connect while it is measured: it holds nothing but padding.
		if out, err = run("initdb", "-D", data, "-U", "postern", "-A", "trust", "-E", "UTF8", "--locale=C").CombinedOutput(); err != nil {
			err = fmt.Errorf("initdb: %w: %s", err, out)
		}
	}
	if err == nil {
		err = h.start(ctx, run("postgres", "-D", data, "-h", host, "-p", port, "-k", h.dir, "-c", "max_connections=200", "-c", "shared_buffers=128MB"))
	}
	if err != nil {
		return nil, errors.Join(err, h.Stop())
	}
	return h, nil
}

// Database makes a new, empty database in a PostgreSQL and gives its URL. Errors: those of createdb, which may say that
// the cluster is still starting: it is asked again for half a minute.
func (h *Helper) Database(ctx context.Context, name string) (string, error) {
	host, port, _ := net.SplitHostPort(h.addr) // our own
	for end := time.Now().Add(30 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		out, err := exec.CommandContext(ctx, filepath.Join(h.bins, "createdb"), "-h", host, "-p", port, "-U", "postern", name).CombinedOutput()
		if err == nil {
			return h.URL + "/" + name + "?sslmode=disable", nil
		}
		if time.Now().After(end) || ctx.Err() != nil {
			return "", fmt.Errorf("createdb: %w: %s", err, out)
		}
	}
}

// Log is the file that the server writes its lines to.
func (h *Helper) Log() string { return filepath.Join(h.dir, "log") }

// Stop ends the server and removes its folder.
func (h *Helper) Stop() error {
	if h.cmd != nil {
		_ = h.cmd.Process.Signal(h.quit)
		select {
		case <-h.ended:
		case <-time.After(30 * time.Second):
			_ = h.cmd.Process.Kill()
			<-h.ended
		}
	}
	return os.RemoveAll(h.dir)
}

func newHelper(scheme string, quit os.Signal) (*Helper, error) {
	addr, err := FreeAddress()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "pb") // short: the path of a socket has room for 107 bytes
	return &Helper{URL: scheme + addr, addr: addr, dir: dir, quit: quit, ended: make(chan error, 1)}, err
}

// start runs the program and waits until its port accepts.
func (h *Helper) start(ctx context.Context, cmd *exec.Cmd) error {
	log, err := os.Create(h.Log())
	if err != nil {
		return err
	}
	defer log.Close()
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		return err
	}
	h.cmd = cmd
	go func() { h.ended <- cmd.Wait() }()
	for end := time.Now().Add(time.Minute); ; {
		c, err := net.DialTimeout("tcp", h.addr, time.Second)
		if err == nil {
			return c.Close()
		}
		select {
		case ended := <-h.ended:
			h.ended <- ended
			said, _ := os.ReadFile(h.Log())
			return fmt.Errorf("%s ended at once: %w: %s", filepath.Base(cmd.Path), ended, said)
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(10 * time.Millisecond):
		}
		if time.Now().After(end) {
			return fmt.Errorf("%s does not answer: %w", filepath.Base(cmd.Path), err)
		}
	}
}

// postgresFolders is where Debian and Ubuntu keep what is not on PATH.
const postgresFolders = "/usr/lib/postgresql/*/bin"

// program finds a server program: the newest among the folders, else on PATH.
func program(name string, folders ...string) (string, error) {
	var found []string
	for _, f := range folders {
		m, _ := filepath.Glob(filepath.Join(f, name)) // the patterns are constants
		found = append(found, m...)
	}
	slices.Sort(found)
	if len(found) > 0 {
		return found[len(found)-1], nil
	}
	return exec.LookPath(name)
}

// unprivileged is the account that a server runs as when we are root; nil = stay who we are.
func unprivileged(name string) (*syscall.Credential, error) {
	if os.Getuid() != 0 {
		return nil, nil
	}
	u, err := user.Lookup(name)
	if err != nil {
		return nil, err
	}
	uid, err := strconv.ParseUint(u.Uid, 10, 32)
	if err != nil {
		return nil, err
	}
	gid, err := strconv.ParseUint(u.Gid, 10, 32)
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, err
}
