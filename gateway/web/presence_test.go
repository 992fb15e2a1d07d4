package web

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/postern-chat/postern/gateway"
)

// logins is the part of a store that knows sessions: hash → role of its agent now.
type logins struct {
	gateway.Store
	live map[string]gateway.Role
}

func (l logins) Sessions(_ context.Context, hashes []string, _ time.Time) (map[string]gateway.Role, error) {
	out := map[string]gateway.Role{}
	for _, h := range hashes {
		if role, ok := l.live[h]; ok {
			out[h] = role
		}
	}
	return out, nil
}

// closing is a line that remembers how it was closed.
type closing struct{ code int }

func (*closing) Send([]byte) bool           { return true }
func (*closing) Queue([]byte) bool          { return false }
func (*closing) Flush()                     {}
func (c *closing) Close(code int, _ string) { c.code = code }
func (*closing) Alarm(time.Duration)        {}
func (*closing) drain()                     {}

// Sockets that only listen end with their session too, and with their role; those of visitors have none.
func TestSocketsEndWithTheirSession(t *testing.T) {
	s := &Server{log: slog.New(slog.DiscardHandler), svc: &gateway.Service{Store: logins{live: map[string]gateway.Role{
		"same": gateway.RoleAgent, "demoted": gateway.RoleTrainee, "raised": gateway.RoleSupervisor,
	}}}}
	p := newPresence(s)
	agent := gateway.Caller{Actor: gateway.Actor{Role: gateway.RoleAgent, ID: "ag_01KAH0000000000000000000AA"}}
	visitor := gateway.Caller{Actor: gateway.Actor{Role: gateway.RoleVisitor, ID: "vi_01KAH0000000000000000000AA"}}
	lines := map[string]*closing{}
	for name, who := range map[string]gateway.Caller{
		"same": agent, "demoted": agent, "raised": agent, "ended": agent, "": visitor, "no hello yet": {},
	} {
		lines[name] = &closing{}
		p.add(&socket{s: s, line: lines[name], login: name, caller: who})
	}
	p.closeOver(t.Context(), time.Now())
	for name, want := range map[string]int{
		"same": 0, "demoted": closeTokenExpired, "raised": closeTokenExpired, "ended": closeUnauthenticated, "": 0, "no hello yet": 0,
	} {
		if got := lines[name].code; got != want {
			t.Errorf("%q: closed with %d, want %d", name, got, want)
		}
	}
}
