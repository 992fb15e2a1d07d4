package sqlstore

import (
	"crypto/rand"
	"fmt"
	"path/filepath"
	"testing"
	"time"
)

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
