package web

import (
	"slices"
	"strings"
)

// Routes lists the route table, each as "METHOD /path" with parameters as :name, sorted.
func (s *Server) Routes() []string {
	var out []string
	for _, r := range s.app.GetRoutes(true) {
		out = append(out, r.Method+" "+r.Path)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// CommandsOf lists the commands that a socket of the staff, or of a visitor, may say.
func CommandsOf(staff bool) []string {
	others := visitorOnly()
	if !staff {
		others = staffOnly()
	}
	return slices.DeleteFunc(Commands(), func(name string) bool { return slices.Contains(others, name) })
}

// Commands lists the command table.
func Commands() []string {
	return strings.Fields(`hello pass identify resume leave
		conversation.start conversation.claim conversation.decline conversation.assign conversation.release
		conversation.close conversation.ticket conversation.rate conversation.escalate conversation.type conversation.snooze conversation.follow conversation.stay
		conversation.merge conversation.unmerge conversation.split message.forward ticket.send ticket.undo message.send message.read message.withdraw message.release note.send guide.follow
		availability.set availability.restore article.search article.open article.rate
		change.draft change.offer change.withdraw change.second change.open change.finish change.deny
		transcript.link transcript.open transcript.read tickets.open tickets.list tickets.read`)
}
