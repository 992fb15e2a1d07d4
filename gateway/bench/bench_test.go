package bench

import (
	"os"
	"sync/atomic"
	"testing"
	"time"
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
