package server

import (
	"errors"
	"fmt"
	"maps"
	"net"
	"net/smtp"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// Postfix is a mail server of this machine's packages, run with a configuration of the test's in a folder of its own.
// Nothing leaves the machine: mail for a domain that is not named here is returned to its sender.
type Postfix struct {
	Addr string // host:port that takes mail from anybody on loopback
	Log  string // file

	dir     string
	process *process
}

// PostfixOptions say where mail goes.
type PostfixOptions struct {
	Dovecot *Dovecot          // takes every domain in Local
	Local   []string          // domains
	LMTP    map[string]string // domain → host:port of an LMTP server on loopback
	UTF8    bool              // SMTPUTF8 (RFC 6531) is offered
}

// postfixFolder is where Debian and Ubuntu keep Postfix's programs.
const postfixFolder = "/usr/lib/postfix/sbin"

// errRoot is what the tests say where they cannot start Postfix.
var errRoot = errors.New("server: Postfix's master needs root: run the tests that use it as root")

// NewPostfix starts Postfix. Mail for bounce.test is returned as undeliverable. It ends with the test.
func NewPostfix(t testing.TB, o PostfixOptions) *Postfix {
	t.Helper()
	master, err := binary("master", "postfix", postfixFolder)
	must(t, err)
	if os.Getuid() != 0 {
		t.Fatal(errRoot)
	}
	running.mu.Lock()
	dir, err := running.folder(nil)
	running.mu.Unlock()
	must(t, err)
	must(t, os.Chmod(dir, 0o755))
	port, err := FreePort()
	must(t, err)
	p := &Postfix{Addr: net.JoinHostPort("127.0.0.1", strconv.Itoa(port)), Log: filepath.Join(dir, "mail.log"), dir: dir}
	must(t, p.folders())
	etc := filepath.Join(dir, "etc")
	must(t, os.WriteFile(filepath.Join(etc, "main.cf"), []byte(p.main(o)), 0o644))
	must(t, os.WriteFile(filepath.Join(etc, "master.cf"), []byte(p.services()), 0o644))
	p.process = &process{name: "postfix", addr: p.Addr, log: filepath.Join(dir, "log"), quit: syscall.SIGTERM, whole: true, make: func() *exec.Cmd {
		cmd := exec.Command(master, "-c", etc, "-d") // -d: stays in front, and in the process group that ownGroup gives
		cmd.Env = []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C"}
		return cmd
	}}
	p.process.lone(t)
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("Postfix said: %s", tail(p.Log))
		}
	})
	return p
}

// folders makes the folders of queue and state with the owners that Postfix wants (its postfix-files).
func (p *Postfix) folders() error {
	owner, err := account("postfix")
	if err != nil {
		return err
	}
	drop, err := user.LookupGroup("postdrop")
	if err != nil {
		return fmt.Errorf("server: there must be a group postdrop to run Postfix: %w", err)
	}
	postdrop, err := strconv.Atoi(drop.Gid)
	if err != nil {
		return err
	}
	uid := int(owner.Uid)
	make := func(name string, uid, gid int, mode os.FileMode) error {
		path := filepath.Join(p.dir, name)
		return errors.Join(os.Mkdir(path, mode), os.Chmod(path, mode), os.Chown(path, uid, gid))
	}
	err = errors.Join(make("etc", 0, 0, 0o755), make("data", uid, 0, 0o700), make("spool", 0, 0, 0o755), make("spool/pid", 0, 0, 0o755),
		make("spool/public", uid, postdrop, 0o710), make("spool/maildrop", uid, postdrop, 0o730))
	for _, queue := range strings.Fields("private active bounce corrupt defer deferred flush hold incoming saved trace") {
		err = errors.Join(err, make("spool/"+queue, uid, 0, 0o700))
	}
	return err
}

