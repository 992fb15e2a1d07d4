package mail

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base32"
	"strings"

	"github.com/postern-chat/postern/gateway"
)

// macChars is the length of a token's last part, maxToken that of a whole one at most.
const (
	macChars = 16
	maxToken = 64
)

// Tokens signs what stands after the plus of an address: kind, id, and 80 bits of HMAC-SHA256 over kind, id
// and the recipient, in lower-case base32. A token locates a ticket; it identifies nobody.
//
// Source: mail-and-routing.md 1.2.
type Tokens struct {
	Key      []byte
	Previous []byte // still valid while keys rotate; may be nil
}

// Make gives the token of kind ('t' ticket, 'n' note, 'b' bounce, 'r' rating, 'c' chat) for an id and a recipient.
func (t Tokens) Make(kind byte, id, recipient string) string {
	return string(kind) + "." + strings.ToLower(id) + "." + sign(t.Key, kind, id, recipient)
}

func sign(key []byte, kind byte, id, recipient string) string {
	m := hmac.New(sha256.New, key)
	m.Write([]byte("postern.reply.v1\n" + string(kind) + "\n" + strings.ToLower(id) + "\n" + strings.ToLower(recipient)))
	return strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(m.Sum(nil)[:10]))
}

// Read finds a token in an address (local+kind.id.mac@domain). ok says only that it has the form.
func Read(address string) (kind byte, id, mac string, ok bool) {
	local, _, has := strings.Cut(strings.ToLower(address), "@")
	_, tag, plus := strings.Cut(local, "+")
	if !has || !plus {
		return 0, "", "", false
	}
	return split3(tag)
}

// split3 takes a token apart.
func split3(token string) (kind byte, id, mac string, ok bool) {
	p := strings.Split(token, ".")
	if len(p) != 3 || len(p[0]) != 1 || len(p[2]) != macChars {
		return 0, "", "", false
	}
	return p[0][0], p[1], p[2], true
}

// conversationOf gives the id that a token holds in lower case.
func conversationOf(lower string) gateway.ID {
	return gateway.ID(gateway.PrefixConversation + strings.ToUpper(strings.TrimPrefix(lower, gateway.PrefixConversation)))
}

// messageOf gives the id of a mail that a token holds in lower case.
func messageOf(lower string) gateway.ID {
	return gateway.ID(gateway.PrefixMessage + strings.ToUpper(strings.TrimPrefix(lower, gateway.PrefixMessage)))
}

// Check reports, in constant time, whether mac belongs to kind, id and one of the recipients that the
// conversation has mailed.
func (t Tokens) Check(kind byte, id, mac string, recipients []string) bool {
	good := 0
	for _, r := range recipients {
		good |= subtle.ConstantTimeCompare([]byte(mac), []byte(sign(t.Key, kind, id, r)))
		if t.Previous != nil {
			good |= subtle.ConstantTimeCompare([]byte(mac), []byte(sign(t.Previous, kind, id, r)))
		}
	}
	return good == 1
}
