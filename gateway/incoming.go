package gateway

import "context"

// Arrived tells this node's sockets and the other nodes what a mail that came in has changed. It is called after the
// commit only.
func (s *Service) Arrived(ctx context.Context, events ...Event) { s.publish(ctx, events...) }
