package sim

import (
	"fmt"
	"strings"
)

// Table writes plans side by side in Markdown, one column for each.
func Table(heads []string, plans []Plan, m Machine) string {
	var b strings.Builder
	line := func(name string, cell func(Plan) string) {
		fmt.Fprintf(&b, "| %s |", name)
		for _, p := range plans {
			fmt.Fprintf(&b, " %s |", cell(p))
		}
		b.WriteByte('\n')
	}
	b.WriteString("| |")
	for _, h := range heads {
		fmt.Fprintf(&b, " %s |", h)
	}
	b.WriteString("\n|---|" + strings.Repeat("---|", len(heads)) + "\n")
	line("open sockets", func(p Plan) string { return thousands(float64(p.Visitors + p.Agents)) })
	line("messages a second, peak", func(p Plan) string { return thousands(p.Messages) })
	line("gateways, and what decides", func(p Plan) string { return fmt.Sprintf("%d, %s", p.Gateways, p.Why) })
	line("processor of each", func(p Plan) string { return percent(p.CPU) })
	line("memory of each", func(p Plan) string { return thousands(p.MemoryMB) + " MB" })
	line("database transactions a second", func(p Plan) string { return thousands(p.Commits) })
	line("messages in a transaction", func(p Plan) string { return fmt.Sprintf("%.1f", p.Batch) })
	line("send to stored, p50 and p99 (simulated)", func(p Plan) string { return stored(p) })
	line("of one database", func(p Plan) string { return percent(p.Database) })
	line("… of that, looking for lost hints and due jobs", func(p Plan) string { return percent(p.Looking) })
	line("connections to the database", func(p Plan) string { return thousands(float64(p.Connections)) })
	line("a dead gateway's sockets are back in", func(p Plan) string { return fmt.Sprintf("%.1f s", p.Back) })
	line("hints, of one Redis", func(p Plan) string { return percent(p.Redis) })
	line("disk a month", func(p Plan) string { return thousands(p.GBPerMonth) + " GB" })
	line("over "+percent(m.Full)+", of one of each", func(p Plan) string {
		var over []string
		for _, u := range p.Over(m) {
			over = append(over, u.Name+" "+percent(u.Of))
		}
		if len(over) == 0 {
			return "nothing"
		}
		return strings.Join(over, ", ")
	})
	line("partitions, each with a database", func(p Plan) string { return fmt.Sprint(p.Databases) })
	return b.String()
}

func stored(p Plan) string {
	if p.Behind {
		return "never: more comes than is stored"
	}
	return fmt.Sprintf("%.1f and %.1f ms", p.AckP50, p.AckP99)
}

func percent(share float64) string {
	if share < .1 {
		return fmt.Sprintf("%.1f %%", share*100)
	}
	return thousands(share*100) + " %"
}

// thousands writes a whole number in groups of three.
func thousands(v float64) string {
	s := fmt.Sprintf("%.0f", v)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
