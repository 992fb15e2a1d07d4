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
	"strings"
	"time"

	"github.com/postern-chat/postern/gateway"
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
	r.typed = append(r.typed, "harriet.quill@example-mail.com")
	k := r.talk("ag1")
	change, _ := k.offer(r.T)
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
	hello := r.visit(b).greeting()
	_, err := r.Service.Store.SetIdentity(r.Context(), gateway.ID(hello["visitor"].(string)),
		gateway.Identity{How: "signed", Host: "shop", Subject: "u-vic", At: r.clock.now()}, "", r.clock.now())
	if err != nil {
		r.Fatal(err)
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
	r.stays(change, verify.Challenged)
	if bytes.Equal(r.site.secret, r.site.other) {
		r.Error("the sources share a secret")
	}
}

func hugeBodies(r *row) {
	r.alone(options{})
	k := r.talk("ag1")
	change, _ := k.offer(r.T)
	slow := make(chan string, 1)
	go func() { slow <- r.raw(1000, "", func(c net.Conn) { drip(c) }) }()

	var bomb bytes.Buffer
	z := gzip.NewWriter(&bomb)
	if _, err := io.CopyN(z, zeros{}, 64<<20); err != nil {
		r.Fatal(err)
	}
	_ = z.Close()
	for _, c := range []struct{ name, got, want string }{
		{"10 MB", r.raw(10<<20, "", func(net.Conn) {}), "413"},
		{"65 KiB", r.raw(65<<10, "", func(c net.Conn) { _, _ = c.Write(bytes.Repeat([]byte(" "), 65<<10)) }), "413"},
		{"gzip", r.raw(bomb.Len(), "Content-Encoding: gzip\r\n", func(c net.Conn) { _, _ = c.Write(bomb.Bytes()) }), "415"},
		{"one byte a second", <-slow, "408"},
	} {
		if c.got != r.says(c.want) {
			r.Errorf("%s: %s, want %s", c.name, c.got, c.want)
		}
	}
	r.stays(change, verify.Challenged)
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

// raw announces a body of n bytes to the source's path, lets write send it, and gives the status of the answer.
func (r *row) raw(n int, header string, write func(net.Conn)) string {
	c, err := net.Dial("tcp", strings.TrimPrefix(strings.Replace(r.url, "localhost", "127.0.0.1", 1), "http://"))
	if err != nil {
		return err.Error()
	}
	defer func() { _ = c.Close() }()
	_ = c.SetDeadline(time.Now().Add(25 * time.Second))
	fmt.Fprintf(c, "POST /v1/events/shop HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n%s\r\n", n, header)
	go write(c)
	line := make([]byte, len("HTTP/1.1 200"))
	if _, err := io.ReadFull(c, line); err != nil {
		return err.Error()
	}
	return string(line[len(line)-3:])
}
