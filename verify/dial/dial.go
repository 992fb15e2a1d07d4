// Package dial makes the HTTP clients that speak to hosts and their login providers: no redirect, no proxy, no kept
// connection, and a dialer that refuses every loopback, private or link-local address that the deploy file does
// not allow. The address is judged at the moment of dialling, after the name was resolved, so a name that changes
// its address gains nothing (proof-gate.md §6, invariant 17).
package dial

import (
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"syscall"
	"time"
)

// Options are what one peer is allowed.
type Options struct {
	Allow   []netip.Prefix // loopback or private prefixes that the names may resolve to
	Plain   bool           // plain http: to an allowed loopback address only
	TLS     *tls.Config    // nil = the system's roots; the minimum version is 1.2 in any case
	Timeout time.Duration  // of one request as a whole, and of each of its stages
}

// Client makes the client of one peer. Each request is dialled and checked anew; nothing is decompressed.
func Client(o Options) *http.Client {
	conf := &tls.Config{MinVersion: tls.VersionTLS12}
	if o.TLS != nil {
		conf = o.TLS.Clone()
		conf.MinVersion = max(conf.MinVersion, tls.VersionTLS12)
	}
	dialer := &net.Dialer{Timeout: o.Timeout, Control: func(_, address string, _ syscall.RawConn) error {
		return mayDial(address, o.Allow, o.Plain)
	}}
	return &http.Client{
		Timeout:       o.Timeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			DialContext: dialer.DialContext, TLSClientConfig: conf, TLSHandshakeTimeout: o.Timeout,
			DisableKeepAlives: true, DisableCompression: true, MaxResponseHeaderBytes: 16 << 10,
			ResponseHeaderTimeout: o.Timeout, ExpectContinueTimeout: time.Second,
		},
	}
}

// mayDial judges the address that is about to be dialled, after the name was resolved. plain http goes to
// an allowed loopback address only.
func mayDial(address string, allow []netip.Prefix, plain bool) error {
	ap, err := netip.ParseAddrPort(address)
	if err != nil {
		return errors.New("dial: not an address")
	}
	ip := ap.Addr().Unmap().WithZone("")
	listed := false
	for _, p := range allow {
		listed = listed || p.Contains(ip)
	}
	switch {
	case plain && !(ip.IsLoopback() && listed):
		return errors.New("dial: plain http is for an allowed loopback address only")
	case listed || public(ip):
		return nil
	}
	return errors.New("dial: the address is not public and the host entry does not allow it")
}

// public reports whether ip is an ordinary address of the internet: not loopback, private, link-local,
// shared (RFC 6598), special (RFC 6890), multicast, or a way to embed one of those in IPv6.
func public(ip netip.Addr) bool {
	if !ip.IsGlobalUnicast() || ip.IsPrivate() || ip.IsLoopback() || ip.IsLinkLocalUnicast() {
		return false
	}
	for _, s := range []string{
		"0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "198.18.0.0/15", "198.51.100.0/24",
		"203.0.113.0/24", "240.0.0.0/4", "64:ff9b::/96", "64:ff9b:1::/48", "100::/64", "2001::/23", "2001:db8::/32", "2002::/16", "fec0::/10",
	} {
		if netip.MustParsePrefix(s).Contains(ip) {
			return false
		}
	}
	return true
}
