package history

import (
	"testing"
	"time"
)

var noon = time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC)

func ms(n int) time.Time { return noon.Add(time.Duration(n) * time.Millisecond) }

// run is a small chat in which all is well: two senders, two readers, one of whom was cut off once.
type run struct {
	rows    []Row
	sent    []Sent
	readers []Reader
}

func well() *run {
	return &run{
		rows: []Row{
			{"cv", 1, "e1", "", ""}, {"cv", 2, "e2", "a1", "one"}, {"cv", 3, "e3", "b1", "two"}, {"cv", 4, "e4", "a2", "three"},
		},
		sent: []Sent{
			{"ann", "cv", "a1", "one", ms(0), []Ack{{2, "e2", ms(5)}, {2, "e2", ms(50)}}, ""},
			{"ann", "cv", "a2", "three", ms(20), []Ack{{4, "e4", ms(25)}}, ""},
			{"ben", "cv", "b1", "two", ms(10), []Ack{{3, "e3", ms(15)}}, ""},
			{"ben", "cv", "b2", "no", ms(40), nil, "conversation_closed"},
			{"ben", "cv", "b3", "perhaps", ms(60), nil, ""},
		},
		readers: []Reader{
			{"ann", "cv", noon, 0, []Seen{{0, 1, "e1", "", ms(1), false}, {0, 2, "e2", "one", ms(6), false}, {0, 3, "e3", "two", ms(16), false}, {0, 4, "e4", "three", ms(26), false}}},
			{"eve", "cv", noon, 3, []Seen{{0, 1, "e1", "", ms(1), false}, {1, 2, "e2", "one", ms(30), false}, {1, 2, "e2", "one", ms(31), true}, {1, 3, "e3", "two", ms(32), true}}},
		},
	}
}

func (r *run) check() Report { return Check(r.rows, r.sent, r.readers) }

func TestAllIsWell(t *testing.T) {
	got := well().check()
	if len(got.Findings) != 0 || got.Messages != 3 || got.Rows != 4 || got.Deliveries != 5 {
		t.Errorf("%+v", got)
	}
}

// Each thing that must not be is planted alone, and found as what it is.
func TestPlanted(t *testing.T) {
	for _, c := range []struct {
		name  string
		want  Flaw
		plant func(r *run)
	}{
		{"an acknowledgement without a row", Lost, func(r *run) {
			r.sent = append(r.sent, Sent{Sender: "ben", Topic: "cv", ClientID: "b4", Text: "gone", Acks: []Ack{{5, "e5", ms(70)}}})
		}},
		{"a row that one reader never got", Lost, func(r *run) { r.readers[0].Seen = r.readers[0].Seen[:3] }},
		{"who left had not got all before", Lost, func(r *run) { r.readers[1].Seen = r.readers[1].Seen[:1] }},
		{"stored twice under one id", Doubled, func(r *run) { r.more(Row{"cv", 5, "e5", "a1", "one"}) }},
		{"stored twice under two ids", Doubled, func(r *run) {
			r.more(Row{"cv", 5, "e5", "a3", "three"})
			r.sent = append(r.sent, Sent{Sender: "ann", Topic: "cv", ClientID: "a3", Text: "never"})
			r.rows[4].Text = "three"
		}},
		{"one number twice", Doubled, func(r *run) { r.rows = append(r.rows, Row{"cv", 4, "e9", "", ""}) }},
		{"acknowledged with two numbers", Doubled, func(r *run) { r.sent[0].Acks[1].Seq = 3 }},
		{"delivered twice on one connection", Doubled, func(r *run) { r.readers[0].Seen = append(r.readers[0].Seen, r.readers[0].Seen[3]) }},
		{"delivered again on a new connection", Doubled, func(r *run) {
			r.readers[0].Seen = append(r.readers[0].Seen, Seen{1, 4, "e4", "three", ms(80), false})
		}},
		{"delivered in another order", Disorder, func(r *run) { s := r.readers[0].Seen; s[2], s[3] = s[3], s[2] }},
		{"stored in another order than written", Disorder, func(r *run) { r.sent[0], r.sent[1] = r.sent[1], r.sent[0] }},
		{"a gap in the log", Gap, func(r *run) { r.rows[3].Seq = 5 }},
		{"a gap on the wire, filled by asking", Gap, func(r *run) {
			r.readers[0].Seen = append(r.readers[0].Seen[:2], Seen{0, 4, "e4", "three", ms(26), false}, Seen{0, 3, "e3", "two", ms(27), true}, Seen{0, 4, "e4", "three", ms(28), true})
		}},
		{"another text in the log", Changed, func(r *run) { r.rows[1].Text = "won" }},
		{"another text on a screen", Changed, func(r *run) { r.readers[0].Seen[1].Text = "won" }},
		{"another event on a screen", Changed, func(r *run) { r.readers[0].Seen[1].ID = "e7" }},
		{"acknowledged with the number of another", Changed, func(r *run) { r.sent[2].Acks[0].Seq = 4 }},
		{"refused and stored", Invented, func(r *run) { r.more(Row{"cv", 5, "e5", "b2", "no"}) }},
		{"nobody wrote it", Invented, func(r *run) { r.more(Row{"cv", 5, "e5", "x", "ghost"}) }},
		{"seen and in no log", Invented, func(r *run) {
			r.readers[0].Seen = append(r.readers[0].Seen, Seen{0, 5, "e5", "ghost", ms(80), false})
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := well()
			c.plant(r)
			if got := r.check(); got.Count(c.want) == 0 {
				t.Errorf("found %+v, want %s", got.Findings, c.want)
			}
		})
	}
}

