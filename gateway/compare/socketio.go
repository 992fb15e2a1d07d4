package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/postern-chat/postern/gateway/bench"
)

// socketIO measures socket.io: one node, or with a Redis two, senders at the first and watchers at the second.
func socketIO(ctx context.Context, p plan) (_ bench.Figures, err error) {
	c := &chatter{plan: p, dial: dialSocketIO}
	script, err := beside("socketio.mjs")
	if err != nil {
		return nil, err
	}
	nodes := 1
	if p.redis != "" {
		nodes = 2
	}
	for range nodes {
		s, err := start(exec.Command("node", script, p.redis), os.Stderr)
		if err != nil {
			return nil, err
		}
		defer func() { err = errors.Join(err, s.stop()) }()
		c.servers = append(c.servers, s)
	}
	return c.run(ctx)
}

// beside finds a file in the folder of this program: its modules are there too.
func beside(name string) (string, error) {
	self, err := os.Executable()
	return filepath.Join(filepath.Dir(self), name), err
}

// ioPeer speaks Engine.IO 4 and Socket.IO 5 over a websocket, without polling first.
type ioPeer struct{ ws *bench.Conn }

func dialSocketIO(ctx context.Context, address string) (peer, error) {
	ws, err := bench.Dial(ctx, bench.Dialing{URL: "http://" + address, Path: "/socket.io/?EIO=4&transport=websocket", Buffer: 16 << 10})
	if err != nil {
		return nil, err
	}
	p := ioPeer{ws}
	if err := p.expect("0{"); err != nil {
		return nil, err
	}
	if err := ws.Write([]byte("40")); err != nil {
		return nil, err
	}
	return p, p.expect("40{")
}

func (p ioPeer) expect(start string) error {
	b, err := p.ws.Read()
	if err == nil && !bytes.HasPrefix(b, []byte(start)) {
		err = fmt.Errorf("socket.io said %.100q, not %s", b, start)
	}
	return err
}

func (p ioPeer) join(room string) error {
	if err := p.ws.Write(fmt.Appendf(nil, `420["join",%q]`, room)); err != nil {
		return err
	}
	return p.expect("430[")
}

func (p ioPeer) send(room, text string) error {
	return p.ws.Write(fmt.Appendf(nil, `421["message",%q,%q]`, room, text))
}

func (p ioPeer) next() (int, [][]byte, error) {
	b, err := p.ws.Read()
	switch {
	case err != nil:
		return 0, nil, err
	case bytes.HasPrefix(b, []byte("431[")):
		return 1, nil, nil
	case bytes.Equal(b, []byte("2")):
		return 0, nil, p.ws.Write([]byte("3"))
	}
	if text, ok := bytes.CutPrefix(b, []byte(`42["message","`)); ok {
		return 0, [][]byte{text}, nil
	}
	return 0, nil, nil
}

func (p ioPeer) close() { p.ws.Close() }
