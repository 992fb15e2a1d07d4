package main

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/postern-chat/postern/gateway"
)

// What a visitor's browser sends, whatever it is, is answered or ends the connection with a code of PROTOCOL.md §6;
// nothing of it is an internal error, and the gateway goes on.
func FuzzSocket(f *testing.F) {
	url := fuzzGateway(f)
	for _, s := range socketSeeds(f) {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		ws, _, err := websocket.Dial(ctx, strings.Replace(url, "http", "ws", 1)+"/v1/socket", &websocket.DialOptions{HTTPHeader: http.Header{"Origin": {url}}})
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = ws.CloseNow() }()
		hello := `{"cmd":"hello","id":"h","args":{"as":"visitor","mailbox":"support","token":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA","topics":{}}}`
		for _, frame := range [][]byte{[]byte(hello), raw, []byte(`{"cmd":"pass","id":"the last"}`)} {
			if err := ws.Write(ctx, websocket.MessageText, frame); err != nil {
				break // closed: the code is read below
			}
		}
		for {
			_, got, err := ws.Read(ctx)
			if err != nil {
				var end websocket.CloseError
				if !errors.As(err, &end) || !slices.Contains([]websocket.StatusCode{1007, 1009, 4003, 4502, 4504}, end.Code) {
					t.Errorf("%q: the connection ended with %v", raw, err)
				}
				return
			}
			var reply struct {
				Re    string
				Error struct{ Code string }
			}
			if err := json.Unmarshal(got, &reply); err != nil || reply.Error.Code == "internal" {
				t.Errorf("%q: %s, %v", raw, got, err)
			}
			if reply.Re == "the last" {
				return
			}
		}
	})
}

// socketSeeds are all frames that the golden transcripts let a client send, and some that none sends.
func socketSeeds(f *testing.F) (seeds []string) {
	files, err := filepath.Glob(filepath.Join(golden, "*"))
	if err != nil || len(files) < 14 {
		f.Fatal(files, err)
	}
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		for line := range strings.Lines(string(b)) {
			var step struct{ Out map[string]any }
			if json.Unmarshal([]byte(strings.Trim(line, "\t\n,]")), &step) == nil && step.Out != nil {
				raw, _ := json.Marshal(step.Out)
				seeds = append(seeds, string(raw))
			}
		}
	}
	for _, cmd := range []string{
		"pass", "leave", "resume", "conversation.start", "conversation.close", "conversation.ticket", "conversation.rate", "message.send",
		"message.read", "guide.follow", "article.search", "article.open", "article.rate", "identify", "change.draft", "change.open",
		"change.finish", "change.deny", "transcript.link", "transcript.open", "transcript.read", "tickets.open", "tickets.list", "tickets.read", "conversation.assign", "availability.set",
	} {
		seeds = append(seeds, `{"cmd":"`+cmd+`","id":"1"}`, `{"cmd":"`+cmd+`","id":"1","args":{"conversation":"cv_1","topic":"cv_1","seq":1,"text":"x"}}`)
	}
	return append(seeds,
		`{"cmd":"conversation.start","id":"1","args":{"command_id":"c","client_id":"m","text":"x","ticket":true,"name":"n","email":"a@b.c"}}`,
		`{"cmd":"article.search","id":"1","args":{"q":"x","typing":true}}`,
		`{"cmd":"article.open","id":"1","args":{"article":"ar_1"}}`, `{"cmd":"identify","id":"1","args":{"token":"a.b.c"}}`,
		`{"sig":"typing","data":{"conversation":"cv_1","on":true}}`, `{"sig":"delivered","data":{"topic":"cv_1","seq":1}}`,
		`{"sig":"pong"}`, `{"cmd":"pass","sig":"pong","id":"1"}`, `{"cmd":"pass","id":7}`, "[]", "null", "\xff", "", `{"cmd":"pass","id":"\u0000"}`,
		`{"cmd":"leave","id":"1","args":{"topic":"\u0000"}}`, strings.Repeat("[", 10_000),
	)
}

// fuzzGateway is a gateway on SQLite with one mailbox and nobody in it.
func fuzzGateway(f *testing.F) (url string) {
	f.Helper()
	c, _, err := Load([]string{"--data", f.TempDir()}, nil, io.Discard)
	if err != nil {
		f.Fatal(err)
	}
	c.Limits.Commands = 1_000_000
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		f.Fatal(err)
	}
	c.PublicURL = "http://" + l.Addr().String()
	a, err := start(f.Context(), c, l, slog.New(slog.DiscardHandler), here())
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() {
		if err := a.Close(context.Background()); err != nil {
			f.Error(err)
		}
	})
	now := time.Now()
	box, err := gateway.NewID(gateway.PrefixMailbox, now, a.Service.Rand)
	if err != nil {
		f.Fatal(err)
	}
	if _, _, err := a.Service.Store.SaveMailbox(f.Context(), gateway.Mailbox{
		ID: box, Slug: "support", Name: "Support", Address: "support@shop.test", Zone: "UTC",
		Ring: 20 * time.Second, Missed: 2 * time.Minute, Origins: []string{"https://shop.test"},
	}, gateway.System(), now); err != nil {
		f.Fatal(err)
	}
	return c.PublicURL
}

// A configuration is read or refused with its mistakes; the same words in a variable mean the same.
func FuzzConfig(f *testing.F) {
	for _, s := range []string{
		Example(), "listen = 'x:1'", "[limits]\nconnections = -1\nmemory = 1\n", "[[host]]\nname = 'a'\n[[host]]\nname = 'a'\n", "[[source]]\nadapter = 'oidc'\n",
		"trusted_proxies = ['10.0.0.0/8', 'x']", "unknown = 1", "listen = 1", "[smtp]\nport = 'x'", "= ", "\x00", "a = [[[[[[[[[[", "listen = '''\n",
	} {
		f.Add(s)
	}
	path := filepath.Join(f.TempDir(), "postern.toml")
	f.Fuzz(func(t *testing.T, text string) {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		c, _, err := Load(nil, nil, io.Discard)
		if err != nil {
			t.Fatal(err)
		}
		if bad := c.readFile(path); len(bad) > 0 {
			return
		}
		// The files that it names are not read here: a fuzzer must not be led to a device.
		_ = checkPrefixes(c.TrustedProxies)
		_ = c.SMTP.mistakes()
		var again Config
		keys := scalars(reflect.ValueOf(&again).Elem(), "")
		for i, k := range scalars(reflect.ValueOf(&c).Elem(), "") {
			switch v := k.value.Interface().(type) {
			case string:
				if err := keys[i].set(v); err != nil || keys[i].value.String() != v {
					t.Errorf("%s: %q became %q, %v", k.name, v, keys[i].value, err)
				}
			case int:
				if err := keys[i].set(number(v)); err != nil || keys[i].value.Int() != int64(v) {
					t.Errorf("%s: %d became %v, %v", k.name, v, keys[i].value, err)
				}
			}
		}
	})
}
