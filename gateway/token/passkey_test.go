package token_test

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"net/url"
	"testing"

	"github.com/postern-chat/postern/gateway"
	"github.com/postern-chat/postern/gateway/token"
)

func passkeys(t *testing.T, address string) *token.Passkeys {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	p, err := token.NewPasskeys(u, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestPasskeysNeedAHostName(t *testing.T) {
	for _, address := range []string{"http://127.0.0.1:8080", "http://[::1]:8080"} {
		u, _ := url.Parse(address)
		if _, err := token.NewPasskeys(u, rand.Reader); gateway.CodeOf(err) != "invalid" {
			t.Errorf("%s: %v, want invalid", address, err)
		}
	}
}

// What a browser is asked for: this host, the person verified, no attestation, a challenge of 256 bits each time.
func TestPasskeyOptions(t *testing.T) {
	p := passkeys(t, "https://support.shop.test:8443")
	a := gateway.Agent{ID: "ag_01KAH0000000000000000000AA", Email: "ann@shop.test", Name: "Ann"}
	have := []gateway.Passkey{{Credential: []byte{1, 2, 3}, PublicKey: []byte{4}}}
	raw, first, err := p.BeginRegister(a, have)
	if err != nil {
		t.Fatal(err)
	}
	var o struct {
		RP                     struct{ ID string }
		Challenge, Attestation string
		ExcludeCredentials     []struct{ ID string }
		AuthenticatorSelection struct{ UserVerification string }
	}
	if err := json.Unmarshal(raw, &o); err != nil {
		t.Fatal(err)
	}
	if o.RP.ID != "support.shop.test" || o.Challenge != first || len(first) != 43 || o.Attestation != "none" ||
		len(o.ExcludeCredentials) != 1 || o.ExcludeCredentials[0].ID != "AQID" || o.AuthenticatorSelection.UserVerification != "required" {
		t.Errorf("to register: %s", raw)
	}
	raw, second, err := p.BeginStepUp(a, have)
	if err != nil {
		t.Fatal(err)
	}
	var q struct {
		RPID, Challenge, UserVerification string
		AllowCredentials                  []struct{ ID string }
	}
	if err := json.Unmarshal(raw, &q); err != nil {
		t.Fatal(err)
	}
	if q.RPID != "support.shop.test" || q.Challenge != second || second == first || q.UserVerification != "required" ||
		len(q.AllowCredentials) != 1 || q.AllowCredentials[0].ID != "AQID" {
		t.Errorf("to step up: %s", raw)
	}
}

// Answers that are none are refused, whatever stands in them.
func TestPasskeyAnswersThatAreNone(t *testing.T) {
	p := passkeys(t, "https://support.shop.test")
	a := gateway.Agent{ID: "ag_01KAH0000000000000000000AA", Email: "ann@shop.test", Name: "Ann"}
	for name, answer := range map[string][]byte{
		"nothing": nil, "no object": []byte(`[]`), "an empty object": []byte(`{}`), "no JSON": []byte(`{"id":`),
		"no response":         []byte(`{"id":"AQID","rawId":"AQID","type":"public-key"}`),
		"an empty response":   []byte(`{"id":"AQID","rawId":"AQID","type":"public-key","response":{}}`),
		"CBOR without an end": []byte(`{"id":"AQID","rawId":"AQID","type":"public-key","response":{"clientDataJSON":"e30","attestationObject":"v2Nm","authenticatorData":"AA","signature":"AA"}}`),
	} {
		if _, err := p.FinishRegister(a, "AAAA", answer); gateway.CodeOf(err) != "forbidden" {
			t.Errorf("registered with %s: %v", name, err)
		}
		if _, err := p.FinishStepUp(a, nil, "AAAA", answer); gateway.CodeOf(err) != "forbidden" {
			t.Errorf("stepped up with %s: %v", name, err)
		}
	}
	long := bytes.Repeat([]byte("x"), 17<<10)
	if _, err := p.FinishRegister(a, "AAAA", long); gateway.CodeOf(err) != "too_large" {
		t.Errorf("17 KiB: %v", err)
	}
	if _, err := p.FinishStepUp(a, nil, "AAAA", long); gateway.CodeOf(err) != "too_large" {
		t.Errorf("17 KiB: %v", err)
	}
}
