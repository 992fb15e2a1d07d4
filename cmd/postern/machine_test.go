package main

import (
	"fmt"
	"path/filepath"
	"testing"

	"github.com/postern-chat/postern/gateway"
)

// A program's mail that belongs to no ticket opens none: the admin finds it in a list, and may let its sender open
// tickets from then on.
func TestMailOfPrograms(t *testing.T) {
	c := alone(t)
	c.Mail.LMTP = "unix:" + filepath.Join(t.TempDir(), "lmtp")
	n := startNode(t, c)
	admin := n.desk(t, "ada", gateway.RoleAdmin)
	l := lmtpClient{t, n.lmtp}
	alarm := func(i int) {
		t.Helper()
		raw := fmt.Sprintf("From: Watch <watch@shop.test>\nTo: support@shop.test\nSubject: Alarm %d\nMessage-ID: <alarm-%d@shop.test>\nAuto-Submitted: auto-generated\n\nDisk full.\n", i, i)
		if got := l.hands("support@shop.test", raw); got != 250 {
			t.Fatal(got)
		}
	}
	alarm(1)
	alarm(1) // given again
	if list := n.tickets(t); len(list) != 0 {
		t.Fatalf("%+v", list)
	}
	out := admin.ok("GET", "/v1/machine-mail", nil)
	list, _ := out["mail"].([]any)
	if len(list) != 1 || fmt.Sprint(out["allowed"]) != "[]" {
		t.Fatalf("%v", out)
	}
	first, _ := list[0].(map[string]any)
	if first["sender"] != "watch@shop.test" || first["subject"] != "Alarm 1" || first["text"] != "Disk full." || first["mailbox"] != string(n.box.ID) {
		t.Errorf("%v", first)
	}
	for _, bad := range []any{[]string{"watch"}, []string{"@"}, []string{"@@shop.test"}, []string{""}, make([]string, 1)} {
		admin.refused("invalid", "PUT", "/v1/machine-mail/allowed", map[string]any{"allowed": bad})
	}
	admin.ok("PUT", "/v1/machine-mail/allowed", map[string]any{"allowed": []string{"@Shop.test ", "@shop.test"}})
	if out := admin.ok("GET", "/v1/machine-mail", nil); fmt.Sprint(out["allowed"]) != "[@shop.test]" {
		t.Errorf("%v", out["allowed"])
	}
	alarm(2)
	if list := n.tickets(t); len(list) != 1 || list[0].Subject != "Alarm 2" {
		t.Errorf("%+v", list)
	}
}
