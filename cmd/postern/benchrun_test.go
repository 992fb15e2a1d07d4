package main

import (
	"bytes"
	"encoding/json"
	"io"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/postern-chat/postern/gateway/bench"
)

// benched is what 'postern bench' prints as JSON.
func benched(t *testing.T, args ...string) (r benchReport) {
	t.Helper()
	benchInto(t, &r, append([]string{"bench", "--json"}, args...)...)
	return r
}

func benchInto(t *testing.T, r any, args ...string) {
	t.Helper()
	cmd := exec.Command(binary(t), args...)
	var out, progress bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &progress
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v: %v\n%s%s", args, err, out.String(), progress.String())
	}
	if err := json.Unmarshal(out.Bytes(), r); err != nil {
		t.Fatalf("%v: %s", err, out.String())
	}
}

// The load generator drives real gateways: everything that was acknowledged was seen by everybody, by each way of
// sending, and a crowd comes back.
func TestBench(t *testing.T) {
	for name, args := range map[string][]string{
		"closed loop": {"--chats", "60", "--inflight", "8"}, "consoles": {"--chats", "70", "--topics", "64"}, "fixed rate": {"--chats", "3", "--rate", "20"}, "agents write": {"--chats", "3", "--by", "agent"},
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
	for _, args := range []string{"--chats 0", "--by nobody", "--nodes 0", "--store mysql", "--store sqlite --nodes 2", "--idle 1 --storm 1", "--storm -1", "--topics 65", "--inflight 9999", "x", "--rate -1", "--body 9000", "--last 0s", "--idle -1", "--no-such-flag"} {
		if _, err := parseBench(call{args: strings.Fields(args), err: io.Discard}); err == nil {
			t.Errorf("%s is taken", args)
		}
	}
	p, err := parseBench(call{args: strings.Fields("--chats 5 --rate 10 --by agent --last 3s"), err: io.Discard})
	if err != nil || p.chats != 5 || p.rate != 10 || p.by != "agent" || p.last != 3*time.Second {
		t.Errorf("%+v %v", p, err)
	}
}

// The table of goals comes from one run in which every line that needs no reference is measured.
func TestBenchTable(t *testing.T) {
	var r tableReport
	benchInto(t, &r, strings.Fields("bench all --json --rounds 1 --last 1s --warm 300ms --stay 500ms --chats 4 --idle 40 --many 50 --storm 55 --growth 110 --stored 2000 --rate 50 --connections 2")...)
	if len(r.Lines) != len(benchGoals()) || len(r.Rounds) != 1 || r.Machine.Versions["go"] == "" {
		t.Fatalf("%d lines, %d rounds, %+v", len(r.Lines), len(r.Rounds), r.Machine)
	}
	references := map[string]bool{"… to socket.io, which stores nothing": true, "… to nats-server, which stores nothing": true, "… to socket.io with Redis, not durable": true, "a plain JSON route to bare Fiber": true}
	missed := 0
	for _, l := range r.Lines {
		if got := l.Verdict == bench.NotMeasured; got != references[l.What] {
			t.Errorf("%s %s: %s", l.ID, l.What, l.Verdict)
		}
		if l.Verdict == bench.Missed {
			missed++
		}
	}
	if missed != r.Missed {
		t.Errorf("%d lines missed, the report says %d", missed, r.Missed)
	}
	for _, figure := range []string{"storm.gone", "storm.wrong", "many.cut"} { // what holds on any machine
		if r.Rounds[0][figure] != 0 {
			t.Errorf("%s is %v", figure, r.Rounds[0][figure])
		}
	}
}

func TestParseBenchTable(t *testing.T) {
	for _, args := range []string{"--rounds 0", "--only F99", "--only F3,", "x", "--stored -1", "--rate 0"} {
		if _, err := parseTable(call{args: strings.Fields(args), err: io.Discard}); err == nil {
			t.Errorf("%s is taken", args)
		}
	}
	p, err := parseTable(call{args: strings.Fields("--only F3,F9 --seed 7"), err: io.Discard})
	if err != nil || p.seed != 7 {
		t.Fatalf("%+v %v", p, err)
	}
	run := &tableRun{tablePlan: p}
	for _, m := range run.some() {
		if m.reference || !strings.Contains(m.ids, "F3") && !strings.Contains(m.ids, "F9") {
			t.Errorf("%s is measured for F3 and F9", m.name)
		}
	}
}

// The design's list; F14 stands in tables of its own.
func TestEveryGoalOfTheTableHasALine(t *testing.T) {
	have := map[string]bool{}
	for _, g := range benchGoals() {
		have[g.ID] = true
	}
	for _, id := range strings.Fields("F1 F2 F3 F4 F5 F6 F7 F8 F9 F10 F11 F12 F13 F15") {
		if !have[id] {
			t.Errorf("%s has no line", id)
		}
	}
}
