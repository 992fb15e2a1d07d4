package verify

import (
	"strconv"
	"time"

	"golang.org/x/mod/sumdb/tlog"
)

// Leaf is one line of the log. All values are strings; nothing in it names a person: evidence is hashed,
// personal values are hashed with the row's seal. Source: proof-gate.md §3.16.
type Leaf struct {
	V            string `json:"v"`
	At           string `json:"at"` // unix ms, database clock
	Actor        string `json:"actor"`
	Role         Role   `json:"role"`
	Conversation string `json:"conversation"`
	Change       string `json:"change"`
	Challenge    string `json:"challenge"`
	Chg          string `json:"chg"` // hashed with the row's seal
	Level        Level  `json:"level"`
	Policy       string `json:"policy"`
	From         State  `json:"from"`
	To           State  `json:"to"` // equal to From for a note
	Reason       Reason `json:"reason"`
	Evidence     string `json:"evidence"`
	Sealed       string `json:"sealed"`
}

// Bytes is the JCS form: what is stored and hashed.
func (l Leaf) Bytes() ([]byte, error) { return canonical(l) }

// Stamp returns the leaf with its time set to at.
func (l Leaf) Stamp(at time.Time) Leaf {
	l.At = strconv.FormatInt(at.UnixMilli(), 10)
	return l
}

func leafOf(s Step) Leaf {
	r := s.Row
	l := Leaf{
		V: leafVersion, Actor: s.Actor.ID, Role: s.Actor.Role, Conversation: r.Conversation, Change: r.ID,
		Chg: sealChg(r.Seal, r.Chg), Policy: r.Policy, From: s.From, To: r.State, Reason: s.Reason,
	}
	if r.Challenge != nil {
		l.Challenge = r.Challenge.ID
	}
	if r.Proof != nil {
		l.Level, l.Evidence = r.Proof.Level, r.Proof.Evidence.Hash()
		l.Sealed = seal(r.Seal, r.Proof.Issuer, r.Proof.Subject)
	}
	return l.Stamp(s.At)
}

// leafVersion is the form of new lines. In lines of form "1" chg stands bare.
const leafVersion = "2"

// sealChg hides the digest of a change: whoever guesses what was asked for could compute it.
func sealChg(salt, chg string) string {
	if chg == "" {
		return ""
	}
	return hash("postern.chg.v1\n", []byte(salt+"\n"+chg))
}

func seal(salt, issuer, subject string) string {
	return hash("postern.sealed.v1\n", []byte(salt+"\n"+issuer+"\n"+subject))
}

// Grow returns the hashes to store for leaf number n (counted from 0), in order: they get the indexes
// from StoredHashCount(n) on. read must return stored hashes by index. Source: RFC 6962 §2.1.
func Grow(n int64, leaf []byte, read func([]int64) ([][32]byte, error)) ([][32]byte, error) {
	hs, err := tlog.StoredHashes(n, leaf, hashReader(read))
	if err != nil {
		return nil, err
	}
	out := make([][32]byte, len(hs))
	for i, h := range hs {
		out[i] = h
	}
	return out, nil
}

// StoredHashCount is the number of stored hashes of a log with n leaves.
func StoredHashCount(n int64) int64 { return tlog.StoredHashCount(n) }

// Root is the tree head over the first n leaves.
func Root(n int64, read func([]int64) ([][32]byte, error)) ([32]byte, error) {
	return tlog.TreeHash(n, hashReader(read))
}

func hashReader(read func([]int64) ([][32]byte, error)) tlog.HashReaderFunc {
	return func(index []int64) ([]tlog.Hash, error) {
		hs, err := read(index)
		if err != nil {
			return nil, err
		}
		out := make([]tlog.Hash, len(hs))
		for i, h := range hs {
			out[i] = h
		}
		return out, nil
	}
}
