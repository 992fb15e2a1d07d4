package mail

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"net"
	"strings"
	"testing"

	"github.com/postern-chat/postern/gateway"
	"github.com/postern-chat/postern/gateway/gatewaytest/server"
)

// pemOf writes a private key as a deploy file holds it.
func pemOf(t *testing.T, key any) []byte {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
}

func rsaKey(t *testing.T, bits int) *rsa.PrivateKey {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func signingKey(t *testing.T, domain, selector string, key any) SigningKey {
	t.Helper()
	k, err := NewSigningKey(domain, selector, pemOf(t, key))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// TestSignedMail: what we compose and sign is proven to our own judge, who asks a name server; what was added to it on
// the way is not.
func TestSignedMail(t *testing.T) {
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	keys := Signatures{signingKey(t, "Shop.Example", "r1", rsaKey(t, minRSA)), signingKey(t, "shop.example", "e1", ed), signingKey(t, "other.example", "o1", ed)}
	txt := map[string]string{}
	for _, k := range keys {
		txt[k.Name()] = k.Record()
	}
	dns := server.NewZone(t, txt)
	resolver := &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, network, dns)
	}}
	j := Judge{TXT: resolver.LookupTXT}
	c := composer()
	c.Sign = keys
	mb := gateway.Mailbox{Name: "Shop", Address: "support@shop.example"}
	m, err := c.Compose(gateway.Writing{Conversation: ticket(), Mailbox: mb, Author: "Mia", Message: gateway.Message{ID: msID, Text: "Hello.\n.\nA dot.  "}, At: noon})
	if err != nil {
		t.Fatal(err)
	}
	if n := bytes.Count(m.Raw, []byte("DKIM-Signature:")); n != 2 {
		t.Fatalf("%d signatures, want one of each of the domain's keys:\n%s", n, m.Raw)
	}
	proven := func(raw []byte) bool { return j.proven(t.Context(), read(raw), raw) }
	if !proven(m.Raw) {
		t.Errorf("not proven:\n%s", m.Raw)
	}
	for name, raw := range map[string][]byte{
		"another text": bytes.Replace(m.Raw, []byte("Hello."), []byte("Hullo."), 1), "a second From": append([]byte("From: eve@evil.test\r\n"), m.Raw...),
		"a second Subject": append([]byte("Subject: Win\r\n"), m.Raw...), "a Cc": append([]byte("Cc: eve@evil.test\r\n"), m.Raw...),
		"another Reply-To": bytes.Replace(m.Raw, []byte("support+t."), []byte("sapport+t."), 1),
	} {
		if bytes.Equal(raw, m.Raw) || proven(raw) {
			t.Errorf("%s: still proven, or not changed", name)
		}
	}
	for from, n := range map[string]int{"a@shop.example": 2, "a@mail.shop.example": 2, "a@other.example": 1, "a@bishop.example": 0, "a@example": 0, "nobody": 0} {
		raw, err := keys.Sign(from, letterOf("From: "+from+"\nSubject: Hi", "Hi\n"))
		if err != nil || bytes.Count(raw, []byte("DKIM-Signature:")) != n {
			t.Errorf("%s: want %d signatures, %v\n%s", from, n, err, raw)
		}
		if n > 0 && !proven(raw) {
			t.Errorf("%s is not proven", from)
		}
	}
}

// TestSigningKeys: what can sign and what cannot; a mistake never shows the key.
func TestSigningKeys(t *testing.T) {
	long, short := rsaKey(t, minRSA), pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(rsaKey(t, 1024))})
	curve, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	old := pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(long)})
	k, err := NewSigningKey("shop.example", "p1", old)
	if err != nil || k.Name() != "p1._domainkey.shop.example" || !k.Published(k.Record()) || k.Published("v=DKIM1; p=") {
		t.Errorf("PKCS#1: %+v %v", k.Name(), err)
	}
	if spaced := strings.Replace(k.Record(), "p=MII", "p=M I\tI", 1); spaced == k.Record() || !k.Published(spaced) {
		t.Error("a record with blanks in its key")
	}
	for name, c := range map[string]struct {
		domain, selector string
		text             []byte
	}{
		"a short key": {"shop.example", "p1", short}, "a curve": {"shop.example", "p1", pemOf(t, curve)}, "no key": {"shop.example", "p1", []byte("secret")},
		"no domain": {"", "p1", old}, "no selector": {"shop.example", "", old}, "a selector that is none": {"shop.example", "p 1", old},
		"another block": {"shop.example", "p1", pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: []byte("secret")})},
	} {
		if _, err := NewSigningKey(c.domain, c.selector, c.text); err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
