// Package web is Postern's door: HTTP routes, the websocket and the rules of who may come in.
//
// # Transport
//
// Fiber owns the one listener. The socket route checks what can be refused (Origin, limits, shutdown), then
// takes the connection from fasthttp and lets coder/websocket speak on it. A conn has one goroutine, a bounded
// outgoing queue and, at rest, no buffer: after some idle seconds it waits on its descriptor alone
// (architecture.md §10, performance.md §2). The registry knows all of them, because fasthttp does not.
//
// # Limits
//
// 64 KiB for a message, 10 s for one that has begun, 256 frames or 256 KiB waiting to go out, 10 s for a write.
// A peer that is too slow is closed with 4001 and comes back to resume; nothing is dropped in silence and no
// publisher waits.
package web
