package gatewaytest

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/postern-chat/postern/gateway"
)

// Store runs the suite that every gateway.Store must pass. open makes an empty store and closes it with the test.
func Store(t *testing.T, open func(t *testing.T) gateway.Store) {
	for _, c := range []struct {
		name string
		run  func(w *World)
	}{
		{"a conversation starts once per command and rings at nobody", startOnce},
		{"the same client id is one message", sendOnce},
		{"32 writers leave no gap", gapless},
		{"the same message given to many callers at once is one", sameAtOnce},
		{"appends are refused as their row says", appendRefused},
		{"the first reply claims", firstReply},
		{"what is submitted is stored and told in order", submitOrder},
		{"whoever was let in by rights that moved is refused", rightsMove},
		{"whoever was let into a row that moved is refused", talkMoves},
		{"of sixteen claimers one wins and is named", claimRace},
		{"raced claims never exceed the capacity", capacityRace},
		{"an offer holds a seat until it is declined or taken", offerSeat},
		{"a missed ring pauses the agent until he is back", missedRing},
		{"a missed ring counts in every mailbox", missedEverywhere},
		{"a claim elsewhere withdraws the ring", claimElsewhere},
		{"an offer that may not be made changes nothing", offerRefused},
		{"giving back keeps the place and sets a new deadline", requeue},
		{"an agent who does nothing is marked once, disabled once, and comes back", inactive},
		{"an announced absence stops offers and inactivity; a ticket is taken from its agent", absence},
		{"the queue goes by class, then by age", priorities},
		{"who served a visitor last is known for a day", sticky},
		{"how long chats lasted", talks},
		{"a chat moves to the overflow mailbox once", overflow},
		{"handing on moves the seat and keeps the note from the visitor", assign},
		{"a chat that both sides left is a ticket of its agent", bothLeft},
		{"missing makes one ticket, whoever sweeps", missOnce},
		{"miss and claim race: one wins", missOrClaim},
		{"left without a word is abandoned", abandoned},
		{"closing frees the seat, once", closeFrees},
		{"a visitor's words reopen a ticket for thirty days", reopen},
		{"rating", rate},
		{"a cancelled context leaves nothing", cancelled},
		{"a held message is kept once, and never beside a sent one", holdOnce},
		{"the third hold freezes, once", holdsFreeze},
		{"a hold is refused as its row says", holdRefused},
		{"a held message ends once: withdrawn or released", heldEnds},
		{"of messages judged with the same past one is stored", judgedRace},
		{"an answer that can be taken back is kept once, and no visitor has it", partingKept},
		{"an answer leaves or is taken back, once", partingEnds},
		{"an answer that leaves closes its ticket, but not over new words", partingCloses},
		{"a ticket sleeps until its time, or the visitor's words", snoozing},
		{"who answers, is mentioned or is given one follows it; who does not want to is told no more", following},
		{"silence is warned of once, ended once, and begins anew by whoever stays", idling},
		{"looks for silence are forgotten", looksForgotten},
		{"a duplicate is closed, and both sides know of each other", duplicates},
		{"a deleted ticket leaves a tombstone, and its mail does not come back", deleting},
		{"jobs are leased once", jobsOnce},
		{"mail goes out through the outbox and comes in once", mailOnce},
		{"whom a mail names counts if its sender is the ticket's own", mailCopies},
		{"the answer to a forward is a note and nothing else", mailNotes},
		{"a mail that was given up goes out again, once", mailAgain},
		{"an address that takes no mail has none until it lives", deadAddress},
		{"a source of mail has one reader and a position", mailSources},
		{"mail of programs is listed, and automatic mail leaves once a day", machines},
		{"a file's parts are stored once", fileParts},
		{"uploads that are not sent are limited by owner, mailbox and conversation", fileQuotas},
		{"a file is sent or removed, never both", looseFiles},
		{"a file of the library goes with any message until it is taken out", library},
		{"a file is rewritten before it has a type, once", rewriteFile},
		{"passwords and sessions", sessions},
		{"whose hands an account was in", heldSince},
		{"a token belongs to its key", pairing},
		{"an identity token is taken once", identity},
		{"an API key lives until its end", apiKeys},
		{"a passkey's challenge counts once, and a session knows its devices", passkeys},
		{"settings are versioned", settings},
		{"a conversation has one link a day, for seven days", transcripts},
		{"an account finds its own conversations and no other", ownConversations},
		{"clocks are told from promises and messages", clockFacts},
		{"an appointed look at clocks is kept once, and tells each thing once", clockKept},
		{"clocks end with the conversation and go on with it", clockAgain},
		{"a level is told once, by whomever", escalateOnce},
		{"a conversation goes to nobody below its type's role", typesAndRoles},
		{"a list of types that changes changes what goes on", typesChange},
		{"what an agent knows", specialities},
		{"a holding reply leaves the turn with us", holdingReply},
		{"so does one that was kept, held or split off", holdingWays},
		{"a mailbox's alarm is told once a day", alarmOnce},
		{"a low rating is told once", lowRating},
		{"first answers", firstAnswers},
		{"a conversation goes on in another one of the same person, once", merges},
		{"mail to a merged ticket lands where that goes on", mergeMail},
		{"a merge is undone within a day", mergeUndone},
		{"of merges that race none makes a circle", mergeRace},
		{"tickets that may be the same", alike},
		{"a ticket splits at a message, once", splits},
		{"a chat is begun by a ticket's link: the staff sees it, and the ticket stays as it is", continuations},
		{"what is split off is as high as what it comes from", splitKeeps},
		{"pages and heads", pages},
		{"a model's budgets hold for many callers at once", modelBudget},
		{"vectors are kept by hash", modelVectors},
	} {
		t.Run(c.name, func(t *testing.T) { c.run(NewWorld(t, open(t))) })
	}
}

