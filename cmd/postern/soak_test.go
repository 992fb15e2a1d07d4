package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"maps"
	rand2 "math/rand/v2"
	"net/http"
	"os"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/postern-chat/postern/gateway"
	"github.com/postern-chat/postern/gateway/gatewaytest/history"
	"github.com/postern-chat/postern/gateway/gatewaytest/server"
	"github.com/postern-chat/postern/gateway/token"
)

// soakSilence is how long an answer may fail to come before the harness says so and comes back elsewhere.
const soakSilence = 30 * time.Second

// soakPlan is how much is done. `make soak` sets it through SEED, MESSAGES, FAULTS, RATE, NODES and JSON.
type soakPlan struct {
	seed                           uint64
	messages, faults               int
	rate                           float64 // messages a second over all
	nodes, chats, agents, watchers int
	loud                           int64  // long messages towards a tab that does not read
	json                           string // file for the figures; "" = none
}

func (p soakPlan) fromEnvironment(t *testing.T) soakPlan {
	for name, to := range map[string]*int{"MESSAGES": &p.messages, "FAULTS": &p.faults, "NODES": &p.nodes} {
		if v := os.Getenv("SOAK_" + name); v != "" {
			n, err := strconv.Atoi(v)
			if err != nil || n < 1 {
				t.Fatalf("%s=%s is not a number above 0", name, v)
			}
			*to = n
		}
	}
	for name, set := range map[string]func(v string) error{
		"SEED": func(v string) (err error) { p.seed, err = strconv.ParseUint(v, 10, 64); return err },
		"RATE": func(v string) (err error) { p.rate, err = strconv.ParseFloat(v, 64); return err },
		"JSON": func(v string) error { p.json = v; return nil },
	} {
		if v := os.Getenv("SOAK_" + name); v != "" {
			if err := set(v); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
		}
	}
	if p.rate <= 0 {
		t.Fatal("RATE must be above 0")
	}
	return p
}

// soak is one run: gateways, Redis and PostgreSQL as processes, people at real sockets, and what all of them saw.
type soak struct {
	*testing.T
	plan         soakPlan
	ctx          context.Context
	f            *fixture
	nodes        []*process
	relay        *relay
	redis        *server.Redis
	postgres     *server.Postgres
	wide, narrow *http.Client

	seats    []*seat
	visitors []*soakVisitor
	agents   []*soakAgent
	readers  []*seat // who may be slow

	errands    *errands
	errandists []*soakVisitor // mu

	written, acked atomic.Int64
	failures       atomic.Int64 // connections that did not come about
	resting        atomic.Int64 // 1 + the node that nobody is sent to; 0 = none
	ended          atomic.Bool
	troubles       []history.Trouble
	down           []history.Span
	heads          map[string]uint64 // of the log when all had been said

	mu   sync.Mutex
	said map[string]int // refusals, by command and code
}

// Gateways, Redis and PostgreSQL are killed, cut off and emptied under load, clients stall, resend and go in the
// middle of an offer. What every client saw is compared with the database's log: nothing lost, doubled or out of
// order. Without SOAK_MESSAGES this is the short form: each kind of fault once.
func TestSoak(t *testing.T) {
	p := soakPlan{messages: 3000, faults: len(faults()), rate: 150, nodes: 2, chats: 16, agents: 4, watchers: 1, loud: 300}
	if os.Getenv("SOAK_MESSAGES") != "" {
		p.chats, p.agents, p.watchers, p.nodes = 48, 6, 2, 3
	}
	p.seed = uint64(time.Now().UnixNano())
	p = p.fromEnvironment(t)
	t.Logf("SEED=%d MESSAGES=%d FAULTS=%d RATE=%g NODES=%d", p.seed, p.messages, p.faults, p.rate, p.nodes)
	s := newSoak(t, p)
	begun := time.Now()
	people := s.begin()
	s.breaks()
	s.ended.Store(true)
	people.Wait()
	s.settled()
	s.report(time.Since(begun))
}

func newSoak(t *testing.T, p soakPlan) *soak {
	s := &soak{T: t, plan: p, ctx: t.Context(), redis: server.NewLoneRedis(t), postgres: server.NewLonePostgres(t), wide: http.DefaultClient, narrow: narrowClient(), said: map[string]int{}}
	s.relay = newRelay(t, s.redis.Addr)
	s.f, s.nodes = processes(t, "PostgreSQL", func(c *Config) {
		c.RedisURL, c.DatabaseURL = "redis://"+s.relay.addr, s.postgres.NewDatabase(t)
	}, p.nodes)
	return s
}

