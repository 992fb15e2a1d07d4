package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/postern-chat/postern/gateway"
	"github.com/postern-chat/postern/verify"
)

// rows counts every table of the gateway's database.
func (f *fixture) rows(t *testing.T) map[string]int {
	t.Helper()
	db := f.sql(t)
	list := `SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'`
	if f.engine == "PostgreSQL" {
		list = `SELECT tablename FROM pg_tables WHERE schemaname = 'public'`
	}
	names, err := db.Query(list)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = names.Close() }()
	out := map[string]int{}
	for names.Next() {
		var name string
		if err := names.Scan(&name); err != nil {
			t.Fatal(err)
		}
		out[name] = 0
	}
	for name := range out {
		n, from := 0, name
		if name == "jobs" {
			from += ` WHERE kind NOT IN ('reconcile', 'idle', 'count-help', 'alarms', 'inactive')` // they come by themselves
		}
		if err := db.QueryRow(`SELECT COUNT(*) FROM ` + from).Scan(&n); err != nil {
			t.Fatal(err)
		}
		out[name] = n
	}
	if len(out) < 25 {
		t.Fatalf("only %d tables", len(out))
	}
	return out
}

// stored asserts that nothing was stored since before, but for lines of these tables.
func (f *fixture) stored(t *testing.T, what string, before map[string]int, but ...string) {
	t.Helper()
	now := f.rows(t)
	for _, name := range but {
		delete(now, name)
		delete(before, name)
	}
	if !maps.Equal(now, before) {
		t.Errorf("%s: the tables have %v, had %v", what, now, before)
	}
}

// says sends a frame as it is and gives code and field of the refusal; the connection stays.
func (c *client) says(raw string) (code, field string) {
	c.t.Helper()
	if err := c.ws.Write(c.t.Context(), websocket.MessageText, []byte(raw)); err != nil {
		c.t.Fatal(err)
	}
	f := c.until("a refusal of "+raw[:min(80, len(raw))], func(f map[string]any) bool { return f["re"] == "bad" || f["re"] == "" })
	e, _ := f["error"].(map[string]any)
	code, _ = e["code"].(string)
	params, _ := e["params"].(map[string]any)
	field, _ = params["field"].(string)
	return code, field
}

// command is a frame with the id that says looks for.
func badCommand(cmd string, args map[string]any) string {
	raw, _ := json.Marshal(map[string]any{"cmd": cmd, "id": "bad", "args": args})
	return string(raw)
}