// more adds a row to the log that its first reader has seen.
func (r *run) more(row Row) {
	r.rows = append(r.rows, row)
	r.readers[0].Seen = append(r.readers[0].Seen, Seen{0, row.Seq, row.ID, row.Text, ms(80), false})
}

// A message that was neither acknowledged nor refused may be in the log or not: its sender still asks.
func TestUnanswered(t *testing.T) {
	r := well()
	r.more(Row{"cv", 5, "e5", "b3", "perhaps"})
	if got := r.check(); len(got.Findings) != 0 {
		t.Errorf("%+v", got.Findings)
	}
}

func TestLess(t *testing.T) {
	span := func(from, to int) Span { return Span{ms(from), ms(to)} }
	for _, c := range []struct {
		name  string
		s     Span
		lists [][]Span
		want  int
	}{
		{"nothing taken off", span(0, 100), nil, 100},
		{"seen before the acknowledgement", span(50, 40), nil, 0},
		{"in the middle", span(0, 100), [][]Span{{span(20, 50)}}, 70},
		{"over the beginning and the end", span(0, 100), [][]Span{{span(-50, 20), span(90, 300)}}, 70},
		{"two that cover each other", span(0, 100), [][]Span{{span(20, 60)}, {span(40, 80), span(50, 55)}}, 40},
		{"elsewhere", span(0, 100), [][]Span{{span(100, 200), span(-10, 0)}}, 100},
		{"all of it", span(0, 100), [][]Span{{span(-1, 101)}}, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := c.s.less(c.lists...); got != time.Duration(c.want)*time.Millisecond {
				t.Errorf("%s, want %d ms", got, c.want)
			}
		})
	}
}

func TestTimes(t *testing.T) {
	r := well()
	away := Absence{"eve": {{ms(2), ms(29)}}}
	troubles := []Trouble{{"kill", Span{ms(14), ms(20)}}}
	got := Deliveries(r.sent, r.readers, away, nil, troubles)
	// ann: 1, 1 (in trouble), 1; eve: 30-29 over the trouble, 32-29.
	if q := Quantile(got.Healthy, 1); len(got.Healthy) != 2 || q != time.Millisecond {
		t.Errorf("healthy %v", got.Healthy)
	}
	if q := Quantile(got.Trouble["kill"], 1); len(got.Trouble["kill"]) != 3 || q != 3*time.Millisecond {
		t.Errorf("in trouble %v", got.Trouble)
	}
	waits := Waits(r.sent, away, []Span{{ms(1), ms(2)}}, troubles)
	if len(waits.Healthy) != 1 || waits.Healthy[0] != 4*time.Millisecond || len(waits.Trouble["kill"]) != 2 {
		t.Errorf("waits %v", waits)
	}
	r.readers[0].Since = ms(4) // began to read then
	if got := Deliveries(r.sent, r.readers[:1], away, nil, nil); Quantile(got.Healthy, 1) != time.Millisecond {
		t.Errorf("from the beginning of reading: %v", got)
	}
	r.sent[0].At = time.Time{}
	if got := Waits(r.sent, nil, nil, nil); len(got.Healthy) != 2 {
		t.Errorf("waits: %v", got)
	}
	if Quantile(nil, .99) != 0 {
		t.Error("a quantile of nothing")
	}
}
