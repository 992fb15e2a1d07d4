package main

import (
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/postern-chat/postern/gateway"
)

// by sends a request of a visitor's widget, under a fresh pass.
func (r *row) by(c *client, method, path string, body []byte) (*http.Response, []byte) {
	r.Helper()
	req, err := http.NewRequestWithContext(r.Context(), method, r.url+path, strings.NewReader(string(body)))
	if err != nil {
		r.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+c.ok("pass", map[string]any{})["pass"].(string))
	req.Header.Set("X-Forwarded-For", r.ip)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		r.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		r.Fatal(err)
	}
	return res, b
}

// begins asks for room for an upload; it gives status and id.
func (r *row) begins(c *client, cv, name string, size int) (int, string) {
	r.Helper()
	in, err := json.Marshal(map[string]any{"conversation": cv, "name": name, "size": size})
	if err != nil {
		r.Fatal(err)
	}
	res, b := r.by(c, "POST", "/v1/files", in)
	var out struct{ File struct{ ID string } }
	if res.StatusCode == http.StatusOK {
		if err := json.Unmarshal(b, &out); err != nil {
			r.Fatal(err)
		}
	}
	return res.StatusCode, out.File.ID
}

// uploads sends a whole file of one part.
func (r *row) uploads(c *client, cv, name string, data []byte) string {
	r.Helper()
	status, id := r.begins(c, cv, name, len(data))
	if status != http.StatusOK {
		r.Fatalf("begin %s: %d", name, status)
	}
	if res, b := r.by(c, "PUT", "/v1/files/"+id+"/0", data); res.StatusCode != http.StatusOK {
		r.Fatalf("send %s: %d %s", name, res.StatusCode, b)
	}
	return id
}

// A file is read by whoever may see its conversation, from the message on that names it, and no copy stays in any
// cache. Whatever is in it, a browser does nothing with it but show a picture or save it under a harmless name.
func TestDownloads(t *testing.T) {
	onBoth(t, func(t *testing.T, r *row) {
		k, other := r.talk("ag1"), r.talk("ag2")
		png := append([]byte("\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"), make([]byte, 40)...)
		for i, c := range []struct {
			name, saved, how string
			data             []byte
		}{
			{"photo.png", "photo.png", "inline", png},
			{"photo.html", "photo.html.png", "inline", png},
			{"notes.txt", "notes.txt", "attachment", []byte("plain words")},
			{"run.hta", "run.hta.txt", "attachment", []byte("plain words")},
			{`a"b; filename=x.exe.txt`, `a"b; filename=x.exe.txt`, "attachment", []byte("plain words")},
			{"Größe\r\nX-Evil: 1.txt", "GrößeX-Evil: 1.txt", "attachment", []byte("plain words")},
			{"تقرير.txt", "تقرير.txt", "attachment", []byte("plain words")},
			{`..\..\boot.txt`, "boot.txt", "attachment", []byte("plain words")},
		} {
			id := r.uploads(k.vic, k.cv, c.name, c.data)
			path := "/v1/files/" + id
			if status, _, _ := r.call("ag1", "GET", path, ""); status != http.StatusNotFound {
				t.Errorf("%s, not sent yet: %d for the agent", c.name, status)
			}
			if res, _ := r.by(k.vic, "GET", path, nil); res.StatusCode != http.StatusOK {
				t.Errorf("%s, not sent yet: %d for its owner", c.name, res.StatusCode)
			}
			k.vic.ok("message.send", map[string]any{"conversation": k.cv, "client_id": fmt.Sprint(i), "text": "", "files": []string{id}})
			status, h, b := r.call("ag1", "GET", path, "")
			if status != http.StatusOK || string(b) != string(c.data) {
				t.Errorf("%s: %d %q", c.name, status, b)
			}
			for name, want := range map[string]string{
				"Cache-Control": "private, no-store", "X-Content-Type-Options": "nosniff", "Content-Security-Policy": "default-src 'none'; sandbox",
				"Cross-Origin-Resource-Policy": "same-origin", "Referrer-Policy": "no-referrer", "X-Evil": "",
			} {
				if got := h.Get(name); got != want {
					t.Errorf("%s: %s: %q, want %q", c.name, name, got, want)
				}
			}
			how, params, err := mime.ParseMediaType(h.Get("Content-Disposition"))
			if err != nil || how != c.how || params["filename"] != c.saved || len(params) != 1 {
				t.Errorf("%s: %q, %v; want %s of %q", c.name, h.Get("Content-Disposition"), err, c.how, c.saved)
			}
			if res, _ := r.by(other.vic, "GET", path, nil); res.StatusCode != http.StatusNotFound {
				t.Errorf("%s: %d for another visitor", c.name, res.StatusCode)
			}
		}
		last := "/v1/files/" + r.uploads(k.vic, k.cv, "last.txt", []byte("x"))
		k.vic.ok("message.send", map[string]any{"conversation": k.cv, "client_id": "last", "text": "", "files": []string{strings.TrimPrefix(last, "/v1/files/")}})
		if status, _, _ := r.call("ag2", "GET", last, ""); status != http.StatusOK {
			t.Errorf("a member of the mailbox: %d", status)
		}
		members := []gateway.ID{r.staff["ag1"].ID}
		if _, err := r.Service.Store.SetMembers(t.Context(), r.box.ID, members, gateway.System(), r.clock.now()); err != nil {
			t.Fatal(err)
		}
		for _, path := range []string{last, "/v1/files/fi_01KAH0000000000000000000AA"} {
			if status, _, _ := r.call("ag2", "GET", path, ""); status != http.StatusNotFound {
				t.Errorf("%s, once a member no more: %d", path, status)
			}
		}
	})
}

// Uploads that no message names are limited while they lie about, and gone a day later: half ones, whole ones, and
// none that was sent.
func TestLooseUploads(t *testing.T) {
	for _, engine := range []string{"SQLite", "PostgreSQL"} {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			r := newRow(t, startFixture(t, engine, options{clock: true}))
			r.given()
			k := r.talk("ag1")
			sent := r.uploads(k.vic, k.cv, "sent.txt", []byte("x"))
			k.vic.ok("message.send", map[string]any{"conversation": k.cv, "client_id": "1", "text": "", "files": []string{sent}})
			whole := r.uploads(k.vic, k.cv, "whole.txt", []byte("x"))
			_, half := r.begins(k.vic, k.cv, "half.bin", gateway.MaxFilesBytes)
			for range 3 {
				r.begins(k.vic, k.cv, "more.bin", gateway.MaxFilesBytes)
			}
			if status, _ := r.begins(k.vic, k.cv, "toomuch.bin", gateway.MaxFilesBytes); status != http.StatusTooManyRequests {
				t.Errorf("over the quota: %d, want 429", status)
			}
			r.clock.set(t, gateway.LooseLife+time.Minute)
			for _, id := range []string{whole, half} {
				r.until(func() string {
					if _, err := r.Service.Store.File(t.Context(), gateway.ID(id)); gateway.CodeOf(err) != "not_found" {
						return fmt.Sprintf("%s is still there (%v)", id, err)
					}
					return ""
				})
			}
			if _, err := r.Service.Store.File(t.Context(), gateway.ID(sent)); err != nil {
				t.Errorf("the sent file: %v", err)
			}
		})
	}
}
