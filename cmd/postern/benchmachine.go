package main

import (
	"runtime"
	"runtime/debug"

	"github.com/postern-chat/postern/gateway/bench"
)

// machine names this one, and the versions of what decides about speed.
func machine() bench.Machine {
	v := bench.ServerVersions()
	v["go"] = runtime.Version()
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, m := range info.Deps {
			switch m.Path {
			case "github.com/coder/websocket", "github.com/gofiber/fiber/v2", "github.com/valyala/fasthttp",
				"github.com/redis/go-redis/v9", "modernc.org/sqlite", "github.com/jackc/pgx/v5":
				v[m.Path] = m.Version
			}
		}
	}
	return bench.ThisMachine(v)
}
