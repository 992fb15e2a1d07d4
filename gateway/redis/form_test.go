package redis

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/postern-chat/postern/gateway/gatewaytest"
	"github.com/postern-chat/postern/gateway/gatewaytest/server"
)

// rights gives what deploy/OPERATIONS.md lets a user do: the line that has part.
func rights(t *testing.T, part string) string {
	t.Helper()
	text, err := os.ReadFile("../../deploy/OPERATIONS.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range strings.Split(string(text), "\n") {
		if r, ok := strings.CutPrefix(line, "ACL SETUSER postern on >PASSWORD "); ok && strings.Contains(r, part) {
			return r
		}
	}
	t.Fatalf("deploy/OPERATIONS.md has no rights with %s", part)
	return ""
}

// The suite on each form of Redis, with TLS by an authority of the test's own and a user with the rights it needs and no
// others. The servers live for the whole form; what is cut is cut for all.
func TestBusForms(t *testing.T) {
	a := server.NewAuthority(t)
	for _, c := range []struct {
		name, rights string
		start        func(t *testing.T, o server.RedisOptions) (url string, all []*server.Redis, cut func(t testing.TB))
	}{
		{"one", " +subscribe", func(t *testing.T, o server.RedisOptions) (string, []*server.Redis, func(testing.TB)) {
			r := server.NewRedisWith(t, o)
			return r.URL, []*server.Redis{r}, func(t testing.TB) { r.Kill(t); r.Start(t) }
		}},
		{"sentinel", " +subscribe", func(t *testing.T, o server.RedisOptions) (string, []*server.Redis, func(testing.TB)) {
			s := server.NewRedisSentinels(t, o)
			return s.URL, []*server.Redis{s.Master, s.Replica, s.Sentinel}, s.Failover
		}},
		{"cluster", "+ssubscribe", func(t *testing.T, o server.RedisOptions) (string, []*server.Redis, func(testing.TB)) {
			s := server.NewRedisCluster(t, o)
			return s.URL, s.Nodes, s.Restart
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := server.RedisOptions{TLS: a, Rights: rights(t, c.rights), SentinelRights: rights(t, "+sentinel|")}
			url, all, cut := c.start(t, o)
			gatewaytest.Bus(t, func(t *testing.T) gatewaytest.BusRig {
				k := &clock{now: time.Now()}
				return gatewaytest.BusRig{A: openTLS(t, url, a.Roots, k.read), B: openTLS(t, url, a.Roots, k.read), Advance: k.advance, Cut: func(t *testing.T) { cut(t) }}
			})
			for _, r := range all {
				if log := o.Ask(t, r, "ACL LOG"); log != "*0" {
					t.Errorf("%s refused something: %s", r.Addr, log)
				}
			}
		})
	}
}
