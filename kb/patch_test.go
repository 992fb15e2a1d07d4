package kb_test

import (
	"context"
	"fmt"
	"math/rand"
	"reflect"
	"runtime"
	"testing"

	"github.com/postern-chat/postern/kb"
	"github.com/postern-chat/postern/kb/measure"
)

// changes is a store of which only Changed is asked: the list of articles by the number of their last change.
type changes struct {
	kb.Store
	list []kb.Article
}

func (c *changes) Changed(_ context.Context, after int64, limit int) ([]kb.Article, error) {
	var out []kb.Article
	for _, a := range c.list {
		if a.Change > after && len(out) < limit {
			out = append(out, a)
		}
	}
	return out, nil
}

// save puts an article at the end, as a database with a counter does.
func (c *changes) save(a kb.Article, change int64) {
	for i, old := range c.list {
		if old.ID == a.ID {
			c.list = append(c.list[:i], c.list[i+1:]...)
			break
		}
	}
	a.Change = change
	c.list = append(c.list, a)
}

// An index that was patched a hundred times answers to the last bit like one that is built at once, in whatever
// order, for visitors and for agents: nodes that were started at different times agree (K11).
func TestPatchedEqualsRebuilt(t *testing.T) {
	x := measure.Invent(11)
	r := rand.New(rand.NewSource(11))
	st := &changes{}
	var patched kb.Index
	for i := int64(1); i <= 100; i++ {
		a := article(fmt.Sprintf("ar_%02d", r.Intn(40)), x.Text(5), x.Text(40), x.Text(6))
		switch r.Intn(5) {
		case 0:
			a.Status = kb.Archived
		case 1:
			a.Visibility = kb.Internal
		case 2:
			a.Mailboxes = []string{"mb_billing"}
		}
		if r.Intn(6) == 0 {
			a.Locale = "de"
		}
		st.save(a, i)
		if err := patched.Sync(t.Context(), st, plain); err != nil {
			t.Fatal(err)
		}
		if i%10 == 0 {
			same(t, &patched, rebuilt(st.list, r), x)
		}
	}
	if patched.Len() < 10 {
		t.Fatalf("only %d articles are left: the test looks at nothing", patched.Len())
	}
}

func rebuilt(list []kb.Article, r *rand.Rand) *kb.Index {
	var published []kb.Article
	for _, a := range list {
		if a.Status == kb.Published {
			published = append(published, a)
		}
	}
	r.Shuffle(len(published), func(i, j int) { published[i], published[j] = published[j], published[i] })
	var out kb.Index
	out.Set(published, plain)
	return &out
}

func same(t *testing.T, a, b *kb.Index, x *measure.Invented) {
	t.Helper()
	for _, q := range append(questions(x, 20, false), questions(x, 20, true)...) {
		q.Limit, q.Before = 50, x.Text(4)
		for _, agent := range []bool{false, true} {
			q.Agent, q.Mailbox = agent, "mb_support"
			if got, want := a.Search(q), b.Search(q); !reflect.DeepEqual(got, want) {
				t.Fatalf("%+v\n patched %+v\n rebuilt %+v", q, got, want)
			}
		}
	}
}

// A reader keeps the snapshot that it began with, however often the index changes meanwhile.
func TestSearchWhilePatching(t *testing.T) {
	x := measure.Invent(3)
	list := x.Articles(50)
	var index kb.Index
	index.Set(list, plain)
	asked := questions(x, 30, false)
	done := make(chan struct{})
	go func() {
		defer close(done)
		st := &changes{}
		for i := range int64(40) {
			st.save(article(fmt.Sprintf("ar_%06d", i), x.Text(5), x.Text(60)), i+10)
			if err := index.Sync(context.Background(), st, plain); err != nil {
				t.Error(err)
			}
		}
	}()
	for range 20 {
		for _, q := range asked {
			for _, r := range index.Search(q).Results {
				if r.Title == "" {
					t.Fatal("a result without a title")
				}
			}
		}
	}
	<-done
}

// 10,000 articles of 180 words take at most 4 KB each (K10), the texts themselves not counted.
func TestHeapPerArticle(t *testing.T) {
	const n = 10_000
	list := measure.Invent(10).Articles(n)
	before := live()
	var index kb.Index
	index.Set(list, plain)
	each := (live() - before) / n
	runtime.KeepAlive(list)
	runtime.KeepAlive(&index)
	t.Logf("%d bytes an article", each)
	if each > 4<<10 {
		t.Errorf("an article takes %d bytes of heap, want at most 4096", each)
	}
}

func live() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
