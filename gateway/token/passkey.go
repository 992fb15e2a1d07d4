package token

import (
	"encoding/base64"
	"encoding/json"
	"io"
	"net/url"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/protocol/webauthncose"
	"github.com/go-webauthn/webauthn/webauthn"
	"github.com/postern-chat/postern/gateway"
)

// maxAnswer bounds what an authenticator's answer may be: a registration without attestation is under 1 KiB.
const maxAnswer = 16 << 10

// Passkeys makes and checks WebAuthn ceremonies of the staff at one public address. The person is always verified (by
// PIN, finger, face), attestation is not asked for, and only this origin counts. How long a challenge lives, and that
// it counts once, is the store's business.
type Passkeys struct {
	lib  *webauthn.WebAuthn
	rand io.Reader
}

// NewPasskeys gives the ceremonies of the gateway at this address. Errors: invalid public_url, for an address without a
// host name: browsers give an IP address no passkeys.
func NewPasskeys(public *url.URL, rnd io.Reader) (*Passkeys, error) {
	origin := public.Scheme + "://" + public.Host
	if err := protocol.ValidateRPID(public.Hostname()); err != nil {
		return nil, gateway.Invalid("public_url")
	}
	lib, err := webauthn.New(&webauthn.Config{
		RPID: public.Hostname(), RPDisplayName: "Postern", RPOrigins: []string{origin}, AttestationPreference: protocol.PreferNoAttestation,
		AuthenticatorSelection: protocol.AuthenticatorSelection{
			ResidentKey: protocol.ResidentKeyRequirementPreferred, UserVerification: protocol.VerificationRequired,
		},
	})
	if err != nil {
		return nil, gateway.Internal("prepare passkeys", err)
	}
	return &Passkeys{lib: lib, rand: rnd}, nil
}

// person is an agent as the library asks for him.
type person struct {
	gateway.Agent
	keys []gateway.Passkey
}

func (p person) WebAuthnID() []byte          { return []byte(p.ID) }
func (p person) WebAuthnName() string        { return p.Email }
func (p person) WebAuthnDisplayName() string { return p.Name }
func (p person) WebAuthnCredentials() []webauthn.Credential {
	out := make([]webauthn.Credential, 0, len(p.keys))
	for _, k := range p.keys {
		out = append(out, webauthn.Credential{
			ID: k.Credential, PublicKey: k.PublicKey, Flags: webauthn.CredentialFlagsFromMsgpByte(k.Flags),
			Authenticator: webauthn.Authenticator{SignCount: k.SignCount},
		})
	}
	return out
}

func (p person) descriptors() []protocol.CredentialDescriptor {
	return webauthn.Credentials(p.WebAuthnCredentials()).CredentialDescriptors()
}

// algorithms are the signatures that we take: those of every authenticator in use.
func algorithms() []protocol.CredentialParameter {
	var out []protocol.CredentialParameter
	for _, a := range []webauthncose.COSEAlgorithmIdentifier{webauthncose.AlgES256, webauthncose.AlgEdDSA, webauthncose.AlgRS256} {
		out = append(out, protocol.CredentialParameter{Type: protocol.PublicKeyCredentialType, Algorithm: a})
	}
	return out
}

// BeginRegister gives what the browser needs to make a passkey for the agent, and the challenge in it. An
// authenticator that holds one of have refuses.
func (p *Passkeys) BeginRegister(a gateway.Agent, have []gateway.Passkey) (options json.RawMessage, challenge string, err error) {
	raw, err := p.challenge()
	if err != nil {
		return nil, "", err
	}
	who := person{a, have}
	made, session, err := p.lib.BeginRegistration(who, webauthn.WithExclusions(who.descriptors()), webauthn.WithCredentialParameters(algorithms()),
		func(o *protocol.PublicKeyCredentialCreationOptions) error {
			o.Challenge = raw
			return nil
		})
	if err != nil {
		return nil, "", gateway.Internal("begin a registration", err)
	}
	options, err = json.Marshal(made.Response)
	return options, session.Challenge, err
}

// FinishRegister checks the browser's answer to a challenge. The passkey has neither id, name nor times yet.
// Errors: forbidden stepup.failed.
func (p *Passkeys) FinishRegister(a gateway.Agent, challenge string, answer []byte) (gateway.Passkey, error) {
	if len(answer) > maxAnswer {
		return gateway.Passkey{}, gateway.TooLarge("response", maxAnswer)
	}
	parsed, err := protocol.ParseCredentialCreationResponseBytes(answer)
	if err != nil {
		return gateway.Passkey{}, gateway.BadPasskey(err)
	}
	who := person{Agent: a}
	c, err := p.lib.CreateCredential(who, webauthn.SessionData{
		Challenge: challenge, RelyingPartyID: p.lib.Config.RPID, UserID: who.WebAuthnID(),
		UserVerification: protocol.VerificationRequired, CredParams: algorithms(),
	}, parsed)
	if err != nil {
		return gateway.Passkey{}, gateway.BadPasskey(err)
	}
	return gateway.Passkey{
		Agent: a.ID, Credential: c.ID, PublicKey: c.PublicKey, Flags: c.Flags.MsgpByte(), SignCount: c.Authenticator.SignCount,
	}, nil
}

// BeginStepUp gives what the browser needs to show one of the agent's passkeys, and the challenge in it.
func (p *Passkeys) BeginStepUp(a gateway.Agent, have []gateway.Passkey) (options json.RawMessage, challenge string, err error) {
	raw, err := p.challenge()
	if err != nil {
		return nil, "", err
	}
	made, session, err := p.lib.BeginLogin(person{a, have}, webauthn.WithChallenge(raw))
	if err != nil {
		return nil, "", gateway.Internal("begin a step-up", err)
	}
	options, err = json.Marshal(made.Response)
	return options, session.Challenge, err
}

// FinishStepUp checks the browser's answer to a challenge and gives the passkey that made it, with its new counter.
// Errors: forbidden stepup.failed, also for a counter that did not grow: then there is a copy of the key.
func (p *Passkeys) FinishStepUp(a gateway.Agent, have []gateway.Passkey, challenge string, answer []byte) (gateway.Passkey, error) {
	if len(answer) > maxAnswer {
		return gateway.Passkey{}, gateway.TooLarge("response", maxAnswer)
	}
	parsed, err := protocol.ParseCredentialRequestResponseBytes(answer)
	if err != nil {
		return gateway.Passkey{}, gateway.BadPasskey(err)
	}
	who := person{a, have}
	session := webauthn.SessionData{
		Challenge: challenge, RelyingPartyID: p.lib.Config.RPID, UserID: who.WebAuthnID(), UserVerification: protocol.VerificationRequired,
	}
	for _, k := range have {
		session.AllowedCredentialIDs = append(session.AllowedCredentialIDs, k.Credential)
	}
	c, err := p.lib.ValidateLogin(who, session, parsed)
	if err != nil || c.Authenticator.CloneWarning {
		return gateway.Passkey{}, gateway.BadPasskey(err)
	}
	for _, k := range have {
		if string(k.Credential) == string(c.ID) {
			k.SignCount, k.Flags = c.Authenticator.SignCount, c.Flags.MsgpByte()
			return k, nil
		}
	}
	return gateway.Passkey{}, gateway.BadPasskey(nil)
}

func (p *Passkeys) challenge() ([]byte, error) {
	text, err := New(p.rand)
	if err != nil {
		return nil, err
	}
	return base64.RawURLEncoding.DecodeString(text)
}
