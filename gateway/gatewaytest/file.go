package gatewaytest

import (
	"fmt"
	"time"

	"github.com/postern-chat/postern/gateway"
)

// upload begins one of size bytes in c, by somebody of role.
func (w *World) upload(c gateway.Conversation, role gateway.Role, owner gateway.ID, size int64) (gateway.ID, error) {
	w.Helper()
	id := w.ID(gateway.PrefixFile)
	return id, w.Store.CreateFile(w.Context(), gateway.File{
		ID: id, Conversation: c.ID, Owner: gateway.Actor{Role: role, ID: owner}, Name: "a.txt", Size: size, CreatedAt: w.Now(),
	})
}

// whole uploads one byte of text.
func (w *World) whole(c gateway.Conversation) gateway.FileRef {
	w.Helper()
	id, err := w.upload(c, gateway.RoleVisitor, c.Visitor, 1)
	w.ok(err)
	_, err = w.Store.AppendPart(w.Context(), id, 0, []byte("x"))
	w.ok(err)
	w.ok(w.Store.SetFileType(w.Context(), id, "text/plain"))
	return gateway.FileRef{ID: id, Name: "a.txt", Type: "text/plain", Size: 1}
}

// send is the append of a visitor's message with files.
func (w *World) send(c gateway.Conversation, clientID string, files ...gateway.FileRef) gateway.Append {
	w.Helper()
	a := w.Message(c, clientID, "see this")
	m := a.Payload.(gateway.MessageCreated)
	m.Files = files
	a.Payload = m
	return a
}

func fileQuotas(w *World) {
	owner, talk, box := gateway.OwnerQuota(), gateway.TalkQuota(), gateway.MailboxQuota()
	c := w.Start("hi")
	begin := func(c gateway.Conversation, size int64) error {
		_, err := w.upload(c, gateway.RoleVisitor, c.Visitor, size)
		return err
	}
	// Many at once: the last place is given away once.
	errs := race(int(owner.Files)+8, func(int) error { return begin(c, 1) })
	if n := winners(errs); int64(n) != owner.Files {
		w.Errorf("%d uploads of one visitor begun, want %d: %v", n, owner.Files, errs)
	}
	for _, err := range errs {
		if err != nil {
			w.refused(err, "too_many")
		}
	}
	w.ok(begin(w.Start("another visitor"), 1)) // has a quota of his own

	big := w.Start("bytes")
	for range owner.Bytes / gateway.MaxFilesBytes {
		w.ok(begin(big, gateway.MaxFilesBytes))
	}
	w.refused(begin(big, 1), "too_many")

	// What is sent counts no more for its owner, but for the conversation.
	sent := w.Start("sent")
	for i := range talk.Files {
		_, err := w.Store.Append(w.Context(), w.send(sent, fmt.Sprint(i), w.whole(sent)))
		w.ok(err)
	}
	w.refused(begin(sent, 1), "too_many")

	a := w.NewAgent("Ada", 1)
	used := owner.Files + 1 + owner.Bytes // of the mailbox, by the visitors above
	for used+owner.Bytes <= box.Bytes {
		c := w.Start("one of many")
		for range owner.Bytes / gateway.MaxFilesBytes {
			w.ok(begin(c, gateway.MaxFilesBytes))
		}
		used += owner.Bytes
	}
	last := w.Start("the last one")
	for used+gateway.MaxFilesBytes <= box.Bytes {
		w.ok(begin(last, gateway.MaxFilesBytes))
		used += gateway.MaxFilesBytes
	}
	w.refused(begin(w.Start("too late"), gateway.MaxFilesBytes), "too_many")
	_, err := w.upload(last, gateway.RoleAgent, a, gateway.MaxFilesBytes)
	w.ok(err) // visitors do not take the agents' room
	far := JoinWorld(w.T, w.Store, "far")
	_, err = w.upload(far.Start("elsewhere"), gateway.RoleVisitor, "vi_far", gateway.MaxFilesBytes)
	w.ok(err) // nor another mailbox's
}

// sentOrDropped lets a message and the file's job meet: one of them gets the file.
func (w *World) sentOrDropped(c gateway.Conversation, clientID string) {
	w.Helper()
	f := w.whole(c)
	a := w.send(c, clientID, f)
	var dropped bool
	var sent, fault error
	race(2, func(i int) error {
		if i == 0 {
			_, sent = w.Store.Append(w.Context(), a)
		} else {
			dropped, fault = w.Store.DropLoose(w.Context(), f.ID)
		}
		return nil
	})
	w.ok(fault)
	_, err := w.Store.Part(w.Context(), f.ID, 0)
	if dropped != (gateway.CodeOf(sent) == "invalid") || dropped != (gateway.CodeOf(err) == "not_found") {
		w.Errorf("dropped %v, the message's answer %v, its bytes %v", dropped, sent, err)
	}
}

func looseFiles(w *World) {
	c := w.Start("hi")
	for n := range 8 {
		w.sentOrDropped(c, fmt.Sprint("race", n))
	}
	kept, loose := w.whole(c), w.whole(c)
	_, err := w.Store.Append(w.Context(), w.send(c, "2", kept))
	w.ok(err)
	// One of two files is gone: the message is refused whole, and the other stays loose.
	half := w.whole(c)
	w.unmoved("invalid", func() error {
		_, err := w.Store.Append(w.Context(), w.send(c, "3", half, gateway.FileRef{ID: "fi_none"}))
		return err
	})
	other := w.Start("other")
	w.unmoved("invalid", func() error { // of another conversation
		_, err := w.Store.Append(w.Context(), w.send(other, "4", half))
		return err
	})
	for id, want := range map[gateway.ID]bool{kept.ID: false, loose.ID: true, half.ID: true, "fi_none": false} {
		dropped, err := w.Store.DropLoose(w.Context(), id)
		w.ok(err)
		if dropped != want {
			w.Errorf("%s dropped: %v, want %v", id, dropped, want)
		}
	}
	if got, err := w.Store.File(w.Context(), kept.ID); err != nil || !got.AttachedAt.Equal(w.Now()) {
		w.Errorf("the sent file: %+v, %v", got, err)
	}
	w.Pass(time.Hour)
	jobs := 0
	for { // each upload left its job
		j, ok, err := w.Store.LeaseJob(w.Context(), "n", time.Minute, w.Now().Add(gateway.LooseLife))
		w.ok(err)
		if !ok {
			break
		}
		if j.Kind != gateway.JobFile {
			continue
		}
		jobs++
		if want := w.Now().Add(gateway.LooseLife - time.Hour); !j.Due.Equal(want) {
			w.Errorf("%s is due at %s, want %s", j.ID, j.Due, want)
		}
	}
	if jobs != 11 {
		w.Errorf("%d jobs, want one for each of eleven files", jobs)
	}
}
