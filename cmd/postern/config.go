package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/BurntSushi/toml"
)

// Config is the manual of the deploy file: every key, what it means, its unit and its default. A value comes
// from the first of flag, POSTERN_… variable, TOML file, default that has it. Host and source entries stand
// only in the file. testdata/config.example.toml is generated from this struct.
// Source: architecture.md §13, proof-gate.md §3.14.
type Config struct {
	Listen    string `toml:"listen" default:"127.0.0.1:8080" doc:"Address and port of the one HTTP listener."`
	PublicURL string `toml:"public_url" default:"http://localhost:8080" doc:"How browsers reach the gateway: scheme, host, port, nothing more. https, or http on a loopback host."`
	Data      string `toml:"data" default:"./postern-data" doc:"Folder for all that is written outside PostgreSQL: the SQLite file, the mail spool, checkpoints, keys made at the first start."`

	DatabaseURL     string `toml:"database_url" secret:"yes" doc:"postgres://… ; empty = SQLite in the data folder."`
	DatabaseURLFile string `toml:"database_url_file" doc:"File that holds database_url."`
	RedisURL        string `toml:"redis_url" secret:"yes" doc:"The bus between several gateways: redis://USER:PASSWORD@HOST:PORT, redis+sentinel://USER:PASSWORD@HOST:PORT,HOST:PORT/MASTER or redis+cluster://USER:PASSWORD@HOST:PORT,HOST:PORT; rediss in place of redis = TLS. Empty = one gateway, bus in the process."`
	RedisURLFile    string `toml:"redis_url_file" doc:"File that holds redis_url."`
	RedisCAFile     string `toml:"redis_ca_file" doc:"PEM file with the authorities that may vouch for Redis' certificate; empty = the system's."`

	Signer         string `toml:"signer" doc:"unix:/path of the socket of 'postern signer', which holds the key that signs receipts and changes it every 90 days; one for all gateways. Empty = the key is in this process."`
	SigningKeyFile string `toml:"signing_key_file" doc:"PEM file with the P-256 key that signs receipts, without a signer. With PostgreSQL it must be given, the same on every gateway; else it is made in the data folder."`
	SecretFile     string `toml:"secret_file" doc:"File with at least 32 random bytes, from which handles, finish tokens and reply tokens are derived. Given as signing_key_file is."`
	PolicyFile     string `toml:"policy_file" doc:"TOML file with the change kinds ([[kind]]). Missing or unreadable: conversations work, changes are off."`

	CheckpointFile string `toml:"checkpoint_file" doc:"File with the newest signed checkpoint of the log of account changes; empty = checkpoint in the data folder. Best on another disk than the database: a database that is older than this file is taken for restored, and all live changes are revoked."`
	CheckpointURL  string `toml:"checkpoint_url" doc:"Every checkpoint is posted there too; https, or http on a loopback host."`
	CheckpointMail string `toml:"checkpoint_mail" doc:"Address that a checkpoint is mailed to once a day."`

	TrustedProxies   []string `toml:"trusted_proxies" doc:"Addresses or prefixes of proxies whose X-Forwarded-For is believed."`
	MetricsAllow     []string `toml:"metrics_allow" default:"127.0.0.1,::1" doc:"Addresses or prefixes that may read /metrics."`
	MetricsToken     string   `toml:"metrics_token" secret:"yes" doc:"Bearer token that may read /metrics from anywhere, at least 16 characters; empty = only metrics_allow."`
	MetricsTokenFile string   `toml:"metrics_token_file" doc:"File that holds metrics_token."`
	LogLevel         string   `toml:"log_level" default:"info" doc:"debug, info, warn or error."`

	SMTP   SMTP   `toml:"smtp" doc:"Outgoing mail. Without a host, mails stay in the spool of the data folder."`
	Mail   Mail   `toml:"mail" doc:"Incoming mail. It authorises nothing: it carries words into tickets."`
	Limits Limits `toml:"limits" doc:"Walls against overload."`
	AI     AI     `toml:"ai" doc:"Help of a language model, off without a server. Nothing is sent from a mailbox before an admin has switched it on there."`

	Hosts   []HostConfig   `toml:"host"`
	Sources []SourceConfig `toml:"source"`

	Webhooks []WebhookConfig `toml:"webhook"`
}

