//go:build unix

package command

import (
	"bufio"
	"io"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-iscsi/discovery/pkg/pdu"
	"github.com/go-iscsi/discovery/test/iscsitest"
)

// TestISCSIADMLines: a line is out when its target has come, not when the answer is
// complete: callers kill iscsiadm after seconds.
func TestISCSIADMLines(t *testing.T) {
	t.Parallel()
	read := make(chan struct{})
	portal := iscsitest.Listen(t, &iscsitest.Target{Records: records(2), MaxText: 100, Respond: func(_, response pdu.PDU) iscsitest.Step {
		if m, ok := response.(*pdu.TextResponse); ok && m.Final {
			<-read
		}
		return nil
	}})
	cmd := exec.CommandContext(t.Context(), filepath.Join(binDir, "discover"), "iscsiadm", "-m", "discovery", "-t", "st", "-p", portal.Addr.String())
	cmd.Env = []string{"DISCOVER_REGISTRY=" + filepath.Join(t.TempDir(), "registry.db"), "GORACE=atexit_sleep_ms=0 halt_on_error=1"}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewReader(out)
	first, err := lines.ReadString('\n')
	close(read)
	rest, _ := io.ReadAll(lines)
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
	if want := "192.0.2.10:3260,1 iqn.2026-11.com.example:disk1\n"; err != nil || first != want {
		t.Errorf("got %q (%v) before the answer was complete, want %q", first, err, want)
	}
	if n := strings.Count(string(rest), "\n"); n != 3 {
		t.Errorf("got %d lines after the first, want 3: %q", n, rest)
	}
}

// TestISCSIADMName: called as iscsiadm, by a link, the program is that verb.
func TestISCSIADMName(t *testing.T) {
	t.Parallel()
	cmd := exec.Command(filepath.Join(binDir, "discover"), "-m", "discovery", "-t", "st")
	cmd.Args[0] = "/usr/sbin/iscsiadm"
	out, err := cmd.CombinedOutput()
	if want := "iscsiadm: Please specify portal as <ipaddr>[:<ipport>]\n"; string(out) != want || err == nil || cmd.ProcessState.ExitCode() != 7 {
		t.Errorf("got %q, %v, want %q and exit status 7", out, err, want)
	}
}
