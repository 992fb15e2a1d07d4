package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/BurntSushi/toml"
	"github.com/coder/websocket"
	"github.com/postern-chat/postern/gateway"
	"github.com/postern-chat/postern/gateway/gatewaytest/server"
	"github.com/postern-chat/postern/verify"
)

// built is the binary of this package, made once.
var built struct {
	once sync.Once
	path string
	err  error
}

func binary(t *testing.T) string {
	t.Helper()
	built.once.Do(func() {
		dir, err := os.MkdirTemp("", "postern-test-")
		if err != nil {
			built.err = err
			return
		}
		built.path = filepath.Join(dir, "postern")
		if out, err := exec.Command("go", "build", "-o", built.path, ".").CombinedOutput(); err != nil {
			built.err = fmt.Errorf("go build: %w: %s", err, out)
		}
	})
	if built.err != nil {
		t.Fatal(built.err)
	}
	return built.path
}

// process is a 'postern serve' of its own.
type process struct {
	args, env []string
	url       string
	log       *output
	cmd       *exec.Cmd
	ended     chan struct{}
}

// freeAddress gives an address that nobody listens on.
func freeAddress(t *testing.T) string {
	t.Helper()
	port, err := server.FreePort()
	if err != nil {
		t.Fatal(err)
	}
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
}

// process prepares one node of the fixture's configuration, under the public URL of the fixture.
func (f *fixture) process(t *testing.T, address string) *process {
	t.Helper()
	path := filepath.Join(t.TempDir(), "postern.toml")
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	err = toml.NewEncoder(file).Encode(struct {
		Policy  string         `toml:"policy_file"`
		Trusted []string       `toml:"trusted_proxies"`
		Hosts   []HostConfig   `toml:"host"`
		Sources []SourceConfig `toml:"source"`
	}{f.config.PolicyFile, f.config.TrustedProxies, f.config.Hosts, f.config.Sources})
	if err := errors.Join(err, file.Close()); err != nil {
		t.Fatal(err)
	}
	p := &process{url: "http://" + address, log: f.log, args: []string{
		"serve", "--config", path, "--listen", address, "--public-url", f.config.PublicURL, "--data", f.config.Data,
		"--signing-key-file", f.config.SigningKeyFile, "--secret-file", f.config.SecretFile,
	}}
	if f.config.DatabaseURL != "" {
		p.env = append(p.env, "POSTERN_DATABASE_URL="+f.config.DatabaseURL)
	}
	if f.config.RedisURL != "" {
		p.env = append(p.env, "POSTERN_REDIS_URL="+f.config.RedisURL)
	}
	if f.config.SMTP.Host != "" {
		p.env = append(p.env, "POSTERN_SMTP_HOST="+f.config.SMTP.Host, fmt.Sprint("POSTERN_SMTP_PORT=", f.config.SMTP.Port), "POSTERN_SMTP_TLS="+f.config.SMTP.TLS)
	}
	if f.config.RedisCAFile != "" {
		p.env = append(p.env, "POSTERN_REDIS_CA_FILE="+f.config.RedisCAFile)
	}
	return p
}

// start runs the process until kill, or the test's end.
func (p *process) start(t *testing.T) {
	t.Helper()
	p.launch(t, binary(t))
	p.comesUp(t)
}

// launch runs a program in the process's place, with variables besides its own.
func (p *process) launch(t *testing.T, program string, env ...string) {
	t.Helper()
	p.cmd = exec.Command(program, p.args...)
	p.cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME")}, append(env, p.env...)...)
	p.cmd.Stdout, p.cmd.Stderr = p.log, p.log
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended, cmd := make(chan struct{}), p.cmd
	p.ended = ended
	go func() { _ = cmd.Wait(); close(ended) }()
	t.Cleanup(func() { _ = cmd.Process.Kill(); <-ended })
}

// comesUp waits until it answers.
func (p *process) comesUp(t *testing.T) {
	t.Helper()
	for end := time.Now().Add(patience); ; time.Sleep(2 * time.Millisecond) {
		res, err := http.Get(p.url + "/healthz")
		if err == nil {
			_ = res.Body.Close()
			return
		}
		select {
		case <-p.ended:
			t.Fatalf("the process ended at once: %s", p.log)
		default:
		}
		if time.Now().After(end) {
			t.Fatalf("the process does not answer: %v\n%s", err, p.log)
		}
	}
}

// kill is kill -9.
func (p *process) kill(t *testing.T) {
	t.Helper()
	if err := p.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	<-p.ended
}

// processes is a fixture whose gateways are processes; its database is open here too, to look at.
func processes(t *testing.T, engine string, bend func(*Config), nodes int) (*fixture, []*process) {
	t.Helper()
	return processesAt(t, engine, bend, nodes, false)
}

