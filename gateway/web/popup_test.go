package web

import (
	"net/url"
	"testing"
)

func TestSameSite(t *testing.T) {
	for _, c := range []struct {
		a, b string
		same bool
	}{
		{"https://www.shop.example/cart", "https://chat.shop.example", true},
		{"https://shop.example", "https://chat.shop.example:8443/x", true},
		{"https://SHOP.example", "https://chat.shop.example", true},
		{"http://shop.example", "https://chat.shop.example", false},
		{"https://shop.example", "https://chat.other.example", false},
		{"https://a.co.uk", "https://b.co.uk", false},
		{"https://a.github.io", "https://b.github.io", false},
		{"http://localhost:1", "http://localhost:2", true},
		{"http://localhost:1", "http://127.0.0.1:1", false},
		{"http://127.0.0.1:1", "http://127.0.0.1:2", true},
		{"http://10.0.0.1", "http://20.0.0.1", false},
		{"https://co.uk", "https://uk", false},
		{"about:blank", "https://chat.shop.example", false},
		{"", "", false},
	} {
		a, err := url.Parse(c.a)
		if err != nil {
			t.Fatal(err)
		}
		b, err := url.Parse(c.b)
		if err != nil {
			t.Fatal(err)
		}
		if got := sameSite(a, b); got != c.same {
			t.Errorf("%s and %s: %v, want %v", c.a, c.b, got, c.same)
		}
	}
	s := &Server{opt: Options{Popups: map[string]bool{"shop": true}, PublicURL: &url.URL{Scheme: "https", Host: "chat.shop.example"}}}
	if !s.popup("shop", "https://shop.example/") || s.popup("other", "https://shop.example/") || s.popup("shop", "https://evil.example/") || s.popup("shop", ":") {
		t.Error("popup: only for a host that allows it, on a page of our own site")
	}
}
