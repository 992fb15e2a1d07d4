package main

import (
	"bytes"
	"context"
	"database/sql/driver"
	"fmt"
	"net"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/postern-chat/postern/gateway"
	"github.com/postern-chat/postern/gateway/gatewaytest/server"
	"modernc.org/sqlite"
)

// dying is the variable under which these tests' own binary is a gateway that kills itself at the step it names.
const dying = "POSTERN_TEST_DIES"

func TestMain(m *testing.M) {
	step := os.Getenv(dying)
	// A trigger that a test has put into an SQLite file calls it in the middle of a transaction.
	sqlite.MustRegisterScalarFunction("dies_here", 0, func(*sqlite.FunctionContext, []driver.Value) (driver.Value, error) {
		if step != "" {
			die()
		}
		return nil, nil
	})
	if step != "" {
		os.Exit(serveUntil(mortal(step)))
	}
	server.Main(m)
}

// die is kill -9 from within: nothing runs after it.
func die() {
	_ = syscall.Kill(syscall.Getpid(), syscall.SIGKILL)
	select {}
}

// serveUntil is 'postern serve' with a store, a bus and a channel that know when to die.
func serveUntil(m mortal) int {
	env := slices.DeleteFunc(os.Environ(), func(e string) bool { return strings.HasPrefix(e, dying+"=") })
	c, _, err := Load(os.Args[2:], env, os.Stderr)
	if err != nil {
		return usage(os.Stderr, err, nil)
	}
	l, err := net.Listen("tcp", c.Listen)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return exitFailed
	}
	o := here()
	o.wrap = func(b gateway.Bus) gateway.Bus { return mortalBus{b, m} }
	o.bend = func(s *gateway.Service) { s.Store, s.Mail = mortalStore{s.Store, m}, mortalMail{s.Mail, m} }
	a, err := start(context.Background(), c, l, logger(os.Stderr, "info"), o)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return exitFailed
	}
	return wait(context.Background(), a, os.Stderr)
}

// mortal is the step at which a gateway dies.
type mortal string

func (m mortal) at(step string) {
	if string(m) == step {
		die()
	}
}

// mortalStore dies before or after one verb of the way from a missed chat to the mail of its answer.
type mortalStore struct {
	gateway.Store
	mortal
}

func (s mortalStore) Miss(ctx context.Context, cv gateway.ID, round int, why, subject string, now time.Time) ([]gateway.Event, error) {
	s.at("before the ticket's transaction")
	events, err := s.Store.Miss(ctx, cv, round, why, subject, now)
	if err == nil && len(events) > 0 {
		s.at("committed, nobody told")
	}
	return events, err
}

func (s mortalStore) LeaseJob(ctx context.Context, owner string, lease time.Duration, now time.Time) (gateway.Job, bool, error) {
	j, ok, err := s.Store.LeaseJob(ctx, owner, lease, now)
	if err == nil && ok {
		s.at("leased: " + string(j.Kind))
	}
	return j, ok, err
}

func (s mortalStore) FinishJob(ctx context.Context, id, owner string, now time.Time) error {
	kind, _, _ := strings.Cut(id, ":")
	s.at("before its end: " + kind)
	err := s.Store.FinishJob(ctx, id, owner, now)
	if err == nil {
		s.at("done: " + kind)
	}
	return err
}

func (s mortalStore) Submit(ctx context.Context, a gateway.Append, to gateway.Committed) error {
	return s.Store.Submit(ctx, a, mortalAnswer{to, s.mortal})
}

func (s mortalStore) Delivered(ctx context.Context, message gateway.ID, now time.Time) ([]gateway.Event, error) {
	events, err := s.Store.Delivered(ctx, message, now)
	if err == nil {
		s.at("noted as delivered")
	}
	return events, err
}

// mortalAnswer dies when an answer is stored and nobody knows it.
type mortalAnswer struct {
	to gateway.Committed
	mortal
}

func (a mortalAnswer) Committed(out []gateway.Stored) {
	a.at("answered, not acknowledged")
	a.to.Committed(out)
}

// mortalBus dies around telling the other nodes of a missed chat.
type mortalBus struct {
	gateway.Bus
	mortal
}

func (b mortalBus) Publish(ctx context.Context, hints ...gateway.Hint) error {
	missed := slices.ContainsFunc(hints, func(h gateway.Hint) bool { return bytes.Contains(h.Event, []byte("conversation.missed")) })
	if missed {
		b.at("this node told, not the others")
	}
	err := b.Bus.Publish(ctx, hints...)
	if missed {
		b.at("all told")
	}
	return err
}

// mortalMail dies around handing a mail over.
type mortalMail struct {
	gateway.Channel
	mortal
}

func (c mortalMail) Send(ctx context.Context, m gateway.Mail) error {
	c.at("before the mail leaves")
	err := c.Channel.Send(ctx, m)
	if err == nil {
		c.at("the mail has left")
	}
	return err
}
