package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/coder/websocket"
)

// golden is where the transcripts of the wire protocol lie; widget/kit/golden.test.ts replays the same ones.
const golden = "../../gateway/web/testdata/golden"

// Each transcript is true of this gateway and of the client in Go: what the client sends is what stands there, and
// the gateway answers what stands there. PROTOCOL.md §8 describes the form.
func TestGolden(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(golden, "*.jsonl"))
	if err != nil || len(files) < 13 {
		t.Fatalf("%d transcripts, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".jsonl"), func(t *testing.T) {
			t.Parallel()
			g := newReplay(t, file)
			for i, l := range g.lines {
				g.at = fmt.Sprintf("step %d, %v", i+1, l)
				g.step(l)
			}
			g.nothingSent()
		})
	}
}

// replay is one transcript against a gateway of its own.
type replay struct {
	*row
	c     *goldenClient
	lines []map[string]any
	vars  goldenVars
	at    string // the step, for messages

	ws     *websocket.Conn
	end    error // how the connection ended
	sent   []map[string]any
	header http.Header
	b      browser
	others map[string]*client
}

func newReplay(t *testing.T, file string) *replay {
	t.Helper()
	about, lines := readGolden(t, file)
	f := startFixture(t, "SQLite", options{})
	g := &replay{row: newRow(t, f), c: newGoldenClient(), lines: lines, vars: goldenVars{}, b: newBrowser(t), others: map[string]*client{}}
	g.given()
	g.header = http.Header{"Origin": {f.url}, "X-Forwarded-For": {g.ip}, "User-Agent": {firefox}}
	versions := []any{1}
	if v, ok := about["versions"].([]any); ok {
		versions = v
	}
	g.c.hello = func(nonce string, topics map[string]int) map[string]any {
		args := map[string]any{"as": "agent", "topics": topics}
		if about["as"] != "agent" {
			args = g.b.greet(t, nonce, topics)
		}
		args["versions"] = versions
		return args
	}
	if about["as"] == "agent" {
		g.header.Set("Cookie", f.staff["ag1"].cookie)
	}
	g.c.send = g.write
	if about["agent"] == true {
		g.other("agent").ok("availability.set", map[string]any{"value": "available"})
	}
	if about["stranger"] == true {
		g.vars["foreign"] = g.starts(g.other("stranger"), map[string]any{"text": "Mine", "ticket": true})
	}
	return g
}

// readGolden reads a transcript and puts in the place of each use what the macro says.
func readGolden(t *testing.T, file string) (about map[string]any, lines []map[string]any) {
	t.Helper()
	var macros map[string][]map[string]any
	raw, err := os.ReadFile(filepath.Join(golden, "macros.json"))
	if err != nil || json.Unmarshal(raw, &macros) != nil {
		t.Fatal(err, "macros.json")
	}
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	for s := bufio.NewScanner(f); s.Scan(); {
		var l map[string]any
		if err := json.Unmarshal(s.Bytes(), &l); err != nil {
			t.Fatalf("%s: %v", s.Text(), err)
		}
		if about == nil {
			about = l
			continue
		}
		lines = append(lines, expand(macros, l)...)
	}
	return about, lines
}

func expand(macros map[string][]map[string]any, l map[string]any) (lines []map[string]any) {
	name, ok := l["use"].(string)
	if !ok {
		return []map[string]any{l}
	}
	with, _ := l["with"].(map[string]any)
	for _, m := range macros[name] {
		lines = append(lines, expand(macros, fill(m, with).(map[string]any))...)
	}
	return lines
}

// fill puts values in the place of "%name".
func fill(v any, with map[string]any) any {
	switch v := v.(type) {
	case string:
		if w, ok := with[strings.TrimPrefix(v, "%")]; ok && strings.HasPrefix(v, "%") {
			return w
		}
	case []any:
		out := slices.Clone(v)
		for i := range out {
			out[i] = fill(out[i], with)
		}
		return out
	case map[string]any:
		out := map[string]any{}
		for k, x := range v {
			out[k] = fill(x, with)
		}
		return out
	}
	return v
}

func (g *replay) step(l map[string]any) {
	g.Helper()
	if want, out := l["out"]; out {
		g.out(want)
		return
	}
	g.nothingSent()
	for kind, want := range l {
		switch kind {
		case "do":
			g.do(want.(map[string]any))
		case "other":
			g.another(want.(map[string]any))
		case "in":
			g.c.take(g.in(want))
		case "lost":
			g.in(want)
		case "some":
			g.some(want.([]any))
		case "close":
			g.closed(int(want.(float64)))
		case "saw":
			g.saw(want.(map[string]any))
		default:
			g.Fatalf("%s: what is %q?", g.at, kind)
		}
	}
}

