package gateway

import (
	"encoding/json"
	"slices"
	"strings"
)

// ClientIDTaken says that the client id of a message is that of another one of the same sender: nothing was stored,
// and the reply of the first would be a lie about the second.
func ClientIDTaken() *Error { return &Error{Is: "conflict", Why: "client_id"} }

// repeated checks that what was stored before under the client id of a is the same message. Errors: conflict
// (client_id).
func repeated(a Append, stored Event) error {
	if stored.ID == a.ID {
		return nil // not stored before
	}
	var was Message
	if err := json.Unmarshal(stored.Payload, &was); err != nil {
		return Internal("read a repeated message", err)
	}
	switch now := a.Payload.(type) {
	case MessageCreated:
		return sameMessage(was, now.Message, a.Actor.Role != RoleVisitor)
	case NoteCreated:
		return sameMessage(was, now.Message, false)
	}
	return nil
}

// sameMessage compares what a sender wrote. What the leak guard masks in an agent's text depends on what the visitor
// has typed since: a text with a mask in it passes for the same.
func sameMessage(was, now Message, guarded bool) error {
	masked := guarded && (strings.Contains(was.Text, leakMask) || strings.Contains(now.Text, leakMask))
	files := slices.EqualFunc(was.Files, now.Files, func(x, y FileRef) bool { return x.ID == y.ID })
	if was.Text != now.Text && !masked || !files || was.guide() != now.guide() || was.Article != now.Article {
		return ClientIDTaken()
	}
	return nil
}

// guide names the change kind whose card the message is, "" = none.
func (m Message) guide() string {
	if m.Guide == nil {
		return ""
	}
	return m.Guide.Kind
}
