package gateway

import "context"

// MaxLibrary is how many files the public library has at most.
const MaxLibrary = 500

// CreateLibraryFile begins an upload for the public library; its parts arrive as those of any other upload.
// Errors: forbidden, invalid, too_large, too_many.
func (s *Service) CreateLibraryFile(ctx context.Context, c Caller, name string, size int64) (File, error) {
	if err := c.may(VerbSettings); err != nil {
		return File{}, err
	}
	return s.createFile(ctx, c, "", name, size)
}

// AddToLibrary makes a complete upload of the caller's public: from now on everybody may have it, and agents may
// send it to people of whom nothing is proven (proof-gate.md §3.15). Errors: forbidden, not_found, conflict (full).
func (s *Service) AddToLibrary(ctx context.Context, c Caller, id ID) (File, error) {
	if err := c.may(VerbSettings); err != nil {
		return File{}, err
	}
	f, err := s.Store.File(ctx, id)
	if err != nil {
		return File{}, err
	}
	if f.Conversation != "" || f.Owner.ID != c.Actor.ID || !f.Complete() || f.Type == "" {
		return File{}, NotFound()
	}
	now, err := s.Store.Now(ctx)
	if err != nil {
		return File{}, err
	}
	events, err := s.Store.AddToLibrary(ctx, id, c.Actor, now)
	if err != nil {
		return File{}, err
	}
	s.publish(ctx, events...)
	f.Library, f.AttachedAt = true, now
	return f, nil
}

// RemoveFromLibrary deletes a file of the library; messages keep its name, and nobody can load it any more.
// Errors: forbidden, not_found.
func (s *Service) RemoveFromLibrary(ctx context.Context, c Caller, id ID) error {
	if err := c.may(VerbSettings); err != nil {
		return err
	}
	now, err := s.Store.Now(ctx)
	if err != nil {
		return err
	}
	events, err := s.Store.RemoveFromLibrary(ctx, id, c.Actor, now)
	if err != nil {
		return err
	}
	s.publish(ctx, events...)
	return nil
}

// proven reports whether a login has proven in this chat who is there. A ticket's reader, and whoever is in a
// frozen conversation, is nobody.
func (s *Service) proven(ctx context.Context, cv Conversation) (bool, error) {
	if cv.Frozen || cv.Channel == ByEmail || cv.Status.Ended() {
		return false, nil
	}
	return s.Store.Proven(ctx, cv.ID)
}

// unprovenFiles reports whether a message has files of its own for somebody who has proven nothing: to him only the
// public library's may go (proof-gate.md §3.15).
func (s *Service) unprovenFiles(ctx context.Context, cv Conversation, m Message) (bool, error) {
	for _, f := range m.Files {
		if !f.Library {
			known, err := s.proven(ctx, cv)
			return !known, err
		}
	}
	return false, nil
}
