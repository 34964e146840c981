package openiscsi

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/go-iscsi/discovery/cmd/discover/internal/iscsiadm"
)

// A session is from where, and as whom, a portal is asked.
type session struct {
	iface  string     // its name
	source netip.Addr // invalid: routing decides
	bind   bool       // to the network interface that has the source
	name   string     // of the initiator; empty: the usual one
}

// sessions returns one session for each iface that is asked for; without -I for each
// that open-iscsi's records have, as the real program does.
func (t *tool) sessions() ([]session, error) {
	dir := iscsiadm.FindIfaces(t.Files)
	ifaces, notes, err := t.ifaces(dir)
	t.tell(notes)
	if err != nil {
		return nil, err
	}
	var all []session
	for _, i := range ifaces {
		s, err := t.session(i)
		if err != nil {
			return nil, err
		}
		all = append(all, s)
	}
	if len(all) == 0 {
		return nil, exitStatus(iscsiadm.ExitNothing)
	}
	return all, nil
}

// ifaces returns the ifaces to ask from. One that cannot be used costs itself.
func (t *tool) ifaces(dir iscsiadm.IfaceDir) (all []iscsiadm.IfaceRecord, notes []string, err error) {
	if len(t.call.Ifaces) == 0 {
		return dir.Usual()
	}
	for _, name := range t.call.Ifaces {
		i, err := dir.Read(name)
		if err != nil {
			notes = append(notes, err.Error())
			continue
		}
		all = append(all, i)
	}
	return all, notes, nil
}

// session translates an iface.
func (t *tool) session(i iscsiadm.IfaceRecord) (session, error) {
	s := session{iface: i.Name, name: i.InitiatorName}
	if i.Transport != "" && i.Transport != "tcp" {
		return s, t.status(iscsiadm.ExitTransport, "iface %s has transport %s, and discover has tcp alone", i.Name, i.Transport)
	}
	if i.Address.IsValid() {
		s.source = i.Address
		return s, nil
	}
	if i.NetInterface == "" && i.HardwareAddress == "" {
		return s, nil
	}
	source, err := t.addressOf(i)
	if err != nil {
		return s, err
	}
	s.source, s.bind = source, true
	return s, nil
}

// addressOf returns the address of an iface's network interface in the address family of
// the portal.
func (t *tool) addressOf(i iscsiadm.IfaceRecord) (netip.Addr, error) {
	all, err := t.Interfaces()
	if err != nil {
		return netip.Addr{}, t.status(iscsiadm.ExitTimeout, "cannot read the network interfaces of this host: %v", err)
	}
	to, _ := netip.ParseAddr(t.call.Portal.Address)
	for _, n := range all {
		if i.NetInterface != "" && n.Name != i.NetInterface || i.NetInterface == "" && !strings.EqualFold(n.HardwareAddress, i.HardwareAddress) {
			continue
		}
		at := slices.IndexFunc(n.Addresses, func(p netip.Prefix) bool {
			a := p.Addr()
			return !to.IsValid() || a.Is4() == to.Unmap().Is4() && a.IsLinkLocalUnicast() == to.IsLinkLocalUnicast()
		})
		if at >= 0 {
			return n.Addresses[at].Addr(), nil
		}
	}
	what := i.NetInterface
	if what == "" {
		what = i.HardwareAddress
	}
	return netip.Addr{}, t.status(iscsiadm.ExitTimeout, "iface %s: no network interface %s of this host has an address from which %s can be asked", i.Name, what, t.call.Portal.Address)
}
