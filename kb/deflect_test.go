package kb_test

import (
	"reflect"
	"testing"
	"time"

	"github.com/postern-chat/postern/kb"
)

func TestDeflect(t *testing.T) {
	noon := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	later := noon.Add(72 * time.Hour)
	step := func(after time.Duration, visitor string, kind kb.StepKind, articles ...string) kb.Step {
		return kb.Step{At: noon.Add(after), Visitor: visitor, Kind: kind, Articles: articles}
	}
	search := step(0, "v", kb.StepSearch, "a", "b")
	read := step(time.Minute, "v", kb.StepRead, "a")
	solved := step(2*time.Minute, "v", kb.StepSolved, "a")
	for _, c := range []struct {
		name  string
		steps []kb.Step
		chat  time.Duration // 0 = none
		now   time.Time
		want  kb.Deflected // without articles
		a     kb.ArticleDeflects
	}{
		{
			"said yes",
			[]kb.Step{search, read, solved},
			0, later,
			kb.Deflected{Sessions: 1, Confirmed: 1},
			kb.ArticleDeflects{Shown: 1, Read: 1, Solved: 1, Confirmed: 1},
		},
		{"read and asked nobody", []kb.Step{search, read}, 0, later, kb.Deflected{Sessions: 1, Assumed: 1}, kb.ArticleDeflects{Shown: 1, Read: 1, Assumed: 1}},
		{
			"said yes, and asked a person an hour later",
			[]kb.Step{search, read, solved},
			time.Hour, later,
			kb.Deflected{Sessions: 1, Chatted: 1},
			kb.ArticleDeflects{Shown: 1, Read: 1, Solved: 1, Chatted: 1},
		},
		{
			"asked a person after the 24 hours",
			[]kb.Step{search, read},
			25 * time.Hour, later,
			kb.Deflected{Sessions: 1, Assumed: 1},
			kb.ArticleDeflects{Shown: 1, Read: 1, Assumed: 1},
		},
		{"the 24 hours are not over", []kb.Step{search, read, solved}, 0, noon.Add(time.Hour), kb.Deflected{Sessions: 1, Waiting: 1}, kb.ArticleDeflects{Shown: 1, Read: 1, Solved: 1}},
		{
			"sent by agents while he searched",
			[]kb.Step{search, step(time.Minute, "v", kb.StepSent, "a"), step(2*time.Minute, "w", kb.StepSent, "a")},
			0, later,
			kb.Deflected{Sessions: 1},
			kb.ArticleDeflects{Shown: 1, Sent: 2},
		},
		{"only searched", []kb.Step{search}, 0, later, kb.Deflected{Sessions: 1}, kb.ArticleDeflects{Shown: 1}},
		{
			"opened and left at once",
			[]kb.Step{read, step(time.Minute+9*time.Second, "v", kb.StepSearch, "b")},
			0, later,
			kb.Deflected{Sessions: 1},
			kb.ArticleDeflects{},
		},
		{"opened, and asked a person at once", []kb.Step{read}, time.Minute + 5*time.Second, later, kb.Deflected{Sessions: 1, Chatted: 1}, kb.ArticleDeflects{}},
		{
			"a pause of half an hour",
			[]kb.Step{read, step(31*time.Minute, "v", kb.StepSolved, "a")},
			0, later,
			kb.Deflected{Sessions: 2, Confirmed: 1, Assumed: 1},
			kb.ArticleDeflects{Read: 2, Solved: 1, Confirmed: 1, Assumed: 1},
		},
		{
			"two visitors",
			[]kb.Step{read, step(time.Minute, "w", kb.StepRead, "a"), step(2*time.Minute, "w", kb.StepUnsolved, "a")},
			0, later,
			kb.Deflected{Sessions: 2, Assumed: 2},
			kb.ArticleDeflects{Read: 2, Unsolved: 1, Assumed: 2},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			var chats []kb.Chat
			if c.chat > 0 {
				chats = []kb.Chat{{Visitor: "v", At: noon.Add(c.chat)}}
			}
			got := kb.Deflect(c.steps, chats, c.now)
			var a kb.ArticleDeflects
			for _, x := range got.Articles {
				if x.Article == "a" {
					a = x
				}
			}
			a.Article, got.Articles = "", nil
			if !reflect.DeepEqual(got, c.want) || a != c.a {
				t.Errorf("counted %+v, article %+v\nwant    %+v, article %+v", got, a, c.want, c.a)
			}
		})
	}
}
