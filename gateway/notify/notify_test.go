package notify

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/postern-chat/postern/gateway"
	"github.com/postern-chat/postern/verify"
)

var loopback = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}

func secrets() []verify.Secret {
	return []verify.Secret{verify.Secret("the newer secret, over 24 bytes"), verify.Secret("the older secret, over 24 bytes")}
}

func webhooks(t *testing.T, url string, allow []netip.Prefix) *Webhooks {
	t.Helper()
	w, err := New([]Endpoint{{Hook: gateway.Hook{Name: "crm"}, URL: url, Secrets: secrets(), Allow: allow}}, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// Whoever has either secret can check what he reads, with the code of any Standard Webhooks library or five lines of his
// own.
func TestSigned(t *testing.T) {
	const want = `{"type":"conversation.rated"}`
	asked := 0
	s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		asked++
		body, err := io.ReadAll(r.Body)
		if err != nil || string(body) != want || r.Method != http.MethodPost || r.Header.Get("Content-Type") != "application/json" {
			t.Errorf("%s %s %s, %v", r.Method, r.Header.Get("Content-Type"), body, err)
		}
		for _, key := range secrets() {
			if id, err := verify.CheckHook(r.Header, []verify.Secret{key}, time.Now(), body); err != nil || id != "ev_1" {
				t.Errorf("%q, %v", id, err)
			}
		}
		if _, err := verify.CheckHook(r.Header, []verify.Secret{verify.Secret("somebody else's, over 24 bytes")}, time.Now(), body); err == nil {
			t.Error("a foreign secret signs too")
		}
		mac := hmac.New(sha256.New, secrets()[0])
		mac.Write([]byte(r.Header.Get("webhook-id") + "." + r.Header.Get("webhook-timestamp") + "." + want))
		if first, _, _ := strings.Cut(r.Header.Get("webhook-signature"), " "); first != "v1,"+base64.StdEncoding.EncodeToString(mac.Sum(nil)) {
			t.Errorf("signature %q", first)
		}
		if at, err := strconv.ParseInt(r.Header.Get("webhook-timestamp"), 10, 64); err != nil || time.Since(time.Unix(at, 0)) > time.Minute {
			t.Errorf("timestamp %d, %v", at, err)
		}
	}))
	defer s.Close()
	if status, err := webhooks(t, s.URL, loopback).Post(t.Context(), "crm", "ev_1", []byte(want)); status != 200 || err != nil || asked != 1 {
		t.Fatalf("%d, %v, asked %d times", status, err, asked)
	}
}

func TestAnswers(t *testing.T) {
	for _, c := range []struct {
		status int
		code   string
	}{
		{200, ""},
		{204, ""},
		{301, "unavailable"},
		{400, "unavailable"},
		{410, "gone"},
		{429, "unavailable"},
		{503, "unavailable"},
	} {
		t.Run(strconv.Itoa(c.status), func(t *testing.T) {
			asked := 0
			s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				asked++
				w.Header().Set("Location", "/elsewhere")
				w.WriteHeader(c.status)
			}))
			defer s.Close()
			status, err := webhooks(t, s.URL, loopback).Post(t.Context(), "crm", "ev_1", nil)
			if status != c.status || gateway.CodeOf(err) != c.code || asked != 1 {
				t.Errorf("%d, %v, asked %d times", status, err, asked)
			}
		})
	}
}

// An address that is not public is dialled only if the entry allows it.
func TestPrivateAddress(t *testing.T) {
	asked := 0
	s := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked++ }))
	defer s.Close()
	status, err := webhooks(t, s.URL, nil).Post(t.Context(), "crm", "ev_1", nil)
	if status != 0 || gateway.CodeOf(err) != "unavailable" || asked != 0 {
		t.Errorf("%d, %v, asked %d times", status, err, asked)
	}
	if strings.Contains(err.Error(), s.URL) {
		t.Errorf("the error holds the URL: %v", err)
	}
}

func TestNotOurs(t *testing.T) {
	w := webhooks(t, "https://crm.test/hook?key=secret", nil)
	if _, err := w.Post(t.Context(), "other", "ev_1", nil); gateway.CodeOf(err) != "not_found" {
		t.Errorf("an endpoint that is none: %v", err)
	}
	if all := w.Endpoints(); len(all) != 1 || all[0].Name != "crm" || all[0].Host != "crm.test" {
		t.Errorf("endpoints: %+v", all)
	}
	for _, e := range []Endpoint{
		{URL: "crm.test/hook", Secrets: secrets()},
		{URL: "ftp://crm.test", Secrets: secrets()},
		{URL: "https://user@crm.test", Secrets: secrets()},
		{URL: "https://crm.test"},
	} {
		if _, err := New([]Endpoint{e}, time.Now); err == nil {
			t.Errorf("%+v is taken", e)
		}
	}
}
