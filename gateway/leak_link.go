package gateway

import (
	"net/netip"
	"net/url"
	"strings"
	"unicode"

	"github.com/postern-chat/postern/kb"
)

// leakLink is one address in a text.
type leakLink struct {
	raw    string // as it stands
	host   string // as it stands, without scheme, user and port
	scheme bool
	user   bool // "https://site@elsewhere": what reads like the host is a user name
	query  string
	at     int
}

// links looks for addresses that only look like the site's, and for links that carry a token.
func (s *leakScan) links() {
	if strings.IndexByte(s.t.src, '.') < 0 {
		return
	}
	text, shown := strings.Map(visible, s.t.src), ""
	s.sites = sitesOf(s.out.Sites)
	for _, l := range s.g.linksIn(text) {
		if secret := tokenIn(l.query); secret {
			s.hit(LeakSecret, l)
		}
		host := strings.ToLower(l.host)
		if s.disguised(l) || shown != "" && shown != host {
			s.hit(LeakLink, l)
		}
		shown = ""
		if rest := text[min(len(text), l.at+len(l.raw)):]; strings.HasPrefix(rest, "](") {
			shown = host
		}
	}
}

// HasLink reports whether an address stands in the text: only then does the guard need to know the sites.
func (g *LeakGuard) HasLink(text string) bool {
	return g != nil && strings.IndexByte(text, '.') >= 0 && len(g.linksIn(strings.Map(visible, text))) > 0
}

// hit notes a link by its host. Its place is not kept: a link is never masked.
func (s *leakScan) hit(kind LeakKind, l leakLink) {
	s.hits = append(s.hits, leakHit{kind: kind, action: LeakHold, norm: strings.ToLower(l.host), piece: l.raw})
}

// visible drops characters that nobody sees.
func visible(r rune) rune {
	if r >= 0x80 && unicode.Is(unicode.Cf, r) {
		return -1
	}
	return r
}

// linksIn cuts out what has a scheme, or looks like a host name.
func (g *LeakGuard) linksIn(text string) []leakLink {
	var out []leakLink
	for i := 0; i < len(text); {
		n := strings.IndexFunc(text[i:], linkEnds)
		if n < 0 {
			n = len(text) - i
		}
		if word := text[i : i+n]; strings.IndexByte(word, '.') >= 0 {
			if l, ok := g.link(word); ok {
				l.at = i
				out = append(out, l)
			}
		}
		i += max(n, 1)
	}
	return out
}

func linkEnds(r rune) bool {
	return r <= ' ' || strings.ContainsRune("()[]<>\"'`,;|", r) || r >= 0x80 && unicode.IsSpace(r)
}

func (g *LeakGuard) link(word string) (l leakLink, ok bool) {
	l.raw = strings.TrimRight(word, ".!?:")
	rest := l.raw
	if i := strings.Index(rest, "://"); i > 0 {
		l.scheme, rest = true, rest[i+3:]
	}
	end := strings.IndexAny(rest, "/?#\\")
	if end < 0 {
		end = len(rest)
	}
	host, tail := rest[:end], rest[end:]
	if at := strings.LastIndexByte(host, '@'); at >= 0 {
		if !l.scheme {
			return l, false // an e-mail address
		}
		l.user, host = true, host[at+1:]
	}
	host, _, _ = strings.Cut(host, ":")
	l.host = strings.Trim(host, ".")
	if q := strings.IndexAny(tail, "?#"); q >= 0 {
		l.query = tail[q+1:]
	}
	dot := strings.LastIndexByte(l.host, '.')
	if dot < 1 {
		return l, false
	}
	last := strings.ToLower(l.host[dot+1:])
	_, err := netip.ParseAddr(l.host)
	return l, l.scheme || err != nil && (g.tlds[last] || last[len(last)-1] >= 0x80 || strings.HasPrefix(strings.ToLower(l.host), "www."))
}

// tokenIn reports whether a link's query or fragment carries something that opens an account.
func tokenIn(query string) bool {
	values, err := url.ParseQuery(strings.ReplaceAll(query, ";", "&"))
	if err != nil {
		return len(query) > 40
	}
	for name, vs := range values {
		const names = " token code key reset session sid sig signature auth access_token id_token ticket otp secret password postern t "
		if !strings.Contains(names, " "+strings.ToLower(name)+" ") {
			continue
		}
		for _, v := range vs {
			if len(v) >= 12 && strings.ContainsAny(v, "0123456789") {
				return true
			}
		}
	}
	return false
}

