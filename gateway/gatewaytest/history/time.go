package history

import (
	"slices"
	"time"
)

// Trouble is a time in which something was broken on purpose, with the time after it in which it may still be felt.
type Trouble struct {
	Kind string
	Span
}

// Absence is when a client was not there: cut off, or not reading. By its name.
type Absence map[string][]Span

// Times are what a run took. A time that meets several troubles counts for each kind.
type Times struct {
	Healthy []time.Duration
	Trouble map[string][]time.Duration
}

func (t *Times) add(d time.Duration, s Span, troubles []Trouble) {
	in := map[string]bool{}
	for _, x := range troubles {
		if !x.From.After(s.To) && !s.From.After(x.To) {
			in[x.Kind] = true
		}
	}
	if len(in) == 0 {
		t.Healthy = append(t.Healthy, d)
	}
	for k := range in {
		t.Trouble[k] = append(t.Trouble[k], d)
	}
}

// Deliveries gives, for each message and each of its readers, how long it took from the first acknowledgement, or the
// beginning of reading, until it was seen (0 = before), less the time in which the reader was away or the database down.
func Deliveries(sent []Sent, readers []Reader, away Absence, down []Span, troubles []Trouble) Times {
	acked := map[place]time.Time{}
	for _, s := range sent {
		if len(s.Acks) > 0 {
			acked[place{s.Topic, s.Acks[0].Seq}] = s.Acks[0].At
		}
	}
	t := Times{Trouble: map[string][]time.Duration{}}
	for _, r := range readers {
		had := map[uint64]bool{}
		for _, s := range r.Seen {
			at, ok := acked[place{r.Topic, s.Seq}]
			if !ok || had[s.Seq] {
				continue
			}
			had[s.Seq] = true
			if r.Since.After(at) {
				at = r.Since
			}
			w := Span{at, s.At}
			t.add(w.less(away[r.Name], down), w, troubles)
		}
	}
	return t
}

// Waits gives how long each sender waited from the first try to the first acknowledgement, less the time in which he
// was away or the database was down.
func Waits(sent []Sent, away Absence, down []Span, troubles []Trouble) Times {
	t := Times{Trouble: map[string][]time.Duration{}}
	for _, s := range sent {
		if len(s.Acks) == 0 || s.At.IsZero() {
			continue
		}
		w := Span{s.At, s.Acks[0].At}
		t.add(w.less(away[s.Sender], down), w, troubles)
	}
	return t
}

// less is the length of s without the parts that the lists cover; parts that cover each other count once.
func (s Span) less(lists ...[]Span) time.Duration {
	if !s.To.After(s.From) {
		return 0
	}
	var cut []Span
	for _, l := range lists {
		for _, x := range l {
			if x.To.After(s.From) && s.To.After(x.From) {
				cut = append(cut, x)
			}
		}
	}
	slices.SortFunc(cut, func(a, b Span) int { return a.From.Compare(b.From) })
	left, at := time.Duration(0), s.From
	for _, x := range cut {
		if x.From.After(at) {
			left += x.From.Sub(at)
		}
		if x.To.After(at) {
			at = x.To
		}
	}
	if s.To.After(at) {
		left += s.To.Sub(at)
	}
	return left
}

// Quantile gives the q-th part (0 to 1) of times by the nearest rank; 0 of none. It sorts the list.
func Quantile(times []time.Duration, q float64) time.Duration {
	if len(times) == 0 {
		return 0
	}
	slices.Sort(times)
	return times[min(len(times)-1, int(q*float64(len(times))))]
}
