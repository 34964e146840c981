package strongswan

import (
	"context"
	"net"
	"net/netip"
	"strconv"
	"strings"

	"github.com/go-iscsi/discovery/pkg/ipsec"
	"github.com/go-iscsi/discovery/pkg/ipsec/xfrm"
)

// Existing says what exists between an address of ours and a portal: what the
// kernel's policies come to, which include those of charon, and else what charon
// has that is not enforced. A connection of charon that is loaded and neither up
// nor trapped holds nothing back, and neither does an association without
// policies, or one that is not in the kernel: all that is ipsec.ExistingPartial.
//
// Charon is looked at once for all connections of a while, for three seconds at
// most. Where it does not answer, what exists is unknown, and it is left alone
// for some time.
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

// configured says what charon has, as far as it was looked at: one look serves
// all connections for a while.
func (e *Enforcer) configured(ctx context.Context, src netip.Addr, dst netip.AddrPort) ipsec.Existing {
	o, err := e.look.get(ctx, lookLimit, lookKept, e.lookAround)
	switch {
	case absent(err):
		return ipsec.Existing{}
	case err != nil:
		return ipsec.Existing{Kind: ipsec.ExistingUnknown, Name: e.charon().explain(err).Error()}
	}
	return o.covering(src.Unmap(), netip.AddrPortFrom(dst.Addr().Unmap().WithZone(""), dst.Port()))
}

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
