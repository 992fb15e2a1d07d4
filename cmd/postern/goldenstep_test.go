package main

import (
	"fmt"
	"maps"
	"strconv"
	"strings"
)

// goldenVars are what a transcript has named so far.
type goldenVars map[string]any

// fits compares a frame with a pattern: fields that the pattern does not name do not count, "*" is anything, "$name"
// is what was there first. Names are kept only if all fits.
func (v goldenVars) fits(want, got any) bool {
	try := maps.Clone(v)
	if !try.match(want, got) {
		return false
	}
	maps.Copy(v, try)
	return true
}

func (v goldenVars) match(want, got any) bool {
	switch w := want.(type) {
	case string:
		return v.text(w, got)
	case map[string]any:
		g, ok := got.(map[string]any)
		for k, x := range w {
			y, there := g[v.put(k)]
			if ok = ok && there && v.match(x, y); !ok {
				return false
			}
		}
		return ok && (len(w) > 0 || len(g) == 0)
	case []any:
		g, ok := got.([]any)
		ok = ok && len(g) == len(w)
		for i := range w {
			ok = ok && v.match(w[i], g[i])
		}
		return ok
	}
	return want == got
}

func (v goldenVars) text(w string, got any) bool {
	if w == "*" {
		return got != nil
	}
	name, isVar := strings.CutPrefix(w, "$")
	if _, known := v[name]; isVar && !known && !strings.ContainsAny(name, "+/") {
		v[name] = got
		return got != nil
	}
	return v.value(w) == got
}

// put fills the names into a text: "$cv", "$cv/staff".
func (v goldenVars) put(s string) string {
	for name, x := range v {
		if t, ok := x.(string); ok {
			s = strings.ReplaceAll(s, "$"+name, t)
		}
	}
	return s
}

// value is a text with its names filled in, or the number that a name stands for.
func (v goldenVars) value(s string) any {
	if n, ok := v[strings.TrimPrefix(s, "$")].(float64); ok {
		return n
	}
	return v.put(s)
}

// number reads 5, "$k" and "$k+1"; 0 = a name that stands for nothing yet.
func (v goldenVars) number(x any) int {
	if n, ok := x.(float64); ok {
		return int(n)
	}
	name, more, _ := strings.Cut(x.(string)[1:], "+")
	plus, _ := strconv.Atoi(more)
	n, _ := v[name].(float64)
	return int(n) + plus
}

// filled gives arguments with their names filled in.
func (v goldenVars) filled(x any) any {
	switch x := x.(type) {
	case string:
		return v.value(x)
	case map[string]any:
		out := map[string]any{}
		for k, y := range x {
			out[v.put(k)] = v.filled(y)
		}
		return out
	}
	return x
}

// do is what the client's user does, or what happens to him.
func (g *replay) do(what map[string]any) {
	g.Helper()
	switch cmd, _ := what["command"].(string); {
	case cmd != "":
		g.c.command(cmd, g.vars.filled(what["args"]).(map[string]any))
	case what["open"] != nil:
		g.open()
	case what["cut"] != nil:
		_ = g.ws.CloseNow()
		g.ws = nil
		g.c.lost(1006)
	case what["track"] != nil:
		at := what["track"].([]any)
		g.c.track(g.vars.put(at[0].(string)), g.vars.number(at[1]))
	case what["stall"] == nil: // nobody reads between two steps anyway
		g.Fatalf("%s: do what?", g.at)
	}
}

// another is what somebody else does at the same gateway, or what happens to it.
func (g *replay) another(what map[string]any) {
	g.Helper()
	if n, ok := what["flood"].(float64); ok {
		g.flood(int(n))
		return
	}
	switch what["gateway"] {
	case "stop":
		go g.stop()
		clear(g.others)
		return
	case "start":
		g.restart(g.T, options{}, func(*Config) {})
		return
	}
	c := g.other(what["by"].(string))
	if name, ok := what["start"].(string); ok {
		g.vars[name[1:]] = g.starts(c, map[string]any{"text": "Hello"})
		return
	}
	f := c.do(what["cmd"].(string), g.vars.filled(what["args"]))
	e, _ := f["error"].(map[string]any)
	if code, _ := what["error"].(string); f["error"] == nil && code != "" || f["error"] != nil && e["code"] != code {
		g.Fatalf("%s: %v", g.at, f)
	}
}

// other opens a connection of somebody else.
func (g *replay) other(who string) *client {
	g.Helper()
	c := g.others[who]
	if c != nil {
		return c
	}
	switch who {
	case "agent":
		c = g.as("ag1")
	case "colleague":
		c = g.as("ag2")
	case "tab": // another one of the same browser
		c = g.visit(g.b)
	default:
		c = g.visit(newBrowser(g.T))
	}
	g.others[who] = c
	return c
}

// flood sends the largest messages in the conversation, from another tab: some at once, because a gateway cuts off whoever
// has read nothing for ten seconds, and says 4001 only to those who read again before.
func (g *replay) flood(n int) {
	g.Helper()
	const atOnce = 25
	tab := g.other("tab")
	text := strings.Repeat("x", 8<<10)
	for from := 0; from < n; from += atOnce {
		var ids []string
		for i := from; i < min(n, from+atOnce); i++ {
			ids = append(ids, tab.push("message.send", map[string]any{
				"conversation": g.vars["cv"], "client_id": fmt.Sprint("f", i), "text": text,
			}))
		}
		for _, id := range ids {
			f := tab.until("an answer", func(f map[string]any) bool { return f["re"] == id })
			if f["error"] != nil {
				g.Fatalf("%s: %v", g.at, f["error"])
			}
		}
		tab.frames = nil
	}
}

// saw compares what the client has made of it.
func (g *replay) saw(want map[string]any) {
	g.Helper()
	for what, x := range want {
		switch what {
		case "phase":
			if g.c.phase != x {
				g.Errorf("%s: the client is %s", g.at, g.c.phase)
			}
		case "reply":
			id := x.(map[string]any)["re"].(string)
			if got := g.c.replies[id]; !g.vars.fits(x, got) {
				g.Errorf("%s: the client got %v", g.at, got)
			}
		case "head":
			at := x.([]any)
			if got := g.c.topics[g.vars.put(at[0].(string))]; got != g.vars.number(at[1]) {
				g.Errorf("%s: the client is at %d", g.at, got)
			}
		case "reset":
			at := x.([]any)
			if !g.vars.fits(map[string]any{"topic": at[0], "head": at[1]}, g.c.reset) {
				g.Errorf("%s: the client was told %v", g.at, g.c.reset)
			}
		case "taken":
			g.took(x.([]any))
		case "wait": // this client's network has no clock of its own
		default:
			g.Fatalf("%s: saw what?", g.at)
		}
	}
}

// took compares the events that reached the client's user: each once and in order.
func (g *replay) took(want []any) {
	g.Helper()
	next := g.vars.number(want[1])
	for _, e := range g.c.taken {
		if e["topic"] != g.vars.put(want[0].(string)) {
			continue
		}
		if e["seq"] != float64(next) {
			g.Errorf("%s: the client took %v after %d", g.at, e["seq"], next-1)
		}
		next++
	}
	if last := g.vars.number(want[2]); next != last+1 {
		g.Errorf("%s: the client took events up to %d", g.at, next-1)
	}
}
