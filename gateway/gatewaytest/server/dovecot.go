package server

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"
)

// DovecotPassword opens every account of the test's Dovecot.
const DovecotPassword = "an-accounts-secret"

// dovecotLMTP is a program of a package beside Dovecot's own.
const dovecotLMTP = "/usr/lib/dovecot/lmtp"

// Dovecot is an IMAP server of this machine's packages, run with a configuration of the test's in a folder of its own.
// Every account exists, with an empty INBOX.
type Dovecot struct {
	Plain string // host:port that begins without TLS and offers STARTTLS
	TLS   string // host:port that speaks TLS
	LMTP  string // host:port that takes mail for every account, whatever its domain; what stands after a plus is left out
	CA    *Authority

	dir     string
	count   int
	process *process
}

// NewDovecot starts Dovecot. It ends with the test.
func NewDovecot(t testing.TB) *Dovecot {
	t.Helper()
	bin, err := binary("dovecot", "dovecot-imapd", "/usr/sbin")
	must(t, err)
	if _, err := os.Stat(dovecotLMTP); err != nil {
		t.Fatalf("server: %s is missing: run .ci/install, or install dovecot-lmtpd", dovecotLMTP)
	}
	running.mu.Lock()
	dir, err := running.folder(nil)
	running.mu.Unlock()
	must(t, err)
	must(t, os.Chmod(dir, 0o755))
	d := &Dovecot{CA: NewAuthority(t), dir: dir}
	for _, addr := range []*string{&d.Plain, &d.TLS, &d.LMTP} {
		n, err := FreePort()
		must(t, err)
		*addr = net.JoinHostPort("127.0.0.1", strconv.Itoa(n))
	}
	text, err := d.configuration()
	must(t, err)
	conf := filepath.Join(dir, "dovecot.conf")
	must(t, os.WriteFile(conf, []byte(text), 0o644))
	d.process = &process{name: "dovecot", addr: d.TLS, log: filepath.Join(dir, "log"), quit: syscall.SIGTERM, make: func() *exec.Cmd {
		return exec.Command(bin, "-F", "-c", conf)
	}}
	d.process.lone(t)
	return d
}

// configuration is the whole of it: nothing of the machine's own is read. Its processes run as its own accounts when we
// are root, else as who we are.
func (d *Dovecot) configuration() (string, error) {
	me, err := user.Current()
	if err != nil {
		return "", err
	}
	inner, login, owner, group := me.Username, me.Username, me.Uid, me.Gid
	if os.Getuid() == 0 {
		inner, login = "dovecot", "dovenull"
		u, err := user.Lookup("nobody")
		if err != nil {
			return "", err
		}
		owner, group = u.Uid, u.Gid
		uid, _ := strconv.Atoi(owner) // the system's own number
		gid, _ := strconv.Atoi(group)
		if err := os.Mkdir(filepath.Join(d.dir, "mail"), 0o700); err != nil {
			return "", err
		}
		if err := os.Chown(filepath.Join(d.dir, "mail"), uid, gid); err != nil {
			return "", err
		}
	}
	text := fmt.Sprintf(`base_dir = %[1]s/run
state_dir = %[1]s/state
log_path = %[1]s/log
protocols = imap lmtp
listen = 127.0.0.1
ssl = yes
ssl_cert = <%[2]s
ssl_key = <%[3]s
disable_plaintext_auth = no
default_internal_user = %[4]s
default_login_user = %[5]s
first_valid_uid = 1
first_valid_gid = 1
recipient_delimiter = +
auth_username_format = %%Ln
mail_location = maildir:%[1]s/mail/%%u
passdb {
  driver = static
  args = password=%[8]s
}
userdb {
  driver = static
  args = uid=%[6]s gid=%[7]s home=%[1]s/mail/%%n allow_all_users=yes
}
`, d.dir, d.CA.CertFile, d.CA.KeyFile, inner, login, owner, group, DovecotPassword)
	_, plain, _ := net.SplitHostPort(d.Plain)
	_, tls, _ := net.SplitHostPort(d.TLS)
	text += fmt.Sprintf("service imap-login {\n  chroot =\n  inet_listener imap {\n    port = %s\n  }\n  inet_listener imaps {\n    port = %s\n    ssl = yes\n  }\n}\n", plain, tls)
	_, lmtp, _ := net.SplitHostPort(d.LMTP)
	text += fmt.Sprintf("service lmtp {\n  inet_listener lmtp {\n    address = 127.0.0.1\n    port = %s\n  }\n}\n", lmtp)
	text += "service anvil {\n  chroot =\n}\nservice stats {\n  chroot =\n}\n"
	return text, nil
}

