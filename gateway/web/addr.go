package web

import (
	"net/netip"
	"strings"
)

// maxHops is how many entries of X-Forwarded-For are looked at.
const maxHops = 32

// clientAddr is the address that speaks to us: the peer, or, if that is a trusted proxy, the first address
// from the right in X-Forwarded-For that is none. forwarded has one entry per header line, as received.
// What stands to the left of it was written by the client and is not looked at. An entry that is no address
// ends the walk at the last hop that is known.
func clientAddr(peer netip.Addr, forwarded []string, trusted []netip.Prefix) netip.Addr {
	at := peer.Unmap().WithZone("")
	hops := 0
	for i := len(forwarded) - 1; i >= 0; i-- {
		line := forwarded[i]
		for more := true; more; {
			var entry string
			line, entry, more = cutLast(line)
			hops++
			if hops > maxHops || !isTrusted(at, trusted) {
				return at
			}
			next, ok := parseHop(entry)
			if !ok {
				return at
			}
			at = next
		}
	}
	return at
}

// cutLast splits off what follows the last comma.
func cutLast(line string) (rest, last string, more bool) {
	i := strings.LastIndexByte(line, ',')
	if i < 0 {
		return "", line, false
	}
	return line[:i], line[i+1:], true
}

// parseHop reads an address, with or without a port.
func parseHop(s string) (netip.Addr, bool) {
	s = strings.TrimSpace(s)
	if a, err := netip.ParseAddr(strings.Trim(s, "[]")); err == nil {
		return a.Unmap().WithZone(""), true
	}
	if ap, err := netip.ParseAddrPort(s); err == nil {
		return ap.Addr().Unmap().WithZone(""), true
	}
	return netip.Addr{}, false
}

func isTrusted(a netip.Addr, trusted []netip.Prefix) bool {
	for _, p := range trusted {
		if p.Contains(a) {
			return true
		}
	}
	return false
}
