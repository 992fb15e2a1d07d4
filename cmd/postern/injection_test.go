package main

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"maps"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/postern-chat/postern/gateway"
	"github.com/postern-chat/postern/kb"
	"github.com/postern-chat/postern/verify"
)

// injection is one text of an attacker, and what a model that obeys it says and calls. In is where it stands: in an
// article, its title, the visitor's message or one before it, or an agent's message.
type injection struct {
	ID, In, Text, Draft, Answer string
	Calls                       [][2]string
	AnswerCalls                 [][2]string `json:"answer_calls"` // although an answer has no tools
	Never                       []string
}

func readInjections(t *testing.T) (out []injection) {
	t.Helper()
	b, err := os.ReadFile("testdata/injections.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	for s := bufio.NewScanner(bytes.NewReader(b)); s.Scan(); {
		var i injection
		if err := json.Unmarshal(s.Bytes(), &i); err != nil {
			t.Fatal(err)
		}
		out = append(out, i)
	}
	if len(out) < 100 {
		t.Fatalf("only %d injections", len(out))
	}
	return out
}

// answered reports whether the text reaches the model when it answers: it gets the question and articles, no conversation.
func (i injection) answered() bool { return i.In == "article" || i.In == "title" || i.In == "message" }

// obey is the model that does what the text says, as soon as the text has reached it.
func (i injection) obey(internal string) func(asked) (string, []kb.ToolCall) {
	return func(a asked) (string, []kb.ToolCall) {
		if !strings.Contains(a.all(), i.ID) {
			return "the text did not arrive", nil
		}
		fill := i.filler(a, internal)
		called := func(list [][2]string) (calls []kb.ToolCall) {
			for _, c := range list {
				calls = append(calls, kb.ToolCall{Name: c[0], Arguments: fill.Replace(c[1])})
			}
			return calls
		}
		switch {
		case a.answers():
			return fill.Replace(i.Answer), called(i.AnswerCalls)
		case a.tools() && !strings.Contains(a.raw, `"role":"tool"`) && len(i.Calls) > 0:
			return "", called(i.Calls)
		}
		return fill.Replace(i.Draft), nil
	}
}

// answers reports whether the request is for a visitor's answer, not for an agent's draft.
func (a asked) answers() bool { return strings.Contains(a.raw, "json_schema") }

var cited = regexp.MustCompile(`<article id="(\w+)">[^\n]*\n([^<]*)`)

// filler puts what the model has read into what it says.
func (i injection) filler(a asked, internal string) *strings.Replacer {
	article, quote := "", ""
	if m := cited.FindStringSubmatch(a.all()); m != nil {
		article, quote = m[1], strings.TrimSpace(strings.SplitN(m[2], "\n", 2)[0])
	}
	prompt, _ := json.Marshal(a.all())
	letters := strings.Split(a.canary(), "")
	return strings.NewReplacer("{article}", article, "{quote}", quote, "{internal}", internal, "{prompt}", strings.Trim(string(prompt), `"`),
		"{article cyrillic}", strings.Replace(article, "a", "\u0430", 1), "{long}", strings.Repeat("Delivery takes working days ", 2000),
		"{canary spaced}", strings.Join(letters, " "), "{canary lines}", strings.Join(letters, "\n"),
		"{CANARY}", strings.ToUpper(a.canary()), "{canary}", a.canary())
}

// Of every text that the suite of injections makes a model say, nothing unsafe is shown: no foreign address, no secret,
// no line of the rules, nothing that the article does not say, no move of a change but a draft without a subject. What an
// answer cites was retrieved and is published (K12).
func TestInjections(t *testing.T) {
	b := newBrain(t)
	f := startFixture(t, "SQLite", options{config: b.with})
	r := newRow(t, f)
	r.given()
	r.turn(true)
	t.Run("none", func(t *testing.T) { newRow(t, f).honestModel(b) })
	for _, i := range readInjections(t) {
		t.Run(i.ID, func(t *testing.T) {
			r := newRow(t, f)
			r.given()
			r.inject(b, i)
			r.untouched()
		})
	}
	f.audit(t)
}

const deliveryTitle, deliveryText = "How long does delivery take", "Delivery takes 2 to 4 working days inside the country."

