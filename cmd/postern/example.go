package main

import (
	"fmt"
	"reflect"
	"strings"
)

// entries is the part of the example that no default can show.
const entries = `
# A key that outgoing mails of a domain are signed with (DKIM). Repeat for each; a domain may have two, RSA and Ed25519.
# [[smtp.dkim]]
# domain = "site.test"                  # of the mailboxes' addresses, or a parent of it
# selector = "postern1"                 # the public half stands in the DNS at SELECTOR._domainkey.DOMAIN ('postern doctor' prints it)
# key_file = "dkim.pem"                 # PEM: RSA of at least 2048 bits, or Ed25519
# A folder at an IMAP server that mail is read from; nothing is deleted or marked there. Repeat for each.
# [[mail.imap]]
# mailbox = "support"                   # slug of the mailbox that the mail is for
# host = "imap.site.test"
# port = 993                            # absent: 993, with starttls 143
# tls = "tls"                           # tls, starttls, or none (a loopback host only)
# ca_file = ""                          # PEM file with the authorities that may vouch for the server; empty = the system's
# user = "support@site.test"
# password_file = "imap.password"
# folder = "INBOX"
# since = ""                            # YYYY-MM-DD: what reached the server before is left alone; empty = all is taken
# A site that owns accounts; kinds and mailboxes name it. Repeat for each site.
# [[host]]
# name = "shop"
# audience = "https://acct.site.test"   # receipt aud, host of the commitment, iss of session tokens
# site = "https://site.test"            # base of self_service; default return page
# verify_url = "https://site.test/support-verify"   # absent: an OpenID provider asks for the login
# delivery_url = "https://acct.site.test/postern"
# recovery_url = "https://site.test/forgot"
# side_access = false                   # true: agents see accounts elsewhere; ask delivery_url for hashed facts (verify/SPEC.md)
# session_key_file = "shop.pub.pem"     # absent: no session tokens
# legacy_identify_secret_file = ""      # HMAC secret of identify {email, hash}: shown to staff as the old form, no proof; absent: refused
# code = false                          # true: its page cannot redirect; it shows a code that the visitor types (A1: plain kinds that cool)
# popup = false                         # true: the login may open in a window of its own, on pages of the gateway's own site
# allow = []                            # loopback or private prefixes its URLs may resolve to

# A source of login events, at /v1/events/NAME. One that signs with Ed25519 (v1a) has public_keys: then its secrets_file
# is believed no more and only signs deliveries.
# [[source]]
# name = "shop"
# adapter = "webhook"
# host = "shop"
# secrets_file = "shop.secrets"         # one whsec_ a line, newest first, at most two; the newest signs deliveries
# public_keys = []                      # whpk_..., newest first, at most two

# An OpenID provider of a host, beside or instead of its verify_url; with both, what needs A3 goes to verify_url.
# The provider needs the redirect_uri PUBLIC_URL/verify/callback. Without a webhook source, secrets_file stands here.
# [[source]]
# name = "idp"
# adapter = "oidc"
# host = "shop"
# issuer = "https://idp.site.test"
# client_id = "postern"
# client_key_file = "idp.client.pem"    # P-256: private_key_jwt; preferred to
# client_secret_file = ""               # client_secret_basic
# strong = ["phr"]                      # acr or amr values that count as phishing-resistant (A3)
# clock_skew = 0                        # seconds that its clock may differ, at most 30; 0 = 2 before the challenge, 5 after now
# allow = []                            # loopback or private prefixes its names may resolve to

# Security events of the login provider (SET, RFC 8935): a revoked session or a changed credential ends what is live.
# [[source]]
# name = "idp-events"
# adapter = "ssf"
# host = "shop"
# issuer = "https://idp.site.test"      # exact iss, of the events and of the accounts in them
# jwks_url = "https://idp.site.test/jwks"
# audience = ""                         # what the transmitter calls us; empty = public_url
# poll_url = ""                         # where we ask for events every 5 s (RFC 8936); empty = it pushes
# token_file = ""                       # the Authorization value that it shows, if any; with poll_url the one we show
# allow = []

# Logins as providers report them: keycloak, cognito, supabase (signed as a webhook is), auth0, okta (a token). They are
# seen and move nothing. deploy/LOGIN-EVENTS.md shows the other side.
# [[source]]
# name = "keycloak"
# adapter = "keycloak"
# host = "shop"
# secrets_file = "keycloak.secrets"     # or public_keys
# client_id = "shop"                    # keycloak only: logins at this client
# [[source]]
# name = "okta"
# adapter = "okta"
# host = "shop"
# token_file = "okta.token"             # one Authorization value a line, newest first, at most two

# An endpoint that is told of events (deploy/WEBHOOKS.md): the same on every gateway. Repeat for each.
# [[webhook]]
# name = "crm"                          # in the log of deliveries; lower case letters, digits and -
# url = "https://crm.site.test/postern"
# secrets_file = "crm.secrets"          # one whsec_ a line, newest first, at most two: each signs
# events = ["conversation.escalated"]   # empty: all that may leave
# mailboxes = []                        # slugs; empty: all
# allow = []                            # loopback or private prefixes its URL may resolve to
`

// Example is the example configuration: every key with its meaning and its default.
func Example() string {
	var b strings.Builder
	b.WriteString("# Postern. Every key can also be a variable: public_url is POSTERN_PUBLIC_URL, smtp.host is POSTERN_SMTP_HOST;\n" +
		"# all but the secrets also a flag: --public-url, --smtp-host.\n")
	writeTable(&b, reflect.TypeFor[Config]())
	b.WriteString(entries)
	return b.String()
}

func writeTable(b *strings.Builder, t reflect.Type) {
	for i := range t.NumField() {
		f := t.Field(i)
		key, preset, doc := f.Tag.Get("toml"), f.Tag.Get("default"), f.Tag.Get("doc")
		switch {
		case f.Type.Kind() == reflect.Struct:
			fmt.Fprintf(b, "\n# %s\n[%s]\n", doc, key)
			writeTable(b, f.Type)
		case doc == "": // the entries
		case f.Type.Kind() == reflect.Int:
			fmt.Fprintf(b, "\n# %s\n%s = %s\n", doc, key, preset)
		case f.Type.Kind() == reflect.Slice:
			list := strings.FieldsFunc(preset, func(r rune) bool { return r == ',' })
			for i := range list {
				list[i] = fmt.Sprintf("%q", list[i])
			}
			fmt.Fprintf(b, "\n# %s\n%s = [%s]\n", doc, key, strings.Join(list, ", "))
		default:
			fmt.Fprintf(b, "\n# %s\n%s = %q\n", doc, key, preset)
		}
	}
}
