package redis

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/postern-chat/postern/gateway"
	"github.com/postern-chat/postern/gateway/gatewaytest"
	"github.com/postern-chat/postern/gateway/gatewaytest/server"
)

// relay stands between a bus and Redis. While it swallows, bytes vanish and no connection ends.
type relay struct {
	addr    string
	swallow atomic.Bool
}

func newRelay(t *testing.T, to string) *relay {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := &relay{addr: l.Addr().String()}
	var work sync.WaitGroup
	var mu sync.Mutex
	var open []net.Conn
	work.Go(func() {
		for {
			in, err := l.Accept()
			if err != nil {
				return
			}
			out, err := net.Dial("tcp", to)
			if err != nil {
				_ = in.Close()
				continue
			}
			mu.Lock()
			open = append(open, in, out)
			mu.Unlock()
			work.Go(func() { r.pass(out, in) })
			work.Go(func() { r.pass(in, out) })
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		mu.Lock()
		for _, c := range open {
			_ = c.Close()
		}
		mu.Unlock()
		work.Wait()
	})
	return r
}

// pass copies, or reads and forgets.
func (r *relay) pass(to io.WriteCloser, from io.Reader) {
	defer func() { _ = to.Close() }()
	buf := make([]byte, 32<<10)
	for {
		n, err := from.Read(buf)
		if err != nil {
			return
		}
		if r.swallow.Load() {
			continue
		}
		if _, err := to.Write(buf[:n]); err != nil {
			return
		}
	}
}

// Packets vanish between a node and Redis. Nobody waits: hints are left, topics are opened and closed. The connection is
// given up although nothing ends it, and when Redis is back a gap is told and hints come again.
func TestSilentRedis(t *testing.T) {
	r := server.NewRedis(t)
	way := newRelay(t, r.Addr)
	b, other := open(t, "redis://"+way.addr, time.Now), open(t, r.URL, time.Now)
	var newest atomic.Uint64
	defer b.Subscribe("silent", func(h gateway.Hint) { newest.Store(h.Seq) })()
	seq := uint64(0)
	hear := func() bool {
		seq++
		_ = other.Publish(t.Context(), gateway.Hint{Topic: "silent", Seq: seq})
		<-time.After(5 * time.Millisecond)
		return newest.Load() > 0
	}
	gatewaytest.Eventually(t, "a hint", hear)

	way.swallow.Store(true)
	began := time.Now()
	for i := range 2000 {
		b.Subscribe(fmt.Sprintf("silent.%d", i), func(gateway.Hint) {})()
		_ = b.Publish(t.Context(), gateway.Hint{Topic: "silent", Seq: uint64(i)})
	}
	var late atomic.Bool
	defer b.Subscribe("silent.late", func(gateway.Hint) { late.Store(true) })()
	if took := time.Since(began); took > 10*time.Second { // with a wait of 50 ms in each it would be 200 s
		t.Errorf("2,000 topics and hints took %v while Redis was silent", took)
	}
	gatewaytest.Eventually(t, "the bus to know", func() bool {
		_, err := b.Members(t.Context(), "silent")
		return gateway.CodeOf(err) == "unavailable" && b.Publish(t.Context(), gateway.Hint{Topic: "silent", Seq: 1}) != nil
	})

	way.swallow.Store(false)
	select {
	case <-b.Gaps():
	case <-time.After(time.Minute):
		t.Fatal("no gap was told")
	}
	newest.Store(0)
	gatewaytest.Eventually(t, "hints after the silence", hear)
	gatewaytest.Eventually(t, "hints of what was asked for in the silence", func() bool {
		_ = other.Publish(t.Context(), gateway.Hint{Topic: "silent.late", Seq: 1})
		return late.Load()
	})
	gatewaytest.Eventually(t, "own hints after the silence", func() bool {
		return b.Publish(t.Context(), gateway.Hint{Topic: "silent", Seq: 1}) == nil
	})
	gatewaytest.Eventually(t, "presence after the silence", func() bool {
		_, err := b.Members(t.Context(), "silent")
		return err == nil
	})
}

func TestWhileRedisIsDownEveryCallSaysUnavailable(t *testing.T) {
	r := server.NewLoneRedis(t)
	b := open(t, r.URL, time.Now)
	r.Kill(t)
	_, members := b.Members(t.Context(), "s")
	for what, err := range map[string]error{
		"beat": b.Beat(t.Context(), "s", "m", time.Minute), "drop": b.Drop(t.Context(), "s", "m"), "members": members,
	} {
		if gateway.CodeOf(err) != "unavailable" {
			t.Errorf("%s: %v", what, err)
		}
	}
	gatewaytest.Eventually(t, "publishing to say so", func() bool {
		err := b.Publish(t.Context(), gateway.Hint{Topic: "x", Seq: 1})
		return gateway.CodeOf(err) == "unavailable"
	})
	b.Subscribe("x", func(gateway.Hint) {})()
}

// A slot goes to another master while a node listens: Redis ends the subscription, and the node finds the new one.
func TestSlotMoves(t *testing.T) {
	s := server.NewRedisCluster(t, server.RedisOptions{})
	a, b := open(t, s.URL, time.Now), open(t, s.URL, time.Now)
	var newest atomic.Uint64
	defer b.Subscribe("moves", func(h gateway.Hint) { newest.Store(h.Seq) })()
	seq := uint64(0)
	hear := func() bool {
		seq++
		_ = a.Publish(t.Context(), gateway.Hint{Topic: "moves", Seq: seq})
		<-time.After(5 * time.Millisecond)
		return newest.Load() > 0
	}
	gatewaytest.Eventually(t, "a hint", hear)
	s.Move(t, shardChannel(shardOf("moves")))
	select {
	case <-b.Gaps():
	case <-time.After(time.Minute):
		t.Fatal("no gap was told")
	}
	newest.Store(0)
	gatewaytest.Eventually(t, "hints from the new master", hear)
}

// A hint of an older or a newer version is taken for what is known of it.
func TestHintOfAnotherVersion(t *testing.T) {
	for _, c := range []struct{ name, payload, event, note string }{
		{"as it was before topics shared channels", `{"s":7,"e":"e30="}`, "{}", ""},
		{"with fields that nobody knows yet", `{"s":7,"e":"e30=","t":"other","z":{"deep":[1,2]},"later":true}`, "{}", ""},
		{"a number without its event", `{"s":7}`, "", ""},
		{"a note of a kind to come", `{"s":7,"n":"eyJraW5kIjoibmV3In0="}`, "", `{"kind":"new"}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := open(t, server.NewRedis(t).URL, time.Now)
			heard := make(chan gateway.Hint, 256)
			topic := "version." + fmt.Sprint(len(c.payload))
			defer b.Subscribe(topic, func(h gateway.Hint) { heard <- h })()
			gatewaytest.Eventually(t, "the hint", func() bool {
				if err := b.client.Publish(t.Context(), prefix+topic, c.payload).Err(); err != nil {
					t.Fatal(err)
				}
				<-time.After(time.Millisecond)
				return len(heard) > 0
			})
			if h := <-heard; h.Topic != topic || h.Seq != 7 || string(h.Event) != c.event || string(h.Note) != c.note {
				t.Errorf("heard %+v", h)
			}
		})
	}
}

// The library's lines go to our log, few of them.
func TestLibraryIsLogged(t *testing.T) {
	var out bytes.Buffer
	at := time.UnixMilli(1_000_000)
	l := &library{log: slog.New(slog.NewTextHandler(&out, nil)), now: func() time.Time { return at }}
	for range 100 {
		l.Printf(t.Context(), "redis: no answer from %s\n", "10.0.0.1:6379")
	}
	at = at.Add(logEvery)
	l.Printf(t.Context(), "again")
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(lines) != 2 || !strings.Contains(lines[0], `says="redis: no answer from 10.0.0.1:6379"`) || !strings.Contains(lines[1], "left_out=99") {
		t.Errorf("logged %q", lines)
	}
}
