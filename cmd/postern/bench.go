package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"runtime"
	"time"

	"github.com/postern-chat/postern/gateway/bench"
)

// benchPlan is what 'postern bench' was asked for.
type benchPlan struct {
	chats, inflight, agents, body, nodes, idle int
	rate                                       float64
	by, database, redis                        string
	warm, last                                 time.Duration
	json                                       bool
}

// benchReport is what it found. Figures of the disk and of a loop without a gateway stand beside, to compare with.
type benchReport struct {
	Machine string          `json:"machine"`
	Store   string          `json:"store"`
	Nodes   int             `json:"nodes"`
	Sync    bench.Quantiles `json:"fsync"`
	Load    *bench.Result   `json:"load,omitempty"`
	Crowd   *crowdReport    `json:"crowd,omitempty"`
}

// crowdReport is memory and return of many connections that say nothing.
type crowdReport struct {
	Connections int     `json:"connections"`
	Bytes       int64   `json:"bytes_per_connection"` // resident, over the process before the first
	Resident    int64   `json:"resident_bytes"`
	Cut         int64   `json:"cut"`            // while they stayed
	Return      float64 `json:"return_seconds"` // of all at once, after all were cut off
}

// runBench is 'postern bench': it starts gateways of its own on loopback, on an empty database, and drives them.
func runBench(ctx context.Context, c call) int {
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
	if p.json {
		enc := json.NewEncoder(c.out)
		enc.SetIndent("", "  ")
		err = enc.Encode(r)
	} else {
		r.table(c.out)
	}
	if err != nil {
		return exitFailed
	}
	return exitOK
}

func parseBench(c call) (p benchPlan, err error) {
	fs := flag.NewFlagSet("postern bench", flag.ContinueOnError)
	fs.SetOutput(c.err)
	fs.IntVar(&p.chats, "chats", 200, "conversations with somebody who writes")
	fs.IntVar(&p.inflight, "inflight", 1, "messages of one conversation under way at once")
	fs.Float64Var(&p.rate, "rate", 0, "messages a second over all, whatever the answers do (open loop); 0 = as fast as they are acknowledged")
	fs.IntVar(&p.agents, "agents", 2, "agents who watch every conversation")
	fs.IntVar(&p.body, "body", 128, "bytes of a message")
	fs.StringVar(&p.by, "by", "visitor", "who writes: visitor or agent")
	fs.DurationVar(&p.warm, "warm", 2*time.Second, "time before the measuring begins")
	fs.DurationVar(&p.last, "last", 10*time.Second, "how long to measure, or to stay")
	fs.IntVar(&p.idle, "idle", 0, "instead: so many visitors who connect, say nothing, are cut off and all come back at once")
	fs.IntVar(&p.nodes, "nodes", 1, "gateways; visitors at the first, agents at the last. Two need a database and Redis")
	fs.StringVar(&p.database, "database-url", "", "an empty PostgreSQL database; \"\" = SQLite in a temporary folder")
	fs.StringVar(&p.redis, "redis-url", "", "a Redis; \"\" = in the process")
	fs.BoolVar(&p.json, "json", false, "print JSON")
	if err := fs.Parse(c.args); err != nil {
		return p, err
	}
	switch {
	case fs.NArg() > 0:
		return p, fmt.Errorf("unknown argument %q", fs.Arg(0))
	case p.chats < 1 || p.inflight < 1 || p.agents < 1 || p.nodes < 1 || p.body < 16 || p.body > 8000 || p.idle < 0 || p.rate < 0 || p.last <= 0:
		return p, errors.New("a number is out of its bounds")
	case p.by != "visitor" && p.by != "agent":
		return p, errors.New("--by is visitor or agent")
	case p.nodes > 1 && (p.database == "" || p.redis == ""):
		return p, errors.New("more than one node needs --database-url and --redis-url")
	}
	return p, nil
}

func (p benchPlan) run(ctx context.Context, c call) (r benchReport, err error) {
	dir, err := os.MkdirTemp("", "postern-bench-")
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	tell := func(line string) { fmt.Fprintln(c.err, line) }
	r = benchReport{Machine: fmt.Sprintf("%s, %d processors, %s", runtime.GOOS+"/"+runtime.GOARCH, runtime.NumCPU(), runtime.Version()), Store: pick(p.database, "PostgreSQL", "SQLite"), Nodes: p.nodes}
	if r.Sync, err = bench.Sync(dir, time.Second); err != nil {
		return r, err
	}
	stage, err := p.stage(ctx, c, dir, tell)
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, stage.stop()) }()
	if p.idle > 0 {
		r.Crowd, err = stage.crowd(ctx, p.last, tell)
		return r, err
	}
	load := bench.Load{
		URLs: stage.urls(), Origin: stage.origin, Chats: stage.chats, Agents: stage.agents, Inflight: p.inflight, Rate: p.rate,
		ByAgent: p.by == "agent", Body: p.body, Warm: p.warm, Last: p.last, Tell: tell, CPU: stage.cpu,
	}
	res, err := load.Run(ctx)
	r.Load = &res
	return r, err
}

// table prints the report for people.
func (r benchReport) table(w io.Writer) {
	fmt.Fprintf(w, "%s; %s, %d node(s); fsync p50 %.2f ms, p99 %.2f ms\n", r.Machine, r.Store, r.Nodes, r.Sync.P50, r.Sync.P99)
	if l := r.Load; l != nil {
		fmt.Fprintf(w, "%-22s %10.0f /s\n%-22s %10.0f /s\n", "messages, durable", l.Rate, "deliveries", l.Deliveries)
		fmt.Fprintf(w, "%-22s %10s %10s %10s %10s\n", "ms", "p50", "p99", "p99.9", "max")
		for _, q := range []struct {
			name string
			bench.Quantiles
		}{{"send to acknowledged", l.Ack}, {"send to seen", l.Seen}} {
			fmt.Fprintf(w, "%-22s %10.2f %10.2f %10.2f %10.2f\n", q.name, q.P50, q.P99, q.P999, q.Max)
		}
		fmt.Fprintf(w, "%-22s %10.1f µs a message\n", "processor, gateways", l.CPU)
		fmt.Fprintf(w, "refused %d, came back and resumed %d, not delivered %d\n", l.Refused, l.Resumes, l.Lost)
	}
	if k := r.Crowd; k != nil {
		fmt.Fprintf(w, "%d connections: %.1f KB each, %.0f MB in all; %d cut off; all back in %.2f s\n", k.Connections, float64(k.Bytes)/1024, float64(k.Resident)/(1<<20), k.Cut, k.Return)
	}
}
