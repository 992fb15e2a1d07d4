package token

import (
	"testing"
	"time"
)

// No text opens anything that was not made here: neither a pass nor a stored password.
func FuzzPass(f *testing.F) {
	now := time.Unix(1_800_000_000, 0)
	passes := Passes{Secret: make([]byte, 32)}
	good, _ := Passes{Secret: []byte("another secret of 32 bytes.......")}.Make("vi_1", now)
	own, _ := passes.Make("vi_1", now)
	for _, s := range []string{good, own + "x", own[1:], "", ".", "..", "vi_1.zzz.", "$argon2id$v=19$m=1,t=1,p=1$AA$AA", "$$$$$"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if id, err := passes.Check(s, now); err == nil && s != own {
			t.Errorf("%q opens %q", s, id)
		}
		if _, key, ok := parsePHC(s); ok && len(key) != argonKey {
			t.Errorf("%q has a key of %d bytes", s, len(key))
		}
	})
}
