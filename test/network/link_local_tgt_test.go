package network

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/target"
	"github.com/go-iscsi/discovery/pkg/pdu"
	"github.com/go-iscsi/discovery/test/targets"
)

// TestLinkLocalTgt: a real target, asked at a link-local address, advertises that
// address: without a zone, as tgt 1.0.85 does, or with the zone of its own side, as
// SCST does. From here it has the zone of the session.
func TestLinkLocalTgt(t *testing.T) {
	l := newLinks(t, "san0", "san1")
	g := targets.StartTgt(t, targets.TgtConfig{Namespace: l.second.Namespace, Addrs: []netip.Addr{netip.IPv6Unspecified()}})
	// On the array's side the cable has another name than on ours.
	l.second.ip("link set dev san1 down")
	l.second.ip("link set dev san1 name enp0s9")
	l.second.ip("link set dev enp0s9 up")
	l.second.ip("-6 addr replace " + linkLocalPortal + "/64 dev enp0s9 nodad")

	p := all("").to(linkLocalPortal + "%san1")
	p.Portal.Port = g.Portals[0].Port()
	var sent string // the address, as tgt wrote it
	d := &initiator.Discoverer{InitiatorName: initiatorName, Timeout: patience, Trace: func(e initiator.TraceEvent) {
		if m, ok := e.PDU.(*pdu.TextResponse); ok {
			for pair := range m.Data.Pairs() {
				if string(pair.Key) == pdu.KeyTargetAddress {
					sent = string(pair.Value)
				}
			}
		}
	}}
	r, err := d.Discover(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	if t.Logf("tgt sent %s", sent); !strings.HasPrefix(sent, "["+linkLocalPortal) {
		t.Errorf("tgt sent %q", sent)
	}
	want := target.Address{Host: linkLocalPortal + "%san1", Port: p.Portal.Port, Group: 1}
	if len(r.Targets) != 1 || len(r.Targets[0].Addresses) != 1 || r.Targets[0].Addresses[0] != want || len(r.Warnings) != 0 {
		t.Errorf("targets %v, warnings %v, want %s", r.Targets, r.Warnings, want)
	}
}
