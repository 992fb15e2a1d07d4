package mail

import (
	"bytes"
	"context"
	"strings"
	"sync"
	"time"

	"github.com/emersion/go-msgauth/dkim"
	"golang.org/x/net/idna"
	"golang.org/x/net/publicsuffix"
)

// Limits of a sender's proof.
const (
	maxSignatures = 5
	proofTime     = 5 * time.Second
)

// Judge says whether a mail's From is proven. The zero value believes nobody.
//
// Source: mail-and-routing.md 1.5.
type Judge struct {
	// TXT asks the DNS for a name's text records. nil = no signature is looked at.
	TXT func(ctx context.Context, name string) ([]string, error)
	// Authserv is whose Authentication-Results are believed: our own mail server's, which takes foreign ones with that
	// name away. "" = nobody's.
	Authserv string
}

// proven reports whether the domain of the mail's one From address vouches for the mail. Two of a header that people
// see, or a header that does not end, prove nothing whatever a signature says.
func (j Judge) proven(ctx context.Context, l letter, raw []byte) bool {
	domain := domainOf(l.from)
	if domain == "" || l.endless || len(l.head["From"]) != 1 {
		return false
	}
	for _, name := range []string{"Reply-To", "Message-Id", "Date"} {
		if len(l.head[name]) > 1 {
			return false
		}
	}
	return j.vouched(l.head["Authentication-Results"], domain) || j.signed(ctx, raw, domain)
}

// domainOf gives an address's domain as the DNS knows it; "" = none.
func domainOf(address string) string {
	at := strings.LastIndexByte(address, '@')
	if at < 0 {
		return ""
	}
	domain, err := idna.Lookup.ToASCII(address[at+1:])
	if err != nil {
		return ""
	}
	return strings.ToLower(domain)
}

// signed reports whether a valid DKIM signature of the domain, or of a parent that is nobody's registry, is there.
func (j Judge) signed(ctx context.Context, raw []byte, domain string) bool {
	if j.TXT == nil {
		return false
	}
	ctx, cancel := context.WithTimeout(ctx, proofTime)
	defer cancel()
	k := &keys{ask: func(name string) ([]string, error) { return j.TXT(ctx, name) }, strict: map[string]bool{}}
	// With more signatures than that the first ones count, and there is an error that says no more.
	found, _ := dkim.VerifyWithOptions(bytes.NewReader(raw), &dkim.VerifyOptions{LookupTXT: k.look, MaxVerifications: maxSignatures})
	for _, v := range found {
		if v.Err == nil && aligned(strings.ToLower(v.Domain), domain) && k.allows(v) {
			return true
		}
	}
	return false
}

// keys looks up what the library leaves out of a key record: its flags (RFC 6376 §3.6.1).
type keys struct {
	ask    func(name string) ([]string, error)
	mu     sync.Mutex
	strict map[string]bool
}

// look gives the key's records, but none of one that is being tested: such a signature is as good as none.
func (k *keys) look(name string) ([]string, error) {
	txt, err := k.ask(name)
	if err != nil || len(txt) != 1 {
		return txt, err
	}
	for tag := range strings.SplitSeq(txt[0], ";") {
		key, value, _ := strings.Cut(tag, "=")
		if strings.TrimSpace(key) != "t" {
			continue
		}
		for flag := range strings.SplitSeq(value, ":") {
			switch strings.TrimSpace(flag) {
			case "y":
				return nil, nil
			case "s":
				_, domain, _ := strings.Cut(name, "._domainkey.")
				k.mu.Lock()
				k.strict[domain] = true
				k.mu.Unlock()
			}
		}
	}
	return txt, nil
}

// allows reports whether a key that signs for its own domain only did so.
func (k *keys) allows(v *dkim.Verification) bool {
	return !k.strict[v.Domain] || strings.HasSuffix(v.Identifier, "@"+v.Domain)
}

// aligned reports whether who signed may speak for the domain.
func aligned(signer, domain string) bool {
	if signer == domain {
		return true
	}
	suffix, _ := publicsuffix.PublicSuffix(signer)
	return signer != "" && signer != suffix && strings.HasSuffix(domain, "."+signer)
}

// vouched reports whether our mail server says that the domain passed DMARC. Only the topmost header counts, and
// whatever is not as plain as can be counts as no: readers that split at the wrong place have believed forged ones.
func (j Judge) vouched(headers []string, domain string) bool {
	if j.Authserv == "" || len(headers) == 0 {
		return false
	}
	plain, ok := withoutComments(headers[0])
	if !ok {
		return false
	}
	results := strings.Split(plain, ";")
	who := strings.Fields(results[0])
	if len(who) == 0 || len(who) > 2 || !strings.EqualFold(who[0], j.Authserv) || len(who) == 2 && who[1] != "1" {
		return false
	}
	passed, seen := false, 0
	for _, r := range results[1:] {
		words := strings.Fields(r)
		if len(words) == 0 {
			return false
		}
		if len(words) == 1 && strings.EqualFold(words[0], "none") {
			continue
		}
		dmarc, pass, ok := dmarcResult(words, domain)
		if !ok {
			return false
		}
		if dmarc {
			seen, passed = seen+1, pass
		}
	}
	return seen == 1 && passed
}

// dmarcResult reads one result; ok false = it is not plain.
func dmarcResult(words []string, domain string) (dmarc, pass, ok bool) {
	froms, same := 0, false
	for i, w := range words {
		key, value, has := strings.Cut(w, "=")
		if !has || key == "" || value == "" || strings.Contains(value, "=") && i == 0 {
			return false, false, false
		}
		switch key = strings.ToLower(key); {
		case i == 0:
			method, _, _ := strings.Cut(key, "/")
			dmarc, pass = method == "dmarc", strings.EqualFold(value, "pass")
		case key == "header.from":
			froms, same = froms+1, strings.EqualFold(value, domain)
		}
	}
	return dmarc, pass && froms == 1 && same, true
}

// withoutComments takes (comments) away. ok false: quotes, backslashes, nesting, or characters that have no place there.
func withoutComments(s string) (plain string, ok bool) {
	var b strings.Builder
	inside := false
	for _, r := range s {
		switch {
		case r == '"' || r == '\\' || r > 126 || r < ' ' && r != '\t':
			return "", false
		case r == '(':
			if inside {
				return "", false
			}
			inside = true
			b.WriteByte(' ')
		case r == ')':
			if !inside {
				return "", false
			}
			inside = false
		case !inside:
			b.WriteRune(r)
		}
	}
	return b.String(), !inside
}