// race runs fn n times at once and gives the errors in order.
func race(n int, fn func(i int) error) []error {
	errs := make([]error, n)
	var wg sync.WaitGroup
	begin := make(chan struct{})
	for i := range n {
		wg.Go(func() {
			<-begin
			errs[i] = fn(i)
		})
	}
	close(begin)
	wg.Wait()
	return errs
}

func winners(errs []error) (n int) {
	for _, err := range errs {
		if err == nil {
			n++
		}
	}
	return n
}

func startOnce(w *World) {
	in := gateway.Start{
		ID: w.ID(gateway.PrefixConversation), Visitor: w.ID(gateway.PrefixVisitor), Mailbox: w.Mailbox,
		Missed: gateway.DefaultMissed, CommandID: "c1", First: &gateway.Message{ID: "ms_1", ClientID: "m1", Text: "hi\nthere"},
	}
	errs := race(8, func(i int) error {
		again := in
		again.ID = w.ID(gateway.PrefixConversation)
		_, _, err := w.Store.StartConversation(w.Context(), again, w.Now())
		return err
	})
	if winners(errs) != 8 {
		w.Fatalf("starting twice is refused: %v", errs)
	}
	queue, err := w.Store.Queue(w.Context(), nil)
	w.ok(err)
	if len(queue) != 1 {
		w.Fatalf("%d conversations of one command", len(queue))
	}
	c := queue[0]
	if c.Status != gateway.Queued || c.Round != 1 || c.FirstWords != "hi there" || c.Messages != 1 ||
		!c.MissedAt.Equal(w.Now().Add(gateway.DefaultMissed)) || c.Offer.Agent != "" || c.Seq != 3 {
		w.Errorf("row: %+v", c)
	}
	if got := w.kinds(c.ID); got != "conversation.started message.created conversation.queued" {
		w.Errorf("events: %s", got)
	}
	if got := w.kinds(w.Mailbox); got != "conversation.queued" {
		w.Errorf("mailbox events: %s", got)
	}
}

func sendOnce(w *World) {
	c := w.Start("")
	done, err := w.Store.Append(w.Context(), w.Message(c, "x", "one"))
	w.ok(err)
	first := done.Event
	done, err = w.Store.Append(w.Context(), w.Message(c, "x", "two"))
	w.ok(err)
	again := done.Event
	if done.Mailbox != c.Mailbox {
		w.Errorf("mailbox %s, want %s", done.Mailbox, c.Mailbox)
	}
	if again.ID != first.ID || again.Seq != first.Seq || string(again.Payload) != string(first.Payload) || len(done.More) > 0 {
		w.Errorf("again: %+v, first: %+v", again, first)
	}
	if c := w.Conversation(c.ID); c.Messages != 1 || c.FirstWords != "one" {
		w.Errorf("row: %+v", c)
	}
	stranger := w.Message(c, "x", "mine")
	stranger.Actor, stranger.MustVisitor = gateway.Actor{Role: gateway.RoleAgent, ID: "ag_x"}, ""
	w.unmoved("conflict", func() error { _, err := w.Store.Append(w.Context(), stranger); return err })
}

