package ipsec_test

import (
	"net/netip"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/go-iscsi/discovery/pkg/ipsec"
	"github.com/go-iscsi/discovery/pkg/ipsec/enforce"
	"github.com/go-iscsi/discovery/pkg/ipsec/strongswan"
	"github.com/go-iscsi/discovery/test/ipsec/job"
)

// testContainer (issue 13, 37): what a process leaves that died in a container, of
// which nothing can be seen from outside, stays for its lease, and goes where that is asked
// for. What has no lease any more goes by itself, and that is told.
func (h *hostCharon) testContainer(t *testing.T) {
	w := newWorld(t, false)
	w.target.Down(t, w.cable) // so that it lasts
	j := h.job(w, job.MainTransport)
	cmd, _ := child(t, j, syscall.CLONE_NEWPID)
	h.begun(t)
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	j.Source = netip.MustParseAddr("127.0.0.1") // between other ends
	j.Timeout = silenceTimeout / 2
	if r := j.Run(t.Context()); len(r.Told) != 0 {
		t.Errorf("told: got %+v, want nothing", r.Told)
	}
	if out, err := h.control("--list-conns"); err != nil || !strings.Contains(out, "iscsi-discovery") {
		t.Errorf("charon has: %v, %s; want what the process left", err, out)
	}
	e := &strongswan.Enforcer{Socket: h.socket}
	for _, all := range []bool{false, true} {
		list, err := e.Cleanup(t.Context(), all, false)
		if err != nil || len(list) != 1 || list[0].Owner != "unknown" || list[0].Removed != all {
			t.Errorf("all %v: got %+v, %v; want what the process left, and that it is gone: %v", all, list, err, all)
		}
	}
	h.wantClean(t)

	over := h.leaseIsOver(t, w)
	if r := j.Run(t.Context()); len(r.Told) != 1 || r.Told[0].Code != enforce.WarnSwept || !strings.Contains(r.Told[0].Message, over) {
		t.Errorf("told: got %+v, want what was swept: %s", r.Told, over)
	}
	h.wantClean(t)
	h.load(t, "connections { }\n") // the key, too, which has no name of ours
}

// leaseIsOver gives charon something that a process elsewhere had for a time that
// is over.
func (h *hostCharon) leaseIsOver(t *testing.T, w *world) (name string) {
	t.Helper()
	boot, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		t.Fatal(err)
	}
	name = "iscsi-discovery-1-1-1-1-" + strings.ReplaceAll(string(boot), "-", "")[:16] + "-1"
	h.load(t, connection(name, w.source.String(), "192.0.2.254", false, "transport", hostKey))
	return name
}

// testOwnName (issue 13, 46): a connection of the host whose ends are names, which
// is what charon tells of them.
func (h *hostCharon) testOwnName(t *testing.T) {
	w := newWorld(t, false)
	const name = "array.invalid" // RFC 6761: there is none
	text := connection("backup", w.source.String(), name, false, "transport", hostKey)
	h.load(t, text)
	defer h.load(t, "connections { }\n")
	r := h.fails(t, w, job.MainTransport, `"backup"`)
	if !strings.Contains(r.Error, name) || !strings.Contains(r.Error, "cannot be looked up") {
		t.Errorf("got %q, want the name", r.Error)
	}
	if existing := h.existing(t, w, w.portal); existing.Kind != ipsec.ExistingUnknown || !strings.Contains(existing.Name, name) {
		t.Errorf("what exists: got %+v, want unknown, for the name", existing)
	}
	// "localhost" is another host than the portal.
	h.load(t, strings.Replace(text, name, "localhost", 1))
	j := h.job(w, job.MainTransport)
	j.Timeout = silenceTimeout / 2
	if r := j.Run(t.Context()); strings.Contains(r.Error, `"backup"`) {
		t.Errorf("got %q, want no word of the connection", r.Error)
	}
	if existing := h.existing(t, w, w.portal); existing.Kind != ipsec.ExistingNone {
		t.Errorf("what exists: got %+v, want none", existing)
	}
}
