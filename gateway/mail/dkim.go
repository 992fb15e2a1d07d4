package mail

import (
	"bytes"
	"crypto"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"strings"

	"github.com/emersion/go-msgauth/dkim"

	"github.com/postern-chat/postern/gateway"
)

// minRSA is the shortest RSA key that signs, in bits (RFC 8301 §3.2).
const minRSA = 2048

// SigningKey vouches for the mails of one domain. Its public half stands in the DNS at SELECTOR._domainkey.DOMAIN.
type SigningKey struct {
	Domain   string // lower case
	Selector string
	Signer   crypto.Signer
}

// NewSigningKey reads a private key in PEM: PKCS#8, or PKCS#1 for RSA. Errors never hold the key.
func NewSigningKey(domain, selector string, text []byte) (SigningKey, error) {
	k := SigningKey{Domain: domainOf("x@" + domain), Selector: selector}
	if k.Domain == "" || selector == "" || domainOf("x@"+selector+".example") == "" {
		return k, errors.New("domain and selector must be names of the DNS")
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return k, errors.New("must be a PEM file with a private key")
	}
	var parsed any
	var err error
	if block.Type == "RSA PRIVATE KEY" {
		parsed, err = x509.ParsePKCS1PrivateKey(block.Bytes)
	} else {
		parsed, err = x509.ParsePKCS8PrivateKey(block.Bytes)
	}
	if err != nil {
		return k, errors.New("must be a private key in PKCS#8 or PKCS#1")
	}
	switch key := parsed.(type) {
	case *rsa.PrivateKey:
		if key.N.BitLen() < minRSA {
			return k, errors.New("an RSA key must have at least 2048 bits")
		}
		k.Signer = key
	case ed25519.PrivateKey:
		k.Signer = key
	default:
		return k, errors.New("must be an RSA or Ed25519 key")
	}
	return k, nil
}

// Name is where the DNS holds the public half.
func (k SigningKey) Name() string { return k.Selector + "._domainkey." + k.Domain }

// Record is what the DNS should hold there. Source: RFC 6376 §3.6.1, RFC 8463 §4.
func (k SigningKey) Record() string {
	if public, is := k.Signer.Public().(ed25519.PublicKey); is {
		return "v=DKIM1; k=ed25519; p=" + base64.StdEncoding.EncodeToString(public)
	}
	der, err := x509.MarshalPKIXPublicKey(k.Signer.Public())
	if err != nil {
		return ""
	}
	return "v=DKIM1; k=rsa; p=" + base64.StdEncoding.EncodeToString(der)
}

// Published reports whether a text record of the DNS holds this key.
func (k SigningKey) Published(record string) bool {
	_, want, _ := strings.Cut(k.Record(), "p=")
	for tag := range strings.SplitSeq(record, ";") {
		if name, value, _ := strings.Cut(tag, "="); strings.TrimSpace(name) == "p" {
			return strings.Join(strings.Fields(value), "") == want
		}
	}
	return false
}

// Signatures sign the mails of the domains that have keys. Without keys nothing is signed.
type Signatures []SigningKey

// Sign puts a signature of each of the domain's keys above a mail from that domain; a domain without keys of its own is
// signed for by a parent that has some, which vouches as well (aligned). Errors: internal.
func (s Signatures) Sign(from string, raw []byte) ([]byte, error) {
	for domain := domainOf(from); domain != ""; _, domain, _ = strings.Cut(domain, ".") {
		signed := false
		for _, k := range s {
			if k.Domain != domain {
				continue
			}
			out, err := k.sign(raw)
			if err != nil {
				return nil, gateway.Internal("sign a mail", err)
			}
			raw, signed = out, true
		}
		if signed {
			break
		}
	}
	return raw, nil
}

// signedFields are the fields that a signature covers. What stands there twice is covered once more than it is there, so
// that nobody can add a second one which people would see (RFC 6376 §8.15).
func signedFields() []string {
	return []string{
		"From", "From", "Reply-To", "Reply-To", "Subject", "Subject", "Date", "Date", "Message-ID", "Message-ID", "To", "To", "Cc", "Sender",
		"In-Reply-To", "References", "MIME-Version", "Content-Type", "Content-Type", "Content-Transfer-Encoding", "Auto-Submitted",
	}
}

func (k SigningKey) sign(raw []byte) ([]byte, error) {
	var out bytes.Buffer
	err := dkim.Sign(&out, bytes.NewReader(raw), &dkim.SignOptions{
		Domain: k.Domain, Selector: k.Selector, Signer: k.Signer, Hash: crypto.SHA256, HeaderKeys: signedFields(),
		HeaderCanonicalization: dkim.CanonicalizationRelaxed, BodyCanonicalization: dkim.CanonicalizationRelaxed,
	})
	return out.Bytes(), err
}
