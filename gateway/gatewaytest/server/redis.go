package server

import (
	"net"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
)

// Redis is a private Redis server that stores nothing on disk.
type Redis struct {
	URL  string // redis://127.0.0.1:port
	Addr string // host:port

	process *process
	busPort int // of a cluster's node: where the others speak to it
}

// NewRedis gives the Redis of this test process and starts it the first time. Keys and channels are shared
// between the tests of a process: use names of your own.
func NewRedis(t testing.TB) *Redis {
	t.Helper()
	running.mu.Lock()
	defer running.mu.Unlock()
	if running.redis == nil {
		r, err := running.startRedis()
		if err != nil {
			t.Fatal(err)
		}
		running.redis = r
	}
	return running.redis
}

// NewLoneRedis starts a Redis for this test alone, for tests that kill it. It ends with the test.
func NewLoneRedis(t testing.TB) *Redis {
	t.Helper()
	running.mu.Lock()
	defer running.mu.Unlock()
	r, err := running.startRedis()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.process.end(); err != nil {
			t.Error(err)
		}
	})
	return r
}

func (g *group) startRedis() (*Redis, error) {
	bin, err := binary("redis-server", "redis-server")
	if err != nil {
		return nil, err
	}
	dir, err := g.folder(nil)
	if err != nil {
		return nil, err
	}
	port, err := FreePort()
	if err != nil {
		return nil, err
	}
	addr := net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
	p := &process{name: "redis-server", addr: addr, log: filepath.Join(dir, "log"), quit: syscall.SIGTERM, make: func() *exec.Cmd {
		return exec.Command(bin, "--bind", "127.0.0.1", "--port", strconv.Itoa(port), "--dir", dir,
			"--save", "", "--appendonly", "no", "--daemonize", "no")
	}}
	g.lone = append(g.lone, p)
	return &Redis{URL: "redis://" + addr, Addr: addr, process: p}, p.start()
}

// Kill ends Redis at once, as a crash does: all it knew is gone.
func (r *Redis) Kill(t testing.TB) {
	t.Helper()
	if err := r.process.kill(); err != nil {
		t.Fatal(err)
	}
}

// Start brings a killed Redis back on the same port, empty.
func (r *Redis) Start(t testing.TB) {
	t.Helper()
	if err := r.process.start(); err != nil {
		t.Fatal(err)
	}
}
