package value_test

import (
	"strings"
	"testing"

	"github.com/postern-chat/postern/verify/value"
)

func TestCheck(t *testing.T) {
	for _, c := range []struct {
		as, value string
		ok        bool
	}{
		{"email", "new@xn--bcher-kva.example", true},
		{"email", "jörg.o'neil+x@site.test", true},
		{"email", "new@bücher.example", false},
		{"email", "new@XN--BCHER-KVA.example", false},
		{"email", "new@Site.test", false},
		{"email", "new@localhost", false},
		{"email", "new@site.test.", false},
		{"email", "new@-site.test", false},
		{"email", "new@xn--a.test", false},
		{"email", "a@b@site.test", false},
		{"email", "@site.test", false},
		{"email", ".a@site.test", false},
		{"email", `"a b"@site.test`, false},
		{"email", "a@[127.0.0.1]", false},
		{"email", strings.Repeat("a", 65) + "@site.test", false},
		{"phone", "+14155552671", true},
		{"phone", "14155552671", false},
		{"phone", "+04155552671", false},
		{"phone", "+1415555267112345", false},
		{"phone", "+1 415 555 2671", false},
		{"phone", "+１４１５５５５２６７１", false},
		{"money", "12.50 EUR", true},
		{"money", "12 EUR", true},
		{"money", "012 EUR", false},
		{"money", "1.5 EUR", false},
		{"money", "-1.50 EUR", false},
		{"money", "12.50 eur", false},
		{"text", "12 Höhe Straße", true},
		{"text", "e\u0301", false},
		{"text", " a", false},
		{"text", "", false},
		{"enum", "plus", true},
		{"set", "a,b", true},
		{"other", "a", false},
	} {
		if err := value.Check(c.as, c.value); (err == nil) != c.ok {
			t.Errorf("Check(%s, %q) = %v, want ok = %v", c.as, c.value, err, c.ok)
		}
	}
}

func TestMixed(t *testing.T) {
	for text, want := range map[string]bool{
		"paypal": false, "p\u0430ypal": true, "vic@xn--pypal-4ve.example": true, "new@xn--bcher-kva.example": false, "москва": false,
	} {
		if got := value.Mixed(text); got != want {
			t.Errorf("Mixed(%q) = %v, want %v", text, got, want)
		}
	}
}
