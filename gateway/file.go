package gateway

import "time"

// PartSize is the largest part of an upload, in bytes; every part but the last has exactly this size.
const PartSize = 1 << 20

// File is an upload, stored in parts beside everything else: one backup, every node.
type File struct {
	ID           ID
	Conversation ID
	Owner        Actor
	Name         string // as given, shown as text; never used as a path
	Type         string // media type found in the content, from the allowed list
	Size         int64  // bytes, fixed when the upload begins
	Stored       int64  // bytes that have arrived
	CreatedAt    time.Time
}

// Complete reports whether every byte has arrived.
func (f File) Complete() bool { return f.Stored == f.Size }
