package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	client "github.com/nats-io/nats.go"

	"github.com/postern-chat/postern/gateway/bench"
)

// nats measures nats-server over websockets as its users drive it: with its own client, whose acknowledgement is a
// flush.
func nats(ctx context.Context, p plan) (_ bench.Figures, err error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	s, err := start(exec.Command(self, "serve-nats"), os.Stderr)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.stop()) }()
	return (&chatter{plan: p, dial: dialNATS, servers: []*child{s}}).run(ctx)
}

// serveNATS runs the server until the standard input ends.
func serveNATS() error {
	address, err := bench.FreeAddress()
	if err != nil {
		return err
	}
	_, port, _ := net.SplitHostPort(address) // our own
	n, err := strconv.Atoi(port)
	if err != nil {
		return err
	}
	s, err := server.NewServer(&server.Options{
		Host: "127.0.0.1", Port: server.RANDOM_PORT, NoLog: true, NoSigs: true,
		Websocket: server.WebsocketOpts{Host: "127.0.0.1", Port: n, NoTLS: true},
	})
	if err != nil {
		return err
	}
	s.Start()
	if !s.ReadyForConnections(10 * time.Second) {
		return errors.New("nats-server does not start")
	}
	fmt.Println(address)
	_, _ = io.Copy(io.Discard, os.Stdin)
	s.Shutdown()
	s.WaitForShutdown()
	return nil
}

// natsPeer turns the client's calls into what a chatter reads.
type natsPeer struct {
	c    *client.Conn
	come chan client.Msg // Sub nil: an acknowledgement
	end  chan struct{}
	once sync.Once
}

func dialNATS(_ context.Context, address string) (peer, error) {
	p := &natsPeer{come: make(chan client.Msg, 1024), end: make(chan struct{})}
	c, err := client.Connect("ws://"+address, client.NoEcho(), client.NoReconnect())
	p.c = c
	return p, err
}

func (p *natsPeer) give(m client.Msg) {
	select {
	case p.come <- m:
	case <-p.end:
	}
}

func (p *natsPeer) join(room string) error {
	if _, err := p.c.Subscribe(room, func(m *client.Msg) { p.give(*m) }); err != nil {
		return err
	}
	return p.c.Flush()
}

func (p *natsPeer) send(room, text string) error {
	if err := p.c.Publish(room, []byte(text)); err != nil {
		return err
	}
	if err := p.c.Flush(); err != nil {
		return err
	}
	p.give(client.Msg{})
	return nil
}

func (p *natsPeer) next() (int, [][]byte, error) {
	select {
	case m := <-p.come:
		if m.Sub == nil {
			return 1, nil, nil
		}
		return 0, [][]byte{m.Data}, nil
	case <-p.end:
		return 0, nil, errors.New("closed")
	}
}

func (p *natsPeer) close() {
	p.once.Do(func() { close(p.end) })
	p.c.Close()
}
