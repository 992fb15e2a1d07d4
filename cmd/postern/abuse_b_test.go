package main

import (
	"bytes"
	"compress/gzip"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/postern-chat/postern/verify"
)

// abuseB: authenticity of login events.
func abuseB() map[string]func(r *row) {
	return map[string]func(r *row){
		"B12": changedBody, "B13": lateAndAgain, "B14": retiredSecret, "B15": duplicateSubject, "B20": unboundLogin,
		"B22": otherDigest, "B23": otherSubject, "B24": otherSource, "B25": hugeBodies,
	}
}

// signed posts body to a source under a signature made over text.
func (r *row) signed(source string, secret verify.Secret, id string, at time.Time, text, body []byte) (int, []byte) {
	r.Helper()
	return r.site.hook(r.T, source, body, func(req *http.Request) { verify.SignHook(req.Header, secret, id, at, text) })
}

func (r *row) wants(status int, body []byte, wantStatus int, reason string) {
	r.Helper()
	answer := map[string]any{}
	_ = json.Unmarshal(body, &answer) // checked by what is in it
	r.answered(status, answer, wantStatus, reason)
}

func changedBody(r *row) {
	k := r.talk("ag1")
	change, address := k.offer(r.T)
	text := r.site.event(r.T, address, verify.LoginConfirmed, nil)
	var again map[string]any
	if err := json.Unmarshal(text, &again); err != nil {
		r.Fatal(err)
	}
	serial, err := json.MarshalIndent(again, "", " ")
	if err != nil {
		r.Fatal(err)
	}
	for _, body := range [][]byte{bytes.Replace(text, []byte("u-vic"), []byte("u-vid"), 1), append(text[:len(text):len(text)], ' '), serial} {
		status, answer := r.signed("shop", r.site.secret, hookID(), r.clock.now(), text, body)
		r.wants(status, answer, http.StatusUnauthorized, r.says("event.signature"))
	}
	r.stays(change, verify.Challenged)
}

func lateAndAgain(r *row) {
	k := r.talk("ag1")
	change, address := k.offer(r.T)
	body := r.site.event(r.T, address, verify.LoginConfirmed, nil)
	status, answer := r.signed("shop", r.site.secret, hookID(), r.clock.now().Add(-121*time.Second), body, body)
	r.wants(status, answer, http.StatusUnauthorized, r.says("event.late"))
	r.stays(change, verify.Challenged)

	id := hookID()
	status, first := r.signed("shop", r.site.secret, id, r.clock.now(), body, body)
	if status != http.StatusOK {
		r.Fatalf("accepted: %d %s", status, first)
	}
	size := len(r.leaves())
	status, second := r.signed("shop", r.site.secret, id, r.clock.now(), body, body)
	if status != http.StatusOK || !bytes.Equal(first, second) {
		r.Errorf("again: %d %s, want %s", status, second, first)
	}
	r.stays(change, verify.Matched)
	if n := len(r.leaves()); n != size {
		r.Errorf("the repetition wrote %d leaves", n-size)
	}
	other := bytes.Replace(body, []byte("u-vic"), []byte("u-mal"), 1)
	status, answer = r.signed("shop", r.site.secret, id, r.clock.now(), other, other)
	r.wants(status, answer, http.StatusConflict, "event.replay")
}

func retiredSecret(r *row) {
	retired := verify.Secret{}
	r.alone(options{config: func(c *Config) {
		secrets, err := c.Sources[0].Secrets()
		if err != nil {
			r.Fatal(err)
		}
		retired = secrets[0]
		var lines []string
		for range 2 {
			s := make([]byte, 32)
			if _, err := rand.Read(s); err != nil {
				r.Fatal(err)
			}
			lines = append(lines, "whsec_"+base64.StdEncoding.EncodeToString(s))
		}
		if err := os.WriteFile(c.Sources[0].SecretsFile, []byte(strings.Join(lines, "\n")), 0o600); err != nil {
			r.Fatal(err)
		}
	}})
	k := r.talk("ag1")
	change, address := k.offer(r.T)
	status, answer := r.site.post(r.T, retired, r.site.event(r.T, address, verify.LoginConfirmed, nil))
	r.answered(status, answer, http.StatusUnauthorized, r.says("event.signature"))
	r.stays(change, verify.Challenged)
}

