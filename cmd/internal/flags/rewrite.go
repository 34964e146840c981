package flags

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
)

// A Rewrite shows the addresses of one block as those of another: what is behind
// NAT by the addresses that lead there.
type Rewrite struct{ from, to netip.Prefix }

// A rewriteList is rewrites in their order.
type rewriteList struct{ value *[]Rewrite }

func (l *rewriteList) String() string { return "" }

// Repeats reports that the flag may be given several times.
func (l *rewriteList) Repeats() bool { return true }

func (l *rewriteList) Type() string { return "FROM=TO" }

func (l *rewriteList) Set(s string) error {
	r, err := parseRewrite(s)
	if err != nil {
		return err
	}
	for _, other := range *l.value {
		if other.from == r.from {
			return fmt.Errorf("%s is rewritten twice", prefixText(r.from))
		}
	}
	*l.value = append(*l.value, r)
	return nil
}

// parseRewrite reads FROM=TO.
func parseRewrite(s string) (r Rewrite, err error) {
	left, right, ok := strings.Cut(s, "=")
	if !ok {
		return r, errors.New("expected FROM=TO, such as 10.0.0.5=192.0.2.5 or 10.0.0.0/24=192.0.2.0/24")
	}
	for _, side := range []struct {
		text string
		to   *netip.Prefix
	}{{left, &r.from}, {right, &r.to}} {
		p, err := parsePrefix(side.text)
		switch {
		case err != nil:
			return r, err
		case p != p.Masked():
			return r, fmt.Errorf("%s is an address within a block; the block is %s", p, p.Masked())
		}
		*side.to = p
	}
	switch {
	case r.from.Addr().Is4() != r.to.Addr().Is4():
		return r, errors.New("one side is IPv4 and the other IPv6")
	case r.from.Bits() != r.to.Bits():
		return r, fmt.Errorf("both blocks must have the same size, but these are /%d and /%d", r.from.Bits(), r.to.Bits())
	case r.to.Addr().IsUnspecified() || r.to.Addr().IsMulticast() || r.to.Addr().IsLinkLocalUnicast() && r.to.Addr().Is6() || r.to.Addr() == netip.AddrFrom4([4]byte{255, 255, 255, 255}):
		return r, fmt.Errorf("%s is not an address or block of hosts", prefixText(r.to))
	}
	return r, nil
}

// prefixText is a block as it is written: an address, where it is a block of one.
func prefixText(p netip.Prefix) string {
	if p.IsSingleIP() {
		return p.Addr().String()
	}
	return p.String()
}

// Apply returns the address that is shown for addr; false: it is not in the block.
func (r Rewrite) Apply(addr netip.Addr) (netip.Addr, bool) {
	addr = addr.Unmap().WithZone("")
	if !r.from.Contains(addr) {
		return addr, false
	}
	host, to := addr.AsSlice(), r.to.Addr().AsSlice()
	for i, bits := 0, r.to.Bits(); i < len(to); i, bits = i+1, bits-8 {
		mask := byte(0xff) // of the bits that are the host's
		switch {
		case bits >= 8:
			mask = 0
		case bits > 0:
			mask >>= bits
		}
		to[i] = to[i]&^mask | host[i]&mask
	}
	addr, _ = netip.AddrFromSlice(to)
	return addr, true
}
