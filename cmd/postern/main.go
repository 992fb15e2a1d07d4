// Command postern is the gateway. This package reads the configuration, joins the leaves and holds the
// sub-commands; what the product does lives in gateway, verify and kb.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

// Exit codes. A command that was asked in the wrong way is told apart from one that failed.
const (
	exitOK     = 0
	exitFailed = 1
	exitUsage  = 2
)

// call is what a sub-command gets: its arguments without its name, the variables, and where to write.
type call struct {
	args, env []string
	out, err  io.Writer
}

// ownFile reads '--config FILE', all that a command with a file of its own takes; false = it was called in another way,
// and has been told how.
func (c call) ownFile(command string) (path string, ok bool) {
	f := flag.NewFlagSet(command, flag.ContinueOnError)
	f.SetOutput(c.err)
	f.StringVar(&path, "config", "", "The "+command+"'s own file. Needed.")
	if err := f.Parse(c.args); err != nil || path == "" || f.NArg() > 0 {
		fmt.Fprintf(c.err, "usage: postern %s --config FILE\n", command)
		return "", false
	}
	return path, true
}

// command is one sub-command. run returns the exit code; it ends soon after ctx does.
type command struct {
	name, doc string
	run       func(ctx context.Context, c call) int
}

// commands is the explicit list. ADD A SUB-COMMAND HERE.
func commands() []command {
	return []command{
		{"serve", "run one gateway from the configuration until it is told to stop", runServe},
		{"demo", "the gateway and a sample shop with sample data, on this machine only", runDemo},
		{"agent", "'agent add EMAIL --role admin' makes one and prints the link that sets the password", runAgent},
		{"apikey", "'apikey add NAME --mailbox SLUG' makes a key for a program of yours and prints it, once", runAPIKey},
		{"audit", "'audit verify' checks the log of account changes and names the first bad line", runAudit},
		{"backup", "'backup DIR' copies everything at one moment, while gateways run; keys only --with-keys", runBackup},
		{"restore", "'restore DIR' makes a new installation of a backup, in an empty place only", runRestore},
		{"migrate", "bring the database to this program's schema, as a start does; --status only says what is to do", runMigrate},
		{"doctor", "name what is unsafe or broken, and what to do; --json, --strict, --mail", runDoctor},
		{"bench", "measure this machine: gateways of its own under visitors and agents who write; 'bench --help' lists what can be set", runBench},
		{"capacity", "reckon what an installation needs at a load and many times that", runCapacity},
		{"signer", "holds the key that signs receipts, in a process of its own behind a Unix socket", runSigner},
		{"enforcer", "the receipt check as a reverse proxy before an API that cannot change", runEnforcer},
		{"conformance", "attacks a host's staging backend as a rogue gateway does, and reports", runConformance},
		{"kb", "the help's articles: 'kb search WORDS' finds and explains, 'kb eval DIR' measures on a question set", runKB},
		{"mail", "'mail visible FILE' prints what a mail says, without what it quotes, as JSON", runMail},
		{"config", "print the example configuration; 'config check' lists the mistakes of yours", runConfig},
	}
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := dispatch(ctx, os.Args[1:], os.Environ(), os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// dispatch runs the sub-command that args name. An unknown one, or none, prints the list and is a usage error.
func dispatch(ctx context.Context, args, env []string, out, err io.Writer) int {
	for _, c := range commands() {
		if len(args) > 0 && args[0] == c.name {
			return c.run(ctx, call{args[1:], env, out, err})
		}
	}
	if len(args) > 0 && (args[0] == "help" || args[0] == "-h" || args[0] == "--help") {
		help(out)
		return exitOK
	}
	if len(args) > 0 {
		fmt.Fprintf(err, "postern: unknown command %q\n", args[0])
	}
	help(err)
	return exitUsage
}

func help(w io.Writer) {
	fmt.Fprintln(w, "usage: postern COMMAND [flags]")
	for _, c := range commands() {
		fmt.Fprintf(w, "  %-12s %s\n", c.name, c.doc)
	}
}

func runConfig(_ context.Context, c call) int {
	if len(c.args) == 0 {
		fmt.Fprint(c.out, Example())
		return exitOK
	}
	if c.args[0] != "check" {
		fmt.Fprintln(c.err, "usage: postern config [check [flags]]")
		return exitUsage
	}
	cfg, _, err := Load(c.args[1:], c.env, c.err)
	if err == nil {
		_, _, err = cfg.Policy()
	}
	if err != nil {
		fmt.Fprintln(c.err, err)
		return exitFailed
	}
	fmt.Fprintln(c.out, "no mistakes")
	return exitOK
}
