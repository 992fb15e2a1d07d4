package main

import (
	"crypto/ecdsa"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/mail"
	"net/netip"
	"net/url"
	"os"
	"slices"
	"strings"

	"github.com/postern-chat/postern/gateway"
	"github.com/postern-chat/postern/gateway/redis"
	"github.com/postern-chat/postern/verify"
)

// Validate lists every mistake in the configuration; none means that the gateway may start with it. Key and
// secret files are read here, so that a missing one shows at the start and not at the first login event.
func (c Config) Validate() Mistakes {
	var bad Mistakes
	say := func(wrong bool, format string, a ...any) {
		if wrong {
			bad = append(bad, fmt.Sprintf(format, a...))
		}
	}
	_, _, err := net.SplitHostPort(c.Listen)
	say(err != nil, "listen: must be address:port")
	bad.add("public_url", checkPublicURL(c.PublicURL))
	say(c.Data == "", "data: is missing")
	bad.add("database_url", checkScheme(c.DatabaseURL, "postgres", "postgresql"))
	bad = append(bad, c.redisMistakes()...)
	say(c.RedisURL != "" && c.DatabaseURL == "", "redis_url: several gateways need one database: database_url is missing")
	say(c.DatabaseURL != "" && c.SigningKeyFile == "" && c.Signer == "", "signing_key_file: must be given with PostgreSQL, or signer")
	say(c.Signer != "" && !strings.HasPrefix(c.Signer, "unix:/"), "signer: must be unix: and the absolute path of a socket")
	say(c.Signer != "" && c.SigningKeyFile != "", "signer: with it there is no signing_key_file")
	say(c.DatabaseURL != "" && c.SecretFile == "", "secret_file: must be given with PostgreSQL")
	bad = append(bad, c.checkKeyFiles()...)
	bad = append(bad, c.checkpointMistakes()...)
	bad.add("trusted_proxies", checkPrefixes(c.TrustedProxies))
	bad.add("metrics_allow", checkPrefixes(c.MetricsAllow))
	say(c.MetricsToken != "" && len(c.MetricsToken) < 16, "metrics_token: must have at least 16 characters")
	say(!slices.Contains([]string{"debug", "info", "warn", "error"}, c.LogLevel), "log_level: must be debug, info, warn or error")
	bad = append(bad, c.SMTP.mistakes()...)
	bad.add("mail.lmtp", c.Mail.mistake())
	bad = append(bad, c.Mail.imapMistakes()...)
	bad = append(bad, c.SMTP.dkimMistakes()...)
	bad = append(bad, c.Mail.senderMistakes()...)
	say(c.Limits.Connections < 1, "limits.connections: must be at least 1")
	say(c.Limits.ConnectionsPerAddress < 1, "limits.connections_per_address: must be at least 1")
	say(c.Limits.Commands < 1, "limits.commands: must be at least 1")
	say(c.Limits.FileBytes < 1 || c.Limits.FileBytes > gateway.MaxFilesBytes, "limits.file_bytes: must be between 1 and %d", gateway.MaxFilesBytes)
	say(c.Limits.Memory != 0 && c.Limits.Memory < 64<<20, "limits.memory: must be 0 or at least 67108864")
	bad = append(bad, c.AI.mistakes()...)
	bad = append(bad, c.webhookMistakes()...)
	bad = append(bad, c.hostsAndSources()...)
	return bad
}

func (c Config) redisMistakes() (bad Mistakes) {
	if c.RedisURL != "" {
		bad.add("redis_url", redis.CheckURL(c.RedisURL))
	}
	if c.RedisCAFile != "" && !strings.HasPrefix(c.RedisURL, "rediss") {
		bad = append(bad, "redis_ca_file: is for TLS: redis_url must begin with rediss")
	}
	_, err := c.redisRoots()
	bad.add("redis_ca_file", err)
	return bad
}

