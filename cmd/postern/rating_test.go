package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/postern-chat/postern/gateway"
	"github.com/postern-chat/postern/gateway/mail"
)

// ticket is a conversation that goes on by mail, and the rating link of its last answer.
type ticket struct {
	*row
	vic, mia *client
	cv       gateway.ID
	link     string // token
}

// mailed leaves a message for the mailbox, and answers it.
func (r *row) mailed(email string) ticket {
	r.Helper()
	k := ticket{row: r, vic: r.visit(newBrowser(r.T)), mia: r.as("ag1")}
	cv := k.vic.ok("conversation.start", map[string]any{
		"command_id": newAddress(), "client_id": "m", "text": "Prices, please", "email": email, "ticket": true, "locale": "ar",
	})["conversation"].(map[string]any)["id"].(string)
	k.cv = gateway.ID(cv)
	k.mia.ok("resume", map[string]any{"topic": cv, "seq": 0})
	sent := k.mia.ok("message.send", map[string]any{"conversation": cv, "client_id": "a", "text": "Here they are."})
	events, err := r.Service.Store.EventsBefore(r.Context(), cv, uint64(sent["seq"].(float64))+1, 1)
	var m gateway.Message
	if err != nil || len(events) != 1 || json.Unmarshal(events[0].Payload, &m) != nil {
		r.Fatal(events, err)
	}
	out, err := r.Service.Store.Mail(r.Context(), m.ID)
	if err != nil {
		r.Fatal(err)
	}
	k.link = rateToken(r.T, out.Raw, r.config.PublicURL)
	return k
}

// rateToken reads the token of the one rating link in a mail.
func rateToken(t *testing.T, raw []byte, public string) string {
	t.Helper()
	text := []byte(mailTexts(t, raw)[0]) // the HTML beside it says the same
	if !bytes.Contains(text, []byte("تقييم Support")) {
		t.Errorf("the line is not in the conversation's language: %s", text)
	}
	found := regexp.MustCompile(regexp.QuoteMeta(public)+`/rate#(\S+)`).FindAllSubmatch(text, -1)
	if len(found) != 1 {
		t.Fatalf("%d links in %s", len(found), text)
	}
	return string(found[0][1])
}

// post speaks to a rating route, from an address of its own.
func (k ticket) post(path string, args map[string]any) (int, map[string]any) {
	k.Helper()
	raw, err := json.Marshal(args)
	if err != nil {
		k.Fatal(err)
	}
	return k.postFrom(newAddress(), "1", path, string(raw))
}

func (k ticket) postFrom(ip, postern, path, body string) (int, map[string]any) {
	k.Helper()
	req, err := http.NewRequestWithContext(k.Context(), "POST", k.url+"/v1/rating"+path, strings.NewReader(body))
	if err != nil {
		k.Fatal(err)
	}
	req.Header.Set("X-Forwarded-For", ip)
	req.Header.Set("X-Postern", postern)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		k.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	answer := map[string]any{}
	if err := json.NewDecoder(res.Body).Decode(&answer); err != nil {
		k.Fatal(err)
	}
	return res.StatusCode, answer
}

// rated is the conversation's rating, and how far its history goes.
type rated struct {
	stars int
	text  string
	seq   uint64
}

func (k ticket) rated() rated {
	k.Helper()
	cv, err := k.Service.Store.Conversation(k.Context(), k.cv)
	if err != nil {
		k.Fatal(err)
	}
	return rated{cv.Rating.Stars, cv.Rating.Text, cv.Seq}
}

// no asserts a refusal of the rating after which nothing is different.
func (k ticket) no(what string, status int, code string, args map[string]any) {
	k.Helper()
	was := k.rated()
	got, answer := k.post("", args)
	if got != status || answer["code"] != code {
		k.Errorf("%s: %d %v, want %d %s", what, got, answer, status, code)
	}
	if now := k.rated(); now != was {
		k.Errorf("%s: moved from %+v to %+v", what, was, now)
	}
}

// sees asserts all that the link's page is told.
func (k ticket) sees(state string, stars int) {
	k.Helper()
	was := k.rated()
	status, answer := k.post("/look", map[string]any{"token": k.link})
	want := map[string]any{"state": state, "stars": float64(stars), "mailbox": "Support", "locale": "ar"}
	if status != http.StatusOK || !maps.Equal(answer, want) {
		k.Errorf("the page is told %d %v, want %v", status, answer, want)
	}
	if k.rated() != was {
		k.Error("a look changed something")
	}
}

func (k ticket) give(stars int, text string) {
	k.Helper()
	if status, answer := k.post("", map[string]any{"token": k.link, "stars": stars, "text": text}); status != http.StatusOK || len(answer) != 0 {
		k.Errorf("rated: %d %v", status, answer)
	}
	if got := k.rated(); got.stars != stars || got.text != text {
		k.Errorf("the rating is %+v, want %d %q", got, stars, text)
	}
}

