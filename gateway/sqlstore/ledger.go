package sqlstore

import "github.com/postern-chat/postern/gateway"

func (x *tx) revoke(gateway.ID, gateway.Actor) error { return nil }
