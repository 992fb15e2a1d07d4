package gatewaytest

import (
	"bytes"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/postern-chat/postern/gateway"
)

func jobsOnce(w *World) {
	for i := range 40 {
		for range 2 { // enqueued twice is once
			w.ok(w.Store.Enqueue(w.Context(), gateway.Job{ID: fmt.Sprintf("mail:%02d", i), Kind: gateway.JobMail, Due: w.Now()}))
		}
	}
	w.ok(w.Store.Enqueue(w.Context(), gateway.Job{ID: "later", Kind: gateway.JobMail, Due: w.Now().Add(time.Hour)}))
	var mu sync.Mutex
	leased := map[string]int{}
	errs := race(4, func(i int) error {
		for misses := 0; misses < 20; {
			j, ok, err := w.Store.LeaseJob(w.Context(), fmt.Sprint("node", i), time.Minute, w.Now())
			if err != nil {
				return err
			}
			if !ok {
				misses++ // another worker took the row that this one looked at
				continue
			}
			mu.Lock()
			leased[j.ID]++
			mu.Unlock()
			if err := w.Store.FinishJob(w.Context(), j.ID, fmt.Sprint("node", i), w.Now()); err != nil {
				return err
			}
		}
		return nil
	})
	if winners(errs) != 4 {
		w.Fatal(errs)
	}
	for id, n := range leased {
		if n != 1 || id == "later" {
			w.Errorf("%s leased %d times", id, n)
		}
	}
	if len(leased) != 40 {
		w.Errorf("%d jobs leased, want 40", len(leased))
	}
	w.Pass(time.Hour)
	j, ok, err := w.Store.LeaseJob(w.Context(), "a", time.Minute, w.Now())
	w.ok(err)
	if !ok || j.ID != "later" || j.Attempts != 1 {
		w.Fatalf("job %+v, %v", j, ok)
	}
	since := j.Since
	if !since.Equal(j.Due) {
		w.Errorf("due %v, and since %v", j.Due, since)
	}
	w.refused(w.Store.FinishJob(w.Context(), j.ID, "b", w.Now()), "conflict")
	w.ok(w.Store.RetryJob(w.Context(), j.ID, "a", w.Now(), "too_many"))
	j, _, err = w.Store.LeaseJob(w.Context(), "a", time.Minute, w.Now())
	w.ok(err)
	if j.ID != "later" || j.Attempts != 1 {
		w.Errorf("waiting for its turn counts as a try: %+v", j)
	}
	w.ok(w.Store.RetryJob(w.Context(), j.ID, "a", w.Now().Add(time.Minute), "unavailable"))
	w.Pass(2 * time.Minute)
	j, ok, err = w.Store.LeaseJob(w.Context(), "b", time.Minute, w.Now())
	w.ok(err)
	if !ok || j.Attempts != 2 || j.LastErr != "unavailable" || !j.Since.Equal(since) || j.Due.Equal(since) {
		w.Errorf("job %+v, %v", j, ok)
	}
}

func mailOnce(w *World) {
	c, a := w.Start("hi"), w.NewAgent("Ada", 1)
	_, err := w.Store.Miss(w.Context(), c.ID, 1, "deadline", "hi", w.Now())
	w.ok(err)
	in := w.Answer(c, a, "1")
	in.Mail = &gateway.Mail{
		ID: w.ID(gateway.PrefixMessage), Conversation: c.ID, MessageID: "x@shop.example", From: "b@shop.example",
		To: "anna@home.example", Raw: []byte("Subject: hi\r\n\r\n\x00\xff"),
	}
	for range 2 {
		_, err = w.Store.Append(w.Context(), in)
		w.ok(err)
	}
	if got := w.Conversation(c.ID); got.Status != gateway.Waiting || got.Assignee != a {
		w.Errorf("row: %+v", got)
	}
	got, err := w.Store.MailSent(w.Context(), "x@shop.example")
	w.ok(err)
	if !bytes.Equal(got.Raw, in.Mail.Raw) || got.To != in.Mail.To {
		w.Errorf("mail: %+v", got)
	}
	list, err := w.Store.Outbox(w.Context())
	w.ok(err)
	if len(list) != 1 || list[0].State != "waiting" {
		w.Errorf("outbox: %+v", list)
	}
	for i := range 2 {
		events, err := w.Store.Delivered(w.Context(), in.Mail.ID, w.Now())
		w.ok(err)
		if len(events) != 1-i {
			w.Errorf("delivered %d times: %+v", i+1, events)
		}
	}
	mail := gateway.Incoming{
		Key: "k", Conversation: c.ID, Raw: []byte("raw"), Verified: true,
		Message: gateway.Message{ID: "ms_in", Text: "thanks", Via: "email"},
	}
	joined, _, err := w.Store.StoreIncoming(w.Context(), mail, w.Now())
	w.ok(err)
	if joined.ID != c.ID || joined.Status != gateway.Open {
		w.Errorf("row: %+v", joined)
	}
	w.unmoved("conflict", func() error { _, _, err := w.Store.StoreIncoming(w.Context(), mail, w.Now()); return err })
	mail.Key, mail.Conversation = "k2", ""
	mail.Start = &gateway.Start{ID: w.ID(gateway.PrefixConversation), Mailbox: w.Mailbox, Subject: "new"}
	opened, _, err := w.Store.StoreIncoming(w.Context(), mail, w.Now())
	w.ok(err)
	if opened.Number != 2 || opened.Status != gateway.Open || opened.Subject != "new" {
		w.Errorf("row: %+v", opened)
	}
}

