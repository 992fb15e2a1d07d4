package main

import (
	"database/sql"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/postern-chat/postern/gateway"
	"github.com/postern-chat/postern/kb"
	"github.com/postern-chat/postern/widget"
)

func (n *node) readyz(t *testing.T) (int, string) {
	t.Helper()
	status, body, _ := n.read(t, "/readyz", nil)
	return status, body
}

// read gets a page of the gateway as it is, without a browser.
func (n *node) read(t *testing.T, path string, header http.Header) (int, string, http.Header) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, n.url+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	for k, v := range header {
		req.Header[k] = v
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(b), res.Header
}

// signed is the header of whoever has the cookie; nil = of nobody.
func signed(cookie *http.Cookie) http.Header {
	if cookie == nil {
		return nil
	}
	return http.Header{"Cookie": {cookie.String()}}
}

// Few articles are indexed before the listener opens, many beside it: the start does not wait for them, and the
// gateway is not ready until searches know them all.
func TestIndexBesideTheListener(t *testing.T) {
	for _, articles := range []int{soonIndexed, soonIndexed + 1} {
		t.Run(fmt.Sprint(articles), func(t *testing.T) {
			c := alone(t)
			st, err := openStorage(t.Context(), c, time.Now)
			if err != nil {
				t.Fatal(err)
			}
			for i := range articles {
				id := fmt.Sprintf("ar_%d", i)
				_, err := st.articles.SaveVersion(t.Context(), kb.Article{ID: id, Locale: "en", Visibility: kb.Public, Version: kb.Version{Title: id, Body: "text"}}, time.Now())
				if err == nil {
					_, err = st.articles.Publish(t.Context(), id, 1, "ag_1", time.Now())
				}
				if err != nil {
					t.Fatal(err)
				}
			}
			if err := st.gateway.Close(); err != nil {
				t.Fatal(err)
			}
			a, err := joined(t.Context(), c, openNode(t, alone(t)).log)
			if err != nil {
				t.Fatal(err)
			}
			soon := articles == soonIndexed
			if a.indexed.Load() != soon || (a.Service.Index.Len() == articles) != soon {
				t.Errorf("joined with %d of %d articles, indexed %v", a.Service.Index.Len(), articles, a.indexed.Load())
			}
			if err := a.ready(); (err == nil) != soon || !soon && gateway.CodeOf(err) != "unavailable" {
				t.Errorf("ready says %v", err)
			}
			if err := a.closeLeaves(); err != nil {
				t.Fatal(err)
			}
			n := openNode(t, c)
			waitUntil(t, "the articles are never indexed", func() bool { return n.indexed.Load() })
			if got := n.Service.Index.Len(); got != articles || n.ready() != nil {
				t.Errorf("%d of %d articles, %v", got, articles, n.ready())
			}
		})
	}
}

// Ready means: what people write can be stored. A database that only reads is not enough.
func TestReadyNeedsToWrite(t *testing.T) {
	c := shared(t)
	n := openNode(t, c)
	if status, text := n.readyz(t); widget.Built() && (status != http.StatusOK || text != "ready") || !widget.Built() && !strings.Contains(text, "ui") {
		t.Fatalf("%d %s", status, text)
	}
	db, err := sql.Open("pgx", c.DatabaseURL)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	var name string
	if err := db.QueryRowContext(t.Context(), "SELECT current_database()").Scan(&name); err != nil {
		t.Fatal(err)
	}
	_, err = db.ExecContext(t.Context(), "ALTER DATABASE "+name+" SET default_transaction_read_only = on")
	// Those that are open keep their setting.
	_, cut := db.ExecContext(t.Context(), "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1 AND pid <> pg_backend_pid()", name)
	if err := errors.Join(err, cut); err != nil {
		t.Fatal(err)
	}
	waitUntil(t, "it says ready where nothing can be written", func() bool {
		status, text := n.readyz(t)
		return status == http.StatusServiceUnavailable && strings.Contains(text, "database")
	})
}
