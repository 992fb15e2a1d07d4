package ssf

import (
	"encoding/json"
	"testing"
)

// Whatever a transmitter answers to a poll, what is read is what it holds, and no more than was asked for.
func FuzzReadRound(f *testing.F) {
	f.Add([]byte(`{"sets":{"a":"x.y.z"},"moreAvailable":true}`))
	f.Add([]byte(`{"sets":{"a":1},"sets":{}}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		events, _, err := readRound(b)
		if err != nil {
			return
		}
		var m struct{ Sets map[string]string }
		if json.Unmarshal(b, &m) != nil || len(m.Sets) != len(events) && len(events) > 0 || len(events) > maxEvents {
			t.Errorf("%q is read as %v", b, events)
		}
	})
}
