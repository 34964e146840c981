package network

import (
	"net/netip"
	"testing"

	"github.com/go-iscsi/discovery/pkg/initiator/ports"
)

// TestNumbers: a number stays with its address for ever, and no other address
// ever gets it.
func TestNumbers(t *testing.T) {
	h := newHost(t)
	h.cable("san0", newArray(t, "disk"))
	h.addr("san0", "10.0.0.1/24", "fd00::1/64")
	first, second := h.port("host", "10.0.0.1"), h.port("host", "fd00::1")
	if first.Interface != "san0" || first.State != ports.Up || first.Number == second.Number {
		t.Errorf("ports %+v, %+v", first, second)
	}
	for _, p := range []struct {
		port ports.Port
		addr string
	}{{first, "10.0.0.1/24"}, {second, "fd00::1/64"}} {
		h.lose("san0", p.addr)
		gone := p.port
		gone.State, gone.Interface = ports.Gone, ""
		if got := h.port("host", p.port.Address.String()); got != gone {
			t.Errorf("without %s: port %+v, want %+v", p.addr, got, gone)
		}
	}
	h.addr("san0", "10.0.0.2/24", "fd00::2/64")
	taken := map[ports.Number]netip.Addr{}
	for _, p := range h.ports("host") {
		if other, ok := taken[p.Number]; ok {
			t.Errorf("%s and %s have the same number %s", other, p.Address, p.Number)
		}
		taken[p.Number] = p.Address
	}
	h.cable("san1", newArray(t, "another"))
	h.addr("san1", "10.0.0.1/24") // on another interface now
	h.addr("san0", "fd00::1/64")
	moved := first
	moved.Interface = "san1"
	if got := h.port("host", "10.0.0.1"); got != moved {
		t.Errorf("back: port %+v, want %+v", got, moved)
	}
	if got := h.port("host", "fd00::1"); got != second {
		t.Errorf("back: port %+v, want %+v", got, second)
	}
}

// TestPassingAddresses: IPv6 addresses that do not last get no number. One that
// has a number keeps it until the host has it no more.
func TestPassingAddresses(t *testing.T) {
	h := newHost(t)
	disk := newArray(t, "disk")
	h.cable("san0", disk)
	h.cable("san1", newArray(t, "another"))
	disk.addr("san0", "fd00::10/64")
	h.Sysctl(t, "net/ipv6/conf/san0/use_tempaddr", "2")
	h.addr("san1", "fd00:0:0:1::1/64")
	h.ip("-6 addr add fd00::1/64 dev san0 nodad mngtmpaddr")
	h.ip("-6 addr add fd00::2/64 dev san0 nodad preferred_lft 0")
	var globals []string
	for _, p := range h.ports("host") {
		if p.Interface == "san0" && !p.Address.IsLinkLocalUnicast() {
			globals = append(globals, p.Address.String())
		}
	}
	if len(globals) != 1 || globals[0] != "fd00::1" {
		t.Errorf("ports %v, want fd00::1 alone", globals)
	}

	// The kernel prefers the temporary address. It is none of the instance's,
	// whose own is on the same interface.
	h.ask(all("host"), "fd00::10")
	disk.saw("fd00::1")
	r := h.ask(all(""), "fd00::10")
	disk.saw(r.Source.String())
	if number := r.InitiatorPort.Number; r.Source == netip.MustParseAddr("fd00::1") || number != ports.All {
		t.Errorf("source %s, port %s, want a temporary address, which has no number", r.Source, number)
	}

	before := h.port("host", "fd00::1")
	h.ip("-6 addr change fd00::1/64 dev san0 preferred_lft 0")
	if got := h.port("host", "fd00::1"); got != before {
		t.Errorf("deprecated: port %+v, want %+v", got, before)
	}
	h.ask(h.at("fd00::1"), "fd00::10")
	disk.saw("fd00::1")
}

// TestSameLinkLocal: what is said of a link-local address holds on its own link.
func TestSameLinkLocal(t *testing.T) {
	h := newHost(t)
	for _, nic := range []string{"san0", "san1"} {
		h.cable(nic, newArray(t, nic))
	}
	h.ip("-6 addr add fe80::1/64 dev san0 nodad")
	h.ip("-6 addr add fe80::1/64 dev san1 nodad preferred_lft 0")
	if p := h.port("host", "fe80::1%san0"); p.Interface != "san0" || p.State != ports.Up {
		t.Errorf("port %+v", p)
	}
	if p, ok := h.find("host", "fe80::1%san1"); ok {
		t.Errorf("a deprecated address has a number: %+v", p)
	}
}

// TestAddressTwice: an address that two interfaces have is one port, which is up
// where one of them is.
func TestAddressTwice(t *testing.T) {
	h := newHost(t)
	for _, nic := range []string{"san0", "san1"} {
		h.cable(nic, newArray(t, nic))
		h.addr(nic, "10.0.0.1/24")
	}
	before := h.port("host", "10.0.0.1")
	if before.Interface != "san0" {
		t.Errorf("port %+v", before)
	}
	h.Down(t, "san0")
	before.Interface = "san1"
	if got := h.port("host", "10.0.0.1"); got != before {
		t.Errorf("port %+v, want %+v", got, before)
	}
}

// TestTentativeAddress: an address is not used before it is known that nobody
// else has it.
func TestTentativeAddress(t *testing.T) {
	h := newHost(t)
	h.cable("san0", newArray(t, "disk"))
	h.Sysctl(t, "net/ipv6/conf/san0/accept_dad", "1")
	h.Sysctl(t, "net/ipv6/conf/san0/dad_transmits", "100") // one a second
	h.ip("-6 addr add fd00::1/64 dev san0")
	h.ip("-6 addr add fd00::2/64 dev san0 nodad")
	if p := h.port("host", "fd00::1"); p.State != ports.Down {
		t.Errorf("port %+v, want it down", p)
	}
	if p := h.port("host", "fd00::2"); p.State != ports.Up {
		t.Errorf("port %+v, want it up", p)
	}
}
