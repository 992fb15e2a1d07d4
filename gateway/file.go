package gateway

import (
	"path"
	"slices"
	"strings"
	"time"
)

// PartSize is the largest part of an upload, in bytes; every part but the last has exactly this size.
const PartSize = 1 << 20

// LooseLife is how long an upload may stand in no message, complete or not; then a job removes it.
const LooseLife = 24 * time.Hour

// Quota bounds a set of uploads. An upload counts with the size that it was announced with.
type Quota struct {
	Files int64
	Bytes int64
}

// Exceeded reports whether one more upload of that size is too many.
func (q Quota) Exceeded(files, bytes, more int64) bool {
	return files >= q.Files || bytes+more > q.Bytes
}

// OwnerQuota bounds what one visitor or agent has uploaded and not sent: two full messages, or five of the largest
// files.
func OwnerQuota() Quota { return Quota{Files: 20, Bytes: 5 * MaxFilesBytes} }

// MailboxQuota bounds what all visitors of a mailbox have uploaded and not sent: a browser costs nothing to make.
func MailboxQuota() Quota { return Quota{Files: 1000, Bytes: 100 * MaxFilesBytes} }

// TalkQuota bounds what a visitor has uploaded into one conversation, sent or not.
func TalkQuota() Quota { return Quota{Files: 100, Bytes: 20 * MaxFilesBytes} }

// File is an upload, stored in parts beside everything else: one backup, every node.
type File struct {
	ID           ID
	Conversation ID
	Owner        Actor
	Name         string // as given; shown and saved under SafeName, never used as a path
	Type         string // media type found in the content, from the allowed list
	Size         int64  // bytes, fixed when the upload begins
	Stored       int64  // bytes that have arrived
	CreatedAt    time.Time
	AttachedAt   time.Time // when a message first named it, or the library took it; zero = loose
	Library      bool      // stands in the public library: everybody may have it
	Scrubbed     int64     // secrets that were taken out of it (Scrub)
}

// Complete reports whether every byte has arrived.
func (f File) Complete() bool { return f.Stored == f.Size }

// ref is the file as a message names it.
func (f File) ref() FileRef {
	return FileRef{ID: f.ID, Name: f.SafeName(), Type: f.Type, Size: f.Size, Library: f.Library, Scrubbed: f.Scrubbed}
}

// SafeName is the name under which others see and save the file. Its ending is one of the type's own, added where
// the name has another: a text called invoice.hta would be a program for whoever opens it.
func (f File) SafeName() string {
	own := endings(f.Type)
	if len(own) == 0 || slices.Contains(own, strings.ToLower(path.Ext(f.Name))) {
		return f.Name
	}
	return f.Name + own[0]
}

// endings are what a file of the type may be called, the usual one first; none for a type that is not known yet.
func endings(mediaType string) []string {
	switch mediaType {
	case "text/plain":
		return []string{".txt", ".text", ".log", ".csv", ".tsv", ".md", ".json", ".yaml", ".yml"}
	case "image/png":
		return []string{".png"}
	case "image/jpeg":
		return []string{".jpg", ".jpeg"}
	case "image/gif":
		return []string{".gif"}
	case "image/webp":
		return []string{".webp"}
	case "application/pdf":
		return []string{".pdf"}
	case "application/zip": // office documents without macros are zip files
		return []string{".zip", ".docx", ".xlsx", ".pptx", ".odt", ".ods", ".odp"}
	case "video/mp4":
		return []string{".mp4", ".m4v", ".m4a"}
	case "video/webm":
		return []string{".webm", ".weba"}
	case "audio/mpeg":
		return []string{".mp3"}
	case "audio/wave":
		return []string{".wav"}
	case "application/ogg":
		return []string{".ogg", ".oga", ".ogv", ".opus"}
	}
	return nil
}
