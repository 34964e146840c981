package network

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
	"github.com/go-iscsi/discovery/pkg/initiator/ports"
)

// oneSubnet are two interfaces of the host in the same subnet, of IPv4 and of
// IPv6. Its cables lead to different arrays with the same addresses, so that it
// shows by which one packets go.
type oneSubnet struct {
	*host
	first, second *array
}

func newOneSubnet(t *testing.T) *oneSubnet {
	t.Helper()
	s := &oneSubnet{host: newHost(t), first: newArray(t, "first"), second: newArray(t, "second")}
	for i, a := range []*array{s.first, s.second} {
		nic := [...]string{"san0", "san1"}[i]
		s.cable(nic, a)
		s.addr(nic, [...]string{"10.0.0.1/24", "10.0.0.2/24"}[i], [...]string{"fd00::1/64", "fd00::2/64"}[i])
		a.addr(nic, "10.0.0.10/24", "fd00::10/64")
	}
	return s
}

// TestOneSubnet: a source address alone does not say by which interface packets
// leave. Bound to the device they leave by the port's, and the result tells.
func TestOneSubnet(t *testing.T) {
	s := newOneSubnet(t)
	ask := func(f from, portal string, bound bool, nic string) {
		t.Helper()
		if r := s.ask(f, portal); r.Bound != bound || r.InitiatorPort.Interface != nic {
			t.Errorf("%+v: bound %t, port %+v, want %t, %s", f, r.Bound, r.InitiatorPort, bound, nic)
		}
	}
	ask(all("host"), "10.0.0.10", false, "san0")
	s.first.saw("10.0.0.1")
	ask(s.at("10.0.0.2"), "10.0.0.10", false, "san1")
	s.first.saw("10.0.0.2") // not by its own interface

	s.discoverer.BindDevice = true
	for _, addrs := range [][3]string{{"10.0.0.1", "10.0.0.2", "10.0.0.10"}, {"fd00::1", "fd00::2", "fd00::10"}} {
		one, two, portal := addrs[0], addrs[1], addrs[2]
		ask(s.at(one), portal, true, "san0")
		s.first.saw(one)
		ask(s.at(two), portal, true, "san1")
		s.second.saw(two)
		for _, f := range []from{all(""), all("host")} {
			ask(f, portal, true, "san0")
			s.first.saw(one)
		}
	}
	s.addInstance(ports.Instance{Name: "second", Interfaces: []string{"san1"}})
	ask(all("second"), "10.0.0.10", true, "san1")
	s.second.saw("10.0.0.2")
}

// TestBindDeviceOfPortal: what is kept with the portal.
func TestBindDeviceOfPortal(t *testing.T) {
	s := newOneSubnet(t)
	p := all("").to("10.0.0.10")
	p.Source = netip.MustParseAddr("10.0.0.2")
	p.Login.BindDevice = true
	if r := s.store(p); !r.Bound {
		t.Error("the result says that it was not bound")
	}
	s.second.saw("10.0.0.2")
	r := s.ask(s.at("10.0.0.2"), "10.0.0.10")
	s.second.saw("10.0.0.2")
	s.first.saw()
	if !r.Bound {
		t.Error("the result says that it was not bound")
	}
}

// TestBindDeviceWithoutRegistry: a Discoverer alone knows addresses and
// interfaces, and no numbers.
func TestBindDeviceWithoutRegistry(t *testing.T) {
	s := newOneSubnet(t)
	d := &initiator.Discoverer{InitiatorName: initiatorName, Timeout: patience, BindDevice: true}
	p := all("").to("10.0.0.10")
	for i, source := range []netip.Addr{{}, netip.MustParseAddr("10.0.0.2"), netip.MustParseAddr("::ffff:10.0.0.2")} {
		p.Source = source
		r, err := d.Discover(t.Context(), p)
		if err != nil {
			t.Fatal(err)
		}
		nic := "san1"
		if i == 0 {
			nic = "san0"
			s.first.saw("10.0.0.1")
		} else {
			s.second.saw("10.0.0.2")
		}
		if !r.Bound || r.InitiatorPort.Interface != nic || r.InitiatorPort.Number != ports.All {
			t.Errorf("source %s: bound %t, port %+v", source, r.Bound, r.InitiatorPort)
		}
	}
	p.Source = netip.MustParseAddr("10.0.0.77")
	_, err := d.Discover(t.Context(), p)
	wantCode(t, err, isdsc.InvalidPortNumber)
	if err == nil || !strings.Contains(err.Error(), "this host does not have this address") {
		t.Errorf("error %v", err)
	}
	p = from{"host", ports.N(0)}.to("10.0.0.10")
	_, err = d.Discover(t.Context(), p)
	wantCode(t, err, isdsc.InvalidPortNumber)
	s.first.saw()
	s.second.saw()
}

// TestReplyByAnotherInterface: the array answers by another cable than it was
// asked by. Who is not bound does not mind; who is bound does not take it.
func TestReplyByAnotherInterface(t *testing.T) {
	h, disk := newHost(t), newArray(t, "disk")
	for i, nic := range []string{"san0", "san1"} {
		h.cable(nic, disk)
		h.addr(nic, [...]string{"10.0.0.1/24", "10.0.1.1/24"}[i])
		disk.addr(nic, [...]string{"10.0.0.10/24", "10.0.1.10/24"}[i])
	}
	disk.ip("route add 10.0.1.1 via 10.0.0.1")
	h.ask(h.at("10.0.1.1"), "10.0.1.10")
	disk.saw("10.0.1.1")

	h.discoverer.BindDevice, h.discoverer.Timeout = true, 200*time.Millisecond
	p := h.at("10.0.1.1").to("10.0.1.10")
	r, err := h.RefreshSendTargetPortal(t.Context(), p.Key())
	wantCode(t, err, isdsc.ConnectionFailed)
	if r.Bound {
		t.Error("the result says that there was a connection")
	}
	disk.saw()
}
