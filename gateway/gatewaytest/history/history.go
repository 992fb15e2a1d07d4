// Package history compares what the clients of a chat saw with what its database holds: nothing lost, doubled,
// changed, invented or out of order; and it says how long each message took.
//
// What never happens here: a look at the gateway, at a clock or at the network. The lists come from whoever drove the
// clients; what is found depends on them alone. Source: the fault harness of cmd/postern.
package history

import "time"

// Row is one event of the log.
type Row struct {
	Topic    string
	Seq      uint64
	ID       string
	ClientID string // of a message; "" = the event is no message, or has none
	Text     string // of a message
}

// Sent is one message that somebody wrote, however often it was sent.
type Sent struct {
	Sender, Topic  string
	ClientID, Text string
	At             time.Time // of the first try; zero = nobody looks how long it took
	Acks           []Ack     // every answer that said yes, in order
	Refused        string    // code of the answer that said no for good; "" = none
}

// Ack is the promise that a message is stored.
type Ack struct {
	Seq uint64
	ID  string
	At  time.Time
}

// Seen is one event as it came over a connection.
type Seen struct {
	Conn  int // number of the connection, growing
	Seq   uint64
	ID    string
	Text  string
	At    time.Time
	Asked bool // the client had asked for the topic once more on this connection: repetitions are lawful
}

// Reader is one client's view of one topic.
type Reader struct {
	Name, Topic string
	Since       time.Time // when the gateway had said yes to reading; what was acknowledged before counts from here
	Until       uint64    // left the topic after this number; 0 = reads to the end
	Seen        []Seen    // as they came
}

// Span is a time.
type Span struct{ From, To time.Time }

// Flaw is a kind of what must not be.
type Flaw string

// The flaws.
const (
	Lost     Flaw = "lost"     // acknowledged and not in the log, or in the log and not seen by who reads
	Doubled  Flaw = "doubled"  // stored, acknowledged or delivered twice
	Disorder Flaw = "disorder" // delivered or stored in another order than it was written
	Gap      Flaw = "gap"      // a number that is not there
	Changed  Flaw = "changed"  // not what was written, or not where it was said to be
	Invented Flaw = "invented" // nobody wrote it, or it was refused
)

// Flaws lists all kinds.
func Flaws() []Flaw { return []Flaw{Lost, Doubled, Disorder, Gap, Changed, Invented} }

// Finding is one thing that is wrong.
type Finding struct {
	Flaw Flaw
	What string
}

// Report is the outcome of a comparison. The counts say how much was compared.
type Report struct {
	Messages   int // acknowledged
	Rows       int
	Deliveries int // messages that reached a reader, each reader once
	Findings   []Finding
}

// Count gives how many findings are of a kind.
func (r Report) Count(f Flaw) (n int) {
	for _, x := range r.Findings {
		if x.Flaw == f {
			n++
		}
	}
	return n
}
