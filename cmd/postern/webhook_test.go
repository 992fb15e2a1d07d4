package main

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/postern-chat/postern/gateway"
	"github.com/postern-chat/postern/verify"
)

// hookEnd takes webhooks of two endpoints and refuses those that are not signed.
type hookEnd struct {
	*httptest.Server
	mu   sync.Mutex
	got  []hookGot
	down bool
}

type hookGot struct {
	path, id string
	body     map[string]any
	text     string
}

func newHookEnd(t *testing.T) *hookEnd {
	t.Helper()
	r := &hookEnd{}
	secret, err := verify.ParseSecret(secretLine)
	if err != nil {
		t.Fatal(err)
	}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		text, _ := io.ReadAll(req.Body)
		id, err := verify.CheckHook(req.Header, []verify.Secret{secret}, time.Now(), text)
		g := hookGot{path: req.URL.Path, id: id, text: string(text)}
		if err != nil || json.Unmarshal(text, &g.body) != nil {
			t.Errorf("not signed, or no JSON: %v, %s", err, text)
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		r.got = append(r.got, g)
		if r.down {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}))
	t.Cleanup(r.Close)
	return r
}

func (r *hookEnd) setDown(down bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.down = down
}

// all gives what came to an endpoint of one kind of event about a conversation.
func (r *hookEnd) all(path, kind string, cv gateway.ID) (out []hookGot) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, g := range r.got {
		if c, _ := g.body["conversation"].(map[string]any); g.path == path && g.body["type"] == kind && c["id"] == string(cv) {
			out = append(out, g)
		}
	}
	return out
}

// one waits for the first of them, and gives its data.
func (r *hookEnd) one(t *testing.T, path, kind string, cv gateway.ID) (hookGot, map[string]any) {
	t.Helper()
	waitFor(t, kind+" at "+path, func() bool { return len(r.all(path, kind, cv)) > 0 })
	g := r.all(path, kind, cv)[0]
	return g, g.body["data"].(map[string]any)
}

