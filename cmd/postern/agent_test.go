package main

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/coder/websocket"
	"github.com/postern-chat/postern/gateway/web"
	"github.com/postern-chat/postern/verify"
)

// prey is a set of changes, one in each state that a proof could still come from, with all that a thief could
// hope for: ids, the handle, the finish token and a signature.
type prey struct {
	conversations []string
	changes       []string
	args          map[string]any // of the matched one
}

func (r *row) prey() prey {
	r.Helper()
	var p prey
	for i := range 4 {
		k := r.talk("ag2")
		change := k.mia.ok("change.draft", r.draft(k, "renewal.cancel", map[string]string{"plan": "plus"}))["change"].(map[string]any)["id"].(string)
		p.conversations, p.changes = append(p.conversations, k.cv), append(p.changes, change)
		if i == 0 {
			continue
		}
		k.mia.ok("change.offer", map[string]any{"change": change})
		if i == 1 {
			continue
		}
		address := k.vic.ok("change.open", map[string]any{"change": change, "page": "https://shop.test/"})["url"].(string)
		if i == 3 {
			p.args = k.finish(r.T, k.b, change, r.confirm(address))
			p.args["handle"] = address
		}
	}
	return p
}

// bodies is what the thief sends: what would do, if anything did.
func (p prey) bodies() []map[string]any {
	finish := map[string]any{}
	for name, v := range p.args {
		if name != "handle" {
			finish[name] = v
		}
	}
	out := []map[string]any{finish, {"change": p.changes[3]}, {"conversation": p.conversations[3]}}
	for i, cv := range p.conversations {
		out = append(out,
			map[string]any{"change": p.changes[i], "state": "applied", "approve": true, "result": "applied"},
			map[string]any{"change": p.changes[i], "page": "https://shop.test/", "over": true},
			map[string]any{"conversation": cv, "kind": "renewal.cancel", "fields": map[string]string{"plan": "plus"}, "state": "proven"},
		)
	}
	return out
}

// A session of the staff, whatever its role, tries every route and every command there is to apply a change that
// its owner has not finished. Nothing is applied, nothing is proven, and the host's accounts are, byte for byte,
// what they were.
func TestAgentTriesEverything(t *testing.T) {
	for _, engine := range []string{"SQLite", "PostgreSQL"} {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			f := startFixture(t, engine, options{})
			for _, name := range []string{"tr1", "ag1", "sn1", "su1", "au1", "ed1", "ad1"} {
				t.Run(name, func(t *testing.T) {
					r := newRow(t, f)
					p := r.prey()
					r.given()
					said, called := r.tryCommands(name, p), r.tryRoutes(name, p)
					for _, change := range p.changes {
						switch c := r.change(change); c.State {
						case verify.Proven, verify.Cooling, verify.Released, verify.Unsettled, verify.Applied:
							t.Errorf("the change is %s", c.State)
						}
					}
					for _, l := range r.leaves() {
						if l.To == verify.Proven && l.From != l.To || l.To == verify.Released || l.To == verify.Applied {
							t.Errorf("the log has %s → %s by %s", l.From, l.To, l.Role)
						}
					}
					if now := r.dump(); now != r.before {
						t.Errorf("the host's accounts are %s and were %s", now, r.before)
					}
					r.talks = nil // some roles end conversations
					r.quiet()
					t.Logf("%d commands, %d calls", said, called)
				})
			}
			f.audit(t)
		})
	}
}

// tryCommands says every command with every body, and reads all the answers.
func (r *row) tryCommands(name string, p prey) (said int) {
	r.Helper()
	c := r.as(name)
	var list [][]byte
	for _, cmd := range web.Commands() {
		if cmd == "hello" {
			continue
		}
		bodies := p.bodies()
		if !strings.HasPrefix(cmd, "change.") {
			bodies = bodies[:3]
		}
		for _, args := range bodies {
			raw, err := json.Marshal(map[string]any{"cmd": cmd, "id": "try", "args": args})
			if err != nil {
				r.Fatal(err)
			}
			list = append(list, raw)
		}
	}
	for _, raw := range list {
		if err := c.ws.Write(r.Context(), websocket.MessageText, raw); err != nil {
			r.Fatal(err)
		}
		f := c.until("an answer", func(f map[string]any) bool { return f["re"] == "try" })
		said++
		if e, _ := f["error"].(map[string]any); e["code"] == "internal" || e["code"] == "too_many" {
			r.Errorf("%s: %v", raw, f)
		}
		ok, _ := f["ok"].(map[string]any)
		if change, _ := ok["change"].(map[string]any); change != nil {
			switch change["state"] {
			case "draft", "offered", "withdrawn":
			default:
				r.Errorf("%s: %v", raw, change)
			}
		}
	}
	return said
}

