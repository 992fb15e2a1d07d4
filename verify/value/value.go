// Package value knows what a proper value is: NFC text, e-mail with a lower-case A-label domain, E.164
// phone numbers. The proof gate's core has no Unicode tables, so Guard is given Check from here; without it
// every change is refused. It only judges; nothing is silently rewritten, for the digest is over the bytes
// that people saw.
package value

import (
	"errors"
	"strings"
	"unicode"

	"golang.org/x/net/idna"
	"golang.org/x/text/unicode/norm"

	"github.com/postern-chat/postern/verify"
)

// Check implements verify.Check. Errors say which rule is broken, never the value.
func Check(as, value string) error {
	if !norm.NFC.IsNormalString(value) {
		return errors.New("value: not NFC")
	}
	if value != strings.TrimSpace(value) || value == "" {
		return errors.New("value: empty, or spaces at its ends")
	}
	switch as {
	case verify.AsEmail:
		return email(value)
	case verify.AsPhone:
		return phone(value)
	case verify.AsMoney:
		return money(value)
	case verify.AsText, verify.AsEnum, verify.AsSet:
		return nil
	}
	return errors.New("value: unknown type")
}

// email is local@domain, at most 64 and 254 bytes, the domain a lower-case A-label with a dot
// (RFC 5321 §4.5.3.1, RFC 5890 §2.3.2.1).
func email(v string) error {
	local, domain, ok := cutLast(v, "@")
	if !ok || local == "" || len(local) > 64 || len(v) > 254 || !atoms(local) {
		return errors.New("value: not an e-mail address")
	}
	profile := idna.New(idna.ValidateForRegistration(), idna.StrictDomainName(true), idna.VerifyDNSLength(true))
	ascii, err := profile.ToASCII(domain)
	if err != nil || ascii != domain || domain != strings.ToLower(domain) || !strings.Contains(domain, ".") {
		return errors.New("value: the domain is not a lower-case A-label")
	}
	if u, err := profile.ToUnicode(domain); err != nil || strings.HasSuffix(u, ".") {
		return errors.New("value: the domain is no name")
	}
	return nil
}

func cutLast(s, sep string) (before, after string, ok bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(sep):], true
}

// atoms is a dot-atom: letters, digits and the signs of RFC 5322 §3.2.3; quoted local parts are refused.
func atoms(local string) bool {
	for part := range strings.SplitSeq(local, ".") {
		if part == "" {
			return false
		}
		for _, r := range part {
			if !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r) && !strings.ContainsRune("!#$%&'*+-/=?^_`{|}~", r) {
				return false
			}
		}
	}
	return true
}

// phone is E.164: + and 7 to 15 digits, the first not 0.
func phone(v string) error {
	digits, ok := strings.CutPrefix(v, "+")
	if !ok || len(digits) < 7 || len(digits) > 15 || digits[0] == '0' || !numeric(digits) {
		return errors.New("value: not an E.164 number")
	}
	return nil
}

// money is "12.50 EUR": up to 12 digits, an optional fraction of two, an ISO 4217 code.
func money(v string) error {
	amount, currency, ok := strings.Cut(v, " ")
	whole, cents, has := strings.Cut(amount, ".")
	bad := !ok || len(currency) != 3 || strings.Trim(currency, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != "" ||
		whole == "" || len(whole) > 12 || !numeric(whole) || len(whole) > 1 && whole[0] == '0' ||
		has && (len(cents) != 2 || !numeric(cents))
	if bad {
		return errors.New("value: not an amount with a currency")
	}
	return nil
}

func numeric(s string) bool { return strings.Trim(s, "0123456789") == "" }

// Mixed reports whether text holds letters of two scripts in one word, which look-alike names do. Screens
// flag such a value; it is not refused, for people have such names.
func Mixed(text string) bool {
	for _, word := range strings.FieldsFunc(unicodeDomain(text), func(r rune) bool { return !unicode.IsLetter(r) }) {
		if scripts(word) > 1 {
			return true
		}
	}
	return false
}

// unicodeDomain shows the A-labels of an address as the letters they stand for.
func unicodeDomain(text string) string {
	local, domain, ok := cutLast(text, "@")
	if !ok {
		return text
	}
	if u, err := idna.ToUnicode(domain); err == nil {
		return local + "@" + u
	}
	return text
}

func scripts(word string) int {
	n := 0
	for _, table := range []*unicode.RangeTable{unicode.Latin, unicode.Cyrillic, unicode.Greek, unicode.Armenian, unicode.Cherokee} {
		if strings.ContainsFunc(word, func(r rune) bool { return unicode.Is(table, r) }) {
			n++
		}
	}
	return n
}
