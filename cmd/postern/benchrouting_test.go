package main

import (
	"bytes"
	"context"
	"encoding/json"
	"strings"
	"testing"
)

func benchRouting(t *testing.T, want int, args ...string) (out, errs string) {
	t.Helper()
	var o, e bytes.Buffer
	if code := runBench(context.Background(), call{append([]string{"routing"}, args...), nil, &o, &e}); code != want {
		t.Fatalf("%v: exit %d, want %d\n%s%s", args, code, want, o.String(), e.String())
	}
	return o.String(), e.String()
}

// The command prints one JSON object with the names of the contract, holds its goals, and gives the same figures again.
func TestBenchRouting(t *testing.T) {
	out, _ := benchRouting(t, exitOK, "--chats", "100000")
	var r routingReport
	if err := json.Unmarshal([]byte(out), &r); err != nil {
		t.Fatal(err)
	}
	if len(r.Erlang) != 5 || len(r.Desks) != 7 || len(r.Goals) != 6 || r.P95 == 0 || r.Wall <= 0 || r.Desks[0].Chats != 100_000 {
		t.Errorf("%+v", r)
	}
	for _, name := range []string{"erlang_c", "missed", "wait_p50_s", "wait_p95_s", "jain", "over_capacity", "wall_s"} {
		if !strings.Contains(out, `"`+name+`":`) {
			t.Errorf("no %s", name)
		}
	}
}

func TestBenchRoutingNeed(t *testing.T) {
	args := []string{"--need", "30s", "--per-hour", "120", "--absent", "0.2"}
	first, _ := benchRouting(t, exitOK, args...)
	if again, _ := benchRouting(t, exitOK, args...); again != first {
		t.Errorf("%s, then %s", first, again)
	}
	table, _ := benchRouting(t, exitOK, append(args, "--table")...)
	if !strings.Contains(table, "agents: 120 chats an hour") || !strings.Contains(table, "20 % absent") {
		t.Error(table)
	}
}

func TestBenchRoutingRefuses(t *testing.T) {
	for _, args := range [][]string{
		{"--chats", "10"}, {"more"}, {"--need", "-1s"}, {"--need", "10s", "--absent", "0.9"}, {"--need", "10s", "--per-hour", "NaN"}, {"--need", "10s", "--seats", "0"},
	} {
		if out, errs := benchRouting(t, exitUsage, args...); out != "" || errs == "" {
			t.Errorf("%v: %q, %q", args, out, errs)
		}
	}
}