// redisRoots are the authorities of redis_ca_file; nil = the system's.
func (c Config) redisRoots() (*x509.CertPool, error) {
	if c.RedisCAFile == "" {
		return nil, nil
	}
	text, err := os.ReadFile(c.RedisCAFile)
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(text) {
		return nil, errors.New("must be a PEM file with a CERTIFICATE")
	}
	return roots, nil
}

func (c Config) checkpointMistakes() (bad Mistakes) {
	if p, err := url.Parse(c.CheckpointURL); c.CheckpointURL != "" && (err != nil || p.Host == "" || p.Scheme != "https" && !(p.Scheme == "http" && loopback(p.Hostname()))) {
		bad = append(bad, "checkpoint_url: must be https, or http on a loopback host")
	}
	if a, err := mail.ParseAddress(c.CheckpointMail); c.CheckpointMail != "" && (err != nil || a.Address != c.CheckpointMail) {
		bad = append(bad, "checkpoint_mail: must be an address")
	}
	return bad
}

func (c Config) checkKeyFiles() (bad Mistakes) {
	if c.SigningKeyFile != "" {
		_, err := os.ReadFile(c.SigningKeyFile)
		bad.add("signing_key_file", err)
	}
	if c.SecretFile != "" {
		b, err := os.ReadFile(c.SecretFile)
		bad.add("secret_file", err)
		if err == nil && len(strings.TrimSpace(string(b))) < 32 {
			bad = append(bad, "secret_file: must hold at least 32 bytes")
		}
	}
	return bad
}

func (s SMTP) mistakes() (bad Mistakes) {
	if s.Host == "" {
		if s.User != "" || s.Password != "" {
			bad = append(bad, "smtp.host: is missing, but user or password is given")
		}
		return bad
	}
	if s.Port < 1 || s.Port > 65535 {
		bad = append(bad, "smtp.port: must be between 1 and 65535")
	}
	if !slices.Contains([]string{"starttls", "tls", "none"}, s.TLS) {
		bad = append(bad, "smtp.tls: must be starttls, tls or none")
	}
	if s.TLS == "none" && !loopback(s.Host) {
		bad = append(bad, "smtp.tls: none only with a loopback host")
	}
	if (s.User == "") != (s.Password == "") {
		bad = append(bad, "smtp.user: user and password belong together")
	}
	return bad
}

// hostsAndSources checks the entries of the file, with the gate's own rules first.
func (c Config) hostsAndSources() Mistakes {
	bad := Mistakes(verify.Policy{Hosts: c.verifyHosts(), Sources: c.verifySources()}.Mistakes())
	for _, h := range c.Hosts {
		for key, u := range map[string]string{"audience": h.Audience, "site": h.Site, "verify_url": h.VerifyURL, "delivery_url": h.DeliveryURL, "recovery_url": h.RecoveryURL} {
			if p, err := url.Parse(u); u != "" && (err != nil || p.Scheme != "https" && !(p.Scheme == "http" && loopback(p.Hostname()))) {
				bad = append(bad, "host "+h.Name+": "+key+": must be https, or http on a loopback host")
			}
		}
		bad.add("host "+h.Name+": allow", checkPrefixes(h.Allow))
		if h.SessionKeyFile != "" {
			_, err := sessionKey(h.SessionKeyFile)
			bad.add("host "+h.Name+": session_key_file", err)
		}
		if h.LegacySecret != "" {
			_, err := legacySecret(h.LegacySecret)
			bad.add("host "+h.Name+": legacy_identify_secret_file", err)
		}
	}
	bad = append(bad, c.sharedSecrets()...)
	for _, s := range c.Sources {
		if s.Name == "" || strings.Trim(s.Name, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
			bad = append(bad, "source "+s.Name+": the name must be lower case letters, digits and -")
		}
		bad = append(bad, s.mistakes()...)
	}
	for _, h := range c.Hosts {
		if !slices.ContainsFunc(c.Sources, func(s SourceConfig) bool { return s.Host == h.Name && s.SecretsFile != "" }) && len(c.Sources) > 0 {
			bad = append(bad, "host "+h.Name+": none of its sources has a secrets_file, so nothing can sign deliveries")
		}
	}
	slices.Sort(bad)
	return bad
}

