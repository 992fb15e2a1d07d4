// Package gateway is the centre of Postern: its nouns, its verbs and the interfaces that technology implements.
//
// # Words
//
// A conversation is one history between a visitor and the agents of one mailbox. It begins as a chat
// (queued, active, closed) and may go on as a ticket (open, waiting, closed): the same row with a number
// and a subject, never a second thread. A message is seen by both sides, a note by agents only; a card is
// how the widget draws an event. A held message is one that the leak guard kept from the visitor. Presence is
// observed, availability is declared per mailbox.
//
// # Life of a message
//
// A command arrives, Service asks Policy, the Store appends the event under a gapless number of its topic in
// one transaction, and only then a Hint wakes the nodes that watch the topic. The database is the truth for
// every fact; the bus only wakes; clients resume by number (architecture.md §12).
//
// # What never happens here
//
// No SQL, no HTTP, no clock and no randomness of its own: leaves under gateway/ hold one technology each, and
// cmd/postern joins them. No verb of this package changes an account: that is verify.Guard's alone.
package gateway
