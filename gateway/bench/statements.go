package bench

import (
	"bufio"
	"bytes"
	"io"
)

// Statements is what a PostgreSQL was asked, read from its own log under log_statement=all.
type Statements struct {
	Batches int // transactions that store events
	Others  int // other transactions
	Inside  int // statements of the batches
	Outside int // statements outside of any transaction
}

// CountStatements reads log lines of the default form "time [process] LOG:  execute name: text". A transaction that
// has begun before is counted with its end. Errors: those of the reader.
func CountStatements(r io.Reader) (s Statements, err error) {
	open := map[string]*transaction{}
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		process, text, ok := logged(lines.Bytes())
		if !ok {
			continue
		}
		t := open[string(process)]
		switch {
		case starts(text, "begin"):
			open[string(process)] = &transaction{}
		case starts(text, "commit"), starts(text, "rollback"):
			delete(open, string(process))
			switch {
			case t == nil:
			case t.events:
				s.Batches++
				s.Inside += t.statements
			default:
				s.Others++
			}
		case t == nil:
			s.Outside++
		default:
			t.statements++
			t.events = t.events || starts(text, "insert into events")
		}
	}
	return s, lines.Err()
}

type transaction struct {
	statements int
	events     bool
}

// logged takes a log line apart; lines that continue a query are none.
func logged(line []byte) (process, text []byte, ok bool) {
	_, rest, ok := bytes.Cut(line, []byte(" ["))
	if !ok {
		return nil, nil, false
	}
	process, rest, _ = bytes.Cut(rest, []byte("]"))
	rest, ok = bytes.CutPrefix(rest, []byte(" LOG:  "))
	if !ok || !bytes.HasPrefix(rest, []byte("execute ")) && !bytes.HasPrefix(rest, []byte("statement: ")) {
		return nil, nil, false
	}
	_, text, ok = bytes.Cut(rest, []byte(": "))
	return process, bytes.TrimSpace(text), ok
}

// starts reports whether a statement begins so, in any case of letters.
func starts(text []byte, word string) bool {
	return len(text) >= len(word) && bytes.EqualFold(text[:len(word)], []byte(word))
}
