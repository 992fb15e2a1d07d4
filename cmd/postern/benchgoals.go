package main

import b "github.com/postern-chat/postern/gateway/bench"

// What the references reached where the goals were set: the table's absolute rates hold on such a machine.
const (
	basisOne = 11300 // socket.io, messages/s
	basisTwo = 7300  // socket.io with its Redis adapter, two nodes
)

// benchGoals is performance.md §1, line by line; F14 stands in other tables. Sizes are what was measured with, which
// flags can make smaller.
func benchGoals() []b.Goal {
	least := func(id, what, unit string, figure, target func(b.Figures) (float64, bool)) b.Goal {
		return b.Goal{ID: id, What: what, Unit: unit, Figure: figure, Target: target, AtLeast: true}
	}
	most := func(id, what, unit string, figure, target func(b.Figures) (float64, bool)) b.Goal {
		return b.Goal{ID: id, What: what, Unit: unit, Figure: figure, Target: target}
	}
	return []b.Goal{
		most("F1", "memory per idle websocket joined to a conversation", "KB", b.Named("idle.kb"), b.Fixed(8)),
		most("F1", "… to a bare TCP goroutine", "×", b.Over("idle.kb", "tcp.kb"), b.Fixed(2)),
		most("F2", "many connections in one process, resident", "MB", b.Named("many.mb"), b.Fixed(170)),
		most("F2", "… cut off while they stayed", "", b.Named("many.cut"), b.Fixed(0)),
		most("F2", "… growth while they stayed", "%", b.Named("many.growth"), b.Fixed(5)),
		least("F3", "durable messages, SQLite FULL, 200 chats, one in flight each", "/s", b.Named("one.rate"), b.Scaled(14000, "socketio.rate", basisOne)),
		least("F3", "… to socket.io, which stores nothing", "×", b.Over("one.rate", "socketio.rate"), b.Fixed(1)),
		least("F3", "… to nats-server, which stores nothing", "×", b.Over("one.rate", "nats.rate"), b.Fixed(1)),
		least("F3", "… to one row per commit on this disk", "×", b.Over("one.rate", "rows.rate"), b.Fixed(1.3)),
		least("F4", "the same, eight in flight each", "/s", b.Named("eight.rate"), b.Scaled(30000, "socketio.rate", basisOne)),
		least("F4", "… to the same server without a store", "×", b.Over("eight.rate", "unstored.rate"), b.Fixed(.75)),
		least("F5", "durable messages, PostgreSQL, one node", "/s", b.Named("postgres.rate"), b.Scaled(13000, "socketio.rate", basisOne)),
		least("F6", "durable messages, two nodes, PostgreSQL and Redis", "/s", b.Named("nodes.rate"), b.Scaled(12000, "socketio2.rate", basisTwo)),
		least("F6", "… to socket.io with Redis, not durable", "×", b.Over("nodes.rate", "socketio2.rate"), b.Fixed(1.5)),
		most("F7", "send to delivered at 1,000/s, visitor to agent, p50", "ms", b.Named("open.p50"), b.Fixed(.8)),
		most("F7", "… p99: 5 ms, or 3 × a bare fsync loop's and 2 ms", "ms", b.Named("open.p99"), b.Loosest(5, 3, "fsync.p99", 2)),
		most("F7", "… agent to visitor, p50", "ms", b.Named("openagent.p50"), b.Fixed(.8)),
		most("F7", "… agent to visitor, p99", "ms", b.Named("openagent.p99"), b.Loosest(5, 3, "fsync.p99", 2)),
		most("F7", "… across two nodes, p50", "ms", b.Named("opennodes.p50"), b.Fixed(1.5)),
		least("F8", "5 ms in every commit: durable messages", "/s", b.Named("slow.rate"), b.Scaled(10000, "socketio.rate", basisOne)),
		most("F8", "… at 1,000/s, send to delivered, p99", "ms", b.Named("slowopen.p99"), b.Fixed(15)),
		most("F9", "server processor time per message, visitor to agent", "µs", b.Named("one.cpu"), b.Fixed(60)),
		most("F9", "… eight in flight", "µs", b.Named("eight.cpu"), b.Fixed(25)),
		most("F9", "… agent to visitor, more than that", "µs", b.Minus("agents.cpu", "one.cpu"), b.Fixed(25)),
		most("F10", "database transactions per message beside the batches'", "", b.Named("statements.transactions"), b.Fixed(.01)),
		most("F10", "… transactions of batches per message", "", b.Named("statements.batches"), b.Fixed(1)),
		most("F10", "… reads outside of transactions per message", "", b.Named("statements.reads"), b.Fixed(.01)),
		least("F11", "a plain JSON route to bare Fiber", "×", b.Over("route.rate", "fiber.rate"), b.Fixed(.95)),
		most("F12", "reconnect storm: until the last has resumed", "s", b.Named("storm.seconds"), b.Fixed(10)),
		most("F12", "… not resumed", "", b.Named("storm.gone"), b.Fixed(0)),
		most("F12", "… doubled or lost", "", b.Named("storm.wrong"), b.Fixed(0)),
		most("F13", "cost of a message, many conversations to few", "×", b.Over("manychats.cpu", "fewchats.cpu"), b.Fixed(1.2)),
		most("F13", "… many stored messages to few", "×", b.Over("muchstored.cpu", "littlestored.cpu"), b.Fixed(1.2)),
		most("F15", "binary to first served request, the demo's articles", "ms", b.Named("start.ms"), b.Fixed(300)),
		most("F15", "… an empty process, resident", "MB", b.Named("start.mb"), b.Fixed(40)),
	}
}
