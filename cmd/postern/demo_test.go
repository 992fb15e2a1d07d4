package main

import (
	"context"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/postern-chat/postern/gateway"
)

// A second start keeps the data, on whatever ports are free, and its mailboxes let the shop's new origin in.
func TestDemoStartsTwice(t *testing.T) {
	data := t.TempDir()
	first := startedDemo(t, data)
	articles := articleCount(t, first)
	box, err := first.app.Service.Store.MailboxBySlug(t.Context(), "orders")
	if err != nil {
		t.Fatal(err)
	}
	box.Name = "Parcels"
	if _, _, err := first.app.Service.Store.SaveMailbox(t.Context(), box, gateway.System(), time.Now()); err != nil {
		t.Fatal(err)
	}
	if err := first.close(context.Background()); err != nil {
		t.Fatal(err)
	}
	if err := first.app.Close(context.Background()); err != nil {
		t.Errorf("closed twice: %v", err)
	}

	second := startedDemo(t, data)
	defer func() {
		if err := second.close(context.Background()); err != nil {
			t.Error(err)
		}
	}()
	if got := articleCount(t, second); got != articles || got < 30 {
		t.Errorf("%d articles, before %d; want the same, about thirty", got, articles)
	}
	again, err := second.app.Service.Store.MailboxBySlug(t.Context(), "orders")
	if err != nil || again.Name != "Parcels" || again.ID != box.ID {
		t.Errorf("the mailbox was not kept: %+v, %v", again, err)
	}
	if !slices.Equal(again.Origins, []string{second.shopURL}) {
		t.Errorf("origins %v, want only %s", again.Origins, second.shopURL)
	}
	if p, err := second.app.Service.Policy(); err != nil || len(p.Hosts) != 1 || p.Hosts[0].Site != second.shopURL+"/" {
		t.Errorf("the policy of the new addresses is not in force: %+v, %v", p.Hosts, err)
	}
	for _, url := range []string{second.shopURL + "/", second.app.URL.String() + "/healthz"} {
		res, err := http.Get(url)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		if res.StatusCode != http.StatusOK {
			t.Errorf("%s: %d", url, res.StatusCode)
		}
	}
}

// The demo's mailboxes are what the greeting promises: one gives up after 30 s, one has nobody on duty.
func TestDemoSeeds(t *testing.T) {
	d := startedDemo(t, t.TempDir())
	defer func() { _ = d.close(context.Background()) }()
	st := d.app.Service.Store
	accounts, err := st.MailboxBySlug(t.Context(), "accounts")
	if err != nil || accounts.Missed.Seconds() != 30 {
		t.Errorf("accounts: missed after %s, %v; want 30 s", accounts.Missed, err)
	}
	replies, err := st.Replies(t.Context())
	if err != nil || len(replies) < 10 {
		t.Errorf("%d saved replies, %v", len(replies), err)
	}
	roles := map[gateway.Role]int{}
	agents, err := st.Agents(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range agents {
		roles[a.Role]++
	}
	if roles[gateway.RoleAdmin] != 1 || roles[gateway.RoleAgent] < 2 || roles[gateway.RoleSenior] != 1 {
		t.Errorf("roles: %v", roles)
	}
	var out strings.Builder
	d.greet(&out)
	for _, want := range []string{d.shopURL, d.app.URL.String(), demoPassword, "ada@shop.example", "robin@example.com", "postern signer"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the greeting lacks %s", want)
		}
	}
}

func TestNextFree(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = taken.Close() }()
	l, err := nextFree(portOf(taken))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	if portOf(l) <= portOf(taken) {
		t.Errorf("port %d, want one after %d", portOf(l), portOf(taken))
	}
}

func startedDemo(t *testing.T, data string) *demo {
	t.Helper()
	d, err := startDemo(t.Context(), &demo{data: data}, 0, 0, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func articleCount(t *testing.T, d *demo) int {
	t.Helper()
	list, err := d.app.store.articles.Articles(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return len(list)
}
