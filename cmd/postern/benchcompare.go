package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"

	"github.com/postern-chat/postern/gateway/bench"
)

// reference measures a server of others with the same chats, over the program of gateway/compare.
func (t *tableRun) reference(name string) func(context.Context) error {
	return func(ctx context.Context) error {
		args := []string{name, "--chats", fmt.Sprint(t.chats), "--warm", t.warm.String(), "--last", t.last.String()}
		if name == "socketio2" {
			set, err := t.benchLab.beside(ctx, benchSet{nodes: 2})
			if err != nil {
				return err
			}
			args = append(args, "--redis-url", set.redis)
		}
		return t.compared(ctx, name, args...)
	}
}

// compared runs the program and keeps the figures that it prints as one JSON object.
func (t *tableRun) compared(ctx context.Context, name string, args ...string) error {
	cmd := exec.CommandContext(ctx, t.compare, args...)
	cmd.Stderr = t.err
	out, err := cmd.Output()
	if err != nil {
		return err
	}
	var f bench.Figures
	if err := json.Unmarshal(out, &f); err != nil {
		return err
	}
	if f["rate"] <= 0 {
		return errors.New("the program gives no rate")
	}
	for figure, v := range f {
		t.figures[name+"."+figure] = v
	}
	return nil
}
