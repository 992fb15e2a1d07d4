package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/postern-chat/postern/gateway/gatewaytest/history"
)

// The aims of the issue.
const (
	soakHealthy = 50 * time.Millisecond
	soakBroken  = 2500 * time.Millisecond
	soakRedis   = 50 * time.Millisecond
)

// rows reads the log behind the gateways' back: what people watch, in order.
func (s *soak) rows() (out []history.Row) {
	rows, err := s.f.sql(s.T).QueryContext(s.ctx, `SELECT topic, seq, id, kind, client_id, payload FROM events ORDER BY topic, seq`)
	if err != nil {
		s.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var r history.Row
		var kind, payload string
		if err := rows.Scan(&r.Topic, &r.Seq, &r.ID, &kind, &r.ClientID, &payload); err != nil {
			s.Fatal(err)
		}
		if kind == "message.created" {
			var d soakData
			if err := json.Unmarshal([]byte(payload), &d); err != nil {
				s.Fatal(err)
			}
			r.Text = d.Text
		}
		out = append(out, r)
	}
	if err := rows.Err(); err != nil {
		s.Fatal(err)
	}
	return out
}

// seen gathers what everybody noted.
func (s *soak) seen() (sent []history.Sent, readers []history.Reader, away history.Absence) {
	away = history.Absence{}
	gather := func(w *writer) {
		w.mu.Lock()
		defer w.mu.Unlock()
		for _, m := range w.sent {
			sent = append(sent, *m)
		}
	}
	for _, v := range append(s.visitors, s.errandists...) {
		gather(&v.writer)
	}
	for _, a := range append(s.agents, s.errands.clerk) {
		gather(&a.writer)
	}
	for _, k := range s.seats {
		k.mu.Lock()
		away[k.name] = append(away[k.name], k.away...)
		for _, t := range k.topics {
			r := *t.Reader
			if r.Until == 0 {
				r.Until = s.heads[r.Topic]
			}
			readers = append(readers, r)
		}
		k.mu.Unlock()
	}
	return sent, readers, away
}

// soakLine is one line of the table, times in milliseconds.
type soakLine struct {
	Kind       string  `json:"kind"` // of fault; "healthy"
	Faults     int     `json:"faults"`
	Deliveries int     `json:"deliveries"`
	P50        float64 `json:"delivery_p50_ms"`
	P99        float64 `json:"delivery_p99_ms"`
	Max        float64 `json:"delivery_max_ms"`
	AckP50     float64 `json:"ack_p50_ms"`
	AckP99     float64 `json:"ack_p99_ms"`
	AckMax     float64 `json:"ack_max_ms"`
}

// soakFigures is what a run came to.
type soakFigures struct {
	Seed       uint64         `json:"seed"`
	Seconds    float64        `json:"seconds"`
	Nodes      int            `json:"nodes"`
	Messages   int            `json:"messages"`
	Rows       int            `json:"rows"`
	Deliveries int            `json:"deliveries"`
	Faults     int            `json:"faults"`
	Flaws      map[string]int `json:"flaws"`
	Redis      float64        `json:"longest_wait_by_redis_ms"`
	Refusals   map[string]int `json:"refusals"`
	Closes     map[string]int `json:"closes"`
	Lines      []soakLine     `json:"lines"`
}

