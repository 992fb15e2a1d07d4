package mail

import (
	"testing"

	"github.com/postern-chat/postern/gateway/gatewaytest/server"
)

func TestMain(m *testing.M) { server.Main(m) }