func fileParts(w *World) {
	f := gateway.File{ID: w.ID(gateway.PrefixFile), Conversation: "cv_1", Name: "a.png", Size: gateway.PartSize + 3, CreatedAt: w.Now()}
	w.ok(w.Store.CreateFile(w.Context(), f))
	w.refused(w.Store.CreateFile(w.Context(), f), "conflict")
	full := bytes.Repeat([]byte{0, 0xff}, gateway.PartSize/2)
	for _, bad := range []struct {
		n    int
		data []byte
		code string
	}{{0, full[1:], "invalid"}, {1, full, "invalid"}, {2, nil, "invalid"}, {-1, nil, "invalid"}, {0, append(full, 1), "too_large"}} {
		_, err := w.Store.AppendPart(w.Context(), f.ID, bad.n, bad.data)
		w.refused(err, bad.code)
	}
	w.refused(w.Store.SetFileType(w.Context(), f.ID, "image/png"), "not_found")
	for _, n := range []int{1, 0, 0, 1} {
		data := full
		if n == 1 {
			data = []byte("end")
		}
		_, err := w.Store.AppendPart(w.Context(), f.ID, n, data)
		w.ok(err)
	}
	got, err := w.Store.File(w.Context(), f.ID)
	w.ok(err)
	if !got.Complete() {
		w.Errorf("file: %+v", got)
	}
	w.ok(w.Store.SetFileType(w.Context(), f.ID, "image/png"))
	if part, err := w.Store.Part(w.Context(), f.ID, 0); err != nil || !bytes.Equal(part, full) {
		w.Errorf("part 0 differs: %d bytes, %v", len(part), err)
	}
	w.ok(w.Store.DeleteFile(w.Context(), f.ID))
	_, err = w.Store.Part(w.Context(), f.ID, 0)
	w.refused(err, "not_found")
}

func sessions(w *World) {
	a := w.NewAgent("Ada", 1)
	w.ok(w.Store.SetPassword(w.Context(), a, "argon2id$1", w.Now()))
	if hash, err := w.Store.Password(w.Context(), a); err != nil || hash != "argon2id$1" {
		w.Errorf("password %q, %v", hash, err)
	}
	save := func(hash string) {
		w.ok(w.Store.SaveSession(w.Context(), hash, a, "Firefox on Linux", w.Now().Add(time.Hour), w.Now()))
		got, err := w.Store.Session(w.Context(), hash, w.Now())
		w.ok(err)
		if got.ID != a {
			w.Errorf("session of %s", got.ID)
		}
	}
	gone := func(hash string) {
		w.Helper()
		_, err := w.Store.Session(w.Context(), hash, w.Now())
		w.refused(err, "not_found")
	}
	save("ended")
	w.ok(w.Store.EndSession(w.Context(), "ended"))
	gone("ended")
	save("old password")
	w.ok(w.Store.SetPassword(w.Context(), a, "argon2id$2", w.Now()))
	gone("old password")
	save("over")
	w.Pass(time.Hour)
	gone("over")
	live := func(want int) {
		w.Helper()
		got, err := w.Store.Sessions(w.Context(), []string{"ended", "old password", "over", "disabled", "none"}, w.Now())
		w.ok(err)
		if len(got) != want || want == 1 && got["disabled"] != gateway.RoleAgent {
			w.Errorf("living sessions: %v, want %d", got, want)
		}
	}
	live(0)
	save("disabled")
	live(1)
	row, err := w.Store.Agent(w.Context(), a)
	w.ok(err)
	row.DisabledAt = w.Now()
	_, _, err = w.Store.SaveAgent(w.Context(), row, gateway.System(), w.Now())
	w.ok(err)
	gone("disabled")
	live(0)
}

