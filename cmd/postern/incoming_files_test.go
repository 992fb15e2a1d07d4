package main

import (
	"bytes"
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"github.com/emersion/go-msgauth/dkim"

	"github.com/postern-chat/postern/gateway"
	"github.com/postern-chat/postern/gateway/gatewaytest/server"
	"github.com/postern-chat/postern/gateway/mail"
)

// signedBy makes mails of example-mail.com that are signed, and the DNS that has the key.
func signedBy(t *testing.T) (sign func(raw string) string, resolver string) {
	t.Helper()
	public, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	resolver = server.NewZone(t, map[string]string{
		"k._domainkey.example-mail.com": "v=DKIM1; k=ed25519; p=" + base64.StdEncoding.EncodeToString(public),
	})
	return func(raw string) string {
		var out bytes.Buffer
		err := dkim.Sign(&out, strings.NewReader(strings.ReplaceAll(raw, "\n", "\r\n")), &dkim.SignOptions{
			Domain: "example-mail.com", Selector: "k", Signer: key, Hash: crypto.SHA256,
			HeaderCanonicalization: dkim.CanonicalizationRelaxed, BodyCanonicalization: dkim.CanonicalizationRelaxed,
		})
		if err != nil {
			t.Fatal(err)
		}
		return strings.ReplaceAll(out.String(), "\r\n", "\n")
	}, resolver
}

// Who writes from the ticket's address with a signature of its domain is shown as known; the same words without it, or
// from elsewhere with the ticket's own token, are kept and shown as unverified, and move nothing.
func TestSenderOfAMail(t *testing.T) {
	eachDatabase(t, func(t *testing.T, c Config) {
		sign, resolver := signedBy(t)
		c.Mail.LMTP, c.Mail.Resolver = "unix:"+filepath.Join(t.TempDir(), "lmtp"), resolver
		n := startNode(t, c)
		l := lmtpClient{t, n.lmtp}
		write := func(n int, from, to string) string {
			return fmt.Sprintf("From: %s\nTo: %s\nSubject: My parcel\nDate: Mon, 02 Mar 2026 12:00:00 +0000\nMessage-ID: <w%d@example-mail.com>\n\nWords %d.\n", from, to, n, n)
		}
		if got := l.hands("support@shop.test", sign(write(1, "vic@example-mail.com", "support@shop.test"))); got != 250 {
			t.Fatal(got)
		}
		cv := n.tickets(t)[0]
		to := "support+" + mail.Tokens{Key: n.secret}.Make('t', string(cv.ID), "vic@example-mail.com") + "@shop.test"
		answer := gateway.Append{
			Topic: string(cv.ID), Conversation: cv.ID, Actor: gateway.Actor{Role: gateway.RoleAgent, ID: n.agents[0].ID}, Counts: true,
			Payload: gateway.MessageCreated{Message: gateway.Message{ID: id(t, gateway.PrefixMessage), Text: "Which one?"}}, ID: id(t, "ev_"), At: cv.LastMessageAt,
		}
		if _, err := n.Service.Store.Append(t.Context(), answer); err != nil {
			t.Fatal(err)
		}
		for i, c := range []struct {
			raw      string
			unproven bool
			status   gateway.Status
		}{
			{write(2, "vic@example-mail.com", to), true, gateway.Waiting},
			{write(3, "eve@evil.test", to), true, gateway.Waiting},
			{sign(write(4, "eve@example-mail.com", to)), true, gateway.Waiting},
			{sign(write(5, "vic@example-mail.com", to)), false, gateway.Open},
		} {
			if got := l.hands(to, c.raw); got != 250 {
				t.Fatal(got)
			}
			said := n.said(t, cv.ID)
			row, err := n.Service.Store.Conversation(t.Context(), cv.ID)
			if err != nil {
				t.Fatal(err)
			}
			if m := said[len(said)-1]; len(said) != i+3 || m.Unproven != c.unproven || row.Status != c.status || row.Claimed.Email != "vic@example-mail.com" || row.Visitor != "" {
				t.Errorf("mail %d: %d messages, unverified %v, %s, %+v", i+2, len(said), m.Unproven, row.Status, row.Claimed)
			}
		}
		if n.said(t, cv.ID)[0].Unproven {
			t.Error("the first, signed mail is shown as unverified")
		}
	})
}

