package verbs

import (
	"bytes"
	"io"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/go-iscsi/discovery/test/iscsitest"
)

// TestAskedAs: "no targets" says under which name the portals were asked, in the table
// or beside it, whichever they see; scripts read what they always did.
func TestAskedAs(t *testing.T) {
	t.Parallel()
	const (
		two   = "192.0.2.10:3260: no targets\n192.0.2.11:3260: no targets\n"
		named = "192.0.2.10:3260: no targets for " + madeUp + "\n192.0.2.11:3260: no targets for " + madeUp + "\n"
		note  = "discover: no targets for " + madeUp + ": which targets a portal lists depends on the initiator name\n"
	)
	for _, tt := range []struct {
		name             string
		toOut, toErr     bool // it is a terminal
		args             string
		stdout, stderr   string
		anythingOnStdout bool
	}{
		{name: "both", toOut: true, toErr: true, stdout: named},
		{name: "the table", toOut: true, stdout: named},
		{name: "standard error", toErr: true, stdout: two, stderr: note},
		{name: "neither", stdout: two},
		{name: "json", toOut: true, toErr: true, args: "-o json", anythingOnStdout: true},
		{name: "jsonl", toErr: true, args: "-o jsonl", anythingOnStdout: true},
		{name: "iscsiadm", toOut: true, toErr: true, args: "-o iscsiadm"},
		{name: "by another name", toOut: true, args: "--initiator-name iqn.2026-11.com.example:Me", stdout: strings.ReplaceAll(named, madeUp, "iqn.2026-11.com.example:Me")},
		{name: "targets", toOut: true, toErr: true, args: "192.0.2.12", stdout: named + "192.0.2.12:3260: 1 target\n  iqn.2026-11.com.example:disk1  192.0.2.12:3260\n"},
		{name: "a failure", toOut: true, toErr: true, args: "192.0.2.13", stdout: named, stderr: "discover: connect to 192.0.2.13:3260: connection refused; nothing listens there: check the address and the TCP port\n"},
		{name: "from each port", toOut: true, args: "--initiator-port each", stdout: `192.0.2.10:3260:
  PORT    INTERFACE  SOURCE
  host/0  eth0       192.0.2.254  no targets for ` + madeUp + `
  host/2  eth1       192.0.2.253  no targets for ` + madeUp + `
192.0.2.11:3260:
  PORT    INTERFACE  SOURCE
  host/0  eth0       192.0.2.254  no targets for ` + madeUp + `
  host/2  eth1       192.0.2.253  no targets for ` + madeUp + "\n"},
		{name: "from each port, beside it", toErr: true, args: "--initiator-port each", anythingOnStdout: true, stderr: note},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				l := newLab(t)
				l.unrouted = []string{"127.0.0.1"}
				l.Portal("192.0.2.10:3260", &iscsitest.Target{}, &iscsitest.Target{})
				l.Portal("192.0.2.11:3260", &iscsitest.Target{}, &iscsitest.Target{})
				l.Portal("192.0.2.12:3260", &iscsitest.Target{Records: []iscsitest.Record{{Name: "iqn.2026-11.com.example:disk1"}}})
				var stdout, stderr bytes.Buffer
				l.stdout, l.stderr, l.columns = &stdout, &stderr, make(map[io.Writer]int)
				if tt.toOut {
					l.columns[&stdout] = 80
				}
				if tt.toErr {
					l.columns[&stderr] = 80
				}
				registry := t.TempDir() + "/registry.db"
				l.discover(t.Context(), append([]string{"scan", "--registry", registry, "192.0.2.10", "192.0.2.11"}, strings.Fields(tt.args)...)...)
				if got := stdout.String(); got != tt.stdout && !tt.anythingOnStdout || tt.anythingOnStdout && strings.Contains(got, "no targets for") {
					t.Errorf("standard output: got\n%swant\n%s", got, tt.stdout)
				}
				if got := stderr.String(); got != tt.stderr {
					t.Errorf("standard error: got\n%swant\n%s", got, tt.stderr)
				}
			})
		})
	}
}
