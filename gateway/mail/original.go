package mail

import (
	"net/url"
	"slices"
	"strings"

	"github.com/microcosm-cc/bluemonday"

	"github.com/postern-chat/postern/gateway"
)

// How much of a mail's own form is kept beside the raw mail, in bytes.
const (
	maxHTML  = 1 << 20
	maxPlain = 256 << 10
)

// original gives the mail as its staff may look at it. Tokens of rating links are taken out, as they are of the message.
func (l *letter) original(files []gateway.MailFile) gateway.Original {
	o := gateway.Original{Text: unrated(cut(l.plain, maxPlain))}
	for _, name := range []string{"From", "Reply-To", "To", "Cc", "Date", "Subject"} {
		for _, v := range l.head[name] {
			if len(o.Header) < maxRefs {
				o.Header = append(o.Header, gateway.HeaderField{Name: name, Value: cut(oneLine(decode(v)), 2000)})
			}
		}
	}
	if len(l.html) > maxHTML {
		l.warn("too_large")
		return o
	}
	o.HTML = unrated(clean(sanitised(l.html, files)))
	for _, f := range files {
		if f.CID != "" && strings.HasPrefix(f.Type, "image/") {
			o.Inline = append(o.Inline, f.ID)
		}
	}
	return o
}

// sanitised keeps what text needs: no scripts, no styles, no forms, no frames. Pictures are those that the mail carries,
// by the ids of their files; those of elsewhere stay away, for they tell the sender who reads.
func sanitised(html string, files []gateway.MailFile) string {
	if html == "" {
		return ""
	}
	p := bluemonday.NewPolicy()
	p.AllowElements("p", "div", "span", "br", "hr", "b", "strong", "i", "em", "u", "s", "strike", "del", "ins", "sub", "sup", "small", "big", "center",
		"h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "li", "dl", "dt", "dd", "blockquote", "pre", "code", "tt",
		"table", "caption", "thead", "tbody", "tfoot", "tr", "td", "th")
	p.AllowAttrs("colspan", "rowspan").Matching(bluemonday.Integer).OnElements("td", "th")
	p.AllowAttrs("dir").Matching(bluemonday.Direction).Globally()
	p.AllowAttrs("href").OnElements("a")
	p.AllowURLSchemes("http", "https", "mailto", "cid")
	p.RequireParseableURLs(true)
	p.RequireNoFollowOnLinks(true)
	p.RequireNoReferrerOnLinks(true)
	p.AddTargetBlankToFullyQualifiedLinks(true)
	p.AllowAttrs("src", "alt").OnElements("img")
	p.RewriteSrc(func(u *url.URL) { *u = ownPicture(*u, files) })
	return p.Sanitize(html)
}

// ownPicture gives the name by which a picture of the mail is found again; another one has none.
func ownPicture(u url.URL, files []gateway.MailFile) url.URL {
	cid, err := url.PathUnescape(u.Opaque)
	if u.Scheme != "cid" || err != nil {
		return url.URL{}
	}
	i := slices.IndexFunc(files, func(f gateway.MailFile) bool { return f.CID == cid && cid != "" })
	if i < 0 {
		return url.URL{}
	}
	return url.URL{Scheme: "cid", Opaque: string(files[i].ID)}
}

// shown are the warnings that its readers need, of those that a mail has.
func shown(warnings []string) (out []string) {
	for _, w := range warnings {
		switch w {
		case "malformed", "too_large", "too_deep", "bad_charset", "multiple_from", "files_left":
			out = append(out, w)
		}
	}
	return out
}
