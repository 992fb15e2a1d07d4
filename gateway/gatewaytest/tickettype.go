package gatewaytest

import (
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/postern-chat/postern/gateway"
)

// ranked makes an available member with a role.
func (w *World) ranked(name string, role gateway.Role) gateway.ID {
	w.Helper()
	id := w.NewAgent(name, 3)
	a, err := w.Store.Agent(w.Context(), id)
	w.ok(err)
	a.Role = role
	_, _, err = w.Store.SaveAgent(w.Context(), a, gateway.System(), w.Now())
	w.ok(err)
	return id
}

// Nobody of too low a role gets such a conversation: by claim, first reply, hand or offer.
func typesAndRoles(w *World) {
	trainee, senior := w.ranked("Tim", gateway.RoleTrainee), w.ranked("Sue", gateway.RoleSenior)
	c := w.Start("money")
	boss := gateway.Actor{Role: gateway.RoleSupervisor, ID: senior}
	high := gateway.TicketType{ID: "money", Name: "Money", Role: gateway.RoleSenior}
	_, err := w.Store.Offer(w.Context(), c.ID, trainee, w.Conversation(c.ID).Version, w.Now().Add(time.Minute), w.Now())
	w.ok(err)
	_, err = w.Store.Classify(w.Context(), c.ID, high, boss, w.Now())
	w.ok(err)
	c = w.Conversation(c.ID)
	if c.Type != "money" || c.MinRole != gateway.RoleSenior || c.Offer.Agent != "" {
		w.Errorf("classified: %+v", c)
	}
	w.wantSeats(trainee, 0)
	low := gateway.Actor{Role: gateway.RoleTrainee, ID: trainee}
	refused := map[string]func() error{
		"claim": func() error {
			_, err := w.Store.Claim(w.Context(), c.ID, trainee, "hand", w.Now())
			return err
		},
		"offer": func() error {
			_, err := w.Store.Offer(w.Context(), c.ID, trainee, c.Version, w.Now().Add(time.Minute), w.Now())
			return err
		},
		"assign": func() error {
			_, err := w.Store.Assign(w.Context(), gateway.Assignment{Conversation: c.ID, By: boss, ToAgent: trainee}, w.Now())
			return err
		},
		"first reply": func() error {
			_, err := w.Store.Append(w.Context(), w.Answer(c, trainee, "t"))
			return err
		},
		"another type": func() error {
			_, err := w.Store.Classify(w.Context(), c.ID, gateway.TicketType{}, low, w.Now())
			return err
		},
	}
	for name, try := range refused {
		w.unmoved("forbidden", func() error {
			err := try()
			var e *gateway.Error
			if !errors.As(err, &e) || e.Why != "type.role" {
				w.Errorf("%s: %v", name, err)
			}
			return err
		})
	}
	_, err = w.Store.Claim(w.Context(), c.ID, senior, "hand", w.Now())
	w.ok(err)
	if got := strings.Count(w.kinds(gateway.ID(c.ID.Staff())), "conversation.classified"); got != 1 {
		w.Errorf("told the staff %d times", got)
	}
	if strings.Contains(w.kinds(c.ID), "classified") {
		w.Error("the visitor reads what it is about")
	}
	w.unmoved("not_found", func() error {
		_, err := w.Store.Classify(w.Context(), "cv_none", high, boss, w.Now())
		return err
	})
	_, err = w.Store.CloseConversation(w.Context(), c.ID, gateway.System(), gateway.Resolved, "", w.Now())
	w.ok(err)
	w.unmoved("conversation_closed", func() error {
		_, err := w.Store.Classify(w.Context(), c.ID, gateway.TicketType{}, boss, w.Now())
		return err
	})
}

