package gateway

import "context"

// Original is a mail that came in, in its own form: what its sender made it look like, without what could act. The raw
// mail stays beside it.
type Original struct {
	Header []HeaderField `json:"header,omitempty"`
	Text   string        `json:"text,omitempty"`   // the plain parts, whole
	HTML   string        `json:"html,omitempty"`   // sanitised; its pictures are cid:FILE
	Inline []ID          `json:"inline,omitempty"` // files that are such pictures
}

// HeaderField is one line of a mail's header, decoded.
type HeaderField struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Original gives the mail that a message came in, to whoever of the staff may read the conversation. Errors: not_found.
func (s *Service) Original(ctx context.Context, c Caller, message ID) (Original, error) {
	if !c.Staff() || !message.Is(PrefixMessage) {
		return Original{}, NotFound()
	}
	cv, o, err := s.Store.Original(ctx, message)
	if err != nil {
		return Original{}, err
	}
	if _, err := s.access(ctx, c, cv); err != nil {
		return Original{}, err
	}
	return o, nil
}