// processesAt is processes with, on PostgreSQL, a clock of the database that can be set.
func processesAt(t *testing.T, engine string, bend func(*Config), nodes int, clock bool) (*fixture, []*process) {
	t.Helper()
	f := &fixture{engine: engine, site: newSite(t), clock: &testClock{}, staff: map[string]member{}, log: &output{}, typed: map[string][]string{}}
	f.config = alone(t)
	if engine == "PostgreSQL" {
		f.config = shared(t)
	}
	if clock {
		f.config.DatabaseURL = f.clock.settable(t, f.config.DatabaseURL)
	}
	f.config = f.site.config(t, f.config)
	f.config.TrustedProxies = []string{"127.0.0.1/32"}
	f.join(t)
	for name, to := range map[string]*string{"key.pem": &f.config.SigningKeyFile, "secret": &f.config.SecretFile} {
		fresh := map[string]func() ([]byte, error){"key.pem": newSigningKey, "secret": newSecret}[name]
		b, err := fresh()
		*to = filepath.Join(f.config.Data, name)
		if err := errors.Join(err, os.WriteFile(*to, b, 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	if bend != nil {
		bend(&f.config)
	}
	address := freeAddress(t)
	f.config.PublicURL = strings.Replace("http://"+address, "127.0.0.1", "localhost", 1)
	a := &App{log: nil, outside: outside{now: time.Now, decides: time.Now, pause: pause}}
	var err error
	if a.store, err = stores(time.Now)[pick(f.config.DatabaseURL, "postgres", "sqlite")](t.Context(), f.config); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = a.store.gateway.Close() })
	a.Service = &gateway.Service{Store: a.store.gateway}
	text, err := os.ReadFile(f.config.SigningKeyFile)
	if err != nil {
		t.Fatal(err)
	}
	key, err := readSigningKey(text)
	if err != nil {
		t.Fatal(err)
	}
	a.key = publicKey(t, key)
	f.node = &node{App: a, url: "http://" + address, origin: f.config.PublicURL}
	for _, h := range []*hostSite{f.site, f.club} {
		h.gate, h.issuer = f.node, f.config.PublicURL
	}
	f.people(t)
	list := []*process{f.process(t, address)}
	for len(list) < nodes {
		list = append(list, f.process(t, freeAddress(t)))
	}
	for _, p := range list {
		p.start(t)
	}
	return f, list
}

// on is the same fixture, spoken to through another of its nodes.
func (f *fixture) on(p *process) *fixture {
	other := *f
	n := *f.node
	n.url = p.url
	other.node = &n
	return &other
}

// tab is a socket whose end is an answer, not a failure: the other side is killed now and then.
type tab struct {
	ws    *websocket.Conn
	nonce string
	next  int
}

func (f *fixture) tab(ctx context.Context, cookie string) (*tab, error) {
	header := http.Header{"Origin": {f.node.origin}, "X-Forwarded-For": {newAddress()}}
	if cookie != "" {
		header.Set("Cookie", cookie)
	}
	ws, _, err := websocket.Dial(ctx, strings.Replace(f.url, "http", "ws", 1)+"/v1/socket", &websocket.DialOptions{HTTPHeader: header})
	if err != nil {
		return nil, err
	}
	ws.SetReadLimit(1 << 20)
	t := &tab{ws: ws}
	welcome, err := t.until(ctx, func(f map[string]any) bool { return f["sig"] == "welcome" })
	if err != nil {
		return nil, err
	}
	t.nonce, _ = welcome["data"].(map[string]any)["nonce"].(string)
	return t, nil
}

func (t *tab) until(ctx context.Context, fits func(map[string]any) bool) (map[string]any, error) {
	for {
		_, raw, err := t.ws.Read(ctx)
		if err != nil {
			return nil, err
		}
		f := map[string]any{}
		if err := json.Unmarshal(raw, &f); err != nil {
			return nil, err
		}
		for _, f := range split(f) {
			if fits(f) {
				return f, nil
			}
		}
	}
}

// push sends a command and does not wait for its answer.
func (t *tab) push(ctx context.Context, cmd string, args any) (id string, err error) {
	t.next++
	id = fmt.Sprint(t.next)
	raw, err := json.Marshal(map[string]any{"cmd": cmd, "id": id, "args": args})
	if err != nil {
		return "", err
	}
	return id, t.ws.Write(ctx, websocket.MessageText, raw)
}

// do sends a command and gives what was answered; a refusal is an error.
func (t *tab) do(ctx context.Context, cmd string, args any) (map[string]any, error) {
	id, err := t.push(ctx, cmd, args)
	if err != nil {
		return nil, err
	}
	f, err := t.until(ctx, func(f map[string]any) bool { return f["re"] == id })
	if err != nil {
		return nil, err
	}
	if f["error"] != nil {
		return nil, fmt.Errorf("%w: %s: %v", errRefused, cmd, f["error"])
	}
	ok, _ := f["ok"].(map[string]any)
	return ok, nil
}

var errRefused = errors.New("refused")

// postEvent posts a login event and gives where the host sends the browser.
func (h *hostSite) postEvent(ctx context.Context, e map[string]any) (string, error) {
	body, err := json.Marshal(e)
	if err != nil {
		return "", err
	}
	req, err := http.NewRequestWithContext(ctx, "POST", h.gate.url+"/v1/events/shop", bytes.NewReader(body))
	if err != nil {
		return "", err
	}
	verify.SignHook(req.Header, h.secret, hookID(), h.now(), body)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return "", err
	}
	defer func() { _ = res.Body.Close() }()
	var answer struct {
		Return string `json:"return"`
	}
	err = json.NewDecoder(res.Body).Decode(&answer)
	return answer.Return, err
}

// A gateway that is closed in the moment of its start ends: its listener may not have begun to serve yet.
func TestCloseAtOnce(t *testing.T) {
	for range 4 {
		c, _, err := Load([]string{"--data", t.TempDir()}, nil, io.Discard)
		if err != nil {
			t.Fatal(err)
		}
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		c.PublicURL = fmt.Sprintf("http://localhost:%d", portOf(l))
		a, err := Start(t.Context(), c, l, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		if err := a.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		if _, err := net.Dial("tcp", l.Addr().String()); err == nil {
			t.Fatal("somebody still listens")
		}
	}
}