// tryRoutes calls every route but the end of the own session, with every id in its path and every body.
func (r *row) tryRoutes(name string, p prey) (called int) {
	r.Helper()
	for _, route := range r.server.Routes() {
		method, path, _ := strings.Cut(route, " ")
		if path == "/v1/logout" || path == "/v1/socket" || method == "HEAD" || method == "CONNECT" || method == "TRACE" {
			continue
		}
		for i, id := range []string{p.changes[3], p.conversations[3]} {
			at := strings.NewReplacer(":id", id, ":agent", id, ":handle", id, ":source", "shop", ":name", id, ":part", "0", "*", id).Replace(path)
			for j, body := range p.bodies()[:4] {
				if (method == "GET" || !strings.Contains(path, ":")) && i+j > 0 && method == "GET" {
					continue
				}
				raw, err := json.Marshal(body)
				if err != nil {
					r.Fatal(err)
				}
				status, _, answer := r.call(name, method, at, string(raw))
				called++
				if status >= 500 && status != http.StatusServiceUnavailable {
					r.Errorf("%s %s %s: %d %s", method, at, raw, status, answer)
				}
				if name == "au1" && strings.HasPrefix(at, "/v1/audit/bundle") {
					continue // receipts name accounts; an auditor answers nobody
				}
				r.holdsNoFact(at, answer)
			}
		}
	}
	return called
}

// A page of another site gets no socket: 403 before the upgrade.
func TestForeignOriginGetsNoSocket(t *testing.T) {
	f := startFixture(t, "SQLite", options{})
	r := newRow(t, f)
	for _, origin := range []string{"https://evil.test", "null", "", "https://shop.test", strings.Replace(f.url, "localhost", "127.0.0.1", 1), f.url + ".evil.test"} {
		req, err := http.NewRequestWithContext(t.Context(), "GET", f.url+"/v1/socket", nil)
		if err != nil {
			t.Fatal(err)
		}
		for name, v := range map[string]string{
			"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
			"Cookie": r.staff["ag1"].cookie, "Origin": origin,
		} {
			if v != "" {
				req.Header.Set(name, v)
			}
		}
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, res.Body)
		_ = res.Body.Close()
		if res.StatusCode != http.StatusForbidden {
			t.Errorf("origin %q: %d, want 403", origin, res.StatusCode)
		}
	}
}

const script = `<script>alert(1)</script><img src=x onerror=alert(2)>`

// What people type stays text: it comes back as JSON strings, character for character, and a file is saved, not
// shown, whatever it pretends to be.
func TestScriptsStayText(t *testing.T) {
	onBoth(t, func(t *testing.T, r *row) {
		mia := r.as("ag1")
		mia.ok("availability.set", map[string]any{"value": "available"})
		vic := r.visit(newBrowser(t))
		cv := vic.ok("conversation.start", map[string]any{
			"command_id": "s", "client_id": "m", "text": script, "name": script, "email": "x@evil.test",
		})["conversation"].(map[string]any)["id"].(string)
		mia.ok("conversation.claim", map[string]any{"conversation": cv})
		mia.ok("resume", map[string]any{"topic": cv, "seq": 0})
		if text := mia.event("message.created", cv)["data"].(map[string]any)["text"]; text != script {
			t.Errorf("the message is %q", text)
		}
		status, header, b := r.call("ag1", "GET", "/v1/conversations/"+cv, "")
		r.isText(status, header, b)
		if _, row, _ := r.get("ag1", "/v1/conversations/"+cv); row["conversation"].(map[string]any)["claimed"].(map[string]any)["name"] != script {
			t.Errorf("the name is %v", row["conversation"])
		}
		r.article(vic)
		served := 0
		for name, content := range map[string]string{
			script + ".html": "<html>" + script, "x.svg": `<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>`, "a.txt": script,
		} {
			if !r.file(vic, cv, name, content) {
				t.Logf("%s is not taken", name)
			} else {
				served++
			}
		}
		if served == 0 {
			t.Error("no file was served at all")
		}
	})
}