func gapless(w *World) {
	talks := []gateway.Conversation{w.Start("a"), w.Start("b"), w.Start("c")}
	errs := race(32, func(i int) error {
		for n := range 20 {
			a := w.Message(talks[(i+n)%3], fmt.Sprintf("%d/%d", i, n), "text")
			if _, err := w.Store.Append(w.Context(), a); err != nil {
				return err
			}
		}
		return nil
	})
	if winners(errs) != 32 {
		w.Fatal(errs)
	}
	total := 0
	for _, c := range talks {
		total += strings.Count(w.kinds(c.ID), "message.created")
		if row := w.Conversation(c.ID); row.Messages != strings.Count(w.kinds(c.ID), "message.created") {
			w.Errorf("row counts %d messages", row.Messages)
		}
	}
	if total != 32*20+3 {
		w.Errorf("%d messages, want %d", total, 32*20+3)
	}
}

func sameAtOnce(w *World) {
	c := w.Start("")
	seqs := make([]uint64, 16)
	errs := race(16, func(i int) error {
		done, err := w.Store.Append(w.Context(), w.Message(c, "same", "text"))
		seqs[i] = done.Event.Seq
		return err
	})
	for i := range seqs {
		if errs[i] != nil || seqs[i] != seqs[0] || seqs[i] == 0 {
			w.Fatalf("numbers %v, errors %v", seqs, errs)
		}
	}
	if n := strings.Count(w.kinds(c.ID), "message.created"); n != 1 {
		w.Errorf("%d messages", n)
	}
}

func appendRefused(w *World) {
	c, a, b := w.Start("hi"), w.NewAgent("Ada", 1), w.NewAgent("Bob", 1)
	_, err := w.Store.Claim(w.Context(), c.ID, a, "hand", w.Now())
	w.ok(err)
	for code, in := range map[string]gateway.Append{
		"not_found":    func() gateway.Append { m := w.Message(c, "1", "x"); m.MustVisitor = "vi_other"; return m }(),
		"not_assignee": w.Answer(c, b, "2"),
	} {
		w.unmoved(code, func() error { _, err := w.Store.Append(w.Context(), in); return err })
	}
	gone := w.Message(gateway.Conversation{ID: "cv_none", Visitor: c.Visitor}, "3", "x")
	w.unmoved("not_found", func() error { _, err := w.Store.Append(w.Context(), gone); return err })
	_, err = w.Store.CloseConversation(w.Context(), c.ID, agent(a), gateway.Resolved, "", w.Now())
	w.ok(err)
	w.unmoved("conversation_closed", func() error { _, err := w.Store.Append(w.Context(), w.Message(c, "4", "x")); return err })
}

func firstReply(w *World) {
	c, a, full := w.Start("hi"), w.NewAgent("Ada", 1), w.NewAgent("Bob", 0)
	w.unmoved("at_capacity", func() error { _, err := w.Store.Append(w.Context(), w.Answer(c, full, "0")); return err })
	done, err := w.Store.Append(w.Context(), w.Answer(c, a, "1"))
	w.ok(err)
	ev, more := done.Event, done.More
	if ev.Kind != "message.created" || len(more) != 2 || more[0].Kind != "conversation.claimed" || more[0].Seq+1 != ev.Seq {
		w.Errorf("event %+v, more %+v", ev, more)
	}
	if got := w.Conversation(c.ID); got.Assignee != a || got.Status != gateway.Active || got.LastAuthor != gateway.RoleAgent {
		w.Errorf("row: %+v", got)
	}
	w.wantSeats(a, 1)
}

func cancelled(w *World) {
	c, a := w.Start("hi"), w.NewAgent("Ada", 1)
	ctx, cancel := context.WithCancel(w.Context())
	cancel()
	for _, call := range []func() error{
		func() error { _, err := w.Store.Append(ctx, w.Message(c, "1", "x")); return err },
		func() error { _, err := w.Store.Claim(ctx, c.ID, a, "hand", w.Now()); return err },
		func() error { _, err := w.Store.Miss(ctx, c.ID, 1, "deadline", "s", w.Now()); return err },
		func() error {
			_, err := w.Store.CloseConversation(ctx, c.ID, agent(a), gateway.Idle, "", w.Now())
			return err
		},
	} {
		w.unmoved("unavailable", call)
	}
}

func pages(w *World) {
	c := w.Start("")
	for i := range 10 {
		_, err := w.Store.Append(w.Context(), w.Message(c, fmt.Sprint(i), "x"))
		w.ok(err)
	}
	for _, p := range []struct {
		what        string
		events      func() ([]gateway.Event, error)
		first, last uint64
	}{
		{"after", func() ([]gateway.Event, error) { return w.Store.Events(w.Context(), string(c.ID), 4, 3) }, 5, 7},
		{"before", func() ([]gateway.Event, error) { return w.Store.EventsBefore(w.Context(), string(c.ID), 5, 3) }, 2, 4},
		{"the end", func() ([]gateway.Event, error) { return w.Store.EventsBefore(w.Context(), string(c.ID), 0, 3) }, 10, 12},
	} {
		got, err := p.events()
		w.ok(err)
		if len(got) != 3 || got[0].Seq != p.first || got[2].Seq != p.last {
			w.Errorf("%s: %+v", p.what, got)
		}
	}
	heads, err := w.Store.Heads(w.Context(), []string{string(c.ID), "nothing"})
	w.ok(err)
	if len(heads) != 1 || heads[string(c.ID)] != 12 {
		w.Errorf("heads: %v", heads)
	}
	_, err = w.Store.Heads(w.Context(), make([]string, 201))
	w.refused(err, "too_large")
}

