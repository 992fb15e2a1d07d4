package mail

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/postern-chat/postern/gateway"
)

// shelf is a folder whose connection is lost at chosen steps, and the store beside it.
type shelf struct {
	validity uint32
	first    uint32 // number of the oldest mail
	mails    []string
	dates    []time.Time
	fails    func(step string) error

	at     gateway.MailPosition
	stored map[string]int // what came in, by its words
	owner  string
	until  time.Time
	pauses []time.Duration
	stop   context.CancelFunc
	dials  int
}

func (s *shelf) Open(context.Context) (uint32, error) { return s.validity, s.fails("open") }

func (s *shelf) After(_ context.Context, uid uint32, since time.Time, take func(Fetched) error) error {
	if err := s.fails("list"); err != nil {
		return err
	}
	for i, m := range s.mails {
		f := Fetched{UID: s.first + uint32(i), At: s.dates[i]}
		if f.UID <= uid {
			continue
		}
		if !f.At.Before(since) {
			f.Raw = []byte(m)
		}
		if err := s.fails("fetch"); err != nil {
			return err
		}
		if err := take(f); err != nil {
			return err
		}
	}
	return nil
}

func (s *shelf) Wait(context.Context, time.Duration) error {
	if s.stop != nil {
		s.stop()
		return context.Canceled
	}
	return s.fails("wait")
}

func (s *shelf) Close() error { return nil }

func (s *shelf) LeaseMail(_ context.Context, _, owner string, until, now time.Time) (bool, error) {
	if s.owner != owner && !s.until.Before(now) {
		return false, nil
	}
	s.owner, s.until = owner, until
	return true, s.fails("lease")
}

func (s *shelf) MailPosition(_ context.Context, source string) (gateway.MailPosition, error) {
	return s.at, s.fails("position")
}

func (s *shelf) MoveMail(_ context.Context, p gateway.MailPosition) error {
	if err := s.fails("move"); err != nil {
		return err
	}
	s.at = p
	return s.fails("moved")
}

// take stores a mail and moves the position, both or neither; it may die before or behind that.
func (s *shelf) take(_ context.Context, f Fetched, at gateway.MailPosition) error {
	if err := s.fails("store"); err != nil {
		return err
	}
	if s.stored[string(f.Raw)] == 0 {
		s.stored[string(f.Raw)] = 1
	}
	s.at = at
	return s.fails("stored")
}

func (s *shelf) source(owner string) IMAP {
	return IMAP{
		Name: "imap:x", Owner: owner, Store: s, Take: s.take, Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
		Now: func(context.Context) (time.Time, error) { return noon, nil },
		Dial: func(context.Context) (Folder, error) {
			s.dials++
			return s, s.fails("dial")
		},
		Pause: func(ctx context.Context, d time.Duration) error {
			s.pauses = append(s.pauses, d)
			if len(s.pauses) > 2000 {
				return errors.New("it never ends")
			}
			return ctx.Err()
		},
	}
}

func newShelf(words ...string) *shelf {
	s := &shelf{validity: 7, first: 1, stored: map[string]int{}, fails: func(string) error { return nil }}
	for _, w := range words {
		s.mails, s.dates = append(s.mails, w), append(s.dates, noon)
	}
	return s
}

// TestReaderDiesAnywhere: whatever fails at whatever step, also behind a commit, in the end every mail is stored and none
// is skipped.
func TestReaderDiesAnywhere(t *testing.T) {
	for seed := range uint64(200) {
		s := newShelf("a", "b", "c", "d", "e")
		r := rand.New(rand.NewPCG(seed, 1))
		left := 30
		s.fails = func(step string) error {
			if left > 0 && r.IntN(3) == 0 {
				left--
				return errors.New(step)
			}
			return nil
		}
		ctx, stop := context.WithCancel(t.Context())
		src := s.source("one")
		src.Pause = func(context.Context, time.Duration) error {
			if len(s.stored) == 5 && s.at.UID == 5 {
				stop()
			}
			return ctx.Err()
		}
		wait := s.fails
		s.fails = func(step string) error {
			if step == "wait" { // the connection ends here at the latest
				return io.EOF
			}
			return wait(step)
		}
		src.Run(ctx)
		stop()
		if len(s.stored) != 5 || s.at != (gateway.MailPosition{Source: s.at.Source, Validity: 7, UID: 5}) {
			t.Fatalf("seed %d: %v at %+v", seed, s.stored, s.at)
		}
	}
}

