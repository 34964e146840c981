package network

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"testing"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
	"github.com/go-iscsi/discovery/pkg/initiator/ports"
	"github.com/go-iscsi/discovery/test/iscsitest"
)

// TestInstances: an instance stays within its own addresses and bears its own
// name, whatever the kernel would choose.
func TestInstances(t *testing.T) {
	eachFamily(t, func(t *testing.T, w *ways) {
		w.addr(nic0, w.other+w.bits)
		w.set("route add PORTAL via VIA0 src HOST0")
		h0, h1 := w.family.host[0], w.family.host[1]
		w.addInstance(ports.Instance{Name: "Backup", Interfaces: []string{nic1}, NodeName: backupName})
		w.addInstance(ports.Instance{Name: "one", Addresses: []netip.Addr{netip.MustParseAddr(w.other)}})

		w.ask(all("host"), w.portal)
		w.first.sawName(initiatorName, h0)
		w.ask(all("one"), w.portal)
		w.first.sawName(initiatorName, w.other)
		// There is no way out by its own interface yet.
		r := w.ask(all("BACKUP"), w.portal)
		w.first.sawName(backupName, h1)
		if r.InitiatorPort != w.port("Backup", h1) || r.InitiatorName != backupName {
			t.Errorf("port %+v, initiator %s", r.InitiatorPort, r.InitiatorName)
		}
		w.set("route add PORTAL via VIA1 table 100", "rule add from HOST1 table 100")
		w.ask(all("backup"), w.portal)
		w.second.sawName(backupName, h1)
		w.ask(from{"backup", w.port("Backup", h1).Number}, w.portal)
		w.second.sawName(backupName, h1)

		if known := w.ports("one"); len(known) != 1 || known[0].Number != ports.N(0) {
			t.Errorf("ports %v", known)
		}
		for _, p := range w.ports("Backup") {
			if p.Interface != nic1 {
				t.Errorf("port %+v", p)
			}
		}

		// Without an address of its own it asks no portal, though others could.
		w.lose(nic0, w.other+w.bits)
		w.refused(all("one"), w.portal, isdsc.ConnectionFailed)
		w.Down(t, nic1)
		w.refused(all("backup"), w.portal, isdsc.ConnectionFailed)
		w.ask(all("host"), w.portal)
		w.first.sawName(initiatorName, h0)
		w.second.saw()
	})
}

// TestPreferOwnInterface: where the kernel's choice is another's, the instance
// asks from the address whose packets leave by its own interface, not from the
// first that it has.
func TestPreferOwnInterface(t *testing.T) {
	eachFamily(t, func(t *testing.T, w *ways) {
		w.addr(nic0, w.other+w.bits)
		w.set("route add PORTAL via VIA1 src OTHER")
		h0, h1 := netip.MustParseAddr(w.family.host[0]), netip.MustParseAddr(w.family.host[1])
		w.addInstance(ports.Instance{Name: "both", Addresses: []netip.Addr{h0, h1}})
		w.ask(all("host"), w.portal)
		w.second.saw(w.other)
		w.ask(all("both"), w.portal)
		w.second.saw(h1.String())
		// Now the first has a way by its own, too: they are equal, and the
		// number decides.
		w.set("route add PORTAL via VIA0 table 100", "rule add from HOST0 table 100")
		w.ask(all("both"), w.portal)
		w.first.saw(h0.String())
	})
}

// TestAnyInstance: without an instance those are tried that have a route, in
// order, until one connects.
func TestAnyInstance(t *testing.T) {
	eachFamily(t, func(t *testing.T, w *ways) {
		w.set("route add PORTAL via VIA0", "route add PORTAL via VIA1 table 100", "rule add from HOST1 table 100")
		w.addInstance(ports.Instance{Name: "backup", Interfaces: []string{nic1}, NodeName: backupName})
		w.ask(all(""), w.portal)
		w.first.sawName(initiatorName, w.family.host[0])
		w.second.saw()

		// At another TCP port only the second array listens.
		other := w.second.open(860, &iscsitest.Target{Records: []iscsitest.Record{{Name: "iqn.2026-11.com.example:other"}}})
		p := all("").to(w.portal)
		p.Portal.Port = 860
		r := w.store(p)
		other.sawName(backupName, w.family.host[1])
		if r.InitiatorPort.Instance != "backup" {
			t.Errorf("port %+v", r.InitiatorPort)
		}
	})
}