func duplicateSubject(r *row) {
	k := r.talk("ag1")
	change, address := k.offer(r.T)
	body := bytes.Replace(r.site.event(r.T, address, verify.LoginConfirmed, nil), []byte(`"sub":`), []byte(`"sub":"u-mal","sub":`), 1)
	status, answer := r.site.post(r.T, r.site.secret, body)
	r.answered(status, answer, http.StatusBadRequest, r.says("json.duplicate"))
	r.stays(change, verify.Challenged)
}

func unboundLogin(r *row) {
	k := r.impostor()
	change, _ := k.offer(r.T)
	k.mia.event("challenge.opened", k.cv)
	k.vic.event("challenge.opened", k.cv)
	topics := []string{k.cv, k.cv + "/staff"}
	before, err := r.Service.Store.Heads(r.Context(), topics)
	if err != nil {
		r.Fatal(err)
	}
	size := len(r.leaves())
	body := fmt.Appendf(nil, `{"type":"login.confirmed","sub":"u-vic","auth_time":%d}`, r.clock.now().Unix())
	if status, answer := r.site.post(r.T, r.site.secret, body); status != http.StatusOK || len(answer) != 0 {
		r.Errorf("an unbound login: %d %v, want 200 {}", status, answer)
	}
	r.stays(change, verify.Challenged)
	for _, c := range []*client{k.vic, k.mia} { // whatever was sent before its answer is read with it
		shown := len(c.frames)
		c.ok("article.search", map[string]any{"q": "plan"})
		for _, f := range c.frames[shown:] {
			if f["ev"] != nil {
				r.Errorf("a screen shows %v", f)
			}
		}
	}
	after, err := r.Service.Store.Heads(r.Context(), topics)
	if err != nil || after[topics[0]] != before[topics[0]] || after[topics[1]] != before[topics[1]] || len(r.leaves()) != size {
		r.Errorf("something moved: %v, was %v, %v", after, before, err)
	}
}

// tokenless asserts that the browser is sent back without a finish token.
func (r *row) tokenless(answer map[string]any) {
	r.Helper()
	if back, _ := answer["return"].(string); back == "" || strings.Contains(back, "#") {
		r.Errorf("return %q, want the starting page and no token", back)
	}
}

func otherDigest(r *row) {
	k := r.talk("ag1")
	change, address := k.offer(r.T)
	status, answer := r.site.press(r.T, address, verify.LoginConfirmed, func(e map[string]any) {
		c := verify.Change{V: "1", Kind: "email.change", Base: "*", Fields: map[string]string{"email": "x@evil.test"}}
		chg, err := c.Digest()
		if err != nil {
			r.Fatal(err)
		}
		e["chg"] = chg
	})
	r.answered(status, answer, http.StatusForbidden, r.says("event.change_mismatch"))
	r.tokenless(answer)
	r.failed(change, "event.change_mismatch")
	k.vic.event("change.failed", k.cv)
}

func otherSubject(r *row) {
	b := newBrowser(r.T)
	if got := r.visit(b).ok("identify", map[string]any{"token": r.site.session(r.T, "u-vic")})["identity"].(map[string]any); got["how"] != "signed" {
		r.Fatalf("identity: %v", got)
	}
	k := r.talkIn(b, "ag1", "Please stop my renewal")
	change, address := k.offer(r.T)
	status, answer := r.site.press(r.T, address, verify.LoginConfirmed, func(e map[string]any) { e["sub"] = "u-mal" })
	r.answered(status, answer, http.StatusForbidden, r.says("proof.subject"))
	r.tokenless(answer)
	r.failed(change, "proof.subject")
	k.vic.event("change.failed", k.cv)
	k.mia.event("change.failed", k.cv)
}

func otherSource(r *row) {
	k := r.talk("ag1")
	change, address := k.offer(r.T)
	body := r.site.event(r.T, address, verify.LoginConfirmed, nil)
	status, answer := r.signed("other", r.site.secret, hookID(), r.clock.now(), body, body)
	r.wants(status, answer, http.StatusUnauthorized, r.says("event.signature"))
	status, answer = r.signed("shop", r.site.other, hookID(), r.clock.now(), body, body)
	r.wants(status, answer, http.StatusUnauthorized, "event.signature")
	r.stays(change, verify.Challenged)
	shared := r.config // nor can anybody configure that they share one
	shared.Sources = slices.Clone(shared.Sources)
	shared.Sources[1].SecretsFile = shared.Sources[0].SecretsFile
	if bad := shared.Validate(); !strings.Contains(fmt.Sprint(bad), "shares a secret") {
		r.Errorf("two sources with one secret: %v", bad)
	}
}

