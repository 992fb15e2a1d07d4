package sqlstore

import (
	"crypto/rand"
	"database/sql"
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
	for name, db := range map[string]*sql.DB{"the writer": s.write, "the readers": s.read, "the copier": s.check.db} {
		for end := time.Now().Add(10 * time.Second); db.Stats().InUse > 0; time.Sleep(time.Millisecond) {
			if time.Now().After(end) { // the log may be copied at this moment
				t.Fatalf("%s: %d connections are not given back", name, db.Stats().InUse)
			}
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
