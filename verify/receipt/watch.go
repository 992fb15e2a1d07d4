package receipt

import (
	"errors"

	"github.com/postern-chat/postern/verify"
)

// Seen is the newest place in the gateway's log that a receipt has named: what step 11 remembers. The zero value
// has seen nothing.
type Seen struct {
	Size int64
	Root string // b64url
	At   int64  // iat of that receipt, unix seconds
}

// abreast is how much older the log of a receipt may be whose iat is as new: two gateways mint at the same time.
const abreast = 10 // seconds

// Alarms of step 11. Neither makes the change wrong: somebody must look at the gateway.
var (
	ErrLogShrank = errors.New("receipt: the gateway's log is shorter than it was")
	ErrLogOther  = errors.New("receipt: the gateway's log is not the one that it was")
)

// Next is what to remember after a receipt that passed Check. fetch reads a path under the log's address
// ({gateway}/log/): it is asked only when the log has grown, and an error of its own means that the new place could
// not be held against the old one, which therefore stays. now is the present time.
//
// Errors: ErrLogShrank, ErrLogOther, those of fetch.
func (s Seen) Next(p Proven, fetch func(path string) ([]byte, error)) (Seen, error) {
	next := Seen{Size: p.Log.Size, Root: p.Log.Root, At: p.Iat}
	switch {
	case s.Size == 0:
		return next, nil
	case next.Size < s.Size && next.At > s.At+abreast:
		return s, ErrLogShrank
	case next.Size < s.Size:
		return s, nil
	case next.Size == s.Size && next.Root != s.Root:
		return s, ErrLogOther
	}
	old, okOld := s.head()
	now, okNow := next.head()
	if !okOld || !okNow {
		return s, ErrLogOther
	}
	err := verify.Consistent(old, now, fetch)
	switch {
	case errors.Is(err, verify.ErrInconsistent):
		return s, ErrLogOther
	case err != nil:
		return s, err
	}
	next.At = max(next.At, s.At)
	return next, nil
}

func (s Seen) head() (verify.Head, bool) {
	root, err := verify.DecodeRoot(s.Root)
	return verify.Head{Size: s.Size, Root: root}, err == nil
}
