package web

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/postern-chat/postern/gateway"
)

// office is a store with one mailbox and one agent, on the bubble's clock; all else it has not.
type office struct {
	gateway.Store
	box gateway.Mailbox

	mu       sync.Mutex
	declares gateway.Availability
}

func (o *office) Now(context.Context) (time.Time, error) { return time.Now(), nil }

func (o *office) Mailbox(context.Context, gateway.ID) (gateway.Mailbox, error) { return o.box, nil }

func (o *office) Acted(context.Context, []gateway.ID, time.Time) error { return nil }
func (o *office) Beats(context.Context, []gateway.ID, time.Time) error { return nil }

// Sessions says that everybody's session goes on.
func (o *office) Sessions(_ context.Context, hashes []string, _ time.Time) (map[string]gateway.Role, error) {
	all := make(map[string]gateway.Role, len(hashes))
	for _, h := range hashes {
		all[h] = gateway.RoleAgent
	}
	return all, nil
}

func (o *office) Candidates(context.Context, gateway.ID, gateway.ID) ([]gateway.Candidate, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return []gateway.Candidate{{Agent: officeAgent, Availability: o.declares, Capacity: 3}}, nil
}

func (o *office) declare(v gateway.Availability) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.declares = v
}

const (
	officeBox     = gateway.ID("mb_01ARZ3NDEKTSV4RRFFQ69G5FAV")
	officeAgent   = gateway.ID("ag_01ARZ3NDEKTSV4RRFFQ69G5FAV")
	officeVisitor = gateway.ID("vi_01ARZ3NDEKTSV4RRFFQ69G5FAV")
)

// crowd is a bus that only knows who is there, for as long as he said.
type crowd struct {
	faultyBus
	there map[string]time.Time
}

func (c *crowd) Beat(_ context.Context, set, member string, ttl time.Duration) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.there[set+" "+member] = time.Now().Add(ttl)
	return nil
}

func (c *crowd) Drop(_ context.Context, set, member string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.there, set+" "+member)
	return nil
}

func (c *crowd) Members(_ context.Context, set string) (out []string, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for name, until := range c.there {
		if prefix := set + " "; len(name) > len(prefix) && name[:len(prefix)] == prefix && until.After(time.Now()) {
			out = append(out, name[len(prefix):])
		}
	}
	return out, nil
}

// ear is a visitor's line: what he was told, and when.
type ear struct {
	mu   sync.Mutex
	told []reachView
	at   []time.Time
}

