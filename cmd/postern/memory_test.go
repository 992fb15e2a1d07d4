package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/coder/websocket"
)

// A flood of connections that cost memory meets the ceiling: newcomers and new conversations are refused by a code, a
// conversation that there is goes on in both directions, and when the flood is over everybody is let in again.
func TestMemoryCeiling(t *testing.T) {
	f, nodes := processes(t, "SQLite", nil, 1)
	p := nodes[0]
	p.kill(t)
	p.args = append(p.args, "--limits-memory", "67108864", "--limits-commands", "10000")
	p.start(t)
	r := newRow(t, f)
	r.given()
	k := r.talk("ag1")
	idle := r.visit(newBrowser(t)) // is connected, and has no conversation yet

	flood := newFlood(t, f)
	said := 0
	for flood.refused.Load() == 0 || said < 20 {
		k.says(said)
		said++
	}
	soon(t, "a new conversation is refused", func() bool {
		k.says(said)
		said++
		e, _ := idle.do("conversation.start", map[string]any{"command_id": newAddress(), "client_id": "m", "text": "x", "ticket": true})["error"].(map[string]any)
		params, _ := e["params"].(map[string]any)
		return e["code"] == "unavailable" && e["retry"] == "yes" && params["what"] == "memory"
	})
	for range 50 {
		k.says(said)
		said++
	}
	flood.stop()
	soon(t, "somebody new is let in when it is over", func() bool {
		status, _, bye := knock(t, f, "X-Forwarded-For: "+newAddress())
		defer bye()
		return status == http.StatusSwitchingProtocols
	})
	soon(t, "a conversation begins when it is over", func() bool {
		return idle.do("conversation.start", map[string]any{"command_id": newAddress(), "client_id": "m", "text": "x", "ticket": true})["error"] == nil
	})
	k.says(said)
}

// says sends one message each way and waits until the other side has it.
func (k talk) says(n int) {
	k.vic.t.Helper()
	for who, to := range map[*client]*client{k.vic: k.mia, k.mia: k.vic} {
		text := fmt.Sprintf("message %d of %p", n, who)
		who.ok("message.send", map[string]any{"conversation": k.cv, "client_id": fmt.Sprint(n, who == k.vic), "text": text})
		to.until(text, func(f map[string]any) bool {
			data, _ := f["data"].(map[string]any)
			return f["ev"] == "message.created" && data["text"] == text
		})
		who.frames, to.frames = nil, nil
	}
}

// flood opens connections from everywhere that begin a large message and never end it.
type flood struct {
	refused atomic.Int64
	end     context.CancelFunc
	all     sync.WaitGroup
}

func newFlood(t *testing.T, f *fixture) *flood {
	ctx, end := context.WithCancel(t.Context())
	fl := &flood{end: end}
	t.Cleanup(fl.stop)
	for range 4 {
		fl.all.Go(func() {
			for ctx.Err() == nil {
				if err := fl.one(ctx, f); err != nil && ctx.Err() == nil {
					t.Errorf("the flood: %v", err)
					return
				}
			}
		})
	}
	return fl
}

// one opens a connection and leaves it in the middle of a message.
func (fl *flood) one(ctx context.Context, f *fixture) error {
	ws, res, err := websocket.Dial(ctx, strings.Replace(f.url, "http", "ws", 1)+"/v1/socket", &websocket.DialOptions{
		HTTPHeader: http.Header{"Origin": {f.config.PublicURL}, "X-Forwarded-For": {newAddress()}},
	})
	if res != nil && res.StatusCode == http.StatusServiceUnavailable {
		fl.refused.Add(1)
		return nil
	}
	if err != nil {
		return err
	}
	context.AfterFunc(ctx, func() { _ = ws.CloseNow() })
	w, err := ws.Writer(ctx, websocket.MessageText)
	if err != nil {
		return err
	}
	if _, err := w.Write(make([]byte, 60<<10)); err != nil && !errors.As(err, new(websocket.CloseError)) {
		return err
	}
	return nil
}

func (fl *flood) stop() {
	fl.end()
	fl.all.Wait()
}