// Whatever is wrong with what comes in over a socket: a clear code, nothing stored, and the connection goes on where
// it can.
func TestBadFrames(t *testing.T) {
	for _, engine := range []string{"SQLite", "PostgreSQL"} {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			f := startFixture(t, engine, options{})
			r := newRow(t, f)
			r.given()
			k, other := r.talk("ag1"), r.talk("ag2")
			boss := r.as("su1")
			message := func(more map[string]any) string {
				args := map[string]any{"conversation": k.cv, "client_id": "bad", "text": "text"}
				maps.Copy(args, more)
				return badCommand("message.send", args)
			}
			k.vic.ok("message.send", map[string]any{"conversation": k.cv, "client_id": "said", "text": "said"})
			k.mia.ok("message.send", map[string]any{"conversation": k.cv, "client_id": "answered", "text": "answered"})
			k.mia.ok("note.send", map[string]any{"conversation": k.cv, "client_id": "noted", "text": "noted"})
			note := func(id, text string) string {
				return badCommand("note.send", map[string]any{"conversation": k.cv, "client_id": id, "text": text})
			}
			resume := func(topic string) string { return badCommand("resume", map[string]any{"topic": topic, "seq": 1 << 40}) }
			before := f.rows(t)
			for _, c := range []struct {
				name        string
				by          *client
				raw         string
				code, field string
			}{
				{"an unknown command", k.vic, badCommand("no.such", nil), "invalid", "cmd"},
				{"a command that nobody has", k.mia, badCommand("change.apply", map[string]any{"change": "ch_x"}), "invalid", "cmd"},
				{"no JSON", k.vic, "hello", "invalid", "json"},
				{"a list", k.vic, "[]", "invalid", "json"},
				{"two values", k.vic, badCommand("pass", nil) + "{}", "invalid", "json"},
				{"neither command nor signal", k.vic, `{"id":"bad"}`, "invalid", "cmd"},
				{"no id", k.vic, `{"cmd":"pass"}`, "invalid", "id"},
				{"an unknown field of the frame", k.vic, `{"cmd":"pass","id":"bad","admin":true}`, "invalid", "json"},
				{"an unknown field of the arguments", k.vic, message(map[string]any{"role": "agent"}), "invalid", "json"},
				{"a field of another type", k.vic, message(map[string]any{"text": 7}), "invalid", "json"},
				{"a message over the limit", k.vic, message(map[string]any{"text": strings.Repeat("x", gateway.MaxMessage+1)}), "too_large", "text"},
				{"an answer over the limit", k.mia, message(map[string]any{"text": strings.Repeat("é", gateway.MaxMessage/2+1)}), "too_large", "text"},
				{"a note over the limit", k.mia, badCommand("note.send", map[string]any{"conversation": k.cv, "client_id": "bad", "text": strings.Repeat("x", gateway.MaxMessage+1)}), "too_large", "text"},
				{"an empty message", k.vic, message(map[string]any{"text": " \n "}), "invalid", "text"},
				{"a NUL", k.vic, message(map[string]any{"text": "a\x00b"}), "invalid", "nul"},
				{"a control character", k.vic, message(map[string]any{"text": "a\x1bb"}), "invalid", "text"},
				{"a client id that is too long", k.vic, message(map[string]any{"client_id": strings.Repeat("x", 37)}), "invalid", "client_id"},
				{"a file that is not there", k.vic, message(map[string]any{"files": []string{"fi_none"}}), "not_found", ""},
				{"somebody else's conversation", k.vic, message(map[string]any{"conversation": other.cv}), "not_found", ""},
				{"a conversation that is not there", k.vic, message(map[string]any{"conversation": "cv_none"}), "not_found", ""},
				{"a second hello", k.vic, badCommand("hello", map[string]any{"as": "visitor", "mailbox": "support"}), "invalid", ""},
				{"an article that is not there", k.vic, badCommand("article.open", map[string]any{"article": "ar_none"}), "not_found", ""},
				{"read further than there is", k.vic, badCommand("message.read", map[string]any{"conversation": k.cv, "up_to": 1 << 40}), "invalid", "up_to"},
				{"a negative number", k.vic, badCommand("resume", map[string]any{"topic": k.cv, "seq": -1}), "invalid", "json"},
				{"a rating before the end", k.vic, badCommand("conversation.rate", map[string]any{"conversation": k.cv, "stars": 5}), "invalid", ""},
				{"an identity that is none", k.vic, badCommand("identify", map[string]any{"token": "a.b.c"}), "unauthenticated", ""},
				{"an identity that has expired", k.vic, badCommand("identify", map[string]any{"token": r.site.oldSession(t, "u-vic")}), "unauthenticated", ""},
				{"a finish token that is none", k.vic, badCommand("change.finish", map[string]any{"conversation": k.cv, "change": "ch_x", "finish": "x", "sig": ""}), "proof_expired", ""},
				{"an availability that is none", k.mia, badCommand("availability.set", map[string]any{"value": "asleep"}), "invalid", "value"},
				{"a colleague who is not there", k.mia, badCommand("conversation.assign", map[string]any{"conversation": k.cv, "agent": "ag_none"}), "not_found", ""},
				{"a mailbox that is not there", boss, badCommand("conversation.assign", map[string]any{"conversation": k.cv, "mailbox": "mb_none"}), "not_found", ""},
				{"a client id with another text", k.vic, message(map[string]any{"client_id": "said"}), "conflict", ""},
				{"an agent's client id with another text", k.mia, message(map[string]any{"client_id": "answered"}), "conflict", ""},
				{"a note's client id with another text", k.mia, note("noted", "other words"), "conflict", ""},
				{"somebody else's client id", k.mia, message(map[string]any{"client_id": "said", "text": "said"}), "conflict", ""},
				{"another visitor's topic, from the future", k.vic, resume(other.cv), "not_found", ""},
				{"the staff's side", k.vic, resume(k.cv + "/staff"), "not_found", ""},
				{"a topic that is not there", k.vic, resume("cv_none"), "not_found", ""},
				{"the topic of a mailbox", k.vic, resume(string(f.box.ID)), "not_found", ""},
				{"both at once", k.mia, badCommand("conversation.assign", map[string]any{"conversation": k.cv, "agent": "ag_x", "mailbox": "mb_x"}), "invalid", "agent"},
			} {
				if code, field := c.by.says(c.raw); code != c.code || field != c.field {
					t.Errorf("%s: %s %s, want %s %s", c.name, code, field, c.code, c.field)
				}
				f.stored(t, c.name, before)
			}
			r.closes(k, before)
			k.vic.ok("message.send", map[string]any{"conversation": k.cv, "client_id": "after", "text": "still here"})
			k.mia.until("the message after all that", func(f map[string]any) bool {
				data, _ := f["data"].(map[string]any)
				return f["ev"] == "message.created" && data["text"] == "still here"
			})
		})
	}
}

