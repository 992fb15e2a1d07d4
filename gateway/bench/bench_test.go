package bench

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"
)

func TestQuantiles(t *testing.T) {
	var times Times
	if q := times.Quantiles(); q != (Quantiles{}) {
		t.Errorf("nothing: %+v", q)
	}
	for i := 1000; i > 0; i-- {
		times.Add(time.Duration(i) * time.Millisecond)
	}
	if q := times.Quantiles(); q != (Quantiles{P50: 501, P99: 991, P999: 1000, Max: 1000, N: 1000}) {
		t.Errorf("1 to 1000 ms: %+v", q)
	}
	times.Reset()
	if times.Count() != 0 {
		t.Error("what was forgotten is counted")
	}
}

func TestFrames(t *testing.T) {
	raw := []byte(`{"id":"ev_1","ev":"message.created","topic":"cv_2","seq":34,"data":{"text":"m56 x"}}`)
	if !is(raw, "message.created") || !is(raw, "") || is(raw, "message.read") || is([]byte(`{"re":"1","ok":{}}`), "") {
		t.Error("kinds of frames")
	}
	if got := string(field(raw, `"topic":"`)); got != "cv_2" {
		t.Errorf("topic %q", got)
	}
	if field(raw, `"none":"`) != nil || field([]byte(`{"topic":"cut`), `"topic":"`) != nil {
		t.Error("a field that is not there")
	}
	if n, m := number(raw, `"seq":`), number(raw, `"text":"m`); n != 34 || m != 56 {
		t.Errorf("numbers %d %d", n, m)
	}
	s := &socket{topics: map[string]uint64{"cv_2": 33}, doubled: new(atomic.Int64)}
	if !s.fresh(raw) || s.fresh(raw) || s.topics["cv_2"] != 34 || s.doubled.Load() != 1 || s.seen() != `{"cv_2":34}` {
		t.Error("an event counts once")
	}
}

func TestOwnProcess(t *testing.T) {
	for end := time.Now().Add(time.Minute); ; { // a busy machine gives us little
		d, err := ProcessTime(os.Getpid())
		if err != nil || time.Now().After(end) {
			t.Fatalf("processor time %v, %v", d, err)
		}
		if d > 0 {
			break
		}
	}
	n, err := ProcessMemory(os.Getpid())
	if err != nil || n < 1<<20 {
		t.Errorf("memory %d, %v", n, err)
	}
	if _, err := ProcessTime(-1); err == nil {
		t.Error("no process has a time")
	}
	if q, err := Sync(t.TempDir(), 20*time.Millisecond); err != nil || q.N == 0 || q.Max <= 0 {
		t.Errorf("sync: %+v, %v", q, err)
	}
}

func TestJudge(t *testing.T) {
	rounds := []Figures{{"rate": 90, "other": 100}, {"rate": 120, "other": 100}, {"rate": 110, "other": 50, "late": 7}}
	for _, c := range []struct {
		name string
		goal Goal
		want Line
	}{
		{"the median reaches", Goal{Figure: Named("rate"), Target: Fixed(110), AtLeast: true}, Line{Figure: 110, Min: 90, Max: 120, Target: 110, Ratio: 1, AtLeast: true, Verdict: Passed}},
		{"the median falls short", Goal{Figure: Named("rate"), Target: Fixed(111), AtLeast: true}, Line{Figure: 110, Min: 90, Max: 120, Target: 111, Ratio: 110. / 111, AtLeast: true, Verdict: Missed}},
		{"it has to stay below", Goal{Figure: Named("rate"), Target: Fixed(55)}, Line{Figure: 110, Min: 90, Max: 120, Target: 55, Ratio: 2, Verdict: Missed}},
		{"ratios are of one round", Goal{Figure: Over("rate", "other"), Target: Fixed(1.2), AtLeast: true}, Line{Figure: 1.2, Min: .9, Max: 2.2, Target: 1.2, Ratio: 1, AtLeast: true, Verdict: Passed}},
		{"differences too", Goal{Figure: Minus("rate", "other"), Target: Fixed(20)}, Line{Figure: 20, Min: -10, Max: 60, Target: 20, Ratio: 1, Verdict: Passed}},
		{"one round has it", Goal{Figure: Named("late"), Target: Fixed(0)}, Line{Figure: 7, Min: 7, Max: 7, Verdict: Missed}},
		{"none has it", Goal{Figure: Named("never"), Target: Fixed(0)}, Line{Verdict: NotMeasured}},
		{"a slow machine", Goal{Figure: Named("rate"), Target: Scaled(200, "other", 200), AtLeast: true}, Line{Figure: 110, Min: 90, Max: 120, Target: 100, Ratio: 1.1, AtLeast: true, Verdict: Passed}},
		{"a fast machine", Goal{Figure: Named("rate"), Target: Scaled(100, "other", 20), AtLeast: true}, Line{Figure: 110, Min: 90, Max: 120, Target: 100, Ratio: 1.1, AtLeast: true, Verdict: Passed}},
		{"a slow disk", Goal{Figure: Named("rate"), Target: Loosest(5, 3, "other", 2)}, Line{Figure: 110, Min: 90, Max: 120, Target: 302, Ratio: 110. / 302, Verdict: Passed}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := Judge([]Goal{c.goal}, rounds); len(got) != 1 || got[0] != c.want {
				t.Errorf("%+v, want %+v", got, c.want)
			}
		})
	}
}

