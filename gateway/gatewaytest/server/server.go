// Package server starts the real servers that the suites need: a private Redis and a private PostgreSQL,
// once per test process, on free loopback ports and in a temporary folder.
//
// What never happens here: a skip. A missing program fails the test that asked, with one line that says
// what to install. Nothing that runs already is touched; what is started here ends by its own process id.
// A package that uses it calls Main from its TestMain.
package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"
)

// startLimit is the longest wait for a server to accept connections, and for one to end.
const startLimit = 60 * time.Second

// group is what this test process has started.
type group struct {
	mu       sync.Mutex
	redis    *Redis
	postgres *Postgres
	lone     []*process
	dirs     []string
}

// running is the one group of this process; Main empties it.
var running group

// Main runs the tests of a package and stops every server that they started. Use it as
//
//	func TestMain(m *testing.M) { server.Main(m) }
func Main(m *testing.M) {
	code := m.Run()
	if err := running.stop(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = max(code, 1)
	}
	os.Exit(code)
}

func (g *group) stop() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	var errs []error
	for _, p := range g.lone {
		errs = append(errs, p.end())
	}
	for _, d := range g.dirs {
		errs = append(errs, os.RemoveAll(d))
	}
	g.redis, g.postgres, g.lone, g.dirs = nil, nil, nil, nil
	return errors.Join(errs...)
}

// process is one server program: how to start it, and its id while it runs.
type process struct {
	name string
	addr string // host:port that accepts once it is up
	make func() *exec.Cmd
	log  string // file its output goes to
	quit syscall.Signal
	// whole: its children are in its process group and end a moment after it. Their end is waited for.
	whole bool

	mu   sync.Mutex
	cmd  *exec.Cmd
	done chan struct{}
}

// lone starts a program that no other test shares. It ends with the test, at the latest with the process.
func (p *process) lone(t testing.TB) {
	t.Helper()
	running.mu.Lock()
	running.lone = append(running.lone, p)
	running.mu.Unlock()
	must(t, p.start())
	t.Cleanup(func() {
		if err := p.end(); err != nil {
			t.Error(err)
		}
	})
}

// start runs the program and waits until its port accepts.
func (p *process) start() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cmd != nil {
		return fmt.Errorf("server: %s runs already", p.name)
	}
	out, err := os.OpenFile(p.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer out.Close()
	cmd := p.make()
	cmd.Stdout, cmd.Stderr = out, out
	ownGroup(cmd, p.quit)
	done, started := make(chan struct{}), make(chan error, 1)
	go func() {
		defer close(done)
		// The kernel's "parent died" means this thread, so it must live as long as the server.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			_ = cmd.Wait()
		}
	}()
	if err := <-started; err != nil {
		return fmt.Errorf("server: start %s: %w", p.name, err)
	}
	p.cmd, p.done = cmd, done
	if err := p.wait(done); err != nil {
		_ = cmd.Process.Kill()
		<-done
		p.cmd = nil
		return err
	}
	return nil
}

// wait polls the port until it accepts, the program ends, or the limit is over.
func (p *process) wait(done <-chan struct{}) error {
	ctx, cancel := context.WithTimeout(context.Background(), startLimit)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		if c, err := net.DialTimeout("tcp", p.addr, time.Second); err == nil {
			return c.Close()
		}
		select {
		case <-done:
			return fmt.Errorf("server: %s ended at once: %s", p.name, tail(p.log))
		case <-ctx.Done():
			return fmt.Errorf("server: %s does not accept after %v: %s", p.name, startLimit, tail(p.log))
		case <-tick.C:
		}
	}
}

// kill ends the program at once (SIGKILL) and waits for its end. A program that is not running is no error.
func (p *process) kill() error { return p.signal(syscall.SIGKILL) }

// end stops the program in the way that leaves nothing behind (shared memory, above all).
func (p *process) end() error { return p.signal(p.quit) }

func (p *process) down() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.cmd == nil
}

func (p *process) signal(sig syscall.Signal) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cmd == nil {
		return nil
	}
	if err := p.cmd.Process.Signal(sig); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("server: end %s: %w", p.name, err)
	}
	select {
	case <-p.done:
	case <-time.After(startLimit):
		return fmt.Errorf("server: %s does not end", p.name)
	}
	pid := p.cmd.Process.Pid
	p.cmd = nil
	for end := time.Now().Add(startLimit); p.whole && syscall.Kill(-pid, 0) == nil; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			return fmt.Errorf("server: children of %s do not end", p.name)
		}
	}
	return nil
}

// binary finds a server program: on PATH, else newest first among the folders.
func binary(name, hint string, folders ...string) (string, error) {
	var found []string
	for _, f := range folders {
		m, _ := filepath.Glob(filepath.Join(f, name)) // the patterns are constants
		found = append(found, m...)
	}
	slices.Sort(found)
	if len(found) > 0 {
		return found[len(found)-1], nil
	}
	if p, err := exec.LookPath(name); err == nil {
		return p, nil
	}
	return "", fmt.Errorf("server: %s is missing: run .ci/install, or install %s", name, hint)
}

// FreePort is a loopback port that was free a moment ago, below those that systems give to outgoing connections and to
// listeners on port 0 (Linux: from 32768): whoever is killed and comes back finds it free.
func FreePort() (port int, err error) {
	for range 100 {
		port = 10_000 + rand.IntN(22_000)
		var l net.Listener
		if l, err = net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port))); err == nil {
			return port, l.Close()
		}
	}
	return 0, err
}

// folder makes a short temporary folder (a unix socket path has room for 107 bytes), owned by the account
// that the server will run as.
func (g *group) folder(as *syscall.Credential) (string, error) {
	dir, err := os.MkdirTemp("", "pt")
	if err != nil {
		return "", err
	}
	g.dirs = append(g.dirs, dir)
	if as != nil {
		return dir, os.Chown(dir, int(as.Uid), int(as.Gid))
	}
	return dir, nil
}

// account is the unprivileged account a server runs as when we are root; nil = stay who we are.
func account(name string) (*syscall.Credential, error) {
	if os.Getuid() != 0 {
		return nil, nil
	}
	u, err := user.Lookup(name)
	if err != nil {
		return nil, fmt.Errorf("server: as root there must be an account %q to run the server as: %w", name, err)
	}
	uid, err := strconv.ParseUint(u.Uid, 10, 32)
	if err != nil {
		return nil, err
	}
	gid, err := strconv.ParseUint(u.Gid, 10, 32)
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, err
}

// tail is the end of a server's output, for an error line.
func tail(path string) string {
	f, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer f.Close()
	if i, err := f.Stat(); err == nil && i.Size() > 800 {
		_, _ = f.Seek(-800, io.SeekEnd)
	}
	b, _ := io.ReadAll(f)
	return string(b)
}