// SMTP is the one smart host that outgoing mail goes to.
type SMTP struct {
	Host         string `toml:"host" doc:"Name of the smart host; empty = spool only."`
	Port         int    `toml:"port" default:"587" doc:"Port of the smart host."`
	TLS          string `toml:"tls" default:"starttls" doc:"starttls, tls, or none (a loopback host only)."`
	User         string `toml:"user" doc:"Account at the smart host; empty = no authentication."`
	Password     string `toml:"password" secret:"yes" doc:"Its password."`
	PasswordFile string `toml:"password_file" doc:"File that holds password."`

	DKIM []DKIMConfig `toml:"dkim"`
}

// DKIMConfig is one key that outgoing mails of a domain are signed with.
type DKIMConfig struct {
	Domain   string `toml:"domain"`   // of the mailboxes' addresses, or a parent of it
	Selector string `toml:"selector"` // the public half stands in the DNS at SELECTOR._domainkey.DOMAIN
	KeyFile  string `toml:"key_file"` // PEM: RSA of at least 2048 bits, or Ed25519
}

// Mail is how mail comes in.
type Mail struct {
	LMTP     string `toml:"lmtp" doc:"Where a mail server on this machine hands mail over: unix:/path of a socket, or a loopback address and port, e.g. 127.0.0.1:2424. Empty = no mail is taken so."`
	Resolver string `toml:"resolver" doc:"Address and port of the DNS server that is asked for the keys of signed mails (DKIM); empty = the system's."`
	Authserv string `toml:"authserv_id" doc:"What your own mail server calls itself in the Authentication-Results that it adds: they are believed. It must take foreign ones of that name away. Empty = nobody's are."`

	IMAP []IMAPConfig `toml:"imap"`
}

// IMAPConfig is one folder at an IMAP server that mail is read from. Nothing is deleted or marked there.
type IMAPConfig struct {
	Mailbox      string `toml:"mailbox"`       // slug of the mailbox that the mail is for
	Host         string `toml:"host"`          // name of the server
	Port         int    `toml:"port"`          // 0 = 993, with starttls 143
	TLS          string `toml:"tls"`           // tls, starttls, or none (a loopback host only); "" = tls
	CAFile       string `toml:"ca_file"`       // PEM file with the authorities that may vouch for the server; "" = the system's
	User         string `toml:"user"`          // account
	PasswordFile string `toml:"password_file"` // file that holds its password
	Folder       string `toml:"folder"`        // "" = INBOX
	Since        string `toml:"since"`         // YYYY-MM-DD: what reached the server before is left alone; "" = all is taken
}

// Limits are walls against overload, per gateway.
type Limits struct {
	Connections           int `toml:"connections" default:"20000" doc:"Open websockets of this gateway."`
	ConnectionsPerAddress int `toml:"connections_per_address" default:"100" doc:"Open websockets of one client address."`
	Commands              int `toml:"commands" default:"50" doc:"Commands of one person a second, over a while; four times as many at once."`
	FileBytes             int `toml:"file_bytes" default:"20971520" doc:"Largest uploaded file, in bytes; at most 20971520."`
	Memory                int `toml:"memory" default:"1073741824" doc:"Bytes of memory that this gateway should stay under. With three quarters of them in use, new websockets, conversations and uploads are refused (unavailable); what is open goes on. 0 = no ceiling."`
}

// HostConfig is one site that owns accounts. Source: proof-gate.md §3.14.
type HostConfig struct {
	Name           string   `toml:"name"`                        // kinds and mailboxes name it
	Audience       string   `toml:"audience"`                    // receipt aud, host of the commitment, iss of session tokens
	Site           string   `toml:"site"`                        // base of self_service; default return page
	VerifyURL      string   `toml:"verify_url"`                  // page that asks for the login; absent: an OpenID provider does
	DeliveryURL    string   `toml:"delivery_url"`                // the backend's endpoint
	RecoveryURL    string   `toml:"recovery_url"`                // for people who cannot log in
	SideAccess     bool     `toml:"side_access"`                 // agents see accounts elsewhere: ask for hashed facts (SPEC.md)
	SessionKeyFile string   `toml:"session_key_file"`            // PEM public key; absent: no session tokens
	LegacySecret   string   `toml:"legacy_identify_secret_file"` // HMAC secret of identities in the old form; absent: none are taken
	Code           bool     `toml:"code"`                        // its page cannot redirect: it shows a code that the visitor types, level A1
	Popup          bool     `toml:"popup"`                       // the login may open in a window of its own, on pages of the gateway's own site
	Allow          []string `toml:"allow"`                       // loopback or private prefixes its URLs may resolve to
}

