package gatewaytest_test

import (
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/postern-chat/postern/gateway"
	"github.com/postern-chat/postern/gateway/gatewaytest"
	"github.com/postern-chat/postern/gateway/local"
)

func rig(t *testing.T) gatewaytest.BusRig {
	now := time.Unix(1000, 0)
	b := gatewaytest.LossyBus(local.New(func() time.Time { return now }), gatewaytest.NoFault)
	t.Cleanup(func() { _ = b.Close() })
	return gatewaytest.BusRig{A: b, B: b, Advance: func(d time.Duration) { now = now.Add(d) }}
}

func TestABusWithoutFaultPassesTheSuite(t *testing.T) { gatewaytest.Bus(t, rig) }

func TestFaults(t *testing.T) {
	for _, c := range []struct {
		name  string
		fault gatewaytest.Fault
		want  []uint64
	}{
		{"none", gatewaytest.NoFault, []uint64{1, 2, 3, 4}},
		{"all dropped", gatewaytest.DropAll, nil},
		{"doubled", gatewaytest.Double, []uint64{1, 2, 1, 2, 3, 4, 3, 4}},
		{"reordered", gatewaytest.Reorder, []uint64{2, 4, 1}},
		{"delayed", gatewaytest.Delay, []uint64{1, 2, 3, 4}},
		{"silent", gatewaytest.Silent, nil},
	} {
		t.Run(c.name, func(t *testing.T) { synctest.Test(t, func(t *testing.T) { faulty(t, c.fault, c.want) }) })
	}
}

func faulty(t *testing.T, fault gatewaytest.Fault, want []uint64) {
	b := gatewaytest.LossyBus(local.New(time.Now), fault)
	var mu sync.Mutex
	var heard []uint64
	b.Subscribe("x", func(h gateway.Hint) {
		mu.Lock()
		defer mu.Unlock()
		heard = append(heard, h.Seq)
	})
	all := func() []uint64 {
		mu.Lock()
		defer mu.Unlock()
		return slices.Clone(heard)
	}
	for seq := uint64(1); seq < 4; seq += 2 {
		if err := b.Publish(t.Context(), gateway.Hint{Topic: "x", Seq: seq}, gateway.Hint{Topic: "x", Seq: seq + 1}); err != nil {
			t.Fatal(err)
		}
		if fault == gatewaytest.Delay && len(all()) >= int(seq) {
			t.Errorf("number %d was not delayed", seq)
		}
		time.Sleep(time.Second) // of the bubble's clock
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	if got := all(); !slices.Equal(got, want) {
		t.Fatalf("heard %v, want %v", got, want)
	}
}
