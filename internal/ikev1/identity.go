package ikev1

import (
	"encoding/binary"
	"net/netip"

	"github.com/go-iscsi/discovery/internal/ike"
)

// An identification is the body of an identification payload: an identity in phase 1, a
// selector of traffic in Quick Mode (RFC 2407, section 4.6.2).
type identification struct {
	ike.Identity
	protocol uint8  // 0: any
	port     uint16 // 0: any
}

// body returns the body of the payload.
func (i identification) body() []byte {
	b := []byte{uint8(i.Type), i.protocol}
	b = binary.BigEndian.AppendUint16(b, i.port)
	return append(b, i.Data...)
}

func parseIdentification(b []byte) (i identification, err error) {
	if len(b) < 5 {
		return i, errIdentity
	}
	i.Type, i.Data = ike.IDType(b[0]), b[4:]
	i.protocol, i.port = b[1], binary.BigEndian.Uint16(b[2:])
	if want := map[ike.IDType]int{ike.IDIPv4Addr: 4, ike.IDIPv6Addr: 16}[i.Type]; want != 0 && len(i.Data) != want {
		return i, errIdentity
	}
	return i, nil
}

// natOA returns the body of a payload with the original address of one end (RFC 3947,
// section 5.2).
func natOA(addr netip.Addr) []byte {
	return identification{Identity: ike.AddrIdentity(addr)}.body()
}

// natD returns the body of a payload with the hash of one end's address and port (RFC
// 3947, section 3.2).
func natD(h ike.Hash, initiator, responder ike.SPI, addr netip.Addr, port uint16) []byte {
	return h.Sum(initiator[:], responder[:], addr.Unmap().AsSlice(), binary.BigEndian.AppendUint16(nil, port))
}

// A selection is how much traffic the selectors of a Quick Mode take in: what is wider is
// asked for where a peer refuses what is narrower.
type selection uint8

const (
	selectExact     selection = iota // both ports
	selectPortal                     // the portal's port
	selectAddresses                  // the two addresses
	selectNone                       // nothing is left
)

// selectors returns the identifications of both ends in Quick Mode.
func (s selection) selectors(local, portal netip.AddrPort) (l, p identification) {
	l.Identity, p.Identity = ike.AddrIdentity(local.Addr()), ike.AddrIdentity(portal.Addr())
	if s == selectAddresses {
		return l, p
	}
	l.protocol, p.protocol = protocolTCP, protocolTCP
	p.port = portal.Port()
	if s == selectExact {
		l.port = local.Port()
	}
	return l, p
}
