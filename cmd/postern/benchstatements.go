package main

import (
	"context"
	"errors"
	"io"
	"os"
	"time"

	"github.com/postern-chat/postern/gateway/bench"
)

// statements counts what PostgreSQL itself says it was asked while messages were written, less what it is asked anyway.
func (t *tableRun) statements(ctx context.Context) error {
	set, err := t.benchLab.beside(ctx, benchSet{chats: t.chats, agents: watching, nodes: 1})
	if err != nil {
		return err
	}
	set.database += "&log_statement=all"
	log := t.postgres.Log()
	return t.on(ctx, set, func(s *benchStage) error {
		idle := min(t.last, 3*time.Second)
		before, err := countStatements(log, func() error { return pause(ctx, idle) })
		if err != nil {
			return err
		}
		p := benchPlan{inflight: 1, warm: t.warm, last: min(t.last, 3*time.Second), body: bodySize}
		var marks []int64 // of the log, when the measuring began and ended
		load := s.loadOf(p, t.tell)
		load.CPU = func() time.Duration {
			n, _ := fileSize(log)
			marks = append(marks, n)
			return 0
		}
		r, err := load.Run(ctx)
		if err != nil {
			return err
		}
		if len(marks) != 2 || r.Messages == 0 {
			return errors.New("nothing was measured")
		}
		during, err := statementsBetween(log, marks[0], marks[1])
		if err != nil {
			return err
		}
		share, n := r.Seconds/idle.Seconds(), float64(r.Messages)
		less := func(count, anyway int) float64 { return max(0, float64(count)-share*float64(anyway)) / n }
		t.figures["statements.batches"] = float64(during.Batches) / n
		t.figures["statements.transactions"] = less(during.Others, before.Others)
		t.figures["statements.reads"] = less(during.Outside, before.Outside)
		t.figures["statements.in_batches"] = float64(during.Inside) / n
		return nil
	})
}

func fileSize(path string) (int64, error) {
	i, err := os.Stat(path)
	if err != nil {
		return 0, err
	}
	return i.Size(), nil
}

// countStatements counts what is logged while fn runs.
func countStatements(log string, fn func() error) (s bench.Statements, err error) {
	from, err := fileSize(log)
	if err != nil {
		return s, err
	}
	if err := fn(); err != nil {
		return s, err
	}
	to, err := fileSize(log)
	if err != nil {
		return s, err
	}
	return statementsBetween(log, from, to)
}

func statementsBetween(log string, from, to int64) (s bench.Statements, err error) {
	f, err := os.Open(log)
	if err != nil {
		return s, err
	}
	defer f.Close()
	return bench.CountStatements(io.NewSectionReader(f, from, to-from))
}
