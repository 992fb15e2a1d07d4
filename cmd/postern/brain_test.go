package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/postern-chat/postern/kb"
	"github.com/postern-chat/postern/kb/markdown"
)

// brain is a server of a language model: real HTTP, the same API, and it says what a test tells it to say.
type brain struct {
	*httptest.Server
	mu     sync.Mutex
	says   func(asked) (text string, calls []kb.ToolCall)
	down   func(w http.ResponseWriter, r *http.Request) // answers instead; nil = it is up
	asked  []asked
	vector func(text string) []float32
	paths  []string
}

// asked is one request for a completion as it came.
type asked struct {
	raw      string
	Messages []struct{ Role, Content string }
	Tools    []struct{ Function struct{ Name string } }
}

// all is every word of the prompt.
func (a asked) all() string {
	var b strings.Builder
	for _, m := range a.Messages {
		b.WriteString(m.Content + "\n")
	}
	return b.String()
}

// canary is the line that must never come back.
func (a asked) canary() string {
	_, after, _ := strings.Cut(a.all(), "canary-")
	word, _, _ := strings.Cut(after, "\n")
	return "canary-" + word
}

// tools reports whether the model may ask for tools now.
func (a asked) tools() bool { return len(a.Tools) > 0 }

func newBrain(t *testing.T) *brain {
	t.Helper()
	b := &brain{}
	b.Server = httptest.NewServer(http.HandlerFunc(b.serve))
	t.Cleanup(b.Close)
	return b
}

// set changes what it says from now on.
func (b *brain) set(says func(asked) (string, []kb.ToolCall)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.says, b.down = says, nil
}

func (b *brain) breaks(down func(w http.ResponseWriter, r *http.Request)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.down = down
}

// heard gives the completions asked for so far, and the paths of all requests.
func (b *brain) heard() ([]asked, []string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]asked(nil), b.asked...), append([]string(nil), b.paths...)
}

func (b *brain) serve(w http.ResponseWriter, r *http.Request) {
	raw, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	a := asked{raw: string(raw)}
	b.mu.Lock()
	b.paths = append(b.paths, r.URL.Path)
	says, down, vector := b.says, b.down, b.vector
	if strings.HasSuffix(r.URL.Path, "/chat/completions") && json.Unmarshal(raw, &a) == nil {
		b.asked = append(b.asked, a)
	}
	b.mu.Unlock()
	switch {
	case down != nil:
		down(w, r)
	case strings.HasSuffix(r.URL.Path, "/embeddings"):
		embed(w, raw, vector)
	default:
		text, calls := says(a)
		complete(w, text, calls)
	}
}

func complete(w http.ResponseWriter, text string, calls []kb.ToolCall) {
	m := map[string]any{"role": "assistant", "content": text}
	var list []any
	for i, c := range calls {
		list = append(list, map[string]any{
			"id": fmt.Sprint("call", i), "type": "function", "function": map[string]any{"name": c.Name, "arguments": c.Arguments},
		})
	}
	if list != nil {
		m["tool_calls"] = list
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"choices": []any{map[string]any{"message": m}}, "usage": map[string]any{"total_tokens": 100}})
}

func embed(w http.ResponseWriter, raw []byte, vector func(string) []float32) {
	var in struct{ Input []string }
	_ = json.Unmarshal(raw, &in)
	var data []any
	for i, text := range in.Input {
		data = append(data, map[string]any{"index": i, "embedding": vector(text)})
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"data": data, "usage": map[string]any{"total_tokens": len(in.Input)}})
}

// with is the deploy file's part for this server.
func (b *brain) with(c *Config) {
	c.AI = AI{
		BaseURL: b.URL + "/v1", Key: "sk-of-the-model", ChatModel: "chat", Allow: []string{"127.0.0.1/32"}, LinkHosts: []string{"docs.shop.test"},
		VisitorCalls: 100_000, MailboxCalls: 100_000, DayCalls: 100_000, DayTokens: 1_000_000_000,
	}
}

// helped gives the row a gateway of its own with a model that is switched on.
func (r *row) helped() *brain {
	r.Helper()
	b := newBrain(r.T)
	r.alone(options{config: b.with})
	r.turn(true)
	return b
}

// turn switches the model's help in the fixture's mailbox.
func (r *row) turn(on bool) {
	r.Helper()
	status, _, body := r.call("ad1", "PUT", "/v1/assist/"+string(r.box.ID), fmt.Sprintf(`{"on":%v}`, on))
	if status != http.StatusOK {
		r.Fatalf("switch: %d %s", status, body)
	}
}

// explains publishes a text that searches find.
func (r *row) explains(title, text string) string {
	r.Helper()
	return r.publishes(kb.Version{Title: title, Body: text})
}

// publishes makes a public article of a version.
func (r *row) publishes(v kb.Version) string {
	r.Helper()
	ctx, now := r.Context(), r.clock.now()
	a := kb.Article{ID: string(id(r.T, "ar_")), Locale: "en", Visibility: kb.Public, Version: v}
	saved, err := r.store.articles.SaveVersion(ctx, a, now)
	if err != nil {
		r.Fatal(err)
	}
	if _, err := r.store.articles.Publish(ctx, a.ID, saved.Version.Number, "ed1", now); err != nil {
		r.Fatal(err)
	}
	r.syncs()
	return a.ID
}

// syncs lets searches know what was published.
func (r *row) syncs() {
	r.Helper()
	if err := r.Service.Index.Sync(r.Context(), r.store.articles, markdown.Plain); err != nil {
		r.Fatal(err)
	}
}

// drafts asks for a draft as one of the staff.
func (r *row) drafts(name string, k talk) (status int, text, change string, raw []byte) {
	r.Helper()
	var in struct{ Text, Change string }
	status, _, raw = r.call(name, "POST", "/v1/conversations/"+k.cv+"/draft", "")
	_ = json.Unmarshal(raw, &in)
	return status, in.Text, in.Change, raw
}

// note publishes an internal article, which no model may read.
func (r *row) note() string {
	r.Helper()
	a := kb.Article{ID: string(id(r.T, "ar_")), Locale: "en", Visibility: kb.Internal, Version: kb.Version{Title: "staffnote on delivery", Body: "staffnote: how long delivery takes, marzipan"}}
	saved, err := r.store.articles.SaveVersion(r.Context(), a, r.clock.now())
	if err != nil {
		r.Fatal(err)
	}
	if _, err := r.store.articles.Publish(r.Context(), a.ID, saved.Version.Number, "ed1", r.clock.now()); err != nil {
		r.Fatal(err)
	}
	r.syncs()
	return a.ID
}

// archives takes an article out and waits until searches know.
func (r *row) archives(id string) {
	r.Helper()
	if _, err := r.store.articles.Archive(r.Context(), id, "ed1", r.clock.now()); err != nil {
		r.Fatal(err)
	}
	r.syncs()
}

// asVisitor posts with the pass of a visitor's socket.
func (r *row) asVisitor(c *client, path string, body any) (int, []byte) {
	r.Helper()
	raw, err := json.Marshal(body)
	if err != nil {
		r.Fatal(err)
	}
	res, b := r.by(c, http.MethodPost, path, raw)
	return res.StatusCode, b
}