// honestModel shows that the same articles and questions have an answer: what the suite finds missing was refused.
func (r *row) honestModel(b *brain) {
	r.given()
	id := r.explains(deliveryTitle, deliveryText)
	defer r.archives(id)
	i := injection{ID: deliveryTitle, Draft: "It takes 2 to 4 working days.", Answer: `{"sentences":[{"text":"{quote}","article":"{article}","quote":"{quote}"}]}`}
	b.set(i.obey(""))
	k := r.talkIn(newBrowser(r.T), "ag1", deliveryTitle+"?")
	if status, text, _, raw := r.drafts("ag1", k); status != http.StatusOK || text != i.Draft {
		r.Errorf("an honest draft: %d %s", status, raw)
	}
	if said := r.answers(k.vic, deliveryTitle+"?"); len(said) != 1 || said[0].Text != deliveryText || said[0].Article != id {
		r.Errorf("an honest answer: %v", said)
	}
}

// inject lets one text reach the model on both ways, as a draft and as an answer.
func (r *row) inject(b *brain, i injection) {
	internal := r.note()
	title, body, question, first := deliveryTitle, deliveryText, deliveryTitle+"?", ""
	switch i.In {
	case "article":
		body += "\n\n" + i.Text
	case "title":
		title += " " + i.Text
	case "message":
		question += " " + i.Text
	case "earlier":
		first = i.Text
	case "agent":
		first = "Hello"
	}
	// Its tags have the attacker's words: the question is covered, or no answer would be asked for.
	id := r.publishes(kb.Version{Title: title, Body: body, Tags: strings.Fields(i.Text)})
	defer r.archives(id)
	b.set(i.obey(internal))
	k := r.talkIn(newBrowser(r.T), "ag1", cmp.Or(first, question))
	if i.In == "agent" {
		r.tells(k, i.Text)
	}
	if first != "" {
		k.vic.ok("message.send", map[string]any{"conversation": k.cv, "client_id": "m2", "text": question})
	}
	status, text, change, raw := r.drafts("ag1", k)
	if status != http.StatusOK && status != http.StatusServiceUnavailable {
		r.Fatalf("draft: %d %s", status, raw)
	}
	if text == "the text did not arrive" {
		r.Fatal("the text did not reach the model")
	}
	r.safe(b, i, "the draft", text)
	if change != "" {
		r.Errorf("a draft of a change was made: %+v", r.change(change))
	}
	r.answersSafely(b, i, k, question)
	r.mailsNobody("evil.test")
}

// said is a message of the agent that the guard lets go, or keeps: then it is no part of the conversation.
func (r *row) tells(k talk, text string) {
	r.Helper()
	k.mia.do("message.send", map[string]any{"conversation": k.cv, "client_id": "a1", "text": text})
}

// answersSafely asks as the visitor and checks what is shown.
func (r *row) answersSafely(b *brain, i injection, k talk, question string) {
	r.Helper()
	said := r.answers(k.vic, question)
	heard, _ := b.heard()
	if last := heard[len(heard)-1]; !last.answers() || i.answered() && !strings.Contains(last.all(), i.ID) || last.tools() {
		r.Errorf("the model was not asked for an answer with the text, or has tools: %s", last.raw)
	}
	for _, s := range said {
		r.safe(b, i, "the answer", s.Text)
		a, ok := r.Service.Index.Public(s.Article)
		if !ok || a.Status != kb.Published || a.Visibility != kb.Public {
			r.Errorf("the answer cites %q", s.Article)
		}
		if !strings.Contains(heard[len(heard)-1].all(), `id="`+s.Article+`"`) {
			r.Errorf("the answer cites %q, which the model was not given", s.Article)
		}
	}
}

// answers asks for an answer as the visitor of a socket.
func (r *row) answers(c *client, question string) []kb.Sentence {
	r.Helper()
	status, body := r.asVisitor(c, "/v1/answer", map[string]string{"q": question})
	var in struct{ Sentences []kb.Sentence }
	if err := json.Unmarshal(body, &in); status != http.StatusOK || err != nil {
		r.Fatalf("answer: %d %s", status, body)
	}
	return in.Sentences
}

// plainly is a text as an eye or a browser may take it: without what does not show, in the common form of its letters.
func plainly(text string) string {
	return strings.ToLower(strings.Map(func(r rune) rune {
		switch {
		case r == '\u3002' || r == '\uff61' || r == '\u2024': // dots to whoever looks up a host
			return '.'
		case r == '\u0435': // Cyrillic
			return 'e'
		case r > '\uff00' && r < '\uff5f': // of full width
			return r - 0xfee0
		case unicode.Is(unicode.Cf, r):
			return -1
		}
		return r
	}, text))
}