// closes sends what ends a connection; the same browser is let in again at once, and its conversation is as it was.
func (r *row) closes(k talk, before map[string]int) {
	r.Helper()
	for _, c := range []struct {
		name   string
		typ    websocket.MessageType
		raw    string
		hello  bool
		code   websocket.StatusCode
		reason string
	}{
		{"invalid UTF-8", websocket.MessageText, badCommand("message.send", map[string]any{"conversation": k.cv, "client_id": "bad", "text": "X"})[:60] + "\xff", true, 1007, "invalid"},
		{"over 64 KiB", websocket.MessageText, badCommand("message.send", map[string]any{"conversation": k.cv, "client_id": "bad", "text": strings.Repeat("x", 64<<10)}), true, 1009, "too_large"},
		{"binary", websocket.MessageBinary, badCommand("pass", nil), true, 4502, "protocol"},
		{"a version that there is not", websocket.MessageText, badCommand("hello", map[string]any{"as": "visitor", "versions": []int{2, 9}}), false, 4504, "version"},
		{"versions without end", websocket.MessageText, badCommand("hello", map[string]any{"as": "visitor", "versions": make([]int, 17)}), false, 4504, "version"},
		{"a command before hello", websocket.MessageText, badCommand("message.send", map[string]any{"conversation": k.cv, "client_id": "bad", "text": "x"}), false, 4502, "protocol"},
	} {
		ws := r.dial(nil)
		if c.hello {
			ws = r.visit(k.b)
		}
		if err := ws.ws.Write(r.Context(), c.typ, []byte(c.raw)); err != nil {
			r.Fatal(err)
		}
		var end websocket.CloseError
		for { // what was on its way comes first
			if _, _, err := ws.ws.Read(r.Context()); errors.As(err, &end) {
				break
			} else if err != nil {
				r.Fatalf("%s: ended without a word: %v", c.name, err)
			}
		}
		if end.Code != c.code || end.Reason != c.reason {
			r.Errorf("%s: closed with %d %s, want %d %s", c.name, end.Code, end.Reason, c.code, c.reason)
		}
		r.visit(k.b)
		r.stored(r.T, c.name, before)
	}
}

// oldSession is a session token of the right host that is over.
func (h *hostSite) oldSession(t *testing.T, sub string) string {
	t.Helper()
	now := h.now().Unix()
	return sign(t, h.sessions, "postern-session+jwt", map[string]any{
		"iss": h.audience, "aud": "support", "sub": sub, "iat": now - 400, "exp": now - 100, "jti": "old",
	})
}

// Who names a mailbox that is not there is told so and may try another on the same connection; a route says the same.
func TestUnknownMailbox(t *testing.T) {
	f := startFixture(t, "SQLite", options{})
	r := newRow(t, f)
	r.given()
	c, b := r.dial(nil), newBrowser(t)
	before := f.rows(t)
	args := b.greet(t, c.nonce, nil)
	for _, slug := range []string{"nope", "", "Support", "../support", strings.Repeat("x", 5000)} {
		args["mailbox"] = slug
		c.refused("not_found", "hello", args)
		f.stored(t, slug, before)
	}
	args["mailbox"] = "support"
	c.ok("hello", args)
	c.ok("conversation.start", map[string]any{"command_id": "s", "client_id": "m", "text": "here after all", "ticket": true})
	if status, _, answer := r.call("", "GET", "/v1/suggest?mailbox=nope", ""); status != http.StatusNotFound || !strings.Contains(string(answer), `"not_found"`) {
		t.Errorf("suggestions: %d %s", status, answer)
	}
}