// hugeBodies meets a process of its own, whose collector says after each of its runs how much was allocated: nothing
// beside this row's requests is in those numbers, and no page that the system keeps for later.
func hugeBodies(r *row) {
	var list []*process
	r.fixture, list = processes(r.T, r.engine, nil, 1)
	list[0].kill(r.T)
	heap := &output{}
	list[0].env, list[0].log = append(list[0].env, "GODEBUG=gctrace=1"), heap
	list[0].start(r.T)
	r.given()
	k := r.talk("ag1")
	change, _ := k.offer(r.T)
	slow := make(chan string, 1)
	go func() { slow <- r.raw("Content-Length: 1000\r\n", drip) }()

	var bomb bytes.Buffer
	z := gzip.NewWriter(&bomb)
	if _, err := io.CopyN(z, zeros{}, 64<<20); err != nil {
		r.Fatal(err)
	}
	_ = z.Close()
	const times = 20 // 200 MB sent, and 1.3 GB if the bombs were inflated
	for _, c := range []struct {
		name, header, want string
		write              func(net.Conn)
	}{
		{"65 KiB", "Content-Length: 66560\r\n", "413", func(c net.Conn) { _, _ = c.Write(bytes.Repeat([]byte(" "), 65<<10)) }},
		{"10 MB", "Content-Length: 10485760\r\n", "413", func(c net.Conn) { _, _ = io.CopyN(c, zeros{}, 10<<20) }},
		{"10 MB in chunks", "Transfer-Encoding: chunked\r\n", "413", chunks},
		{"gzip", fmt.Sprintf("Content-Encoding: gzip\r\nContent-Length: %d\r\n", bomb.Len()), "415", func(c net.Conn) { _, _ = c.Write(bomb.Bytes()) }},
		{"gzip and identity", fmt.Sprintf("Content-Encoding: gzip, identity\r\nContent-Length: %d\r\n", bomb.Len()), "415", func(c net.Conn) { _, _ = c.Write(bomb.Bytes()) }},
	} {
		got := race(times, func() string { return r.raw(c.header, c.write) })
		for _, status := range got {
			if status != r.says(c.want) {
				r.Fatalf("%s: %v, want %s", c.name, got, c.want)
			}
		}
	}
	if got := <-slow; got != r.says("408") {
		r.Errorf("one byte a second: %s", got)
	}
	r.stays(change, verify.Challenged)
	most, runs := heapOf(heap.String())
	r.Logf("the heap had at most %d MB, in %d runs of the collector", most, runs)
	if most > 64 || runs == 0 {
		r.Errorf("the heap had %d MB in %d runs of the collector, want it bounded", most, runs)
	}
}

// heapOf reads the collector's lines ("gc 7 @0.5s 1%: …, 4->5->2 MB, …"): the largest heap at the beginning or the end
// of a run, in MB.
func heapOf(trace string) (most, runs int) {
	for _, m := range regexp.MustCompile(`(\d+)->(\d+)->\d+ MB`).FindAllStringSubmatch(trace, -1) {
		runs++
		for _, s := range m[1:] {
			if n, err := strconv.Atoi(s); err == nil {
				most = max(most, n)
			}
		}
	}
	return most, runs
}

// chunks sends 10 MB in pieces of 64 KiB, without a word of how much it will be.
func chunks(c net.Conn) {
	piece := fmt.Sprintf("10000\r\n%s\r\n", bytes.Repeat([]byte(" "), 64<<10))
	for range 160 {
		if _, err := io.WriteString(c, piece); err != nil {
			return
		}
	}
	_, _ = io.WriteString(c, "0\r\n\r\n")
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// drip writes a byte a second until the other side has enough.
func drip(c net.Conn) {
	for range 30 {
		if _, err := c.Write([]byte(" ")); err != nil {
			return
		}
		time.Sleep(time.Second)
	}
}

// raw posts to the source's path with these headers, lets write send the body, and gives the status of the answer.
func (r *row) raw(header string, write func(net.Conn)) string {
	c, err := net.Dial("tcp", strings.TrimPrefix(strings.Replace(r.url, "localhost", "127.0.0.1", 1), "http://"))
	if err != nil {
		return err.Error()
	}
	defer func() { _ = c.Close() }()
	_ = c.SetDeadline(time.Now().Add(2 * patience))
	fmt.Fprintf(c, "POST /v1/events/shop HTTP/1.1\r\nHost: x\r\n%s\r\n", header)
	go write(c)
	line := make([]byte, len("HTTP/1.1 200"))
	if _, err := io.ReadFull(c, line); err != nil {
		return err.Error()
	}
	return string(line[len(line)-3:])
}
