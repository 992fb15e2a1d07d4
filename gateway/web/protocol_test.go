package web

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/postern-chat/postern/gateway"
	"github.com/postern-chat/postern/verify"
)

// Each refusal names what is wrong; the id comes back where it could be read, so that the reply finds its command.
func TestDecodeFrame(t *testing.T) {
	long := strings.Repeat("x", maxCommandID+1)
	for _, c := range []struct {
		name, raw, field, id string
	}{
		{"a command", `{"cmd":"pass","id":"1"}`, "", "1"},
		{"a command with arguments", `{"cmd":"leave","id":"2","args":{"topic":"kb"}}`, "", "2"},
		{"a signal", `{"sig":"pong","data":{}}`, "", ""},
		{"neither", `{"id":"3"}`, "cmd", "3"},
		{"both", `{"cmd":"pass","sig":"pong","id":"4"}`, "cmd", "4"},
		{"no id", `{"cmd":"pass"}`, "id", ""},
		{"an id that is too long", `{"cmd":"pass","id":"` + long + `"}`, "id", long},
		{"an unknown field", `{"cmd":"pass","id":"5","admin":true}`, "json", "5"},
		{"a second value", `{"cmd":"pass","id":"6"}{}`, "json", "6"},
		{"an id that is a number", `{"cmd":"pass","id":7}`, "json", ""},
		{"a NUL", `{"cmd":"pass","id":"8\u0000"}`, "nul", ""},
		{"no JSON", `hello`, "json", ""},
		{"nothing", ``, "json", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			in, err := decodeFrame([]byte(c.raw))
			if c.field == "" && err != nil {
				t.Fatalf("refused: %v", err)
			}
			if c.field != "" {
				wantField(t, err, c.field)
			}
			if in.ID != c.id {
				t.Errorf("id = %q, want %q", in.ID, c.id)
			}
		})
	}
}

func wantField(t *testing.T, err error, field string) {
	t.Helper()
	var e *gateway.Error
	if !errors.As(err, &e) || e.Code() != "invalid" || e.Params["field"] != field {
		t.Errorf("error = %v, want invalid, field %s", err, field)
	}
}

// Whatever arrives, decoding neither panics nor lets an unknown shape through.
func FuzzDecodeFrame(f *testing.F) {
	for _, s := range []string{`{"cmd":"pass","id":"1"}`, `{"sig":"typing","data":{}}`, `{`, `[]`, `null`, "\x00"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		in, err := decodeFrame(raw)
		if err == nil && (in.Cmd == nil) == (in.Sig == nil) {
			t.Errorf("%q passed as both or neither", raw)
		}
		if err != nil && gateway.CodeOf(err) != "invalid" {
			t.Errorf("%q: %v, want invalid", raw, err)
		}
	})
}

// Every code of the table has a status of its own class, and nothing of an unforeseen error gets out.
func TestProblems(t *testing.T) {
	for _, code := range codes() {
		p := problemOf(code)
		if code != "internal" && p.Status == 500 || p.Status < 400 || p.Status > 599 || p.Retry == "" {
			t.Errorf("%s: %+v", code, p)
		}
	}
	secret := errors.New("dial tcp 10.0.0.7: password=hunter2")
	for _, c := range []struct {
		name string
		err  error
		want string
	}{
		{"with parameters", gateway.AtCapacity("ag_1", 3), `{"code":"at_capacity","params":{"agent":"ag_1","seats":"3"},"retry":"no","id":"7"}`},
		{"with a reason", gateway.KeyRequired(), `{"code":"unauthenticated","reason":"key.required","retry":"no","id":"7"}`},
		{"too many", gateway.TooMany(250), `{"code":"too_many","params":{"after_ms":"250"},"retry":"after","id":"7"}`},
		{"the gate's own", verify.Refuse(verify.ChangeFrozen), `{"code":"conflict","reason":"change.frozen","retry":"no","id":"7"}`},
		{"unforeseen", secret, `{"code":"internal","retry":"yes","id":"7"}`},
		{"wrapped and internal", gateway.Internal("open", secret), `{"code":"internal","retry":"yes","id":"7"}`},
		{"a known code with a cause", gateway.Unavailable("database", secret), `{"code":"unavailable","params":{"what":"database"},"retry":"yes","id":"7"}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := json.Marshal(toWire(c.err, "7"))
			if err != nil || string(got) != c.want {
				t.Errorf("toWire = %s, %v; want %s", got, err, c.want)
			}
		})
	}
}

// A visitor's page is kept without what may hold a token.
func TestPage(t *testing.T) {
	var s Server
	for in, want := range map[string]string{
		"https://shop.test/orders?token=abc#x":   "https://shop.test/orders",
		"http://127.0.0.1:9/a":                   "http://127.0.0.1:9/a",
		"https://u:p@shop.test/":                 "https://shop.test/",
		"javascript:alert(1)":                    "",
		"/orders":                                "",
		"":                                       "",
		"https://x/" + strings.Repeat("a", 3000): "",
		"https://shop.test/%3Cscript%3Ealert(1)%3C%2F": "https://shop.test/%3Cscript%3Ealert(1)%3C%2F",
	} {
		if got := s.page(in); got != want {
			t.Errorf("page(%q) = %q, want %q", in, got, want)
		}
	}
}

// What only one side may say is refused for the other before anything is looked at.
func TestOneSidedCommands(t *testing.T) {
	agent := gateway.Caller{Actor: gateway.Actor{Role: gateway.RoleSupervisor, ID: "ag_01KAH0000000000000000000AA"}}
	visitor := gateway.Caller{Actor: gateway.Actor{Role: gateway.RoleVisitor, ID: "vi_01KAH0000000000000000000AA"}}
	for _, c := range []struct {
		who  gateway.Caller
		list []string
	}{{agent, visitorOnly()}, {visitor, staffOnly()}} {
		for _, name := range c.list {
			k := &socket{caller: c.who, said: true}
			if _, err := k.dispatch(t.Context(), name, nil); gateway.CodeOf(err) != "forbidden" {
				t.Errorf("%s says %s: %v, want forbidden", c.who.Actor.Role, name, err)
			}
		}
	}
	for _, name := range append(visitorOnly(), staffOnly()...) {
		if _, err := (&socket{}).dispatch(t.Context(), name, nil); gateway.CodeOf(err) != "unauthenticated" {
			t.Errorf("nobody says %s: %v, want unauthenticated", name, err)
		}
	}
}
