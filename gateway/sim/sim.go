package sim

import "math"

// Figures are what one message, one socket and one of each server cost or bear. Every one is measured; capacity.toml
// says where.
type Figures struct {
	SocketKB       float64 `toml:"socket_kb"`        // resident memory of an idle joined websocket
	ProcessMB      float64 `toml:"process_mb"`       // of a gateway without any
	SocketsPerNode int     `toml:"sockets_per_node"` // limits.connections
	MessageUS      float64 `toml:"message_us"`       // gateway's processor time per message, with its deliveries and ack
	RemoteUS       float64 `toml:"remote_us"`        // more for one whose receiver is on another gateway
	PingUS         float64 `toml:"ping_us"`          // gateway's processor time per ping and pong
	PingSeconds    float64 `toml:"ping_seconds"`     // between pings of a visitor
	ResumeUS       float64 `toml:"resume_us"`        // gateway's processor time per socket that comes back

	CommitMS     float64 `toml:"commit_ms"`      // one commit without rows: the disk's fsync and the way there
	RowUS        float64 `toml:"row_us"`         // of the database per message in a batch
	TransUS      float64 `toml:"transaction_us"` // of the database's processor per transaction, whatever is in it
	Lanes        int     `toml:"lanes"`          // committers of one gateway
	BatchMax     int     `toml:"batch_max"`      // messages in one transaction
	DatabaseRate float64 `toml:"database_rate"`  // durable messages/s that one database took with everything around
	Connections  int     `toml:"connections"`    // to the database, kept by one gateway
	ConnectionsX int     `toml:"connections_of"` // that the database allows
	HeadsPerLook int     `toml:"heads_per_look"` // topics compared in one query
	LookSeconds  float64 `toml:"look_seconds"`   // between two looks
	LookUS       float64 `toml:"look_us"`        // of the database's processor per look
	JobLooks     float64 `toml:"job_looks"`      // a second and gateway
	JobLookUS    float64 `toml:"job_look_us"`    // of the database's processor per look
	RowBytes     float64 `toml:"row_bytes"`      // on the disk per message, indexes included

	RedisRate       float64 `toml:"redis_rate"`        // pipelined publishes/s of one Redis
	HintsPerMessage float64 `toml:"hints_per_message"` // topics that a message touches
}

// Load is what is asked of an installation.
type Load struct {
	Visitors int     `toml:"visitors"` // open sockets
	Agents   int     `toml:"agents"`   // open sockets
	Chats    int     `toml:"chats"`    // active conversations
	Messages float64 `toml:"messages"` // a second, at the peak
	PerDay   float64 `toml:"per_day"`  // messages in a day: the peak does not last
}

// Times is the load x times over.
func (l Load) Times(x int) Load {
	f := float64(x)
	return Load{Visitors: l.Visitors * x, Agents: l.Agents * x, Chats: l.Chats * x, Messages: l.Messages * f, PerDay: l.PerDay * f}
}

// Machine is what one gateway and one database run on.
type Machine struct {
	Cores         int     `toml:"cores"`
	MemoryGB      float64 `toml:"memory_gb"`
	DatabaseCores int     `toml:"database_cores"`
	Full          float64 `toml:"full"` // share of anything that is planned for: the rest is for peaks and for a gateway that dies
}

// Use is one thing that can give out, and how much of it a load takes: 1 = all of it.
type Use struct {
	Name string
	Of   float64
}

// Plan is what a load needs.
type Plan struct {
	Load
	Gateways    int
	Why         string  // what decides their number
	CPU         float64 // share of a gateway's processors
	MemoryMB    float64 // of a gateway
	Commits     float64 // database transactions a second
	Batch       float64 // messages in one, mean
	AckP50      float64 // ms, send → stored, simulated
	AckP99      float64
	Behind      bool    // more comes than the committers store
	Database    float64 // share of what one database takes
	Looking     float64 // share of the database's processors that looking takes, without any message
	Connections int     // to the database
	Back        float64 // seconds of work until the sockets of a dead gateway are back at the others (at itself, if it is alone)
	Redis       float64 // share of one Redis
	GBPerMonth  float64
	Uses        []Use // of one gateway, one database, one Redis: most used first
	Databases   int   // that are needed so that none is over Full
}