// main is the whole main.cf: nothing of the machine's own is read. What is deferred is tried again after 2 s.
func (p *Postfix) main(o PostfixOptions) string {
	ways := []string{"{ bounce.test = error:5.1.1 no such user here }"}
	for _, domain := range slices.Sorted(maps.Keys(o.LMTP)) {
		ways = append(ways, fmt.Sprintf("{ %s = lmtp:inet:%s }", domain, o.LMTP[domain]))
	}
	utf8, local := "no", "error:5.1.2 no such domain here"
	if o.UTF8 {
		utf8 = "yes"
	}
	if o.Dovecot != nil {
		local = "lmtp:inet:" + o.Dovecot.LMTP
	}
	return fmt.Sprintf(`compatibility_level = 3.6
queue_directory = %[1]s/spool
data_directory = %[1]s/data
command_directory = /usr/sbin
daemon_directory = %[2]s
mail_owner = postfix
setgid_group = postdrop
maillog_file = %[3]s
maillog_file_prefixes = %[1]s
myhostname = mx.test
mydestination =
alias_maps =
alias_database =
local_recipient_maps =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
local_header_rewrite_clients =
smtpd_relay_restrictions = permit_mynetworks, reject
smtpd_reject_unlisted_recipient = no
smtpd_client_connection_rate_limit = 0
smtpd_client_connection_count_limit = 0
recipient_delimiter = +
virtual_mailbox_domains = %[4]s
virtual_transport = %[5]s
default_transport = error:5.1.2 nothing leaves this machine
relay_transport = error:5.1.2 nothing leaves this machine
transport_maps = inline:{ %[6]s }
smtputf8_enable = %[7]s
minimal_backoff_time = 2s
maximal_backoff_time = 2s
queue_run_delay = 2s
lmtp_destination_concurrency_limit = 4
destination_concurrency_failed_cohort_limit = 1000
message_size_limit = 52428800
`, p.dir, postfixFolder, p.Log, strings.Join(o.Local, " "), local, strings.Join(ways, ", "), utf8)
}

// services is the master.cf. Nothing is in a chroot: the sockets are within the test's folder.
func (p *Postfix) services() string {
	return strings.Join([]string{
		p.Addr + " inet n - n - - smtpd", "postlog unix-dgram n - n - 1 postlogd",
		"pickup unix n - n 60 1 pickup", "qmgr unix n - n 300 1 qmgr", "cleanup unix n - n - 0 cleanup", "flush unix n - n 1000? 0 flush",
		"rewrite unix - - n - - trivial-rewrite", "bounce unix - - n - 0 bounce", "defer unix - - n - 0 bounce", "trace unix - - n - 0 bounce",
		"verify unix - - n - 1 verify", "proxymap unix - - n - - proxymap", "error unix - - n - - error", "retry unix - - n - - error",
		"discard unix - - n - - discard", "smtp unix - - n - - smtp", "relay unix - - n - - smtp", "lmtp unix - - n - - lmtp",
		"anvil unix - - n - 1 anvil", "scache unix - - n - 1 scache", "tlsmgr unix - - n 1000? 1 tlsmgr", "",
	}, "\n")
}

// Submit hands a mail to Postfix as its sender does. Lines end with CRLF.
func (p *Postfix) Submit(t testing.TB, from, to string, raw []byte) {
	t.Helper()
	must(t, smtp.SendMail(p.Addr, nil, from, []string{to}, raw))
}

// Queued counts the mails that wait in Postfix.
func (p *Postfix) Queued(t testing.TB) (n int) {
	t.Helper()
	for _, q := range []string{"incoming", "active", "deferred", "maildrop"} {
		must(t, filepath.WalkDir(filepath.Join(p.dir, "spool", q), func(_ string, d os.DirEntry, err error) error {
			if err == nil && !d.IsDir() {
				n++
			}
			if errors.Is(err, os.ErrNotExist) {
				return nil // it went on meanwhile
			}
			return err
		}))
	}
	return n
}
