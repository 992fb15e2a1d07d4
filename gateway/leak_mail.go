package gateway

import "strings"

// emails looks for addresses, whole or masked, and drops those of the site's own offices.
func (s *leakScan) emails() {
	for i := range s.t.toks {
		if s.tok(i).kind != '@' {
			continue
		}
		domain, b := s.domain(i)
		if domain == "" {
			continue
		}
		local, a := s.local(i)
		if local == "" || s.g.ownOffice(local, domain, s.out) || example(local, domain) {
			continue
		}
		s.addAs(LeakEmail, local+"@"+domain, a, b)
	}
}

// addresses gives every address of a text.
func (s *leakScan) addresses() (out []string) {
	for i := range s.t.toks {
		if s.tok(i).kind != '@' {
			continue
		}
		if domain, _ := s.domain(i); domain != "" {
			local, _ := s.local(i)
			out = append(out, local+"@"+domain)
		}
	}
	return out
}

// glued reports whether token i belongs to the one before it: no blank, or letters that were spaced or signs spelled.
func (s *leakScan) glued(i int) bool {
	return !s.tok(i).gap || s.tok(i).said || s.tok(i-1).said
}

// domain reads the host name behind the @ at i. With blanks around it, it must end as hosts do.
func (s *leakScan) domain(i int) (host string, last int) {
	var b strings.Builder
	k, loose := i+1, !s.glued(i) || !s.glued(i+1)
	for ; k < s.len() && (k == i+1 || s.glued(k)); k++ {
		x := s.tok(k)
		switch {
		case x.word() || x.number():
			b.WriteString(x.s)
			last = k
		case (x.kind == '.' || x.kind == '-' || x.kind == '*') && (s.glued(k+1) || x.said):
			b.WriteByte(x.kind)
		default:
			k = s.len()
		}
	}
	host = strings.Trim(b.String(), ".-")
	dot := strings.LastIndexByte(host, '.')
	if dot < 1 || !letters(host[dot+1:]) || loose && !s.g.tlds[host[dot+1:]] {
		return "", 0
	}
	return host, last
}

func letters(s string) bool {
	return len(s) > 1 && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz") == ""
}

// local reads the name before the @ at i.
func (s *leakScan) local(i int) (name string, first int) {
	first = i
	for k := i - 1; k >= 0 && (k == i-1 || s.glued(k+1)); k-- {
		x := s.tok(k)
		if !x.word() && !x.number() && strings.IndexByte("._+-*%", x.kind) < 0 {
			break
		}
		first = k
	}
	for first < i && !s.tok(first).word() && !s.tok(first).number() && s.tok(first).kind != '*' {
		first++
	}
	var b strings.Builder
	for k := first; k < i; k++ {
		if x := s.tok(k); x.word() || x.number() {
			b.WriteString(x.s)
		} else {
			b.WriteByte(x.kind)
		}
	}
	return b.String(), first
}

// ownOffice reports whether the address is one of a role at the site's own domain: privacy@, billing@.
func (g *LeakGuard) ownOffice(local, domain string, out Outgoing) bool {
	const roles = " support help info hello contact billing privacy legal press sales abuse security noreply no-reply postmaster team service returns orders jobs "
	if !strings.Contains(roles, " "+local+" ") {
		return false
	}
	for _, site := range out.Sites {
		site = strings.TrimPrefix(strings.ToLower(site), "www.")
		if domain == site || strings.HasSuffix(domain, "."+site) || strings.HasSuffix(site, "."+domain) {
			return true
		}
	}
	return false
}

// example reports whether the address is a placeholder (RFC 2606): name@example.com.
func example(local, domain string) bool {
	const names = " name user you me someone your.name your-name first.last firstname.lastname jane.doe john.doe max.mustermann "
	return strings.HasPrefix(domain, "example.") && strings.Contains(names, " "+local+" ")
}

// sameMasked reports whether a masked address (h***t@mail.example) can be that of a typed one.
func sameMasked(masked, typed string) bool {
	ml, md, _ := strings.Cut(masked, "@")
	tl, td, ok := strings.Cut(typed, "@")
	star := strings.IndexByte(ml, '*')
	return ok && star >= 0 && md == td && strings.HasPrefix(tl, ml[:star]) && strings.HasSuffix(tl, ml[strings.LastIndexByte(ml, '*')+1:])
}
