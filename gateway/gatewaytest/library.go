package gatewaytest

import (
	"bytes"

	"github.com/postern-chat/postern/gateway"
)

// loose uploads data into no conversation, by an admin.
func (w *World) loose(data string) gateway.ID {
	w.Helper()
	id, err := w.upload(gateway.Conversation{}, gateway.RoleAdmin, "ag_admin", int64(len(data)))
	w.ok(err)
	_, err = w.Store.AppendPart(w.Context(), id, 0, []byte(data))
	w.ok(err)
	return id
}

func library(w *World) {
	admin := gateway.Actor{Role: gateway.RoleAdmin, ID: "ag_admin"}
	add := func(id gateway.ID) error {
		_, err := w.Store.AddToLibrary(w.Context(), id, admin, w.Now())
		return err
	}
	c := w.Start("hi")
	id := w.loose("a guide")
	w.refused(add(id), "not_found") // no type yet
	w.ok(w.Store.SetFileType(w.Context(), id, "text/plain"))
	w.refused(add(w.whole(c).ID), "not_found") // of a conversation
	ref := gateway.FileRef{ID: id}
	_, err := w.Store.Append(w.Context(), w.send(c, "1", ref))
	w.refused(err, "invalid") // not public yet
	w.ok(add(id))
	w.ok(add(id))
	_, err = w.Store.Append(w.Context(), w.send(c, "2", ref))
	w.ok(err)
	if dropped, err := w.Store.DropLoose(w.Context(), id); dropped || err != nil {
		w.Errorf("dropped %v, %v", dropped, err)
	}
	list, err := w.Store.Library(w.Context())
	w.ok(err)
	if len(list) != 1 || list[0].ID != id || !list[0].Library || list[0].Name != "a.txt" {
		w.Errorf("library: %+v", list)
	}
	events, err := w.Store.RemoveFromLibrary(w.Context(), id, admin, w.Now())
	w.ok(err)
	if len(events) != 1 || events[0].Kind != "setting.changed" {
		w.Errorf("events: %+v", events)
	}
	_, err = w.Store.RemoveFromLibrary(w.Context(), id, admin, w.Now())
	w.refused(err, "not_found")
	if _, err := w.Store.Part(w.Context(), id, 0); gateway.CodeOf(err) != "not_found" {
		w.Errorf("its bytes: %v", err)
	}
	_, err = w.Store.Append(w.Context(), w.send(c, "3", ref))
	w.refused(err, "invalid")
}

func rewriteFile(w *World) {
	id := w.loose("a secret stands here")
	long := bytes.Repeat([]byte("x"), gateway.PartSize+3)
	w.ok(w.Store.RewriteFile(w.Context(), id, "text/plain", long, 2))
	f, err := w.Store.File(w.Context(), id)
	w.ok(err)
	if f.Type != "text/plain" || f.Scrubbed != 2 || !f.Complete() || f.Size != int64(len(long)) {
		w.Errorf("rewritten: %+v", f)
	}
	second, err := w.Store.Part(w.Context(), id, 1)
	w.ok(err)
	if string(second) != "xxx" {
		w.Errorf("part 1 is %q", second)
	}
	w.refused(w.Store.RewriteFile(w.Context(), id, "text/plain", []byte("again"), 1), "conflict")
	if first, err := w.Store.Part(w.Context(), id, 0); err != nil || len(first) != gateway.PartSize {
		w.Errorf("part 0 has %d bytes, %v", len(first), err)
	}
}
