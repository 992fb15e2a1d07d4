package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/postern-chat/postern/gateway"
	"github.com/postern-chat/postern/gateway/bench"
	"github.com/postern-chat/postern/gateway/token"
)

// benchMailbox is the slug of the one mailbox on the stage.
const benchMailbox = "bench"

// benchStage is gateways of our own with people who may write.
type benchStage struct {
	origin string
	nodes  []*benchNodeProcess
	at     []string // their URLs
	chats  []bench.Chat
	agents []bench.Person
}

// benchNodeProcess is one gateway.
type benchNodeProcess struct {
	cmd   *exec.Cmd
	ended chan error // how it ended, once
}

// stage fills an empty database, then starts the gateways, each a process of its own so that what it uses can be told
// from what the load uses.
func (p benchPlan) stage(ctx context.Context, c call, dir string, tell func(string)) (s *benchStage, err error) {
	s = &benchStage{}
	cfg, _, err := Load([]string{"--data", dir}, nil, c.err)
	if err != nil {
		return nil, err
	}
	cfg.DatabaseURL, cfg.RedisURL = p.database, p.redis
	if err := s.fill(ctx, cfg, p, tell); err != nil {
		return nil, err
	}
	file, err := p.config(dir)
	if err != nil {
		return nil, err
	}
	var addresses []string
	for range p.nodes {
		a, err := freePort()
		if err != nil {
			return nil, err
		}
		addresses = append(addresses, a)
	}
	s.origin = "http://" + strings.Replace(addresses[0], "127.0.0.1", "localhost", 1)
	for _, a := range addresses {
		if err := s.start(ctx, c, cfg, file, a); err != nil {
			return nil, errors.Join(err, s.stop())
		}
	}
	return s, nil
}

// config writes a configuration without walls, for the load is meant, and with keys that all nodes share.
func (p benchPlan) config(dir string) (string, error) {
	file, key, secret := filepath.Join(dir, "postern.toml"), filepath.Join(dir, "bench-key.pem"), filepath.Join(dir, "bench-secret")
	const none = 1_000_000
	text := fmt.Sprintf("signing_key_file = %q\nsecret_file = %q\n[limits]\nconnections = %d\nconnections_per_address = %d\ncommands = %d\n", key, secret, none, none, none)
	k, err := newSigningKey()
	s, err2 := newSecret()
	return file, errors.Join(err, err2, os.WriteFile(file, []byte(text), 0o600), os.WriteFile(key, k, 0o600), os.WriteFile(secret, s, 0o600))
}

func freePort() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

func (s *benchStage) start(ctx context.Context, c call, cfg Config, file, address string) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	cmd := exec.Command(self, "serve", "--config", file, "--listen", address, "--public-url", s.origin, "--data", cfg.Data)
	cmd.Env = append(os.Environ(), "POSTERN_DATABASE_URL="+cfg.DatabaseURL, "POSTERN_REDIS_URL="+cfg.RedisURL, "POSTERN_LOG_LEVEL=error")
	cmd.Stderr = c.err
	if err := cmd.Start(); err != nil {
		return err
	}
	n := &benchNodeProcess{cmd: cmd, ended: make(chan error, 1)}
	go func() { n.ended <- cmd.Wait() }()
	s.nodes, s.at = append(s.nodes, n), append(s.at, "http://"+address)
	for end := time.Now().Add(time.Minute); ; time.Sleep(5 * time.Millisecond) {
		res, err := http.Get("http://" + address + "/healthz")
		if err == nil {
			_ = res.Body.Close()
			if res.StatusCode == http.StatusOK {
				return nil
			}
		}
		select {
		case ended := <-n.ended:
			n.ended <- ended
			return errors.Join(errors.New("a gateway ended at once"), ended)
		default:
		}
		if time.Now().After(end) || ctx.Err() != nil {
			return errors.Join(errors.New("a gateway does not answer"), err, ctx.Err())
		}
	}
}

// stop tells the gateways to end, and waits for them.
func (s *benchStage) stop() error {
	for _, n := range s.nodes {
		_ = n.cmd.Process.Signal(syscall.SIGTERM)
	}
	var all error
	for _, n := range s.nodes {
		all = errors.Join(all, <-n.ended)
	}
	return all
}

func (s *benchStage) urls() []string { return s.at }

func (s *benchStage) cpu() time.Duration {
	var sum time.Duration
	for _, n := range s.nodes {
		d, err := bench.ProcessTime(n.cmd.Process.Pid)
		if err != nil {
			return 0
		}
		sum += d
	}
	return sum
}

