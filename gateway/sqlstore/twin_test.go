package sqlstore

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"github.com/postern-chat/postern/gateway"
	"github.com/postern-chat/postern/gateway/gatewaytest"
	"github.com/postern-chat/postern/gateway/gatewaytest/server"
)

// onTwins runs a test on two stores that share a database, as two processes do; and on one that is both.
func onTwins(t *testing.T, run func(t *testing.T, here, there *Store)) {
	for name, e := range map[string]Engine{"SQLite": SQLite, "PostgreSQL": PostgreSQL} {
		source := func(t *testing.T) string {
			if e == PostgreSQL {
				return server.NewDatabase(t)
			}
			return filepath.Join(t.TempDir(), "twins.db")
		}
		t.Run(name+"/two", func(t *testing.T) {
			at := source(t)
			run(t, open(t, e, at), open(t, e, at))
		})
		t.Run(name+"/one", func(t *testing.T) {
			s := open(t, e, source(t))
			run(t, s, s)
		})
	}
}

// talk is a conversation that both sides have written in, so that the store remembers it.
type talk struct {
	*gatewaytest.World
	cv       gateway.ID
	row      gateway.Conversation
	ada, bob gateway.ID
	said     uint64 // the number of the agent's last message
}

func newTalk(t *testing.T, s *Store) *talk {
	w := gatewaytest.NewWorld(t, s)
	k := &talk{World: w, ada: w.NewAgent("Ada", 50), bob: w.NewAgent("Bob", 50), row: w.Start("first words")}
	k.cv = k.row.ID
	_, err := s.Claim(t.Context(), k.cv, k.ada, "hand", w.Now())
	k.must(err)
	for n := range 2 {
		_, err := s.Append(t.Context(), k.Message(k.row, fmt.Sprint("v", n), "the visitor's"))
		k.must(err)
		k.said = k.answer(s, fmt.Sprint("a", n)).Seq
	}
	return k
}

func (k *talk) must(err error) {
	k.Helper()
	if err != nil {
		k.Fatal(err)
	}
}

// judged is what the agent wants to say, as the service submits it.
func (k *talk) judged(s *Store, client string) gateway.Append {
	k.Helper()
	in := k.Answer(k.row, k.ada, client)
	epoch, err := s.Epoch(k.Context())
	k.must(err)
	row, err := s.Conversation(k.Context(), k.cv)
	k.must(err)
	in.By, in.Judged, in.Said = &gateway.Rights{Epoch: epoch, Talk: row}, true, k.said
	return in
}

func (k *talk) answer(s *Store, client string) gateway.Event {
	k.Helper()
	done, err := s.Append(k.Context(), k.judged(s, client))
	k.must(err)
	k.said = done.Event.Seq
	return done.Event
}

// events reads the whole conversation: numbers without gap, client ids once, and a row that counts what is there.
func (k *talk) events(s *Store) (of map[string]gateway.Event) {
	k.Helper()
	of = map[string]gateway.Event{}
	visitors := 0
	for after := uint64(0); ; {
		list, err := s.Events(k.Context(), string(k.cv), after, 0)
		k.must(err)
		for _, e := range list {
			if after++; e.Seq != after {
				k.Fatalf("number %d where %d belongs", e.Seq, after)
			}
			if e.Kind != "message.created" {
				continue
			}
			var m gateway.Message
			k.must(json.Unmarshal(e.Payload, &m))
			if _, twice := of[m.ClientID]; twice {
				k.Fatalf("client id %q is there twice", m.ClientID)
			}
			of[m.ClientID] = e
			if e.Actor.Role == gateway.RoleVisitor {
				visitors++
			}
		}
		if len(list) == 0 {
			break
		}
	}
	row, err := s.Conversation(k.Context(), k.cv)
	k.must(err)
	if row.Messages != visitors {
		k.Errorf("the row counts %d messages of the visitor, there are %d", row.Messages, visitors)
	}
	return of
}

