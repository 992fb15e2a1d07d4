package mail

import (
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/postern-chat/postern/gateway"
)

// continueKind marks the token of a link into a chat; no such token stands in an address.
const continueKind = 'c'

// continueLink gives the way from a mail into a chat, "" = it has none: never what goes to somebody outside. The token
// stands in the fragment, which no server and no proxy sees; the mailbox does not, so that who comes too late can talk
// all the same.
func (c Composer) continueLink(w gateway.Writing) string {
	if c.ContinueLine == nil || !w.Message.Continue || w.Forward != nil {
		return ""
	}
	return c.ContinuePage + "/" + url.PathEscape(w.Mailbox.Slug) + "#" +
		c.Tokens.Continue(w.Conversation.ID, w.Conversation.Claimed.Email, w.At.Add(gateway.ContinueFor))
}

// continueLine gives the line that leads there, or "".
func (c Composer) continueLine(w gateway.Writing) string {
	link := c.continueLink(w)
	if link == "" {
		return ""
	}
	return oneLine(c.ContinueLine(w.Conversation.Locale, w.Mailbox.Name, link))
}

// Continue gives the token of a link into a chat: its end, in seconds, is signed with the conversation.
func (t Tokens) Continue(cv gateway.ID, recipient string, until time.Time) string {
	return t.Make(continueKind, string(cv)+"-"+strconv.FormatInt(until.Unix(), 36), recipient)
}

// continued takes such a token apart; id is what was signed.
func continued(token string) (id string, cv gateway.ID, until time.Time, mac string, ok bool) {
	if len(token) > maxToken {
		return "", "", time.Time{}, "", false
	}
	kind, id, mac, ok := split3(strings.ToLower(token))
	talk, end, both := strings.Cut(id, "-")
	if !ok || !both || kind != continueKind || len(end) > 8 {
		return "", "", time.Time{}, "", false
	}
	at, err := strconv.ParseInt(end, 36, 64)
	return id, conversationOf(talk), time.Unix(at, 0), mac, err == nil
}

// Continues implements gateway.ContinueTokens.
func (t Tokens) Continues(token string) (gateway.ID, time.Time, bool) {
	_, cv, until, _, ok := continued(token)
	return cv, until, ok
}

// MayContinue implements gateway.ContinueTokens.
func (t Tokens) MayContinue(token string, cv gateway.ID, recipient string) bool {
	id, of, _, mac, ok := continued(token)
	return ok && of == cv && t.Check(continueKind, id, mac, []string{recipient})
}