// choose is the balancer: any node that is not taken out.
func (s *soak) choose(rng *rand2.Rand) *process {
	n := rng.IntN(len(s.nodes))
	if int64(n+1) == s.resting.Load() {
		n = (n + 1) % len(s.nodes)
	}
	return s.nodes[n]
}

func (s *soak) over() bool { return s.ended.Load() }

func (s *soak) refused(cmd, code string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.said[cmd+" "+code]++
}

// refusals is what was refused until now.
func (s *soak) refusals() map[string]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.said)
}

// begin seats everybody and lets them talk: three of four messages are visitors'.
func (s *soak) begin() *sync.WaitGroup {
	box := s.f.box
	box.Ring, box.MailPerHour = 5*time.Second, 100_000
	if _, _, err := s.f.Service.Store.SaveMailbox(s.ctx, box, gateway.System(), time.Now()); err != nil {
		s.Fatal(err)
	}
	su := s.f.staff["su1"]
	for i := range s.plan.watchers {
		s.readers = append(s.readers, s.watcher(i, s.plan.watchers, string(su.ID), su.cookie))
	}
	s.hire()
	for i := range s.plan.chats {
		tok, err := token.New(rand.Reader)
		if err != nil {
			s.Fatal(err)
		}
		v := &soakVisitor{}
		v.seat = s.seat(fmt.Sprint("visitor ", i), &seat{token: tok})
		v.other = s.seat(fmt.Sprint("visitor ", i, ", second tab"), &seat{token: tok, narrow: true})
		s.visitors, s.readers = append(s.visitors, v), append(s.readers, v.other)
	}
	s.errands = s.letters()
	live := &sync.WaitGroup{}
	ctx, leave := context.WithCancel(s.ctx)
	for _, k := range s.seats {
		live.Go(func() { k.run(ctx) })
	}
	s.Cleanup(func() { leave(); live.Wait() })
	all := s.talk()
	all.Go(func() { s.errands.run(ctx, live) })
	return all
}

// staff makes an agent of the run's own; it gives the id and the cookie.
func (s *soak) staff(name string) (gateway.ID, string) {
	now := time.Now()
	a, _, err := s.f.Service.Store.SaveAgent(s.ctx, gateway.Agent{
		ID: id(s.T, gateway.PrefixAgent), Email: name + "@shop.test", Name: name, Role: gateway.RoleAgent, Capacity: 1000,
	}, gateway.System(), now)
	if err != nil {
		s.Fatal(err)
	}
	tok, err := token.New(rand.Reader)
	if err != nil {
		s.Fatal(err)
	}
	if err := s.f.Service.Store.SaveSession(s.ctx, token.Hash(tok), a.ID, "", now.Add(48*time.Hour), now); err != nil {
		s.Fatal(err)
	}
	return a.ID, "__Host-postern-agent=" + tok
}

// hire makes the agents of the mailbox.
func (s *soak) hire() {
	var members []gateway.ID
	for i := range s.plan.agents {
		a, cookie := s.staff(fmt.Sprint("agent", i))
		members = append(members, a)
		s.agents = append(s.agents, s.agent(string(a), cookie, string(s.f.box.ID)))
	}
	if _, err := s.f.Service.Store.SetMembers(s.ctx, s.f.box.ID, members, gateway.System(), time.Now()); err != nil {
		s.Fatal(err)
	}
}

// talk lets everybody write until the run is over.
func (s *soak) talk() *sync.WaitGroup {
	all := &sync.WaitGroup{}
	for _, a := range s.agents {
		a.ready(s.ctx)
		go a.accepts(s.ctx)
		all.Go(func() { a.run(s.ctx, time.Duration(float64(time.Second)*4*float64(s.plan.agents)/s.plan.rate)) })
	}
	for _, v := range s.visitors {
		all.Go(func() { v.run(s.ctx, time.Duration(float64(time.Second)*4/3*float64(s.plan.chats)/s.plan.rate)) })
	}
	return all
}

// settled waits until everybody has what the log has now, or does not get it any more. What comes later (somebody is
// still offered a chat) nobody has to have.
func (s *soak) settled() {
	s.heads = map[string]uint64{}
	for _, r := range s.rows() {
		s.heads[r.Topic] = max(s.heads[r.Topic], r.Seq)
	}
	for end := time.Now().Add(3 * patience); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		if !slices.ContainsFunc(s.seats, func(k *seat) bool { return k.lacks(s.heads) }) {
			return
		}
	}
}

func (k *seat) lacks(heads map[string]uint64) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	for topic, t := range k.topics {
		if !t.done && t.last < heads[topic] {
			return true
		}
	}
	return false
}
