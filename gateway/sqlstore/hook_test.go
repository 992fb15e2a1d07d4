package sqlstore

import (
	"crypto/rand"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/postern-chat/postern/gateway"
	"github.com/postern-chat/postern/gateway/gatewaytest"
	"github.com/postern-chat/postern/gateway/gatewaytest/server"
)

// eachHooked opens a store of each engine whose events go to two endpoints: all of them, and ratings only.
func eachHooked(t *testing.T, run func(w *gatewaytest.World)) {
	hooks := gateway.HooksByKind([]gateway.Hook{{Name: "all"}, {Name: "stars", Events: []gateway.Kind{"conversation.rated"}}})
	for _, e := range []Engine{SQLite, PostgreSQL} {
		t.Run(string(e), func(t *testing.T) {
			source := filepath.Join(t.TempDir(), "hooks.db")
			if e == PostgreSQL {
				source = server.NewDatabase(t)
			}
			s, err := Open(t.Context(), Options{Engine: e, DataSource: source, Rand: rand.Reader, Now: time.Now, Hooks: hooks})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = s.Close() })
			run(gatewaytest.NewWorld(t, s))
		})
	}
}

// leased takes the next webhook that is due; "" = none is.
func leased(w *gatewaytest.World) gateway.Job {
	w.Helper()
	j, _, err := w.Store.LeaseHook(w.Context(), "n", time.Minute, w.Now())
	if err != nil {
		w.Fatal(err)
	}
	return j
}

// Each event leaves one job for each endpoint that wants it, in its transaction, and none that carries a message. They
// are leased apart from all other work.
func TestHookJobs(t *testing.T) {
	eachHooked(t, func(w *gatewaytest.World) {
		c, ada := w.Start("Where is it?"), w.NewAgent("Ada", 3)
		if _, err := w.Store.Append(w.Context(), w.Answer(c, ada, "a")); err != nil { // claims, in a batch
			t.Fatal(err)
		}
		if _, err := w.Store.CloseConversation(w.Context(), c.ID, gateway.System(), gateway.Resolved, "", w.Now()); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Store.Rate(w.Context(), c.ID, gateway.Rating{Stars: 2, Text: "slow", At: w.Now()}, w.Now()); err != nil {
			t.Fatal(err)
		}
		for {
			j, ok, err := w.Store.LeaseJob(w.Context(), "n", time.Minute, w.Now().Add(time.Hour))
			if err != nil || j.Kind == gateway.JobHook {
				t.Fatalf("leased with other work: %+v, %v", j, err)
			}
			if !ok {
				break
			}
		}
		var got []string
		for j := leased(w); j.ID != ""; j = leased(w) {
			var r gateway.HookRow
			if err := gateway.ReadHookJob(j, &r); err != nil || r.Conversation != c.ID {
				t.Fatalf("%s: %+v, %v", j.ID, r, err)
			}
			got = append(got, string(r.Kind)+" "+r.To)
		}
		slices.Sort(got)
		if all := strings.Join(got, ", "); all != "conversation.claimed all, conversation.closed all, conversation.rated all, conversation.rated stars" {
			t.Errorf("jobs: %s", all)
		}
	})
}

// The log says of each delivery how it stands; one that is done or has stopped is sent once more, under the same id.
func TestHookLog(t *testing.T) {
	eachHooked(t, func(w *gatewaytest.World) {
		c := w.Start("Hello?")
		if _, err := w.Store.Miss(w.Context(), c.ID, 1, "deadline", "Hello?", w.Now()); err != nil {
			t.Fatal(err)
		}
		row := func(i int) gateway.HookRow {
			t.Helper()
			rows, err := w.Store.HookLog(w.Context(), 10)
			if err != nil || len(rows) != 2 || rows[0].Event <= rows[1].Event {
				t.Fatalf("%+v, %v", rows, err)
			}
			return rows[i]
		}
		if r := row(0); r.State != "waiting" || r.Tries != 0 || !r.Due.Equal(w.Now()) || !r.At.Equal(w.Now()) || r.To != "all" {
			t.Errorf("untried: %+v", r)
		}
		first, second := leased(w), leased(w)
		try := func(j gateway.Job, status int, code string) {
			t.Helper()
			w.Pass(time.Second)
			err := w.Store.HookTried(w.Context(), gateway.HookTry{Job: j.ID, At: w.Now(), Took: 30 * time.Millisecond, Status: status, Code: code})
			if err != nil {
				t.Fatal(err)
			}
		}
		of := func(j gateway.Job) gateway.HookRow {
			t.Helper()
			for i := range 2 {
				if r := row(i); gateway.HookID(r.Event, r.To) == j.ID {
					return r
				}
			}
			t.Fatal("no row of ", j.ID)
			return gateway.HookRow{}
		}
		replay := func(j gateway.Job) string {
			r := of(j)
			return gateway.CodeOf(w.Store.ReplayHook(w.Context(), r.Event, r.To, w.Now()))
		}
		if code := replay(first); code != "conflict" {
			t.Errorf("replayed while it is sent: %q", code)
		}
		try(first, 503, "unavailable")
		if err := w.Store.RetryJob(w.Context(), first.ID, "n", w.Now().Add(time.Hour), "unavailable"); err != nil {
			t.Fatal(err)
		}
		if r := of(first); r.State != "waiting" || r.Status != 503 || r.Tries != 1 || !r.Due.Equal(w.Now().Add(time.Hour)) || !r.TriedAt.Equal(w.Now()) {
			t.Errorf("to be tried again: %+v", r)
		}
		if code := replay(first); code != "" {
			t.Errorf("one that waits is tried now: %q", code)
		}
		if j := leased(w); j.ID != first.ID || j.Attempts != 1 {
			t.Fatalf("replayed: %+v", j)
		}
		try(first, 200, "")
		if err := w.Store.FinishJob(w.Context(), first.ID, "n", w.Now()); err != nil {
			t.Fatal(err)
		}
		if r := of(first); r.State != "sent" || r.Status != 200 || r.Tries != 2 || r.Took != 30*time.Millisecond || !r.Due.IsZero() {
			t.Errorf("sent: %+v", r)
		}
		try(second, 410, "gone")
		if err := w.Store.StopJob(w.Context(), second.ID, "n", "gone", w.Now()); err != nil {
			t.Fatal(err)
		}
		if r := of(second); r.State != "stopped" || r.Status != 410 {
			t.Errorf("stopped: %+v", r)
		}
		w.Pass(6 * 24 * time.Hour) // then it has its five days again
		if code := replay(second); code != "" {
			t.Errorf("one that stopped is not replayed: %q", code)
		}
		if j := leased(w); j.ID != second.ID || !j.Since.Equal(w.Now()) {
			t.Errorf("replayed: %+v", j)
		}
		if code := gateway.CodeOf(w.Store.ReplayHook(w.Context(), "ev_none", "all", w.Now())); code != "not_found" {
			t.Errorf("replayed what is not there: %q", code)
		}
	})
}