// Reckon makes the plan for a load. seed decides the arrivals of the simulated messages.
func Reckon(f Figures, m Machine, l Load, seed uint64) Plan {
	p := Plan{Load: l}
	sockets := float64(l.Visitors + l.Agents)
	room := (m.MemoryGB*1024*m.Full - f.ProcessMB) * 1024 / f.SocketKB
	cpu := (l.Messages*f.MessageUS + sockets/f.PingSeconds*f.PingUS) / 1e6
	need := []Use{
		{"sockets", sockets / (float64(f.SocketsPerNode) * m.Full)},
		{"memory", sockets / room},
		{"processor", cpu / (float64(m.Cores) * m.Full)},
	}
	most := need[0]
	for _, u := range need {
		if u.Of > most.Of {
			most = u
		}
	}
	p.Gateways, p.Why = max(1, int(math.Ceil(most.Of))), most.Name
	if p.Gateways > 1 { // most receivers are elsewhere
		cpu += l.Messages * f.RemoteUS * (1 - 1/float64(p.Gateways)) / 1e6
		p.Gateways = max(p.Gateways, int(math.Ceil(cpu/(float64(m.Cores)*m.Full))))
	}
	nodes := float64(p.Gateways)
	p.CPU = cpu / nodes / float64(m.Cores)
	p.MemoryMB = f.ProcessMB + sockets/nodes*f.SocketKB/1024
	topics := float64(l.Chats) + float64(l.Visitors) // a conversation each
	p.Looking = (topics/float64(f.HeadsPerLook)/f.LookSeconds*f.LookUS + nodes*f.JobLooks*f.JobLookUS) / 1e6 / float64(m.DatabaseCores)
	p.commits(f, m, seed)
	p.Connections = p.Gateways * f.Connections
	p.Back = sockets / nodes * f.ResumeUS / 1e6 / float64(m.Cores) / max(1, nodes-1)
	if p.Gateways > 1 {
		p.Redis = l.Messages * f.HintsPerMessage / f.RedisRate
	}
	p.GBPerMonth = l.PerDay * 30 * f.RowBytes / 1e9
	p.Uses = sorted(
		Use{"sockets of one gateway", sockets / float64(f.SocketsPerNode)},
		Use{"memory of one gateway", processNeed(f, sockets) / (m.MemoryGB * 1024)},
		Use{"processor of one gateway", cpu / float64(m.Cores)},
		Use{"commits of one database", p.Database},
		Use{"connections of one database", float64(p.Connections) / float64(f.ConnectionsX)},
		Use{"one Redis", p.Redis},
	)
	return p
}

// commits simulates the committers, and says how many databases it takes that none is over m.Full. Partitions share the
// messages, and each gateway then has a committer's queue in one of them only.
func (p *Plan) commits(f Figures, m Machine, seed uint64) {
	g := Committing(f, p.Messages/float64(p.Gateways*f.Lanes), seed)
	p.AckP50, p.AckP99, p.Batch, p.Behind = g.P50, g.P99, g.Batch, g.Behind
	p.Commits = p.Messages / g.Batch
	work := (p.Commits*f.TransUS + p.Messages*f.RowUS) / 1e6 / float64(m.DatabaseCores)
	p.Database = max(p.Messages/f.DatabaseRate, work) + p.Looking
	p.Databases = max(1, int(math.Ceil(p.Database/m.Full)))
}

// Over lists what is used more than the machine's share allows, of one of each.
func (p Plan) Over(m Machine) (out []Use) {
	for _, u := range p.Uses {
		if u.Of > m.Full {
			out = append(out, u)
		}
	}
	return out
}

// processNeed is the memory that all sockets would take in one process, MB.
func processNeed(f Figures, sockets float64) float64 {
	return f.ProcessMB + sockets*f.SocketKB/1024
}

func sorted(u ...Use) []Use {
	for i := 1; i < len(u); i++ { // few, and equal ones keep their order
		for j := i; j > 0 && u[j].Of > u[j-1].Of; j-- {
			u[j], u[j-1] = u[j-1], u[j]
		}
	}
	return u
}