// SourceConfig is one source of login events, at /v1/events/NAME, or (adapter oidc) an OpenID provider at which
// people log in for one change. forms says which adapter needs what. Source: proof-gate.md §3.7, §3.8, §3.14.
type SourceConfig struct {
	Name    string `toml:"name"`
	Adapter string `toml:"adapter"` // webhook, oidc, ssf, keycloak, auth0, okta, cognito, supabase
	Host    string `toml:"host"`
	// One whsec_ a line, newest first, at most two: what the source signs with, unless it has public_keys or a form of
	// its own; then they only sign deliveries. The newest of the host's first webhook source (else of its first source with secrets) signs deliveries.
	SecretsFile string   `toml:"secrets_file"`
	PublicKeys  []string `toml:"public_keys"` // whpk_, newest first, at most two: it signs with Ed25519 instead
	TokenFile   string   `toml:"token_file"`  // one Authorization value a line, newest first, at most two: auth0, okta, ssf

	// Of an OpenID provider (oidc), whose redirect_uri for us is PUBLIC_URL/verify/callback; some of others.
	Issuer           string   `toml:"issuer"`             // oidc, ssf
	ClientID         string   `toml:"client_id"`          // oidc; keycloak: logins at this client only
	ClientKeyFile    string   `toml:"client_key_file"`    // PEM, P-256: private_key_jwt, preferred
	ClientSecretFile string   `toml:"client_secret_file"` // else client_secret_basic
	Strong           []string `toml:"strong"`             // acr or amr values that count as phishing-resistant (A3)
	ClockSkew        int      `toml:"clock_skew"`         // seconds that its clock may differ, 0 to 30; 0 = 2 before, 5 after
	Allow            []string `toml:"allow"`              // loopback or private prefixes its names may resolve to: oidc, ssf

	// Of a transmitter of security events (ssf).
	Audience string `toml:"audience"` // what it calls us; "" = public_url
	JWKSURL  string `toml:"jwks_url"` // its keys
	PollURL  string `toml:"poll_url"` // asked every 5 s (RFC 8936), with token_file's first value; "" = it pushes
}

// Mistakes is everything wrong with a configuration, one line each, for an operator.
type Mistakes []string

// Error is the list, one mistake a line.
func (m Mistakes) Error() string {
	return fmt.Sprintf("%d mistakes in the configuration:\n  %s", len(m), strings.Join(m, "\n  "))
}

// Load reads the configuration: defaults, then the file (flag --config or POSTERN_CONFIG), then the variables
// POSTERN_…, then the flags. env is as os.Environ gives it. rest is what stands after the flags; help goes to out.
//
// Errors: flag.ErrHelp; Mistakes, with all that is wrong, unknown keys and variables too.
func Load(args, env []string, out io.Writer) (c Config, rest []string, err error) {
	var bad Mistakes
	keys := scalars(reflect.ValueOf(&c).Elem(), "")
	for _, k := range keys {
		if k.preset != "" {
			bad.add(k.name, k.set(k.preset))
		}
	}
	vars := environment(env)
	flags, given, path := flagSet(keys, out)
	*path = vars["POSTERN_CONFIG"]
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return c, nil, err
		}
		return c, nil, Mistakes{err.Error()}
	}
	if *path != "" {
		bad = append(bad, c.readFile(*path)...)
	}
	bad = append(bad, fromEnvironment(keys, vars)...)
	for _, k := range keys {
		if v, ok := given[k.name]; ok {
			bad.add("--"+k.flag(), k.set(v))
		}
	}
	bad = append(bad, readSecretFiles(keys)...)
	bad = append(bad, c.Validate()...)
	if len(bad) > 0 {
		return c, flags.Args(), bad
	}
	return c, flags.Args(), nil
}

func (m *Mistakes) add(where string, err error) {
	if err != nil {
		*m = append(*m, where+": "+err.Error())
	}
}

