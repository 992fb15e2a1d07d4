package mail

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"strings"
	"testing"

	"github.com/emersion/go-msgauth/dkim"

	"github.com/postern-chat/postern/gateway"
)

// signer signs mails of a domain.
type signer struct {
	key    crypto.Signer
	domain string
	record string
}

func newSigner(t *testing.T, domain, flags string) signer {
	t.Helper()
	public, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return signer{key, domain, "v=DKIM1; k=ed25519; " + flags + "p=" + base64.StdEncoding.EncodeToString(public)}
}

func (s signer) sign(t *testing.T, raw []byte, change func(*dkim.SignOptions)) []byte {
	t.Helper()
	o := &dkim.SignOptions{
		Domain: s.domain, Selector: "k", Signer: s.key, Hash: crypto.SHA256,
		HeaderCanonicalization: dkim.CanonicalizationRelaxed, BodyCanonicalization: dkim.CanonicalizationRelaxed,
		HeaderKeys: []string{"From", "To", "Subject", "Date"},
	}
	if change != nil {
		change(o)
	}
	var out bytes.Buffer
	if err := dkim.Sign(&out, bytes.NewReader(raw), o); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// zone is the DNS of a test.
func zone(signers ...signer) func(context.Context, string) ([]string, error) {
	return func(_ context.Context, name string) ([]string, error) {
		for _, s := range signers {
			if name == "k._domainkey."+s.domain {
				return []string{s.record}, nil
			}
		}
		return nil, errors.New("no such name")
	}
}

func instead(mail []byte, old, with string) []byte {
	return []byte(strings.Replace(string(mail), old, with, 1))
}

// TestSignedSender: the domain of the one From address is proven by a whole signature of that domain or of a parent that
// is no registry, and by nothing else.
func TestSignedSender(t *testing.T) {
	shop, parent, registry, evil := newSigner(t, "shop.example", ""), newSigner(t, "example.com", ""), newSigner(t, "co.uk", ""), newSigner(t, "evil.test", "")
	testing1, own := newSigner(t, "test.example", "t=y; "), newSigner(t, "own.example", "t=s; ")
	dns := zone(shop, parent, registry, evil, testing1, own)
	plain := letterOf("From: Vic <vic@shop.example>\nTo: help@chat.example\nSubject: Hi\nMessage-ID: <1@shop.example>\nReply-To: vic@shop.example", "Please.\n")
	of := func(from string) []byte { return instead(plain, "vic@shop.example>", from+">") }
	good := shop.sign(t, plain, nil)
	for _, c := range []struct {
		name string
		raw  []byte
		want bool
	}{
		{"signed by its domain", good, true},
		{"unsigned", plain, false},
		{"signed by a parent", parent.sign(t, of("vic@mail.example.com"), nil), true},
		{"signed by a child", newSigner(t, "mail.shop.example", "").sign(t, plain, nil), false},
		{"signed by a registry", registry.sign(t, of("vic@shop.co.uk"), nil), false},
		{"signed by somebody else", evil.sign(t, plain, nil), false},
		{"a domain that ends alike", newSigner(t, "hop.example", "").sign(t, plain, nil), false},
		{"changed body", instead(good, "Please.", "Pleese."), false},
		{"changed From", instead(good, "vic@shop.example>", "eve@shop.example>"), false},
		{"a key that is being tested", testing1.sign(t, of("vic@test.example"), nil), false},
		{"a key for its own domain", own.sign(t, of("vic@own.example"), nil), true},
		{"a key for its own domain, for a child", own.sign(t, of("vic@own.example"), func(o *dkim.SignOptions) { o.Identifier = "@mail.own.example" }), false},
		{"many signatures before it", append(bytes.Repeat([]byte("DKIM-Signature: v=1\r\n"), maxSignatures), good...), false},
		{"second From above", append([]byte("From: eve@evil.test\r\n"), good...), false},
		{"second From below", instead(good, "\r\n\r\n", "\r\nFrom: eve@evil.test\r\n\r\n"), false},
		{"second From, spelled otherwise", append([]byte("fRoM : eve@evil.test\r\n"), good...), false},
		{"second Reply-To above", append([]byte("Reply-To: eve@evil.test\r\n"), good...), false},
		{"second Reply-To below", instead(good, "\r\n\r\n", "\r\nReply-To: eve@evil.test\r\n\r\n"), false},
		{"second Message-ID above", append([]byte("Message-ID: <2@x>\r\n"), good...), false},
		{"second Message-ID below", instead(good, "\r\n\r\n", "\r\nMessage-ID: <2@x>\r\n\r\n"), false},
		{"second Date above", append([]byte("Date: Mon, 02 Mar 2026 12:00:00 +0000\r\n"), good...), false},
		{"second Date below", instead(good, "\r\n\r\n", "\r\nDate: Mon, 02 Mar 2026 12:00:00 +0000\r\n\r\n"), false},
		{"two addresses in From", shop.sign(t, instead(plain, "<vic@shop.example>", "<vic@shop.example>, eve@evil.test"), nil), false},
		{"the address in the name only", evil.sign(t, instead(plain, "Vic <vic@shop.example>", "\"vic@shop.example\" <eve@evil.test>"), nil), true},
		{"a header without end", append(bytes.TrimSuffix(good, []byte("\r\n\r\nPlease.\r\n")), []byte("\r\nX: "+strings.Repeat("x", maxHead)+"\r\n\r\nhi")...), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := read(c.raw)
			if got := (Judge{TXT: dns}).proven(t.Context(), l, c.raw); got != c.want {
				t.Errorf("%v, from %q", got, l.from)
			}
			if (Judge{}).proven(t.Context(), l, c.raw) {
				t.Error("who believes nobody believes it")
			}
		})
	}
}

