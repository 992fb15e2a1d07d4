package sqlstore

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/postern-chat/postern/gateway"
	"github.com/postern-chat/postern/gateway/gatewaytest/server"
)

func items(t *testing.T, of ...gateway.Append) (out []*item) {
	for _, in := range of {
		out = append(out, &item{ctx: t.Context(), in: in})
	}
	return out
}

// Plain messages of both sides are stored in the one round; what is told of them is what stands in the database. What is
// not plain is left for the general way, with all of its conversation.
func TestPlainMessages(t *testing.T) {
	s := openPostgres(t)
	k, l := newTalk(t, s), &lane{told: make(chan []outcome, 4)}
	note := k.Answer(k.row, k.ada, "note")
	note.Topic, note.Counts = k.cv.Staff(), false
	for _, c := range []struct {
		name string
		in   []gateway.Append
		rest int
	}{
		{"the visitor", []gateway.Append{k.Message(k.row, "1", "a"), k.Message(k.row, "2", "b")}, 0},
		{"both sides", []gateway.Append{k.Message(k.row, "3", "a"), k.judged(s, "4"), k.Message(k.row, "5", "a")}, 0},
		{"sent before", []gateway.Append{k.Message(k.row, "6", "a"), k.Message(k.row, "5", "a")}, 2},
		{"twice", []gateway.Append{k.Message(k.row, "7", "a"), k.Message(k.row, "7", "b")}, 2},
		{"a note", []gateway.Append{k.Message(k.row, "8", "a"), note}, 2},
		{"a colleague", []gateway.Append{k.Answer(k.row, k.bob, "9")}, 1},
		{"a stranger", []gateway.Append{func() gateway.Append {
			in := k.Message(k.row, "10", "a")
			in.MustVisitor = "vi_other"
			return in
		}()}, 1},
		{"another conversation", []gateway.Append{k.Message(k.Start("new"), "11", "a")}, 1},
		{"two that were judged", []gateway.Append{k.judged(s, "12"), k.judged(s, "13")}, 2},
	} {
		before := k.events(s)
		if rest := s.commitPlain(l, items(t, c.in...)); len(rest) != c.rest {
			t.Errorf("%s: %d are left, want %d", c.name, len(rest), c.rest)
		}
		after := k.events(s)
		if c.rest > 0 {
			if len(after) != len(before) || len(l.told) > 0 {
				t.Errorf("%s: something was stored", c.name)
			}
			continue
		}
		row, err := s.Conversation(t.Context(), k.cv)
		k.must(err)
		row.Seq, row.StaffSeq = 0, 0
		for _, o := range <-l.told {
			e := after[o.it.in.ClientID]
			if o.Err != nil || o.Again || e.Seq != o.Event.Seq || string(e.Payload) != string(o.Event.Payload) || e.ID != o.Event.ID || e.Actor != o.Event.Actor || !e.At.Equal(o.Event.At) {
				t.Errorf("%s: told %+v, stored %+v", c.name, o, e)
			}
			if got, want := fmt.Sprintf("%+v", o.Row), fmt.Sprintf("%+v", row); got != want || o.Mailbox != row.Mailbox {
				t.Errorf("%s: told row\n%s, stored\n%s", c.name, got, want)
			}
			k.said = max(k.said, e.Seq)
		}
	}
}

// An empty conversation's first words are noted by either way alike.
func TestPlainNotesFirstWords(t *testing.T) {
	s := openPostgres(t)
	k, l := newTalk(t, s), &lane{told: make(chan []outcome, 4)}
	quiet := k.Start("")
	first := k.Message(quiet, "read", "")
	first.Counts, first.ClientID, first.Payload = false, "", gateway.MessageRead{UpTo: 1}
	_, err := s.Append(t.Context(), first) // so that it is remembered
	k.must(err)
	if rest := s.commitPlain(l, items(t, k.Message(quiet, "1", " two\nlines "), k.Message(quiet, "2", "more"))); len(rest) > 0 {
		t.Fatalf("%d are left", len(rest))
	}
	row, err := s.Conversation(t.Context(), quiet.ID)
	k.must(err)
	if told := (<-l.told)[0].Row; row.FirstWords != "two lines" || row.Messages != 2 || told.FirstWords != row.FirstWords || told.Messages != 2 {
		t.Errorf("row %+v, told %+v", row, told)
	}
}

