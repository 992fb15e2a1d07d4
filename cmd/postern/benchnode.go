package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"runtime/pprof"
	"time"

	"github.com/postern-chat/postern/gateway"
	"github.com/postern-chat/postern/gateway/bench"
	"github.com/postern-chat/postern/gateway/sqlstore"
)

// nodeOrders is how a measured gateway differs from one that serves people. They come on its standard input, from the
// 'postern bench' that started it: there is no flag, no variable and no line of a file for them.
type nodeOrders struct {
	CommitDelay time.Duration `json:"commit_delay"` // a slow disk
	Unstored    bool          `json:"unstored"`     // messages are numbered and forgotten
	Profile     string        `json:"profile"`      // folder for cpu.pprof, allocs.pprof, and heap.pprof of idle connections; "" = none
}

// collect is the one further line that the gateway understands: it gives unused memory back and answers with a line.
const collect = "collect\n"

// runBenchNode is 'postern bench node': one gateway for 'postern bench'. It ends with its standard input.
func runBenchNode(ctx context.Context, c call, in io.Reader) int {
	lines := bufio.NewReader(in)
	var o nodeOrders
	first, err := lines.ReadBytes('\n')
	if err == nil {
		err = json.Unmarshal(first, &o)
	}
	if err != nil {
		fmt.Fprintln(c.err, "postern bench node is started by 'postern bench' only:", err)
		return exitUsage
	}
	cfg, rest, err := Load(c.args, c.env, c.err)
	if err != nil || len(rest) > 0 {
		return usage(c.err, err, rest)
	}
	if err := o.run(ctx, c, cfg, lines); err != nil {
		fmt.Fprintln(c.err, "postern bench node:", err)
		return exitFailed
	}
	return exitOK
}

func (o nodeOrders) run(ctx context.Context, c call, cfg Config, in *bufio.Reader) (err error) {
	l, err := net.Listen("tcp", cfg.Listen)
	if err != nil {
		return err
	}
	around := here()
	around.bend = o.bend
	a, err := start(ctx, cfg, l, logger(c.err, cfg.LogLevel), around)
	if err != nil {
		return errors.Join(err, l.Close())
	}
	stop, err := o.profile()
	if err != nil {
		return errors.Join(err, a.Close(context.WithoutCancel(ctx)))
	}
	for {
		line, e := in.ReadString('\n')
		if e != nil {
			break
		}
		if line == collect {
			release()
			err = errors.Join(err, o.memory("heap"))
			fmt.Fprintln(c.out, "collected")
		}
	}
	return errors.Join(err, stop(), a.Close(context.WithoutCancel(ctx)))
}

// release collects twice, as minutes of rest do: what a pool keeps goes with the second time.
func release() {
	runtime.GC()
	debug.FreeOSMemory()
}

// bend makes the store what was ordered.
func (o nodeOrders) bend(s *gateway.Service) {
	if st, ok := s.Store.(*sqlstore.Store); ok {
		st.DelayCommits(o.CommitDelay)
	}
	if o.Unstored {
		s.Store = &bench.Unstored{Store: s.Store}
	}
}

// profile begins what stop ends.
func (o nodeOrders) profile() (stop func() error, err error) {
	if o.Profile == "" {
		return func() error { return nil }, nil
	}
	f, err := os.Create(filepath.Join(o.Profile, "cpu.pprof"))
	if err != nil {
		return nil, err
	}
	if err := pprof.StartCPUProfile(f); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return func() error {
		pprof.StopCPUProfile()
		return errors.Join(o.memory("allocs"), f.Close())
	}, nil
}

// memory writes what is held ("heap"), or what was ever taken ("allocs").
func (o nodeOrders) memory(kind string) error {
	if o.Profile == "" {
		return nil
	}
	f, err := os.Create(filepath.Join(o.Profile, kind+".pprof"))
	if err != nil {
		return err
	}
	return errors.Join(pprof.Lookup(kind).WriteTo(f, 0), f.Close())
}

// runBenchTCP is 'postern bench tcp': bare connections to compare with. It ends with its standard input.
func runBenchTCP(c call, in io.Reader) int {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Fprintln(c.err, "postern bench tcp:", err)
		return exitFailed
	}
	defer l.Close()
	go bench.ServeTCP(l)
	fmt.Fprintln(c.out, l.Addr())
	for lines := bufio.NewReader(in); ; {
		line, err := lines.ReadString('\n')
		if err != nil {
			return exitOK
		}
		if line == collect {
			release()
			fmt.Fprintln(c.out, "collected")
		}
	}
}
