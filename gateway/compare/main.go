// Command compare measures servers of others in the same way as 'postern bench all' measures Postern, for the ratios of
// its table: socket.io, with and without its Redis adapter, nats-server over websockets, and bare Fiber. None of them
// stores a message. It is a module of its own, so that nothing of theirs is ever linked into the gateway.
//
// ADD A REFERENCE in references.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/postern-chat/postern/gateway/bench"
)

// plan is what was asked for.
type plan struct {
	chats, connections int
	warm, last         time.Duration
	redis, answer      string
}

// references gives what can be measured, and the servers that are started for it in processes of their own.
func references() map[string]func(context.Context, plan) (bench.Figures, error) {
	return map[string]func(context.Context, plan) (bench.Figures, error){
		"socketio": socketIO, "socketio2": socketIO, "nats": nats, "fiber": bareFiber,
	}
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "compare:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	if len(args) > 0 {
		switch args[0] {
		case "serve-fiber":
			return serveFiber(args[1:])
		case "serve-nats":
			return serveNATS()
		}
	}
	if len(args) == 0 || references()[args[0]] == nil {
		return fmt.Errorf("usage: compare socketio|socketio2|nats|fiber [flags]")
	}
	var p plan
	fs := flag.NewFlagSet("compare "+args[0], flag.ContinueOnError)
	fs.IntVar(&p.chats, "chats", 200, "conversations with three subscribers, one message of each in flight")
	fs.IntVar(&p.connections, "connections", 64, "connections of fiber")
	fs.DurationVar(&p.warm, "warm", 2*time.Second, "time before the measuring begins")
	fs.DurationVar(&p.last, "last", 6*time.Second, "how long to measure")
	fs.StringVar(&p.redis, "redis-url", "", "a Redis, for socketio2: two nodes")
	fs.StringVar(&p.answer, "answer", `{"ok":true}`, "what fiber answers")
	if err := fs.Parse(args[1:]); err != nil {
		return err
	}
	f, err := references()[args[0]](ctx, p)
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(f)
}