// Deliver puts a mail into an account's INBOX, as a mail server's last hop does: written beside it, then moved there.
func (d *Dovecot) Deliver(t testing.TB, account string, raw []byte) {
	t.Helper()
	d.count++
	name := fmt.Sprintf("%d.%d.test", time.Now().Unix(), d.count)
	for _, sub := range []string{"", "tmp", "new", "cur"} {
		d.own(t, d.box(account, sub), func(path string) error { return os.MkdirAll(path, 0o700) })
	}
	tmp := d.box(account, "tmp", name)
	d.own(t, tmp, func(path string) error { return os.WriteFile(path, raw, 0o600) })
	must(t, os.Rename(tmp, d.box(account, "new", name)))
}

// Renumber makes Dovecot forget every number of an account's INBOX: it comes back with another UIDVALIDITY.
func (d *Dovecot) Renumber(t testing.TB, account string) {
	t.Helper()
	must(t, d.process.end())
	files, err := filepath.Glob(d.box(account, "dovecot*"))
	must(t, err)
	for _, f := range files {
		must(t, os.Remove(f))
	}
	must(t, d.process.start())
}

// Mails gives every mail of an account's INBOX, in no order.
func (d *Dovecot) Mails(t testing.TB, account string) (all [][]byte) {
	t.Helper()
	for _, f := range d.mails(t, account) {
		raw, err := os.ReadFile(f)
		if errors.Is(err, os.ErrNotExist) {
			continue // the server has renamed it meanwhile
		}
		must(t, err)
		all = append(all, raw)
	}
	return all
}

// Count counts the mails of an account's INBOX.
func (d *Dovecot) Count(t testing.TB, account string) int {
	t.Helper()
	return len(d.mails(t, account))
}

// Age lets every mail of an account's INBOX have come that long ago.
func (d *Dovecot) Age(t testing.TB, account string, by time.Duration) {
	t.Helper()
	for _, f := range d.mails(t, account) {
		then := time.Now().Add(-by)
		must(t, os.Chtimes(f, then, then))
	}
}

// Delete removes every mail of an account's INBOX.
func (d *Dovecot) Delete(t testing.TB, account string) {
	t.Helper()
	for _, f := range d.mails(t, account) {
		must(t, os.Remove(f))
	}
}

func (d *Dovecot) mails(t testing.TB, account string) (all []string) {
	t.Helper()
	for _, sub := range []string{"new", "cur"} {
		m, err := filepath.Glob(d.box(account, sub, "*"))
		must(t, err)
		all = append(all, m...)
	}
	return all
}

func (d *Dovecot) box(account string, more ...string) string {
	return filepath.Join(append([]string{d.dir, "mail", account}, more...)...)
}

// own makes a file and gives it to whom the account's processes run as.
func (d *Dovecot) own(t testing.TB, path string, make func(string) error) {
	t.Helper()
	must(t, make(path))
	if os.Getuid() != 0 {
		return
	}
	info, err := os.Stat(filepath.Join(d.dir, "mail"))
	must(t, err)
	who := info.Sys().(*syscall.Stat_t)
	must(t, os.Chown(path, int(who.Uid), int(who.Gid)))
}