// isText asserts JSON that no browser takes for a page.
func (r *row) isText(status int, header http.Header, b []byte) {
	r.Helper()
	if status != http.StatusOK || !strings.HasPrefix(header.Get("Content-Type"), "application/json") || header.Get("X-Content-Type-Options") != "nosniff" {
		r.Errorf("answered %d %v %s", status, header, b)
	}
}

// article publishes one with a script in title and body.
func (r *row) article(vic *client) {
	r.Helper()
	raw, err := json.Marshal(map[string]any{"title": script, "summary": script, "body": "# Parcels\n\n" + script, "locale": "en", "visibility": "public"})
	if err != nil {
		r.Fatal(err)
	}
	status, header, b := r.call("ed1", "POST", "/v1/articles", string(raw))
	r.isText(status, header, b)
	var made struct {
		Article struct {
			ID      string `json:"id"`
			Version struct {
				Number int64 `json:"number"`
			} `json:"version"`
		} `json:"article"`
	}
	if err := json.Unmarshal(b, &made); err != nil {
		r.Fatal(err)
	}
	status, header, b = r.call("ed1", "POST", "/v1/articles/"+made.Article.ID+"/publish", `{"version":1}`)
	r.isText(status, header, b)
	page := map[string]any{}
	r.until(func() string { // the index follows
		f := vic.do("article.open", map[string]any{"article": made.Article.ID})
		ok, _ := f["ok"].(map[string]any)
		page, _ = ok["article"].(map[string]any)
		if page == nil {
			e, _ := json.Marshal(f)
			return string(e)
		}
		return ""
	})
	nodes, err := json.Marshal(page["nodes"])
	if err != nil {
		r.Fatal(err)
	}
	if page["title"] != script || strings.Contains(string(nodes), `"html"`) || strings.Contains(string(nodes), "onerror\":") {
		r.Errorf("the article is %v", page)
	}
}

// file uploads one and reads it back; false if it is not taken.
func (r *row) file(vic *client, cv, name, content string) bool {
	r.Helper()
	pass := vic.ok("pass", map[string]any{})["pass"].(string)
	do := func(method, path, body string) (int, http.Header, []byte) {
		req, err := http.NewRequestWithContext(r.Context(), method, r.url+path, strings.NewReader(body))
		if err != nil {
			r.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+pass)
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			r.Fatal(err)
		}
		defer func() { _ = res.Body.Close() }()
		b, err := io.ReadAll(res.Body)
		if err != nil {
			r.Fatal(err)
		}
		return res.StatusCode, res.Header, b
	}
	raw, err := json.Marshal(map[string]any{"conversation": cv, "name": name, "size": len(content)})
	if err != nil {
		r.Fatal(err)
	}
	status, _, b := do("POST", "/v1/files", string(raw))
	var made struct {
		File struct {
			ID   string `json:"id"`
			Name string `json:"name"`
		} `json:"file"`
	}
	if err := json.Unmarshal(b, &made); err != nil || status != http.StatusOK {
		if strings.Contains(string(b), "unsupported") || strings.Contains(string(b), `"invalid"`) {
			return false
		}
		r.Fatalf("%s: %d %s", name, status, b)
	}
	if status, _, b = do("PUT", "/v1/files/"+made.File.ID+"/0", content); status != http.StatusOK {
		if strings.Contains(string(b), "unsupported") {
			return false
		}
		r.Fatalf("%s: %d %s", name, status, b)
	}
	status, header, b := do("GET", "/v1/files/"+made.File.ID, "")
	if status != http.StatusOK || string(b) != content || !strings.HasPrefix(header.Get("Content-Disposition"), "attachment") ||
		header.Get("X-Content-Type-Options") != "nosniff" || !strings.Contains(header.Get("Content-Security-Policy"), "sandbox") ||
		strings.Contains(header.Get("Content-Type"), "html") || strings.Contains(header.Get("Content-Type"), "svg") {
		r.Errorf("%s is served as %d %v", name, status, header)
	}
	return true
}
