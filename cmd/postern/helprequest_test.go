package main

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/postern-chat/postern/gateway"
)

var onceValue = regexp.MustCompile(`name="once" value="([0-9a-f]{32})"`)

// opens reads the request form and gives what makes it one.
func (r *helpReader) opens(path string) (once string) {
	r.t.Helper()
	p := r.get(path)
	m := onceValue.FindStringSubmatch(p.body)
	if m == nil {
		r.t.Fatalf("%s: %d %s", path, p.StatusCode, p.body)
	}
	return m[1]
}

func request(once string, more ...string) string {
	v := url.Values{"once": {once}, "type": {"problem"}, "priority": {"high"}, "text": {"My parcel is late.\r\nWhere is it?"}, "email": {"vic@mail.test"}}
	for i := 0; i+1 < len(more); i += 2 {
		v.Set(more[i], more[i+1])
	}
	return v.Encode()
}

// The request form: with an address a ticket at once, sent twice still one; without one the chat with the words. It proves
// nothing, keeps to the limits of any first message, and what is refused stores nothing.
func TestHelpRequest(t *testing.T) {
	t.Run("SQLite", func(t *testing.T) { helpRequests(t, helpCenterOf(t, alone(t))) })
	t.Run("PostgreSQL", func(t *testing.T) { helpRequests(t, helpCenterOf(t, shared(t))) })
}

func helpRequests(t *testing.T, l helpShelves) {
	tickets := func() []gateway.Conversation {
		t.Helper()
		list, err := l.Service.Store.Conversations(t.Context(), gateway.ConversationFilter{Mailboxes: []gateway.ID{l.box.ID}, Limit: 50})
		if err != nil {
			t.Fatal(err)
		}
		return list
	}
	path := l.root + "/en/request"
	r := l.reader(t)
	form := r.get(path)
	form.wants(t, http.StatusOK, "Send a request", "How urgent is it?", "does not prove who you are", `value="medium" selected`, `value="question" selected`, "noindex")
	form.lacks(t, "<script")
	if form.Header.Get("Cache-Control") != "no-store" || r.cookies["__Host-postern-reader"] == nil {
		t.Errorf("the form: %v", form.Header)
	}
	once := r.opens(path)
	for name, c := range map[string]struct {
		form   string
		status int
		want   string
	}{
		"no words":              {request(once, "text", " \r\n "), http.StatusBadRequest, `id="text-e"`},
		"too many words":        {request(once, "text", strings.Repeat("ä", 4090)), http.StatusBadRequest, "That is too long."},
		"control characters":    {request(once, "text", "a\x00b"), http.StatusBadRequest, `id="text-e"`},
		"no address":            {request(once, "email", "vic at mail"), http.StatusBadRequest, `id="email-e"`},
		"two addresses":         {request(once, "email", "a@b.test,c@d.test"), http.StatusBadRequest, `id="email-e"`},
		"a type that is none":   {request(once, "type", "account"), http.StatusBadRequest, "did not work"},
		"a class that is none":  {request(once, "priority", "now"), http.StatusBadRequest, "did not work"},
		"nothing to know it by": {request("x"), http.StatusBadRequest, "did not work"},
		"too large":             {request(once, "text", strings.Repeat("a", 70<<10)), http.StatusRequestEntityTooLarge, "too long"},
	} {
		p := r.rates(path, c.form)
		p.wants(t, c.status, c.want)
		if name == "no address" {
			p.wants(t, c.status, "My parcel is late.\nWhere is it?", `value="problem" selected`, `value="high" selected`, `value="vic at mail"`)
		}
	}
	for name, header := range map[string][]string{"another site's": {"Origin", "https://evil.test"}, "of nowhere": {}, "our origin, another site": {"Origin", l.url, "Sec-Fetch-Site", "cross-site"}} {
		if p := r.do("POST", path, request(once), header...); p.StatusCode != http.StatusForbidden {
			t.Errorf("a form %s: %d", name, p.StatusCode)
		}
	}
	r.do("POST", path, `{}`, "Content-Type", "application/json", "Origin", l.url).wants(t, http.StatusUnsupportedMediaType)
	l.reader(t).get(l.root+"/de/request").wants(t, http.StatusNotFound)
	chat := r.rates(path, request(once, "email", "", "text", "<script>alert(1)</script>\r\nhi"))
	chat.wants(t, http.StatusOK, "A problem: &lt;script&gt;alert(1)&lt;/script&gt;\nhi", "/widget/loader.js", `Postern("prefill"`, "noindex")
	chat.lacks(t, "<script>alert")
	if list := tickets(); len(list) != 0 {
		t.Fatalf("what was refused, or goes on in the chat, was stored: %+v", list)
	}
	sent := r.rates(path, request(once))
	sent.wants(t, http.StatusOK, "Your request has the number", "vic@mail.test")
	list := tickets()
	if len(list) != 1 {
		t.Fatalf("%d tickets", len(list))
	}
	cv := list[0]
	if cv.Channel != gateway.ByEmail || cv.Status != gateway.Open || cv.Number == 0 || cv.Priority != gateway.High || cv.Claimed.Email != "vic@mail.test" || cv.Claimed.Fields["request"] != "problem" || cv.Subject != "My parcel is late. Where is it?" || cv.Page != l.url+path || cv.Locale != "en" {
		t.Errorf("the ticket: %+v", cv)
	}
	who, err := l.Service.Store.Visitor(t.Context(), cv.Visitor)
	if err != nil || who.KeyJKT != "" || who.Identity.How != "" || strings.Contains(string(who.ID)+who.TokenHash, r.cookies["__Host-postern-reader"].Value) {
		t.Errorf("its visitor: %+v, %v", who, err)
	}
	if again := r.rates(path, request(once, "text", "Something else")); again.body != sent.body || len(tickets()) != 1 {
		t.Errorf("sent twice: %d tickets, %s", len(tickets()), again.body)
	}
	other := l.reader(t)
	other.rates(path, request(once)).wants(t, http.StatusOK, "Your request has the number")
	if len(tickets()) != 2 {
		t.Error("one reader's form was another's")
	}
	helpRequestFlood(t, l, path)
}

