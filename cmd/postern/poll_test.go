package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"github.com/postern-chat/postern/verify"
)

// eventStream is a transmitter that waits to be asked.
type eventStream struct {
	mu    sync.Mutex
	sets  map[string]string
	acked []string
}

func (s *eventStream) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var in struct{ Ack []string }
	if r.Header.Get("Authorization") != "Bearer what postern shows" || json.NewDecoder(r.Body).Decode(&in) != nil {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, id := range in.Ack {
		delete(s.sets, id)
		s.acked = append(s.acked, id)
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"sets": s.sets})
}

func (s *eventStream) put(id, raw string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sets[id] = raw
}

func (s *eventStream) has(id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Contains(s.acked, id)
}

// An event that the gateway fetched itself ends what is live, and the transmitter hears that it was taken.
func TestPolledSecurityEvent(t *testing.T) {
	s := &eventStream{sets: map[string]string{}}
	site := httptest.NewServer(s)
	defer site.Close()
	f := startFixture(t, "SQLite", options{config: func(c *Config) {
		token := filepath.Join(t.TempDir(), "token")
		if err := os.WriteFile(token, []byte("Bearer what postern shows\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		for i := range c.Sources {
			if c.Sources[i].Name == "events" {
				c.Sources[i].PollURL, c.Sources[i].TokenFile = site.URL+"/poll", token
			}
		}
	}})
	r := newRow(t, f)
	r.given()
	change := r.proof()
	e := r.event("session-revoked", nil)
	id := e["jti"].(string)
	s.put(id, r.set(ecHeader(), e, r.es(r.caep.ec)))
	s.put("forged", r.set(ecHeader(), r.event("session-revoked", nil), func(string) []byte { return make([]byte, 64) }))
	r.reaches(change, verify.Revoked)
	r.logged(change, "event.kill", 1)
	r.until(func() string {
		if s.has(id) && !s.has("forged") {
			return ""
		}
		return "the event was not acknowledged"
	})
}
