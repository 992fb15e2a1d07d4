package main

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/postern-chat/postern/gateway/gatewaytest/server"
)

// What can be wrong with the settings of Redis, told before anything starts, without the password.
func TestRedisSettings(t *testing.T) {
	a, text := server.NewAuthority(t), write(t, t.TempDir(), "no.pem", "no certificate")
	for _, c := range []struct{ name, url, ca, says string }{
		{"one", "redis://redis:6379", "", ""},
		{"a user, TLS and an authority", "rediss://postern:hunter2@redis:6379", a.RootFile, ""},
		{"sentinels", "redis+sentinel://:hunter2@a:26379,b:26379/main", "", ""},
		{"a cluster with TLS", "rediss+cluster://a:1,b:1,c:1", a.RootFile, ""},
		{"another program", "memcached://a:1", "", "redis_url: must begin with redis://"},
		{"two hosts", "redis://:hunter2@a:1,b:1", "", "redis_url: names several hosts"},
		{"sentinels without a name", "redis+sentinel://:hunter2@a:1", "", "redis_url: must name the master"},
		{"an authority without TLS", "redis://:hunter2@a:1", a.RootFile, "redis_ca_file: is for TLS"},
		{"an authority that is not there", "rediss://:hunter2@a:1", "/nonexistent", "redis_ca_file: open /nonexistent"},
		{"an authority that is none", "rediss://:hunter2@a:1", text, "redis_ca_file: must be a PEM file"},
	} {
		t.Run(c.name, func(t *testing.T) {
			bad := Config{RedisURL: c.url, RedisCAFile: c.ca}.redisMistakes()
			if all := strings.Join(bad, "\n"); c.says == "" && all != "" || !strings.Contains(all, c.says) || strings.Contains(all, "hunter2") {
				t.Errorf("%q, want %q", all, c.says)
			}
		})
	}
}

// Two gateway processes over each form of Redis, with TLS. Redis goes away and comes back, or another takes over; all that is written arrives meanwhile, each once.
func TestTwoNodesOnEachRedis(t *testing.T) {
	a := server.NewAuthority(t)
	for _, c := range []struct {
		name  string
		start func(t *testing.T) (url string, fault func(testing.TB))
	}{
		{"sentinel", func(t *testing.T) (string, func(testing.TB)) {
			s := server.NewRedisSentinels(t, server.RedisOptions{TLS: a})
			return s.URL, s.Failover
		}},
		{"cluster", func(t *testing.T) (string, func(testing.TB)) {
			s := server.NewRedisCluster(t, server.RedisOptions{TLS: a})
			return s.URL, s.Restart
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			url, fault := c.start(t)
			f, list := processes(t, "PostgreSQL", func(c *Config) { c.RedisURL, c.RedisCAFile = url, a.RootFile }, 2)
			one, two := newRow(t, f), newRow(t, f.on(list[1]))
			mia, b := two.as("ag1"), newBrowser(t)
			mia.ok("availability.set", map[string]any{"value": "available"})
			vic := one.visit(b)
			k := talk{n: one.node, vic: vic, mia: mia, b: b}
			k.cv = vic.ok("conversation.start", map[string]any{"command_id": "s", "client_id": "m", "text": "Where is my parcel?"})["conversation"].(map[string]any)["id"].(string)
			mia.event("conversation.queued", string(f.box.ID))
			mia.ok("conversation.claim", map[string]any{"conversation": k.cv})
			mia.ok("resume", map[string]any{"topic": k.cv, "seq": 0})
			vic.event("conversation.claimed", k.cv)
			crosses(t, k, "before", 3, 2500*time.Millisecond)
			vic.signal("typing", map[string]any{"conversation": k.cv, "on": true}) // is not stored: only Redis carries it
			mia.until("the visitor's typing", func(f map[string]any) bool { return f["sig"] == "typing" })
			done := make(chan struct{})
			go func() { defer close(done); fault(t) }()
			crosses(t, k, "while it is away", 10, 2500*time.Millisecond)
			<-done
			crosses(t, k, "after", 3, 2500*time.Millisecond)
			gapless(t, vic, k.cv)
			gapless(t, mia, k.cv)
			if strings.Contains(f.log.String(), "redis: 20") { // the library's own lines begin with the year
				t.Errorf("the library writes past our log:\n%s", f.log)
			}
		})
	}
}

// A gateway dies with its agent's socket: nobody says so, and within the life of a beat the other gateway knows that
// nobody is there, ends the ring and tells the visitor. The agent comes back through the other one and takes the chat.
func TestPresenceOutlivesNoNode(t *testing.T) {
	f, list := processes(t, "PostgreSQL", func(c *Config) { c.RedisURL = server.NewRedis(t).URL }, 2)
	one, two := newRow(t, f), newRow(t, f.on(list[1]))
	mia, b := two.as("ag1"), newBrowser(t)
	mia.ok("availability.set", map[string]any{"value": "available"})
	vic := one.visit(b)
	cv := vic.ok("conversation.start", map[string]any{"command_id": "s", "client_id": "m", "text": "Where is my parcel?"})["conversation"].(map[string]any)["id"].(string)
	mia.event("conversation.offered", "")
	list[1].kill(t)
	died := time.Now()
	vic.within(time.Minute, "that nobody is there", func(f map[string]any) bool {
		data, _ := f["data"].(map[string]any)
		return f["sig"] == "presence" && data["available"] == false
	})
	t.Logf("known after %s", time.Since(died).Round(time.Second))
	back := one.as("ag1")
	back.ok("conversation.claim", map[string]any{"conversation": cv})
	vic.event("conversation.claimed", cv)
}

// within is until for what takes longer than patience; pings are answered meanwhile.
func (c *client) within(limit time.Duration, what string, fits func(map[string]any) bool) {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(c.t.Context(), limit)
	defer cancel()
	for {
		_, raw, err := c.ws.Read(ctx)
		if err != nil {
			c.t.Fatalf("waiting for %s: %v", what, err)
		}
		f := map[string]any{}
		if err := json.Unmarshal(raw, &f); err != nil {
			c.t.Fatal(err)
		}
		c.frames = append(c.frames, f)
		if f["sig"] == "ping" {
			c.signal("pong", nil)
		}
		if fits(f) {
			return
		}
	}
}
