package gateway

import (
	"io"
	"time"

	"github.com/oklog/ulid/v2"
)

// ID names one thing: a prefix that says its kind, then a ULID (26 characters, Crockford base32).
type ID string

// Prefixes of ids. The proof gate makes its own (ch_, cl_, rc_).
const (
	PrefixConversation = "cv_"
	PrefixMessage      = "ms_"
	PrefixMailbox      = "mb_"
	PrefixAgent        = "ag_"
	PrefixVisitor      = "vi_"
	PrefixContact      = "ct_"
	PrefixArticle      = "ar_"
	PrefixFile         = "fi_"
	PrefixReply        = "sr_"
	PrefixEvent        = "ev_"
	PrefixKey          = "ak_"
	PrefixPasskey      = "pk_"
	PrefixLink         = "tl_"
	PrefixVisit        = "tv_"
	PrefixOwn          = "to_"
	PrefixPhrasing     = "ph_"
	PrefixStep         = "hs_"
	PrefixMerge        = "mg_"
)

// NewID makes an id for the kind that prefix names, ordered by now (millisecond) and unguessable by
// 80 bits of rand. Errors: whatever rand returns; a time outside 1970…10889.
func NewID(prefix string, now time.Time, rand io.Reader) (ID, error) {
	u, err := ulid.New(ulid.Timestamp(now), rand)
	if err != nil {
		return "", Internal("make an id", err)
	}
	return ID(prefix + u.String()), nil
}

// Is reports whether the id has the given prefix and the right length.
func (id ID) Is(prefix string) bool {
	if len(id) != len(prefix)+ulid.EncodedSize || string(id[:len(prefix)]) != prefix {
		return false
	}
	_, err := ulid.ParseStrict(string(id[len(prefix):]))
	return err == nil
}