// TestKeyRefusals: what the key of an entry must not be. Nobody is asked, and
// nothing is stored.
func TestKeyRefusals(t *testing.T) {
	w := newWays(t, families[0])
	w.addr(nic0, "fd00::1/64")
	for _, tt := range []struct {
		name   string
		from   from
		portal string
		code   uint32
	}{
		{"number without instance", from{"", ports.N(0)}, w.array[0], isdsc.Win32InvalidParameter},
		{"unknown instance", all("hba7"), w.array[0], isdsc.InitiatorInstanceNotFound},
		{"unknown number", from{"host", ports.N(99)}, w.array[0], isdsc.InvalidPortNumber},
		{"IPv6 port, IPv4 portal", w.at("fd00::1"), w.array[0], isdsc.AddressTypeNotSupported},
		{"IPv4 port, IPv6 portal", w.at("10.0.0.1"), "fd00::10", isdsc.AddressTypeNotSupported},
		{"IPv6 port, mapped IPv4 portal", w.at("fd00::1"), "::ffff:" + w.array[0], isdsc.AddressTypeNotSupported},
	} {
		w.refused(tt.from, tt.portal, tt.code)
		r, err := w.AddSendTargetPortal(t.Context(), tt.from.to(tt.portal))
		if got := initiator.Code(err); got != tt.code || r.Stored {
			t.Errorf("%s: code %s, stored %t", tt.name, isdsc.Name(got), r.Stored)
		}
	}
	if len(w.entries()) != 0 {
		t.Errorf("entries %v", w.entries())
	}
	w.first.saw()
	w.ask(w.at("10.0.0.1"), "::ffff:"+w.array[0])
	w.first.saw("10.0.0.1")
}

// TestSource: a port by its address becomes its number.
func TestSource(t *testing.T) {
	eachFamily(t, func(t *testing.T, w *ways) {
		w.set("route add PORTAL via VIA0")
		p := all("").to(w.portal)
		p.Source = netip.MustParseAddr(w.family.host[1])
		r := w.store(p)
		w.first.saw(w.family.host[1])
		want := w.at(w.family.host[1])
		if r.Asked.Instance != want.instance || r.Asked.Port != want.port || r.Source != p.Source {
			t.Errorf("stored as port %s of %s, source %s", r.Asked.Port, r.Asked.Instance, r.Source)
		}
		w.entry(want, w.portal)
	})
}

// TestLocalPorts: one local TCP port serves many portals, also where the source
// is fixed. Otherwise a sweep would run out of them.
func TestLocalPorts(t *testing.T) {
	const portals = 8
	eachFamily(t, func(t *testing.T, w *ways) {
		const name = "net/ipv4/ip_local_port_range" // of IPv6 as well
		// Not those of an earlier run, which the kernel keeps for a minute.
		low := 20000 + rand.IntN(40000)
		w.Sysctl(t, name, fmt.Sprintf("%d %d", low, low+1))
		t.Cleanup(func() { w.Sysctl(t, name, "32768 60999") })
		one := w.at(w.family.host[0])
		var want []string
		for i := range portals {
			addr := netip.MustParseAddr(w.array[0])
			for range i + 1 {
				addr = addr.Next()
			}
			w.first.addr(nic0, addr.String()+w.bits)
			w.ask(one, addr.String())
			want = append(want, w.family.host[0])
		}
		w.first.saw(want...)
	})
}
