package strongswan

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/go-iscsi/discovery/pkg/ipsec"
	"github.com/go-iscsi/discovery/pkg/ipsec/strongswan/internal/vici"
	"github.com/go-iscsi/discovery/pkg/ipsec/xfrm"
)

// lookLimit is how long charon may take to tell what it has. That it does not is
// no reason not to ask a portal.
const lookLimit = 3 * time.Second

// Existing says what exists between an address of ours and a portal: what the
// kernel's policies come to, which include those of charon, and else what charon
// has that is not enforced. A connection of charon that is loaded and neither up
// nor trapped holds nothing back, and neither does an association without
// policies, or one that is not in the kernel: all that is ipsec.ExistingPartial.
func (e *Enforcer) Existing(ctx context.Context, src netip.Addr, dst netip.AddrPort) (ipsec.Existing, error) {
	policies := xfrm.Existing
	if e.policies != nil {
		policies = e.policies
	}
	kernel, err := policies(ctx, src, dst)
	if err != nil || kernel.Kind == ipsec.ExistingProtection {
		return kernel, err
	}
	return ipsec.Combine(kernel, e.configured(ctx, src, dst)), nil
}

// configured says what charon has.
func (e *Enforcer) configured(ctx context.Context, src netip.Addr, dst netip.AddrPort) ipsec.Existing {
	ctx, cancel := context.WithTimeout(ctx, lookLimit)
	defer cancel()
	charon, err := e.daemon(ctx)
	switch {
	case absent(err):
		return ipsec.Existing{}
	case err != nil:
		return ipsec.Existing{Kind: ipsec.ExistingUnknown, Name: reason(err)}
	}
	defer charon.Close()
	name, err := covering(ctx, charon, src.Unmap(), netip.AddrPortFrom(dst.Addr().Unmap().WithZone(""), dst.Port()))
	switch {
	case err != nil:
		return ipsec.Existing{Kind: ipsec.ExistingUnknown, Name: reason(err)}
	case name == "":
		return ipsec.Existing{}
	}
	return ipsec.Existing{Kind: ipsec.ExistingPartial, Name: name}
}

// covering returns the name of what charon has of others that is for a
// connection; empty: nothing.
func covering(ctx context.Context, charon daemon, src netip.Addr, dst netip.AddrPort) (string, error) {
	associations, err := charon.associations(ctx, "")
	if err != nil {
		return "", err
	}
	for name, ike := range associations {
		if _, ours := ownerOf(name); ours {
			continue
		}
		for _, child := range ike.Sub("child-sas").Subs() {
			near, far := ends(ike, "local-host"), ends(ike, "remote-host")
			if child.Text("state") == installed && selects(child.List("local-ts"), near, netip.AddrPortFrom(src, 0)) && selects(child.List("remote-ts"), far, dst) {
				return fmt.Sprintf("strongSwan association %q", name), nil
			}
		}
	}
	connections, err := charon.connections(ctx)
	if err != nil {
		return "", err
	}
	for name, conn := range connections {
		if _, ours := ownerOf(name); ours {
			continue
		}
		for _, child := range conn.Sub("children").Subs() {
			near, far := conn.List("local_addrs"), conn.List("remote_addrs")
			mine := selects(child.List("local-ts"), near, netip.AddrPortFrom(src, 0)) || anybody(near)
			if mine && selects(child.List("remote-ts"), far, dst) {
				return fmt.Sprintf("strongSwan connection %q", name), nil
			}
		}
	}
	return "", nil
}

func ends(ike vici.Section, key string) []string { return []string{ike.Text(key)} }

// selects reports whether one of charon's traffic selectors, such as
// 192.0.2.0/24[tcp/3260], names an end of a connection. A selector may be
// dynamic: for the addresses of the IKE association. A port of zero is not
// chosen yet.
func selects(selectors, dynamic []string, end netip.AddrPort) bool {
	for _, s := range selectors {
		addrs, rest, _ := strings.Cut(s, "[")
		if !selectsPort(strings.TrimSuffix(rest, "]"), end.Port()) {
			continue
		}
		list := []string{strings.ReplaceAll(addrs, "..", "-")}
		if addrs == "dynamic" {
			list = dynamic
		}
		if among(end.Addr(), list) {
			return true
		}
	}
	return false
}

// selectsPort reports whether protocol and port of a selector may be those of a
// TCP connection. Charon writes ports that have a name by name, such as
// tcp/iscsi-target; a name that is not known here may be that of any port.
func selectsPort(s string, port uint16) bool {
	protocol, name, _ := strings.Cut(s, "/")
	switch {
	case protocol != "" && protocol != "any" && protocol != "tcp" && protocol != "6":
		return false
	case name == "" || name == "any" || port == 0:
		return true
	}
	if from, to, ok := strings.Cut(name, "-"); ok {
		first, err1 := strconv.ParseUint(from, 10, 16)
		last, err2 := strconv.ParseUint(to, 10, 16)
		if err1 == nil && err2 == nil {
			return first <= uint64(port) && uint64(port) <= last
		}
	}
	n, err := net.LookupPort("tcp", name)
	return err != nil || n == int(port)
}
