package sqlstore

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/postern-chat/postern/gateway"
)

// logFile is what SQLite's log says of itself: how often it has started anew, and how long it is.
func logFile(t *testing.T, source string) (begun uint32, size int64) {
	t.Helper()
	f, err := os.Open(source + "-wal") // SQLite locks other files
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	var head [32]byte
	if _, err := f.ReadAt(head[:], 0); err != nil {
		t.Fatal(err)
	}
	st, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	return binary.BigEndian.Uint32(head[12:]), st.Size()
}

// The log starts anew under load, so that its file stays short; a long reader keeps it growing and sees one moment all
// the while, and once he has gone it is cut back. Nothing of what was acknowledged is lost.
func TestLogStartsAnew(t *testing.T) {
	source := filepath.Join(t.TempDir(), "log.db")
	s := open(t, SQLite, source)
	k := newTalk(t, s)
	talks := []gateway.Conversation{k.row}
	for range 30 {
		talks = append(talks, k.Start("words"))
	}
	ctx, stop := context.WithTimeout(t.Context(), 60*time.Second)
	defer stop()
	stored := make([]int, len(talks))
	var enough atomic.Bool
	var wg sync.WaitGroup
	for i, c := range talks {
		wg.Go(func() {
			for !enough.Load() && ctx.Err() == nil {
				if _, err := s.Append(t.Context(), k.Message(c, fmt.Sprint("w", stored[i]), "words")); err != nil {
					t.Error(err)
					return
				}
				stored[i]++
			}
		})
	}
	until := func(what string, ok func(begun uint32, size int64) bool) {
		for !ok(logFile(t, source)) {
			if ctx.Err() != nil {
				t.Errorf("in a minute's load %s", what)
				return
			}
			time.Sleep(time.Millisecond) // looks again
		}
	}
	first, _ := logFile(t, source)
	until("the log has not started anew five times", func(begun uint32, size int64) bool {
		if size > 48<<20 {
			t.Errorf("the log has %d bytes", size)
		}
		return begun >= first+5
	})
	moment, err := s.read.BeginTx(t.Context(), nil)
	k.must(err)
	seen := func() (n int) {
		k.must(moment.QueryRowContext(t.Context(), "SELECT COUNT(*) FROM events").Scan(&n))
		return n
	}
	n := seen()
	until("a reader did not keep the log", func(_ uint32, size int64) bool { return size > logLimit+(4<<20) })
	if again := seen(); again != n {
		t.Errorf("the reader sees %d events after %d", again, n)
	}
	k.must(moment.Rollback())
	held, _ := logFile(t, source)
	until("the log was not cut back behind a reader", func(begun uint32, size int64) bool { return begun > held && size <= logLimit+(8<<20) })
	enough.Store(true)
	wg.Wait()
	for i, c := range talks {
		k.cv = c.ID
		events := k.events(s)
		for n := range stored[i] {
			if _, ok := events[fmt.Sprint("w", n)]; !ok {
				t.Fatalf("message %d of conversation %d is not there", n, i)
			}
		}
	}
}

// At rest every connection gives the pages back that it has kept.
func TestPagesAreGivenBack(t *testing.T) {
	s := openSQLite(t)
	k := newTalk(t, s)
	for n := range 50 {
		_, err := s.Append(t.Context(), k.Message(k.row, fmt.Sprint("p", n), "words"))
		k.must(err)
	}
	k.events(s)
	s.check.giveBack(t.Context())
	for name, n := range map[string]int{"the writer": s.write.Stats().InUse, "the readers": s.read.Stats().InUse, "the copier": s.check.db.Stats().InUse} {
		if n != 0 {
			t.Errorf("%s: %d connections are not given back", name, n)
		}
	}
	_, err := s.Append(t.Context(), k.Message(k.row, "after", "words"))
	k.must(err)
	if _, ok := k.events(s)["after"]; !ok {
		t.Error("nothing is stored after it")
	}
}

// A store may be closed at any moment of the log's copying.
func TestCloseWhileTheLogIsCopied(t *testing.T) {
	for n := range 12 {
		s, err := Open(t.Context(), Options{Engine: SQLite, DataSource: filepath.Join(t.TempDir(), "close.db"), Rand: rand.Reader, Now: time.Now})
		if err != nil {
			t.Fatal(err)
		}
		k := newTalk(t, s)
		for i := range 150 + 13*n {
			_, err := s.Append(t.Context(), k.Message(k.row, fmt.Sprint("c", i), "words"))
			k.must(err)
		}
		k.must(s.Close())
	}
}
