package main

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"net/http"
	"os"
	"time"

	"github.com/postern-chat/postern/verify"
)

// sessionKeys reads the keys that hosts sign session tokens with. A token names its key by the host entry's
// name (kid). Errors: what sessionKey says.
func (c Config) sessionKeys() (map[string]verify.Key, error) {
	out := map[string]verify.Key{}
	for _, h := range c.Hosts {
		if h.SessionKeyFile == "" {
			continue
		}
		k, err := sessionKey(h.SessionKeyFile)
		if err != nil {
			return nil, err
		}
		k.ID = h.Name
		out[h.Name] = k
	}
	return out, nil
}

// legacySecrets reads what hosts authenticate identities of the old form with. Errors: what legacySecret says.
func (c Config) legacySecrets() (map[string][]byte, error) {
	out := map[string][]byte{}
	for _, h := range c.Hosts {
		if h.LegacySecret == "" {
			continue
		}
		secret, err := legacySecret(h.LegacySecret)
		if err != nil {
			return nil, err
		}
		out[h.Name] = secret
	}
	return out, nil
}

// legacySecret reads the secret as text, without the line's end. Errors: it cannot be read; under 16 bytes.
func legacySecret(path string) ([]byte, error) {
	text, err := readSmall(path, 4096)
	if err != nil {
		return nil, err
	}
	if text = bytes.TrimSpace(text); len(text) < 16 {
		return nil, errors.New("must hold at least 16 characters")
	}
	return text, nil
}

// sessionKey reads a public key in PEM form (PKIX). Its type decides the one algorithm that is taken.
func sessionKey(path string) (verify.Key, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return verify.Key{}, err
	}
	block, _ := pem.Decode(text)
	if block == nil || block.Type != "PUBLIC KEY" {
		return verify.Key{}, errors.New("must be a PEM file with a PUBLIC KEY")
	}
	pub, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return verify.Key{}, err
	}
	switch pub := pub.(type) {
	case *ecdsa.PublicKey:
		if pub.Curve.Params().BitSize == 256 {
			return verify.Key{Alg: "ES256", Public: pub}, nil
		}
	case ed25519.PublicKey:
		return verify.Key{Alg: "EdDSA", Public: pub}, nil
	case *rsa.PublicKey:
		if pub.N.BitLen() >= 2048 {
			return verify.Key{Alg: "RS256", Public: pub}, nil
		}
	}
	return verify.Key{}, errors.New("must be a P-256, Ed25519 or RSA key of 2048 bits or more")
}

// signEvent signs test events as each source would, with its newest secret.
func (c Config) signEvent() (func(source, id string, at time.Time, body []byte) (http.Header, bool), error) {
	newest := map[string]verify.Secret{}
	for _, s := range c.Sources {
		if s.Adapter != "webhook" || len(s.PublicKeys) > 0 { // only its owner can sign
			continue
		}
		keys, err := s.Secrets()
		if err != nil {
			return nil, err
		}
		newest[s.Name] = keys[0]
	}
	return func(source, id string, at time.Time, body []byte) (http.Header, bool) {
		secret, ok := newest[source]
		h := http.Header{}
		verify.SignHook(h, secret, id, at, body)
		return h, ok
	}, nil
}
