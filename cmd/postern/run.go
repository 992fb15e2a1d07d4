package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"net"
	"net/url"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/postern-chat/postern/gateway"
	"github.com/postern-chat/postern/gateway/web"
	"github.com/postern-chat/postern/kb/markdown"
	"github.com/postern-chat/postern/verify"
	"github.com/postern-chat/postern/widget"
)

// drainTime is how long a stopping node waits for its sockets and jobs.
const drainTime = 10 * time.Second

// App is a running gateway: everything that 'postern serve' starts, so that the demo and tests start the same.
type App struct {
	Service *gateway.Service
	URL     *url.URL // public_url

	server *web.Server
	listen net.Listener
	store  storage
	secret []byte // derives handles, passes and reply tokens
	bus    gateway.Bus
	meter  *web.Meter
	log    *slog.Logger
	stop   context.CancelFunc

	outside outside
	sources map[string]verify.Source
	key     verify.Key          // signs receipts, if that is done in this process
	keys    func() []verify.Key // are published
	logKey  *verify.LogKey      // signs checkpoints of the log
	copies  *copies             // of the log's checkpoints
	indexed atomic.Bool         // searches know all articles
	lmtp    net.Addr            // where mail is taken; nil = nowhere
	work    sync.WaitGroup
	failed  chan error
	ending  sync.Once
	ended   error // what Close says, each time
}

// outside is what a process meets around it. Tests bring their own.
type outside struct {
	now     func() time.Time // this machine's clock
	decides func() time.Time // the clock that decides on SQLite; PostgreSQL asks its own
	pause   func(ctx context.Context, d time.Duration) error
	demo    bool                          // sample data only: admins may read the mails that stay here
	wrap    func(gateway.Bus) gateway.Bus // a test's faults of the bus; nil = none
	bend    func(*gateway.Service)        // what a test breaks before anything runs; nil = nothing
}

// Start opens the store, migrates it, joins the leaves and listens. The caller ends it with Close.
// Errors: Mistakes for a wrong policy; whatever a store, bus or listener says.
func Start(ctx context.Context, c Config, l net.Listener, log *slog.Logger) (*App, error) {
	return start(ctx, c, l, log, here())
}

// here is this machine.
func here() outside { return outside{now: time.Now, decides: time.Now, pause: pause} }

func start(ctx context.Context, c Config, l net.Listener, log *slog.Logger, o outside) (a *App, err error) {
	public, err := url.Parse(c.PublicURL)
	if err != nil {
		return nil, Mistakes{"public_url: " + err.Error()}
	}
	a = &App{URL: public, listen: l, log: log, outside: o, failed: make(chan error, 1)}
	defer func() {
		if err != nil {
			err = errors.Join(err, a.closeLeaves())
		}
	}()
	if err := a.join(ctx, c); err != nil {
		return a, err
	}
	if o.bend != nil {
		o.bend(a.Service)
	}
	if err := errors.Join(a.Service.MakeStarterReplies(ctx), a.Service.ScheduleRegular(ctx), a.Service.ResumeClocks(ctx), a.archiveKeys(ctx), a.compareCopy(ctx)); err != nil {
		return a, err
	}
	work, stop := context.WithCancel(context.WithoutCancel(ctx))
	a.stop = stop
	node, err := nodeName()
	if err != nil {
		return a, err
	}
	runner := gateway.NewRunner(a.Service, node)
	assets, err := widget.FS()
	if err != nil {
		return a, err
	}
	if a.server, err = a.serve(work, c, node, assets); err != nil {
		return a, err
	}
	polls, err := c.polls(a)
	if err != nil {
		return a, err
	}
	takes, err := a.incoming(c, node)
	if err != nil {
		return a, err
	}
	if a.Service.Hooks != nil {
		takes = append(takes, runner.Deliver)
	}
	for _, run := range append(append(polls, takes...), a.checkpoints, runner.Run, runner.Jobs, runner.Jobs, a.reindex, a.embed) {
		a.work.Add(1)
		go func() {
			defer a.work.Done()
			run(work)
		}()
	}
	a.work.Add(1)
	go func() {
		defer a.work.Done()
		a.failed <- a.server.Serve(l)
	}()
	return a, nil
}

// nodeName is unique per process: it owns leases and presence.
func nodeName() (string, error) {
	var b [8]byte
	_, err := rand.Read(b[:])
	return hex.EncodeToString(b[:]), err
}

// Failed receives when the listener ended by itself.
func (a *App) Failed() <-chan error { return a.failed }

