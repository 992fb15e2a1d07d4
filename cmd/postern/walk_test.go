package main

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/postern-chat/postern/gateway"
	"github.com/postern-chat/postern/gateway/gatewaytest/server"
	"github.com/postern-chat/postern/gateway/token"
	"github.com/postern-chat/postern/verify"
)

// patience is how long a client waits for what must come.
const patience = 10 * time.Second

// node is a running gateway with one mailbox and two agents.
type node struct {
	*App
	url    string
	origin string // what browsers send; "" = url
	box    gateway.Mailbox
	agents []gateway.Agent
}

const password = "correct horse battery"

// hashed is the password's argon2id string, made once: it costs 64 MiB.
var hashed = sync.OnceValues(func() (string, error) { return token.HashPassword(password, rand.Reader) })

func startNode(t *testing.T, c Config) *node {
	t.Helper()
	n := openNode(t, c)
	n.seed(t)
	return n
}

// openNode starts a gateway on whatever its database holds.
func openNode(t *testing.T, c Config) *node {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c.PublicURL = fmt.Sprintf("http://localhost:%d", l.Addr().(*net.TCPAddr).Port)
	o := here()
	o.wrap = losing()
	a, err := start(t.Context(), c, l, slog.New(slog.NewTextHandler(io.Discard, nil)), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := a.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return &node{App: a, url: c.PublicURL}
}

// alone is the configuration of one node on SQLite.
func alone(t *testing.T) Config {
	t.Helper()
	c, _, err := Load([]string{"--data", t.TempDir(), noCeiling}, nil, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// noCeiling is for gateways that live in the process of all tests: its memory is not theirs.
const noCeiling = "--limits-memory=0"

// shared is the configuration of nodes on a real PostgreSQL and a real Redis.
func shared(t *testing.T) Config {
	t.Helper()
	dir := t.TempDir()
	for name, make := range map[string]func() ([]byte, error){"key.pem": newSigningKey, "secret": newSecret} {
		b, err := make()
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	c, _, err := Load([]string{
		"--data", dir, "--signing-key-file", filepath.Join(dir, "key.pem"), "--secret-file", filepath.Join(dir, "secret"), noCeiling,
	}, []string{"POSTERN_DATABASE_URL=" + server.NewDatabase(t), "POSTERN_REDIS_URL=" + server.NewRedis(t).URL}, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func id(t *testing.T, prefix string) gateway.ID {
	t.Helper()
	v, err := gateway.NewID(prefix, time.Now(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func (n *node) seed(t *testing.T) {
	t.Helper()
	ctx, now, by := t.Context(), time.Now(), gateway.System()
	var err error
	n.box, _, err = n.Service.Store.SaveMailbox(ctx, gateway.Mailbox{
		ID: id(t, gateway.PrefixMailbox), Slug: "support", Name: "Support", Address: "support@shop.test", Zone: "UTC",
		Ring: 20 * time.Second, Missed: 2 * time.Minute, Origins: []string{"https://shop.test"},
	}, by, now)
	if err != nil {
		t.Fatal(err)
	}
	var members []gateway.ID
	for _, name := range []string{"Mia", "Ben"} {
		a, _, err := n.Service.Store.SaveAgent(ctx, gateway.Agent{
			ID: id(t, gateway.PrefixAgent), Email: strings.ToLower(name) + "@shop.test", Name: name, Role: gateway.RoleAgent, Capacity: 3,
		}, by, now)
		if err != nil {
			t.Fatal(err)
		}
		phc, err := hashed()
		if err != nil {
			t.Fatal(err)
		}
		if err := n.Service.Store.SetPassword(ctx, a.ID, phc, now); err != nil {
			t.Fatal(err)
		}
		n.agents, members = append(n.agents, a), append(members, a.ID)
	}
	if _, err := n.Service.Store.SetMembers(ctx, n.box.ID, members, by, now); err != nil {
		t.Fatal(err)
	}
}

// client is one browser: a socket, and the frames that came.
type client struct {
	t      *testing.T
	ws     *websocket.Conn
	nonce  string
	next   int
	frames []map[string]any
}

func (n *node) dial(t *testing.T, header http.Header) *client {
	t.Helper()
	if header == nil {
		header = http.Header{}
	}
	header.Set("Origin", n.url)
	if n.origin != "" {
		header.Set("Origin", n.origin)
	}
	ws, _, err := websocket.Dial(t.Context(), strings.Replace(n.url, "http", "ws", 1)+"/v1/socket", &websocket.DialOptions{HTTPHeader: header})
	if err != nil {
		t.Fatal(err)
	}
	ws.SetReadLimit(1 << 20)
	t.Cleanup(func() { _ = ws.CloseNow() })
	c := &client{t: t, ws: ws}
	welcome := c.until("welcome", func(f map[string]any) bool { return f["sig"] == "welcome" })
	c.nonce, _ = welcome["data"].(map[string]any)["nonce"].(string)
	return c
}

// until reads frames until one fits; all that came stay in frames.
func (c *client) until(what string, fits func(map[string]any) bool) map[string]any {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(c.t.Context(), patience)
	defer cancel()
	for {
		_, raw, err := c.ws.Read(ctx)
		if err != nil {
			c.t.Fatalf("waiting for %s: %v\ncame: %v", what, err, c.frames)
		}
		f := map[string]any{}
		if err := json.Unmarshal(raw, &f); err != nil {
			c.t.Fatal(err)
		}
		c.frames = append(c.frames, split(f)...)
		for _, f := range split(f) {
			if fits(f) {
				return f
			}
		}
	}
}

// split gives a frame, and before it the event in whose place it stands.
func split(f map[string]any) []map[string]any {
	ok, _ := f["ok"].(map[string]any)
	if event, _ := ok["event"].(map[string]any); event != nil && f["re"] != nil {
		return []map[string]any{event, f}
	}
	return []map[string]any{f}
}

// do sends a command and gives its reply.
func (c *client) do(cmd string, args any) map[string]any {
	c.t.Helper()
	id := c.push(cmd, args)
	return c.until("the reply to "+cmd, func(f map[string]any) bool { return f["re"] == id })
}

// ok is do for what must succeed.
func (c *client) ok(cmd string, args any) map[string]any {
	c.t.Helper()
	f := c.do(cmd, args)
	if f["error"] != nil {
		c.t.Fatalf("%s: %v", cmd, f["error"])
	}
	return f["ok"].(map[string]any)
}

// refused is do for what must fail with a code.
func (c *client) refused(code, cmd string, args any) {
	c.t.Helper()
	f := c.do(cmd, args)
	e, _ := f["error"].(map[string]any)
	if e["code"] != code {
		c.t.Errorf("%s: %v, want %s", cmd, f, code)
	}
}

// event waits for an event that may have come already.
func (c *client) event(kind, topic string) map[string]any {
	c.t.Helper()
	fits := func(f map[string]any) bool { return f["ev"] == kind && (topic == "" || f["topic"] == topic) }
	for _, f := range c.frames {
		if fits(f) {
			return f
		}
	}
	return c.until(kind, fits)
}

// browser is a visitor's token and key.
type browser struct {
	token string
	key   *ecdsa.PrivateKey
}

func newBrowser(t *testing.T) browser {
	t.Helper()
	tok, err := token.New(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return browser{tok, key}
}

func (b browser) hello(t *testing.T, c *client, topics map[string]int) map[string]any {
	t.Helper()
	return c.do("hello", b.greet(t, c.nonce, topics))
}

// greet is what the browser says in hello to a nonce.
func (b browser) greet(t *testing.T, nonce string, topics map[string]int) map[string]any {
	t.Helper()
	jwk, err := verify.NewJWK(&b.key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(verify.HelloMessage(nonce, b.token))
	r, s, err := ecdsa.Sign(rand.Reader, b.key, sum[:])
	if err != nil {
		t.Fatal(err)
	}
	sig := make([]byte, 64)
	r.FillBytes(sig[:32])
	s.FillBytes(sig[32:])
	return map[string]any{
		"as": "visitor", "mailbox": "support", "token": b.token, "key": jwk, "sig": base64.RawURLEncoding.EncodeToString(sig), "topics": topics,
	}
}

// signIn gives an agent's cookie.
func (n *node) signIn(t *testing.T, email, pass string) (*http.Cookie, int) {
	t.Helper()
	body, _ := json.Marshal(map[string]string{"email": email, "password": pass})
	req, err := http.NewRequestWithContext(t.Context(), "POST", n.url+"/v1/login", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("X-Postern", "1")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	for _, c := range res.Cookies() {
		if c.Name == "__Host-postern-agent" && c.Secure && c.HttpOnly && c.SameSite == http.SameSiteStrictMode {
			return c, res.StatusCode
		}
	}
	return nil, res.StatusCode
}

func (n *node) agent(t *testing.T, i int) *client {
	t.Helper()
	cookie, status := n.signIn(t, n.agents[i].Email, password)
	if cookie == nil {
		t.Fatalf("sign-in: %d", status)
	}
	c := n.dial(t, http.Header{"Cookie": {cookie.Name + "=" + cookie.Value}})
	c.ok("hello", map[string]any{"as": "agent", "topics": map[string]int{}})
	return c
}

// A visitor is told that nobody is there; an agent becomes available, is offered the chat and accepts; both
// read each other in order; the same message sent again is one message; the chat ends for both.
func TestWalkChat(t *testing.T) {
	t.Run("SQLite, one node", func(t *testing.T) {
		n := startNode(t, alone(t))
		walkChat(t, n, n)
	})
	t.Run("PostgreSQL and Redis, two nodes", func(t *testing.T) {
		c := shared(t)
		one := startNode(t, c)
		two := openNode(t, c)
		two.box, two.agents = one.box, one.agents
		walkChat(t, one, two)
	})
}

// walkChat is the walk with the visitor on one node and the agents on another.
func walkChat(t *testing.T, n, staff *node) {
	vic := n.dial(t, nil)
	b := newBrowser(t)
	if f := b.hello(t, vic, nil); f["error"] != nil {
		t.Fatal(f)
	}
	start := map[string]any{"command_id": "s1", "client_id": "m1", "text": "Where is my <b>parcel</b>?"}
	vic.refused("nobody_available", "conversation.start", start)

	mia := staff.agent(t, 0)
	mia.ok("availability.set", map[string]any{"value": "available"})
	cv := vic.ok("conversation.start", start)["conversation"].(map[string]any)["id"].(string)
	mia.event("conversation.offered", string(n.agents[0].ID))
	mia.ok("conversation.claim", map[string]any{"conversation": cv})
	mia.ok("resume", map[string]any{"topic": cv, "seq": 0})
	vic.event("conversation.claimed", cv)

	ben := staff.agent(t, 1)
	ben.refused("already_claimed", "conversation.claim", map[string]any{"conversation": cv})
	ben.refused("not_assignee", "message.send", map[string]any{"conversation": cv, "client_id": "x", "text": "me too"})

	first := mia.ok("message.send", map[string]any{"conversation": cv, "client_id": "a1", "text": "It is on its way."})
	again := mia.ok("message.send", map[string]any{"conversation": cv, "client_id": "a1", "text": "It is on its way."})
	if first["seq"] != again["seq"] || first["id"] != again["id"] {
		t.Errorf("the same message twice: %v and %v", first, again)
	}
	vic.until("the answer", func(f map[string]any) bool { return f["ev"] == "message.created" && f["id"] == first["id"] })
	mia.ok("note.send", map[string]any{"conversation": cv, "client_id": "n1", "text": "secret note"})
	vic.ok("message.send", map[string]any{"conversation": cv, "client_id": "m2", "text": "Thanks"})
	vic.ok("conversation.close", map[string]any{"conversation": cv})
	mia.event("conversation.closed", cv)
	vic.ok("conversation.rate", map[string]any{"conversation": cv, "stars": 5, "text": "fast"})
	for _, f := range vic.frames {
		if raw, _ := json.Marshal(f); bytes.Contains(raw, []byte("secret note")) {
			t.Errorf("a note reached the visitor: %s", raw)
		}
	}
	gapless(t, vic, cv)

	back := n.dial(t, nil) // the same browser comes back without a memory: it reads the same history
	b.hello(t, back, map[string]int{cv: 0})
	back.event("conversation.rated", cv)
	gapless(t, back, cv)
}

// gapless fails unless the topic's events came as 1, 2, 3 ….
func gapless(t *testing.T, c *client, topic string) {
	t.Helper()
	want := 1.0
	for _, f := range c.frames {
		if f["ev"] != nil && f["topic"] == topic {
			if f["seq"] != want {
				t.Fatalf("seq %v, want %v", f["seq"], want)
			}
			want++
		}
	}
}

// A token copied from elsewhere opens nothing without its key: abuse row D06.
func TestWalkForeignKey(t *testing.T) {
	n := startNode(t, alone(t))
	b := newBrowser(t)
	if f := b.hello(t, n.dial(t, nil), nil); f["error"] != nil {
		t.Fatal(f)
	}
	thief := newBrowser(t)
	thief.token = b.token
	f := thief.hello(t, n.dial(t, nil), nil)
	if e, _ := f["error"].(map[string]any); e["code"] != "unauthenticated" || e["reason"] != "key.required" {
		t.Errorf("hello with another key: %v", f)
	}
	bare := n.dial(t, nil).do("hello", map[string]any{"as": "visitor", "mailbox": "support", "token": b.token})
	if e, _ := bare["error"].(map[string]any); e["reason"] != "key.required" {
		t.Errorf("hello without a key: %v", bare)
	}
	if _, status := n.signIn(t, "mia@shop.test", "wrong password here"); status != http.StatusUnauthorized {
		t.Errorf("wrong password: %d", status)
	}
}
