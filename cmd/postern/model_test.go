package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/postern-chat/postern/kb"
)

// Whatever a model's server does, the visitor's search gives its suggestions and his question no error; a slow one is
// not waited for: it is still holding the request when the suggestions are there.
func TestModelDownKeepsSuggestions(t *testing.T) {
	b := newBrain(t)
	b.vector = func(string) []float32 { return []float32{1, 0} }
	f := startFixture(t, "SQLite", options{config: func(c *Config) { b.with(c); c.AI.EmbedModel = "embed" }})
	r := newRow(t, f)
	r.turn(true)
	article := r.explains("How long does delivery take", "Delivery takes 2 to 4 working days inside the country.")
	vic := r.visit(newBrowser(t))
	const question = "How long does delivery take?"
	free := make(chan struct{})
	defer close(free)
	held := make(chan string, 100)
	for name, down := range map[string]func(w http.ResponseWriter, r *http.Request){
		"broken": func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, "sk-of-the-model", http.StatusInternalServerError)
		},
		"busy": func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "{}", http.StatusTooManyRequests) },
		"wrong": func(w http.ResponseWriter, _ *http.Request) {
			_, _ = fmt.Fprint(w, `{"choices":[{"message":{"content":"no"}}]}`)
		},
		"empty": func(http.ResponseWriter, *http.Request) {},
		"gone": func(w http.ResponseWriter, _ *http.Request) {
			c, _, err := w.(http.Hijacker).Hijack()
			if err == nil {
				_ = c.Close()
			}
		},
		"slow": func(_ http.ResponseWriter, req *http.Request) {
			held <- req.URL.Path
			select {
			case <-free:
			case <-req.Context().Done():
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := &row{T: t, fixture: f, ip: r.ip, public: r.public}
			b.breaks(down)
			found := vic.ok("article.search", map[string]any{"q": question})
			list, _ := found["results"].([]any)
			if found["fits"] != true || len(list) == 0 || list[0].(map[string]any)["article"] != article {
				t.Errorf("found %v", found)
			}
			if name == "slow" {
				if path := <-held; path != "/v1/embeddings" {
					t.Errorf("held %s", path)
				}
				return // an answer is asked for beside the suggestions and may take its eight seconds
			}
			if said := r.answers(vic, question); len(said) != 0 {
				t.Errorf("answered %v", said)
			}
		})
	}
	if strings.Contains(f.log.String(), "sk-of-the-model") {
		t.Error("the log holds the key")
	}
}

// A checked answer reaches the visitor; budgets, the switch and a question that no article covers end it without a call.
func TestModelAnswers(t *testing.T) {
	for _, engine := range []string{"SQLite", "PostgreSQL"} {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			b := newBrain(t)
			f := startFixture(t, engine, options{config: func(c *Config) { b.with(c); c.AI.VisitorCalls = 2 }})
			r := newRow(t, f)
			const fact = "Delivery takes 2 to 4 working days inside the country."
			article := r.explains("How long does delivery take", fact)
			raw, err := json.Marshal(map[string]any{"sentences": []map[string]string{{"text": fact, "article": article, "quote": fact}}})
			if err != nil {
				t.Fatal(err)
			}
			b.set(func(asked) (string, []kb.ToolCall) { return string(raw), nil })
			vic := r.visit(newBrowser(t))
			const question = "How long does delivery take?"
			calls := func(want int) {
				t.Helper()
				if heard, _ := b.heard(); len(heard) != want {
					t.Errorf("the model was asked %d times, want %d", len(heard), want)
				}
			}
			asks := func(c *client, q string, want int) {
				t.Helper()
				if said := r.answers(c, q); len(said) != want || want > 0 && said[0] != (kb.Sentence{Text: fact, Article: article, Title: "How long does delivery take"}) {
					t.Errorf("%q: %v, want %d", q, said, want)
				}
			}
			if found := vic.ok("article.search", map[string]any{"q": question}); found["ask"] != nil {
				t.Errorf("off: %v", found)
			}
			asks(vic, question, 0) // off by default
			calls(0)
			r.turn(true)
			if found := vic.ok("article.search", map[string]any{"q": question}); found["ask"] != true {
				t.Errorf("on: %v", found)
			}
			asks(vic, question, 1)
			asks(vic, "Do you sell violins in Portugal?", 0)
			calls(1)
			asks(vic, question, 1)
			asks(vic, question, 0) // two calls a day
			calls(2)
			asks(r.visit(newBrowser(t)), question, 1) // somebody else's day
			for _, a := range heardOf(b) {
				if len(a.Tools) != 0 {
					t.Errorf("an answer has tools: %s", a.raw)
				}
			}
			r.archives(article)
			asks(r.visit(newBrowser(t)), question, 0)
			calls(3)
			r.showsUse()
		})
	}
}

