package gateway

import (
	"encoding/json"
	"strings"
	"time"
)

// burst is how close messages of a visitor must be to count as one turn (self-help.md §4).
const burst = 5 * time.Second

// turns gives the visitor's last turn and the one before it. Messages within five seconds are one turn.
func turns(events []Event) (last, before string) {
	var list []string
	var at time.Time
	agentSpoke := true
	for _, e := range events {
		if e.Kind != (MessageCreated{}).Kind() {
			continue
		}
		if e.Actor.Role != RoleVisitor {
			agentSpoke = true
			continue
		}
		var m Message
		if json.Unmarshal(e.Payload, &m) != nil {
			continue
		}
		if !agentSpoke && e.At.Sub(at) <= burst && len(list) > 0 {
			list[len(list)-1] += "\n" + m.Text
		} else {
			list = append(list, m.Text)
		}
		at, agentSpoke = e.At, false
	}
	if n := len(list); n > 1 {
		return strings.TrimSpace(list[n-1]), strings.TrimSpace(list[n-2])
	} else if n == 1 {
		return strings.TrimSpace(list[0]), ""
	}
	return "", ""
}