// What one process remembers of a conversation is nothing against what another, or a verb, has made of it since.
func TestWhatIsRememberedIsCompared(t *testing.T) {
	for _, c := range []struct {
		name    string
		between func(k *talk, there *Store) error
		send    func(k *talk, here *Store) gateway.Append // made before
		check   func(k *talk, done gateway.Appended, err error) bool
	}{
		{
			"closed", func(k *talk, there *Store) error {
				_, err := there.CloseConversation(k.Context(), k.cv, gateway.System(), gateway.Resolved, "", k.Now())
				return err
			}, visitorSends("x"), refusedAs("conversation_closed"),
		},
		{
			"handed to a colleague", func(k *talk, there *Store) error { return k.assign(there) },
			func(k *talk, _ *Store) gateway.Append { return k.Answer(k.row, k.ada, "x") }, refusedAs("not_assignee"),
		},
		{
			"handed to a colleague whom nobody asks", func(k *talk, there *Store) error { return k.assign(there) },
			visitorSends("x"), func(k *talk, done gateway.Appended, err error) bool { return err == nil && done.Row.Assignee == k.bob },
		},
		{
			"rights have moved", func(k *talk, there *Store) error {
				return there.SetPassword(k.Context(), k.bob, "hash", k.Now())
			}, agentSends("x"), func(_ *talk, _ gateway.Appended, err error) bool { return gateway.RightsMoved(err) },
		},
		{
			"an answer that the guard has not read", func(k *talk, there *Store) error {
				_, err := there.Append(k.Context(), k.Answer(k.row, k.ada, "between"))
				return err
			}, agentSends("x"), func(_ *talk, _ gateway.Appended, err error) bool { return gateway.SaidMore(err) },
		},
		{
			"held under the same client id", func(k *talk, there *Store) error {
				_, _, _, err := there.Hold(k.Context(), k.Hold(k.row, k.ada, "x"), k.Now())
				return err
			}, agentSends("x"), func(_ *talk, done gateway.Appended, err error) bool { return err == nil && done.Held != nil },
		},
		{
			"the same client id with other words", func(k *talk, there *Store) error {
				_, err := there.Append(k.Context(), k.Message(k.row, "x", "other words"))
				return err
			}, visitorSends("x"), func(k *talk, done gateway.Appended, err error) bool {
				return err == nil && done.Again && done.Row.Messages == 4
			},
		},
		{
			"somebody else's client id", func(k *talk, there *Store) error {
				_, err := there.Append(k.Context(), k.Answer(k.row, k.ada, "x"))
				return err
			}, visitorSends("x"), refusedAs("conflict"),
		},
		{
			"more words", func(k *talk, there *Store) error {
				_, err := there.Append(k.Context(), k.Message(k.row, "between", "more"))
				return err
			}, visitorSends("x"), func(_ *talk, done gateway.Appended, err error) bool {
				return err == nil && !done.Again && done.Row.Messages == 5
			},
		},
		{
			"what was typed", func(k *talk, there *Store) error {
				_, err := there.SetEmail(k.Context(), k.cv, "other@home.example", k.Now())
				return err
			}, agentSends("x"), func(_ *talk, _ gateway.Appended, err error) bool { return gateway.RightsMoved(err) },
		},
		{
			"a ticket", func(k *talk, there *Store) error {
				_, _, err := there.OpenTicket(k.Context(), k.cv, gateway.System(), "subject", "left", k.Now())
				return err
			}, visitorSends("x"), func(_ *talk, done gateway.Appended, err error) bool {
				return err == nil && done.Row.Number > 0 && done.Row.Status == gateway.Open
			},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			onTwins(t, func(t *testing.T, here, there *Store) {
				k := newTalk(t, here)
				in := c.send(k, here)
				k.must(c.between(k, there))
				before := k.events(here)
				done, err := here.Append(t.Context(), in)
				if !c.check(k, done, err) {
					t.Errorf("%+v, %v", done, err)
				}
				after := k.events(here)
				switch {
				case err != nil || done.Again || done.Held != nil:
					if len(after) != len(before) {
						t.Error("something was stored")
					}
				case after["x"].ID != in.ID || after["x"].Seq != done.Event.Seq:
					t.Errorf("stored is %+v", after["x"])
				}
				if row, e := here.Conversation(t.Context(), k.cv); e != nil || err == nil && row.Version != done.Row.Version {
					t.Errorf("version %d, told is %d, %v", row.Version, done.Row.Version, e)
				}
			})
		})
	}
}

func visitorSends(client string) func(*talk, *Store) gateway.Append {
	return func(k *talk, _ *Store) gateway.Append { return k.Message(k.row, client, "words") }
}

