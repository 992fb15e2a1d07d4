package web

import (
	"reflect"
	"testing"
	"unicode/utf8"
)

// What readSend reads, the decoder must read so too.
func FuzzReadSend(f *testing.F) {
	for _, s := range []string{
		`{"cmd":"message.send","id":"7","args":{"conversation":"cv_1","client_id":"c","text":"hello, wörld"}}`,
		`{"cmd":"message.send","id":"7","args":{"conversation":"cv_1","client_id":"c","text":""}}`,
		`{"cmd":"message.send","id":"","args":{"conversation":"cv_1","client_id":"c","text":"x"}}`,
		`{"cmd":"message.send","id":"7","args":{"conversation":"cv_1","client_id":"c","text":"a\\nb"}}`,
		`{"cmd":"message.send","id":"7","args":{"conversation":"cv_1","client_id":"c","text":"x"}} {}`,
		`{"cmd":"message.send","id":"7","args":{"conversation":"cv_1","client_id":"c","text":"x","text":"y"}}`,
		`{"cmd":"message.send","id":"7","args":{"conversation":"cv_1","client_id":"c","text":"x`,
		`{"cmd":"message.send","id":"7","args":{"conversation":"cv_1","client_id":"c","text":"x}}`,
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if !utf8.ValidString(s) {
			return // refused before
		}
		id, got, ok := readSend([]byte(s))
		if !ok {
			return
		}
		in, err := decodeFrame([]byte(s))
		var want sendArgs
		if err == nil {
			err = args(in.Args, &want)
		}
		if err != nil || in.ID != id || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %q %+v, the decoder %q %+v (%v)", s, id, got, in.ID, want, err)
		}
	})
}
