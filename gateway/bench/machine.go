package bench

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
)

// Machine is what a figure was measured on.
type Machine struct {
	System     string            `json:"system"` // e.g. linux/amd64
	Kernel     string            `json:"kernel,omitempty"`
	Processor  string            `json:"processor,omitempty"`
	Processors int               `json:"processors"`
	Versions   map[string]string `json:"versions"` // of Go, modules and servers
}

// ThisMachine reads what the system tells; what it does not is left out.
func ThisMachine(versions map[string]string) Machine {
	m := Machine{System: runtime.GOOS + "/" + runtime.GOARCH, Processors: runtime.NumCPU(), Versions: versions}
	if b, err := os.ReadFile("/proc/sys/kernel/osrelease"); err == nil {
		m.Kernel = strings.TrimSpace(string(b))
	}
	if b, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		if _, rest, ok := strings.Cut(string(b), "model name"); ok {
			line, _, _ := strings.Cut(rest, "\n")
			m.Processor = strings.TrimSpace(strings.TrimLeft(line, "\t :"))
		}
	}
	return m
}

// String is one line for people; versions have a line of their own elsewhere.
func (m Machine) String() string {
	return fmt.Sprintf("%s %s, %d × %s, %s", m.System, m.Kernel, m.Processors, m.Processor, m.Versions["go"])
}

// ServerVersions asks the servers that a measurement may start who they are; what is not installed is left out.
func ServerVersions() map[string]string {
	v := map[string]string{}
	for name, folders := range map[string][]string{"redis-server": nil, "postgres": {postgresFolders}} {
		bin, err := program(name, folders...)
		if err != nil {
			continue
		}
		if out, err := exec.Command(bin, "--version").Output(); err == nil {
			v[name] = strings.TrimSpace(string(out))
		}
	}
	return v
}