// A list that changes gives what goes on its new roles; a type that is in it no more asks for none.
func typesChange(w *World) {
	c, other := w.Start("a"), w.Start("b")
	boss := gateway.Actor{Role: gateway.RoleSupervisor}
	for id, t := range map[gateway.ID]gateway.TicketType{
		c.ID: {ID: "money", Name: "Money", Role: gateway.RoleSenior}, other.ID: {ID: "old", Name: "Old", Role: gateway.RoleSupervisor},
	} {
		_, err := w.Store.Classify(w.Context(), id, t, boss, w.Now())
		w.ok(err)
	}
	list := []gateway.TicketType{{ID: "money", Name: "Money", Role: gateway.RoleTrainee}}
	before := w.Conversation(c.ID)
	events, err := w.Store.SetTypes(w.Context(), "", `[1]`, list, boss, w.Now())
	w.ok(err)
	if len(events) != 1 || events[0].Kind != "setting.changed" {
		w.Errorf("events: %v", events)
	}
	if got := w.Conversation(c.ID); got.MinRole != gateway.RoleTrainee || got.Version <= before.Version {
		w.Errorf("its role is %s now, version %d after %d", got.MinRole, got.Version, before.Version)
	}
	if got := w.Conversation(other.ID); got.MinRole != "" || got.Type != "old" {
		w.Errorf("out of the list: %s, %s", got.Type, got.MinRole)
	}
	w.unmoved("conflict", func() error {
		_, err := w.Store.SetTypes(w.Context(), "", `[2]`, nil, boss, w.Now())
		return err
	})
	if text, err := w.Store.Setting(w.Context(), gateway.TypesSetting); err != nil || text != `[1]` {
		w.Errorf("%q, %v", text, err)
	}
	list2, err := w.Store.Conversations(w.Context(), gateway.ConversationFilter{Type: "money"})
	if err != nil || len(list2) != 1 || list2[0].ID != c.ID {
		w.Errorf("by type: %v, %v", list2, err)
	}
}

// What an agent knows is kept, and left alone by whoever does not speak of it.
func specialities(w *World) {
	id := w.NewAgent("Ada", 3)
	a, err := w.Store.Agent(w.Context(), id)
	w.ok(err)
	if a.Tags == nil || a.Languages == nil || len(a.Tags)+len(a.Languages) > 0 {
		w.Errorf("at first: %q %q", a.Tags, a.Languages)
	}
	a.Tags, a.Languages = []string{"appeals", "Überweisung"}, []string{"ar", "pt-BR"}
	a, _, err = w.Store.SaveAgent(w.Context(), a, gateway.System(), w.Now())
	w.ok(err)
	a.Tags, a.Languages = nil, []string{}
	a, _, err = w.Store.SaveAgent(w.Context(), a, gateway.System(), w.Now())
	w.ok(err)
	if !slices.Equal(a.Tags, []string{"appeals", "Überweisung"}) || len(a.Languages) != 0 {
		w.Errorf("kept: %q %q", a.Tags, a.Languages)
	}
	list, err := w.Store.Candidates(w.Context(), w.Mailbox, "")
	if err != nil || len(list) != 1 || list[0].Role != gateway.RoleAgent || !slices.Equal(list[0].Tags, a.Tags) {
		w.Errorf("candidates: %+v, %v", list, err)
	}
}

// A reply that only asks for patience leaves the turn with us, and is remembered.
func holdingReply(w *World) {
	c, ada := w.promised(gateway.Promise{Targets: gateway.Targets{Next: 480}}), w.NewAgent("Ada", 3)
	c, _, err := w.Store.OpenTicket(w.Context(), c.ID, gateway.System(), "hi", "form", w.Now())
	w.ok(err)
	w.Pass(time.Minute)
	held := w.Now()
	in := w.Answer(c, ada, "h")
	in.Payload = gateway.MessageCreated{Message: gateway.Message{ID: w.ID(gateway.PrefixMessage), ClientID: "h", Text: "We look into it", Holding: true}}
	_, err = w.Store.Append(w.Context(), in)
	w.ok(err)
	if got := w.Conversation(c.ID); got.Status != gateway.Open || got.LastAuthor != gateway.RoleVisitor || !got.HoldingAt.Equal(held) || !got.LastMessageAt.Equal(held) {
		w.Errorf("%s %s, holding %s", got.Status, got.LastAuthor, got.HoldingAt)
	}
	ours, err := w.Store.Conversations(w.Context(), gateway.ConversationFilter{OurTurn: true})
	if err != nil || len(ours) != 1 {
		w.Errorf("our turn: %v, %v", ours, err)
	}
	facts, err := w.Store.Clocks(w.Context(), []gateway.ID{c.ID})
	w.ok(err)
	if said := facts[c.ID].Said; len(said) != 2 || !said[1].Holding || said[0].Holding {
		w.Errorf("said: %+v", said)
	}
	w.Pass(time.Minute)
	_, err = w.Store.Append(w.Context(), w.Answer(c, ada, "a"))
	w.ok(err)
	if got := w.Conversation(c.ID); got.Status != gateway.Waiting || got.LastAuthor != gateway.RoleAgent || !got.HoldingAt.Equal(held) {
		w.Errorf("answered: %s %s, holding %s", got.Status, got.LastAuthor, got.HoldingAt)
	}
}

