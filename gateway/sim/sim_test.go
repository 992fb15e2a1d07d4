package sim

import (
	"math"
	"testing"
)

func figures() Figures {
	return Figures{
		SocketKB: 8, ProcessMB: 40, SocketsPerNode: 20000, MessageUS: 60, RemoteUS: 25, PingUS: 12, PingSeconds: 20, ResumeUS: 400,
		CommitMS: 5, RowUS: 20, TransUS: 350, Lanes: 4, BatchMax: 1000, DatabaseRate: 10000, Connections: 16, ConnectionsX: 100,
		HeadsPerLook: 200, LookSeconds: 2, LookUS: 500, JobLooks: 8, JobLookUS: 60, RowBytes: 400, RedisRate: 200000, HintsPerMessage: 2,
	}
}

// Group commit without a timer: alone a message waits for its own commit; the more come, the more share one; above
// what full batches store, the queue grows. The same seed gives the same figures.
func TestCommitting(t *testing.T) {
	f := figures()
	if g := Committing(f, 1, 1); math.Abs(g.P50-f.CommitMS-f.RowUS/1000) > 1e-6 || g.Batch > 1.01 || g.Behind {
		t.Errorf("alone: %+v", g)
	}
	last := Grouped{}
	for _, rate := range []float64{100, 1000, 10_000, 40_000} {
		g := Committing(f, rate, 1)
		if g.Batch <= last.Batch || g.P99 < last.P99 || g.Behind {
			t.Errorf("at %.0f/s: %+v, after %+v", rate, g, last)
		}
		if again := Committing(f, rate, 1); again != g {
			t.Errorf("at %.0f/s: %+v, then %+v", rate, g, again)
		}
		last = g
	}
	full := float64(f.BatchMax) / (f.CommitMS + float64(f.BatchMax)*f.RowUS/1000) * 1000
	if g := Committing(f, full*2, 1); !g.Behind || g.P99 < last.P99 {
		t.Errorf("twice what is stored (%.0f/s): %+v", full, g)
	}
	if g := Committing(f, 0, 1); g.Behind || g.Batch != 1 {
		t.Errorf("nothing: %+v", g)
	}
}

// Each thing gives out at the load that uses it up, and not before.
func TestReckon(t *testing.T) {
	m := Machine{Cores: 4, MemoryGB: 8, DatabaseCores: 8, Full: .5}
	for _, c := range []struct {
		name string
		load Load
		bend func(*Figures)
		want int // gateways
		why  string
		over string
	}{
		{"a small site", Load{Visitors: 100, Agents: 5, Chats: 20, Messages: 2, PerDay: 1e4}, nil, 1, "sockets", ""},
		{"idle visitors", Load{Visitors: 25000, Agents: 5, Chats: 20, Messages: 2, PerDay: 1e4}, nil, 3, "sockets", "sockets of one gateway"},
		{"large sockets", Load{Visitors: 25000, Messages: 2}, func(f *Figures) { f.SocketsPerNode, f.SocketKB = 1<<30, 512 }, 4, "memory", "memory of one gateway"},
		{"much writing", Load{Visitors: 1000, Messages: 40000}, func(f *Figures) { f.DatabaseRate, f.TransUS = 1e9, 1 }, 2, "processor", "processor of one gateway"},
		{"more than a database", Load{Visitors: 1000, Messages: 9000}, nil, 1, "processor", "commits of one database"},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := figures()
			if c.bend != nil {
				c.bend(&f)
			}
			p := Reckon(f, m, c.load, 1)
			if p.Gateways != c.want || p.Why != c.why {
				t.Errorf("%d gateways by %s, want %d by %s", p.Gateways, p.Why, c.want, c.why)
			}
			over := ""
			if u := p.Over(m); len(u) > 0 {
				over = u[0].Name
			}
			if over != c.over {
				t.Errorf("%q gives out first, want %q: %v", over, c.over, p.Uses)
			}
			if more := Reckon(f, m, c.load.Times(3), 1); more.Gateways < p.Gateways || more.Database <= p.Database || more.GBPerMonth < p.GBPerMonth {
				t.Errorf("three times the load needs less: %+v", more)
			}
		})
	}
}