// TestWeakSignatures: what no verifier may take any more.
func TestWeakSignatures(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	s := signer{key, "shop.example", "v=DKIM1; p=" + base64.StdEncoding.EncodeToString(der)}
	raw := s.sign(t, letterOf("From: vic@shop.example\nTo: x@y.test\nSubject: Hi", "Hi\n"), nil)
	j := Judge{TXT: zone(s)}
	if !j.proven(t.Context(), read(raw), raw) {
		t.Fatal("a plain RSA signature proves nothing")
	}
	for _, c := range [][2]string{{"a=rsa-sha256", "a=rsa-sha1"}, {"v=1;", "v=1; l=2;"}, {"v=1;", "v=1; x=1000000000;"}} {
		if bad := instead(raw, c[0], c[1]); j.proven(t.Context(), read(bad), bad) {
			t.Errorf("%s is believed", c[1])
		}
	}
	unsigned := s.sign(t, letterOf("From: vic@shop.example\nTo: x@y.test\nSubject: Hi", "Hi\n"), nil)
	unsigned = instead(unsigned, "h=From:", "h=")
	if j.proven(t.Context(), read(unsigned), unsigned) {
		t.Error("a signature without From is believed")
	}
}

// TestResultsOfOurMailServer: one plain result in the topmost header of our own server's name.
func TestResultsOfOurMailServer(t *testing.T) {
	const good = "mx.chat.example; dkim=pass header.d=shop.example; dmarc=pass (p=reject dis=none) header.from=shop.example"
	for _, c := range []struct {
		name, results string
		want          bool
	}{
		{"passed", good, true},
		{"with a version", strings.Replace(good, "example;", "example 1;", 1), true},
		{"folded", strings.ReplaceAll(good, "; ", ";\r\n\t"), true},
		{"upper case", strings.ToUpper(good), true},
		{"failed", strings.Replace(good, "dmarc=pass", "dmarc=fail", 1), false},
		{"no dmarc result", "mx.chat.example; dkim=pass header.d=shop.example", false},
		{"none", "mx.chat.example; none", false},
		{"two results", good + "; dmarc=pass header.from=shop.example", false},
		{"a failed one and a passed one", good + "; dmarc=fail header.from=shop.example", false},
		{"another domain", strings.Replace(good, "from=shop.example", "from=evil.test", 1), false},
		{"a parent domain", strings.Replace(good, "from=shop.example", "from=example", 1), false},
		{"no domain", strings.Replace(good, " header.from=shop.example", "", 1), false},
		{"two domains", good + " header.from=shop.example", false},
		{"empty authserv-id", strings.Replace(good, "mx.chat.example", "", 1), false},
		{"foreign authserv-id", strings.Replace(good, "mx.chat.example", "mx.evil.test", 1), false},
		{"authserv-id that begins alike", strings.Replace(good, "mx.chat.example", "mx.chat.example.evil.test", 1), false},
		{"another version", strings.Replace(good, "example;", "example 2;", 1), false},
		{"nested comment", strings.Replace(good, "(p=reject", "(p=(reject)", 1), false},
		{"comment without end", strings.Replace(good, ")", "", 1), false},
		{"comment without beginning", strings.Replace(good, "(", "", 1), false},
		{"result in a comment", "mx.chat.example; spf=fail (; dmarc=pass header.from=shop.example)", false},
		{"quoted semicolon", `mx.chat.example; spf=fail smtp.mailfrom="a; dmarc=pass header.from=shop.example"`, false},
		{"backslash", strings.Replace(good, "dis=none", `dis=\)none`, 1), false},
		{"empty result", strings.Replace(good, "; dkim", ";; dkim", 1), false},
		{"result without value", strings.Replace(good, "dkim=pass", "dkim=", 1), false},
		{"word that is no result", strings.Replace(good, "; dkim", "; hello dkim", 1), false},
		{"blank around the sign", strings.Replace(good, "dmarc=pass", "dmarc = pass", 1), false},
		{"letters that look alike", strings.Replace(good, "header.from=shop", "header.from=ѕhop", 1), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			raw := letterOf("Authentication-Results: "+c.results+"\nFrom: vic@shop.example", "hi")
			j := Judge{Authserv: "mx.chat.example"}
			if got := j.proven(t.Context(), read(raw), raw); got != c.want {
				t.Error(got)
			}
			if (Judge{}).proven(t.Context(), read(raw), raw) {
				t.Error("believed without a configured name")
			}
		})
	}
	lower := letterOf("Authentication-Results: mx.other.test; none\nAuthentication-Results: "+good+"\nFrom: vic@shop.example", "hi")
	if (Judge{Authserv: "mx.chat.example"}).proven(t.Context(), read(lower), lower) {
		t.Error("a header that is not the topmost is believed")
	}
}

