// Package bench drives a running gateway over real websockets, as visitors and agents do, and measures: how long from
// a send to its durable acknowledgement and to each screen, messages and deliveries a second, memory per connection,
// and how long a crowd takes to come back. It knows the wire protocol (gateway/web/PROTOCOL.md) and nothing else of
// the gateway. Source: performance.md §5.
package bench
