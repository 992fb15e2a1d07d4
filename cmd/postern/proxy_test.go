package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/postern-chat/postern/gateway/gatewaytest/server"
)

const proxied = "chat.site.test"

// shortTimeout is what the sample's 75 s are here, so that a test can outlive them: an agent's socket is pinged every
// 5 s, and the test waits for three pings.
const shortTimeout = "12s"

// nginxSample is deploy/nginx.conf with this test's names in the places that an operator changes, and nothing else.
func nginxSample(t *testing.T, a *server.Authority, p *server.Proxy, upstreams []string) string {
	t.Helper()
	text := deployFile(t, "nginx.conf")
	for _, x := range [][2]string{
		{"listen 80;", "listen " + p.Plain + ";"},
		{"listen 443 ssl;", "listen " + p.TLS + " ssl;"},
		{"/etc/letsencrypt/live/chat.site.test/fullchain.pem", a.CertFile},
		{"/etc/letsencrypt/live/chat.site.test/privkey.pem", a.KeyFile},
		{"/var/log/nginx/postern.log", p.Dir + "/access.log"},
		{"server 127.0.0.1:8080;", "server " + strings.Join(upstreams, "; server ") + ";"},
		{"proxy_read_timeout 75s;", "proxy_read_timeout " + shortTimeout + ";"},
		{"proxy_send_timeout 75s;", "proxy_send_timeout " + shortTimeout + ";"},
	} {
		if strings.Count(text, x[0]) != 1 {
			t.Fatalf("deploy/nginx.conf has %q %d times, want once", x[0], strings.Count(text, x[0]))
		}
		text = strings.Replace(text, x[0], x[1], 1)
	}
	return text
}

// The proxy's patience is longer than the two and a half ping intervals after which the gateway itself gives up.
func TestProxyTimeoutsOutliveThePings(t *testing.T) {
	found := regexp.MustCompile(`proxy_(?:read|send)_timeout (\d+)s;`).FindAllStringSubmatch(deployFile(t, "nginx.conf"), -1)
	for _, m := range found {
		if n, _ := strconv.Atoi(m[1]); n <= 50 {
			t.Errorf("%s: the gateway waits 50 s for a visitor's pong", m[0])
		}
	}
	if len(found) != 2 {
		t.Errorf("%d timeouts, want two", len(found))
	}
}

// front is a gateway behind a real proxy, and how a browser reaches it.
type front struct {
	*node
	proxy *server.Proxy
	roots *x509.CertPool
}

// behind starts a gateway whose public address is the proxy's; beside it stands an upstream that is down.
func behind(t *testing.T, start func(upstreams []string) (*server.Proxy, *x509.CertPool)) *front {
	t.Helper()
	c := alone(t)
	c.PublicURL, c.TrustedProxies, c.Limits.ConnectionsPerAddress = "https://"+proxied, []string{"127.0.0.1/32"}, 3
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	a, err := Start(t.Context(), c, l, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := a.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	f := &front{node: &node{App: a, url: "http://" + l.Addr().String(), origin: c.PublicURL}}
	f.seed(t)
	f.proxy, f.roots = start([]string{freeAddress(t), l.Addr().String()})
	f.healthy(t)
	return f
}

// healthy waits until the proxy passes on.
func (f *front) healthy(t *testing.T) {
	t.Helper()
	end := time.Now().Add(time.Minute)
	for {
		res, err := f.from("127.0.0.1").Get("https://" + proxied + "/healthz")
		if err == nil {
			_ = res.Body.Close()
			if res.StatusCode == http.StatusOK {
				return
			}
		}
		if time.Now().After(end) {
			t.Fatalf("the proxy does not pass on: %v\n%s", err, f.proxy.Log())
		}
		<-time.After(20 * time.Millisecond)
	}
}

// from is a browser at an address of this machine.
func (f *front) from(address string) *http.Client {
	dialer := &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(address)}}
	return &http.Client{Timeout: time.Minute, Transport: &http.Transport{
		DisableKeepAlives: true, TLSClientConfig: &tls.Config{RootCAs: f.roots},
		DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
			if strings.HasSuffix(addr, ":80") {
				return dialer.DialContext(ctx, network, f.proxy.Plain)
			}
			return dialer.DialContext(ctx, network, f.proxy.TLS)
		},
	}, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// socket opens a websocket through the proxy; status is the refusal's, or 101.