func TestTableForPeople(t *testing.T) {
	rounds := []Figures{{"rate": 90, "x.ack_p50": 1, "x.rate": 123456, "disk": 3.14159}}
	var b strings.Builder
	WriteTable(&b, Judge([]Goal{{ID: "F1", What: "speed", Unit: "/s", Figure: Named("rate"), Target: Fixed(100), AtLeast: true}, {ID: "F2", What: "memory", Figure: Named("kb"), Target: Fixed(8)}}, rounds))
	WriteFigures(&b, rounds)
	for _, want := range []string{"≥ 100 /s", "0.90  MISSED", "F2   memory", NotMeasured, "123456", "disk", "3.14"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("%q is not in\n%s", want, b.String())
		}
	}
}

func TestCountStatements(t *testing.T) {
	log := `2026-11-28 02:00:00.000 UTC [7] LOG:  statement: begin
2026-11-28 02:00:00.000 UTC [7] LOG:  execute stmtcache_1: SELECT 1
	FROM nothing
2026-11-28 02:00:00.000 UTC [7] DETAIL:  parameters: $1 = 'LOG:  statement: begin'
2026-11-28 02:00:00.000 UTC [8] LOG:  execute stmtcache_2: SELECT seq FROM topics
2026-11-28 02:00:00.000 UTC [7] LOG:  execute stmtcache_3: INSERT INTO events (topic)
2026-11-28 02:00:00.000 UTC [7] LOG:  statement: commit
2026-11-28 02:00:00.000 UTC [8] LOG:  statement: BEGIN
2026-11-28 02:00:00.000 UTC [8] LOG:  execute <unnamed>: UPDATE jobs SET x = 1
2026-11-28 02:00:00.000 UTC [8] LOG:  statement: rollback
2026-11-28 02:00:00.000 UTC [9] LOG:  statement: commit
`
	got, err := CountStatements(strings.NewReader(log))
	if want := (Statements{Batches: 1, Others: 1, Inside: 2, Outside: 1}); err != nil || got != want {
		t.Errorf("%+v, %v, want %+v", got, err, want)
	}
}

// The websocket client against a server that is not ours: short and long frames, pings, and the close code.
func TestClient(t *testing.T) {
	long := strings.Repeat("é", 40_000)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := websocket.Accept(w, r, nil)
		if err != nil {
			return // somebody from elsewhere
		}
		c.SetReadLimit(1 << 20)
		for range 4 {
			kind, b, err := c.Read(r.Context())
			if err != nil || kind != websocket.MessageText {
				t.Error(kind, err)
				return
			}
			if err := c.Write(r.Context(), kind, b); err != nil {
				t.Error(err)
				return
			}
		}
		reading := c.CloseRead(r.Context()) // what comes now are pongs
		if err := c.Ping(reading); err != nil {
			t.Error(err)
		}
		_ = c.Close(CloseSlow, "slow")
	}))
	defer srv.Close()
	w, err := Dial(t.Context(), Dialing{URL: srv.URL, Path: "/v1/socket", Header: http.Header{"Origin": {srv.URL}}, From: from(0), Buffer: quiet})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	for _, text := range []string{"", "short", strings.Repeat("m", 300), long} {
		if err := w.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
		if b, err := w.Read(); err != nil || string(b) != text {
			t.Fatalf("%d bytes came back as %d, %v", len(text), len(b), err)
		}
	}
	if _, err := w.Read(); err != Closed(CloseSlow) { // answers the ping first
		t.Errorf("the end is %v", err)
	}
	if _, err := Dial(t.Context(), Dialing{URL: srv.URL, Path: "/", Header: http.Header{"Origin": {"https://elsewhere.test"}}, Buffer: quiet}); err == nil {
		t.Error("a refusal is taken for a socket")
	}
}

func TestRequests(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/page" {
			w.WriteHeader(http.StatusTeapot)
			return
		}
		_, _ = io.WriteString(w, `{"ok":true}`)
	}))
	defer srv.Close()
	address := strings.TrimPrefix(srv.URL, "http://")
	if b, err := Answers(t.Context(), srv.URL+"/page"); err != nil || string(b) != `{"ok":true}` {
		t.Errorf("%s %v", b, err)
	}
	if rate, err := Requests(t.Context(), address, "/page", 2, 20*time.Millisecond); err != nil || rate <= 0 {
		t.Errorf("%v a second, %v", rate, err)
	}
	if _, err := Requests(t.Context(), address, "/other", 1, time.Second); err == nil {
		t.Error("a refusal is counted")
	}
}