func (e *ear) Send(frame []byte) bool {
	var f struct {
		Sig  string    `json:"sig"`
		Data reachView `json:"data"`
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if json.Unmarshal(frame, &f) == nil && f.Sig == "presence" {
		e.told, e.at = append(e.told, f.Data), append(e.at, time.Now())
	}
	return true
}

func (e *ear) Queue(frame []byte) bool { e.Send(frame); return false }

func (e *ear) Flush() {}

func (e *ear) Close(int, string) {}

func (e *ear) Alarm(time.Duration) {}
func (e *ear) drain()              {}

// hears runs the part of a server that tells visitors who is there, with one agent and one visitor on it. The
// visitor knows that the agent is there.
func hears(t *testing.T, box gateway.Mailbox, then func(t *testing.T, s *Server, o *office, agent *socket, e *ear)) {
	synctest.Test(t, func(t *testing.T) {
		o := &office{box: box, declares: gateway.Available}
		bus := &crowd{faultyBus: faultyBus{subs: map[string]func(gateway.Hint){}}, there: map[string]time.Time{}}
		log := slog.New(slog.NewTextHandler(io.Discard, nil))
		s := &Server{svc: &gateway.Service{Store: o, Bus: bus, Now: time.Now, Log: log, Wake: func() {}}, log: log, node: "n"}
		s.hub = NewHub(&eventLog{}, bus, func(string, error) {})
		s.presence = newPresence(s)
		agent := &socket{s: s, line: &ear{}, caller: gateway.Caller{Actor: gateway.Actor{ID: officeAgent, Role: gateway.RoleAgent}}}
		e := &ear{}
		visitor := &socket{
			s: s, line: e, greeted: true,
			caller: gateway.Caller{Actor: gateway.Actor{ID: officeVisitor}, Visitor: gateway.Visitor{ID: officeVisitor}, Mailbox: officeBox},
		}
		ctx, stop := context.WithCancel(t.Context())
		for _, k := range []*socket{agent, visitor} {
			s.presence.add(k)
			s.presence.join(ctx, k, k.who().Actor.ID)
		}
		var err error
		if visitor.reach, err = s.reach(ctx, officeBox); err != nil || !visitor.reach.Available {
			t.Fatal(visitor.reach, err)
		}
		var work sync.WaitGroup
		work.Go(func() { s.presence.run(ctx) })
		work.Go(func() { s.presence.tell(ctx) })
		time.Sleep(time.Minute + 300*time.Millisecond)
		synctest.Wait()
		e.mu.Lock()
		if len(e.told) != 0 {
			t.Errorf("told %+v, and nothing had changed", e.told)
		}
		e.mu.Unlock()
		then(t, s, o, agent, e)
		stop()
		work.Wait()
	})
}

// wantTold fails unless the visitor was told exactly this, within the time.
func (e *ear) wantTold(t *testing.T, since time.Time, within time.Duration, want reachView) {
	t.Helper()
	time.Sleep(within)
	synctest.Wait()
	e.mu.Lock()
	defer e.mu.Unlock()
	if !slices.Equal(e.told, []reachView{want}) {
		t.Fatalf("told %+v, want %+v", e.told, want)
	}
	if d := e.at[0].Sub(since); d > within {
		t.Errorf("told after %v, want within %v", d, within)
	}
}

// The last agent declares himself away: the event itself tells the visitors, no time passes.
func TestVisitorsAreToldByTheEvent(t *testing.T) {
	hears(t, gateway.Mailbox{ID: officeBox}, func(t *testing.T, s *Server, o *office, _ *socket, e *ear) {
		o.declare(gateway.NotAvailable)
		raw, err := json.Marshal(gateway.Event{Kind: gateway.AvailabilityChanged{}.Kind(), Topic: string(officeBox), Seq: 1})
		if err != nil {
			t.Fatal(err)
		}
		s.emit([]gateway.Emitted{{Hint: gateway.Hint{Topic: string(officeBox), Seq: 1, Event: raw}}})
		e.wantTold(t, time.Now(), 0, reachView{Open: true})
	})
}

// The last agent's connection ends, another node learns that he is away, or the hours end: 2 s (product.md P07). A
// node that dies without a word takes its agents' presence with it, 15 s after their last beat.
func TestVisitorsAreToldWithinTwoSeconds(t *testing.T) {
	box := gateway.Mailbox{ID: officeBox, Zone: "UTC"}
	t.Run("the connection ends", func(t *testing.T) {
		hears(t, box, func(t *testing.T, s *Server, _ *office, agent *socket, e *ear) {
			left := time.Now()
			s.presence.leave(agent, false)
			e.wantTold(t, left, 2*time.Second, reachView{Open: true})
		})
	})
	t.Run("his node dies", func(t *testing.T) {
		hears(t, box, func(t *testing.T, s *Server, _ *office, _ *socket, e *ear) {
			s.presence.mu.Lock()
			delete(s.presence.people, officeAgent) // nobody beats for him any more
			s.presence.mu.Unlock()
			e.wantTold(t, time.Now(), gateway.PresenceLife+2*time.Second, reachView{Open: true})
		})
	})
	t.Run("another node knows better", func(t *testing.T) {
		hears(t, box, func(t *testing.T, _ *Server, o *office, _ *socket, e *ear) {
			o.declare(gateway.AssignOnly)
			e.wantTold(t, time.Now(), 2*time.Second, reachView{Open: true})
		})
	})
	t.Run("the hours end", func(t *testing.T) {
		// The bubble's clock starts at midnight UTC, Saturday 2000-01-01; the test begins a minute later.
		shop := box
		shop.Hours = gateway.Hours{{Day: time.Saturday, From: 0, To: 2}, {Day: time.Monday, From: 9 * 60, To: 10 * 60}}
		synctest.Test(t, func(t *testing.T) {
			if open, until := shop.OpenAt(time.Now().Add(time.Minute)); !open || !until.Equal(time.Now().Add(2*time.Minute)) {
				t.Fatalf("open %v until %v", open, until)
			}
		})
		hears(t, shop, func(t *testing.T, _ *Server, _ *office, _ *socket, e *ear) {
			ends := time.Date(2000, 1, 1, 0, 2, 0, 0, time.UTC)
			time.Sleep(time.Until(ends))
			e.wantTold(t, ends, 2*time.Second, reachView{Until: time.Date(2000, 1, 3, 9, 0, 0, 0, time.UTC).UnixMilli()})
		})
	})
}

// A change between the answer to hello and its sending is told after it, not before and not never.
func TestReachBesideHello(t *testing.T) {
	e := &ear{}
	k := &socket{s: &Server{log: slog.New(slog.DiscardHandler)}, line: e, reach: reachView{Open: true, Available: true}}
	k.tellReach(reachView{Open: true})
	if len(e.told) != 0 {
		t.Fatalf("told %+v before the answer", e.told)
	}
	k.greeted = true
	for range 2 {
		k.tellReach(reachView{Open: true})
	}
	if !slices.Equal(e.told, []reachView{{Open: true}}) {
		t.Errorf("told %+v", e.told)
	}
}