// Who hears of a mailbox hears it once a day, whoever tells.
func alarmOnce(w *World) {
	ada, sol := w.NewAgent("Ada", 3), w.NewAgent("Sol", 3)
	a := gateway.MailboxAlarmed{Mailbox: w.Mailbox, Day: "2026-11-24", Over: 2, LongestMS: 5, Oldest: []gateway.ID{"cv_1"}}
	told := 0
	errs := race(8, func(int) error { _, err := w.Store.Alarm(w.Context(), a, []gateway.ID{sol, ada}, w.Now()); return err })
	if winners(errs) != 8 {
		w.Fatal(errs)
	}
	a.Day = "2026-11-25"
	events, err := w.Store.Alarm(w.Context(), a, []gateway.ID{sol}, w.Now())
	w.ok(err)
	if told = len(events); told != 2 {
		w.Errorf("%d events of the next day", told)
	}
	for topic, want := range map[gateway.ID]int{w.Mailbox: 2, ada: 1, sol: 2} {
		if got := strings.Count(w.kinds(topic), "mailbox.alarmed"); got != want {
			w.Errorf("%s: told %d times, want %d", topic, got, want)
		}
	}
	w.letters("alarm", 3)
}

// letters leases all that is due and counts the letters of a sort.
func (w *World) letters(what string, want int) {
	w.Helper()
	got := 0
	for {
		j, ok, err := w.Store.LeaseJob(w.Context(), "n", time.Minute, w.Now())
		w.ok(err)
		if !ok {
			break
		}
		if strings.HasPrefix(j.ID, "letter:"+what+":") {
			got++
		}
	}
	if got != want {
		w.Errorf("%d letters, want %d", got, want)
	}
}

// A low rating is told to those who are to hear of it, once while it stays low.
func lowRating(w *World) {
	sol := w.NewAgent("Sol", 3)
	c := w.Start("hi")
	_, err := w.Store.CloseConversation(w.Context(), c.ID, gateway.System(), gateway.Resolved, "", w.Now())
	w.ok(err)
	for _, stars := range []int{5, 2, 1, 4, 1} {
		_, err := w.Store.Rate(w.Context(), c.ID, gateway.Rating{Stars: stars, At: w.Now(), Tell: []gateway.ID{sol}}, w.Now())
		w.ok(err)
	}
	if got := strings.Count(w.kinds(sol), "conversation.rated"); got != 2 {
		w.Errorf("told %d times", got)
	}
	w.letters("rated", 1)
}

// When each visitor was answered first, as reports count it.
func firstAnswers(w *World) {
	ada := w.NewAgent("Ada", 9)
	began := w.Now()
	silent, answered, empty := w.Start("Anybody?"), w.Start("Hello"), w.Start("")
	w.Pass(5 * time.Minute)
	at := w.Now()
	for _, id := range []string{"a", "b"} {
		_, err := w.Store.Append(w.Context(), w.Answer(answered, ada, id))
		w.ok(err)
		w.Pass(time.Minute)
	}
	_, err := w.Store.CloseConversation(w.Context(), silent.ID, gateway.System(), gateway.Idle, "", w.Now())
	w.ok(err)
	ended := w.Now()
	got, err := w.Store.FirstAnswers(w.Context(), "", began, 10)
	w.ok(err)
	want := map[time.Time]gateway.FirstAnswer{}
	for _, f := range got {
		want[f.Answered] = f
		if f.Mailbox != w.Mailbox || !f.Asked.Equal(began) {
			w.Errorf("%+v", f)
		}
	}
	if len(got) != 2 || !want[time.Time{}].Ended.Equal(ended) || !want[at].Ended.IsZero() {
		w.Errorf("%+v (nothing was asked in %s)", got, empty.ID)
	}
	for name, list := range map[string]func() ([]gateway.FirstAnswer, error){
		"another mailbox": func() ([]gateway.FirstAnswer, error) { return w.Store.FirstAnswers(w.Context(), "mb_x", began, 10) },
		"later": func() ([]gateway.FirstAnswer, error) {
			return w.Store.FirstAnswers(w.Context(), w.Mailbox, began.Add(time.Second), 10)
		},
	} {
		if got, err := list(); err != nil || len(got) > 0 {
			w.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}
