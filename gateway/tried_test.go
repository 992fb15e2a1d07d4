package gateway

import (
	"encoding/json"
	"testing"
	"time"
)

func TestTried(t *testing.T) {
	var events []Event
	add := func(p Payload) {
		raw, err := json.Marshal(p)
		if err != nil {
			t.Fatal(err)
		}
		events = append(events, Event{Kind: p.Kind(), At: time.UnixMilli(int64(len(events))), Payload: raw})
	}
	add(ArticleSuggested{Query: "change email", Articles: []ID{"ar_1", "ar_2"}})
	add(ArticleOpened{Article: "ar_1", Title: "Change it", Query: "change email"})
	add(ArticleOpened{Article: "ar_2", Title: "Other", Query: "email"})
	add(ArticleOpened{Article: "ar_1", Title: "Change it"})
	add(ArticleRated{Article: "ar_1", Solved: false})
	add(MessageCreated{Message{Text: "hello"}})

	got, err := json.Marshal(tried(events))
	if err != nil {
		t.Fatal(err)
	}
	want := `{"searches":[{"q":"change email","at":0},{"q":"email","at":2}],` +
		`"read":[{"article":"ar_1","title":"Change it","at":1,"solved":false},{"article":"ar_2","title":"Other","at":2}]}`
	if string(got) != want {
		t.Errorf("tried:\n%s\nwant\n%s", got, want)
	}
	if none, _ := json.Marshal(tried(nil)); string(none) != `{"searches":[],"read":[]}` {
		t.Errorf("nothing tried: %s", none)
	}
}