func (f *front) socket(t *testing.T, address string, header http.Header) (*client, int) {
	t.Helper()
	if header == nil {
		header = http.Header{}
	}
	header.Set("Origin", f.origin)
	ws, res, err := websocket.Dial(t.Context(), "wss://"+proxied+"/v1/socket", &websocket.DialOptions{HTTPClient: f.from(address), HTTPHeader: header})
	if err != nil {
		if res == nil {
			t.Fatal(err)
		}
		return nil, res.StatusCode
	}
	ws.SetReadLimit(1 << 20)
	t.Cleanup(func() { _ = ws.CloseNow() })
	c := &client{t: t, ws: ws}
	welcome := c.until("welcome", func(f map[string]any) bool { return f["sig"] == "welcome" })
	c.nonce, _ = welcome["data"].(map[string]any)["nonce"].(string)
	return c, http.StatusSwitchingProtocols
}

// A visitor and an agent through a real nginx and a real Caddy, each run by our sample: TLS, websocket, upload, the
// visitor's own address, an idle socket, and a proxy that restarts.
func TestProxies(t *testing.T) {
	t.Run("nginx", func(t *testing.T) {
		t.Parallel()
		walkProxy(t, behind(t, func(upstreams []string) (*server.Proxy, *x509.CertPool) {
			a := server.NewAuthority(t, proxied)
			return server.NewNginx(t, func(p *server.Proxy) string { return nginxSample(t, a, p, upstreams) }), a.Roots
		}))
	})
	t.Run("Caddy", func(t *testing.T) {
		t.Parallel()
		walkProxy(t, behind(t, func(upstreams []string) (*server.Proxy, *x509.CertPool) {
			// The user interface, which readyz asks for, is not needed here and may not be built.
			text := strings.Replace(deployFile(t, "Caddyfile"), "health_uri /readyz", "health_uri /healthz", 1)
			p := server.NewCaddy(t, text, "POSTERN_DOMAIN="+proxied, "POSTERN_UPSTREAMS="+strings.Join(upstreams, " "))
			roots := x509.NewCertPool()
			pem, err := os.ReadFile(p.RootFile())
			if err != nil || !roots.AppendCertsFromPEM(pem) {
				t.Fatalf("Caddy's authority: %v", err)
			}
			return p, roots
		}))
	})
}

func walkProxy(t *testing.T, f *front) {
	res, err := f.from("127.0.0.1").Get("http://" + proxied + "/widget/loader.js")
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	if to := res.Header.Get("Location"); res.StatusCode/100 != 3 || to != "https://"+proxied+"/widget/loader.js" {
		t.Errorf("in the clear: %d to %q, want a redirect to https", res.StatusCode, to)
	}

	cookie, status := f.signIn(t, f.agents[0].Email, password)
	if cookie == nil {
		t.Fatalf("sign-in: %d", status)
	}
	mia, status := f.socket(t, "127.0.0.9", http.Header{"Cookie": {cookie.Name + "=" + cookie.Value}})
	if status != http.StatusSwitchingProtocols {
		t.Fatalf("the agent's socket: %d", status)
	}
	mia.ok("hello", map[string]any{"as": "agent", "topics": map[string]int{}})
	mia.ok("availability.set", map[string]any{"value": "available"})

	vic, _ := f.socket(t, "127.0.0.2", nil)
	b := newBrowser(t)
	b.hello(t, vic, nil)
	cv := vic.ok("conversation.start", map[string]any{"command_id": "s", "client_id": "m", "text": "Where is my parcel?"})["conversation"].(map[string]any)["id"].(string)
	mia.ok("conversation.claim", map[string]any{"conversation": cv})
	mia.ok("resume", map[string]any{"topic": cv, "seq": 0})
	vic.event("conversation.claimed", cv)
	f.upload(t, vic, mia, cv)
	f.ownAddress(t)
	sent := mia.ok("message.send", map[string]any{"conversation": cv, "client_id": "before", "text": "Let me look."})
	vic.have(sent["id"])
	idle(mia)
	alive := mia.ok("message.send", map[string]any{"conversation": cv, "client_id": "after idling", "text": "It is on its way."})

	f.proxy.Stop(t)
	seq := int(sent["seq"].(float64))
	missed := f.agent(t, 0).ok("message.send", map[string]any{"conversation": cv, "client_id": "meanwhile", "text": "It comes today."})
	f.proxy.Start(t)
	f.healthy(t)
	back, status := f.socket(t, "127.0.0.2", nil)
	if status != http.StatusSwitchingProtocols {
		t.Fatalf("after the proxy's restart: %d", status)
	}
	b.hello(t, back, map[string]int{cv: seq})
	back.have(alive["id"])
	back.have(missed["id"])
}

