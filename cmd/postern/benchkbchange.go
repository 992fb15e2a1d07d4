package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/postern-chat/postern/gateway"
	"github.com/postern-chat/postern/kb"
	"github.com/postern-chat/postern/kb/measure"
)

// changed measures how long a published change takes until its own gateway finds it: a gateway with its database, from
// the call that publishes, the commit included, to the search that has it first.
func (k *kbRun) changed(ctx context.Context) (err error) {
	dir, err := k.folder()
	if err != nil {
		return err
	}
	a, err := quietGateway(ctx, k.call, dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.Close(context.WithoutCancel(ctx))) }()
	w := kbWriter{kbRun: k, app: a}
	list, err := w.fill(ctx, k.loads.Of(k.built).Articles(k.built))
	if err != nil {
		return err
	}
	k.tell(fmt.Sprintf("changing %d of %d articles", k.changes, len(list)))
	var times []float64
	for i := range k.changes {
		took, err := w.change(ctx, list[i*len(list)/k.changes], fmt.Sprintf("changed%dword", i))
		if err != nil {
			return err
		}
		times = append(times, measure.Millis(took))
	}
	slices.Sort(times)
	k.figures["change.p50"], k.figures["change.p99"] = measure.Percentile(times, .5), measure.Percentile(times, .99)
	return nil
}

// kbWriter is an editor at a gateway of the bench.
type kbWriter struct {
	*kbRun
	app *App
}

// fill publishes articles one by one, as an import does, and waits for the index.
func (w kbWriter) fill(ctx context.Context, list []kb.Article) ([]kb.Article, error) {
	w.tell(fmt.Sprintf("storing %d articles", len(list)))
	st, told := w.app.Service.Articles, time.Now()
	for i, a := range list {
		now := time.Now()
		stored, _, err := st.TakeOver(ctx, kb.Arrival{Article: a, Origin: "bench/" + a.ID, Publish: true}, now)
		if err != nil {
			return nil, err
		}
		if list[i] = stored; now.Sub(told) > 5*time.Second {
			told = now
			w.tell(fmt.Sprintf("%d articles stored", i+1))
		}
	}
	if err := w.hint(ctx); err != nil {
		return nil, err
	}
	return list, w.until(ctx, func() bool { return w.app.Service.Index.Len() == len(list) })
}

// change writes a word that no other article has, publishes it, and waits until it is found.
func (w kbWriter) change(ctx context.Context, a kb.Article, word string) (time.Duration, error) {
	st, index := w.app.Service.Articles, w.app.Service.Index
	a.Version.Body += "\n\n" + word + "."
	saved, err := st.SaveVersion(ctx, a, time.Now())
	if err != nil {
		return 0, err
	}
	begun := time.Now()
	if _, err := st.Publish(ctx, a.ID, saved.Version.Number, "ag_bench", begun); err != nil {
		return 0, err
	}
	if err := w.hint(ctx); err != nil {
		return 0, err
	}
	err = w.until(ctx, func() bool {
		f := index.Search(kb.Query{Text: word, Limit: 1})
		return len(f.Results) > 0 && f.Results[0].Article == a.ID
	})
	return time.Since(begun), err
}

// hint tells the index that articles moved, as the routes of the console do.
func (w kbWriter) hint(ctx context.Context) error {
	heads, err := w.app.Service.Store.Heads(ctx, []string{"kb"})
	if err != nil {
		return err
	}
	return w.app.Service.Bus.Publish(ctx, gateway.Hint{Topic: "kb", Seq: heads["kb"]})
}

const (
	lookEvery = 200 * time.Microsecond
	givenUp   = time.Minute // nothing takes so long that is right
)

// until waits for something that this gateway is about to do.
func (kbWriter) until(ctx context.Context, done func() bool) error {
	for end := time.Now().Add(givenUp); !done(); {
		if time.Now().After(end) {
			return errors.New("the gateway's index did not take up what was published")
		}
		if err := pause(ctx, lookEvery); err != nil {
			return err
		}
	}
	return nil
}
