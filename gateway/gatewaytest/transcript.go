package gatewaytest

import (
	"errors"

	"github.com/postern-chat/postern/gateway"
)

// transcripts: of many callers at once one gets the day's link, which is found by its hash for seven days; a browser
// that comes twice comes once.
func transcripts(w *World) {
	s, ctx, c := w.Store, w.Context(), w.Start("Where is it?")
	by := gateway.Actor{Role: gateway.RoleVisitor, ID: c.Visitor}
	link := func(hash string) (gateway.Transcript, error) {
		return s.MakeTranscript(ctx, gateway.Transcript{ID: w.ID(gateway.PrefixLink), Conversation: c.ID, TokenHash: hash, By: by}, w.Now())
	}
	won := 0
	for _, err := range race(8, func(i int) error { _, err := link("hash " + string(rune('a'+i))); return err }) {
		if err == nil {
			won++
		} else if gateway.CodeOf(err) != "too_many" {
			w.Error(err)
		}
	}
	if won != 1 {
		w.Errorf("%d links on one day", won)
	}
	w.Pass(gateway.TranscriptEvery)
	made, err := link("hash of it")
	w.ok(err)
	got, err := s.TranscriptByToken(ctx, "hash of it", w.Now())
	if err != nil || got.ID != made.ID || got.Conversation != c.ID || got.Subject != "" || got.By != by || !got.Until.Equal(w.Now().Add(gateway.TranscriptLife)) {
		w.Errorf("kept %+v, %v", got, err)
	}
	visit := func() (gateway.Visit, error) {
		return s.VisitTranscript(ctx, gateway.Visit{ID: w.ID(gateway.PrefixVisit), Transcript: made.ID, Visitor: "vi_1", Browser: "Firefox"}, w.Now())
	}
	one, err := visit()
	w.ok(err)
	two, err := visit()
	if err != nil || one.ID != two.ID || two.Conversation != c.ID || two.Visitor != "vi_1" {
		w.Errorf("%+v, then %+v, %v", one, two, err)
	}
	kept, err := s.Visit(ctx, one.ID)
	if err != nil || kept.ID != one.ID || !kept.Until.Equal(made.Until) {
		w.Errorf("kept %+v, %v", kept, err)
	}
	_, none := s.Visit(ctx, w.ID(gateway.PrefixVisit))
	w.Pass(gateway.TranscriptLife)
	_, over := s.TranscriptByToken(ctx, "hash of it", w.Now())
	_, strange := s.TranscriptByToken(ctx, "another hash", w.Now())
	for _, err := range []error{none, over, strange} {
		if gateway.CodeOf(err) != "not_found" {
			w.Error(errors.Join(errors.New("found"), err))
		}
	}
}
