package web

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/postern-chat/postern/gateway"
)

// Whatever hello says: no version is agreed on that the client did not name, and no key counts that signed nothing.
func FuzzHello(f *testing.F) {
	for _, s := range []string{
		`{"as":"visitor","versions":[1],"mailbox":"support","token":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA","topics":{"cv_1":5}}`,
		`{"as":"agent","topics":{}}`, `{"versions":[2,1]}`, `{"versions":[]}`, `{"versions":[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1]}`,
		`{"topics":{"cv_1":-1}}`, `{"topics":{"cv_1":18446744073709551616}}`, `{"key":{"kty":"EC","crv":"P-256","x":"AA","y":"AA"},"sig":"AA"}`,
		`{"key":null,"sig":"x"}`, `{"as":"visitor"}{}`, `null`, `[]`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		var in helloArgs
		if err := args(raw, &in); err != nil {
			if gateway.CodeOf(err) != "invalid" {
				t.Errorf("%q: %v, want invalid", raw, err)
			}
			return
		}
		if v := agree(in.Versions); v != 0 && v != protocolVersion || v == 0 && len(in.Versions) == 0 {
			t.Errorf("%v: agreed on %d", in.Versions, v)
		}
		key, jkt, err := helloKey(in, "nonce")
		if key != "" || jkt != "" || err == nil && (len(in.Key) > 0 || in.Sig != "") {
			t.Errorf("%q: the key %q counts, %v", raw, key, err)
		}
	})
}

// Whatever comes over the bus, each watcher gets the log's events once and in order, and nobody is asked for more.
func FuzzHint(f *testing.F) {
	f.Add("cv_1", uint64(2), []byte(`{"seq":2}`), []byte(nil))
	f.Add("cv_1", uint64(3), []byte(nil), []byte(nil))
	f.Add("cv_1", uint64(0), []byte(`x`), []byte(nil))
	f.Add("mb_1", uint64(0), []byte(nil), []byte(`{"touched":"cv_1"}`))
	f.Add("mb_1", uint64(1), []byte(nil), []byte(`{"touched":7}`))
	f.Add("cv_1", ^uint64(0), []byte(nil), []byte(`{"sig":"typing"}`))
	f.Fuzz(func(t *testing.T, topic string, seq uint64, event, note []byte) {
		log := &eventLog{events: map[string][]gateway.Event{}}
		hub := NewHub(log, &faultyBus{times: 1}, func(doing string, err error) { t.Error(doing, err) })
		for range 3 {
			log.Append(t.Context(), gateway.Append{Topic: "cv_1"})
		}
		w := &seen{last: 3}
		if _, _, err := hub.watch(t.Context(), "cv_1", 3, w); err != nil {
			t.Fatal(err)
		}
		if seq != 4 { // the next one is believed: nodes trust their bus
			hub.hint(topic, gateway.Hint{Topic: topic, Seq: seq, Event: event, Note: note})
		}
		done, _ := log.Append(t.Context(), gateway.Append{Topic: "cv_1"})
		raw, _ := json.Marshal(done.Event)
		hub.hint("cv_1", gateway.Hint{Topic: "cv_1", Seq: done.Event.Seq, Event: raw})
		w.want(t, 4)
		if err := hub.Sweep(context.Background()); err != nil {
			t.Error(err)
		}
		w.want(t, 4)
	})
}

// An origin in its one form is that form's own; a page that is kept has nothing that could be a secret.
func FuzzAddresses(f *testing.F) {
	for _, s := range []string{
		"https://shop.example", "HTTP://Shop.example:80", "https://shop.example@evil.test", "https://[::1]:443", "https://x?", "https://x#",
		"null", "https://x/\x00", "https://user:pass@x/a?b#c", "//x", "https://x/a;b=c",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		if one, ok := parseOrigin(raw); ok {
			if again, ok := parseOrigin(one); !ok || again != one {
				t.Errorf("%q → %q → %q", raw, one, again)
			}
			if strings.ContainsAny(one[len("http"):], "?#@") || one != strings.ToLower(one) {
				t.Errorf("%q → %q", raw, one)
			}
		}
		var s Server
		if page := s.page(raw); page != "" && (strings.ContainsAny(page, "?#\r\n\x00") || !strings.HasPrefix(page, "http")) {
			t.Errorf("page(%q) = %q", raw, page)
		}
	})
}
