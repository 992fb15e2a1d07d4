package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"

	"github.com/gofiber/fiber/v2"

	"github.com/postern-chat/postern/gateway/bench"
)

// bareFiber asks a Fiber with one route and nothing else, as the gateway's plain route is asked.
func bareFiber(ctx context.Context, p plan) (_ bench.Figures, err error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	s, err := start(exec.Command(self, "serve-fiber", p.answer), os.Stderr)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.stop()) }()
	rate, err := bench.Requests(ctx, s.address, "/", p.connections, p.last)
	return bench.Figures{"rate": rate}, err
}

// serveFiber answers the same bytes until the standard input ends.
func serveFiber(args []string) error {
	if len(args) != 1 {
		return errors.New("usage: compare serve-fiber ANSWER")
	}
	app := fiber.New(fiber.Config{DisableStartupMessage: true})
	app.Get("/", func(c *fiber.Ctx) error {
		c.Set(fiber.HeaderContentType, fiber.MIMEApplicationJSON)
		return c.SendString(args[0])
	})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	done := make(chan error, 1)
	go func() { done <- app.Listener(l) }()
	fmt.Println(l.Addr())
	_, _ = io.Copy(io.Discard, os.Stdin)
	return errors.Join(app.Shutdown(), <-done)
}