// TestWhoIsSame: in a ticket the sender is known if he is proven and the ticket's address is his. A token, a Reply-To or a
// name make nobody that.
func TestWhoIsSame(t *testing.T) {
	shop, evil := newSigner(t, "shop.example", ""), newSigner(t, "evil.test", "")
	to := "help+" + composer().Tokens.Make('t', string(cvID), vic) + "@chat.example"
	head := func(from string) []byte { return letterOf("From: "+from+"\nTo: "+to+"\nSubject: Re: Hi", "ok\n") }
	for _, c := range []struct {
		name string
		raw  []byte
		same bool
	}{
		{"the ticket's address, proven", shop.sign(t, head(vic), nil), true},
		{"the same in upper case", shop.sign(t, head(strings.ToUpper(vic)), nil), true},
		{"the ticket's address, unsigned", head(vic), false},
		{"another proven sender with the ticket's token", evil.sign(t, head("eve@evil.test"), nil), false},
		{"another of the same domain", shop.sign(t, head("eve@shop.example"), nil), false},
		{"Reply-To names the ticket's address", evil.sign(t, instead(head("eve@evil.test"), "Subject", "Reply-To: "+vic+"\r\nSubject"), nil), false},
		{"the ticket's address, by a program", shop.sign(t, instead(head(vic), "Subject", "Auto-Submitted: auto-replied\r\nSubject"), nil), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			b, i, _ := door(t)
			i.Sender = Judge{TXT: zone(shop, evil)}
			if _, _, err := i.Take(t.Context(), gateway.Mailbox{ID: "mb_1"}, Envelope{Recipient: to}, c.raw, noon); err != nil {
				t.Fatal(err)
			}
			in := b.in[0]
			if in.Conversation != cvID || in.Verified != c.same {
				t.Errorf("in %s, verified %v", in.Conversation, in.Verified)
			}
			if in.Message.Unproven == c.same && !strings.Contains(c.name, "program") {
				t.Errorf("shown as unverified: %v", in.Message.Unproven)
			}
		})
	}
}

// FuzzVouched holds the reader of results against its one promise: what it believes says so in plain words.
func FuzzVouched(f *testing.F) {
	f.Add("mx; dmarc=pass header.from=a.test")
	f.Add("mx 1; dkim=pass (x) header.d=a; dmarc=pass (p) header.from=a.test")
	f.Fuzz(func(t *testing.T, s string) {
		if (Judge{Authserv: "mx"}).vouched([]string{s}, "a.test") && !strings.Contains(strings.ToLower(s), "dmarc=pass") &&
			!strings.Contains(strings.ToLower(s), "dmarc/") {
			t.Fatalf("%q", s)
		}
	})
}