// The link of an agent's mail rates its conversation once it is closed, edits the one rating that the widget
// edits too, for 24 h, and does nothing else for nobody.
func TestRatingByMail(t *testing.T) {
	for _, engine := range []string{"SQLite", "PostgreSQL"} {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			r := newRow(t, startFixture(t, engine, options{clock: true}))
			k, other := r.mailed("vic@example.net"), r.mailed("mal@example.net")
			four := map[string]any{"token": k.link, "stars": 4, "text": "fine"}

			k.sees("later", 0)
			k.no("before the end", http.StatusBadRequest, "invalid", four)
			k.mia.ok("conversation.close", map[string]any{"conversation": k.cv, "outcome": "resolved"})
			k.sees("now", 0)
			k.forged(other)
			k.wrong()

			k.give(4, "fine")
			k.vic.event("conversation.rated", string(k.cv))
			k.mia.event("conversation.rated", string(k.cv))
			k.by()
			k.give(2, "")
			k.vic.ok("conversation.rate", map[string]any{"conversation": k.cv, "stars": 5, "text": "after all"})
			k.sees("now", 5)
			k.opens()
			if got := other.rated(); got.stars != 0 {
				t.Errorf("the other conversation is rated: %+v", got)
			}

			k.vic.ok("message.send", map[string]any{"conversation": k.cv, "client_id": "again", "text": "One more thing"})
			k.sees("later", 5)
			k.no("open again", http.StatusBadRequest, "invalid", four)
			k.mia.ok("conversation.close", map[string]any{"conversation": k.cv, "outcome": "resolved"})
			r.clock.set(t, 24*time.Hour-time.Minute)
			k.give(3, "in time")
			r.clock.set(t, 24*time.Hour+time.Minute)
			k.sees("over", 3)
			k.no("after 24 h", http.StatusGone, "gone", four)
			if strings.Contains(r.log.String(), k.link) {
				t.Error("the log holds the token")
			}
		})
	}
}

// forged tries tokens that are not this conversation's: one and the same answer to all, also to a look.
func (k ticket) forged(other ticket) {
	k.Helper()
	secret, err := os.ReadFile(cmp.Or(k.config.SecretFile, filepath.Join(k.config.Data, "secret")))
	if err != nil {
		k.Fatal(err)
	}
	made := mail.Tokens{Key: secret}
	head, mac := k.link[:strings.LastIndexByte(k.link, '.')+1], k.link[strings.LastIndexByte(k.link, '.')+1:]
	flip := "a"
	if mac[15] == 'a' {
		flip = "b"
	}
	for what, token := range map[string]string{
		"the last character":       head + mac[:15] + flip,
		"the other's MAC":          head + other.link[strings.LastIndexByte(other.link, '.')+1:],
		"this MAC for the other":   other.link[:strings.LastIndexByte(other.link, '.')+1] + mac,
		"a reply's token":          made.Make('t', string(k.cv), "vic@example.net"),
		"a reply's MAC":            "r" + made.Make('t', string(k.cv), "vic@example.net")[1:],
		"a bounce's":               made.Make('b', string(k.cv), "vic@example.net"),
		"another recipient's":      made.Make('r', string(k.cv), "mal@example.net"),
		"nobody's":                 made.Make('r', string(k.cv), ""),
		"another key's":            mail.Tokens{Key: []byte("guessed")}.Make('r', string(k.cv), "vic@example.net"),
		"a conversation not there": made.Make('r', "cv_01ARZ3NDEKTSV4RRFFQ69G5FAV", "vic@example.net"),
		"another thing's id":       made.Make('r', string(k.box.ID), "vic@example.net"),
		"cut":                      k.link[:len(k.link)-1],
		"longer":                   k.link + "a",
		"with a blank":             k.link + " ",
		"nothing":                  "",
		"dots":                     "..",
		"long":                     strings.Repeat("r.", 30_000),
		"a path":                   "../../v1/me",
	} {
		k.no(what, http.StatusNotFound, "not_found", map[string]any{"token": token, "stars": 1})
		k.no(what+", with nonsense", http.StatusNotFound, "not_found", map[string]any{"token": token, "stars": 99})
		status, answer := k.post("/look", map[string]any{"token": token})
		delete(answer, "id")
		if want := map[string]any{"code": "not_found", "retry": "no"}; status != http.StatusNotFound || !maps.Equal(answer, want) {
			k.Errorf("a look with %s: %d %v", what, status, answer)
		}
	}
	if again := made.Make('r', string(k.cv), "VIC@example.net"); again != k.link {
		k.Errorf("the test makes other tokens than the gateway: %s, %s", again, k.link)
	}
}