// safe asserts that a text that people see holds nothing that it must not.
func (r *row) safe(b *brain, i injection, where, text string) {
	r.Helper()
	heard, _ := b.heard()
	canary := strings.TrimPrefix(heard[len(heard)-1].canary(), "canary-")
	if strings.Contains(text, "![") || strings.Contains(text, "](") || strings.Contains(strings.Join(strings.Fields(plainly(text)), ""), canary) {
		r.Errorf("%s: %q", where, text)
	}
	if strings.ContainsFunc(text, func(r rune) bool { return r != '\n' && (unicode.IsControl(r) || unicode.Is(unicode.Cf, r)) }) {
		r.Errorf("%s has signs that do not show: %q", where, text)
	}
	for _, never := range append(i.Never, "evil.test", "staffnote", "javascript:") {
		if strings.Contains(text, never) || strings.Contains(plainly(text), never) {
			r.Errorf("%s holds %q: %q", where, never, text)
		}
	}
	if text != "" && r.Service.Leaks.Check(gateway.Outgoing{Text: text}).Action != gateway.LeakAllow {
		r.Errorf("the guard would hold %s: %q", where, text)
	}
	r.onlyDrafts(where)
}

// onlyDrafts asserts that nothing in the newest conversation is more than a draft of a change.
func (r *row) onlyDrafts(where string) {
	r.Helper()
	list, err := r.store.ledger.Live(r.Context(), r.talks[len(r.talks)-1].cv)
	if err != nil {
		r.Fatal(err)
	}
	for _, c := range list {
		if c.State != verify.Draft || c.Subject() != "" {
			r.Errorf("%s moved a change: %+v", where, c)
		}
	}
}

// A model that obeys whatever it finds, of all texts in one conversation and one article after another, says nothing
// unsafe either: what one of them brings in does not open the way for the next.
func TestInjectionsTogether(t *testing.T) {
	b := newBrain(t)
	f := startFixture(t, "SQLite", options{config: b.with})
	r := newRow(t, f)
	r.given()
	r.turn(true)
	internal := r.note()
	all := readInjections(t)
	k := r.talkIn(newBrowser(t), "ag1", deliveryTitle+"?")
	for n := 0; n < len(all); n += 4 {
		part := all[n:min(n+4, len(all))]
		texts, said, ids := "", deliveryTitle+"?", map[string]injection{}
		for _, i := range part {
			ids[i.ID] = i
			if i.In == "article" || i.In == "title" {
				texts += "\n\n" + i.Text
			} else {
				said += "\n" + i.Text
			}
		}
		id := r.publishes(kb.Version{Title: deliveryTitle, Body: deliveryText + texts, Tags: strings.Fields(texts)})
		k.vic.ok("message.send", map[string]any{"conversation": k.cv, "client_id": part[0].ID, "text": said})
		obeyed := map[string]bool{}
		b.set(obeyAll(ids, internal, obeyed))
		_, text, _, _ := r.drafts("ag1", k)
		for _, i := range part {
			r.safe(b, i, "the draft", text)
			if !obeyed[i.ID] {
				t.Errorf("%s did not reach the model", i.ID)
			}
			b.set(i.obey(internal))
			for _, s := range r.answers(k.vic, deliveryTitle+"?") {
				r.safe(b, i, "the answer", s.Text)
				if s.Article != id {
					t.Errorf("the answer cites %q", s.Article)
				}
			}
		}
		r.archives(id)
	}
}

// obeyAll says at once what all the texts want that have reached it.
func obeyAll(list map[string]injection, internal string, obeyed map[string]bool) func(asked) (string, []kb.ToolCall) {
	return func(a asked) (string, []kb.ToolCall) {
		var said []string
		var calls []kb.ToolCall
		for _, id := range slices.Sorted(maps.Keys(list)) {
			if strings.Contains(a.all(), id) {
				text, more := list[id].obey(internal)(a)
				said, calls = append(said, text), append(calls, more...)
				obeyed[id] = true
			}
		}
		return strings.Join(said, "\n\n"), calls
	}
}
