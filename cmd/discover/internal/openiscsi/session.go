package openiscsi

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"strings"

	"github.com/go-iscsi/discovery/cmd/discover/internal/iscsiadm"
	"github.com/go-iscsi/discovery/pkg/initiator"
)

// A session is from where, and as whom, a portal is asked.
type session struct {
	iface  string     // its name
	source netip.Addr // invalid: routing decides
	bind   bool       // to the network interface that has the source
	name   string     // of the initiator; empty: the usual one
}

// sessions returns one session for each iface that is asked for; without -I for each
// that open-iscsi's records have, as the real program does. One that cannot be used costs
// itself; where there is no other the call ends with the status for the last of them.
func (t *tool) sessions(ctx context.Context) ([]session, error) {
	dir := iscsiadm.FindIfaces(t.Files)
	var (
		ifaces []iscsiadm.IfaceRecord
		bad    []*iscsiadm.IfaceError
	)
	if len(t.call.Ifaces) == 0 {
		usual, notes, err := dir.Usual()
		t.tell(notes)
		if err != nil {
			return nil, err
		}
		ifaces = usual
	}
	for _, name := range t.call.Ifaces {
		i, err := dir.Read(name)
		var unread *iscsiadm.IfaceError
		if errors.As(err, &unread) {
			bad = append(bad, unread)
			continue
		}
		ifaces = append(ifaces, i)
	}
	var all []session
	last := exitStatus(iscsiadm.ExitNothing)
	for _, i := range ifaces {
		s, err := t.session(ctx, i)
		if err != nil {
			last = err
			continue
		}
		all = append(all, s)
	}
	for _, e := range bad {
		if len(all) > 0 { // callers take "Could not" for a failure
			t.Say("warning: iface %s is not used: %v", e.Name, e.Unwrap())
		} else {
			t.Say("%v", e)
		}
	}
	if len(all) == 0 {
		return nil, last
	}
	return all, nil
}

// session translates an iface.
func (t *tool) session(ctx context.Context, i iscsiadm.IfaceRecord) (session, error) {
	s := session{iface: i.Name, name: i.InitiatorName}
	if i.Transport != "" && i.Transport != "tcp" {
		return s, t.status(iscsiadm.ExitTransport, "iface %s has transport %s, and discover has tcp alone", i.Name, i.Transport)
	}
	if t.call.Type == iscsiadm.ISNS { // as with the real program, routing decides
		return s, nil
	}
	if i.Address.IsValid() {
		s.source = i.Address
		return s, nil
	}
	if i.NetInterface == "" && i.HardwareAddress == "" {
		return s, nil
	}
	source, err := t.addressOf(ctx, i)
	if err != nil {
		return s, err
	}
	s.source, s.bind = source, true
	return s, nil
}

// addressOf returns the address of an iface's network interface in the address family of
// the portal.
func (t *tool) addressOf(ctx context.Context, i iscsiadm.IfaceRecord) (netip.Addr, error) {
	all, err := t.Interfaces()
	if err != nil {
		return netip.Addr{}, t.status(iscsiadm.ExitTimeout, "cannot read the network interfaces of this host: %v", err)
	}
	var to netip.Addr
	if found, err := t.Resolve(ctx, initiator.Portal{Address: t.call.Portal.Address}); err == nil && len(found) > 0 {
		to = found[0]
	}
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