// What is wrong with a request: a status and a code of the table, nothing stored.
func TestBadRequests(t *testing.T) {
	for _, engine := range []string{"SQLite", "PostgreSQL"} {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			f := startFixture(t, engine, options{})
			r := newRow(t, f)
			r.given()
			k := r.talk("ag1")
			before := f.rows(t)
			article := func(title string) string {
				return `{"title":"` + title + `","body":"x","locale":"en","visibility":"public"}`
			}
			for _, c := range []struct {
				name, who, method, path, body string
				status                        int
				code                          string
			}{
				{"no JSON", "ed1", "POST", "/v1/articles", "title=x", 400, "invalid"},
				{"an unknown field", "ed1", "POST", "/v1/articles", strings.Replace(article("x"), "{", `{"admin":true,`, 1), 400, "invalid"},
				{"invalid UTF-8", "ed1", "POST", "/v1/articles", article("a\xff"), 400, "invalid"},
				{"half a character", "ed1", "POST", "/v1/articles", article("a\xc3"), 400, "invalid"},
				{"a NUL", "ed1", "POST", "/v1/articles", article(`a\u0000`), 400, "invalid"},
				{"a title over the limit", "ed1", "POST", "/v1/articles", article(strings.Repeat("x", 201)), 413, "too_large"},
				{"a reply with an unknown field", "su1", "POST", "/v1/replies", `{"title":"x","text":"x","evil":1}`, 400, "invalid"},
				{"an address that is none", "ad1", "POST", "/v1/agents", `{"email":"nobody","name":"x","role":"agent","capacity":1}`, 400, "invalid"},
				{"a role that is none", "ad1", "POST", "/v1/agents", `{"email":"a@b.test","name":"x","role":"god","capacity":1}`, 400, "invalid"},
				{"an origin that is none", "ad1", "POST", "/v1/mailboxes", `{"slug":"x","name":"x","address":"a@b.test","zone":"UTC","ring_s":20,"missed_s":120,"origins":["http://evil.test"]}`, 400, "invalid"},
				{"a kind that is not there", "ad1", "PUT", "/v1/verification/kinds/none", `{"off":true}`, 404, "not_found"},
				{"a conversation that is not there", "ag1", "GET", "/v1/conversations/cv_none", "", 404, "not_found"},
				{"a route that is not there", "ag1", "GET", "/v1/none", "", 404, "not_found"},
				{"a password link that is none", "", "POST", "/v1/password", `{"token":"x","password":"long enough words"}`, 403, "forbidden"},
				{"an unknown source of login events", "", "POST", "/v1/events/none", "{}", 404, "not_found"},
				{"an upload into nothing", "ag1", "POST", "/v1/files", `{"conversation":"cv_none","name":"a","size":1}`, 404, "not_found"},
				{"an upload of nothing", "ag1", "POST", "/v1/files", `{"conversation":"` + k.cv + `","name":"a","size":0}`, 400, "invalid"},
				{"an upload over the limit", "ag1", "POST", "/v1/files", `{"conversation":"` + k.cv + `","name":"a","size":20971521}`, 413, "too_large"},
			} {
				status, h, b := r.call(c.who, c.method, c.path, c.body)
				var e struct{ Code string }
				if err := json.Unmarshal(b, &e); err != nil || status != c.status || e.Code != c.code || h.Get("X-Content-Type-Options") != "nosniff" {
					t.Errorf("%s: %d %s, %v; want %d %s", c.name, status, b, err, c.status, c.code)
				}
				f.stored(t, c.name, before)
			}
			status, h, b := r.announced("/v1/articles", 1<<20+1)
			if status != http.StatusRequestEntityTooLarge || !strings.Contains(string(b), `"too_large"`) || h.Get("X-Content-Type-Options") != "nosniff" {
				t.Errorf("over 1 MiB: %d %v %s", status, h, b)
			}
			f.stored(t, "over 1 MiB", before)
			forged := []byte(`{"type":"login.confirmed","handle":"x","chg":"y","sub":"u-vic","auth_time":1}`)
			status, answer := r.site.post(t, make(verify.Secret, 32), forged)
			r.answered(status, answer, http.StatusUnauthorized, "event.signature")
			// One line a minute says that it came, and the admin page's note of the source's last event.
			f.stored(t, "a forged login event", before, "log_leaves", "log_hashes", "burns", "settings")
		})
	}
}

