package main

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"syscall"
	"time"

	"github.com/postern-chat/postern/gateway/bench"
)

// starting measures 'postern serve' as it is shipped: until it serves a database with the demo's articles, and what it
// holds when there is nothing.
func (t *tableRun) starting(ctx context.Context) (err error) {
	if t.demo == "" {
		if t.demo, err = t.folder(); err != nil {
			return err
		}
		if err := demoDatabase(ctx, t.call, t.demo); err != nil {
			return err
		}
	}
	took, _, err := served(ctx, t.call, t.demo)
	if err != nil {
		return err
	}
	empty, err := t.folder()
	if err != nil {
		return err
	}
	_, resident, err := served(ctx, t.call, empty)
	t.figures["start.ms"], t.figures["start.mb"] = float64(took.Microseconds())/1000, float64(resident)/(1<<20)
	return err
}

// demoDatabase writes the demo's sample data into a folder.
func demoDatabase(ctx context.Context, c call, dir string) error {
	a, err := quietGateway(ctx, c, dir)
	if err != nil {
		return err
	}
	return errors.Join(seedDemo(ctx, a, "http://shop.localhost"), a.Close(context.WithoutCancel(ctx)))
}

// quietGateway starts a gateway in this process, on loopback and a data folder. The caller closes it.
func quietGateway(ctx context.Context, c call, dir string) (*App, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	cfg, _, err := Load([]string{"--data", dir, "--public-url", "http://" + l.Addr().String()}, nil, c.err)
	if err != nil {
		return nil, errors.Join(err, l.Close())
	}
	a, err := Start(ctx, cfg, l, slog.New(slog.NewTextHandler(io.Discard, nil)))
	if err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return a, nil
}

// served starts 'postern serve' on a data folder, and gives the time until its first answer, and its memory a second
// later.
func served(ctx context.Context, c call, dir string) (took time.Duration, resident int64, err error) {
	self, err := os.Executable()
	if err != nil {
		return 0, 0, err
	}
	address, err := bench.FreeAddress()
	if err != nil {
		return 0, 0, err
	}
	cmd := exec.Command(self, "serve", "--data", dir, "--listen", address, "--public-url", "http://"+address)
	cmd.Env, cmd.Stderr = append(os.Environ(), "POSTERN_LOG_LEVEL=error"), c.err
	begun := time.Now()
	if err := cmd.Start(); err != nil {
		return 0, 0, err
	}
	defer func() {
		err = errors.Join(err, cmd.Process.Signal(syscall.SIGTERM), cmd.Wait())
	}()
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	if _, err = bench.Answers(ctx, "http://"+address+"/healthz"); err != nil {
		return 0, 0, err
	}
	took = time.Since(begun)
	if err := pause(ctx, time.Second); err != nil {
		return 0, 0, err
	}
	resident, err = bench.ProcessMemory(cmd.Process.Pid)
	return took, resident, err
}