// readFile lays the TOML file over c.
func (c *Config) readFile(path string) (bad Mistakes) {
	meta, err := toml.DecodeFile(path, c)
	bad.add(path, err)
	for _, k := range meta.Undecoded() {
		bad = append(bad, path+": unknown key "+k.String())
	}
	return bad
}

// scalar is one key that file, variable and flag can set.
type scalar struct {
	name   string // with its table: smtp.host
	preset string
	doc    string
	secret bool
	value  reflect.Value
}

// scalars walks the struct; entries ([[host]], [[source]]) are left out: they stand only in the file.
func scalars(v reflect.Value, table string) []scalar {
	var all []scalar
	for i := range v.NumField() {
		f := v.Type().Field(i)
		name := table + f.Tag.Get("toml")
		switch {
		case f.Type.Kind() == reflect.Struct:
			all = append(all, scalars(v.Field(i), name+".")...)
		case f.Type.Kind() == reflect.Slice && f.Type.Elem().Kind() == reflect.Struct:
		default:
			all = append(all, scalar{name, f.Tag.Get("default"), f.Tag.Get("doc"), f.Tag.Get("secret") != "", v.Field(i)})
		}
	}
	return all
}

func (k scalar) flag() string { return strings.NewReplacer(".", "-", "_", "-").Replace(k.name) }

func (k scalar) variable() string {
	return "POSTERN_" + strings.ToUpper(strings.ReplaceAll(k.name, ".", "_"))
}

// set reads text as variables and flags carry it; a list is separated by commas.
func (k scalar) set(text string) error {
	switch k.value.Kind() {
	case reflect.Int:
		n, err := strconv.Atoi(text)
		if err != nil {
			return errors.New("must be a whole number")
		}
		k.value.SetInt(int64(n))
	case reflect.Slice:
		list := strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ' ' })
		k.value.Set(reflect.ValueOf(list))
	default:
		k.value.SetString(text)
	}
	return nil
}

func environment(env []string) map[string]string {
	vars := map[string]string{}
	for _, e := range env {
		if name, value, ok := strings.Cut(e, "="); ok && strings.HasPrefix(name, "POSTERN_") {
			vars[name] = value
		}
	}
	return vars
}

func fromEnvironment(keys []scalar, vars map[string]string) (bad Mistakes) {
	known := []string{"POSTERN_CONFIG"}
	for _, k := range keys {
		known = append(known, k.variable())
		if v, ok := vars[k.variable()]; ok {
			bad.add(k.variable(), k.set(v))
		}
	}
	var unknown []string
	for name := range vars {
		// Kubernetes adds these two by itself for a Service called postern.
		ours := !strings.HasPrefix(name, "POSTERN_SERVICE_") && !strings.HasPrefix(name, "POSTERN_PORT")
		if ours && !slices.Contains(known, name) {
			unknown = append(unknown, "unknown variable "+name)
		}
	}
	slices.Sort(unknown)
	return append(bad, unknown...)
}

// flagSet has a flag for each key but the secrets: a command line is readable by everyone on the machine.
func flagSet(keys []scalar, out io.Writer) (flags *flag.FlagSet, given map[string]string, path *string) {
	flags, given = flag.NewFlagSet("postern serve", flag.ContinueOnError), map[string]string{}
	flags.SetOutput(out)
	path = flags.String("config", "", "Path of the TOML file.")
	for _, k := range keys {
		if k.secret {
			continue
		}
		doc := k.doc
		if k.preset != "" {
			doc += " Default " + k.preset + "."
		}
		flags.Func(k.flag(), doc, func(v string) error { given[k.name] = v; return nil })
	}
	return flags, given, path
}

// readSecretFiles fills each secret from its …_file. Both given is a mistake: nobody could say which one counts.
func readSecretFiles(keys []scalar) (bad Mistakes) {
	for _, k := range keys {
		i := slices.IndexFunc(keys, func(o scalar) bool { return k.secret && o.name == k.name+"_file" })
		if i < 0 || keys[i].value.String() == "" {
			continue
		}
		if k.value.String() != "" {
			bad = append(bad, k.name+": given twice, here and in "+keys[i].name)
			continue
		}
		b, err := os.ReadFile(keys[i].value.String())
		bad.add(keys[i].name, err)
		k.value.SetString(strings.TrimSpace(string(b)))
	}
	return bad
}