// Close tells every socket to come back, ends jobs and timers, and closes the leaves, in that order.
// A second call waits for the first and says the same.
func (a *App) Close(ctx context.Context) error {
	a.ending.Do(func() { a.ended = a.end(ctx) })
	return a.ended
}

func (a *App) end(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, drainTime)
	defer cancel()
	err := a.server.Shutdown(ctx)
	a.stop()
	a.work.Wait()
	return errors.Join(err, a.closeLeaves())
}

func (a *App) closeLeaves() error {
	var errs []error
	if a.bus != nil {
		errs = append(errs, a.bus.Close())
	}
	if a.store.gateway != nil {
		errs = append(errs, a.store.gateway.Close())
	}
	return errors.Join(errs...)
}

// soonIndexed is how many articles are indexed before the listener opens: some 30 ms. More are indexed beside it, and
// the gateway is not ready until then (performance.md F15).
const soonIndexed = 200

// index builds the index, unless that would hold up the start.
func (a *App) index(ctx context.Context) error {
	some, err := a.store.articles.Changed(ctx, 0, soonIndexed+1)
	if err != nil || len(some) > soonIndexed {
		return err
	}
	return a.sync(ctx)
}

func (a *App) sync(ctx context.Context) error {
	err := a.Service.Index.Sync(ctx, a.store.articles, markdown.Plain)
	if err == nil {
		a.indexed.Store(true)
	}
	return err
}

// ready says what a gateway waits for before it should be sent visitors.
func (a *App) ready() error {
	if !a.indexed.Load() {
		return gateway.Unavailable("index", nil)
	}
	return nil
}

// reindex keeps this node's search index at the articles' newest number: at once, on a hint, and every two seconds
// anyway.
func (a *App) reindex(ctx context.Context) {
	wake := make(chan struct{}, 1)
	cancel := a.bus.Subscribe("kb", func(gateway.Hint) {
		select {
		case wake <- struct{}{}:
		default:
		}
	})
	defer cancel()
	tick := time.NewTicker(gateway.SweepEvery)
	defer tick.Stop()
	for {
		if err := a.sync(ctx); err != nil && ctx.Err() == nil {
			a.log.Error("index articles", "err", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		case <-wake:
		}
	}
}

// runServe is 'postern serve': one gateway, from the configuration, until a signal.
func runServe(ctx context.Context, c call) int {
	cfg, rest, err := Load(c.args, c.env, c.err)
	if err != nil || len(rest) > 0 {
		return usage(c.err, err, rest)
	}
	l, err := net.Listen("tcp", cfg.Listen)
	if err != nil {
		fmt.Fprintln(c.err, "postern:", err)
		return exitFailed
	}
	limitMemory(cfg.Limits.Memory)
	a, err := Start(ctx, cfg, l, logger(c.err, cfg.LogLevel))
	if err != nil {
		_ = l.Close()
		fmt.Fprintln(c.err, "postern:", err)
		return exitFailed
	}
	fmt.Fprintf(c.out, "Postern is at %s (console %s/console)\n", cfg.PublicURL, cfg.PublicURL)
	code := wait(ctx, a, c.err)
	if err := a.Close(context.WithoutCancel(ctx)); err != nil {
		fmt.Fprintln(c.err, "postern:", err)
		return exitFailed
	}
	return code
}

// limitMemory tells Go's collector how much this process may use, unless GOMEMLIMIT has.
func limitMemory(bytes int) {
	if bytes > 0 && debug.SetMemoryLimit(-1) == math.MaxInt64 {
		debug.SetMemoryLimit(int64(bytes))
	}
}

func wait(ctx context.Context, a *App, err io.Writer) int {
	select {
	case <-ctx.Done():
		return exitOK
	case e := <-a.Failed():
		fmt.Fprintln(err, "postern: the listener ended:", e)
		return exitFailed
	}
}

// usage says what is wrong with the call: all mistakes of the configuration, or words nobody asked for.
func usage(w io.Writer, err error, rest []string) int {
	if err == nil {
		err = fmt.Errorf("unexpected %q", rest)
	}
	fmt.Fprintln(w, "postern:", err)
	return exitUsage
}

func logger(w io.Writer, level string) *slog.Logger {
	var l slog.Level
	if err := l.UnmarshalText([]byte(level)); err != nil {
		l = slog.LevelInfo
	}
	return slog.New(slog.NewJSONHandler(w, &slog.HandlerOptions{Level: l}))
}
