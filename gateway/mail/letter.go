package mail

import (
	"bytes"
	"mime"
	"net/mail"
	"net/textproto"
	"strings"
	"unicode"

	"github.com/jhillyerd/enmime/v2"

	"github.com/postern-chat/postern/gateway"
)

// Limits of a mail that comes in (mail-and-routing.md 1.3).
const (
	MaxMail  = 25 << 20 // bytes
	maxParts = 200
	maxDepth = 20
	maxHead  = 256 << 10 // bytes of header; what follows is body to us
	maxRefs  = 50
)

// letter is what we believe of a mail, however broken it is. All of it is somebody's claim.
type letter struct {
	from       string // "" unless exactly one From names exactly one address
	name       string
	subject    string
	messageID  string
	stable     string // headers that every copy of the mail shares, when there is no Message-ID
	recipients []string
	references []string
	text       string // never empty, ready to be stored
	body       []byte

	head     textproto.MIMEHeader
	endless  bool   // the header does not end within maxHead: what stands behind it is not known
	sender   string // From as it stands there, decoded
	plain    string // the text parts
	html     string
	visible  string // what is new in it; may be ""
	kind     string
	bounce   *Bounce
	files    []attached
	warnings []string
}

// read takes a mail apart. It never fails: what cannot be parsed is shown as headers and a remark.
func read(raw []byte) letter {
	raw = skipMbox(raw)
	head, body := split(raw)
	h := headers(head)
	l := letter{body: body, head: h, endless: body == nil && len(head) == maxHead, sender: decode(strings.Join(h["From"], ", "))}
	l.name, l.from = oneAddress(h["From"])
	if len(h["From"]) > 1 {
		l.warn("multiple_from")
	}
	l.name = oneLine(cut(l.name, gateway.MaxName))
	l.subject = cut(decode(h.Get("Subject")), 1000)
	if ids := messageIDs(h["Message-Id"]); len(ids) == 1 {
		l.messageID = ids[0]
	} else {
		l.warn("no_message_id")
		for _, name := range []string{"From", "To", "Date", "Subject"} {
			l.stable += strings.Join(h[name], ",") + "\n"
		}
	}
	l.references = messageIDs(append(h["In-Reply-To"], h["References"]...))
	for _, name := range recipientHeaders() {
		l.recipients = append(l.recipients, addresses(h[name])...)
	}
	l.open(raw)
	if l.text = unrated(cut(l.visible, gateway.MaxMessage)); l.text == "" {
		l.text = "[The mail has no readable text.]"
	}
	return l
}

// skipMbox drops the line that a mail folder puts before a mail.
func skipMbox(raw []byte) []byte {
	if bytes.HasPrefix(raw, []byte("From ")) {
		if i := bytes.IndexByte(raw, '\n'); i >= 0 {
			return raw[i+1:]
		}
	}
	return raw
}

// split cuts a mail at its first empty line.
func split(raw []byte) (head, body []byte) {
	for _, gap := range []string{"\r\n\r\n", "\n\n"} {
		if i := bytes.Index(raw, []byte(gap)); i >= 0 && i <= maxHead && (head == nil || i < len(head)) {
			head, body = raw[:i], raw[i+len(gap):]
		}
	}
	if head == nil {
		return raw[:min(len(raw), maxHead)], nil
	}
	return head, body
}

// headers reads every field, also beside lines that are none: one bad line must not hide a second From.
func headers(head []byte) textproto.MIMEHeader {
	h, name := textproto.MIMEHeader{}, ""
	for line := range strings.SplitSeq(strings.ReplaceAll(string(head), "\r\n", "\n"), "\n") {
		if v := h[name]; len(v) > 0 && line != "" && (line[0] == ' ' || line[0] == '\t') {
			v[len(v)-1] += " " + strings.TrimSpace(line)
			continue
		}
		key, value, ok := strings.Cut(line, ":")
		if name = ""; ok {
			name = textproto.CanonicalMIMEHeaderKey(strings.TrimSpace(key))
			h[name] = append(h[name], strings.TrimSpace(value))
		}
	}
	return h
}

// addresses gives what could be an address, also from a list that no parser takes.
func addresses(values []string) (out []string) {
	for _, v := range values {
		list, err := mail.ParseAddressList(v)
		for _, a := range list {
			out = append(out, a.Address)
		}
		if err != nil {
			out = append(out, strings.Trim(v, "<> "))
		}
		if len(out) > maxRefs {
			return out[:maxRefs]
		}
	}
	return out
}

// messageIDs gives what stands in angle brackets, without them, in lower case.
func messageIDs(values []string) (out []string) {
	for _, v := range values {
		for len(out) < maxRefs {
			_, rest, ok := strings.Cut(v, "<")
			id, after, closed := strings.Cut(rest, ">")
			if !ok || !closed {
				break
			}
			if id = strings.ToLower(strings.TrimSpace(id)); id != "" && len(id) <= 998 {
				out = append(out, id)
			}
			v = after
		}
	}
	return out
}

func decode(s string) string {
	if out, err := new(mime.WordDecoder).DecodeHeader(s); err == nil {
		return out
	}
	return s
}

// shallow bounds what the parser may recurse into before it runs: each level needs a boundary of its own. The
// exact limits are checked on the tree.
func shallow(raw []byte) bool {
	lower := bytes.ToLower(raw)
	return bytes.Count(lower, []byte("boundary")) <= 5*maxDepth && bytes.Count(lower, []byte("\n--")) <= 10*maxParts
}

// measure counts the parts of a tree and its levels.
func measure(p *enmime.Part) (n, depth int) {
	for ; p != nil; p = p.NextSibling {
		below, levels := measure(p.FirstChild)
		n, depth = n+1+below, max(depth, 1+levels)
	}
	return n, depth
}

// cut makes text storable: clean, at most max bytes.
func cut(s string, max int) string {
	s = clean(s)
	if len(s) > max {
		s = strings.ToValidUTF8(s[:max], "")
	}
	return strings.TrimSpace(s)
}

// clean gives valid UTF-8 without controls but tab and line end, trimmed.
func clean(s string) string {
	s = strings.Map(func(r rune) rune {
		if r == '\r' || unicode.IsControl(r) && r != '\n' && r != '\t' {
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, "\ufffd"))
	return strings.TrimSpace(s)
}