func agentSends(client string) func(*talk, *Store) gateway.Append {
	return func(k *talk, here *Store) gateway.Append { return k.judged(here, client) }
}

func refusedAs(code string) func(*talk, gateway.Appended, error) bool {
	return func(_ *talk, _ gateway.Appended, err error) bool { return gateway.CodeOf(err) == code }
}

func (k *talk) assign(s *Store) error {
	_, err := s.Assign(k.Context(), gateway.Assignment{Conversation: k.cv, By: gateway.System(), ToAgent: k.bob}, k.Now())
	return err
}

// Two processes are given the same messages at once, in any order, some of them twice, while conversations are handed to
// and fro: each message is stored once, under the number that everybody was told.
func TestTwinsStoreEachMessageOnce(t *testing.T) {
	onTwins(t, func(t *testing.T, here, there *Store) {
		const writers, each, names = 8, 60, 150
		k := newTalk(t, here)
		var mu sync.Mutex
		told := map[string]uint64{}
		var wg sync.WaitGroup
		for n := range writers {
			s := here
			if n%2 == 1 {
				s = there
			}
			dice := rand.New(rand.NewPCG(uint64(n), 7))
			var plan []gateway.Append
			for range each {
				plan = append(plan, k.Message(k.row, fmt.Sprint("t", dice.IntN(names)), "words"))
			}
			wg.Go(func() {
				for _, in := range plan {
					done, err := s.Append(t.Context(), in)
					if err != nil {
						t.Error(err)
						return
					}
					mu.Lock()
					if was, known := told[in.ClientID]; known && was != done.Event.Seq {
						t.Errorf("%s is told as %d and as %d", in.ClientID, was, done.Event.Seq)
					}
					told[in.ClientID] = done.Event.Seq
					mu.Unlock()
				}
			})
		}
		wg.Go(func() {
			for n := range 10 {
				to := []gateway.ID{k.bob, k.ada}[n%2]
				_, err := there.Assign(t.Context(), gateway.Assignment{Conversation: k.cv, By: gateway.System(), ToAgent: to}, k.Now())
				if err != nil {
					t.Error(err)
				}
			}
		})
		wg.Wait()
		for client, e := range k.events(there) {
			if seq, ok := told[client]; ok && seq != e.Seq {
				t.Errorf("%s is told as %d and stored as %d", client, seq, e.Seq)
			}
			delete(told, client)
		}
		if len(told) > 0 {
			t.Errorf("acknowledged and not there: %v", told)
		}
	})
}

// A message that is sent again long after is found although nobody remembers its client id, alone and in a batch of others.
func TestForgottenClientIDs(t *testing.T) {
	onTwins(t, func(t *testing.T, here, _ *Store) {
		k := newTalk(t, here)
		old := k.Message(k.row, "old", "words")
		first, err := here.Append(t.Context(), old)
		k.must(err)
		for n := range 2 * recentClients {
			_, err := here.Append(t.Context(), k.Message(k.row, fmt.Sprint("n", n), "words"))
			k.must(err)
		}
		again, err := here.Append(t.Context(), k.Message(k.row, "old", "other words"))
		if err != nil || !again.Again || again.Event.ID != first.Event.ID || again.Event.Seq != first.Event.Seq {
			t.Errorf("alone: %+v, %v", again, err)
		}
		for n := range 2 * recentClients {
			_, err := here.Append(t.Context(), k.Message(k.row, fmt.Sprint("m", n), "words"))
			k.must(err)
		}
		out := make(stored, 64)
		var want []string
		for n := range 20 {
			client := fmt.Sprint("b", n)
			if n == 10 {
				client = "old"
			}
			want = append(want, client)
			k.must(here.Submit(t.Context(), k.Message(k.row, client, "words"), out))
		}
		var got []string
		for len(got) < len(want) {
			for _, st := range <-out {
				k.must(st.Err)
				if got = append(got, st.Append.ClientID); st.Again != (st.Append.ClientID == "old") || st.Again && st.Event.Seq != first.Event.Seq {
					t.Errorf("%s: again %v, number %d", st.Append.ClientID, st.Again, st.Event.Seq)
				}
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("told in the order %v", got)
		}
		k.events(here)
	})
}

// stored gathers what became of submitted appends.
type stored chan []gateway.Stored

// Committed implements gateway.Committed.
func (c stored) Committed(out []gateway.Stored) { c <- out }
