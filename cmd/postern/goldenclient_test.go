package main

import (
	"encoding/json"
	"maps"
)

// goldenClient is PROTOCOL.md as a client in Go: which events it takes, when it resumes, what it says after a cut. It
// knows no network; the TypeScript client (widget/kit/socket.ts) must behave as this one does, frame by frame.
type goldenClient struct {
	send  func(frame map[string]any)
	hello func(nonce string, topics map[string]int) map[string]any

	phase    string // connecting, live, retry, away
	next     int
	greeting string            // id of hello
	topics   map[string]int    // last seq taken
	stale    map[string]bool   // reset, not yet read anew
	resuming map[string]string // topic → id of the resume

	replies map[string]map[string]any // by the command's id
	taken   []map[string]any          // events, once and in order
	reset   map[string]any            // the last topic to read anew
}

func newGoldenClient() *goldenClient {
	return &goldenClient{phase: "idle", topics: map[string]int{}, stale: map[string]bool{}, replies: map[string]map[string]any{}}
}

// open begins a connection.
func (c *goldenClient) open() {
	c.phase, c.resuming = "connecting", map[string]string{}
}

// command sends a command and gives its id; ids go on over all connections.
func (c *goldenClient) command(cmd string, args map[string]any) string {
	c.next++
	id := number(c.next)
	c.send(map[string]any{"cmd": cmd, "id": id, "args": args})
	return id
}

// track says that a topic is read up to seq.
func (c *goldenClient) track(topic string, seq int) {
	anew := c.stale[topic]
	delete(c.stale, topic)
	if anew || seq >= c.topics[topic] {
		c.topics[topic] = seq
	}
	if anew {
		c.resume(topic)
	}
}

// lost ends a connection: 4500 to 4999 stay away, all else comes back.
func (c *goldenClient) lost(code int) {
	c.phase = "retry"
	if code >= 4500 && code <= 4999 {
		c.phase = "away"
	}
}

// take reads one frame.
func (c *goldenClient) take(f map[string]any) {
	switch {
	case f["re"] != nil:
		c.reply(f)
	case f["ev"] != nil:
		c.event(f)
	default:
		data, _ := f["data"].(map[string]any)
		c.signal(f["sig"].(string), data)
	}
}

func (c *goldenClient) reply(f map[string]any) {
	id := f["re"].(string)
	ok, _ := f["ok"].(map[string]any)
	if e, _ := ok["event"].(map[string]any); e != nil { // the answer to a message stands in its event's place
		c.event(e)
	}
	c.replies[id] = f
	maps.DeleteFunc(c.resuming, func(_, by string) bool { return by == id })
	if id == c.greeting && f["error"] == nil {
		c.phase = "live"
	}
}

func (c *goldenClient) event(f map[string]any) {
	topic, seq := f["topic"].(string), int(f["seq"].(float64))
	last, known := c.topics[topic]
	switch {
	case c.stale[topic] || known && seq <= last:
	case known && seq > last+1:
		c.resume(topic)
	default:
		c.topics[topic] = seq
		c.taken = append(c.taken, f)
	}
}

func (c *goldenClient) resume(topic string) {
	if c.resuming[topic] == "" && c.phase == "live" {
		c.resuming[topic] = c.command("resume", map[string]any{"topic": topic, "seq": c.topics[topic]})
	}
}

func (c *goldenClient) signal(name string, data map[string]any) {
	switch name {
	case "welcome":
		c.greeting = c.command("hello", c.hello(data["nonce"].(string), maps.Clone(c.topics)))
	case "ping":
		c.send(map[string]any{"sig": "pong", "data": map[string]any{}})
		heads, _ := data["heads"].(map[string]any)
		for topic, head := range heads {
			if last, known := c.topics[topic]; known && int(head.(float64)) > last {
				c.resume(topic)
			}
		}
	case "reset":
		c.stale[data["topic"].(string)] = true
		c.reset = data
	}
}

func number(n int) string {
	b, _ := json.Marshal(n)
	return string(b)
}
