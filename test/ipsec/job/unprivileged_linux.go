package job

import (
	"errors"
	"fmt"
	"os"
	"strings"
)

// Unprivileged returns the command line that runs a program as an ordinary user without
// any capability, and with no way to get one.
func Unprivileged(args ...string) []string {
	return append([]string{
		"setpriv", "--reuid=65534", "--regid=65534", "--clear-groups",
		"--inh-caps=-all", "--ambient-caps=-all", "--bounding-set=-all", "--no-new-privs", "--",
	}, args...)
}

// unprivileged is what the kernel says of a process that runs so: the lines of
// /proc/self/status, without their blanks.
var unprivileged = map[string]string{
	"Uid": "65534 65534 65534 65534", "Gid": "65534 65534 65534 65534", "Groups": "",
	"CapInh": none, "CapPrm": none, "CapEff": none, "CapBnd": none, "CapAmb": none,
	"NoNewPrivs": "1",
}

// none is a set of no capabilities.
const none = "0000000000000000"

// checkUnprivileged fails where this process may do more than it should.
func checkUnprivileged() error {
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return err
	}
	var bad []error
	seen := 0
	for line := range strings.Lines(string(text)) {
		name, value, _ := strings.Cut(line, ":")
		want, ok := unprivileged[name]
		if !ok {
			continue
		}
		seen++
		if got := strings.Join(strings.Fields(value), " "); got != want {
			bad = append(bad, fmt.Errorf("the job is to have no privileges, and has %s %s", name, got))
		}
	}
	if seen != len(unprivileged) {
		bad = append(bad, fmt.Errorf("%d of %d lines of /proc/self/status were found", seen, len(unprivileged)))
	}
	return errors.Join(bad...)
}