func settings(w *World) {
	m, err := w.Store.MailboxBySlug(w.Context(), "help")
	w.ok(err)
	if m.ID != w.Mailbox || m.Missed != gateway.DefaultMissed || m.Ring != gateway.DefaultRing || m.Version != 1 || len(m.Origins) != 1 {
		w.Errorf("mailbox: %+v", m)
	}
	m.Name = "New name"
	saved, events, err := w.Store.SaveMailbox(w.Context(), m, gateway.System(), w.Now())
	w.ok(err)
	if saved.Version != 2 || saved.Name != "New name" || len(events) != 1 || events[0].Topic != "settings" {
		w.Errorf("saved: %+v, %+v", saved, events)
	}
	w.unmoved("conflict", func() error { _, _, err := w.Store.SaveMailbox(w.Context(), m, gateway.System(), w.Now()); return err })
	other := gateway.Mailbox{ID: w.ID(gateway.PrefixMailbox), Slug: "help"}
	w.unmoved("invalid", func() error {
		_, _, err := w.Store.SaveMailbox(w.Context(), other, gateway.System(), w.Now())
		return err
	})
	for _, v := range []string{`{"a": 1.0}`, `[]`} {
		_, err := w.Store.SetSetting(w.Context(), "kinds.off", v, gateway.System(), w.Now())
		w.ok(err)
		if got, err := w.Store.Setting(w.Context(), "kinds.off"); err != nil || got != v {
			w.Errorf("setting %q, %v", got, err)
		}
	}
	told := w.kinds("settings")
	w.ok(w.Store.KeepSetting(w.Context(), "kept", "1"))
	w.ok(w.Store.KeepSetting(w.Context(), "kept", "2"))
	if got, err := w.Store.Setting(w.Context(), "kept"); err != nil || got != "2" || w.kinds("settings") != told {
		w.Errorf("kept %q, %v, events %s", got, err, w.kinds("settings"))
	}
	for _, was := range []string{"", `{"a": 1.0}`} {
		w.unmoved("conflict", func() error {
			_, err := w.Store.SwapSetting(w.Context(), "kinds.off", was, `{}`, gateway.System(), w.Now())
			return err
		})
	}
	for name, was := range map[string]string{"kinds.off": `[]`, "new": ""} {
		events, err := w.Store.SwapSetting(w.Context(), name, was, `{"b":1}`, gateway.System(), w.Now())
		w.ok(err)
		if got, err := w.Store.Setting(w.Context(), name); err != nil || got != `{"b":1}` || len(events) != 1 {
			w.Errorf("swapped %s: %q, %v, %d events", name, got, err, len(events))
		}
	}
	_, err = w.Store.Setting(w.Context(), "never set")
	w.refused(err, "not_found")
	reply, _, err := w.Store.SaveReply(w.Context(), gateway.SavedReply{ID: "sr_1", Title: "Hi", Text: "Hello {name}"}, gateway.System(), w.Now())
	w.ok(err)
	_, err = w.Store.DeleteReply(w.Context(), reply.ID, gateway.System(), w.Now())
	w.ok(err)
	_, err = w.Store.DeleteReply(w.Context(), reply.ID, gateway.System(), w.Now())
	w.refused(err, "not_found")
}

func rate(w *World) {
	c := w.Start("hi")
	stars := gateway.Rating{Stars: 4, Text: "fine", At: w.Now()}
	w.unmoved("invalid", func() error { _, err := w.Store.Rate(w.Context(), c.ID, stars, w.Now()); return err })
	_, err := w.Store.CloseConversation(w.Context(), c.ID, gateway.System(), gateway.Resolved, "answered", w.Now())
	w.ok(err)
	_, err = w.Store.Rate(w.Context(), c.ID, stars, w.Now())
	w.ok(err)
	if got := w.Conversation(c.ID).Rating; got.Stars != 4 || got.Text != "fine" {
		w.Errorf("rating: %+v", got)
	}
	w.Pass(25 * time.Hour)
	w.unmoved("gone", func() error { _, err := w.Store.Rate(w.Context(), c.ID, stars, w.Now()); return err })
}
