package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// starting ends the run as soon as the shop says that it is open.
type starting struct {
	bytes.Buffer
	open context.CancelFunc
}

func (w *starting) Write(p []byte) (int, error) {
	if strings.Contains(string(p), "the shop is open") {
		w.open()
	}
	return w.Buffer.Write(p)
}

func TestRun(t *testing.T) {
	dir := t.TempDir()
	secret, password := filepath.Join(dir, "secret"), filepath.Join(dir, "password")
	for path, text := range map[string]string{secret: "whsec_" + base64.StdEncoding.EncodeToString(make([]byte, 32)), password: "a demo password"} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	env := func(name string) string {
		return map[string]string{"SHOP_SECRET_FILE": secret, "SHOP_SEED_PASSWORD_FILE": password}[name]
	}
	keys := ""
	for range 2 { // the second start keeps everything
		ctx, stop := context.WithCancel(t.Context())
		out := &starting{open: stop}
		if err := run(ctx, []string{"--listen", "127.0.0.1:0", "--data", filepath.Join(dir, "data")}, env, out); err != nil {
			t.Fatal(err, out.String())
		}
		now := ""
		for _, name := range []string{"own.key", "session.pem", "session.pub.pem"} {
			b, err := os.ReadFile(filepath.Join(dir, "data", name))
			if err != nil {
				t.Fatal(err)
			}
			now += string(b)
		}
		if keys != "" && now != keys {
			t.Error("the second start has made other keys")
		}
		keys = now
	}
}

func TestRunRefuses(t *testing.T) {
	none := func(string) string { return "" }
	if err := run(t.Context(), nil, none, io.Discard); err == nil || !strings.Contains(err.Error(), "--secret-file") {
		t.Errorf("without a secret: %v", err)
	}
	if err := run(t.Context(), []string{"-h"}, none, io.Discard); !errors.Is(err, flag.ErrHelp) {
		t.Errorf("-h: %v", err)
	}
}
