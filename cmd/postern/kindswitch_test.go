package main

import (
	"sync"
	"testing"

	"github.com/postern-chat/postern/gateway"
)

// Admins who switch several kinds off in the same moment overwrite nothing: every one of them is off after it.
func TestKindSwitchRace(t *testing.T) {
	s := newRealShop(t)
	svc := s.node.Service
	p, err := svc.Policy()
	if err != nil || len(p.Kinds) < 3 {
		t.Fatalf("%d kinds, %v", len(p.Kinds), err)
	}
	var race sync.WaitGroup
	for _, k := range p.Kinds {
		who := gateway.Caller{Actor: gateway.Actor{Role: gateway.RoleAdmin, ID: id(t, gateway.PrefixAgent)}, Name: "Ann"}
		race.Go(func() {
			if sw, err := svc.SwitchKind(t.Context(), who, k.Name, true); err != nil || sw.OffBy != who.Actor.ID {
				t.Errorf("%s: %+v %v", k.Name, sw, err)
			}
		})
	}
	race.Wait()
	off, err := svc.KindSwitches(t.Context())
	if err != nil || len(off) != len(p.Kinds) {
		t.Errorf("%d of %d kinds are off, %v", len(off), len(p.Kinds), err)
	}
}
