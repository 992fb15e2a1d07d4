package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"log/slog"
	"net"
	"net/url"
	"sync"
	"time"

	"github.com/postern-chat/postern/gateway"
	"github.com/postern-chat/postern/gateway/web"
	"github.com/postern-chat/postern/verify"
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
	log    *slog.Logger
	stop   context.CancelFunc

	sources map[string]verify.Source
	key     verify.Key // signs receipts
	work    sync.WaitGroup
	failed  chan error
}

// Start opens the store, migrates it, joins the leaves and listens. The caller ends it with Close.
// Errors: Mistakes for a wrong policy; whatever a store, bus or listener says.
func Start(ctx context.Context, c Config, l net.Listener, log *slog.Logger) (a *App, err error) {
	public, err := url.Parse(c.PublicURL)
	if err != nil {
		return nil, Mistakes{"public_url: " + err.Error()}
	}
	a = &App{URL: public, listen: l, log: log, failed: make(chan error, 1)}
	defer func() {
		if err != nil {
			err = errors.Join(err, a.closeLeaves())
		}
	}()
	if err := a.join(ctx, c); err != nil {
		return a, err
	}
	work, stop := context.WithCancel(context.WithoutCancel(ctx))
	a.stop = stop
	node, err := nodeName()
	if err != nil {
		return a, err
	}
	runner := gateway.NewRunner(a.Service, node)
	if a.server, err = a.serve(work, c, node, nil); err != nil {
		return a, err
	}
	for _, run := range []func(context.Context){runner.Run, runner.Jobs, runner.Jobs} {
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
func (a *App) Close(ctx context.Context) error {
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