func heardOf(b *brain) []asked {
	heard, _ := b.heard()
	return heard
}

// showsUse asserts what the admin's page reads: the switch, today's calls, and nothing of the key; others read nothing.
func (r *row) showsUse() {
	r.Helper()
	status, answer, raw := r.get("ad1", "/v1/assist")
	today, _ := answer["today"].(map[string]any)
	if status != http.StatusOK || today["calls"] != 3.0 || today["tokens"] != 300.0 || strings.Contains(string(raw), "sk-of") {
		r.Errorf("the admin reads %d %s", status, raw)
	}
	for name, want := range map[string]int{"ag1": 403, "su1": 403, "au1": 403, "": 401} {
		if status, _, b := r.call(name, "GET", "/v1/assist", ""); status != want {
			r.Errorf("%s: %d %s", name, status, b)
		}
		if status, _, b := r.call(name, "PUT", "/v1/assist/"+string(r.box.ID), `{"on":true}`); status != want {
			r.Errorf("%s switches: %d %s", name, status, b)
		}
	}
}

// Vectors are made once per text, kept by its hash, and weigh in the ranking of a settled question only.
func TestModelVectors(t *testing.T) {
	for _, engine := range []string{"SQLite", "PostgreSQL"} {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			b := newBrain(t)
			var asks atomic.Int64
			b.vector = func(text string) []float32 {
				if strings.Contains(text, "please") {
					asks.Add(1)
				}
				if strings.Contains(text, "letter") || strings.Contains(text, "please") {
					return []float32{0, 1}
				}
				return []float32{1, 0}
			}
			f := startFixture(t, engine, options{config: func(c *Config) { b.with(c); c.AI.EmbedModel, c.AI.ChatModel = "embed", "" }})
			r := newRow(t, f)
			r.explains("Delivery of a parcel", "A parcel takes two days.")
			letter := r.explains("Delivery of a letter", "A letter takes two days.")
			if err := f.Service.SyncVectors(t.Context()); err == nil {
				t.Error("vectors of articles are made although no mailbox is on")
			}
			r.turn(true)
			if err := f.Service.SyncVectors(t.Context()); err != nil {
				t.Fatal(err)
			}
			b.breaks(func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "", http.StatusInternalServerError) })
			if err := f.Service.SyncVectors(t.Context()); err != nil {
				t.Errorf("kept vectors need a server: %v", err)
			}
			b.set(nil)
			vic := r.visit(newBrowser(t))
			first := func(q string, typing bool) any {
				found := vic.ok("article.search", map[string]any{"q": q, "typing": typing})
				return found["results"].([]any)[0].(map[string]any)["article"]
			}
			if got := first("delivery please", false); got != letter {
				t.Errorf("%v is first, want %s", got, letter)
			}
			first("delivery please", true)
			if n := asks.Load(); n != 1 {
				t.Errorf("the question's vector was asked for %d times, want once: not while typing", n)
			}
			if heard := heardOf(b); len(heard) != 0 {
				t.Errorf("asked for completions: %v", heard)
			}
		})
	}
}
