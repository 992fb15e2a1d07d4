package web

import (
	"net/netip"
	"strings"
	"testing"
)

func TestClientAddr(t *testing.T) {
	trusted := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8")}
	for _, c := range []struct {
		name, peer string
		forwarded  []string
		want       string
	}{
		{"no proxy: the header is a lie", "203.0.113.9", []string{"1.1.1.1"}, "203.0.113.9"},
		{"one proxy", "10.0.0.2", []string{"203.0.113.9"}, "203.0.113.9"},
		{"two proxies", "10.0.0.2", []string{"203.0.113.9, 10.0.0.3"}, "203.0.113.9"},
		{"left end forged", "10.0.0.2", []string{"1.1.1.1, 203.0.113.9"}, "203.0.113.9"},
		{"first line forged", "10.0.0.2", []string{"1.1.1.1", "203.0.113.9"}, "203.0.113.9"},
		{"junk: stop at the last hop we know", "10.0.0.2", []string{"<script>"}, "10.0.0.2"},
		{"junk behind a proxy", "10.0.0.2", []string{"1.1.1.1, unknown, 10.0.0.3"}, "10.0.0.3"},
		{"empty entry is junk", "10.0.0.2", []string{"1.1.1.1,"}, "10.0.0.2"},
		{"proxy without a header", "10.0.0.2", nil, "10.0.0.2"},
		{"all trusted: the farthest", "10.0.0.2", []string{"10.0.0.4, 10.0.0.3"}, "10.0.0.4"},
		{"port", "10.0.0.2", []string{"203.0.113.9:4711"}, "203.0.113.9"},
		{"v6 with port", "fd00::1", []string{"[2001:db8::7]:443"}, "2001:db8::7"},
		{"mapped peer is its v4 self", "::ffff:10.0.0.2", []string{"::ffff:203.0.113.9"}, "203.0.113.9"},
		{"endless list ends", "10.0.0.2", []string{"1.1.1.1" + strings.Repeat(",10.0.0.3", maxHops)}, "10.0.0.3"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := clientAddr(netip.MustParseAddr(c.peer), c.forwarded, trusted); got.String() != c.want {
				t.Errorf("clientAddr = %s, want %s", got, c.want)
			}
		})
	}
}

// Whatever a client writes, the answer is the peer, if that is no proxy.
func FuzzClientAddr(f *testing.F) {
	f.Add("1.1.1.1, ::1, [::]:1")
	peer := netip.MustParseAddr("203.0.113.9")
	proxy := netip.MustParseAddr("10.0.0.2")
	trusted := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}
	f.Fuzz(func(t *testing.T, header string) {
		if got := clientAddr(peer, []string{header}, trusted); got != peer {
			t.Errorf("from no proxy: %s", got)
		}
		if got := clientAddr(proxy, []string{header}, trusted); !got.IsValid() {
			t.Error("no address from a proxy")
		}
		if got := clientAddr(proxy, []string{header, "203.0.113.9"}, trusted); got != peer {
			t.Errorf("forged first line: %s", got)
		}
	})
}
