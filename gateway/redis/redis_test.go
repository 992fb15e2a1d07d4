package redis

import (
	"crypto/x509"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/postern-chat/postern/gateway"
	"github.com/postern-chat/postern/gateway/gatewaytest"
	"github.com/postern-chat/postern/gateway/gatewaytest/server"
)

func TestMain(m *testing.M) {
	LogTo(slog.New(slog.DiscardHandler), time.Now)
	server.Main(m)
}

// clock is a time that only the test moves.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) read() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

func open(t *testing.T, url string, now func() time.Time) *Bus {
	t.Helper()
	return openTLS(t, url, nil, now)
}

func openTLS(t *testing.T, url string, roots *x509.CertPool, now func() time.Time) *Bus {
	t.Helper()
	b, err := New(t.Context(), url, roots, now)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.Close() })
	return b
}

func TestBus(t *testing.T) {
	gatewaytest.Bus(t, func(t *testing.T) gatewaytest.BusRig {
		r := server.NewLoneRedis(t)
		c := &clock{now: time.Now()}
		return gatewaytest.BusRig{
			A: open(t, r.URL, c.read), B: open(t, r.URL, c.read), Advance: c.advance,
			Cut: func(t *testing.T) { r.Kill(t); r.Start(t) },
		}
	})
}

func TestUnreadableAddressIsRefused(t *testing.T) {
	for _, url := range []string{"", "http://127.0.0.1:1", "redis://127.0.0.1:1/no-number"} {
		if _, err := New(t.Context(), url, nil, time.Now); gateway.CodeOf(err) != "invalid" {
			t.Errorf("%q: %v", url, err)
		}
	}
}

func TestAnotherProgramsMessageIsIgnored(t *testing.T) {
	b := open(t, server.NewRedis(t).URL, time.Now)
	heard := make(chan gateway.Hint, 64)
	defer b.Subscribe("foreign", func(h gateway.Hint) { heard <- h })()
	gatewaytest.Eventually(t, "own hint after garbage", func() bool {
		if err := b.client.Publish(t.Context(), prefix+"foreign", "{no json").Err(); err != nil {
			t.Fatal(err)
		}
		if err := b.Publish(t.Context(), gateway.Hint{Topic: "foreign", Seq: 1}); err != nil {
			t.Fatal(err)
		}
		return len(heard) > 0
	})
	if h := <-heard; h.Seq != 1 {
		t.Fatalf("heard %+v", h)
	}
}
