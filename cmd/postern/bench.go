package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/postern-chat/postern/gateway/bench"
)

// benchPlan is what 'postern bench' was asked for.
type benchPlan struct {
	chats, inflight, agents, topics, body, nodes, idle, storm, stored int
	rate                                                              float64
	by, store, database, redis, profile                               string
	warm, last, delay                                                 time.Duration
	json                                                              bool
}

// benchReport is what it found. Figures of the disk stand beside, to compare with.
type benchReport struct {
	Machine bench.Machine      `json:"machine"`
	Store   string             `json:"store"`
	Nodes   int                `json:"nodes"`
	Sync    bench.Quantiles    `json:"fsync"`
	Load    *bench.Result      `json:"load,omitempty"`
	Crowd   *crowdReport       `json:"crowd,omitempty"`
	Storm   *bench.StormResult `json:"storm,omitempty"`
}

const benchUse = `usage: postern bench [flags]          one load, on gateways of its own
       postern bench all [flags]      the whole table of goals; 'postern bench all --help' lists its flags
       postern bench routing [flags]  the routing simulated: no gateway, no sockets; 'postern bench routing --help'
       postern bench kb [flags]       the search of articles; 'postern bench kb --help'

Starts gateways on loopback with an empty database in a temporary folder, drives them over real websockets as visitors
and agents do, and prints what came of it. PostgreSQL and Redis are started too where they are needed and not given.
Progress goes to standard error. Nothing that runs already is touched.

  postern bench                           200 conversations, as fast as they are acknowledged
  postern bench --inflight 8              eight messages of each under way at once
  postern bench --rate 1000               a fixed rate; times count from when a message was to be sent
  postern bench --by agent                agents write, visitors read
  postern bench --nodes 2                 two gateways on PostgreSQL and Redis
  postern bench --idle 10000              visitors who say nothing: memory per connection
  postern bench --storm 5000              visitors who are cut off and all come back at once

`

// runBench is 'postern bench': it starts gateways of its own on loopback, on an empty database, and drives them.
func runBench(ctx context.Context, c call) int {
	if len(c.args) > 0 {
		rest := call{c.args[1:], c.env, c.out, c.err}
		switch c.args[0] {
		case "all":
			return runBenchAll(ctx, rest)
		case "routing":
			return runBenchRouting(ctx, rest)
		case "kb":
			return runBenchKB(ctx, rest)
		case "node":
			return runBenchNode(ctx, rest, os.Stdin)
		case "tcp":
			return runBenchTCP(rest, os.Stdin)
		}
	}
	p, err := parseBench(c)
	if errors.Is(err, flag.ErrHelp) {
		return exitOK
	}
	if err != nil {
		fmt.Fprintln(c.err, "postern bench:", err)
		return exitUsage
	}
	r, err := p.run(ctx, c)
	if err != nil {
		fmt.Fprintln(c.err, "postern bench:", err)
		return exitFailed
	}
	return c.report(p.json, r, r.table)
}

// report prints JSON, or a table for people.
func (c call) report(asJSON bool, r any, table func(io.Writer)) int {
	if !asJSON {
		table(c.out)
		return exitOK
	}
	enc := json.NewEncoder(c.out)
	enc.SetIndent("", "  ")
	if err := enc.Encode(r); err != nil {
		return exitFailed
	}
	return exitOK
}

func benchFlags(c call, name, use string) *flag.FlagSet {
	fs := flag.NewFlagSet(name, flag.ContinueOnError)
	fs.SetOutput(c.err)
	fs.Usage = func() {
		fmt.Fprint(c.err, use)
		fs.PrintDefaults()
	}
	return fs
}

func parseBench(c call) (p benchPlan, err error) {
	fs := benchFlags(c, "postern bench", benchUse)
	fs.IntVar(&p.chats, "chats", 200, "conversations with somebody who writes")
	fs.IntVar(&p.inflight, "inflight", 1, "messages of one conversation under way at once")
	fs.Float64Var(&p.rate, "rate", 0, "messages a second over all, whatever the answers do (open loop); 0 = as fast as they are acknowledged")
	fs.IntVar(&p.agents, "agents", 2, "agents who watch every conversation")
	fs.IntVar(&p.topics, "topics", 1, "conversations that one socket of an agent watches, up to 64: a console watches many")
	fs.IntVar(&p.body, "body", 128, "bytes of a message")
	fs.StringVar(&p.by, "by", "visitor", "who writes: visitor or agent")
	fs.DurationVar(&p.warm, "warm", 2*time.Second, "time before the measuring begins")
	fs.DurationVar(&p.last, "last", 10*time.Second, "how long to measure, or to stay")
	fs.IntVar(&p.idle, "idle", 0, "instead: so many visitors who say nothing, for --last")
	fs.IntVar(&p.storm, "storm", 0, "instead: so many visitors who are cut off while they write, and all come back at once")
	fs.IntVar(&p.stored, "stored", 0, "messages that are stored before the first, in bulk; 10,000,000 need 6 GB")
	fs.IntVar(&p.nodes, "nodes", 1, "gateways; visitors at the first, agents at the last. Two need PostgreSQL and Redis")
	fs.StringVar(&p.store, "store", "", "sqlite or postgres; \"\" = sqlite for one node")
	fs.StringVar(&p.database, "database-url", "", "an empty PostgreSQL database; \"\" = one of our own")
	fs.StringVar(&p.redis, "redis-url", "", "a Redis; \"\" = one of our own for two nodes, and none for one")
	fs.DurationVar(&p.delay, "commit-delay", 0, "holds each commit that long, as a slow disk would")
	fs.StringVar(&p.profile, "profile", "", "folder for cpu.pprof, allocs.pprof and, with --idle, heap.pprof of the first gateway")
	fs.BoolVar(&p.json, "json", false, "print JSON")
	if err := fs.Parse(c.args); err != nil {
		return p, err
	}
	if fs.NArg() > 0 {
		return p, fmt.Errorf("unknown argument %q", fs.Arg(0))
	}
	return p, p.check()
}

