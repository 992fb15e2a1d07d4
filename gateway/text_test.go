package gateway

import (
	"bytes"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

func TestFill(t *testing.T) {
	vars := map[string]string{"visitor.name": "Ada", "empty": "", "curly": "{agent}"}
	for _, c := range []struct {
		name, text, want string
		missing          []string
	}{
		{"nothing to fill", "Hello.", "Hello.", nil},
		{"empty", "", "", nil},
		{"value", "Hi {visitor.name}!", "Hi Ada!", nil},
		{"value before fallback", "Hi {visitor.name|you}", "Hi Ada", nil},
		{"fallback", "Hi {agent|us}", "Hi us", nil},
		{"empty value takes the fallback", "Hi {empty|you}", "Hi you", nil},
		{"empty fallback", "Hi{agent|}", "Hi", nil},
		{"fallback with a bar", "{agent|a|b}", "a|b", nil},
		{"missing stays and is listed", "Hi {agent} {agent}", "Hi {agent} {agent}", []string{"agent", "agent"}},
		{"empty value without fallback is missing", "{empty}", "{empty}", []string{"empty"}},
		{"a value is not filled again", "{curly}", "{agent}", nil},
		{"code is no variable", "func() { return }", "func() { return }", nil},
		{"upper case is no variable", "{Agent}", "{Agent}", nil},
		{"no end", "Hi {agent", "Hi {agent", nil},
		{"no beginning", "Hi agent}", "Hi agent}", nil},
		{"name too long", "{" + strings.Repeat("a", 41) + "}", "{" + strings.Repeat("a", 41) + "}", nil},
	} {
		got, missing := Fill(c.text, vars)
		if got != c.want || !reflect.DeepEqual(missing, c.missing) {
			t.Errorf("%s: %q missing %v", c.name, got, missing)
		}
	}
}

func TestCheckText(t *testing.T) {
	for _, c := range []struct{ name, text, code string }{
		{"words", "hello", ""},
		{"lines and tabs", "a\r\n\tb", ""},
		{"emoji", "👩‍💻", ""},
		{"exactly the limit", strings.Repeat("x", 100), ""},
		{"one more", strings.Repeat("x", 101), "too_large"},
		{"bytes count, not characters", strings.Repeat("é", 51), "too_large"},
		{"empty", "", "invalid"},
		{"white space only", " \n\t\u00a0\u2003", "invalid"},
		{"NUL", "a\x00b", "invalid"},
		{"escape", "\x1b[31mred", "invalid"},
		{"C1 control", "a\u0085b", "invalid"},
		{"broken UTF-8", "a\xffb", "invalid"},
		{"half a surrogate", "\xed\xa0\x80", "invalid"},
	} {
		if got := CodeOf(CheckText("text", c.text, 100)); got != c.code {
			t.Errorf("%s: %q, want %q", c.name, got, c.code)
		}
	}
}

func TestPlausibleEmail(t *testing.T) {
	for _, s := range []string{"a@b.example", "a@b", "a.b+c@sub.example.org", "ü@exämple.org", "o'hara@x.test", strings.Repeat("a", 64) + "@b.example"} {
		if !PlausibleEmail(s) {
			t.Errorf("%q is refused", s)
		}
	}
	for _, s := range []string{
		"", "@", "a", "a@", "@b", "a@b@c", "a b@c", "a@b.", "a@.b", "a@b..c", "<a@b>", "a@b,c@d", "a@b;c", "a@b\r\nBcc: x@y",
		"a@b\x00", "a@b\x01", "a@\xff", `"a"@b`, "a:b@c", strings.Repeat("a", 65) + "@b", "a@" + strings.Repeat("b", 253),
	} {
		if PlausibleEmail(s) {
			t.Errorf("%q is taken", s)
		}
	}
}

func TestSubject(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"empty", "", ""},
		{"one line", "My order is late", "My order is late"},
		{"lines become one", " My\r\norder:\n\tlate ", "My order: late"},
		{"80 characters stay", strings.Repeat("é", 80), strings.Repeat("é", 80)},
		{"one long word", strings.Repeat("é", 81), strings.Repeat("é", 79) + "…"},
		{"cut between words", strings.Repeat("word ", 20), strings.TrimSpace(strings.Repeat("word ", 15)) + "…"},
	} {
		got := Subject(c.text)
		if got != c.want || utf8.RuneCountInString(got) > 80 || strings.ContainsAny(got, "\r\n") {
			t.Errorf("%s: %q", c.name, got)
		}
	}
}

func TestIDs(t *testing.T) {
	a, err := NewID(PrefixMessage, noon, bytes.NewReader(make([]byte, 10)))
	if err != nil {
		t.Fatal(err)
	}
	b, err := NewID(PrefixMessage, noon.Add(time.Millisecond), bytes.NewReader(make([]byte, 10)))
	if err != nil {
		t.Fatal(err)
	}
	if !a.Is(PrefixMessage) || a >= b || a.Staff() != string(a)+"/staff" {
		t.Errorf("%s, then %s", a, b)
	}
	for _, id := range []ID{
		"", "ms_", a + "0", a[:len(a)-1], a[1:], "cv_" + a[3:], ID(strings.Replace(string(a), "0", "U", 1)),
		a[:len(a)-1] + "!", "ms_8ZZZZZZZZZZZZZZZZZZZZZZZZZ",
	} {
		if id.Is(PrefixMessage) {
			t.Errorf("%q is taken for a message", id)
		}
	}
	if _, err := NewID(PrefixMessage, noon, bytes.NewReader(nil)); CodeOf(err) != "internal" {
		t.Errorf("without randomness: %v", err)
	}
}

func TestBackoff(t *testing.T) {
	for n, want := range map[int]time.Duration{
		0: 4 * time.Hour, 1: time.Minute, 2: 5 * time.Minute, 3: 15 * time.Minute, 4: time.Hour, 5: 4 * time.Hour, 99: 4 * time.Hour,
	} {
		if got, over := Backoff(n, noon, noon); got != want || over {
			t.Errorf("try %d: %v, over %v", n, got, over)
		}
	}
	const days = 5 * 24 * time.Hour
	if _, over := Backoff(9, noon, noon.Add(days)); over {
		t.Error("over after exactly five days")
	}
	if _, over := Backoff(9, noon, noon.Add(days+1)); !over {
		t.Error("not over after five days")
	}
}

func TestStatusTransitions(t *testing.T) {
	all := []Status{Queued, Active, Open, Waiting, Closed, "", "snoozed"}
	may := map[[2]Status]bool{
		{Queued, Active}: true, {Queued, Open}: true, {Queued, Closed}: true,
		{Active, Queued}: true, {Active, Closed}: true, {Active, Open}: true, {Active, Waiting}: true,
		{Open, Waiting}: true, {Open, Closed}: true,
		{Waiting, Open}: true, {Waiting, Closed}: true,
		{Closed, Open}: true,
	}
	for _, from := range all {
		for _, to := range all {
			if got := from.CanBecome(to); got != may[[2]Status{from, to}] {
				t.Errorf("%q to %q: %v", from, to, got)
			}
		}
		if from.Ended() != (from == Closed) {
			t.Errorf("%q ended: %v", from, from.Ended())
		}
	}
}
