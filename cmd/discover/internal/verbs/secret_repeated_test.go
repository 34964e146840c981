package verbs

import (
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/go-iscsi/discovery/cmd/internal/app"
	"github.com/go-iscsi/discovery/cmd/internal/exit"
	"github.com/go-iscsi/discovery/cmd/internal/flags"
	"github.com/go-iscsi/discovery/cmd/internal/machine"
)

// notSecret is text in the place of a reference, or of one that is damaged.
var notSecret = []string{
	"hunter2hunter2", "password:hunter2hunter2", "file:", "env:", "env:X=hunter2hunter2", "cred:../hunter2hunter2",
	"fd:hunter2hunter2", "fd:1", "fd:2", "fd:-1", "fd:99999", "prompt:hunter2hunter2", "PROMPT", "",
}

// secretFlags returns a command line for each verb and each of its flags that is a
// reference to a secret, without the value.
func secretFlags(t *testing.T) (all [][]string) {
	t.Helper()
	env := machine.Env{Stdout: io.Discard, Stderr: io.Discard, LookupEnv: func(string) (string, bool) { return "", false }}
	c := &command{Command: &app.Command{Env: env, Groups: make(map[*cobra.Command][]flags.Group)}}
	var walk func(cmd *cobra.Command)
	walk = func(cmd *cobra.Command) {
		for _, below := range cmd.Commands() {
			walk(below)
		}
		if !cmd.Runnable() || cmd.DisableFlagParsing {
			return
		}
		cmd.InheritedFlags() // adds them
		cmd.Flags().VisitAll(func(f *pflag.Flag) {
			if f.Value.Type() == new(flags.SecretRef).Type() {
				all = append(all, append(strings.Fields(cmd.CommandPath())[1:], "--"+f.Name))
			}
		})
	}
	walk(c.root())
	return all
}

// A secret in the place of a reference is refused, and no output shows it:
// nothing that a reference says comes back, from any flag of any verb.
func TestSecretIsNeverRepeated(t *testing.T) {
	t.Parallel()
	seen := make(map[string]bool)
	for _, line := range secretFlags(t) {
		flag := line[len(line)-1]
		seen[flag] = true
		for _, value := range notSecret {
			r := newLab(t).discover(t.Context(), append(slices.Clone(line), value)...)
			if r.status != exit.Usage || r.stdout != "" || strings.Contains(r.stderr, "hunter2") ||
				strings.Count(r.stderr, "\n") != 1 || !strings.HasPrefix(r.stderr, "discover: "+flag+": ") {
				t.Errorf("%s %q: got %+v, want one line about %s without the value", strings.Join(line, " "), value, r, flag)
			}
		}
	}
	for _, flag := range []string{"--chap-secret", "--target-secret", "--key", "--new-key", "--ipsec-psk"} {
		if !seen[flag] {
			t.Errorf("%s was not tried, but only %v", flag, seen)
		}
	}
}

// TestSecretArgumentIsNeverRepeated: nor does it come back from an argument that is to be a
// reference, from a portal with a user's name before it, or from a line of a file.
func TestSecretArgumentIsNeverRepeated(t *testing.T) {
	t.Parallel()
	var lines [][]string
	for _, value := range notSecret {
		lines = append(lines, []string{"initiator", "set-chap-secret", value}, []string{"ipsec", "psk", "set", "192.0.2.10", value})
	}
	for _, ref := range []string{"file:/hunter2", "env:hunter2", "cred:hunter2", "fd:7"} {
		lines = append(lines, []string{"scan", "--chap-secret", ref, "192.0.2.10"}, []string{"scan", "--ipsec", "ike", "--ipsec-psk", ref, "192.0.2.10"})
	}
	for _, verb := range []string{"scan", "watch", "paths", "portal add", "portal list", "portal refresh", "portal remove", "portal set", "portal show", "ipsec explain", "target list", "target add", "target remove"} {
		for _, portal := range []string{"user:hunter2hunter2@192.0.2.10", "hunter2hunter2@192.0.2.10", "iscsi://user%hunter2hunter2@192.0.2.10/iqn.x/1", "iscsi://192.0.2.10/?hunter2hunter2", "user@hunter2hunter2"} {
			lines = append(lines, append(strings.Fields(verb), portal))
		}
	}
	for _, flag := range []string{"-phunter2", "--passwrod=hunter2", "--chap-secrte=hunter2", "--ipsec-pks=hunter2"} {
		lines = append(lines, []string{"scan", "192.0.2.10", flag}, []string{flag, "scan", "192.0.2.10"}, []string{"portal", "add", "192.0.2.10", flag})
	}
	lines = append(lines, []string{"scan", "@/portals"}, []string{"scan", "-"}, []string{"portal", "add", "@/portals"},
		[]string{"--chap-secret", "hunter2", "scan", "192.0.2.10"}, []string{"user:hunter2@192.0.2.10"},
		[]string{"ipsec", "psk", "set", "hunter2!hunter2", "env:SECRET"}, []string{"scan", "--initiator-name", "file:/name", "192.0.2.10"})
	for _, line := range lines {
		l := newLab(t)
		l.stdin = "user:hunter2hunter2 192.0.2.10\n"
		l.files["/portals"], l.files["/name"] = l.stdin, l.stdin
		l.env["HOME"], l.env["SECRET"] = t.TempDir(), ours
		r := l.discover(t.Context(), line...)
		if r.status == exit.OK || strings.Contains(r.stdout+r.stderr, "hunter2") || strings.Count(r.stderr, "\n") != 1 {
			t.Errorf("%q: got %+v, want one line that repeats nothing", line, r)
		}
	}
}
