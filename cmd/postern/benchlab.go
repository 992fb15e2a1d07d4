package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/postern-chat/postern/gateway/bench"
)

// benchLab is where measurements run one after another: a folder, and the servers beside the gateways.
type benchLab struct {
	call
	tell     func(string)
	dir      string
	count    int // of folders and databases
	postgres *bench.Helper
	redis    *bench.Helper
}

// open makes the folder; in says where, "" = where temporary files go.
func (l *benchLab) open(in string) (err error) {
	l.dir, err = os.MkdirTemp(in, "postern-bench-")
	return err
}

func (l *benchLab) close() error {
	err := os.RemoveAll(l.dir)
	for _, h := range []*bench.Helper{l.postgres, l.redis} {
		if h != nil {
			err = errors.Join(err, h.Stop())
		}
	}
	return err
}

// folder makes a new one.
func (l *benchLab) folder() (string, error) {
	l.count++
	dir := fmt.Sprintf("%s/%d", l.dir, l.count)
	return dir, os.Mkdir(dir, 0o700)
}

// beside gives the set a PostgreSQL of our own, and for several nodes a Redis, where it names none.
func (l *benchLab) beside(ctx context.Context, set benchSet) (_ benchSet, err error) {
	if set.database == "" {
		if l.postgres == nil {
			l.tell("starting PostgreSQL")
			if l.postgres, err = bench.StartPostgres(ctx); err != nil {
				return set, err
			}
		}
		l.count++
		if set.database, err = l.postgres.Database(ctx, fmt.Sprint("bench", l.count)); err != nil {
			return set, err
		}
	}
	if set.redis == "" && set.nodes > 1 {
		if l.redis == nil {
			if l.redis, err = bench.StartRedis(ctx); err != nil {
				return set, err
			}
		}
		set.redis = l.redis.URL
	}
	return set, nil
}

// on lets measure have the set's gateways, and ends them.
func (l *benchLab) on(ctx context.Context, set benchSet, measure func(*benchStage) error) (err error) {
	if set.beside {
		if set, err = l.beside(ctx, set); err != nil {
			return err
		}
	}
	dir, err := l.folder()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	s, err := stage(ctx, l.call, set, dir, l.tell)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.stop()) }()
	return measure(s)
}

// load lets the stage's people write.
func (s *benchStage) load(ctx context.Context, p benchPlan, tell func(string)) (*bench.Result, error) {
	r, err := s.loadOf(p, tell).Run(ctx)
	return &r, err
}

func (s *benchStage) loadOf(p benchPlan, tell func(string)) bench.Load {
	return bench.Load{
		URLs: s.at, Origin: s.origin, Chats: s.chats, Agents: s.agents, Topics: p.topics, Inflight: p.inflight, Rate: p.rate,
		ByAgent: p.by == byAgent, Body: p.body, Warm: p.warm, Last: p.last, Tell: tell, CPU: s.cpu,
	}
}

// storm cuts everybody off and lets all come back.
func (s *benchStage) storm(ctx context.Context, tell func(string)) (*bench.StormResult, error) {
	r, err := bench.Storm{URL: s.at[0], Origin: s.origin, Chats: s.chats, Agent: s.agents[0], Tell: tell}.Run(ctx)
	return &r, err
}

// crowdReport is the memory of many connections that say nothing.
type crowdReport struct {
	Connections int     `json:"connections"`
	Each        float64 `json:"bytes_per_connection"` // over the process before the first, unused memory given back
	AsIs        float64 `json:"bytes_per_connection_as_is"`
	Resident    int64   `json:"resident_bytes"` // of the process, unused memory given back
	Growth      int64   `json:"growth_bytes"`   // of that, from the first seconds of the stay to its end
	Cut         int64   `json:"cut"`            // while they stayed
}

// settling is how long connections are left alone before their memory is read: the gateway parks those that are idle.
const settling = 5 * time.Second

// crowd lets everybody connect and stay.
func (s *benchStage) crowd(ctx context.Context, stay time.Duration, tell func(string)) (*crowdReport, error) {
	node, n := s.nodes[0], float64(len(s.chats))
	_, before, err := node.memory()
	if err != nil {
		return nil, err
	}
	c := &bench.Crowd{URL: s.at[0], Origin: s.origin, Chats: s.chats, Tell: tell}
	defer c.Leave()
	if err := c.Arrive(ctx); err != nil {
		return nil, err
	}
	if err := pause(ctx, min(stay, settling)); err != nil {
		return nil, err
	}
	_, early, err := node.memory()
	if err != nil {
		return nil, err
	}
	tell(fmt.Sprintf("%d connected and idle", len(s.chats)))
	if err := pause(ctx, max(0, stay-settling)); err != nil {
		return nil, err
	}
	asIs, used, err := node.memory()
	return &crowdReport{
		Connections: len(s.chats), Each: float64(used-before) / n, AsIs: float64(asIs-before) / n,
		Resident: used, Growth: used - early, Cut: c.Cut(),
	}, err
}
