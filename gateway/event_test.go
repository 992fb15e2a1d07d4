package gateway

import (
	"bytes"
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"
)

func TestEventSurvivesJSON(t *testing.T) {
	e := Event{
		ID: "ev_1", Kind: "message.created", Topic: "cv_1", Seq: 1<<63 + 1,
		At:    time.Date(2026, 3, 2, 12, 0, 0, 123e6, time.UTC),
		Actor: Actor{Role: RoleAgent, ID: "ag_1"}, Payload: json.RawMessage(`{"text":"hé"}`),
	}
	raw, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	var back Event
	if err := json.Unmarshal(raw, &back); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(e, back) {
		t.Fatalf("%+v became %+v", e, back)
	}
	for _, part := range []string{`"ev":"message.created"`, `"at":1772452800123`, `"by":{"role":"agent","id":"ag_1"}`, `"data":{"text"`} {
		if !bytes.Contains(raw, []byte(part)) {
			t.Errorf("%s lacks %s", raw, part)
		}
	}
}

func TestBrokenEventIsRefused(t *testing.T) {
	for _, s := range []string{``, `[]`, `{"at":"soon"}`, `{"seq":-1}`, `{"seq":1.5}`} {
		if err := json.Unmarshal([]byte(s), new(Event)); err == nil {
			t.Errorf("%q is taken", s)
		}
	}
}

// payloads is one value of every type with a name of its own; GateMoved carries many names.
func payloads() []Payload {
	return []Payload{
		ConversationStarted{},
		ConversationQueued{},
		ConversationOffered{},
		ConversationClaimed{},
		ConversationAssigned{},
		ConversationReleased{},
		ConversationMissed{},
		ConversationEnded{},
		ConversationReopened{},
		ConversationRated{},
		ConversationFrozen{},
		ConversationEscalated{},
		ConversationClassified{},
		MailboxAlarmed{},
		ConversationMerged{},
		ConversationUnmerged{},
		ConversationSplit{},
		ConversationContinued{},
		TicketForwarded{},
		ClockWarned{},
		ClockBroken{},
		MessageCreated{},
		MessageHeld{},
		MessageWithdrawn{},
		MessageReleased{},
		MessagePosted{},
		MessageUndone{},
		ConversationSnoozed{},
		ConversationWoken{},
		FollowChanged{},
		ConversationDuplicate{},
		ConversationDeleted{},
		ConversationIdling{},
		ConversationStayed{},
		NoteCreated{},
		MessageRead{},
		ArticleSuggested{},
		ArticleOpened{},
		ArticleRated{},
		GuideOpened{},
		GuideDone{},
		AvailabilityChanged{},
		TicketOpened{},
		TicketDelivered{},
		TicketReplied{},
		TicketBounced{},
		LoginObserved{},
		IdentityClaimed{},
		IdentityProven{},
		WindowOpened{},
		WindowMoved{},
		WindowClosed{},
		SettingChanged{},
		ArticleChanged{},
	}
}

func TestEveryPayloadHasItsOwnDocumentedName(t *testing.T) {
	protocol := protocolKinds(t)
	seen := map[Kind]string{}
	for _, p := range payloads() {
		name := reflect.TypeOf(p).Name()
		if other, twice := seen[p.Kind()]; twice {
			t.Errorf("%s and %s are both %s", name, other, p.Kind())
		}
		seen[p.Kind()] = name
		if !protocol[p.Kind()] {
			t.Errorf("%s (%s) is not in PROTOCOL.md", p.Kind(), name)
		}
	}
	for k := range protocol {
		gate := strings.HasPrefix(string(k), "change.") || strings.HasPrefix(string(k), "challenge.") || strings.HasPrefix(string(k), "proof.")
		if _, ours := seen[k]; !ours && !gate {
			t.Errorf("PROTOCOL.md names %s, no payload does", k)
		}
	}
	if declared := kindMethods(t); declared != len(payloads())+1 {
		t.Errorf("event.go declares %d payloads, the test knows %d", declared, len(payloads())+1)
	}
}

func TestGateEventsKeepTheirName(t *testing.T) {
	if k := (GateMoved{K: "change.offered"}).Kind(); k != "change.offered" {
		t.Fatal(k)
	}
}

// protocolKinds reads the line of PROTOCOL.md that lists all events: `noun.verb .verb` separated by dots.
func protocolKinds(t *testing.T) map[Kind]bool {
	t.Helper()
	text, err := os.ReadFile("web/PROTOCOL.md")
	if err != nil {
		t.Fatal(err)
	}
	out := map[Kind]bool{}
	for line := range strings.Lines(string(text)) {
		if !strings.HasPrefix(line, "`conversation.started ") {
			continue
		}
		for i, quoted := range strings.Split(line, "`") {
			if i%2 == 0 {
				continue
			}
			noun := ""
			for _, w := range strings.Fields(quoted) {
				n, verb, ok := strings.Cut(w, ".")
				if n != "" {
					noun = n
				}
				if ok && !strings.Contains(verb, "/") {
					out[Kind(noun+"."+verb)] = true
				}
			}
		}
	}
	delete(out, "gateway/event.go")
	if len(out) < 30 {
		t.Fatalf("found only %d events in PROTOCOL.md", len(out))
	}
	return out
}

// kindMethods counts the Kind methods in event.go, so that a new payload cannot miss the test.
func kindMethods(t *testing.T) (n int) {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), "event.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range f.Decls {
		if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv != nil && fn.Name.Name == "Kind" {
			n++
		}
	}
	return n
}
