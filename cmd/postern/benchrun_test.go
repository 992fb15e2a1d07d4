package main

import (
	"bytes"
	"encoding/json"
	"io"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// benched is what 'postern bench' prints as JSON.
func benched(t *testing.T, args ...string) benchReport {
	t.Helper()
	cmd := exec.Command(binary(t), append([]string{"bench", "--json"}, args...)...)
	var out, progress bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &progress
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v: %v\n%s%s", args, err, out.String(), progress.String())
	}
	var r benchReport
	if err := json.Unmarshal(out.Bytes(), &r); err != nil {
		t.Fatalf("%v: %s", err, out.String())
	}
	return r
}

// The load generator drives real gateways: everything that was acknowledged was seen by everybody, by each way of
// sending, and a crowd comes back.
func TestBench(t *testing.T) {
	for name, args := range map[string][]string{
		"closed loop": {"--chats", "60", "--inflight", "8"}, "fixed rate": {"--chats", "3", "--rate", "20"}, "agents write": {"--chats", "3", "--by", "agent"},
		"slow commits": {"--chats", "3", "--commit-delay", "5ms"}, "much is stored": {"--chats", "3", "--stored", "3000"},
	} {
		t.Run(name, func(t *testing.T) {
			r := benched(t, append(args, "--warm", "200ms", "--last", "1s")...)
			l := r.Load
			if l == nil || l.Messages == 0 || l.Ack.N == 0 || l.Seen.N == 0 || l.Lost+l.Refused+l.Doubled != 0 || r.Store != "SQLite" || r.Sync.N == 0 {
				t.Fatalf("%+v %+v", r, r.Load)
			}
			if name == "slow commits" && l.Ack.P50 < 5 {
				t.Errorf("acknowledged within %v ms, before the commit", l.Ack.P50)
			}
			if name == "fixed rate" && l.Seen.N != 2*l.Ack.N {
				t.Errorf("%d messages, %d deliveries to two agents", l.Ack.N, l.Seen.N)
			}
		})
	}
	t.Run("crowd", func(t *testing.T) {
		r := benched(t, "--idle", "30", "--last", "200ms")
		if k := r.Crowd; k == nil || k.Connections != 30 || k.Cut != 0 || k.Resident <= 0 {
			t.Errorf("%+v", r.Crowd)
		}
	})
	t.Run("storm", func(t *testing.T) {
		r := benched(t, "--storm", "70")
		if s := r.Storm; s == nil || s.Clients != 70 || s.Resumed != 70 || s.Doubled+s.Missing != 0 || s.Seconds <= 0 {
			t.Errorf("%+v", r.Storm)
		}
	})
	t.Run("two nodes with servers of their own", func(t *testing.T) {
		r := benched(t, "--chats", "3", "--nodes", "2", "--warm", "200ms", "--last", "1s")
		if l := r.Load; l == nil || l.Messages == 0 || l.Lost+l.Doubled != 0 || r.Nodes != 2 || r.Store != "PostgreSQL" || r.Machine.Versions["postgres"] == "" {
			t.Errorf("%+v %+v", r, r.Load)
		}
	})
	t.Run("a given database", func(t *testing.T) {
		r := benched(t, "--chats", "3", "--database-url", shared(t).DatabaseURL, "--warm", "200ms", "--last", "1s")
		if l := r.Load; l == nil || l.Messages == 0 || l.Lost != 0 || r.Store != "PostgreSQL" {
			t.Errorf("%+v %+v", r, r.Load)
		}
	})
}

func TestParseBench(t *testing.T) {
	for _, args := range []string{"--chats 0", "--by nobody", "--nodes 0", "--store mysql", "--store sqlite --nodes 2", "--idle 1 --storm 1", "--storm -1", "--inflight 9999", "x", "--rate -1", "--body 9000", "--last 0s", "--idle -1", "--no-such-flag"} {
		if _, err := parseBench(call{args: strings.Fields(args), err: io.Discard}); err == nil {
			t.Errorf("%s is taken", args)
		}
	}
	p, err := parseBench(call{args: strings.Fields("--chats 5 --rate 10 --by agent --last 3s"), err: io.Discard})
	if err != nil || p.chats != 5 || p.rate != 10 || p.by != "agent" || p.last != 3*time.Second {
		t.Errorf("%+v %v", p, err)
	}
}