// wrong tries the right token with what is no rating, and what mail scanners and other sites could do.
func (k ticket) wrong() {
	k.Helper()
	for what, c := range map[string]struct {
		code string
		args map[string]any
	}{
		"no star":          {"invalid", map[string]any{"stars": 0}},
		"six":              {"invalid", map[string]any{"stars": 6}},
		"a long text":      {"too_large", map[string]any{"stars": 5, "text": strings.Repeat("x", 2<<10+1)}},
		"a NUL":            {"invalid", map[string]any{"stars": 5, "text": "a\x00b"}},
		"an unknown field": {"invalid", map[string]any{"stars": 5, "visitor": "vi_x"}},
	} {
		c.args["token"] = k.link
		k.no(what, map[string]int{"invalid": 400, "too_large": 413}[c.code], c.code, c.args)
	}
	was := k.rated()
	good := `{"token":"` + k.link + `","stars":1}`
	if status, answer := k.postFrom(newAddress(), "", "", good); status != http.StatusForbidden {
		k.Errorf("without the header: %d %v", status, answer)
	}
	for _, method := range []string{"GET", "HEAD", "PUT", "DELETE"} {
		for _, path := range []string{"/v1/rating?token=" + k.link + "&stars=1", "/v1/rating/look?token=" + k.link} {
			if status, _, b := k.call("ag1", method, path, good); status != http.StatusNotFound {
				k.Errorf("%s %s: %d %s", method, path, status, b)
			}
		}
	}
	for _, path := range []string{"/rate", "/rate?token=" + k.link + "&stars=1"} {
		if status, _, b := k.call("", "GET", path, ""); status != http.StatusOK && status != http.StatusServiceUnavailable || bytes.Contains(b, []byte(k.link)) {
			k.Errorf("the page: %d %s", status, b)
		}
	}
	if now := k.rated(); now != was {
		k.Errorf("moved from %+v to %+v", was, now)
	}
}

// by asserts that the rating is the visitor's.
func (k ticket) by() {
	k.Helper()
	cv, err := k.Service.Store.Conversation(k.Context(), k.cv)
	if err != nil {
		k.Fatal(err)
	}
	events, err := k.Service.Store.EventsBefore(k.Context(), string(k.cv), cv.Seq+1, 1)
	if err != nil || len(events) != 1 || events[0].Kind != "conversation.rated" || events[0].Actor != (gateway.Actor{Role: gateway.RoleVisitor, ID: cv.Visitor}) {
		k.Errorf("the last event is %+v, %v", events, err)
	}
}

// opens tries the token where it must open nothing.
func (k ticket) opens() {
	k.Helper()
	for _, path := range []string{"/v1/conversations/" + string(k.cv) + "/events", "/v1/conversations/" + string(k.cv), "/v1/me"} {
		req, err := http.NewRequestWithContext(k.Context(), "GET", k.url+path, nil)
		if err != nil {
			k.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+k.link)
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			k.Fatal(err)
		}
		_ = res.Body.Close()
		if res.StatusCode != http.StatusUnauthorized {
			k.Errorf("%s: %d", path, res.StatusCode)
		}
	}
	f := browser{token: k.link, key: newBrowser(k.T).key}.hello(k.T, k.dial(nil), nil)
	if e, _ := f["error"].(map[string]any); e["code"] != "invalid" {
		k.Errorf("the token as a visitor's: %v", f)
	}
}

// An address may try so often, whatever it tries; another one is not held up.
func TestRatingsAreLimited(t *testing.T) {
	r := newRow(t, startFixture(t, "SQLite", options{}))
	k := r.mailed("vic@example.net")
	ip := newAddress()
	var got []int
	for range 25 {
		status, answer := k.postFrom(ip, "1", "/look", `{"token":"`+k.link+`"}`)
		if status == http.StatusTooManyRequests && answer["code"] != "too_many" {
			t.Errorf("%v", answer)
		}
		got = append(got, status)
	}
	if n := slices.Index(got, http.StatusTooManyRequests); n < 20 {
		t.Errorf("refused after %d: %v", n, got)
	}
	k.sees("later", 0)
}

// The line under an answer has the conversation's language, and names who is rated and where.
func TestRateLine(t *testing.T) {
	line, err := rateLine()
	if err != nil {
		t.Fatal(err)
	}
	const link = "https://chat.example/rate#r.cv_x.y"
	for locale, want := range map[string]string{"en": "rate", "en-GB": "rate", "": "rate", "xx": "rate", "ar": "تقييم", "ar-EG": "تقييم", "AR": "تقييم"} {
		got := line(locale, "Help & {link}", link)
		if !strings.Contains(got, want) || !strings.Contains(got, "Help & {link}") || !strings.HasSuffix(got, " "+link) {
			t.Errorf("%q: %q", locale, got)
		}
	}
}
