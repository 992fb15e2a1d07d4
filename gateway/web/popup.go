package web

import (
	"net/netip"
	"net/url"
	"strings"

	"golang.org/x/net/publicsuffix"
)

// popup reports whether the login may open in a window of its own: the host's entry allows it, and the page that
// the visitor is on is of our own site. Elsewhere only the full page gets back for sure. The answer gives nobody
// anything: both ways end in the same finish. Source: proof-gate.md §3.10.
func (s *Server) popup(host, page string) bool {
	u, err := url.Parse(page)
	return err == nil && s.opt.Popups[host] && sameSite(u, s.opt.PublicURL)
}

// sameSite is "schemefully same site" of the HTML Standard: scheme and registrable domain are equal; of an address
// or a name without a registrable domain, the whole host. Ports play no part.
func sameSite(a, b *url.URL) bool {
	return a.Scheme == b.Scheme && a.Hostname() != "" && site(a.Hostname()) == site(b.Hostname())
}

func site(host string) string {
	host = strings.ToLower(host)
	if _, err := netip.ParseAddr(host); err == nil {
		return host
	}
	if domain, err := publicsuffix.EffectiveTLDPlusOne(host); err == nil {
		return domain
	}
	return host
}
