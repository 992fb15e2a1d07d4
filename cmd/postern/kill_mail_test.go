package main

import (
	"crypto/rand"
	"fmt"
	"testing"
	"time"

	"github.com/postern-chat/postern/gateway/gatewaytest/server"
	"github.com/postern-chat/postern/gateway/mail"
)

// 400 answers leave through Postfix by a gateway with two workers that is killed 20 times meanwhile: each arrives. What
// arrives twice, because a kill came between the mail server's word and ours, has the same Message-ID.
func TestKillMail(t *testing.T) {
	for _, c := range []struct {
		engine       string
		mails, kills int
	}{{"SQLite", 100, 5}, {"PostgreSQL", 400, 20}} {
		t.Run(c.engine, func(t *testing.T) {
			t.Parallel()
			d := server.NewDovecot(t)
			p := server.NewPostfix(t, server.PostfixOptions{Dovecot: d, Local: []string{"home.test"}})
			f, list := processes(t, c.engine, func(conf *Config) { sendsBy(t, conf, p) }, 1)
			cv := f.opens(t, "vic@home.test")
			f.Service.Composer = mail.Composer{Tokens: mail.Tokens{Key: []byte(rand.Text())}, Domain: "chat.shop.test"}
			list[0].kill(t)
			want := map[string]bool{}
			for i := range c.mails {
				want["<"+f.answers(t, cv, fmt.Sprint("Answer ", i)).MessageID+">"] = true
			}
			list[0].start(t)
			for k := range c.kills {
				goal := len(want) * k / (c.kills + 1)
				waitUntil(t, "nothing more arrives", func() bool { return d.Count(t, "vic") >= goal })
				list[0].kill(t)
				list[0].start(t)
			}
			f.settles(t, list[0], p)
			copies := map[string]int{}
			for _, raw := range d.Mails(t, "vic") {
				copies[header(t, raw, "Message-ID")]++
			}
			extra := 0
			for id, n := range copies {
				if !want[id] {
					t.Errorf("%s is none of ours", id)
				}
				extra += n - 1
			}
			if len(copies) != len(want) {
				t.Errorf("%d of %d mails arrived", len(copies), len(want))
			}
			if extra > 2*(c.kills+1) { // two workers lose one each at most, also in the last one
				t.Errorf("%d extra copies of %d kills", extra, c.kills)
			}
			t.Logf("%d mails, %d kills: 0 lost, %d extra copies", len(want), c.kills, extra)
		})
	}
}

// settles ends the leases of dead workers, which would last three minutes, and waits until all is sent and delivered.
func (f *fixture) settles(t *testing.T, p *process, post *server.Postfix) {
	t.Helper()
	p.kill(t)
	db := f.sql(t)
	if _, err := db.ExecContext(t.Context(), "UPDATE jobs SET lease_until = 1 WHERE done_at IS NULL"); err != nil {
		t.Fatal(err)
	}
	p.start(t)
	count := func(query string) (n int) {
		if err := db.QueryRowContext(t.Context(), query, time.Now().UnixMilli()).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	waitUntil(t, "a mail stays behind", func() bool {
		return count("SELECT COUNT(*) FROM outbox WHERE state <> 'sent' AND at <= $1") == 0 && post.Queued(t) == 0
	})
	if n := count("SELECT COUNT(*) FROM jobs WHERE failed = TRUE AND due <= $1"); n != 0 {
		t.Errorf("%d jobs failed", n)
	}
}
