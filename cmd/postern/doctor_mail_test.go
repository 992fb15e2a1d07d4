package main

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/postern-chat/postern/gateway"
)

// The doctor's mails to addresses with a plus go through Postfix and come in; where nothing comes in he says so.
func TestDoctorMailsItself(t *testing.T) {
	_, all := wired(t, "a.test")
	n := all[0]
	ask := func(patience time.Duration) (what []string) {
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		d := &doctor{}
		d.itself(ctx, n.conf, here())
		for _, s := range d.found {
			what = append(what, s.Code+" "+s.What)
		}
		return what
	}
	if got := ask(longPatience); len(got) > 0 {
		t.Fatal(got)
	}
	if list := n.tickets(t); len(list) != 0 {
		t.Errorf("%d tickets of the doctor's own mail", len(list))
	}
	lost := n.box
	lost.ID, lost.Slug, lost.Address, lost.Version = id(t, gateway.PrefixMailbox), "lost", "lost@bounce.test", 0
	if _, _, err := n.Service.Store.SaveMailbox(t.Context(), lost, gateway.System(), time.Now()); err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(ask(5*time.Second), "\n"); !strings.Contains(got, "mail.plus a mail to lost+doctor-") {
		t.Errorf("%q", got)
	}
	conf := n.conf
	conf.SMTP.Host = ""
	d := &doctor{}
	if d.itself(t.Context(), conf, here()); len(d.found) != 1 || d.found[0].Code != "mail.oneway" {
		t.Errorf("%+v", d.found)
	}
}

// The key that mails are signed with must be in the DNS; else the doctor says what to publish.
func TestDoctorReadsTheKeyInTheDNS(t *testing.T) {
	_, all := wired(t, "a.test")
	look := func(c Config) string {
		d := &doctor{}
		d.dkim(t.Context(), c, here())
		said := ""
		for _, s := range d.found {
			said += s.Code + " " + s.Do + "\n"
		}
		return said
	}
	c := all[0].conf
	if got := look(c); got != "" {
		t.Errorf("a published key: %s", got)
	}
	for _, domain := range []string{"a.test", "b.test"} { // another key there; none
		text, name, record := newDKIM(t, domain)
		c.SMTP.DKIM = []DKIMConfig{{Domain: domain, Selector: "k", KeyFile: write(t, t.TempDir(), "dkim.pem", text)}}
		if got := look(c); !strings.Contains(got, "dkim.record publish at "+name) || !strings.Contains(got, record) {
			t.Errorf("%s: %s", domain, got)
		}
	}
}

func TestDKIMInTheConfiguration(t *testing.T) {
	text, _, _ := newDKIM(t, "site.test")
	good := DKIMConfig{Domain: "site.test", Selector: "k", KeyFile: write(t, t.TempDir(), "dkim.pem", text)}
	for name, change := range map[string]func(*DKIMConfig){
		"names of the DNS": func(d *DKIMConfig) { d.Domain = "" }, "smtp.dkim 1: domain and selector": func(d *DKIMConfig) { d.Selector = "a b" },
		"key_file: open": func(d *DKIMConfig) { d.KeyFile = "/nonexistent" },
		"PEM file":       func(d *DKIMConfig) { d.KeyFile = write(t, t.TempDir(), "x", "secret words") },
	} {
		d := good
		change(&d)
		if bad := (SMTP{DKIM: []DKIMConfig{d}}).dkimMistakes(); len(bad) != 1 || !strings.Contains(bad[0], name) || strings.Contains(bad[0], "secret") {
			t.Errorf("%s: %v", name, bad)
		}
	}
	if bad := (SMTP{DKIM: []DKIMConfig{good}}).dkimMistakes(); len(bad) > 0 {
		t.Error(bad)
	}
	if bad := (SMTP{DKIM: []DKIMConfig{good, good}}).dkimMistakes(); len(bad) != 1 {
		t.Error(bad)
	}
}