func inMillis(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

func line(kind string, seen, acks []time.Duration) soakLine {
	q := func(list []time.Duration, q float64) float64 { return inMillis(history.Quantile(list, q)) }
	return soakLine{
		Kind: kind, Deliveries: len(seen), P50: q(seen, .5), P99: q(seen, .99), Max: q(seen, 1),
		AckP50: q(acks, .5), AckP99: q(acks, .99), AckMax: q(acks, 1),
	}
}

// figures turns what was seen into lines.
func (s *soak) figures(took time.Duration, r history.Report, seen, waits history.Times) soakFigures {
	f := soakFigures{
		Seed: s.plan.seed, Seconds: took.Seconds(), Nodes: s.plan.nodes, Messages: r.Messages, Rows: r.Rows, Deliveries: r.Deliveries,
		Faults: len(s.troubles), Flaws: map[string]int{}, Refusals: s.refusals(), Closes: map[string]int{},
	}
	for _, x := range history.Flaws() {
		f.Flaws[string(x)] = r.Count(x)
	}
	for _, k := range s.seats {
		k.mu.Lock()
		for code, n := range k.codes {
			f.Closes[fmt.Sprint(code)] += n
		}
		k.mu.Unlock()
	}
	f.Lines = append(f.Lines, line("healthy", seen.Healthy, waits.Healthy))
	for _, x := range faults() {
		l := line(x.kind, seen.Trouble[x.kind], waits.Trouble[x.kind])
		for _, t := range s.troubles {
			if t.Kind == x.kind {
				l.Faults++
			}
		}
		f.Lines = append(f.Lines, l)
		if strings.HasPrefix(x.kind, "redis") {
			f.Redis = max(f.Redis, l.AckMax)
		}
	}
	return f
}

// report compares, prints, and fails on whatever is not as it was promised.
func (s *soak) report(took time.Duration) {
	s.errands.check()
	sent, readers, away := s.seen()
	slices.SortStableFunc(sent, func(a, b history.Sent) int { return cmp.Compare(a.Sender, b.Sender) })
	r := history.Check(s.rows(), sent, readers)
	seen := history.Deliveries(sent, readers, away, s.down, s.troubles)
	waits := history.Waits(sent, away, s.down, s.troubles)
	f := s.figures(took, r, seen, waits)
	s.Log(f.table())
	raw, err := json.Marshal(f)
	if err != nil {
		s.Fatal(err)
	}
	s.Logf("%s", raw)
	if s.plan.json != "" {
		if err := os.WriteFile(s.plan.json, raw, 0o600); err != nil {
			s.Error(err)
		}
	}
	s.Logf("the gateways complained:\n%s", strings.Join(s.complaints(), "\n"))
	slices.SortStableFunc(r.Findings, func(a, b history.Finding) int { return cmp.Compare(a.Flaw, b.Flaw) })
	for i, x := range r.Findings {
		if i == 30 {
			s.Errorf("and %d more", len(r.Findings)-i)
			break
		}
		s.Errorf("%s: %s", x.Flaw, x.What)
	}
	for _, what := range []string{"silence", "reset", "internal"} {
		for said, n := range f.Refusals {
			if strings.Contains(said, what) {
				s.Errorf("%d times %s", n, said)
			}
		}
	}
	if r.Messages < s.plan.messages || len(s.troubles) < s.plan.faults {
		s.Errorf("%d messages and %d faults, want %d and %d", r.Messages, len(s.troubles), s.plan.messages, s.plan.faults)
	}
}

func (f soakFigures) table() string {
	var b strings.Builder
	say := func(format string, a ...any) { _, _ = fmt.Fprintf(&b, format+"\n", a...) } // into memory
	say("SEED=%d: %d messages, %d rows, %d deliveries, %d faults on %d nodes in %.0f s", f.Seed, f.Messages, f.Rows, f.Deliveries, f.Faults, f.Nodes, f.Seconds)
	for _, x := range history.Flaws() {
		say("  %-10s %d", x, f.Flaws[string(x)])
	}
	say("%-24s %6s %10s | ack to seen, ms: %6s %8s %8s %-10s | send to ack, ms: %6s %8s %8s", "", "faults", "deliveries", "p50", "p99", "max", "aim", "p50", "p99", "max")
	for _, l := range f.Lines {
		aim := soakBroken
		if l.Kind == "healthy" {
			aim = soakHealthy
		}
		met := "met"
		if l.P99 > inMillis(aim) {
			met = "NOT MET"
		}
		say("%-24s %6d %10d | %23.1f %8.1f %8.1f %-10s | %23.1f %8.1f %8.1f", l.Kind, l.Faults, l.Deliveries, l.P50, l.P99, l.Max, fmt.Sprintf("%.0f %s", inMillis(aim), met), l.AckP50, l.AckP99, l.AckMax)
	}
	say("longest wait of a sender while Redis was broken: %.1f ms (healthy: %.1f ms; Redis itself may cost %.0f ms)", f.Redis, f.Lines[0].AckMax, inMillis(soakRedis))
	for _, list := range []map[string]int{f.Refusals, f.Closes} {
		for _, k := range slices.Sorted(maps.Keys(list)) {
			say("  %6d × %s", list[k], k)
		}
	}
	return b.String()
}
