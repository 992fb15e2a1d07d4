package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// questionSet writes a small set: two articles in one group, one beside it; a question that nothing answers.
func questionSet(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"docs.jsonl": `{"id":"a1","title":"Return an order","body":"Send the parcel back within 30 days.","group":"g"}
{"id":"a2","title":"Refunds","body":"The money comes within a week.","group":"g"}

{"id":"b","title":"Delivery times","body":"Two to four days.","phrasings":["where is my parcel"],"unknown":1}
`,
		"queries.jsonl": `{"id":"q1","text":"how can i return my order"}
{"id":"q2","text":"where is the parcel","history":["delivery times please"]}
{"id":"q3","text":"quantum chromodynamics"}
`,
		"qrels.jsonl": `{"query":"q1","doc":"a1","rel":1}
{"query":"q1","doc":"b","rel":0}
{"query":"q2","doc":"b"}
`,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestKBEval(t *testing.T) {
	dir := questionSet(t)
	run := filepath.Join(t.TempDir(), "run.jsonl")
	for _, flags := range [][]string{nil, {"--group"}, {"--history", "--typos", "7"}, {"--prefix", "0.5"}, {"--phrasings", "3"}, {"--run", run}} {
		out := say(t, exitOK, nil, append([]string{"kb", "eval", dir}, flags...)...)
		var got struct {
			Queries int      `json:"queries"`
			Docs    int      `json:"docs"`
			None    int      `json:"no_answer_queries"`
			MRR10   float64  `json:"mrr10"`
			AUROC   *float64 `json:"auroc_no_answer"`
			P99     float64  `json:"p99_ms"`
		}
		if err := json.Unmarshal([]byte(out), &got); err != nil || strings.Count(out, "\n") != 1 {
			t.Fatalf("%v printed %q: %v", flags, out, err)
		}
		docs := 3
		if len(flags) == 1 && flags[0] == "--group" {
			docs = 2
		}
		if got.Queries != 2 || got.None != 1 || got.Docs != docs || got.AUROC == nil || got.MRR10 <= 0 || got.P99 <= 0 {
			t.Errorf("%v: %s", flags, out)
		}
		if len(flags) == 0 && (got.MRR10 != 1 || *got.AUROC != 1) {
			t.Errorf("plain: %s", out)
		}
	}
	raw, err := os.ReadFile(run)
	if err != nil || !strings.HasPrefix(string(raw), `{"query":"q1","docs":["a1"`) || strings.Count(string(raw), "\n") != 3 {
		t.Errorf("the run file holds %q, %v", raw, err)
	}
}

func TestKBEvalRefuses(t *testing.T) {
	dir := questionSet(t)
	broken := questionSet(t)
	if err := os.WriteFile(filepath.Join(broken, "qrels.jsonl"), []byte("{\"query\":\"q1\",\"doc\":\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	double := questionSet(t)
	if err := os.WriteFile(filepath.Join(double, "docs.jsonl"), []byte("{\"id\":\"a\"}\n{\"id\":\"a\"}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, args := range map[string][]string{
		"no verb": {}, "another verb": {"evil", dir}, "no folder": {"eval"}, "two folders": {"eval", dir, dir},
		"an empty folder": {"eval", t.TempDir()}, "an unknown flag": {"eval", dir, "--fast"},
		"not JSON": {"eval", broken}, "an id twice": {"eval", double}, "a share over 1": {"eval", dir, "--prefix", "1.5"},
	} {
		if out := say(t, exitUsage, nil, append([]string{"kb"}, args...)...); strings.HasPrefix(out, "{") || out == "" {
			t.Errorf("%s: printed %q", name, out)
		}
	}
}