// told adds the hookEnd's endpoints to a configuration.
func (r *hookEnd) told(t *testing.T, c Config) Config {
	t.Helper()
	secrets := filepath.Join(c.Data, "hooks.secrets")
	if err := os.MkdirAll(c.Data, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(secrets, []byte(secretLine), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, w := range []WebhookConfig{
		{Name: "crm"},
		{Name: "ratings", Events: []string{"conversation.rated"}},
		{Name: "others", Mailboxes: []string{"elsewhere"}},
	} {
		w.URL, w.SecretsFile, w.Allow = r.URL+"/"+w.Name, secrets, []string{"127.0.0.0/8"}
		c.Webhooks = append(c.Webhooks, w)
	}
	if bad := c.Validate(); len(bad) > 0 {
		t.Fatal(bad)
	}
	return c
}

// Escalations with their report, missed chats, tickets and ratings reach the endpoints that want them, each once and
// signed, and nothing else that was said does. What is not taken is tried again, listed, and replayed by an admin.
func TestWebhooks(t *testing.T) {
	r := newHookEnd(t)
	t.Run("SQLite, one node", func(t *testing.T) {
		n := startNode(t, r.told(t, alone(t)))
		webhooks(t, r, n, n)
	})
	t.Run("PostgreSQL, two nodes", func(t *testing.T) {
		c := r.told(t, shared(t))
		a := startNode(t, c)
		b := openNode(t, c)
		b.box, b.agents = a.box, a.agents
		webhooks(t, r, a, b)
	})
}

func webhooks(t *testing.T, r *hookEnd, a, b *node) {
	mia, admin := a.agent(t, 0), b.desk(t, "ada", gateway.RoleAdmin)
	mia.ok("availability.set", map[string]any{"value": "available"})
	cv := a.since(t, 70*time.Minute, "Nothing loads")
	_, data := r.one(t, "/crm", "conversation.escalated", cv)
	report := data["report"].(map[string]any)
	if data["level"] != 1.0 || report["issue"] != "Nothing loads" || report["customer"] != "Vic" || report["urgency"] != 1.0 {
		t.Errorf("escalated: %v", data)
	}
	g, data := r.one(t, "/crm", "ticket.opened", cv)
	told, box := g.body["conversation"].(map[string]any), g.body["mailbox"].(map[string]any)
	if data["number"] != told["number"] || told["channel"] != "email" || box["slug"] != "support" || g.body["id"] != g.id {
		t.Errorf("a ticket: %s", g.text)
	}

	vic := a.visitor(t)
	start := func(words string) gateway.ID {
		t.Helper()
		return gateway.ID(vic.ok("conversation.start", map[string]any{
			"command_id": string(id(t, "")), "client_id": string(id(t, "")), "text": words,
		})["conversation"].(map[string]any)["id"].(string))
	}
	left := start("Is anybody there?")
	vic.ok("conversation.close", map[string]any{"conversation": left})
	if _, data := r.one(t, "/crm", "conversation.missed", left); data["why"] != "left" {
		t.Errorf("missed: %v", data)
	}

	talk := start("My order is late")
	mia.ok("message.send", map[string]any{"conversation": talk, "client_id": "a1", "text": "It leaves tomorrow."})
	vic.ok("conversation.close", map[string]any{"conversation": talk})
	r.setDown(true)
	vic.ok("conversation.rate", map[string]any{"conversation": talk, "stars": 5, "text": "Quick and kind"})
	first, data := r.one(t, "/ratings", "conversation.rated", talk)
	r.one(t, "/crm", "conversation.rated", talk)
	if data["stars"] != 5.0 || data["text"] != "Quick and kind" {
		t.Errorf("rated: %v", data)
	}
	row := func(to string) map[string]any {
		t.Helper()
		for _, raw := range admin.ok("GET", "/v1/webhooks", nil)["log"].([]any) {
			if l := raw.(map[string]any); l["to"] == to && l["event"] == first.id {
				return l
			}
		}
		t.Fatal("no delivery of ", first.id, " to ", to)
		return nil
	}
	waitFor(t, "the failed try in the log", func() bool { return row("ratings")["due"].(float64) > float64(time.Now().UnixMilli()) })
	if l := row("ratings"); l["state"] != "waiting" || l["status"] != 503.0 || l["tries"] != 1.0 || l["kind"] != "conversation.rated" || l["conversation"] != string(talk) {
		t.Errorf("refused: %v", l)
	}
	r.setDown(false)
	boss := b.desk(t, "sol", gateway.RoleSupervisor)
	boss.refused("forbidden", "GET", "/v1/webhooks", nil)
	boss.refused("forbidden", "POST", "/v1/webhooks/ratings/replay", map[string]any{"event": first.id})
	admin.refused("not_found", "POST", "/v1/webhooks/ratings/replay", map[string]any{"event": "ev_none"})
	admin.refused("not_found", "POST", "/v1/webhooks/none/replay", map[string]any{"event": first.id})
	admin.ok("POST", "/v1/webhooks/ratings/replay", map[string]any{"event": first.id})
	waitFor(t, "the replay", func() bool { return row("ratings")["state"] == "sent" })
	if all := r.all("/ratings", "conversation.rated", talk); len(all) != 2 || all[1].id != first.id || all[1].text != first.text {
		t.Errorf("replayed: %v", all)
	}
	admin.onlyTold(r, cv, left, talk)
}

// onlyTold checks that each delivery came once, but for the two of the rating that failed first, and what none may hold.
func (d desk) onlyTold(r *hookEnd, cvs ...gateway.ID) {
	d.t.Helper()
	seen := d.ok("GET", "/v1/webhooks", nil)
	if text, err := json.Marshal(seen); err != nil || strings.Contains(string(text), "whsec_") || strings.Contains(string(text), r.URL) {
		d.t.Errorf("secrets or addresses are shown: %s", text)
	}
	if all := seen["endpoints"].([]any); len(all) != 3 || all[1].(map[string]any)["name"] != "ratings" {
		d.t.Errorf("endpoints: %v", all)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	count := map[string]int{}
	for _, g := range r.got {
		c, _ := g.body["conversation"].(map[string]any)
		cv, _ := c["id"].(string)
		if !slices.Contains(cvs, gateway.ID(cv)) {
			continue
		}
		count[g.path+" "+g.id]++
		if g.path == "/others" || g.path == "/ratings" && g.body["type"] != "conversation.rated" {
			d.t.Errorf("%s reads %s", g.path, g.text)
		}
		if strings.Contains(g.text, "It leaves tomorrow") || strings.HasPrefix(g.body["type"].(string), "message.") {
			d.t.Errorf("a message leaves: %s", g.text)
		}
	}
	for what, n := range count {
		if n > 1 && !strings.HasPrefix(what, "/ratings ") {
			d.t.Errorf("%s came %d times", what, n)
		}
	}
}

// What an entry of the deploy file may say.
func TestWebhookEntries(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "crm.secrets")
	if err := os.WriteFile(file, []byte(secretLine), 0o600); err != nil {
		t.Fatal(err)
	}
	good := WebhookConfig{Name: "crm", URL: "https://crm.test/in", SecretsFile: file, Events: []string{"conversation.escalated"}, Allow: []string{"10.0.0.0/8"}}
	for _, c := range []struct {
		name string
		turn func(w *WebhookConfig)
		want string
	}{
		{"good", func(*WebhookConfig) {}, ""},
		{"plain on loopback", func(w *WebhookConfig) { w.URL = "http://127.0.0.1:9/in" }, ""},
		{"no name", func(w *WebhookConfig) { w.Name = "" }, "name"},
		{"plain elsewhere", func(w *WebhookConfig) { w.URL = "http://crm.test/in" }, "url"},
		{"with a password", func(w *WebhookConfig) { w.URL = "https://a:b@crm.test/in" }, "url"},
		{"no secret", func(w *WebhookConfig) { w.SecretsFile = filepath.Join(dir, "none") }, "secrets_file"},
		{"messages", func(w *WebhookConfig) { w.Events = []string{"message.created"} }, "events"},
		{"nonsense", func(w *WebhookConfig) { w.Allow = []string{"everything"} }, "allow"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := good
			c.turn(&w)
			bad := strings.Join(Config{Webhooks: []WebhookConfig{w}}.webhookMistakes(), "; ")
			if (bad == "") != (c.want == "") || !strings.Contains(bad, c.want) {
				t.Errorf("%q, want %q", bad, c.want)
			}
		})
	}
	if bad := (Config{Webhooks: []WebhookConfig{good, good}}).webhookMistakes(); len(bad) != 1 {
		t.Errorf("two of one name: %v", bad)
	}
}
