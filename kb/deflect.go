package kb

import (
	"cmp"
	"maps"
	"slices"
	"time"
)

// Rules of deflection (self-help.md §6).
const (
	sessionPause = 30 * time.Minute // a longer pause begins another session
	readShortest = 10 * time.Second // a reading that another step ends sooner was no reading
	ChatWithin   = 24 * time.Hour   // who asks a person within it was not helped
)

// Deflected counts sessions of self-help. The two kinds are never one number: Confirmed said that it helped, Assumed
// read and asked nobody. Neither counts before its 24 hours are over.
type Deflected struct {
	Sessions  int               `json:"sessions"`
	Confirmed int               `json:"confirmed"`
	Assumed   int               `json:"assumed"`
	Chatted   int               `json:"chatted"` // asked a person within 24 hours
	Waiting   int               `json:"waiting"` // their 24 hours are not over
	Articles  []ArticleDeflects `json:"articles"`
}

// ArticleDeflects is the same for one article: sessions that read it. Shown, Solved, Unsolved and Sent count steps; what
// agents sent belongs to no session.
type ArticleDeflects struct {
	Article   string `json:"article"`
	Shown     int    `json:"shown"`
	Read      int    `json:"read"`
	Solved    int    `json:"solved"`
	Unsolved  int    `json:"unsolved"`
	Confirmed int    `json:"confirmed"`
	Assumed   int    `json:"assumed"`
	Chatted   int    `json:"chatted"`
	Sent      int    `json:"sent"` // by agents
}

// Deflect counts what became of self-help. Steps and chats are in order of time; chats must reach ChatWithin beyond the
// last step. A reading that nothing follows counts as read: when the panel was closed is not known.
func Deflect(steps []Step, chats []Chat, now time.Time) Deflected {
	of := map[string][]Step{}
	asked := map[string][]time.Time{}
	d := deflecting{articles: map[string]*ArticleDeflects{}, now: now}
	for _, s := range steps {
		if s.Kind == StepSent {
			for _, id := range s.Articles {
				d.of(id).Sent++
			}
			continue
		}
		of[s.Visitor] = append(of[s.Visitor], s)
	}
	for _, c := range chats {
		asked[c.Visitor] = append(asked[c.Visitor], c.At)
	}
	for _, v := range slices.Sorted(maps.Keys(of)) {
		list := of[v]
		for begin, i := 0, 1; i <= len(list); i++ {
			if i == len(list) || list[i].At.Sub(list[i-1].At) >= sessionPause {
				d.session(list[begin:i], asked[v])
				begin = i
			}
		}
	}
	for _, id := range slices.Sorted(maps.Keys(d.articles)) {
		d.out.Articles = append(d.out.Articles, *d.articles[id])
	}
	slices.SortStableFunc(d.out.Articles, func(a, b ArticleDeflects) int {
		return cmp.Or(cmp.Compare(b.Read, a.Read), cmp.Compare(b.Shown, a.Shown))
	})
	return d.out
}

type deflecting struct {
	out      Deflected
	articles map[string]*ArticleDeflects
	now      time.Time
}

func (d *deflecting) of(article string) *ArticleDeflects {
	if d.articles[article] == nil {
		d.articles[article] = &ArticleDeflects{Article: article}
	}
	return d.articles[article]
}

// session counts one session.
func (d *deflecting) session(steps []Step, chats []time.Time) {
	begin, end := steps[0].At, steps[len(steps)-1].At
	chat := time.Time{}
	for _, at := range chats {
		if !at.Before(begin) && at.Before(end.Add(ChatWithin)) {
			chat = at
			break
		}
	}
	read, solved := d.count(steps, chat)
	d.out.Sessions++
	switch {
	case !chat.IsZero():
		d.out.Chatted++
		for id := range read {
			d.of(id).Chatted++
		}
	case d.now.Before(end.Add(ChatWithin)):
		d.out.Waiting++
	case len(solved) > 0:
		d.out.Confirmed++
		for id := range solved {
			d.of(id).Confirmed++
		}
	case len(read) > 0:
		d.out.Assumed++
		for id := range read {
			d.of(id).Assumed++
		}
	}
}

// count adds up the steps and gives the articles that were read, and those that helped.
func (d *deflecting) count(steps []Step, chat time.Time) (read, solved map[string]bool) {
	read, solved = map[string]bool{}, map[string]bool{}
	for i, s := range steps {
		for _, id := range s.Articles {
			switch s.Kind {
			case StepSearch:
				d.of(id).Shown++
			case StepSolved:
				d.of(id).Solved++
				solved[id], read[id] = true, true
			case StepUnsolved:
				d.of(id).Unsolved++
				read[id] = true
			case StepRead:
				until := chat
				if i+1 < len(steps) && (chat.IsZero() || steps[i+1].At.Before(chat)) {
					until = steps[i+1].At
				}
				if until.Before(s.At) || until.Sub(s.At) >= readShortest {
					read[id] = true
				}
			}
		}
	}
	for id := range read {
		d.of(id).Read++
	}
	return read, solved
}
