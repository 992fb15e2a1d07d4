package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestMailVisible(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	reply := write("reply.eml", "From: Vic <vic@shop.example>\nMessage-ID: <1@shop.example>\nIn-Reply-To: <2@help.example>\n\nYes & no <ok>.\n\nOn Mon, Jan 5, 2026 at 10:12 AM Ada <a@help.example> wrote:\n> Well?\n")
	for _, c := range []struct {
		name string
		args []string
		code int
		out  string
	}{
		{"a reply", []string{"visible", reply}, exitOK, `{"kind":"reply","text":"Yes & no <ok>.","from":"vic@shop.example","bounce":null,"warnings":[]}`},
		{"an empty file", []string{"visible", write("empty.eml", "")}, exitOK, `{"kind":"new","text":"","from":"","bounce":null,"warnings":["no_message_id"]}`},
		{"bytes", []string{"visible", write("bytes.eml", "\x00\xff\x01")}, exitOK, ""},
		{"no file", []string{"visible", filepath.Join(dir, "none.eml")}, exitUsage, ""},
		{"a folder", []string{"visible", dir}, exitUsage, ""},
		{"no name", []string{"visible"}, exitUsage, ""},
		{"another word", []string{"show", reply}, exitUsage, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			var out, errs bytes.Buffer
			code := dispatch(t.Context(), append([]string{"mail"}, c.args...), nil, &out, &errs)
			if code != c.code || c.out != "" && strings.TrimSpace(out.String()) != c.out {
				t.Fatalf("%d %s%s", code, &out, &errs)
			}
			if code == exitOK && !json.Valid(out.Bytes()) || code != exitOK && (out.Len() > 0 || errs.Len() == 0) {
				t.Fatalf("out %q, err %q", &out, &errs)
			}
		})
	}
}