// heldSince looks at who could have had a hand in an admin's account, and since when.
func heldSince(w *World) {
	a, _, err := w.Store.SaveAgent(w.Context(), gateway.Agent{
		ID: w.ID(gateway.PrefixAgent), Email: "ada@shop.example", Name: "Ada", Role: gateway.RoleAdmin, Capacity: 1,
	}, gateway.System(), w.Now())
	w.ok(err)
	made := w.Now()
	var left time.Time
	row := func() gateway.Agent {
		a, err := w.Store.Agent(w.Context(), a.ID)
		w.ok(err)
		return a
	}
	save := func(change func(a *gateway.Agent)) error {
		a := row()
		a.HeldSince, a.AdminUntil = time.Time{}, w.Now().Add(-time.Hour) // whatever the caller says
		change(&a)
		_, _, err := w.Store.SaveAgent(w.Context(), a, gateway.System(), w.Now())
		return err
	}
	for _, c := range []struct {
		name        string
		do          func() error
		hands, left bool
	}{
		{"nothing", func() error { return nil }, false, false},
		{"another name", func() error { return save(func(a *gateway.Agent) { a.Name, a.Capacity = "Ada B.", 3 }) }, false, false},
		{"signed in", func() error { return w.Store.SaveSession(w.Context(), "s", a.ID, "", w.Now().Add(time.Hour), w.Now()) }, false, false},
		{"a password link", func() error { return w.Store.SaveLink(w.Context(), "l", a.ID, w.Now().Add(time.Hour), w.Now()) }, true, false},
		{"a password", func() error { return w.Store.SetPassword(w.Context(), a.ID, "argon2id$1", w.Now()) }, true, false},
		{"another address", func() error { return save(func(a *gateway.Agent) { a.Email = "a@shop.example" }) }, true, false},
		{"disabled", func() error { return save(func(a *gateway.Agent) { a.DisabledAt = w.Now() }) }, false, true},
		{"disabled still", func() error { return save(func(a *gateway.Agent) { a.DisabledAt = w.Now() }) }, false, false},
		{"enabled", func() error { return save(func(a *gateway.Agent) { a.DisabledAt = time.Time{} }) }, true, false},
		{"demoted", func() error { return save(func(a *gateway.Agent) { a.Role = gateway.RoleSupervisor }) }, true, true},
		{"made an admin again", func() error { return save(func(a *gateway.Agent) { a.Role = gateway.RoleAdmin }) }, true, false},
	} {
		w.Pass(time.Minute)
		w.ok(c.do())
		if c.hands {
			made = w.Now()
		}
		if c.left {
			left = w.Now()
		}
		if got := row(); !got.HeldSince.Equal(made) || !got.AdminUntil.Equal(left) {
			w.Errorf("%s: held since %s, admin until %s; want %s and %s", c.name, got.HeldSince, got.AdminUntil, made, left)
		}
	}
	w.refused(w.Store.SaveLink(w.Context(), "x", "ag_none", w.Now().Add(time.Hour), w.Now()), "not_found")
}

func pairing(w *World) {
	v := gateway.Visitor{ID: w.ID(gateway.PrefixVisitor), TokenHash: "t", KeyJKT: "k1", Key: `{"kty":"EC"}`, Mailbox: w.Mailbox}
	first, err := w.Store.PairVisitor(w.Context(), v, w.Now())
	w.ok(err)
	v.ID = w.ID(gateway.PrefixVisitor)
	again, err := w.Store.PairVisitor(w.Context(), v, w.Now())
	w.ok(err)
	if again.ID != first.ID || again.Key != first.Key {
		w.Errorf("again: %+v", again)
	}
	for _, key := range []string{"k2", ""} {
		v.KeyJKT = key
		_, err := w.Store.PairVisitor(w.Context(), v, w.Now())
		w.refused(err, "unauthenticated")
	}
	if got, err := w.Store.VisitorByToken(w.Context(), "t"); err != nil || got.KeyJKT != "k1" {
		w.Errorf("stored: %+v, %v", got, err)
	}
}

func identity(w *World) {
	v, err := w.Store.PairVisitor(w.Context(), gateway.Visitor{ID: w.ID(gateway.PrefixVisitor), TokenHash: "t"}, w.Now())
	w.ok(err)
	i := gateway.Identity{How: "signed", Host: "shop", Subject: "42", Name: "Anna", At: w.Now()}
	errs := race(6, func(int) error {
		_, err := w.Store.SetIdentity(w.Context(), v.ID, i, "jti", w.Now())
		return err
	})
	if winners(errs) != 1 {
		w.Errorf("%d took the same token: %v", winners(errs), errs)
	}
	got, err := w.Store.Visitor(w.Context(), v.ID)
	w.ok(err)
	if got.Identity.Subject != "42" || got.Identity.Name != "Anna" {
		w.Errorf("identity: %+v", got.Identity)
	}
	c, _, err := w.Store.StartConversation(w.Context(), gateway.Start{
		ID: w.ID(gateway.PrefixConversation), Visitor: v.ID, Mailbox: w.Mailbox, Missed: gateway.DefaultMissed, CommandID: "signed",
	}, w.Now())
	w.ok(err)
	events, err := w.Store.SetIdentity(w.Context(), v.ID, i, "another", w.Now())
	w.ok(err)
	if len(events) != 1 || events[0].Topic != c.ID.Staff() || strings.Contains(string(events[0].Payload), "Anna") {
		w.Errorf("the staff learns %v; want that somebody is signed, not who", events)
	}
	old := gateway.Identity{How: gateway.HowLegacy, Host: "shop", Email: "anna@site.test", At: w.Now()}
	events, err = w.Store.SetIdentity(w.Context(), v.ID, old, "", w.Now())
	w.ok(err)
	if got, err = w.Store.Visitor(w.Context(), v.ID); err != nil || got.Identity.Subject != "42" || len(events) != 0 {
		w.Errorf("an identity of the old form took the place of %+v, %v", got.Identity, events)
	}
}
