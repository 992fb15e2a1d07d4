package gateway

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"io"
	"strings"
	"sync"
	"time"
)

// FactKind names what side-access mode compares: whole values that nobody guesses (proof-gate.md §2, T25).
type FactKind string

// The three kinds. Last digits, postcodes and birth dates are none: the patterns hold those, right or wrong.
const (
	FactAddress FactKind = "address"
	FactPhone   FactKind = "phone"
	FactEmail   FactKind = "email"
)

// HashedFact is one fact as the host supplies it.
type HashedFact struct {
	Kind  FactKind
	Words int               // of an address
	Hash  [sha256.Size]byte // FactHash
}

// FactsQuestion asks a host for the facts of a claimed identity. Key is one conversation's.
type FactsQuestion struct {
	Conversation ID
	Key          string // base64url
	Subject      string // of a signed session; else
	Email        string // what the visitor typed
}

// FactSource asks the host. Errors: unavailable.
type FactSource interface {
	// Sides reports whether the host entry has side-access mode on.
	Sides(host string) bool
	Facts(ctx context.Context, host string, q FactsQuestion) ([]HashedFact, error)
}

// FactHash is HMAC-SHA256 under the key of a conversation over "postern.fact.v1", the kind and the value, each on a
// line of its own. The value of an e-mail address is lower case; of a phone its digits alone; of an address its
// words and numbers in lower case without accents, joined by one blank, a letter behind digits as a word of its own.
func FactHash(key []byte, kind FactKind, value string) (out [sha256.Size]byte) {
	m := hmac.New(sha256.New, key)
	m.Write([]byte("postern.fact.v1\n" + string(kind) + "\n" + value))
	m.Sum(out[:0])
	return out
}

// Bounds of what a host may supply and of what is a whole value.
const (
	maxSideFacts    = 64
	maxAddressSizes = 4
	minAddressWords = 3
	maxAddressWords = 16
	minPhoneDigits  = 7
)

// NewSideFacts makes the set that a host supplied. What is no whole value is left out, as is what goes over the bounds.
func NewSideFacts(key []byte, list []HashedFact) *Facts {
	f := &Facts{key: key, sums: map[[sha256.Size]byte]bool{}, side: true}
	sizes := map[int]bool{}
	for _, h := range list[:min(len(list), maxSideFacts)] {
		if h.Kind == FactAddress && !sizes[h.Words] {
			if h.Words < minAddressWords || h.Words > maxAddressWords || len(f.sizes) == maxAddressSizes {
				continue
			}
			sizes[h.Words], f.sizes = true, append(f.sizes, h.Words)
		}
		f.sums[h.Hash] = true
	}
	return f
}

// sideFacts looks for whole values of the claimed identity. Each candidate costs the same, whether it is right or
// wrong, and how many there are depends on the text alone.
func (s *leakScan) sideFacts(f *Facts) {
	words, at := wordsOf(s.t.toks), s.wordPlaces()
	for i := range words {
		for _, n := range f.sizes {
			if i+n <= len(words) && f.knows(FactAddress, strings.Join(words[i:i+n], " ")) {
				s.addFact(at[i], at[i+n-1])
			}
		}
	}
	for i := 0; i < s.len(); i++ {
		if s.tok(i).number() {
			p := s.span(i)
			if len(p.digits) >= minPhoneDigits && f.knows(FactPhone, p.digits) {
				s.addFact(p.first(), p.last())
			}
			i = p.last()
		}
	}
	for i := range s.t.toks {
		if s.tok(i).kind != '@' {
			continue
		}
		domain, b := s.domain(i)
		if local, a := s.local(i); domain != "" && local != "" && f.knows(FactEmail, local+"@"+domain) {
			s.addFact(a, b)
		}
	}
}

func (f *Facts) knows(kind FactKind, value string) bool { return f.sums[FactHash(f.key, kind, value)] }

// addFact notes a fact where no pattern has found anything: else the kinds would tell a right value from a wrong one.
func (s *leakScan) addFact(a, b int) {
	if !s.covered(a, b) {
		s.add(LeakFact, a, b)
	}
}

// wordPlaces gives the tokens that wordsOf takes.
func (s *leakScan) wordPlaces() (at []int) {
	for i := range s.t.toks {
		if s.tok(i).word() || s.tok(i).number() {
			at = append(at, i)
		}
	}
	return at
}

// Bounds of what is remembered of hosts' answers.
const (
	maxSides  = 1024
	sideLife  = 10 * time.Minute
	sideAgain = 30 * time.Second // after a host that did not answer
)

// SideAccess asks hosts for the hashed facts of claimed identities and keeps them in memory only. Its zero value with
// a Source and Rand is ready.
type SideAccess struct {
	Source FactSource
	Rand   io.Reader

	mu sync.Mutex
	of map[ID]sideFacts
}

type sideFacts struct {
	who   string
	facts *Facts // nil = none, or the host did not answer
	until time.Time
}

// load gives the facts of whoever somebody claims to be in a conversation; nil = none known. A host that does not
// answer leaves the patterns, which hold as ever.
func (a *SideAccess) load(ctx context.Context, cv Conversation, host, subject string, now time.Time) (*Facts, error) {
	who := subject + "\n" + strings.ToLower(cv.Claimed.Email)
	a.mu.Lock()
	had, ok := a.of[cv.ID]
	a.mu.Unlock()
	if ok && had.who == who && now.Before(had.until) || who == "\n" {
		return had.facts, nil
	}
	key := make([]byte, sha256.Size)
	if _, err := io.ReadFull(a.Rand, key); err != nil {
		return nil, Internal("make a key", err)
	}
	q := FactsQuestion{Conversation: cv.ID, Key: base64.RawURLEncoding.EncodeToString(key), Subject: subject}
	if subject == "" {
		q.Email = strings.ToLower(cv.Claimed.Email)
	}
	list, err := a.Source.Facts(ctx, host, q)
	got := sideFacts{who: who, until: now.Add(sideLife)}
	if err != nil {
		got.until = now.Add(sideAgain)
	} else {
		got.facts = NewSideFacts(key, list)
	}
	a.keep(cv.ID, got)
	return got.facts, err
}

func (a *SideAccess) keep(cv ID, got sideFacts) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.of == nil || len(a.of) >= maxSides { // full: what is needed again is asked for again
		a.of = map[ID]sideFacts{}
	}
	a.of[cv] = got
}

// side gives what side-access mode knows for a conversation. on says that the mode is on for its site: then no agent
// learns why a message of his waits.
func (s *Service) side(ctx context.Context, cv Conversation, epoch *int64) (facts *Facts, on bool, err error) {
	if s.Side == nil {
		return nil, false, nil
	}
	mb, err := s.mailbox(ctx, cv.Mailbox, epoch)
	if err != nil || mb.Host == "" || !s.Side.Source.Sides(mb.Host) {
		return nil, false, err
	}
	if known, err := s.proven(ctx, cv); err != nil || known {
		return nil, true, err
	}
	subject := ""
	if cv.Visitor != "" {
		v, err := s.Store.Visitor(ctx, cv.Visitor)
		if err != nil {
			return nil, true, err
		}
		if v.Identity.Host == mb.Host {
			subject = v.Identity.Subject
		}
	}
	facts, err = s.Side.load(ctx, cv, mb.Host, subject, s.Now())
	if err != nil {
		s.Log.Warn("side access", "host", mb.Host, "code", CodeOf(err))
	}
	return facts, true, nil
}
