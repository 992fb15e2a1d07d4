package main

import (
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/postern-chat/postern/gateway"
	"github.com/postern-chat/postern/gateway/gatewaytest"
)

// busFault is the variable under which this package's gateways have a bus that fails: its value names the fault.
const busFault = "POSTERN_TEST_BUS"

// losing gives a gateway that a test starts in its own process the bus that busFault names.
func losing() func(gateway.Bus) gateway.Bus {
	faults := map[string]gatewaytest.Fault{"drop": gatewaytest.DropAll, "double": gatewaytest.Double, "reorder": gatewaytest.Reorder, "delay": gatewaytest.Delay}
	fault, ok := faults[os.Getenv(busFault)]
	if !ok {
		return nil
	}
	return func(b gateway.Bus) gateway.Bus { return gatewaytest.LossyBus(b, fault) }
}

// product is what people do with the chat: the walks, routing, what the console shows, disconnects, the gate.
// Most of these tests have a case with two gateways, so that nothing but the bus and the database is between them.
func product() []string {
	return []string{
		"TestWalkChat", "TestWalkNobodyThere", "TestWalkTwoConsoles", "TestWalkGate", "TestDeclineAlone", "TestGuideFollowed", "TestRatingByMail",
		"TestRiskReasons", "TestLeakGuardOnTheWay", "TestDownloads", "TestThousandDisconnects", "TestKindSwitchRace",
	}
}

// The product's own tests pass with a bus that loses every hint, slower: only numbers in the database say what has
// happened (architecture.md §12). They pass too where hints come twice, in another order, or late.
func TestProductWithoutHints(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for fault, tests := range map[string][]string{
		"drop": product(), "double": {"TestWalkChat", "TestWalkTwoConsoles"}, "reorder": {"TestWalkChat", "TestWalkTwoConsoles"}, "delay": {"TestWalkChat", "TestWalkTwoConsoles"},
	} {
		t.Run(fault, func(t *testing.T) {
			cmd := exec.CommandContext(t.Context(), self, "-test.run", "^("+strings.Join(tests, "|")+")$", "-test.v", "-test.count", "1", "-test.timeout", "15m")
			cmd.Env = append(os.Environ(), busFault+"="+fault)
			begun := time.Now()
			out, err := cmd.CombinedOutput()
			if err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			for _, name := range tests {
				if !strings.Contains(string(out), "--- PASS: "+name+" ") {
					t.Errorf("%s was not run", name)
				}
			}
			t.Logf("%d tests in %s", len(tests), time.Since(begun).Round(time.Second))
		})
	}
}

// Two consoles at two gateways, and a visitor at the first: who is there, what waits, what is offered, claimed,
// written, noted, handed on and closed reaches both consoles and the visitor, each event once and in order.
func TestWalkTwoConsoles(t *testing.T) {
	c := shared(t)
	one := startNode(t, c)
	two := openNode(t, c)
	two.box, two.agents = one.box, one.agents
	mia, ben := one.agent(t, 0), two.agent(t, 1)
	box, miaID, benID := string(one.box.ID), string(one.agents[0].ID), string(one.agents[1].ID)
	vic, b := one.dial(t, nil), newBrowser(t)
	b.hello(t, vic, nil)
	ben.ok("availability.set", map[string]any{"value": "available"})
	mia.event("availability.changed", box)

	cv := vic.ok("conversation.start", map[string]any{"command_id": "s", "client_id": "m", "text": "Is it far?"})["conversation"].(map[string]any)["id"].(string)
	mia.event("conversation.queued", box)
	ring := ben.event("conversation.offered", benID)["data"].(map[string]any)["ring"]
	mia.ok("availability.set", map[string]any{"value": "available"})
	ben.ok("conversation.decline", map[string]any{"conversation": cv, "ring": ring})
	mia.event("conversation.offered", miaID)
	mia.ok("conversation.claim", map[string]any{"conversation": cv})
	vic.event("conversation.claimed", cv)
	for _, k := range []*client{mia, ben} {
		k.event("conversation.claimed", box)
		k.ok("resume", map[string]any{"topic": cv, "seq": 0})
		k.ok("resume", map[string]any{"topic": cv + "/staff", "seq": 0})
	}
	mia.ok("note.send", map[string]any{"conversation": cv, "client_id": "n", "text": "please take over"})
	ben.event("note.created", cv+"/staff")
	mia.ok("conversation.assign", map[string]any{"conversation": cv, "agent": benID})
	ben.event("conversation.assigned", "")
	vic.event("conversation.assigned", cv)
	said := ben.ok("message.send", map[string]any{"conversation": cv, "client_id": "a", "text": "Two minutes on foot."})
	for _, k := range []*client{vic, mia} {
		k.have(said["id"])
	}
	heard := vic.ok("message.send", map[string]any{"conversation": cv, "client_id": "m2", "text": "Thanks!"})
	for _, k := range []*client{mia, ben} {
		k.have(heard["id"])
	}
	vic.ok("conversation.close", map[string]any{"conversation": cv})
	for _, k := range []*client{mia, ben, vic} {
		k.event("conversation.closed", cv)
		gapless(t, k, cv)
	}
	for _, k := range []*client{mia, ben} {
		k.event("conversation.closed", box)
		gapless(t, k, cv+"/staff")
	}
}
