package export

import (
	"strings"

	"github.com/postern-chat/postern/kb"
)

// Write gives a tree as Markdown that is read as the same tree: words that look like marks are escaped.
func Write(nodes []kb.Node) string {
	return strings.TrimSpace(strings.Join(blockLines(nodes), "\n"))
}

// blockLines gives the lines of blocks, an empty line between them.
func blockLines(nodes []kb.Node) (out []string) {
	before := kb.Node{}
	other := false // the second of two lists side by side takes another mark
	for _, n := range nodes {
		other = n.Type == kb.List && before.Type == kb.List && n.Ordered == before.Ordered && !other
		lines := block(n, other)
		if len(lines) == 0 {
			continue
		}
		if len(out) > 0 {
			out = append(out, "")
		}
		out, before = append(out, lines...), n
	}
	return out
}

func block(n kb.Node, other bool) []string {
	switch n.Type {
	case kb.Heading:
		text := strings.ReplaceAll(inlineText(n.Children), "\\\n", " ")
		if text == "" {
			return nil
		}
		if strings.HasSuffix(text, "#") {
			text = text[:len(text)-1] + "\\#"
		}
		return []string{strings.Repeat("#", min(max(n.Level, 1), 6)) + " " + text}
	case kb.List:
		return listLines(n, other)
	case kb.Quote:
		lines := blockLines(n.Children)
		for i := range lines {
			lines[i] = strings.TrimRight("> "+lines[i], " ")
		}
		return lines
	case kb.CodeBlock:
		fence := strings.Repeat("`", max(3, longestRun(n.Text, '`')+1))
		return append(append([]string{fence}, strings.Split(n.Text, "\n")...), fence)
	case kb.Rule:
		return []string{"___"}
	}
	text := inlineText(n.Children)
	if text == "" {
		return nil
	}
	return strings.Split(text, "\n")
}

func listLines(n kb.Node, other bool) (out []string) {
	mark := map[bool]string{false: "- ", true: "* "}[other]
	if n.Ordered {
		mark = map[bool]string{false: "1. ", true: "1) "}[other]
	}
	for i, item := range n.Children {
		lines := blockLines(item.Children)
		if len(lines) == 0 {
			continue
		}
		if i > 0 && len(item.Children) > 1 && len(out) > 0 {
			out = append(out, "")
		}
		for j, line := range lines {
			switch {
			case j == 0:
				line = mark + line
			case line != "":
				line = strings.Repeat(" ", len(mark)) + line
			}
			out = append(out, line)
		}
	}
	return out
}

// inlineText gives a line of Markdown; a break in it is a backslash at the end of a line.
func inlineText(nodes []kb.Node) string {
	w := writer{mark: '_'}
	w.all(nodes, false)
	return atLineStart(w.b.String())
}