// What a mail carries is stored as files under the rules of uploads: the content decides the type, programs and pages stay
// in the original, a text loses its secrets, and only members of the mailbox may have it.
func TestFilesOfAMail(t *testing.T) {
	eachDatabase(t, func(t *testing.T, c Config) {
		c.Mail.LMTP = "unix:" + filepath.Join(t.TempDir(), "lmtp")
		n := startNode(t, c)
		png := append([]byte("\x89PNG\r\n\x1a\n"), bytes.Repeat([]byte("pixels"), gateway.PartSize/4)...)
		part := func(header string, data []byte) string {
			return "--B\n" + header + "\nContent-Transfer-Encoding: base64\n\n" + wrapped(base64.StdEncoding.EncodeToString(data)) + "\n"
		}
		raw := "From: vic@example-mail.com\nTo: support@shop.test\nSubject: Broken\nMessage-ID: <f@example-mail.com>\nMIME-Version: 1.0\n" +
			"Content-Type: multipart/mixed; boundary=B\n\n--B\nContent-Type: text/plain\n\nSee the picture.\n" +
			part(`Content-Type: image/png; name="../../pic.png"`+"\nContent-Disposition: inline; filename=\"../../pic.png\"\nContent-ID: <pic@x>", png) +
			part("Content-Type: text/plain\nContent-Disposition: attachment; filename=har.log", []byte("Cookie: sid=abcdefghijklmnop1234567890\n")) +
			part("Content-Type: image/png\nContent-Disposition: attachment; filename=evil.png", []byte("<html><script>alert(1)</script></html>")) +
			part("Content-Type: application/pdf\nContent-Disposition: attachment; filename=setup.pdf", []byte("MZ\x90\x00\x03\x00\x00\x00")) + "--B--\n"
		if got := (lmtpClient{t, n.lmtp}).hands("support@shop.test", raw); got != 250 {
			t.Fatal(got)
		}
		m := n.said(t, n.tickets(t)[0].ID)[0]
		if len(m.Files) != 2 || m.Files[0].Name != "pic.png" || m.Files[0].Type != "image/png" || m.Files[1].Name != "har.log" || m.Files[1].Scrubbed != 1 {
			t.Fatalf("%+v", m.Files)
		}
		mia, _ := n.signIn(t, n.agents[0].Email, password)
		get := func(cookie *http.Cookie, id gateway.ID) (int, string, http.Header) {
			return n.read(t, "/v1/files/"+string(id), signed(cookie))
		}
		if code, b, h := get(mia, m.Files[0].ID); code != 200 || b != string(png) || h.Get("Content-Security-Policy") != "default-src 'none'; sandbox" {
			t.Errorf("picture: %d, %d of %d bytes, %v", code, len(b), len(png), h)
		}
		if code, b, h := get(mia, m.Files[1].ID); code != 200 || strings.Contains(b, "abcdefghijklmnop") || !strings.HasPrefix(h.Get("Content-Disposition"), "attachment") {
			t.Errorf("text: %d %q %v", code, b, h)
		}
		if code, _, _ := get(n.desk(t, "eve", gateway.RoleAgent).cookie, m.Files[0].ID); code != 404 {
			t.Errorf("who is no member: %d", code)
		}
		if code, _, _ := get(nil, m.Files[0].ID); code != 401 {
			t.Errorf("nobody: %d", code)
		}
	})
}

// wrapped breaks base64 into lines.
func wrapped(s string) string {
	var b strings.Builder
	for ; len(s) > 76; s = s[76:] {
		b.WriteString(s[:76] + "\n")
	}
	return b.String() + s
}
