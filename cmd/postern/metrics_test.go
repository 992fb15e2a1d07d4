package main

import (
	"encoding/json"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// scrape reads /metrics.
func scrape(t *testing.T, n *node, header http.Header) (int, string) {
	t.Helper()
	status, body, _ := n.read(t, "/metrics", header)
	return status, body
}

// series is what a series stands at; false = it is not there.
func series(text, name string) (string, bool) {
	m := regexp.MustCompile(`(?m)^` + regexp.QuoteMeta(name) + ` (\S+)$`).FindStringSubmatch(text)
	if m == nil {
		return "", false
	}
	return m[1], true
}

// counted is a gateway on which a chat was had, a command refused and a job run, and what it says of itself.
func counted(t *testing.T) (*node, string) {
	t.Helper()
	n := startNode(t, alone(t))
	k := n.talk(t)
	k.vic.ok("message.send", map[string]any{"conversation": k.cv, "client_id": "2", "text": "and at once"})
	k.vic.refused("not_found", "message.send", map[string]any{"conversation": "cv_00000000000000000000000000", "client_id": "3", "text": "?"})
	end := time.Now().Add(time.Minute) // jobs run by themselves
	for {
		_, text := scrape(t, n, nil)
		if v, ok := series(text, "postern_job_delay_seconds_count"); ok && v != "0" {
			return n, text
		}
		if time.Now().After(end) {
			t.Fatal("no job was counted")
		}
		<-time.After(20 * time.Millisecond)
	}
}

func TestMetricsCount(t *testing.T) {
	_, text := counted(t)
	for name, want := range map[string]string{
		`postern_events_total{kind="message.created"}`:      "2",
		`postern_events_total{kind="conversation.claimed"}`: "",
		`postern_errors_total{code="not_found"}`:            "1",
		`postern_errors_total{code="internal"}`:             "0",
		"postern_database_up":                               "1",
		"postern_bus_up":                                    "1",
		"postern_connections":                               "2",
		"postern_connections_limit":                         "20000",
		"postern_queue":                                     "0",
		"postern_queue_wait_seconds":                        "0",
		`postern_commit_batch_bucket{le="1000"}`:            "",
		`postern_reply_seconds_bucket{le="+Inf"}`:           "",
		`postern_hint_lag_seconds_count`:                    "",
		"postern_jobs_due":                                  "",
	} {
		got, ok := series(text, name)
		if !ok || want != "" && got != want || want == "" && strings.HasSuffix(name, "+Inf\"}") && got == "0" {
			t.Errorf("%s = %q, want %q", name, got, want)
		}
	}
	if regexp.MustCompile(`\b(cv|ms|vi|ag|mb)_[0-9A-Z]{26}`).MatchString(text) {
		t.Error("an id stands in the metrics")
	}
}

// Whoever may not read gets what any unknown page says.
func TestWhoMayScrape(t *testing.T) {
	const secret = "0123456789abcdef"
	bearer := func(s string) http.Header { return http.Header{"Authorization": {"Bearer " + s}} }
	for _, c := range []struct {
		name   string
		allow  []string
		token  string
		trust  []string
		header http.Header
		want   int
	}{
		{"from this machine", []string{"127.0.0.1"}, "", nil, nil, 200},
		{"from elsewhere", []string{"10.0.0.0/8"}, "", nil, nil, 404},
		{"nobody", nil, "", nil, nil, 404},
		{"with the token", nil, secret, nil, bearer(secret), 200},
		{"with another", nil, secret, nil, bearer(secret + "x"), 404},
		{"with an empty one", nil, secret, nil, bearer(""), 404},
		{"with a token where there is none", nil, "", nil, bearer(""), 404},
		{"a visitor through a proxy that is trusted", []string{"127.0.0.1"}, "", []string{"127.0.0.1"}, http.Header{"X-Forwarded-For": {"192.0.2.1"}}, 404},
		{"a visitor through a proxy that is not", []string{"127.0.0.1"}, "", nil, http.Header{"X-Forwarded-For": {"192.0.2.1"}}, 404},
		{"one who says that he is here", []string{"127.0.0.1"}, "", nil, http.Header{"X-Forwarded-For": {"127.0.0.1"}}, 404},
		{"Prometheus behind a trusted proxy", []string{"192.0.2.1"}, "", []string{"127.0.0.1"}, http.Header{"X-Forwarded-For": {"192.0.2.1"}}, 200},
	} {
		t.Run(c.name, func(t *testing.T) {
			conf := alone(t)
			conf.MetricsAllow, conf.MetricsToken, conf.TrustedProxies = c.allow, c.token, c.trust
			status, text := scrape(t, openNode(t, conf), c.header)
			if status != c.want || (status == 200) != strings.Contains(text, "postern_database_up 1") {
				t.Errorf("%d, want %d: %.200s", status, c.want, text)
			}
		})
	}
}

// Dashboard and alerts name metrics that exist, and the guide explains every metric of ours and no other.
func TestMetricsAreNamedRight(t *testing.T) {
	_, text := counted(t)
	var exported []string
	for _, m := range regexp.MustCompile(`(?m)^# TYPE (\S+) `).FindAllStringSubmatch(text, -1) {
		exported = append(exported, m[1])
	}
	name := regexp.MustCompile(`\b(?:postern|process|go)_[a-z_]+`)
	for _, file := range []string{"grafana.json", "alerts.yaml"} {
		exprs := expressions(t, file)
		for _, e := range exprs {
			for _, m := range name.FindAllString(e, -1) {
				base := m
				for _, suffix := range []string{"_bucket", "_sum", "_count"} {
					base = strings.TrimSuffix(base, suffix)
				}
				if !slices.Contains(exported, m) && !slices.Contains(exported, base) {
					t.Errorf("%s: %s is exported by nobody", file, m)
				}
			}
		}
		if len(exprs) < 8 {
			t.Errorf("%s has %d expressions", file, len(exprs))
		}
	}
	var documented []string
	for _, m := range regexp.MustCompile("(?m)^\\| `(postern_[a-z_]+)").FindAllStringSubmatch(deployFile(t, "OPERATIONS.md"), -1) {
		documented = append(documented, m[1])
	}
	for _, m := range exported {
		if strings.HasPrefix(m, "postern_") && !slices.Contains(documented, m) {
			t.Errorf("deploy/OPERATIONS.md does not explain %s", m)
		}
	}
	for _, m := range documented {
		if !slices.Contains(exported, m) {
			t.Errorf("deploy/OPERATIONS.md explains %s, which nobody exports", m)
		}
	}
}

// expressions are the PromQL texts of a file, found by their key.
func expressions(t *testing.T, file string) (all []string) {
	t.Helper()
	var v any
	if text := deployFile(t, file); strings.HasSuffix(file, ".json") {
		if err := json.Unmarshal([]byte(text), &v); err != nil {
			t.Fatal(err)
		}
	} else {
		docs := readYAML(t, text)
		v = docs[0]
	}
	var walk func(v any)
	walk = func(v any) {
		switch v := v.(type) {
		case map[string]any:
			for k, x := range v {
				if s, ok := x.(string); ok && k == "expr" {
					all = append(all, s)
				}
				walk(x)
			}
		case []any:
			for _, x := range v {
				walk(x)
			}
		}
	}
	walk(v)
	return all
}
