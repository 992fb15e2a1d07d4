package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"sync"
)

// journal is an enforcer's table of burned commitments: a file of lines that only grows, read into memory at the start.
// A line is on the disk before it counts. One process has it.
type journal struct {
	mu   sync.Mutex
	file *os.File
	rows map[string]journalRow
}

// journalRow is one line. A later line of the same commitment brings its answer.
type journalRow struct {
	Commit string          `json:"commit"`
	Chg    string          `json:"chg"`
	Answer json.RawMessage `json:"answer,omitempty"`
}

// openJournal reads the file and locks it. A last line without its end was never acted upon and is cut off; any other
// line that cannot be read is an error.
func openJournal(path string) (*journal, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	j := &journal{file: f, rows: map[string]journalRow{}}
	if err := lockFile(f); err != nil {
		return nil, errors.Join(fmt.Errorf("%s: another process has it: %w", path, err), f.Close())
	}
	if err := j.read(); err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", path, err), f.Close())
	}
	return j, nil
}

func (j *journal) read() error {
	var whole int64
	r := bufio.NewReader(j.file)
	for {
		line, err := r.ReadBytes('\n')
		if err != nil { // the end, maybe with half a line before it
			_, seek := j.file.Seek(whole, 0)
			return errors.Join(j.file.Truncate(whole), seek)
		}
		var row journalRow
		if err := json.Unmarshal(line, &row); err != nil || row.Commit == "" {
			return fmt.Errorf("byte %d: a damaged line", whole)
		}
		j.rows[row.Commit] = row
		whole += int64(len(line))
	}
}

func (j *journal) write(row journalRow) error {
	b, err := json.Marshal(row)
	if err != nil {
		return err
	}
	if _, err := j.file.Write(append(b, '\n')); err != nil {
		return err
	}
	if err := j.file.Sync(); err != nil {
		return err
	}
	j.rows[row.Commit] = row
	return nil
}

// Burn implements receipt.Burns.
func (j *journal) Burn(commit, chg string) (fresh bool, old string, answer []byte, err error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if row, ok := j.rows[commit]; ok {
		return false, row.Chg, row.Answer, nil
	}
	return true, "", nil, j.write(journalRow{Commit: commit, Chg: chg})
}

// Answered implements receipt.Burns.
func (j *journal) Answered(commit string, answer []byte) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.write(journalRow{Commit: commit, Chg: j.rows[commit].Chg, Answer: answer})
}

// Find implements receipt.Burns.
func (j *journal) Find(commit string) (chg string, answer []byte, found bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	row, ok := j.rows[commit]
	return row.Chg, row.Answer, ok
}

// Close gives the file back.
func (j *journal) Close() error { return j.file.Close() }