// leakSite is a host of ours, as it looks.
type leakSite struct{ host, shape, name string }

func sitesOf(hosts []string) []leakSite {
	out := make([]leakSite, len(hosts))
	for i, h := range hosts {
		h = strings.TrimPrefix(strings.ToLower(h), "www.")
		out[i] = leakSite{host: h, shape: skeleton(h), name: skeleton(brand(h))}
	}
	return out
}

// disguised reports whether a link looks like the site's and is not.
func (s *leakScan) disguised(l leakLink) bool {
	host := strings.ToLower(l.host)
	for _, site := range s.sites {
		if !l.user && (host == site.host || strings.HasSuffix(host, "."+site.host)) {
			return false
		}
	}
	if l.user || strings.Contains(host, "xn--") || mixedScripts(l.host) {
		return true
	}
	if ip, err := netip.ParseAddr(host); err == nil {
		return l.scheme && !ip.IsPrivate() && !ip.IsLoopback()
	}
	return s.looksOurs(skeleton(l.host))
}

// looksOurs reports whether a host that is not ours reads like one that is: the same skeleton, its name inside, or
// one letter off.
func (s *leakScan) looksOurs(shape string) bool {
	for _, site := range s.sites {
		if shape == site.shape || strings.HasSuffix(shape, "."+site.shape) {
			return true
		}
		if len(site.name) < 5 {
			continue
		}
		for label := range strings.SplitSeq(shape, ".") {
			if strings.Contains(label, site.name) || len(site.name) > 5 && oneOff(label, site.name) {
				return true
			}
		}
	}
	return false
}

// brand gives the label of a host that people know it by: "shop" of shop.co.uk.
func brand(site string) string {
	labels := strings.Split(site, ".")
	n := len(labels)
	switch {
	case n < 2:
		return ""
	case n > 2 && strings.Contains(" co com org net ac gov edu ", " "+labels[n-2]+" "):
		return labels[n-3]
	}
	return labels[n-2]
}

// skeleton gives what a host name looks like: look-alikes and accents replaced, digits as the letters they pass for.
func skeleton(host string) string {
	b := make([]byte, 0, len(host))
	for _, r := range host {
		if r < 0x80 {
			b = append(b, shapeOf(r))
			continue
		}
		for _, p := range kb.Decompose(string(unicode.ToLower(r))) {
			if unicode.Is(unicode.Mn, p) {
				continue
			}
			if a := lookAlike(p); a != 0 {
				p = rune(a)
			}
			if p < 0x80 {
				b = append(b, shapeOf(p))
			} else {
				b = append(b, string(p)...)
			}
		}
	}
	return strings.ReplaceAll(strings.ReplaceAll(string(b), "rn", "m"), "vv", "w")
}

// shapeOf gives the letter that an ASCII character passes for in small print; i, l and 1 are one, also as a capital.
func shapeOf(r rune) byte {
	switch r {
	case '0':
		return 'o'
	case '1', 'I', 'i':
		return 'l'
	case '3':
		return 'e'
	case '5':
		return 's'
	}
	if r >= 'A' && r <= 'Z' {
		r += 'a' - 'A'
	}
	return byte(r)
}

// mixedScripts reports whether a label of the host has Latin letters and others that pass for Latin ones.
func mixedScripts(host string) bool {
	for label := range strings.SplitSeq(host, ".") {
		latin, alike := false, false
		for _, r := range label {
			latin = latin || unicode.Is(unicode.Latin, r)
			alike = alike || r >= 0x80 && lookAlike(unicode.ToLower(r)) != 0
		}
		if latin && alike {
			return true
		}
	}
	return false
}

// oneOff reports whether two words differ by one letter: changed, added, left out, or two changed places.
func oneOff(a, b string) bool {
	if len(a) > len(b) {
		a, b = b, a
	}
	if len(b)-len(a) > 1 || a == b {
		return false
	}
	i := 0
	for i < len(a) && a[i] == b[i] {
		i++
	}
	if len(a) < len(b) {
		return a[i:] == b[i+1:]
	}
	swapped := i+1 < len(a) && a[i] == b[i+1] && a[i+1] == b[i] && a[i+2:] == b[i+2:]
	return a[i+1:] == b[i+1:] || swapped
}
