package main

import (
	"bufio"
	"errors"
	"io"
	"os/exec"
	"strings"
	"time"

	"github.com/postern-chat/postern/gateway/bench"
)

// child is a server in a process of its own. It prints its address and ends with its standard input.
type child struct {
	cmd     *exec.Cmd
	in      io.Closer
	address string
}

func start(cmd *exec.Cmd, stderr io.Writer) (*child, error) {
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	cmd.Stderr = stderr
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	c := &child{cmd: cmd, in: in}
	line, err := bufio.NewReader(out).ReadString('\n')
	c.address = strings.TrimSpace(line)
	if err != nil {
		return nil, errors.Join(err, c.stop())
	}
	return c, nil
}

func (c *child) stop() error {
	_ = c.in.Close()
	kill := time.AfterFunc(10*time.Second, func() { _ = c.cmd.Process.Kill() })
	defer kill.Stop()
	return c.cmd.Wait()
}

// cpu is the processor time of several servers.
func cpu(children []*child) (sum time.Duration) {
	for _, c := range children {
		d, err := bench.ProcessTime(c.cmd.Process.Pid)
		if err != nil {
			return 0
		}
		sum += d
	}
	return sum
}