// out takes the next frame that the client has sent; pongs are said without a word.
func (g *replay) out(want any) {
	g.Helper()
	g.pongs()
	if len(g.sent) == 0 {
		g.Fatalf("%s: the client sends nothing", g.at)
	}
	if !g.vars.fits(want, g.sent[0]) {
		g.Fatalf("%s: the client sends %v", g.at, g.sent[0])
	}
	g.sent = g.sent[1:]
}

func (g *replay) pongs() {
	g.sent = slices.DeleteFunc(g.sent, func(f map[string]any) bool { return f["sig"] == "pong" })
}

func (g *replay) nothingSent() {
	g.Helper()
	if g.pongs(); len(g.sent) > 0 {
		g.Fatalf("before %s: the client sends %v", g.at, g.sent)
	}
}

// in reads until the frame comes. Signals that the transcript does not name may come at any time, and so may events
// of other topics than conversations.
func (g *replay) in(want any) map[string]any {
	g.Helper()
	for {
		f := g.read()
		if f == nil {
			g.Fatalf("%s: the gateway ended with %v", g.at, g.end)
		}
		switch topic, _ := f["topic"].(string); {
		case g.vars.fits(want, f):
			return f
		case f["sig"] != nil:
			g.c.take(f)
		case f["ev"] != nil && !strings.HasPrefix(topic, "cv_"):
		default:
			g.Fatalf("%s: the gateway says %v", g.at, f)
		}
	}
}

// read gives the next frame, nil = the connection has ended. It comes back where the client does.
func (g *replay) read() map[string]any {
	g.Helper()
	if g.ws == nil && g.c.phase == "retry" {
		g.open()
	}
	if g.end != nil {
		return nil
	}
	_, raw, err := g.ws.Read(g.Context())
	if err != nil {
		g.end = err
		return nil
	}
	var f map[string]any
	if err := json.Unmarshal(raw, &f); err != nil {
		g.Fatalf("%s: %v", raw, err)
	}
	return f
}

func (g *replay) open() {
	g.Helper()
	ws, _, err := websocket.Dial(g.Context(), strings.Replace(g.url, "http", "ws", 1)+"/v1/socket", &websocket.DialOptions{HTTPHeader: g.header})
	if err != nil {
		g.Fatalf("%s: %v", g.at, err)
	}
	ws.SetReadLimit(1 << 20)
	g.Cleanup(func() { _ = ws.CloseNow() })
	g.ws, g.end = ws, nil
	g.c.open()
}

// write sends what the client says, and keeps it for the transcript to compare.
func (g *replay) write(f map[string]any) {
	raw, err := json.Marshal(f)
	if err != nil {
		g.Fatal(err)
	}
	if err := g.ws.Write(g.Context(), websocket.MessageText, raw); err != nil {
		g.Fatalf("%s: %v", g.at, err)
	}
	var plain map[string]any // as it is on the wire
	if err := json.Unmarshal(raw, &plain); err != nil {
		g.Fatal(err)
	}
	g.sent = append(g.sent, plain)
}

// closed reads what is still on its way, and the close.
func (g *replay) closed(code int) {
	g.Helper()
	for f := g.read(); f != nil; f = g.read() {
		if f["sig"] == nil {
			g.Fatalf("%s: the gateway says %v", g.at, f)
		}
		g.c.take(f)
	}
	var end websocket.CloseError
	if !errors.As(g.end, &end) || int(end.Code) != code {
		g.Fatalf("%s: the connection ended with %v", g.at, g.end)
	}
	g.ws = nil
	g.c.lost(code)
}

// some reads events of a topic from a number on, up to another one, or as far as they come.
func (g *replay) some(want []any) {
	g.Helper()
	next, last := g.vars.number(want[1]), g.vars.number(want[2])
	for last == 0 || next <= last {
		f := g.read()
		switch {
		case f == nil && last == 0:
			g.vars[want[2].(string)[1:]] = float64(next - 1)
			return
		case f == nil:
			g.Fatalf("%s: %v after %d", g.at, g.end, next-1)
		case f["ev"] == "message.created" && f["seq"] == float64(next):
			next++
		case f["sig"] == nil:
			g.Fatalf("%s: instead of %d came %.200v", g.at, next, f)
		}
		g.c.take(f)
	}
}
