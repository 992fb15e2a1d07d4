package main

import (
	"fmt"
	"net"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/emersion/go-smtp"
)

// BenchmarkMailIn takes new mails by LMTP over 20 connections; each is a ticket, and durable, before its 250.
func BenchmarkMailIn(b *testing.B) {
	for name, base := range map[string]func(*testing.T) Config{"SQLite": alone, "PostgreSQL": shared} {
		b.Run(name, func(b *testing.B) {
			ok := asTest(b.Name(), func(t *testing.T) {
				c := base(t)
				c.Mail.LMTP = "unix:" + filepath.Join(t.TempDir(), "lmtp")
				n := startNode(t, c)
				var next atomic.Int64
				var wg sync.WaitGroup
				b.ResetTimer()
				for range 20 {
					wg.Go(func() {
						if err := handsOver(n, func() (int, bool) { i := int(next.Add(1)); return i, i <= b.N }); err != nil {
							t.Error(err)
						}
					})
				}
				wg.Wait()
				b.StopTimer()
				b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "mails/s")
				newest := int64(0)
				for _, cv := range n.tickets(t) {
					newest = max(newest, cv.Number)
				}
				if newest != int64(b.N) {
					t.Errorf("%d tickets of %d mails", newest, b.N)
				}
			})
			if !ok {
				b.Fatal("a mail was not taken")
			}
		})
	}
}

// handsOver gives mails over on one connection until more says that it was the last.
func handsOver(n *node, more func() (i int, ok bool)) error {
	conn, err := net.Dial(n.lmtp.Network(), n.lmtp.String())
	if err != nil {
		return err
	}
	c := smtp.NewClientLMTP(conn)
	defer func() { _ = c.Close() }()
	for i, ok := more(); ok; i, ok = more() {
		from := fmt.Sprintf("vic%d@example-mail.com", i)
		if err := c.Mail(from, nil); err != nil {
			return err
		}
		if err := c.Rcpt("support@shop.test", nil); err != nil {
			return err
		}
		w, err := c.Data()
		if err != nil {
			return err
		}
		if _, err := w.Write(postcard(i, strings.Repeat("Some words. ", 100))); err != nil {
			return err
		}
		if err := w.Close(); err != nil {
			return err
		}
	}
	return nil
}