// When a try was cut after its commit, what it stored is told as stored now; what another try of the sender stored is
// told as a repetition.
func TestPlainCutBehindItsCommit(t *testing.T) {
	s := openPostgres(t)
	k := newTalk(t, s)
	batch := items(t, k.Message(k.row, "1", "a"), k.Message(k.row, "2", "b"))
	talks := s.plainTalks(batch)
	k.must(s.storePlain(talks))
	again := items(t, k.Message(k.row, "1", "c"))
	for _, it := range append(batch, again...) {
		it.unsure = true
	}
	told, _, err := s.commitOnce(append(batch, again...))
	k.must(err)
	for i, o := range told {
		if o.Err != nil || o.Again != (i == 2) || o.Event.Seq != talks[0].first+uint64(i%2) || o.Event.ID != batch[i%2].in.ID {
			t.Errorf("%d: %+v", i, o.Stored)
		}
	}
	k.events(s)
}

// Connections die again and again while messages are sent; senders send again what was not acknowledged. Each message is
// there once, under the number that was told.
func TestPlainOnDyingConnections(t *testing.T) {
	source, s, other := openBeside(t)
	k := newTalk(t, s)
	talks := []gateway.Conversation{k.row, k.Start("b"), k.Start("c")}
	told := make([]map[string]uint64, len(talks))
	stop := make(chan struct{})
	var wg, killer sync.WaitGroup
	killer.Go(func() {
		for {
			select {
			case <-stop:
				return
			case <-time.After(25 * time.Millisecond):
			}
			if _, err := killConnections(t, other); err != nil {
				t.Error(err)
				return
			}
		}
	})
	for i, c := range talks {
		told[i] = map[string]uint64{}
		wg.Go(func() {
			for n := range 150 {
				for client := fmt.Sprint("d", n); told[i][client] == 0; {
					done, err := s.Append(t.Context(), k.Message(c, client, "words"))
					if err != nil && gateway.CodeOf(err) != "unavailable" {
						t.Error(err)
						return
					}
					told[i][client] = done.Event.Seq
				}
			}
		})
	}
	wg.Wait()
	close(stop)
	killer.Wait()
	after := open(t, PostgreSQL, source) // the connections of the other may be dead
	for i, c := range talks {
		k.cv = c.ID
		events := k.events(after)
		for client, seq := range told[i] {
			if events[client].Seq != seq {
				t.Errorf("%s is told as %d and stored as %d", client, seq, events[client].Seq)
			}
		}
		if n := len(events); n < 151 {
			t.Errorf("%d messages", n)
		}
	}
}

// Two that store in the same conversations in one round never wait for each other in a circle, nor for a verb.
func TestPlainLockOrder(t *testing.T) {
	source := server.NewDatabase(t)
	here, there := open(t, PostgreSQL, source), open(t, PostgreSQL, source)
	k := newTalk(t, here)
	var talks []gateway.Conversation
	for range 12 {
		c := k.Start("words")
		for n, s := range []*Store{here, there} {
			_, err := s.Append(t.Context(), k.Message(c, fmt.Sprint("first", n), "words"))
			k.must(err)
		}
		talks = append(talks, c)
	}
	var wg sync.WaitGroup
	for w, s := range []*Store{here, there} {
		for round := range 40 {
			var batch []gateway.Append
			for i := range talks {
				c := talks[(i*(w+1)+round)%len(talks)]
				batch = append(batch, k.Message(c, fmt.Sprint(w, "/", round, "/", i), "words"))
			}
			wg.Go(func() {
				l := &lane{told: make(chan []outcome, 2)}
				if rest := s.commitPlain(l, items(t, batch...)); len(rest) > 0 {
					t.Errorf("%d are left", len(rest))
				}
			})
		}
	}
	wg.Wait()
	for _, c := range talks {
		k.cv = c.ID
		k.events(here)
	}
}

// What runs for every message finds its rows by their keys.
func TestPlainUsesIndexes(t *testing.T) {
	s := openPostgres(t)
	texts := func(n int) string { return strings.TrimSuffix(strings.Repeat("'{a,b}', ", n), ", ") }
	plan := pgplan(t, s, qPlain, "'{a,b}', '{1,2}', "+texts(4)+", '{1,1}', '{1,1}', '{1,1}', "+texts(2)+
		", '{1,1}', '{1,1}', "+texts(1)+", "+texts(1)+", '{1,2}', "+texts(2)+", '{1,1}', "+texts(4))
	for _, want := range []string{"conversations_pkey", "events_pkey"} {
		if !strings.Contains(plan, want) {
			t.Errorf("the plan lacks %q:\n%s", want, plan)
		}
	}
	if plan := pgplan(t, s, qPlainLock, "'{a,b}'"); !strings.Contains(plan, "conversations_pkey") {
		t.Errorf("the locks' plan:\n%s", plan)
	}
}
