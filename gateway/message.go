package gateway

import (
	"unicode"
	"unicode/utf8"

	"github.com/postern-chat/postern/kb"
)

// Limits of what one person can write at once.
const (
	MaxMessage    = 8 << 10 // bytes of one message or note
	MaxClientID   = 36      // a UUID
	MaxName       = 80      // characters of a person's name
	MaxEmail      = 254     // RFC 5321 §4.5.3.1.3, less the brackets
	MaxFilesBytes = 20 << 20
)

// Message is the payload of message.created and note.created: what one person wrote, in order of its topic.
type Message struct {
	ID       ID        `json:"id"`
	ClientID string    `json:"client_id,omitempty"` // the sender's own UUID; unique per conversation
	Text     string    `json:"text"`                // as typed: a Markdown subset
	Nodes    []kb.Node `json:"nodes"`               // the same as a typed tree; clients draw only this
	Files    []FileRef `json:"files,omitempty"`
	Name     string    `json:"name,omitempty"`    // the agent's name as shown to the visitor
	Article  ID        `json:"article,omitempty"` // an article sent as a card
	Guide    *Guide    `json:"guide,omitempty"`   // a settings page sent as a card
	Via      string    `json:"via,omitempty"`     // "email" for a mail that came in
	Unproven bool      `json:"unverified,omitempty"`
	Warnings []string  `json:"warnings,omitempty"` // of a mail: what could not be read as it was sent
	Mentions []ID      `json:"mentions,omitempty"` // notes only
	Holding  bool      `json:"holding,omitempty"`  // an agent's that answers nothing yet (OutcomeOf, Clocks)
	Continue bool      `json:"continue,omitempty"` // its mail carries the link to go on in chat
}

// FileRef names an uploaded file inside a message.
type FileRef struct {
	ID   ID     `json:"id"`
	Name string `json:"name"`
	Type string `json:"type"` // media type found by content
	Size int64  `json:"size"` // bytes
	// Library says that the file is one of the public library; Scrubbed how many secrets were taken out of it.
	Library  bool  `json:"library,omitempty"`
	Scrubbed int64 `json:"scrubbed,omitempty"`
}

// CheckText refuses what no store and no screen should meet: invalid UTF-8, NUL and other controls but
// tab and line ends, emptiness after trimming, more than max bytes. Errors: invalid, too_large; params field.
func CheckText(field, s string, max int) error {
	if len(s) > max {
		return TooLarge(field, max)
	}
	if !utf8.ValidString(s) {
		return Invalid(field)
	}
	seen := false
	for _, r := range s {
		if r != '\n' && r != '\t' && r != '\r' && unicode.IsControl(r) {
			return Invalid(field)
		}
		seen = seen || !unicode.IsSpace(r)
	}
	if !seen {
		return Invalid(field)
	}
	return nil
}
