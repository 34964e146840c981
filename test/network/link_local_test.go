package network

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
	"github.com/go-iscsi/discovery/pkg/initiator/ports"
	"github.com/go-iscsi/discovery/test/iscsitest"
)

// links are two links with an array at the end of each. Both arrays have the same
// link-local address.
type links struct {
	*host
	first, second *array
	nics          [2]string
	ours          [2]string // our link-local address on each, without zone
}

const linkLocalPortal = "fe80::10"

// newLinks makes links by names.
func newLinks(t *testing.T, nic0, nic1 string) *links {
	t.Helper()
	l := &links{host: newHost(t), nics: [2]string{nic0, nic1}}
	shown := func(target *iscsitest.Target) {
		target.Records[0].Addresses = []string{"[fe80::10]:3260,1", "[fe80::11]:3261,2", "[fd00::10]:3260,3"}
	}
	l.first, l.second = newArray(t, "first", shown), newArray(t, "second", shown)
	for i, a := range []*array{l.first, l.second} {
		l.cable(l.nics[i], a)
		l.ours[i] = [...]string{"fe80::1", "fe80::2"}[i]
		l.addr(l.nics[i], l.ours[i]+"/64")
		a.addr(l.nics[i], linkLocalPortal+"/64")
		// The kernel's own, which begin otherwise on each run.
		for _, p := range l.ports("host") {
			if p.Interface == l.nics[i] && p.Address.WithZone("").String() != l.ours[i] {
				l.lose(l.nics[i], p.Address.WithZone("").String()+"/64")
			}
		}
	}
	return l
}

// at is our port on a link.
func (l *links) at(i int) from { return l.host.at(l.ours[i] + "%" + l.nics[i]) }

// asks asks a portal, and holds what came of it against the link by which it was
// to go.
func (l *links) asks(f from, portal string, link int) {
	l.t.Helper()
	r := l.ask(f, portal)
	arrays := [2]*array{l.first, l.second}
	arrays[link].saw(l.ours[link])
	arrays[1-link].saw()
	zone := l.nics[link]
	if want := netip.MustParseAddr(l.ours[link] + "%" + zone); r.Source != want || r.InitiatorPort.Address != want || r.InitiatorPort.Interface != zone {
		l.t.Errorf("source %s, port %+v, want %s", r.Source, r.InitiatorPort, want)
	}
	if want := netip.MustParseAddr(linkLocalPortal + "%" + zone); r.Address.Addr() != want {
		l.t.Errorf("address %s, want %s", r.Address, want)
	}
	var got []string
	for _, a := range r.Targets[0].Addresses {
		got = append(got, a.String())
	}
	want := strings.ReplaceAll("[fe80::10%Z]:3260,1 [fe80::11%Z]:3261,2 [fd00::10]:3260,3", "Z", zone)
	if strings.Join(got, " ") != want {
		l.t.Errorf("addresses %v, want %s", got, want)
	}
}

// TestLinkLocal: the same address on two links. The zone is that of the portal,
// or else of the port; where neither tells, the portal is refused. What the array says
// of link-local addresses is of the same link.
func TestLinkLocal(t *testing.T) {
	l := newLinks(t, "san0", "san1")
	for i, nic := range l.nics {
		l.asks(all(""), linkLocalPortal+"%"+nic, i)
		l.asks(all("host"), linkLocalPortal+"%"+nic, i)
		l.asks(l.at(i), linkLocalPortal+"%"+nic, i)
		l.asks(l.at(i), linkLocalPortal, i)
		index := strings.TrimSuffix(strings.Fields(l.ip("-o link show dev " + nic))[0], ":")
		l.asks(all(""), linkLocalPortal+"%"+index, i)
		l.asks(l.at(i), linkLocalPortal+"%"+index, i)
		l.addInstance(ports.Instance{Name: "only-" + nic, Interfaces: []string{nic}})
		l.asks(all("only-"+nic), linkLocalPortal, i)

		p := all("").to(linkLocalPortal)
		p.Source = netip.MustParseAddr(l.ours[i] + "%" + nic)
		l.store(p)
		arrays := [2]*array{l.first, l.second}
		arrays[i].saw(l.ours[i])
		arrays[1-i].saw()

		// One of both has to name the link.
		p = all("").to(linkLocalPortal + "%" + nic)
		p.Source = netip.MustParseAddr(l.ours[i])
		l.store(p)
		arrays[i].saw(l.ours[i])
		r, err := (&initiator.Discoverer{InitiatorName: initiatorName, Timeout: patience}).Discover(t.Context(), p)
		if want := netip.MustParseAddr(l.ours[i] + "%" + nic); err != nil || r.Source != want {
			t.Errorf("source %s, want %s: %v", r.Source, want, err)
		}
		arrays[i].saw(l.ours[i])
	}
}

