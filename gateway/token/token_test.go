package token_test

import (
	"crypto/rand"
	"strings"
	"testing"
	"time"

	"github.com/postern-chat/postern/gateway"
	"github.com/postern-chat/postern/gateway/token"
)

func TestPasswords(t *testing.T) {
	phc, err := token.HashPassword("correct horse", rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, phc, password string
		want                bool
	}{
		{"the right one", phc, "correct horse", true},
		{"another one", phc, "correct horsf", false},
		{"a prefix", phc, "correct hors", false},
		{"an unknown agent", "", "correct horse", false},
		{"an unreadable string", "$argon2id$v=19$m=1,t=1,p=1$AA$AA", "correct horse", false},
		{"a megabyte", phc, strings.Repeat("x", 1<<20), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := token.CheckPassword(c.phc, c.password); got != c.want {
				t.Errorf("CheckPassword = %v, want %v", got, c.want)
			}
		})
	}
	for _, bad := range []string{"", "short", strings.Repeat("x", token.MaxPassword+1)} {
		if _, err := token.HashPassword(bad, rand.Reader); gateway.CodeOf(err) != "invalid" {
			t.Errorf("HashPassword of %d bytes: %v, want invalid", len(bad), err)
		}
	}
}

func TestPasses(t *testing.T) {
	now := time.UnixMilli(1795312800000)
	ps := token.Passes{Secret: []byte("0123456789abcdef0123456789abcdef")}
	pass, until := ps.Make("vi_01KAH0000000000000000000AA", now)
	if !until.Equal(now.Add(token.PassLife)) {
		t.Errorf("until = %v", until)
	}
	for _, c := range []struct {
		name, pass string
		at         time.Time
		want       string
	}{
		{"fresh", pass, now, "vi_01KAH0000000000000000000AA"},
		{"its last moment", pass, until.Add(-time.Millisecond), "vi_01KAH0000000000000000000AA"},
		{"over", pass, until, ""},
		{"another visitor", strings.Replace(pass, "AA.", "AB.", 1), now, ""},
		{"a later end", strings.Replace(pass, ".", ".z", 1), now, ""},
		{"another secret", func() string {
			p, _ := token.Passes{Secret: []byte("x")}.Make("vi_01KAH0000000000000000000AA", now)
			return p
		}(), now, ""},
		{"nothing", "", now, ""},
		{"no parts", "....", now, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := ps.Check(c.pass, c.at)
			if string(got) != c.want || (err == nil) != (c.want != "") {
				t.Errorf("Check = %q, %v; want %q", got, err, c.want)
			}
		})
	}
}
