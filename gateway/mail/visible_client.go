package mail

import (
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// containers are the classes, ids and names that mail programs give to what they add, by what that is.
// A name stands here with its attribute: "." class, "#" id, "@" name. Prefixes end with "*".
var containers = map[string]kind{
	// Old mail in one element.
	".gmail_quote": quote, ".gmail_quote_container": quote, ".yahoo_quoted": quote, ".protonmail_quote": quote, ".tutanota_quote": quote, ".zmail_extra": quote,
	".mail-quote": quote, ".mailbird-quote": quote, ".airmail_quote": quote, ".superhuman-quote": quote, ".hey_quote": quote, ".front-blockquote": quote,
	".ntes-mailmaster-quote": quote, "#isreplycontent": quote, "#olk_src_body_section": quote, "@quote": quote, "@messagereplysection": quote,
	"#mail-editor-reference-message-container": quote, ".ms-outlook-mobile-reference-message": quote, ".edisonmail_quote": quote, ".wmmessagecomp": quote,
	".qmbox-quote": quote, ".yj6qo": quote, ".skiff_quote": quote, "#yahoo_quoted*": quote, ".yahoo_quoted*": quote, "#replymessage": quote, "#replysplit": quote,
	// From here on everything is old.
	"#divrplyfwdmsg": history, "#x_divrplyfwdmsg": history, "#appendonsend": history, "#replyseparator": history, "#stopspelling": history, ".outlookmessageheader": history,
	"#mailcontentseparator": history, "@_mailoriginal": history,
	// Who wrote the quote.
	".gmail_attr": attr, ".moz-cite-prefix": attr, "#reply-intro": attr, ".moz-email-headers-table": history, ".hdr-reply": attr, ".airmail_on": attr,
	// Signatures.
	".gmail_signature": footer, ".gmail_signature_prefix": footer, ".moz-signature": footer, "#signature": footer, ".protonmail_signature_block": footer,
	".k9mail-signature": footer, "#ms-outlook-mobile-signature": footer, "@messagesignaturesection": footer, "#applemailsignature": footer, ".apple-mail-signature": footer,
	".yahoo-signature": footer, ".tutanota_signature": footer, ".bloop_sign": footer, "#signature_old": footer, ".ydp*signature": footer, ".elided-text": quote,
	"#applemaillinebreakatbeginningofsignature": blank, ".front-signature": footer, "#x_signature": footer, ".email-signature": footer,
}

// container says what a known program's element holds; blank = nothing known.
func container(n *html.Node) kind {
	for _, name := range names(n) {
		if k, ok := containers[name]; ok {
			return k
		}
		if strings.HasPrefix(name, ".ydp") && strings.HasSuffix(name, "yahoo_quoted") || strings.HasPrefix(name, "#ydp") && strings.HasSuffix(name, "yahoo_quoted") {
			return quote
		}
		if strings.HasPrefix(name, ".ydp") && strings.HasSuffix(name, "signature") {
			return footer
		}
	}
	if n.DataAtom == atom.Blockquote {
		return quote
	}
	if outlookRule(n) {
		return history
	}
	return blank
}

// known reports whether a quote is one that a program made, not the writer.
func known(n *html.Node) bool {
	if n.DataAtom != atom.Blockquote || strings.EqualFold(attribute(n, "type"), "cite") || attribute(n, "cite") != "" {
		return true
	}
	for _, name := range names(n) {
		if _, ok := containers[name]; ok {
			return true
		}
	}
	return false
}

// names gives class, id and name of an element, lower-case, each with its sign. Outlook puts x_ before those of a
// mail that it shows.
func names(n *html.Node) (out []string) {
	for _, c := range strings.Fields(attribute(n, "class")) {
		out = append(out, "."+strings.TrimPrefix(strings.ToLower(c), "x_"))
	}
	if id := attribute(n, "id"); id != "" {
		out = append(out, "#"+strings.TrimPrefix(strings.ToLower(id), "x_"))
	}
	if name := attribute(n, "name"); name != "" && n.DataAtom != atom.Input {
		out = append(out, "@"+strings.ToLower(name))
	}
	if attribute(n, "data-smartmail") == "gmail_signature" {
		out = append(out, ".gmail_signature")
	}
	return out
}

// outlookRule is the line that desktop Outlook and Windows Mail draw above the copied header.
func outlookRule(n *html.Node) bool {
	if n.DataAtom != atom.Div {
		return false
	}
	style := strings.ReplaceAll(strings.ToLower(attribute(n, "style")), " ", "")
	return strings.Contains(style, "border:none;border-top:solid#") && strings.Contains(style, "1.0pt") && strings.Contains(style, "padding:3.0pt0")
}

// hasQuote reports whether the quote inside an element is marked by itself: then words beside it may be answers.
func hasQuote(n *html.Node) bool {
	for c := range n.Descendants() {
		if c.DataAtom == atom.Blockquote {
			return true
		}
	}
	return false
}

// isPassedOn reports whether an element that could be a quote is a mail that is passed on.
func isPassedOn(n *html.Node) bool {
	seen := 0
	for c := range n.Descendants() {
		if c.Type != html.TextNode || bare(c.Data) == "" {
			continue
		}
		if forward.MatchString(bare(c.Data)) {
			return true
		}
		if seen++; seen > 3 {
			break
		}
	}
	return false
}
