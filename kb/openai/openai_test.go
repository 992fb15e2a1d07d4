package openai

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/postern-chat/postern/kb"
)

// serve runs a server that speaks the API and gives a client of it.
func serve(t *testing.T, h http.HandlerFunc) *Client {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	c, err := New(Config{BaseURL: s.URL + "/v1/", Key: "the-key", Chat: "chat", Embedding: "embed", Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func prompt() kb.Prompt {
	return kb.Prompt{
		Turns: []kb.Turn{{By: kb.BySystem, Text: "rules"}, {By: kb.ByUser, Text: "hello"}}, Most: 77,
		Tools: []kb.Tool{{Name: "search_kb", About: "finds", Schema: json.RawMessage(`{"type":"object"}`)}}, Schema: json.RawMessage(kb.AnswerSchema),
	}
}

func TestComplete(t *testing.T) {
	var got map[string]any
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer the-key" || r.URL.Path != "/v1/chat/completions" {
			t.Errorf("%s %v", r.URL, r.Header)
		}
		if err := json.NewDecoder(r.Body).Decode(&got); err != nil {
			t.Error(err)
		}
		_, _ = io.WriteString(w, `{"choices":[{"message":{"role":"assistant","content":"hi","tool_calls":[
{"id":"c1","type":"function","function":{"name":"search_kb","arguments":"{\"q\":1}"}}]}}],"usage":{"total_tokens":12}}`)
	})
	res, err := c.Complete(t.Context(), prompt())
	if err != nil || res.Text != "hi" || res.Tokens != 12 || len(res.Calls) != 1 || res.Calls[0] != (kb.ToolCall{ID: "c1", Name: "search_kb", Arguments: `{"q":1}`}) {
		t.Errorf("%+v, %v", res, err)
	}
	if got["model"] != "chat" || got["max_tokens"] != 77.0 || got["stream"] != false || len(got["messages"].([]any)) != 2 || len(got["tools"].([]any)) != 1 {
		t.Errorf("asked %v", got)
	}
	if f := got["response_format"].(map[string]any); f["type"] != "json_schema" {
		t.Errorf("form %v", f)
	}
}

// What goes wrong is an error that holds nothing of what the server wrote, and is tried again where that may help.
func TestCompleteFails(t *testing.T) {
	const secret = "the-key and the prompt"
	for _, c := range []struct {
		name   string
		status int
		body   string
		tries  int32
	}{
		{"busy", 429, `{"error":{"message":"` + secret + `"}}`, 2},
		{"broken", 500, secret, 2},
		{"refused", 401, `{"error":{"message":"` + secret + `"}}`, 1},
		{"not found", 404, secret, 1},
		{"a redirect", 307, secret, 1},
		{"no JSON", 200, secret, 1},
		{"no choice", 200, `{"choices":[]}`, 1},
		{"too large", 200, `{"choices":[{"message":{"content":"` + strings.Repeat("x", maxReply) + `"}}]}`, 1},
		{"too many wishes", 200, `{"choices":[{"message":{"tool_calls":[` + strings.Repeat(`{"id":"c"},`, maxCalls) + `{"id":"c"}]}}]}`, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			var tries, elsewhere atomic.Int32
			other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { elsewhere.Add(1) }))
			defer other.Close()
			client := serve(t, func(w http.ResponseWriter, _ *http.Request) {
				tries.Add(1)
				w.Header().Set("Location", other.URL)
				w.WriteHeader(c.status)
				_, _ = io.WriteString(w, c.body)
			})
			_, err := client.Complete(t.Context(), prompt())
			if err == nil || strings.Contains(err.Error(), "the-key") || strings.Contains(err.Error(), "prompt") {
				t.Errorf("%v", err)
			}
			if tries.Load() != c.tries || elsewhere.Load() != 0 {
				t.Errorf("%d tries, want %d; %d elsewhere", tries.Load(), c.tries, elsewhere.Load())
			}
		})
	}
}

func TestEmbed(t *testing.T) {
	for body, ok := range map[string]bool{
		`{"data":[{"index":1,"embedding":[0,1]},{"index":0,"embedding":[1,0]}],"usage":{"total_tokens":3}}`: true,
		`{"data":[{"index":0,"embedding":[1,0]}]}`:                                                          false,
		`{"data":[{"index":0,"embedding":[1,0]},{"index":0,"embedding":[1,0]}]}`:                            false,
		`{"data":[{"index":0,"embedding":[1,0]},{"index":1,"embedding":[1]}]}`:                              false,
		`{"data":[{"index":0,"embedding":[1,0]},{"index":7,"embedding":[1,0]}]}`:                            false,
		`{"data":[]}`: false,
	} {
		c := serve(t, func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/v1/embeddings" {
				t.Errorf("path %s", r.URL.Path)
			}
			_, _ = io.WriteString(w, body)
		})
		v, tokens, err := c.Embed(t.Context(), []string{"a", "b"})
		if (err == nil) != ok || ok && (v[0][0] != 1 || v[1][1] != 1 || tokens != 3) {
			t.Errorf("%s: %v %d %v", body, v, tokens, err)
		}
	}
}

// A caller who goes away ends the request at the server; an address that is not allowed is not dialled.
func TestEndsAndDials(t *testing.T) {
	arrived, gone := make(chan struct{}), make(chan struct{})
	c := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		close(arrived)
		<-r.Context().Done()
		close(gone)
	})
	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-arrived; cancel() }()
	if _, err := c.Complete(ctx, prompt()); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	<-gone

	asked := false
	s := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked = true }))
	defer s.Close()
	wall, err := New(Config{BaseURL: s.URL + "/v1", Chat: "chat"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := wall.Complete(t.Context(), prompt()); err == nil || asked {
		t.Errorf("%v, asked %v", err, asked)
	}
	for _, bad := range []string{"", "localhost:1", "ftp://x.test", "https://user:pass@x.test/v1", "https://x.test/v1?a=b"} {
		if _, err := New(Config{BaseURL: bad}); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
}
