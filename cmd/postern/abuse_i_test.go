package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"github.com/postern-chat/postern/gateway"
	"github.com/postern-chat/postern/verify"
)

// abuseI: what could carry an account fact out. I11 to I14 are the AI's.
func abuseI() map[string]func(r *row) {
	return map[string]func(r *row){"I07": unprovenFiles, "I16": scrubbedUpload, "L10": guardCrashes}
}

// sample gives the first bytes of a kind of file, long enough to be told by its content.
func sampleFile(kind string) []byte {
	head := map[string]string{"a.pdf": "%PDF-1.7\n", "a.png": "\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "a.zip": "PK\x03\x04\x14\x00\x00\x00"}[kind]
	return append([]byte(head), make([]byte, 40)...)
}

// staffUploads sends a whole file of one part as one of the staff; path begins it: into a conversation, or the library.
func (r *row) staffUploads(name, path, begin string, data []byte) string {
	r.Helper()
	status, _, b := r.call(name, "POST", path, begin)
	var made struct{ File struct{ ID string } }
	if err := json.Unmarshal(b, &made); status != http.StatusOK || err != nil {
		r.Fatalf("begin %s: %d %s", begin, status, b)
	}
	if status, _, b = r.call(name, "PUT", "/v1/files/"+made.File.ID+"/0", string(data)); status != http.StatusOK {
		r.Fatalf("send %s: %d %s", begin, status, b)
	}
	return made.File.ID
}

// sendsFile is an agent's message with a file and few words.
func (r *row) sendsFile(k talk, file string) map[string]any {
	r.Helper()
	return k.mia.ok("message.send", map[string]any{"conversation": k.cv, "client_id": newAddress(), "text": "here", "files": []string{file}})
}

// inLibrary is a file that an admin has made public.
func (r *row) inLibrary(file string) string {
	r.Helper()
	data := sampleFile(file)
	id := r.staffUploads("ad1", "/v1/library", fmt.Sprintf(`{"name":%q,"size":%d}`, file, len(data)), data)
	if status, _, b := r.call("ad1", "PUT", "/v1/library/"+id, ""); status != http.StatusOK {
		r.Fatalf("into the library: %d %s", status, b)
	}
	return id
}

func unprovenFiles(r *row) {
	k := r.talk("ag1")
	var own string
	for _, file := range []string{"a.pdf", "a.png", "a.zip"} {
		data := sampleFile(file)
		own = r.staffUploads("ag1", "/v1/files", fmt.Sprintf(`{"conversation":%q,"name":%q,"size":%d}`, k.cv, file, len(data)), data)
		sent := r.sendsFile(k, own)
		if sent["reason"] != r.says("attachment.unproven") || sent["seq"] != nil || sent["state"] != "held" {
			r.Errorf("%s: %v", file, sent)
		}
		// Nobody can let it through, and nobody outside the staff can load it.
		release := map[string]any{"message": sent["id"], "reason": "it is harmless"}
		r.refused(r.as("su1"), "attachment.unproven", "message.release", release)
		if res, _ := r.by(k.vic, "GET", "/v1/files/"+own, nil); res.StatusCode != http.StatusNotFound {
			r.Errorf("%s: %d for the visitor", file, res.StatusCode)
		}
	}
	r.logged("", "attachment.unproven", 3)
	r.sees(k, "Did they come?", "a.pdf", "a.png", "a.zip", own)
	r.librarySends(k)
	// A file is no guess at a fact: three of them freeze nothing. After a login they go.
	r.honest(k)
	r.given()
	if sent := r.sendsFile(k, own); sent["seq"] == nil {
		r.Errorf("after the login: %v", sent)
	}
	if res, _ := r.by(k.vic, "GET", "/v1/files/"+own, nil); res.StatusCode != http.StatusOK {
		r.Errorf("after the login: %d for the visitor", res.StatusCode)
	}
}

// librarySends asserts that a file of the library goes to anybody, and that only an admin puts one there.
func (r *row) librarySends(k talk) {
	r.Helper()
	public := r.inLibrary("a.pdf")
	sent := r.sendsFile(k, public)
	if sent["seq"] == nil || sent["held"] != nil {
		r.Errorf("a library file: %v", sent)
	}
	if res, b := r.by(k.vic, "GET", "/v1/files/"+public, nil); res.StatusCode != http.StatusOK || !strings.HasPrefix(string(b), "%PDF") {
		r.Errorf("a library file: %d for the visitor", res.StatusCode)
	}
	if status, _, b := r.call("ag1", "GET", "/v1/library", ""); status != http.StatusOK || !strings.Contains(string(b), public) {
		r.Errorf("the list: %d %s", status, b)
	}
	for _, name := range []string{"tr1", "ag1", "sn1", "su1", "au1", "ed1"} {
		for method, path := range map[string]string{"POST": "/v1/library", "PUT": "/v1/library/" + public, "DELETE": "/v1/library/" + public} {
			if status, _, _ := r.call(name, method, path, `{"name":"a.pdf","size":2}`); status != http.StatusForbidden {
				r.Errorf("%s %s by %s: %d", method, path, name, status)
			}
		}
	}
	// What was uploaded into a conversation cannot be moved into the library, by whomever.
	data := sampleFile("a.zip")
	loose := r.staffUploads("ad1", "/v1/files", fmt.Sprintf(`{"conversation":%q,"name":"a.zip","size":%d}`, k.cv, len(data)), data)
	if status, _, _ := r.call("ad1", "PUT", "/v1/library/"+loose, ""); status != http.StatusNotFound {
		r.Errorf("an upload of a conversation into the library: %d", status)
	}
	r.refusedAs(k.vic, "invalid", "message.send", map[string]any{"conversation": k.cv, "client_id": "lib", "text": "", "files": []string{public}})
	if status, _, _ := r.call("ad1", "DELETE", "/v1/library/"+public, ""); status != http.StatusOK {
		r.Errorf("take it out: %d", status)
	}
	if res, _ := r.by(k.vic, "GET", "/v1/files/"+public, nil); res.StatusCode != http.StatusNotFound {
		r.Errorf("taken out: %d for the visitor", res.StatusCode)
	}
	r.refusedAs(k.mia, "invalid", "message.send", map[string]any{"conversation": k.cv, "client_id": "gone", "text": "", "files": []string{public}}, "not_found")
}

// refusedAs asserts one of the codes of a refusal that has no reason.
func (r *row) refusedAs(c *client, code, cmd string, args any, or ...string) {
	r.Helper()
	f := c.do(cmd, args)
	e, _ := f["error"].(map[string]any)
	got, _ := e["code"].(string)
	if got != code && !strings.Contains(" "+strings.Join(or, " ")+" ", " "+got+" ") || got == "" {
		r.Errorf("%s: %v, want %s", cmd, f, code)
	}
}

func scrubbedUpload(r *row) {
	k := r.talk("ag1")
	const secret, jwt = "s3cretSessionOfVic", "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ4In0.c2lnbmF0dXJl"
	har := `{"log":{"entries":[{"request":{"url":"https://site.test/plan","headers":[{"name":"Cookie","value":"sid=` + secret + `"},
{"name":"Authorization","value":"Bearer ` + jwt + `"}],"cookies":[{"name":"sid","value":"` + secret + `"}]},"response":{"content":{"text":"` + jwt + `"}}}]}}`
	filler := strings.Repeat(`{"name":"Host","value":"site.test"},`, 40_000) // the secrets lie over two parts
	body := []byte(filler[:gateway.PartSize-100] + har + filler)
	status, id := r.begins(k.vic, k.cv, "site.har", len(body))
	if status != http.StatusOK {
		r.Fatal(status)
	}
	var told struct {
		File struct{ Size, Scrubbed int64 }
	}
	for n := 0; n*gateway.PartSize < len(body); n++ {
		if got, err := r.Service.Store.File(r.Context(), gateway.ID(id)); err != nil || got.Type != "" {
			r.Errorf("readable before it is whole: %+v, %v", got, err)
		}
		res, b := r.by(k.vic, "PUT", fmt.Sprintf("/v1/files/%s/%d", id, n), body[n*gateway.PartSize:min(len(body), (n+1)*gateway.PartSize)])
		if err := json.Unmarshal(b, &told); res.StatusCode != http.StatusOK || err != nil {
			r.Fatalf("part %d: %d %s", n, res.StatusCode, b)
		}
	}
	if told.File.Scrubbed != 4 || told.File.Size >= int64(len(body)) {
		r.Errorf("the visitor is told %+v of %d bytes", told.File, len(body))
	}
	k.vic.ok("message.send", map[string]any{"conversation": k.cv, "client_id": "har", "text": "", "files": []string{id}})
	k.mia.until("the file", func(f map[string]any) bool {
		return f["ev"] == "message.created" && strings.Contains(fmt.Sprint(f["data"]), "scrubbed:4")
	})
	for _, name := range []string{"ag1", "su1", "ad1"} {
		status, _, b := r.call(name, "GET", "/v1/files/"+id, "")
		if status != http.StatusOK || int64(len(b)) != told.File.Size || !strings.Contains(string(b), "https://site.test/plan") {
			r.Errorf("%s: %d, %d bytes", name, status, len(b))
		}
		if strings.Contains(string(b), secret) || strings.Contains(string(b), "eyJ") {
			r.Errorf("%s reads a secret", name)
		}
	}
	for n := range len(body)/gateway.PartSize + 1 {
		if part, err := r.Service.Store.Part(r.Context(), gateway.ID(id), n); err == nil && strings.Contains(string(part), secret) {
			r.Errorf("part %d is kept with the secret", n)
		}
	}
}

// guardCrashes breaks the guard of a gateway: it has no word lists, and falls at the first word.
func guardCrashes(r *row) {
	r.alone(options{bend: func(s *gateway.Service) { s.Leaks = nil }})
	k := r.talk("ag1")
	for range gateway.LeakHolds + 1 {
		id := r.keeps(k, "Good morning", "guard")
		if got, err := r.Service.Store.Held(r.Context(), gateway.ID(id)); err != nil || got.State != gateway.HeldWaiting {
			r.Errorf("kept as %+v, %v", got, err)
		}
	}
	r.logged("", r.says("guard.unavailable"), gateway.LeakHolds+1)
	// A guard that failed has found nothing: the gate is not stopped for it, and a supervisor may let it through.
	change, _ := k.offer(r.T)
	r.stays(change, verify.Challenged)
	id := r.keeps(k, "Good evening", "guard")
	for _, f := range k.vic.frames {
		if f["ev"] == "message.created" && strings.Contains(fmt.Sprint(f["data"]), "Good") {
			r.Errorf("the visitor has %v", f)
		}
	}
	r.as("su1").ok("message.release", map[string]any{"message": id, "reason": "a greeting"})
	k.vic.until("the released message", func(f map[string]any) bool {
		data, _ := f["data"].(map[string]any)
		return f["ev"] == "message.created" && data["text"] == "Good evening"
	})
}
