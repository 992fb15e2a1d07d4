package server

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
)

// Proxy is a reverse proxy of this machine's packages, run with a configuration of the test's in a folder of its own.
type Proxy struct {
	TLS   string // host:port that speaks TLS
	Plain string // host:port that does not
	Dir   string // its folder

	process *process
}

// NewNginx starts nginx. site gives the text that stands in its http block, for the ports that it shall listen on.
func NewNginx(t testing.TB, site func(p *Proxy) string) *Proxy {
	t.Helper()
	bin, err := binary("nginx", "nginx", "/usr/sbin")
	must(t, err)
	p := newProxy(t, "nginx", syscall.SIGTERM)
	user := ""
	if os.Getuid() == 0 {
		user = "user root;\n" // nginx' own account may not read our folder
	}
	text := user + "worker_processes 1;\npid nginx.pid;\nerror_log " + p.process.log + " warn;\nevents { worker_connections 256; }\nhttp {\naccess_log off;\n"
	for _, d := range []string{"client_body", "proxy", "fastcgi", "uwsgi", "scgi"} {
		text += fmt.Sprintf("%s_temp_path %s;\n", d, filepath.Join(p.Dir, d))
	}
	conf := filepath.Join(p.Dir, "nginx.conf")
	must(t, os.WriteFile(conf, []byte(text+site(p)+"\n}\n"), 0o600))
	p.run(t, func() *exec.Cmd {
		return exec.Command(bin, "-p", p.Dir, "-e", p.process.log, "-c", conf, "-g", "daemon off;")
	})
	return p
}

// NewCaddy starts Caddy with a Caddyfile and variables. Its own authority signs; the root is at RootFile.
func NewCaddy(t testing.TB, caddyfile string, env ...string) *Proxy {
	t.Helper()
	bin, err := binary("caddy", "caddy")
	must(t, err)
	p := newProxy(t, "caddy", syscall.SIGTERM)
	text := fmt.Sprintf("{\n\tadmin off\n\thttp_port %s\n\thttps_port %s\n\tstorage file_system %s\n\tlocal_certs\n\tskip_install_trust\n}\n%s",
		port(p.Plain), port(p.TLS), filepath.Join(p.Dir, "store"), caddyfile)
	conf := filepath.Join(p.Dir, "Caddyfile")
	must(t, os.WriteFile(conf, []byte(text), 0o600))
	p.run(t, func() *exec.Cmd {
		cmd := exec.Command(bin, "run", "--config", conf, "--adapter", "caddyfile")
		cmd.Env = append(append(os.Environ(), "HOME="+p.Dir, "XDG_CONFIG_HOME="+p.Dir, "XDG_DATA_HOME="+p.Dir), env...)
		return cmd
	})
	return p
}

// RootFile is the certificate of Caddy's own authority, made at the first start.
func (p *Proxy) RootFile() string {
	return filepath.Join(p.Dir, "store", "pki", "authorities", "local", "root.crt")
}

func newProxy(t testing.TB, name string, quit syscall.Signal) *Proxy {
	t.Helper()
	running.mu.Lock()
	dir, err := running.folder(nil)
	running.mu.Unlock()
	must(t, err)
	p := &Proxy{Dir: dir}
	for _, addr := range []*string{&p.TLS, &p.Plain} {
		n, err := FreePort()
		must(t, err)
		*addr = net.JoinHostPort("127.0.0.1", strconv.Itoa(n))
	}
	p.process = &process{name: name, addr: p.TLS, log: filepath.Join(dir, "log"), quit: quit}
	return p
}

func (p *Proxy) run(t testing.TB, start func() *exec.Cmd) {
	t.Helper()
	p.process.make = start
	p.process.lone(t)
}

// Stop ends the proxy as its service manager does: every connection through it ends.
func (p *Proxy) Stop(t testing.TB) {
	t.Helper()
	must(t, p.process.end())
}

// Start brings a stopped proxy back on the same ports.
func (p *Proxy) Start(t testing.TB) {
	t.Helper()
	must(t, p.process.start())
}

// Log is what it wrote last.
func (p *Proxy) Log() string { return tail(p.process.log) }

func port(addr string) string {
	_, port, _ := net.SplitHostPort(addr)
	return port
}