func (p *benchPlan) check() error {
	switch {
	case p.chats < 1 || p.inflight < 1 || p.inflight > 400 || p.agents < 1 || p.topics < 1 || p.topics > bench.MaxTopics || p.nodes < 1 || p.body < 16 || p.body > 8000 || p.rate < 0 || p.last <= 0:
		return errors.New("a number is out of its bounds")
	case p.idle < 0 || p.storm < 0 || p.stored < 0 || p.idle > 0 && p.storm > 0 || p.warm < 0 || p.delay < 0:
		return errors.New("a number is out of its bounds")
	case p.by != "visitor" && p.by != "agent":
		return errors.New("--by is visitor or agent")
	case p.store != "" && p.store != "sqlite" && p.store != "postgres":
		return errors.New("--store is sqlite or postgres")
	case p.store == "sqlite" && (p.nodes > 1 || p.database != ""):
		return errors.New("SQLite serves one node, in a file of its own")
	}
	if p.store == "" && (p.nodes > 1 || p.database != "") {
		p.store = "postgres"
	}
	return nil
}

// set is what the plan's gateways run on, without the servers beside them.
func (p benchPlan) set() benchSet {
	s := benchSet{
		chats: p.chats, agents: p.agents, nodes: p.nodes, database: p.database, redis: p.redis, stored: p.stored, beside: p.store == "postgres",
		orders: nodeOrders{CommitDelay: p.delay, Profile: p.profile},
	}
	if p.idle+p.storm > 0 {
		s.chats, s.agents = p.idle+p.storm, 1
	}
	return s
}

func (p benchPlan) run(ctx context.Context, c call) (r benchReport, err error) {
	l := &benchLab{call: c, tell: func(line string) { fmt.Fprintln(c.err, line) }}
	if err := l.open(""); err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, l.close()) }()
	set := p.set()
	r = benchReport{Machine: machine(), Store: "SQLite", Nodes: p.nodes}
	if set.beside {
		r.Store = "PostgreSQL"
	}
	if r.Sync, err = bench.Sync(l.dir, time.Second); err != nil {
		return r, err
	}
	err = l.on(ctx, set, func(s *benchStage) (err error) {
		switch {
		case p.idle > 0:
			r.Crowd, err = s.crowd(ctx, p.last, l.tell)
		case p.storm > 0:
			r.Storm, err = s.storm(ctx, l.tell)
		default:
			r.Load, err = s.load(ctx, p, l.tell)
		}
		return err
	})
	return r, err
}

// table prints the report for people.
func (r benchReport) table(w io.Writer) {
	fmt.Fprintf(w, "%s\n%s, %d node(s); fsync p50 %.2f ms, p99 %.2f ms\n", r.Machine, r.Store, r.Nodes, r.Sync.P50, r.Sync.P99)
	if l := r.Load; l != nil {
		fmt.Fprintf(w, "%-22s %10.0f /s\n%-22s %10.0f /s\n", "messages, durable", l.Rate, "deliveries", l.Deliveries)
		fmt.Fprintf(w, "%-22s %10s %10s %10s %10s\n", "ms", "p50", "p99", "p99.9", "max")
		for _, q := range []struct {
			name string
			bench.Quantiles
		}{{"send to acknowledged", l.Ack}, {"send to delivered", l.Seen}} {
			fmt.Fprintf(w, "%-22s %10.2f %10.2f %10.2f %10.2f\n", q.name, q.P50, q.P99, q.P999, q.Max)
		}
		fmt.Fprintf(w, "%-22s %10.1f µs a message; the load itself %.1f\n", "processor, gateways", l.CPU, l.Own)
		fmt.Fprintf(w, "refused %d, came back and resumed %d, delivered twice %d, not delivered %d\n", l.Refused, l.Resumes, l.Doubled, l.Lost)
	}
	if k := r.Crowd; k != nil {
		fmt.Fprintf(w, "%d connections: %.1f KB each (%.1f before unused memory is given back), %.0f MB in all, %+.1f MB while they stayed; %d cut off\n",
			k.Connections, k.Each/1024, k.AsIs/1024, float64(k.Resident)/(1<<20), float64(k.Growth)/(1<<20), k.Cut)
	}
	if s := r.Storm; s != nil {
		fmt.Fprintf(w, "%d of %d resumed in %.2f s; seen twice %d, lost %d\n", s.Resumed, s.Clients, s.Seconds, s.Doubled, s.Missing)
	}
}
