package gateway

import (
	"bytes"
	"context"
	"encoding/json"
	"path"
	"strings"
	"unicode"
	"unicode/utf8"
)

// CreateFile begins an upload into a conversation that the caller may write in. The name is text to show,
// never a path. Errors: invalid, too_large, not_found, conversation_closed, too_many (a quota is full).
func (s *Service) CreateFile(ctx context.Context, c Caller, cv ID, name string, size int64) (File, error) {
	row, err := s.access(ctx, c, cv)
	if err != nil {
		return File{}, err
	}
	if row.Status.Ended() {
		return File{}, ConversationClosed()
	}
	return s.createFile(ctx, c, cv, name, size)
}

// createFile begins an upload, cv "" = one for the library.
func (s *Service) createFile(ctx context.Context, c Caller, cv ID, name string, size int64) (File, error) {
	if size <= 0 {
		return File{}, Invalid("size")
	}
	if size > MaxFilesBytes {
		return File{}, TooLarge("size", MaxFilesBytes)
	}
	clean, err := fileName(name)
	if err != nil {
		return File{}, err
	}
	now, err := s.Store.Now(ctx)
	if err != nil {
		return File{}, err
	}
	id, err := NewID(PrefixFile, now, s.Rand)
	if err != nil {
		return File{}, err
	}
	f := File{ID: id, Conversation: cv, Owner: c.Actor, Name: clean, Size: size, CreatedAt: now}
	return f, s.Store.CreateFile(ctx, f)
}

// fileName keeps the last element, without controls and direction marks.
func fileName(name string) (string, error) {
	if !utf8.ValidString(name) || len(name) > 1024 {
		return "", Invalid("name")
	}
	name = path.Base(strings.ReplaceAll(name, `\`, "/"))
	name = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) {
			return -1
		}
		return r
	}, name)
	if r := []rune(name); len(r) > 200 {
		name = string(r[:200])
	}
	if name == "" || name == "." || name == "/" || name == ".." {
		return "", Invalid("name")
	}
	return name, nil
}

// PutPart stores one part of the caller's own upload. With the last byte the content decides the type: what
// is not on the list is deleted and refused, and a visitor's text is scrubbed (Scrub).
// Errors: invalid, too_large, not_found, unsupported, conflict (the last part came twice at once).
func (s *Service) PutPart(ctx context.Context, c Caller, id ID, n int, data []byte) (File, error) {
	f, err := s.Store.File(ctx, id)
	if err != nil {
		return File{}, err
	}
	if f.Owner.ID != c.Actor.ID {
		return File{}, NotFound()
	}
	if err := partFits(f, n, len(data)); err != nil {
		return File{}, err
	}
	if f, err = s.Store.AppendPart(ctx, id, n, data); err != nil || !f.Complete() {
		return f, err
	}
	head, err := s.Store.Part(ctx, id, 0)
	if err != nil {
		return File{}, err
	}
	if f.Type = allowedType(s.Sniff(head), head); f.Type == "" {
		if err := s.Store.DeleteFile(ctx, id); err != nil {
			return File{}, err
		}
		return File{}, Unsupported("file")
	}
	if f.Type == "text/plain" && !c.Staff() {
		return s.scrub(ctx, f)
	}
	return f, s.Store.SetFileType(ctx, id, f.Type)
}

// scrub takes the secrets out of a visitor's text before the file has a type: until then nobody can name or read it.
func (s *Service) scrub(ctx context.Context, f File) (File, error) {
	text := make([]byte, 0, f.Size)
	for n := 0; int64(n)*PartSize < f.Size; n++ {
		part, err := s.Store.Part(ctx, f.ID, n)
		if err != nil {
			return File{}, err
		}
		text = append(text, part...)
	}
	clean, found := Scrub(text)
	if found == 0 {
		return f, s.Store.SetFileType(ctx, f.ID, f.Type)
	}
	f.Size, f.Stored, f.Scrubbed = int64(len(clean)), int64(len(clean)), int64(found)
	return f, s.Store.RewriteFile(ctx, f.ID, f.Type, clean, found)
}

// partFits reports whether part n of the file has the one size that it can have.
func partFits(f File, n, size int) error {
	if n < 0 || int64(n) > f.Size/PartSize { // before the product, which could overflow
		return Invalid("part")
	}
	want := min(PartSize, f.Size-int64(n)*PartSize)
	if want == 0 {
		return Invalid("part")
	}
	if int64(size) != want {
		return Invalid("part")
	}
	return nil
}

// allowedType gives the media type found in the content if people may send it, else "". The name's ending
// counts for nothing. Scripts, programs, HTML and SVG are not on the list.
func allowedType(found string, head []byte) string {
	t, _, _ := strings.Cut(found, ";")
	switch t {
	case "image/png", "image/jpeg", "image/gif", "image/webp", "application/pdf", "application/zip",
		"video/mp4", "video/webm", "audio/mpeg", "audio/wave", "application/ogg":
		return t
	case "text/plain":
		if utf8.Valid(trimRune(head)) && !bytes.ContainsRune(head, 0) {
			return t
		}
	}
	return ""
}

// trimRune cuts a character that the part's end may have split.
func trimRune(b []byte) []byte {
	for i := 1; i <= utf8.UTFMax && i <= len(b); i++ {
		if utf8.RuneStart(b[len(b)-i]) {
			if !utf8.FullRune(b[len(b)-i:]) {
				return b[:len(b)-i]
			}
			return b
		}
	}
	return b
}

// ReadFile gives a file of the public library, or a complete one of a conversation which the caller may see: one
// that a message names, or his own.
// Errors: not_found.
func (s *Service) ReadFile(ctx context.Context, c Caller, id ID) (File, error) {
	f, err := s.Store.File(ctx, id)
	if err != nil {
		return File{}, err
	}
	if f.Library {
		return f, nil
	}
	if _, err := s.access(ctx, c, f.Conversation); err != nil {
		return File{}, err
	}
	if !f.Complete() || f.Type == "" || f.AttachedAt.IsZero() && f.Owner.ID != c.Actor.ID {
		return File{}, NotFound()
	}
	return f, nil
}

// fileJob is the payload of a file's job.
type fileJob struct {
	File ID `json:"file"`
}

// dropLoose removes an upload that no message came to name.
func (s *Service) dropLoose(ctx context.Context, j Job) error {
	var p fileJob
	if err := json.Unmarshal(j.Payload, &p); err != nil || p.File == "" {
		return Invalid("payload")
	}
	dropped, err := s.Store.DropLoose(ctx, p.File)
	if dropped {
		s.Log.Info("loose upload removed", "file", p.File)
	}
	return err
}