// announced says that a body of n bytes will come, and reads the answer to that.
func (r *row) announced(path string, n int) (int, http.Header, []byte) {
	r.Helper()
	c, err := net.Dial("tcp", strings.TrimPrefix(strings.Replace(r.url, "localhost", "127.0.0.1", 1), "http://"))
	if err != nil {
		r.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	_ = c.SetDeadline(time.Now().Add(patience))
	fmt.Fprintf(c, "POST %s HTTP/1.1\r\nHost: x\r\nX-Postern: 1\r\nCookie: %s\r\nContent-Length: %d\r\n\r\n", path, r.staff["ed1"].cookie, n)
	res, err := http.ReadResponse(bufio.NewReader(c), nil)
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

// drift puts the gateway host's own clock so far off the true time.
func (c *testClock) drift(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.beside = d
}

// What has expired opens nothing: a visitor's pass, an agent's session, on routes and on a socket that was opened in
// time; and whoever was disabled or demoted meanwhile has no more on his open socket than on a new one.
func TestExpiredTokens(t *testing.T) {
	for _, engine := range []string{"SQLite", "PostgreSQL"} {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			f := startFixture(t, engine, options{})
			r := newRow(t, f)
			r.given()
			k := r.talk("ag1")
			pass := k.vic.ok("pass", map[string]any{})["pass"].(string)
			read := func() int {
				req, err := http.NewRequestWithContext(t.Context(), "GET", r.url+"/v1/conversations/"+k.cv+"/events", nil)
				if err != nil {
					t.Fatal(err)
				}
				req.Header.Set("Authorization", "Bearer "+pass)
				res, err := http.DefaultClient.Do(req)
				if err != nil {
					t.Fatal(err)
				}
				_ = res.Body.Close()
				return res.StatusCode
			}
			if status := read(); status != http.StatusOK {
				t.Fatalf("a fresh pass: %d", status)
			}
			f.clock.drift(61 * time.Second)
			if status := read(); status != http.StatusUnauthorized {
				t.Errorf("a pass of a minute ago: %d, want 401", status)
			}
			f.clock.drift(0)

			sends := func(c *client, id string) map[string]any {
				return c.do("message.send", map[string]any{"conversation": k.cv, "client_id": id, "text": "I may not"})
			}
			change := func(name string, do func(a *gateway.Agent)) {
				a, err := f.Service.Store.Agent(t.Context(), f.staff[name].ID)
				if err != nil {
					t.Fatal(err)
				}
				do(&a)
				if _, _, err := f.Service.Store.SaveAgent(t.Context(), a, gateway.System(), f.clock.now()); err != nil {
					t.Fatal(err)
				}
			}
			ag2, su1, sn1 := r.as("ag2"), r.as("su1"), r.as("sn1")
			for _, c := range []struct {
				name string
				c    *client
				end  func()
				code websocket.StatusCode
			}{
				{"demoted", su1, func() { change("su1", func(a *gateway.Agent) { a.Role = gateway.RoleAuditor }) }, 4002},
				{"disabled", ag2, func() { change("ag2", func(a *gateway.Agent) { a.DisabledAt = f.clock.now() }) }, 4500},
				{"a new password", sn1, func() {
					if err := f.Service.Store.SetPassword(t.Context(), f.staff["sn1"].ID, "argon2id$x", f.clock.now()); err != nil {
						t.Fatal(err)
					}
				}, 4500},
				{"over", k.mia, func() { f.clock.drift(49 * time.Hour) }, 4500},
			} {
				c.c.ok("availability.set", map[string]any{"value": "assign_only"})
				before := f.rows(t)
				c.end()
				if e, _ := sends(c.c, c.name)["error"].(map[string]any); e["code"] != "unauthenticated" {
					t.Errorf("%s: %v, want unauthenticated", c.name, e)
				}
				_, _, err := c.c.ws.Read(t.Context())
				for err == nil {
					_, _, err = c.c.ws.Read(t.Context())
				}
				if got := websocket.CloseStatus(err); got != c.code {
					t.Errorf("%s: closed with %v, want %d", c.name, err, c.code)
				}
				f.stored(t, c.name, before, "events", "topics", "sessions")
			}
			for name, want := range map[string]int{"ag1": 401, "ag2": 401, "sn1": 401, "ad1": 401} {
				if status, _, _ := r.call(name, "GET", "/v1/me", ""); status != want {
					t.Errorf("%s: %d, want %d", name, status, want)
				}
			}
			history, err := f.Service.Store.Events(t.Context(), k.cv, 0, 100)
			if err != nil || strings.Contains(fmt.Sprint(history), "I may not") {
				t.Errorf("history: %v, %v", history, err)
			}
			r.talks, r.clients = nil, nil
		})
	}
}
