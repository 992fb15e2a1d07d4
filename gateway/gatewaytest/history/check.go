package history

import (
	"cmp"
	"fmt"
	"slices"
)

// place is where a row stands; name is who wrote it.
type (
	place struct {
		topic string
		seq   uint64
	}
	name struct{ topic, client string }
)

// check is a comparison under way.
type check struct {
	Report
	heads  map[string]uint64
	rows   map[place]Row
	byName map[name]Row
}

// Check compares the log with what was sent and what was seen. sent is, for each sender, in the order of writing.
func Check(rows []Row, sent []Sent, readers []Reader) Report {
	c := &check{heads: map[string]uint64{}, rows: map[place]Row{}, byName: map[name]Row{}}
	c.log(rows)
	c.promises(sent)
	c.order(sent)
	for _, r := range readers {
		c.reader(r)
	}
	return c.Report
}

func (c *check) find(f Flaw, format string, a ...any) {
	c.Findings = append(c.Findings, Finding{f, fmt.Sprintf(format, a...)})
}

// log looks at the rows alone: each topic counts from 1 without a gap, each client id stands once.
func (c *check) log(rows []Row) {
	rows = slices.SortedStableFunc(slices.Values(rows), func(a, b Row) int {
		return cmp.Or(cmp.Compare(a.Topic, b.Topic), cmp.Compare(a.Seq, b.Seq))
	})
	c.Rows = len(rows)
	for _, r := range rows {
		switch last := c.heads[r.Topic]; {
		case r.Seq <= last:
			c.find(Doubled, "%s: number %d is in the log twice", r.Topic, r.Seq)
		case r.Seq != last+1:
			c.find(Gap, "%s: the log goes from %d to %d", r.Topic, last, r.Seq)
		}
		c.heads[r.Topic] = r.Seq
		c.rows[place{r.Topic, r.Seq}] = r
		if r.ClientID == "" {
			continue
		}
		n := name{r.Topic, r.ClientID}
		if first, ok := c.byName[n]; ok {
			c.find(Doubled, "%s: %s is stored as %d and as %d", r.Topic, r.ClientID, first.Seq, r.Seq)
			continue
		}
		c.byName[n] = r
	}
}

// promises holds every acknowledgement, every refusal and every text against the log.
func (c *check) promises(sent []Sent) {
	written, texts := map[name]bool{}, map[name]int{}
	for _, s := range sent {
		n := name{s.Topic, s.ClientID}
		written[n] = true
		texts[name{s.Topic, s.Text}]++
		row, stored := c.byName[n]
		switch {
		case stored && s.Refused != "" && len(s.Acks) == 0:
			c.find(Invented, "%s: %s was refused (%s) and is stored as %d", s.Topic, s.ClientID, s.Refused, row.Seq)
		case stored && row.Text != s.Text:
			c.find(Changed, "%s: %s was written %q and is stored as %q", s.Topic, s.ClientID, s.Text, row.Text)
		case !stored && len(s.Acks) > 0:
			c.find(Lost, "%s: %s was acknowledged as %d and is not stored", s.Topic, s.ClientID, s.Acks[0].Seq)
		}
		if len(s.Acks) > 0 {
			c.Messages++
			c.acks(s, row, stored)
		}
	}
	c.strangers(written, texts)
}

func (c *check) acks(s Sent, row Row, stored bool) {
	first := s.Acks[0]
	for _, a := range s.Acks[1:] {
		if a.Seq != first.Seq || a.ID != first.ID {
			c.find(Doubled, "%s: %s was acknowledged as %d and as %d", s.Topic, s.ClientID, first.Seq, a.Seq)
		}
	}
	if stored && (row.Seq != first.Seq || row.ID != first.ID) {
		c.find(Changed, "%s: %s was acknowledged as %d %s and is stored as %d %s", s.Topic, s.ClientID, first.Seq, first.ID, row.Seq, row.ID)
	}
}

// strangers finds messages that nobody wrote, and texts that are stored more often than they were written.
func (c *check) strangers(written map[name]bool, texts map[name]int) {
	for _, r := range c.sorted() {
		if !written[name{r.Topic, r.ClientID}] {
			c.find(Invented, "%s: %d is a message %q that nobody wrote", r.Topic, r.Seq, r.ClientID)
		}
		t := name{r.Topic, r.Text}
		if n, known := texts[t]; known {
			if texts[t] = n - 1; n == 0 {
				c.find(Doubled, "%s: the text of %d is stored before, under another id", r.Topic, r.Seq)
			}
		}
	}
}

// sorted gives the messages of the log in order.
func (c *check) sorted() []Row {
	all := make([]Row, 0, len(c.byName))
	for _, r := range c.byName {
		all = append(all, r)
	}
	slices.SortFunc(all, func(a, b Row) int { return cmp.Or(cmp.Compare(a.Topic, b.Topic), cmp.Compare(a.Seq, b.Seq)) })
	return all
}

// order holds each sender's messages of a topic against the order in which they were written. A sender has one
// message under way at a time, so a later one must have a higher number.
func (c *check) order(sent []Sent) {
	last := map[[2]string]Row{}
	for _, s := range sent {
		row, ok := c.byName[name{s.Topic, s.ClientID}]
		if !ok {
			continue
		}
		who := [2]string{s.Topic, s.Sender}
		if before, ok := last[who]; ok && before.Seq >= row.Seq {
			c.find(Disorder, "%s: %s wrote %s before %s; stored as %d and %d", s.Topic, s.Sender, before.ClientID, s.ClientID, before.Seq, row.Seq)
		}
		last[who] = row
	}
}

// reader holds what one client saw of a topic against the log: on a connection one number follows the other, a new
// connection goes on where the last one ended, each event is what the log has, and at the end none is missing.
func (c *check) reader(r Reader) {
	seen := map[uint64]bool{}
	conn, last, most := -1, uint64(0), uint64(0)
	for _, s := range r.Seen {
		if s.Conn != conn {
			conn, last = s.Conn, most
		}
		switch {
		case s.Asked && s.Seq <= last:
		case s.Seq <= last && seen[s.Seq]:
			c.find(Doubled, "%s: %s got %d again, after %d", r.Topic, r.Name, s.Seq, last)
		case s.Seq <= last:
			c.find(Disorder, "%s: %s got %d after %d", r.Topic, r.Name, s.Seq, last)
		case s.Seq != last+1:
			c.find(Gap, "%s: %s got %d after %d", r.Topic, r.Name, s.Seq, last)
		}
		c.same(r, s)
		seen[s.Seq] = true
		last, most = max(last, s.Seq), max(most, s.Seq)
	}
	c.complete(r, seen)
}

func (c *check) same(r Reader, s Seen) {
	row, ok := c.rows[place{r.Topic, s.Seq}]
	switch {
	case !ok:
		c.find(Invented, "%s: %s got %d, which the log does not have", r.Topic, r.Name, s.Seq)
	case row.ID != s.ID || row.Text != s.Text:
		c.find(Changed, "%s: %s got %d as %s %q, the log has %s %q", r.Topic, r.Name, s.Seq, s.ID, s.Text, row.ID, row.Text)
	}
}

func (c *check) complete(r Reader, seen map[uint64]bool) {
	end := c.heads[r.Topic]
	if r.Until > 0 {
		end = r.Until
	}
	for seq := uint64(1); seq <= end; seq++ {
		if !seen[seq] {
			c.find(Lost, "%s: %s never got %d", r.Topic, r.Name, seq)
		} else if c.rows[place{r.Topic, seq}].ClientID != "" {
			c.Deliveries++
		}
	}
}