// fill makes the mailbox, its agents, and visitors with a conversation each, held by the first agent.
func (s *benchStage) fill(ctx context.Context, cfg Config, p benchPlan, tell func(string)) (err error) {
	st, err := openStorage(ctx, cfg, time.Now)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, st.gateway.Close()) }()
	f := benchFill{ctx: ctx, store: st.gateway, now: time.Now()}
	box := f.mailbox()
	n := p.chats
	if p.idle > 0 {
		n = p.idle
	}
	owner := f.agents(s, box, p.agents, n)
	for i := range n {
		s.chats = append(s.chats, f.chat(box, owner))
		if i%1000 == 999 {
			tell(fmt.Sprintf("%d conversations made", i+1))
		}
	}
	return f.err
}

// benchFill makes rows until one fails.
type benchFill struct {
	ctx   context.Context
	store gateway.Store
	now   time.Time
	err   error
}

func (f *benchFill) note(err error) { f.err = errors.Join(f.err, err) }

func (f *benchFill) id(prefix string) gateway.ID {
	id, err := gateway.NewID(prefix, f.now, rand.Reader)
	f.note(err)
	return id
}

func (f *benchFill) token() string {
	t, err := token.New(rand.Reader)
	f.note(err)
	return t
}

func (f *benchFill) mailbox() gateway.ID {
	m, _, err := f.store.SaveMailbox(f.ctx, gateway.Mailbox{
		ID: f.id(gateway.PrefixMailbox), Slug: benchMailbox, Name: "Bench", Address: "bench@localhost.test", Zone: "UTC",
		Ring: gateway.DefaultRing, Missed: time.Hour,
	}, gateway.System(), f.now)
	f.note(err)
	return m.ID
}

func (f *benchFill) agents(s *benchStage, box gateway.ID, n, seats int) (owner gateway.ID) {
	var members []gateway.ID
	for i := range n {
		a, _, err := f.store.SaveAgent(f.ctx, gateway.Agent{
			ID: f.id(gateway.PrefixAgent), Email: fmt.Sprintf("a%d@localhost.test", i), Name: fmt.Sprint("Agent ", i), Role: gateway.RoleSupervisor, Capacity: seats + 1,
		}, gateway.System(), f.now)
		f.note(err)
		t := f.token()
		f.note(f.store.SaveSession(f.ctx, token.Hash(t), a.ID, "", f.now.Add(24*time.Hour), f.now))
		members = append(members, a.ID)
		s.agents = append(s.agents, bench.Person{Cookie: "__Host-postern-agent=" + t})
	}
	_, err := f.store.SetMembers(f.ctx, box, members, gateway.System(), f.now)
	f.note(err)
	return members[0]
}

func (f *benchFill) chat(box, owner gateway.ID) bench.Chat {
	t := f.token()
	v, err := f.store.PairVisitor(f.ctx, gateway.Visitor{ID: f.id(gateway.PrefixVisitor), TokenHash: token.Hash(t), Mailbox: box}, f.now)
	f.note(err)
	cv := f.id(gateway.PrefixConversation)
	_, _, err = f.store.StartConversation(f.ctx, gateway.Start{ID: cv, Visitor: v.ID, Mailbox: box, Missed: time.Hour, CommandID: string(cv)}, f.now)
	f.note(err)
	_, err = f.store.Claim(f.ctx, cv, owner, "hand", f.now)
	f.note(err)
	return bench.Chat{Conversation: string(cv), Visitor: bench.Person{Token: t, Mailbox: benchMailbox}}
}

// crowd lets everybody connect, stay for a while, and come back at once.
func (s *benchStage) crowd(ctx context.Context, stay time.Duration, tell func(string)) (*crowdReport, error) {
	pid := s.nodes[0].cmd.Process.Pid
	before, err := bench.ProcessMemory(pid)
	if err != nil {
		return nil, err
	}
	c := &bench.Crowd{URL: s.at[0], Origin: s.origin, Chats: s.chats, Tell: tell}
	defer c.Leave()
	if err := c.Arrive(ctx); err != nil {
		return nil, err
	}
	r := &crowdReport{Connections: len(s.chats)}
	r.Cut = c.Stay(ctx, stay)
	if r.Resident, err = bench.ProcessMemory(pid); err != nil {
		return nil, err
	}
	r.Bytes = (r.Resident - before) / int64(max(1, r.Connections))
	tell("all are cut off and come back")
	d, err := c.Return(ctx)
	r.Return = d.Seconds()
	return r, err
}
