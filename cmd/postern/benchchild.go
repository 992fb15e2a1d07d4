package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/postern-chat/postern/gateway/bench"
)

// benchChild is a process of this program that is measured: started with its standard input open, ended by closing it.
type benchChild struct {
	cmd   *exec.Cmd
	in    io.WriteCloser
	out   *bufio.Reader
	ended chan error // how it ended, once
}

// newChild starts 'postern bench ARGS'.
func newChild(c call, env []string, args ...string) (*benchChild, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	b := &benchChild{cmd: exec.Command(self, append([]string{"bench"}, args...)...), ended: make(chan error, 1)}
	b.cmd.Env, b.cmd.Stderr = append(os.Environ(), env...), c.err
	if b.in, err = b.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := b.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	b.out = bufio.NewReader(out)
	if err := b.cmd.Start(); err != nil {
		return nil, err
	}
	go func() { b.ended <- b.cmd.Wait() }()
	return b, nil
}

// say writes a line to the child.
func (b *benchChild) say(line string) error {
	_, err := io.WriteString(b.in, line)
	return err
}

// hear reads one line of the child's.
func (b *benchChild) hear() (string, error) {
	line, err := b.out.ReadString('\n')
	return strings.TrimSuffix(line, "\n"), err
}

// memory is what the child holds: as it is, and after it has given back what it does not use.
func (b *benchChild) memory() (asIs, used int64, err error) {
	asIs, err = bench.ProcessMemory(b.cmd.Process.Pid)
	if err != nil {
		return 0, 0, err
	}
	if err := b.say(collect); err != nil {
		return 0, 0, err
	}
	if line, err := b.hear(); err != nil || line != "collected" {
		return 0, 0, errors.Join(fmt.Errorf("the process says %q", line), err)
	}
	used, err = bench.ProcessMemory(b.cmd.Process.Pid)
	return asIs, used, err
}

// stop ends the child and waits for it.
func (b *benchChild) stop() error {
	_ = b.in.Close()
	select {
	case err := <-b.ended:
		return err
	case <-time.After(time.Minute):
		_ = b.cmd.Process.Kill()
		return errors.Join(errors.New("a process had to be killed"), <-b.ended)
	}
}