// upload sends a file of two parts, the first as large as a part may be, and both sides see it.
func (f *front) upload(t *testing.T, vic, mia *client, cv string) {
	t.Helper()
	data := bytes.Repeat([]byte("plain words "), (1<<20+5000)/12)
	call := func(method, path string, body []byte) []byte {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), method, "https://"+proxied+path, bytes.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+vic.ok("pass", map[string]any{})["pass"].(string))
		res, err := f.from("127.0.0.2").Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = res.Body.Close() }()
		out, err := io.ReadAll(res.Body)
		if err != nil || res.StatusCode != http.StatusOK {
			t.Fatalf("%s %s: %d %s %v\n%s", method, path, res.StatusCode, out, err, f.proxy.Log())
		}
		return out
	}
	begin, err := json.Marshal(map[string]any{"conversation": cv, "name": "list.txt", "size": len(data)})
	if err != nil {
		t.Fatal(err)
	}
	var file struct{ File struct{ ID string } }
	if err := json.Unmarshal(call("POST", "/v1/files", begin), &file); err != nil {
		t.Fatal(err)
	}
	call("PUT", "/v1/files/"+file.File.ID+"/0", data[:1<<20])
	call("PUT", "/v1/files/"+file.File.ID+"/1", data[1<<20:])
	sent := vic.ok("message.send", map[string]any{"conversation": cv, "client_id": "file", "text": "", "files": []string{file.File.ID}})
	mia.have(sent["id"])
	if got := call("GET", "/v1/files/"+file.File.ID, nil); !bytes.Equal(got, data) {
		t.Errorf("came back with %d bytes, want the %d that were sent", len(got), len(data))
	}
}

// ownAddress fills one address's places: the proxy says whose it is, and nobody can say another one himself.
func (f *front) ownAddress(t *testing.T) {
	t.Helper()
	for i := range 3 {
		if _, status := f.socket(t, "127.0.0.5", nil); status != http.StatusSwitchingProtocols {
			t.Fatalf("socket %d: %d", i, status)
		}
	}
	for name, header := range map[string]http.Header{
		"a fourth": nil, "with a forged address": {"X-Forwarded-For": {"127.0.0.77"}}, "with two": {"X-Forwarded-For": {"127.0.0.77, 127.0.0.1"}}, "in another header": {"X-Real-Ip": {"127.0.0.77"}, "Forwarded": {"for=127.0.0.77"}},
	} {
		if _, status := f.socket(t, "127.0.0.5", header); status != http.StatusTooManyRequests {
			t.Errorf("%s: %d, want 429", name, status)
		}
	}
	if _, status := f.socket(t, "127.0.0.6", nil); status != http.StatusSwitchingProtocols {
		t.Errorf("somebody else: %d", status)
	}
}

// idle does no more than answer pings, for longer than the proxy lets a silent connection live.
func idle(c *client) {
	c.t.Helper()
	for range 3 {
		c.until("a ping", func(f map[string]any) bool { return f["sig"] == "ping" })
		c.signal("pong", nil)
	}
}