// helpRequestFlood sends from one address what the limit of first messages does not let through.
func helpRequestFlood(t *testing.T, l helpShelves, path string) {
	r := l.reader(t)
	once := r.opens(path)
	refused := 0
	for range 40 {
		if r.rates(path, request(once)).StatusCode == http.StatusTooManyRequests {
			refused++
		}
	}
	if refused == 0 {
		t.Error("40 requests at once from one address were all taken")
	}
}

// The mailbox's own questions are asked, and its rules come before what the writer asks for.
func TestHelpRequestOfMailbox(t *testing.T) {
	l := helpCenter(t)
	box := l.box
	box.Fields = []gateway.Field{{Name: "order", Label: "Order <number>", Required: true}, {Name: "name", Label: "Your name"}, {Name: "email", Label: "E-mail", Required: true}}
	if _, _, err := l.Service.Store.SaveMailbox(t.Context(), box, gateway.System(), time.Now()); err != nil {
		t.Fatal(err)
	}
	admin := gateway.Caller{Actor: gateway.Actor{Role: gateway.RoleAdmin, ID: id(t, gateway.PrefixAgent)}}
	rules := []gateway.Rule{{Name: "ideas wait", Words: []string{"idea"}, Priority: gateway.Low}}
	if _, err := l.Service.SaveRules(t.Context(), admin, rules, ""); err != nil {
		t.Fatal(err)
	}
	path := l.root + "/en/request"
	r := l.reader(t)
	once := r.opens(path)
	r.get(path).wants(t, http.StatusOK, "Order &lt;number&gt;", `name="own.order"`)
	r.rates(path, request(once, "own.order", " ")).wants(t, http.StatusBadRequest, `id="own.order-e"`)
	r.rates(path, request(once, "own.order", "4471", "own.name", "Vic", "text", "An idea")).wants(t, http.StatusOK, "Your request has the number")
	list, err := l.Service.Store.Conversations(t.Context(), gateway.ConversationFilter{Mailboxes: []gateway.ID{l.box.ID}, Limit: 50})
	if err != nil || len(list) != 1 {
		t.Fatalf("%+v, %v", list, err)
	}
	if c := list[0]; c.Priority != gateway.Low || c.Claimed.Name != "Vic" || c.Claimed.Fields["order"] != "4471" || c.Claimed.Fields["request"] != "problem" {
		t.Errorf("the ticket: %+v", c)
	}
}
