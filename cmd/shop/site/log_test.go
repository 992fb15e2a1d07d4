package site_test

import (
	"bytes"
	"log/slog"
	"net/http"
	"strings"
	"testing"
)

// A gateway that does not answer is logged without the handle, which is alive.
func TestLogWithoutHandle(t *testing.T) {
	s := newShop(t)
	var log bytes.Buffer
	s.Log = slog.New(slog.NewTextHandler(&log, nil))
	s.ask(renewal("plus"))
	s.gate.Close()
	b := s.browser()
	if code := b.get("/support-verify?h=" + handle); code != http.StatusBadGateway {
		t.Fatalf("status %d, want 502", code)
	}
	if text := log.String(); !strings.Contains(text, "gateway") || strings.Contains(text, handle) {
		t.Errorf("log: %s", text)
	}
}
