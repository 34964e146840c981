package ipsec_test

import (
	"net/netip"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/go-iscsi/discovery/test/ipsec/job"
	"github.com/go-iscsi/discovery/test/uml"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/ipsec"
	"github.com/go-iscsi/discovery/pkg/ipsec/enforce"
	"github.com/go-iscsi/discovery/pkg/ipsec/strongswan"
)

// crowd discovers a number of portals at once.
func crowd(t *testing.T, j *job.Job, portals []netip.AddrPort) (results []initiator.Result) {
	t.Helper()
	d := j.Discoverer()
	d.Parallel = 64
	one := j.SendTargetPortal(j.Flags)
	all := func(yield func(initiator.SendTargetPortal) bool) {
		for _, portal := range portals {
			one.Portal = initiator.Portal{Address: portal.Addr().String(), Port: portal.Port()}
			if !yield(one) {
				return
			}
		}
	}
	for r := range d.DiscoverAll(t.Context(), all) {
		results = append(results, r)
	}
	if len(results) != len(portals) {
		t.Errorf("got %d results, want %d", len(results), len(portals))
	}
	return results
}

// testCrowd (issue 13, 35): many portals at once do not make charon absent. Its
// socket lets three connections wait.
func (h *hostCharon) testCrowd(t *testing.T) {
	w := newWorld(t, false)
	peer := startCharon(t, w.target)
	text := connection("peer", "%any", w.source.String(), false, mode(job.MainTransport), hostKey)
	peer.load(t, text)
	var portals []netip.AddrPort
	for i := range 40 {
		addr := w.portal.Addr().As4()
		addr[3] = byte(100 + i)
		a := netip.AddrFrom4(addr)
		w.target.AddAddress(t, w.cable, netip.PrefixFrom(a, 24))
		portals = append(portals, w.serve(t, a))
	}
	t.Run("in clear text", func(t *testing.T) {
		j := h.job(w, ipsec.FlagValid)
		var many []netip.AddrPort
		for range 5 {
			many = append(many, portals...)
		}
		for _, r := range crowd(t, &j, many) {
			if r.Err != nil || r.IPsec.Existing.Kind != ipsec.ExistingNone {
				t.Errorf("%s: got %v, and that what exists is %s; want no error, and none", r.Asked.Portal, r.Err, r.IPsec.Existing.Kind)
			}
		}
	})
	t.Run("under IPsec", func(t *testing.T) {
		j := h.job(w, job.MainTransport)
		j.Timeout = time.Minute // for all that wait for their turn
		esp := hasESP(t)
		for _, r := range crowd(t, &j, portals) {
			switch {
			case r.IPsec.Existing.Kind != ipsec.ExistingNone:
				t.Errorf("%s: what exists: got %+v, want none", r.Asked.Portal, r.IPsec.Existing)
			case esp && r.Err != nil:
				t.Error(r.Err)
			case !esp && (r.Err == nil || !strings.Contains(r.Err.Error(), "kernel has no ESP")):
				t.Errorf("%s: got %v, want that the kernel has no ESP", r.Asked.Portal, r.Err)
			}
		}
		h.wantClean(t)
	})
}

// testHung (issue 13, 36): while charon is stopped portals are asked in clear text
// as ever, what exists is unknown, and charon is named, once.
func (h *hostCharon) testHung(t *testing.T) {
	w := newWorld(t, false)
	if err := h.process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	j := h.job(w, 0)
	var portals []netip.AddrPort
	for range 200 {
		portals = append(portals, w.portal)
	}
	for _, r := range crowd(t, &j, portals) {
		if e := r.IPsec.Existing; r.Err != nil || e.Kind != ipsec.ExistingUnknown || !strings.Contains(e.Name, "charon on "+h.socket) {
			t.Errorf("got %v, and that what exists is %+v; want no error, unknown, and charon named", r.Err, e)
		}
	}
	if told := j.Told(); len(told) != 1 || told[0].Code != enforce.WarnDaemon || !strings.Contains(told[0].Message, h.socket) {
		t.Errorf("told: got %+v, want that charon does not answer, once", told)
	}
	// And under IPsec: refused, and charon is what is named.
	j = h.job(w, job.MainTransport)
	r := j.Run(t.Context())
	if r.Code != job.CodeFailed || !strings.Contains(r.Error, "charon on "+h.socket) {
		t.Errorf("got %q (%s), want charon named", r.Error, r.Code)
	}
	if err := h.process.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	uml.Await(t, "an answer of charon", func() bool {
		_, err := h.control("--stats")
		return err == nil
	})
	h.wantClean(t)
}

// child starts a job in a process of its own.
func child(t *testing.T, j job.Job, flags uintptr) (cmd *exec.Cmd, out *strings.Builder) {
	t.Helper()
	cmd, out = exec.Command("/proc/self/exe"), new(strings.Builder)
	cmd.Env = []string{j.Env()}
	cmd.Stdout, cmd.Stderr = out, out
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: flags, Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return cmd, out
}

// begun waits until charon negotiates for us.
func (h *hostCharon) begun(t *testing.T) {
	t.Helper()
	uml.Await(t, "an association in charon", func() bool {
		out, err := h.control("--list-sas")
		return err == nil && strings.Contains(out, "iscsi-discovery")
	})
}

// testHungLater (issue 13, 36): charon is stopped in the middle of a negotiation.
// That it was charon is told, and what is left in it; and it is cleaned up when it
// goes on.
func (h *hostCharon) testHungLater(t *testing.T) {
	w := newWorld(t, false)
	w.target.Down(t, w.cable) // so that it lasts
	j := h.job(w, job.MainTransport)
	j.Timeout = silenceTimeout
	cmd, out := child(t, j, 0)
	h.begun(t)
	if err := h.process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	err := cmd.Wait()
	if err := h.process.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	r := job.ReadReport(t, out.String())
	if r.Code != job.CodeFailed || !strings.Contains(r.Error, "charon on "+h.socket) || !strings.Contains(r.Error, "is left in charon") || strings.Contains(r.Error, "the peer") {
		t.Errorf("got %q (%s), want charon named, and what is left in it", r.Error, r.Code)
	}
	list, err := (&strongswan.Enforcer{Socket: h.socket}).Cleanup(t.Context(), false, false)
	if err != nil || len(list) != 1 || list[0].Owner != "gone" || !list[0].Removed {
		t.Errorf("got %+v, %v; want what the process left, which is gone", list, err)
	}
	h.wantClean(t)
}
