package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"

	"github.com/postern-chat/postern/kb/measure"
)

// references starts the program of kb/compare and takes its rows.
func (k *kbRun) references(ctx context.Context) error {
	if k.compare == "" {
		return nil
	}
	sizes := strings.ReplaceAll(strings.Trim(fmt.Sprint(k.sizes), "[]"), " ", ",")
	args := []string{"--articles", sizes, "--questions", fmt.Sprint(k.questions), "--seed", fmt.Sprint(k.seed), "--dir", k.dir}
	if k.sets != "" {
		args = append(args, "--sets", k.sets)
	}
	cmd := exec.CommandContext(ctx, k.compare, args...)
	cmd.Stderr = k.err
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	err = k.takeAll(out)
	if err = errors.Join(err, cmd.Wait()); err != nil {
		return fmt.Errorf("%s: %w", k.compare, err)
	}
	return nil
}

// takeAll reads rows to the end; what is no row ends the program, because nobody reads on.
func (k *kbRun) takeAll(out io.Reader) error {
	rows := json.NewDecoder(out)
	for {
		var r measure.Row
		if err := rows.Decode(&r); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		k.take(r)
	}
}

func (k *kbRun) take(r measure.Row) {
	if r.Speed != nil {
		k.speeds = append(k.speeds, *r.Speed)
	}
	if r.Quality != nil {
		k.found = append(k.found, *r.Quality)
	}
}
