package fleet

import (
	"encoding/binary"
	"errors"
	"net/netip"
	"strings"
)

// A Range is all addresses from First to Last, without a zone.
type Range struct{ First, Last netip.Addr }

// String returns FIRST-LAST.
func (r Range) String() string { return r.First.String() + "-" + r.Last.String() }

// MarshalText returns FIRST-LAST, for JSON.
func (r Range) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// UnmarshalText reads what MarshalText makes, and nothing else.
func (r *Range) UnmarshalText(b []byte) error {
	first, last, _ := strings.Cut(string(b), "-")
	var read Range
	var err, err2 error
	read.First, err = netip.ParseAddr(first)
	read.Last, err2 = netip.ParseAddr(last)
	if err != nil || err2 != nil || read.String() != string(b) {
		return errors.New("a range of addresses is FIRST-LAST")
	}
	*r = read
	return nil
}

// count returns how many addresses it has, up to more than MaxScanPortals; false: it is no
// range of addresses that hosts can have.
func (r Range) count() (int, bool) {
	a, b := r.First, r.Last
	if !a.IsValid() || !b.IsValid() || a.Is4() != b.Is4() || b.Less(a) || a.Zone() != "" || b.Zone() != "" ||
		a.Is4In6() || b.Is4In6() || a.IsMulticast() || b.IsMulticast() {
		return 0, false
	}
	high, low := halves(a)
	high2, low2 := halves(b)
	if high != high2 || low2-low > MaxScanPortals {
		return MaxScanPortals + 1, true
	}
	return int(low2-low) + 1, true
}

// at returns an address of it, counted from 0.
func (r Range) at(i int) netip.Addr {
	high, low := halves(r.First)
	var b [16]byte
	binary.BigEndian.PutUint64(b[:], high)
	binary.BigEndian.PutUint64(b[8:], low+uint64(i))
	if r.First.Is4() {
		return netip.AddrFrom4([4]byte(b[12:]))
	}
	return netip.AddrFrom16(b)
}

func halves(a netip.Addr) (high, low uint64) {
	if a.Is4() {
		b := a.As4()
		return 0, uint64(binary.BigEndian.Uint32(b[:]))
	}
	b := a.As16()
	return binary.BigEndian.Uint64(b[:8]), binary.BigEndian.Uint64(b[8:])
}

// overlaps reports whether a range that begins at the same address or a later one has an
// address of r.
func (r Range) overlaps(later Range) bool { return later.First.Compare(r.Last) <= 0 }

// adjoins reports whether a later range begins behind the last address of r. A range is not
// longer than 64 bits of an address can count.
func (r Range) adjoins(later Range) bool {
	high, _ := halves(r.First)
	high2, _ := halves(later.First)
	return high == high2 && r.Last.Next() == later.First
}

// Within reports whether one of the prefixes has all addresses of the range.
func (r Range) Within(allowed []netip.Prefix) bool {
	for _, p := range allowed {
		if p.Contains(r.First) && p.Contains(r.Last) {
			return true
		}
	}
	return false
}

// Overlaps reports whether a prefix has an address of the range.
func (r Range) Overlaps(p netip.Prefix) bool {
	p = p.Masked()
	return p.IsValid() && p.Addr().Is4() == r.First.Is4() && p.Addr().Zone() == "" &&
		(r.Contains(p.Addr()) || p.Contains(r.First))
}

// Contains reports whether the range has an address.
func (r Range) Contains(a netip.Addr) bool {
	return a.Is4() == r.First.Is4() && r.First.Compare(a) <= 0 && a.Compare(r.Last) <= 0
}
