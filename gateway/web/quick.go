package web

import (
	"bytes"
	"strings"

	"github.com/postern-chat/postern/gateway"
)

// readSend reads message.send as clients write it: words and nothing else, no blanks, no escapes. It is the frame that
// comes most, and the decoder, which takes everything, costs more than the rest of its way to the store. ok is false
// for whatever it does not know: that is for the decoder.
func readSend(raw []byte) (id string, in sendArgs, ok bool) {
	s := scan{raw, true}
	s.literal(`{"cmd":"message.send","id":`)
	id = s.text()
	s.literal(`,"args":{"conversation":`)
	in.Conversation = gateway.ID(s.text())
	s.literal(`,"client_id":`)
	in.ClientID = s.text()
	s.literal(`,"text":`)
	in.Text = s.text()
	s.literal(`}}`)
	return id, in, s.ok && len(s.rest) == 0 && id != "" && len(id) <= maxCommandID
}

// scan goes through bytes until something is not as expected.
type scan struct {
	rest []byte
	ok   bool
}

// literal reads exactly this text.
func (s *scan) literal(lit string) {
	if s.ok = s.ok && strings.HasPrefix(string(s.rest[:min(len(lit), len(s.rest))]), lit); s.ok {
		s.rest = s.rest[len(lit):]
	}
}

// text reads a JSON string without escapes and controls.
func (s *scan) text() string {
	if s.ok = s.ok && len(s.rest) > 1 && s.rest[0] == '"'; !s.ok {
		return ""
	}
	end := bytes.IndexByte(s.rest[1:], '"') + 1
	if end == 0 {
		s.ok = false
		return ""
	}
	for _, c := range s.rest[1:end] {
		if c < ' ' || c == '\\' {
			s.ok = false
			return ""
		}
	}
	v := string(s.rest[1:end])
	s.rest = s.rest[end+1:]
	return v
}