// TestNumbersBeginAnew: another UIDVALIDITY means that all is looked at again, also what has a lower number than before.
func TestNumbersBeginAnew(t *testing.T) {
	s := newShelf("a", "b")
	s.at = gateway.MailPosition{Source: "imap:x", Validity: 6, UID: 900}
	if _, err := s.source("one").catchUp(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	if len(s.stored) != 2 || s.at.Validity != 7 || s.at.UID != 2 {
		t.Fatalf("%v at %+v", s.stored, s.at)
	}
}

func TestMailBeforeADayIsLeftAlone(t *testing.T) {
	s := newShelf("old", "new")
	s.dates[0] = noon.Add(-48 * time.Hour)
	src := s.source("one")
	src.Since = noon.Add(-24 * time.Hour)
	if _, err := src.catchUp(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	if s.stored["old"] != 0 || s.stored["new"] != 1 || s.at.UID != 2 {
		t.Fatalf("%v at %+v", s.stored, s.at)
	}
}

// TestBackOff: a server that is away is asked after 1 s, then twice as long up to 2 min; once it was good for something,
// after 1 s again.
func TestBackOff(t *testing.T) {
	s := newShelf("a")
	ctx, stop := context.WithCancel(t.Context())
	src := s.source("one")
	up := false
	s.fails = func(step string) error {
		if step == "dial" && !up || step == "wait" {
			return errors.New("away")
		}
		return nil
	}
	src.Pause = func(_ context.Context, d time.Duration) error {
		s.pauses = append(s.pauses, d)
		up = len(s.pauses) == 9
		if len(s.pauses) == 11 {
			stop()
		}
		return ctx.Err()
	}
	src.Run(ctx)
	want := []time.Duration{1, 2, 4, 8, 16, 32, 64, 120, 120, 1, 2}
	for i, d := range s.pauses {
		if d != want[i]*time.Second {
			t.Fatalf("waits %v", s.pauses)
		}
	}
}

// TestOneReader: while another node has the source nothing is dialled; a node that stops gives it back.
func TestOneReader(t *testing.T) {
	s := newShelf("a")
	s.owner, s.until = "other", noon.Add(time.Minute)
	if _, err := s.source("one").connected(t.Context()); !errors.Is(err, errElsewhere) || s.dials > 0 {
		t.Fatalf("%v, %d dials", err, s.dials)
	}
	s.until = noon.Add(-time.Second)
	ctx, stop := context.WithCancel(t.Context())
	s.stop = stop
	s.source("one").Run(ctx)
	if len(s.stored) != 1 || s.owner != "one" || !s.until.Before(noon) {
		t.Fatalf("%v, lease of %s until %v", s.stored, s.owner, s.until)
	}
}

func TestChoose(t *testing.T) {
	own, other := gateway.Mailbox{ID: "mb_1", Address: "help@a.test"}, gateway.Mailbox{ID: "mb_2", Address: "sales@a.test"}
	for head, want := range map[string]gateway.ID{
		"To: help@a.test": "mb_1", "To: sales@a.test": "mb_2", "To: sales@a.test, help@a.test": "mb_1", "To: nobody@a.test": "mb_1", "": "mb_1",
		"To: x@y.test\nDelivered-To: Sales+t.cv_1.aaaaaaaaaaaaaaaa@a.test": "mb_2", "Subject: sales@a.test": "mb_1",
	} {
		if got := Choose(own, []gateway.Mailbox{own, other}, []byte(head+"\n\nTo: sales@a.test")); got.ID != want {
			t.Errorf("%q: %s", head, got.ID)
		}
	}
}
