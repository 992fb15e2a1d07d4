package gateway

import (
	"encoding/json"
	"net/mail"
	"strings"
	"testing"
	"unicode/utf8"
)

// An event that was read and written again is the same event.
func FuzzEvent(f *testing.F) {
	for _, s := range []string{
		`{"ev":"message.created","topic":"cv_1","seq":17,"id":"ev_1","at":1795312800123,"by":{"role":"agent","id":"ag_1"},"data":{"text":"x"}}`,
		`{"at":-1}`, `{"at":9223372036854775807}`, `{"seq":-1}`, `{"data":null}`, `{}`, `null`, `[]`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		var e, again Event
		if json.Unmarshal(raw, &e) != nil {
			return
		}
		one, err := json.Marshal(e)
		if err != nil {
			t.Fatalf("%q cannot be written: %v", raw, err)
		}
		if err := json.Unmarshal(one, &again); err != nil {
			t.Fatalf("%s cannot be read: %v", one, err)
		}
		two, err := json.Marshal(again)
		if err != nil || string(one) != string(two) {
			t.Errorf("%s became %s, %v", one, two, err)
		}
	})
}

// An address that passes a form is one line and one address, so that it can stand in a mail's header.
func FuzzPlausibleEmail(f *testing.F) {
	for _, s := range []string{
		"vic@shop.example", "a@b", "a b@c.d", "a@b@c", "a@", "@b", "a@b\r\nBcc: x@y.z", "a@b.c,d@e.f", "\"a\"@b.c", "<a@b.c>", "é@é.example", "a@.b", "a..b@c.d", "a@b..c", "\u2028@b.c",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if !PlausibleEmail(s) {
			return
		}
		if strings.ContainsAny(s, " \t\r\n<>,;:\"()\x00") || strings.Count(s, "@") != 1 || len(s) > MaxEmail || !utf8.ValidString(s) {
			t.Errorf("%q passes", s)
		}
		if a, err := mail.ParseAddressList(s); err == nil && len(a) != 1 {
			t.Errorf("%q is %d addresses", s, len(a))
		}
		if m, err := mail.ReadMessage(strings.NewReader("To: " + s + "\r\n\r\n")); err != nil || len(m.Header) != 1 {
			t.Errorf("%q makes a header of %v, %v", s, m, err)
		}
	})
}
