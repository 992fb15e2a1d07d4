package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/coder/websocket"
	"github.com/postern-chat/postern/gateway/gatewaytest/server"
	"github.com/postern-chat/postern/verify"
)

// abuseL: availability, flooding, operations.
func abuseL() map[string]func(r *row) {
	return map[string]func(r *row){"L01": manyChallenges, "L02": oneAddress, "L06": flushed, "L11": noPolicy}
}

// opens sends n times "Start over" without waiting and counts the answers.
func (r *row) opens(c *client, change string, n int) (ok int, refused map[string]int) {
	r.Helper()
	go func() {
		for i := range n {
			raw, _ := json.Marshal(map[string]any{"cmd": "change.open", "id": fmt.Sprintf("flood%d", i), "args": map[string]any{"change": change, "page": "https://shop.test/", "over": true}})
			if err := c.ws.Write(context.Background(), websocket.MessageText, raw); err != nil {
				return // the reader says so
			}
		}
	}()
	refused = map[string]int{}
	for range n {
		f := c.until("an answer", func(f map[string]any) bool { id, _ := f["re"].(string); return strings.HasPrefix(id, "flood") })
		if f["ok"] != nil {
			ok++
			continue
		}
		e, _ := f["error"].(map[string]any)
		code, _ := e["code"].(string)
		if reason, _ := e["reason"].(string); reason != "" {
			code = reason
		}
		refused[code]++
	}
	return ok, refused
}

func manyChallenges(r *row) {
	k := r.talk("ag1")
	change, _ := k.offer(r.T) // the first
	ok, refused := r.opens(k.vic, change, 3)
	if ok != 2 || refused[r.says("challenge.limit")] != 1 {
		r.Errorf("of the next three %d were opened, refused: %v", ok, refused)
	}
	living := r.change(change).Challenge.ID
	for range 10 {
		if ok, refused = r.opens(k.vic, change, 100); ok != 0 || refused["challenge.limit"]+refused["too_many"] != 100 {
			r.Errorf("of a hundred %d were opened, refused: %v", ok, refused)
		}
	}
	r.stays(change, verify.Challenged)
	if now := r.change(change).Challenge.ID; now != living {
		r.Error("the open one was touched")
	}
}

func oneAddress(r *row) {
	var talks []talk
	var changes []string
	for range 10 {
		k := r.talk("ag1")
		draft := k.mia.ok("change.draft", r.draft(k, "renewal.cancel", map[string]string{"plan": "plus"}))
		change := draft["change"].(map[string]any)["id"].(string)
		k.mia.ok("change.offer", map[string]any{"change": change})
		talks, changes = append(talks, k), append(changes, change)
	}
	all, limited, begun := 0, 0, time.Now()
	for i, k := range talks {
		ok, refused := r.opens(k.vic, changes[i], 20)
		all, limited = all+ok, limited+refused["too_many"]
	}
	// The bucket holds 20 and gets one in ten seconds: what it let through is opened, or meets the conversation's limit.
	if through := 200 - limited; all < 1 || through > 21+int(time.Since(begun)/(10*time.Second)) {
		r.Errorf("of 200 challenges %d were opened, %d met the bucket", all, limited)
	}
	r.ip = newAddress()
	other := r.talk("ag1")
	change, _ := other.offer(r.T)
	r.stays(change, verify.Challenged)
}

func flushed(r *row) {
	redis := server.NewLoneRedis(r.T)
	r.alone(options{config: func(c *Config) { c.RedisURL = redis.URL }})
	flush := func() {
		c, err := net.Dial("tcp", redis.Addr)
		if err != nil {
			r.Fatal(err)
		}
		defer func() { _ = c.Close() }()
		answer := make([]byte, 5)
		if _, err := fmt.Fprint(c, "FLUSHALL\r\n"); err != nil {
			r.Fatal(err)
		}
		if _, err := c.Read(answer); err != nil || string(answer) != "+OK\r\n" {
			r.Fatalf("flush: %q %v", answer, err)
		}
	}
	k := r.talk("ag1")
	flush()
	change := k.mia.ok("change.draft", r.draft(k, "renewal.cancel", map[string]string{"plan": "plus"}))["change"].(map[string]any)["id"].(string)
	flush()
	k.mia.ok("change.offer", map[string]any{"change": change})
	flush()
	address := k.vic.ok("change.open", map[string]any{"change": change, "page": "https://shop.test/"})["url"].(string)
	flush()
	back := r.confirm(address)
	flush()
	k.vic.ok("change.finish", k.finish(r.T, k.b, change, back))
	flush()
	r.reaches(change, verify.Applied)
	flush()
	k.vic.event("change.applied", k.cv)
	if n := r.site.changes(r.T); n != 1 {
		r.Errorf("applied %d times, want once", n)
	}
}

func noPolicy(r *row) {
	dir := r.TempDir()
	corrupt := filepath.Join(dir, "corrupt.toml")
	if err := os.WriteFile(corrupt, []byte("[[kind]\nname = "), 0o600); err != nil {
		r.Fatal(err)
	}
	for _, file := range []string{"", filepath.Join(dir, "missing.toml"), corrupt} {
		r.alone(options{config: func(c *Config) { c.PolicyFile = file }})
		r.talks = nil
		k := r.talk("ag1")
		k.mia.ok("message.send", map[string]any{"conversation": k.cv, "client_id": "a", "text": "Conversations run"})
		k.vic.ok("article.search", map[string]any{"q": "renewal"})
		r.refused(k.mia, r.says("policy.unavailable"), "change.draft", r.draft(k, "renewal.cancel", map[string]string{"plan": "plus"}))
		if kinds := k.vic.greeting()["kinds"].([]any); len(kinds) != 0 {
			r.Errorf("kinds without a policy: %v", kinds)
		}
		r.none(k)
		r.untouched()
	}
	recovering := filepath.Join(dir, "recovery.toml")
	text := "[[kind]]\nname = \"recovery.password\"\nhost = \"shop\"\ntier = \"plain\"\ntitle = {en = \"x\"}\n"
	if err := os.WriteFile(recovering, []byte(text), 0o600); err != nil {
		r.Fatal(err)
	}
	c := r.config
	c.Data, c.PolicyFile = r.TempDir(), recovering
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		r.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	if _, err := Start(r.Context(), c, l, slog.New(slog.DiscardHandler)); err == nil || !strings.Contains(err.Error(), "recovery") {
		r.Errorf("a policy with recovery.password starts: %v", err)
	}
}
