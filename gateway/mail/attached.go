package mail

import (
	"mime"
	"strings"

	"github.com/jhillyerd/enmime/v2"

	"github.com/postern-chat/postern/gateway"
)

// maxFiles is how many files of one mail are kept apart from it; all of them stay in the original.
const maxFiles = 20

// attached is a file in a mail. Type and name are the sender's claims.
type attached struct {
	name string
	cid  string // Content-ID without brackets; "" = not shown inside the text
	data []byte
}

// files gives what a mail carries beside its text: attachments and inline images.
func files(root *enmime.Part) (out []attached) {
	for p := range parts(root) {
		if p.FirstChild != nil || len(p.Content) == 0 || len(out) == maxFiles || isBody(p) {
			continue
		}
		name := oneLine(cut(p.FileName, gateway.MaxName))
		if name == "" {
			name = "attachment" + extension(p.ContentType)
		}
		out = append(out, attached{name: name, cid: strings.Trim(p.ContentID, "<> "), data: p.Content})
	}
	return out
}

// isBody reports whether a part is text or a report of machines, not a file.
func isBody(p *enmime.Part) bool {
	if p.Disposition == "attachment" {
		return false
	}
	switch p.ContentType {
	case "text/plain", "text/html", "":
		return p.FileName == ""
	case "message/delivery-status", "message/global-delivery-status", "message/feedback-report", "text/rfc822-headers", "message/global-headers",
		"application/pgp-signature", "application/pkcs7-signature", "application/x-pkcs7-signature", "application/ms-tnef":
		return true
	}
	return strings.HasPrefix(p.ContentType, "multipart/")
}

func extension(mediaType string) string {
	switch mediaType {
	case "message/rfc822", "message/global":
		return ".eml"
	case "text/calendar":
		return ".ics"
	}
	_, sub, _ := strings.Cut(mediaType, "/")
	if len(sub) == 0 || len(sub) > 5 {
		return ""
	}
	return "." + sub
}

// mediaType reads a Content-Type as far as it can be read.
func mediaType(v string) (string, map[string]string) {
	t, params, err := mime.ParseMediaType(v)
	if err != nil {
		t, _, _ = strings.Cut(v, ";")
	}
	return strings.ToLower(strings.TrimSpace(t)), params
}
