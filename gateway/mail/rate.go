package mail

import (
	"regexp"
	"strings"

	"github.com/postern-chat/postern/gateway"
)

// rateKind marks the token of a rating link; no such token stands in an address.
const rateKind = 'r'

// rateLink gives the way to the rating, "" = there is none: of what goes to somebody outside. The token stands in the
// fragment, which no server and no proxy sees.
func (c Composer) rateLink(w gateway.Writing) string {
	if c.RateLine == nil || w.Forward != nil {
		return ""
	}
	return c.RatePage + "#" + c.Tokens.Make(rateKind, string(w.Conversation.ID), w.Conversation.Claimed.Email)
}

// rateLine gives the line that leads to the rating, or "".
func (c Composer) rateLine(w gateway.Writing) string {
	link := c.rateLink(w)
	if link == "" {
		return ""
	}
	return oneLine(c.RateLine(w.Conversation.Locale, w.Mailbox.Name, link))
}

// Rates implements gateway.RateTokens.
func (t Tokens) Rates(token string) (gateway.ID, bool) {
	if len(token) > maxToken {
		return "", false
	}
	kind, id, _, ok := split3(strings.ToLower(token))
	return conversationOf(id), ok && kind == rateKind
}

// MayRate implements gateway.RateTokens.
func (t Tokens) MayRate(token string, cv gateway.ID, recipient string) bool {
	kind, _, mac, ok := split3(strings.ToLower(token))
	return ok && kind == rateKind && t.Check(rateKind, strings.ToLower(string(cv)), mac, []string{recipient})
}

// linkTokens finds the tokens of rating links, and of those that lead into a chat, in quoted mails.
var linkTokens = regexp.MustCompile(`(?i)#(?:r\.cv_[0-9a-z]{26}|c\.cv_[0-9a-z]{26}-[0-9a-z]{1,8})\.[a-z2-7]{16}`)

// unrated takes the tokens of links out of a text: an answer quotes our mail, and its readers are the agents, whose
// own work is rated, and for whom no link to a chat is meant.
func unrated(text string) string { return linkTokens.ReplaceAllString(text, "#…") }
