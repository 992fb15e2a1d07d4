package web

import (
	"os"
	"regexp"
	"slices"
	"testing"
)

// The list of commands is the one that dispatch knows, and the one that PROTOCOL.md describes.
func TestCommands(t *testing.T) {
	source := ""
	for _, file := range []string{"commands.go", "help.go", "gate.go", "tie.go"} {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		source += string(b)
	}
	inCode := []string{"identify", "message.send"}
	for _, m := range regexp.MustCompile(`(?m)^\tcase ("[a-z.", ]+"):$`).FindAllStringSubmatch(source, -1) {
		inCode = append(inCode, regexp.MustCompile(`[a-z.]+`).FindAllString(m[1], -1)...)
	}
	b, err := os.ReadFile("PROTOCOL.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range regexp.MustCompile("(?m)^\\| `([a-z]+(?:\\.[a-z]+)?)`[^|]*\\|").FindAllStringSubmatch(string(b), -1) {
		if !slices.Contains(Commands(), m[1]) && !slices.Contains([]string{"ping", "typing", "delivered", "presence", "reset", "server.restarting"}, m[1]) && m[1] != "conversation.touched" && m[1] != "queue.position" {
			t.Errorf("PROTOCOL.md describes %s, which is not in the list", m[1])
		}
	}
	for _, name := range inCode {
		if !slices.Contains(Commands(), name) {
			t.Errorf("dispatch knows %s, which is not in the list", name)
		}
	}
	for _, name := range Commands() {
		if !slices.Contains(inCode, name) {
			t.Errorf("%s is in the list, and dispatch does not know it", name)
		}
	}
	for _, name := range append(visitorOnly(), staffOnly()...) {
		if !slices.Contains(Commands(), name) {
			t.Errorf("%s belongs to one side, and is not in the list", name)
		}
	}
}
