package main

import (
	"bytes"
	"encoding/base64"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"github.com/postern-chat/postern/gateway"
)

// look opens the page of a mail.
func (n *node) look(t *testing.T, cookie *http.Cookie, message gateway.ID) (int, string, http.Header) {
	t.Helper()
	return n.read(t, "/v1/mails/"+string(message), signed(cookie))
}

// The staff of a mailbox may look at a mail in its own form, on a page that can do nothing; nobody else may. A damaged
// mail is there with a warning.
func TestOriginalOfAMail(t *testing.T) {
	eachDatabase(t, func(t *testing.T, c Config) {
		c.Mail.LMTP = "unix:" + filepath.Join(t.TempDir(), "lmtp")
		n := startNode(t, c)
		l := lmtpClient{t, n.lmtp}
		png := append([]byte("\x89PNG\r\n\x1a\n"), bytes.Repeat([]byte{1}, 40)...)
		raw := "From: Vic <vic@example-mail.com>\nTo: support@shop.test\nSubject: Broken & <b>\nMessage-ID: <o@example-mail.com>\nMIME-Version: 1.0\n" +
			"Content-Type: multipart/related; boundary=B\n\n--B\nContent-Type: text/html\n\n<p>See <img src=\"cid:pic@x\" alt=\"it\"><img src=\"https://evil.test/x\" alt=\"no\"><script>alert(1)</script></p>\n" +
			"--B\nContent-Type: image/png\nContent-ID: <pic@x>\nContent-Transfer-Encoding: base64\n\n" + base64.StdEncoding.EncodeToString(png) + "\n--B--\n"
		if got := l.hands("support@shop.test", raw); got != 250 {
			t.Fatal(got)
		}
		m := n.said(t, n.tickets(t)[0].ID)[0]
		mia, _ := n.signIn(t, n.agents[0].Email, password)
		code, page, h := n.look(t, mia, m.ID)
		if code != 200 || !strings.Contains(page, "data:image/png;base64,"+base64.StdEncoding.EncodeToString(png)) ||
			strings.Contains(page, "<script") || strings.Contains(page, "evil.test") || !strings.Contains(page, "Subject: Broken &amp; &lt;b&gt;") {
			t.Errorf("%d %s", code, page)
		}
		if csp := h.Get("Content-Security-Policy"); !strings.Contains(csp, "default-src 'none'") || !strings.Contains(csp, "sandbox") || strings.Contains(csp, "allow-scripts") ||
			strings.Contains(csp, "allow-same-origin") || h.Get("Cache-Control") != "private, no-store" {
			t.Errorf("%v", h)
		}
		for who, cookie := range map[string]*http.Cookie{"who is no member": n.desk(t, "eve", gateway.RoleAgent).cookie, "nobody": nil} {
			if code, page, _ := n.look(t, cookie, m.ID); code != map[bool]int{true: 401, false: 404}[cookie == nil] || strings.Contains(page, "See") {
				t.Errorf("%s: %d %s", who, code, page)
			}
		}
		if code, _, _ := n.look(t, mia, "ms_01ARZ3NDEKTSV4RRFFQ69G5FAV"); code != 404 {
			t.Errorf("a message that is no mail: %d", code)
		}
		damaged := "From: vic@example-mail.com\nTo: support@shop.test\nSubject: Damaged\nContent-Type: multipart/mixed; boundary=b\n\n" +
			strings.Repeat("--b\nContent-Type: text/plain\n\nx\n", 10_000)
		if got := l.hands("support@shop.test", damaged); got != 250 {
			t.Fatal(got)
		}
		for _, cv := range n.tickets(t) {
			if cv.Subject != "Damaged" {
				continue
			}
			m := n.said(t, cv.ID)[0]
			code, page, _ := n.look(t, mia, m.ID)
			if len(m.Warnings) != 1 || m.Warnings[0] != "too_deep" || code != 200 || !strings.Contains(page, "Subject: Damaged") {
				t.Errorf("%q %d %s", m.Warnings, code, page)
			}
		}
	})
}
