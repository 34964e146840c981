package sweep

import (
	"encoding/binary"
	"errors"
	"iter"
	"net/netip"
	"strings"

	"github.com/go-iscsi/discovery/pkg/initiator"
)

// A Block is a run of addresses that the command line does not list one by one: most of them
// will be silent.
type Block struct {
	Text    string // as given; empty: the portals that were given one by one
	First   netip.Addr
	Count   int
	port    uint16
	counted [groups]counted // what became of them
}

// maxHostBits is the size of the largest block: 2^maxHostBits is maxAddresses.
const maxHostBits = 20

// parseBlock reads a CIDR block or a range; nil: s is neither.
func parseBlock(s string, port uint16) (*Block, error) {
	first, last, err := parseRange(s)
	if !first.IsValid() && err == nil {
		first, last, err = parseCIDR(s)
	}
	if !first.IsValid() || err != nil {
		return nil, err
	}
	switch {
	case first.IsMulticast() || last.IsMulticast():
		return nil, errors.New("multicast addresses are not the addresses of hosts")
	case distance64(first, last) >= maxAddresses:
		return nil, tooMany()
	}
	return &Block{Text: s, First: first, Count: int(distance64(first, last)) + 1, port: port}, nil
}

// parseRange reads FIRST-LAST; invalid addresses: it is none.
func parseRange(s string) (first, last netip.Addr, err error) {
	left, right, ok := strings.Cut(s, "-")
	if !ok {
		return first, last, nil
	}
	var none netip.Addr
	first, err = netip.ParseAddr(left)
	if err != nil {
		return none, none, nil // a host name may have a hyphen
	}
	last, err = netip.ParseAddr(right)
	switch {
	case err != nil:
		return none, none, errors.New("expected a range as FIRST-LAST, such as 192.0.2.10-192.0.2.20; for its TCP port use --tcp-port N")
	case first.Zone() != "" || last.Zone() != "":
		return none, none, errZone
	case first.Is4() != last.Is4():
		return none, none, errors.New("one end of the range is IPv4 and the other IPv6")
	case last.Less(first):
		return none, none, errors.New("the range ends before it begins")
	}
	return first, last, nil
}

var errZone = errors.New("addresses with a zone cannot form a range: give them one by one")

// parseCIDR reads ADDRESS/BITS and returns the first and last address of a host
// in it: neither network nor broadcast address, of which IPv6 has only the
// former (RFC 4291, section 2.6.1), and point-to-point links none (RFC 3021, RFC
// 6164).
func parseCIDR(s string) (first, last netip.Addr, err error) {
	var none netip.Addr
	if !strings.Contains(s, "/") {
		return none, none, nil
	}
	p, err := netip.ParsePrefix(s)
	switch {
	case strings.Contains(s, "%"):
		return none, none, errZone
	case err != nil:
		return none, none, errors.New("expected a block as ADDRESS/BITS, such as 192.0.2.0/24 or 2001:db8::/120; for its TCP port use --tcp-port N")
	}
	hostBits := p.Addr().BitLen() - p.Bits()
	if hostBits > maxHostBits {
		return none, none, tooMany()
	}
	first = p.Masked().Addr()
	last = plus(first, 1<<hostBits-1)
	if hostBits > 1 {
		first = first.Next()
		if last.Is4() {
			last = last.Prev()
		}
	}
	return first, last, nil
}

// distance64 returns how far last is from first, or the most that a uint64
// holds.
func distance64(first, last netip.Addr) uint64 {
	a, b := first.As16(), last.As16()
	high := binary.BigEndian.Uint64(b[:8]) - binary.BigEndian.Uint64(a[:8])
	low := binary.BigEndian.Uint64(b[8:])
	below := binary.BigEndian.Uint64(a[8:])
	if high > 1 || high == 1 && low >= below {
		return 1<<64 - 1
	}
	return low - below
}

// plus returns the address n after a.
func plus(a netip.Addr, n uint64) netip.Addr {
	b := a.As16()
	high, low := binary.BigEndian.Uint64(b[:8]), binary.BigEndian.Uint64(b[8:])
	if low+n < low {
		high++
	}
	binary.BigEndian.PutUint64(b[:8], high)
	binary.BigEndian.PutUint64(b[8:], low+n)
	if a.Is4() {
		return netip.AddrFrom16(b).Unmap()
	}
	return netip.AddrFrom16(b)
}

// Last returns the last address of b.
func (b *Block) Last() netip.Addr { return plus(b.First, uint64(b.Count-1)) }

// Contains reports whether b has an address.
func (b *Block) Contains(a netip.Addr) bool {
	return a.Is4() == b.First.Is4() && b.First.Compare(a) <= 0 && a.Compare(b.Last()) <= 0
}

// at returns the nth portal of b.
func (b *Block) at(n int) initiator.Portal {
	return initiator.Portal{Address: plus(b.First, uint64(n)).String(), Port: b.port}
}

// from yields the portals of b from the nth on.
func (b *Block) from(n int) iter.Seq[initiator.Portal] {
	return func(yield func(initiator.Portal) bool) {
		for i := n; i < b.Count; i++ {
			if !yield(b.at(i)) {
				return
			}
		}
	}
}
