package gateway

import (
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/postern-chat/postern/kb"
)

// Limits of what a model reads and says.
const (
	modelTurns    = 20   // newest messages of a conversation
	modelMessage  = 1000 // bytes of one of them
	modelPassage  = 3000 // bytes of one article
	modelPassages = 3
	maxDraft      = 2000 // bytes
)

var (
	modelMail  = regexp.MustCompile(`[\p{L}\d.!#$%&'*+/=?^_{|}~-]+@[\p{L}\d-]+(?:\.[\p{L}\d-]+)+`)
	modelDigit = regexp.MustCompile(`\p{Nd}(?:[ .\-]?\p{Nd}){11,}`)                                                                  // cards, accounts, long references
	modelToken = regexp.MustCompile(`[A-Za-z0-9+/_=.-]{24,}`)                                                                        // keys, tokens, links' secrets
	modelURL   = regexp.MustCompile(`(?i)\b[a-z][a-z0-9+.-]*://\S+`)                                                                 // any scheme
	modelWide  = regexp.MustCompile(`(?i)[a-z\d][a-z\d-]*(?:[.。．｡․][a-z\d-]+)*[。．｡․][a-z\d-]+(?:[:/?#]\S*)?|[！-～]+．[！-～]+(?:/\S*)?`) // dots that browsers take for dots
	modelIP    = regexp.MustCompile(`\b\d{1,3}(?:\.\d{1,3}){3}\b(?:[:/]\S*)?`)
	modelHost  = regexp.MustCompile(`(?i)(?:^|[^@\p{L}\d._%+-])((?:www\.|//)?(?:[\p{L}\d](?:[\p{L}\d-]*[\p{L}\d])?\.)+\p{L}{2,24}(?:[:/?#]\S*)?)`)
)

// forModel prepares a text of a person or an article for a prompt: what identifies or opens is masked, the signs that
// mark where data begins and ends are replaced, and it is cut. Nothing of it can look like a part of ours.
func forModel(text string, most int) string {
	text = modelURL.ReplaceAllStringFunc(text, func(u string) string {
		u, _, _ = strings.Cut(u, "?")
		u, _, _ = strings.Cut(u, "#")
		return u
	})
	text = modelMail.ReplaceAllString(text, "(e-mail)")
	text = modelDigit.ReplaceAllString(text, "(number)")
	text = modelToken.ReplaceAllStringFunc(text, func(w string) string {
		if strings.ContainsAny(w, "0123456789") && !strings.Contains(w, "://") {
			return "(token)"
		}
		return w
	})
	text = strings.Map(func(r rune) rune {
		switch {
		case r == '<':
			return '‹'
		case r == '>':
			return '›'
		case r != '\n' && (unicode.IsControl(r) || unicode.Is(unicode.Cf, r)):
			return ' '
		}
		return r
	}, text)
	return cutText(text, most)
}

// cutText cuts at most bytes, never inside a character.
func cutText(text string, most int) string {
	if len(text) <= most {
		return text
	}
	for most > 0 && !utf8.RuneStart(text[most]) {
		most--
	}
	return text[:most]
}

// fromModel makes a model's Markdown harmless: links and images that do not lead to one of hosts lose their address,
// raw HTML is text already, and bare addresses are taken out. What is left is Markdown without surprises.
func (s *Service) fromModel(text string, hosts []string) string {
	text = strings.Map(func(r rune) rune {
		if r != '\n' && (unicode.IsControl(r) || unicode.Is(unicode.Cf, r)) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(text, ""))
	var b strings.Builder
	writeModel(&b, s.Markdown(cutText(text, maxDraft)), hosts)
	out := modelURL.ReplaceAllStringFunc(b.String(), func(u string) string { return listedOr(u, hosts) })
	out = modelHost.ReplaceAllStringFunc(out, func(u string) string {
		begin := strings.IndexFunc(u, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) || r == '/' })
		if strings.HasPrefix(u[begin:], "//") && begin > 0 && u[begin-1] == ':' {
			return u // of an address that was judged above
		}
		return u[:begin] + listedOr(u[begin:], hosts)
	})
	out = modelIP.ReplaceAllStringFunc(modelWide.ReplaceAllString(out, ""), func(u string) string { return listedOr(u, hosts) })
	return strings.TrimSpace(out)
}

// writeModel writes a tree as text: words, lists, listed links.
func writeModel(b *strings.Builder, nodes []kb.Node, hosts []string) {
	for _, n := range nodes {
		switch n.Type {
		case kb.Text, kb.Code, kb.Image:
			b.WriteString(n.Text)
			if n.Type == kb.Image && listed(n.URL, hosts) {
				b.WriteString(" " + n.URL)
			}
		case kb.CodeBlock:
			b.WriteString(n.Text + "\n")
		case kb.Break:
			b.WriteByte('\n')
		case kb.Item:
			b.WriteString("- ")
		}
		writeModel(b, n.Children, hosts)
		switch n.Type {
		case kb.Link:
			if listed(n.URL, hosts) && kb.PlainText(n.Children) != n.URL {
				b.WriteString(" " + n.URL)
			}
		case kb.Paragraph, kb.Heading, kb.Quote, kb.List:
			b.WriteString("\n\n")
		case kb.Item:
			b.WriteByte('\n')
		}
	}
}

// listedOr gives the address if its host is listed, or nothing.
func listedOr(address string, hosts []string) string {
	if listed(address, hosts) {
		return address
	}
	return ""
}

// listed reports whether an address leads to one of hosts, by http or https, without a user or a query: a query can
// carry away what stands in the text.
func listed(address string, hosts []string) bool {
	if !strings.Contains(address, "://") {
		address = "https://" + strings.TrimLeft(address, "/")
	}
	u, err := url.Parse(strings.TrimRight(address, ".,;:!)"))
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.User == nil && u.RawQuery == "" &&
		slices.ContainsFunc(hosts, func(h string) bool { return strings.EqualFold(h, u.Hostname()) })
}