// TestLinkLocalRefusals: what cannot be, with a text that says what would be.
func TestLinkLocalRefusals(t *testing.T) {
	l := newLinks(t, "san0", "san1")
	for _, tt := range []struct {
		name   string
		from   from
		portal string
		want   string // in the error
	}{
		{"no zone", all(""), linkLocalPortal, "fe80::10%san0"},
		{"no zone, instance", all("host"), linkLocalPortal, "fe80::10%san0"},
		{"port of another link", l.at(0), linkLocalPortal + "%san1", "san1"},
		{"no such link", all(""), linkLocalPortal + "%san7", "san7"},
		{"no such link, instance", all("host"), linkLocalPortal + "%san7", "san7"},
	} {
		err := l.refused(tt.from, tt.portal, isdsc.ConnectionFailed)
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: error %q does not mention %s", tt.name, err, tt.want)
		}
		p := tt.from.to(tt.portal)
		if r, err := l.AddSendTargetPortal(t.Context(), p); !r.Stored {
			t.Errorf("%s: not stored: %v", tt.name, err)
		}
	}
	l.first.saw()
	l.second.saw()
}

// TestLinkLocalOneLink: where there is one link, it is meant.
func TestLinkLocalOneLink(t *testing.T) {
	l := newLinks(t, "san0", "san1")
	l.Down(t, "san1")
	l.asks(all(""), linkLocalPortal, 0)
	l.asks(all("host"), linkLocalPortal, 0)
}

// TestLinkLocalEach: each port that could reach it is on another link.
func TestLinkLocalEach(t *testing.T) {
	l := newLinks(t, "san0", "san1")
	ports := l.each("host", linkLocalPortal)
	if len(ports) != 2 || ports[0].Interface != "san0" || ports[1].Interface != "san1" {
		t.Fatalf("ports %v", ports)
	}
	for i, p := range ports {
		l.asks(from{p.Instance, p.Number}, linkLocalPortal, i)
	}
	if ports := l.each("host", linkLocalPortal+"%san1"); len(ports) != 1 || ports[0].Interface != "san1" {
		t.Errorf("ports %v", ports)
	}
}

// TestLinkLocalNewInterface: an interface that is made anew under its old name is
// not the old one.
func TestLinkLocalNewInterface(t *testing.T) {
	l := newLinks(t, "san0", "san1")
	l.asks(all(""), linkLocalPortal+"%san1", 1)
	before := l.port("host", "fe80::2%san1")
	l.ip("link del san1")
	l.cable("san1", l.second)
	l.addr("san1", l.ours[1]+"/64")
	l.second.addr("san1", linkLocalPortal+"/64")
	if got := l.port("host", "fe80::2%san1"); got != before {
		t.Errorf("port %+v, want %+v", got, before)
	}
	l.asks(l.at(1), linkLocalPortal, 1)
}

// TestGlobalPortOnALink: a port with a global address is on a link, too.
func TestGlobalPortOnALink(t *testing.T) {
	l := newLinks(t, "san0", "san1")
	l.addr("san1", "fd00::1/64")
	l.second.addr("san1", "fd00::10/64")
	r := l.ask(l.host.at("fd00::1"), linkLocalPortal)
	l.first.saw()
	l.second.saw("fd00::1")
	if got, want := r.Address.String(), "[fe80::10%san1]:3260"; got != want {
		t.Errorf("address %s, want %s", got, want)
	}
}