// sharedSecrets refuses that what one source may say, another may say too (proof-gate.md §3.6).
func (c Config) sharedSecrets() (bad Mistakes) {
	of := map[string]string{}
	for _, s := range c.Sources {
		for key, values := range s.believed() {
			for _, v := range values {
				if first, has := of[v]; has && first != s.Name {
					bad = append(bad, "source "+s.Name+": "+key+": shares a secret or key with source "+first)
				}
				of[v] = s.Name
			}
		}
	}
	return bad
}

// credentials reads what the gateway shows to the provider: a key, or a secret. Errors never hold the secret.
func (s SourceConfig) credentials() (key *ecdsa.PrivateKey, secret string, err error) {
	if s.ClientKeyFile != "" {
		text, err := os.ReadFile(s.ClientKeyFile)
		if err != nil {
			return nil, "", fmt.Errorf("client_key_file: %w", err)
		}
		if key, err = readSigningKey(text); err != nil {
			return nil, "", errors.New("client_key_file: must be a PKCS #8 PEM file with a P-256 key")
		}
		return key, "", nil
	}
	if s.ClientSecretFile == "" {
		return nil, "", nil
	}
	text, err := os.ReadFile(s.ClientSecretFile)
	if err != nil {
		return nil, "", fmt.Errorf("client_secret_file: %w", err)
	}
	if secret = strings.TrimSpace(string(text)); len(secret) < 16 {
		return nil, "", errors.New("client_secret_file: must hold at least 16 characters")
	}
	return nil, secret, nil
}

// Secrets reads the source's keys, newest first, decoded. Errors name the line, never its text.
func (s SourceConfig) Secrets() ([][]byte, error) {
	b, err := os.ReadFile(s.SecretsFile)
	if err != nil {
		return nil, err
	}
	var keys [][]byte
	for i, line := range strings.Split(strings.TrimSpace(string(b)), "\n") {
		text, ok := strings.CutPrefix(strings.TrimSpace(line), "whsec_")
		key, err := base64.StdEncoding.DecodeString(text)
		// 24 to 64 bytes: Standard Webhooks 1.0, "Symmetric".
		if !ok || err != nil || len(key) < 24 || len(key) > 64 {
			return nil, fmt.Errorf("line %d: must be whsec_ and the base64 of 24 to 64 bytes", i+1)
		}
		keys = append(keys, key)
	}
	if len(keys) > 2 {
		return nil, errors.New("holds more than two secrets")
	}
	return keys, nil
}

func checkPublicURL(s string) error {
	u, err := url.Parse(s)
	if err != nil || u.Host == "" || u.User != nil || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "" {
		return errors.New("must be scheme, host and port, nothing more")
	}
	if u.Scheme != "https" && !(u.Scheme == "http" && loopback(u.Hostname())) {
		return errors.New("must be https, or http on a loopback host")
	}
	return nil
}

// checkScheme never repeats the URL: it may hold a password.
func checkScheme(s string, schemes ...string) error {
	if s == "" {
		return nil
	}
	u, err := url.Parse(s)
	if err != nil || u.Host == "" && u.RawQuery == "" || !slices.Contains(schemes, u.Scheme) {
		return errors.New("must be a URL that begins with " + strings.Join(schemes, ":// or ") + "://")
	}
	return nil
}

func checkPrefixes(list []string) error {
	for _, s := range list {
		if _, err := prefix(s); err != nil {
			return fmt.Errorf("%q is no address and no prefix", s)
		}
	}
	return nil
}

// prefix reads an address as a prefix of its full length.
func prefix(s string) (netip.Prefix, error) {
	if a, err := netip.ParseAddr(s); err == nil {
		return netip.PrefixFrom(a, a.BitLen()), nil
	}
	return netip.ParsePrefix(s)
}

func loopback(host string) bool {
	a, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && a.IsLoopback()
}
